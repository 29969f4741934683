"""Claims about steered weights, on a generator that was trained for a few seconds on crystals of our own."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal, VonMises, kl_divergence

from eutectic.generators.learning import checkpoints
from eutectic.generators.learning.steering import Aim, Experience, Steering
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure
from eutectic.generators.wyckoff import divergence
from eutectic.generators.wyckoff.engine import Wyckoff
from eutectic.generators.wyckoff.examples import genes_of
from eutectic.generators.wyckoff.finetuning import curated, gene_terms, geometry_terms, steered, weighted
from eutectic.generators.wyckoff.geometry import Mixture
from eutectic.generators.wyckoff.learning import Scale, tensors_of
from eutectic.generators.wyckoff.recipe import Recipe, assembled, learn, loaded
from eutectic.generators.wyckoff.table import ENGINE
from tests.generators.wyckoff.crystals import structures

RECIPE = Recipe(
    steps=120, batch=16, width=32, layers=(1, 1), dropout=(0.0, 0.0), properties=("band_gap_ev",), rate=1e-2
)
OPTIONS = Steering({"oxygen": Aim(1.0, 0.0)}, every=20, rate=3e-3, updates=10)
CURATE = Steering({"oxygen": Aim(1.0, 0.0)}, mode="curate", every=20, rate=3e-3, updates=10)


@pytest.fixture(scope="module")
def genes(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return genes_of(structures(repeated=8), 20)


@pytest.fixture(scope="module")
def parent(genes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    learn(genes, RECIPE, folder)
    described = {"training_set": {"name": "our own"}, "licence": "MIT"}
    checkpoints.write(folder / "toy.safetensors", *assembled(genes, RECIPE, folder, described))
    return str(folder / "toy.safetensors")


def sampled(weights, n, begin=0):
    answers = Wyckoff(weights=str(weights)).draw([Conditions()] * n, range(begin, begin + n))
    return [made for made in answers if isinstance(made, GeneratedStructure)]


def oxygen(made):
    return 1.0 if 8 in made.numbers else 0.0


@pytest.fixture(scope="module")
def finished(parent):
    made = sampled(parent, 60)
    return [Experience(str(i), m.structure(), f"{m.formula}-{i}", oxygen(m)) for i, m in enumerate(made)]


@pytest.mark.parametrize("options", [OPTIONS, CURATE], ids=["reward", "curate"])
def test_steered_weights_draw_more_of_what_is_rewarded(parent, finished, options, tmp_path):
    weights = steered(parent, finished, options, 0, tmp_path)
    before = np.mean([oxygen(made) for made in sampled(parent, 150, 1000)])
    after = np.mean([oxygen(made) for made in sampled(weights, 150, 1000)])
    assert after > before + 0.15


@pytest.mark.parametrize("options", [OPTIONS, CURATE], ids=["reward", "curate"])
def test_steered_weights_are_made_again_the_same_to_the_byte(parent, finished, options, tmp_path):
    first = steered(parent, finished[:20], options, 3, tmp_path)
    kept = first.read_bytes()
    first.unlink()
    assert steered(parent, finished[:20], options, 3, tmp_path) == first
    assert first.read_bytes() == kept


def test_weights_reached_step_by_step_are_those_made_from_the_whole_record(parent, finished, tmp_path):
    for k in (20, 40, len(finished) // 20 * 20):
        last = steered(parent, finished[:k], OPTIONS, 0, tmp_path / "step by step")
    whole = steered(parent, finished, OPTIONS, 0, tmp_path / "at once")
    assert last.name == whole.name
    assert last.read_bytes() == whole.read_bytes()


def test_between_two_updates_the_weights_stay(parent, finished, tmp_path):
    assert steered(parent, finished[:19], OPTIONS, 0, tmp_path) == checkpoints.located(parent)
    assert steered(parent, finished[:20], OPTIONS, 0, tmp_path) == steered(parent, finished[:39], OPTIONS, 0, tmp_path)


def test_a_record_without_reward_leaves_the_weights_as_they_were(parent, finished, tmp_path):
    nothing = [Experience(one.id, one.structure, one.formula, 0.0) for one in finished]
    for options in (OPTIONS, CURATE):
        weights = steered(parent, nothing, options, 0, tmp_path)
        assert checkpoints.card_of(weights)["steering"]["learned_from"] == 0
        assert checkpoints.card_of(weights)["sha256"] == checkpoints.card_of(checkpoints.located(parent))["sha256"]


def test_steered_weights_say_what_they_come_from(parent, finished, tmp_path):
    card = checkpoints.read_card(str(steered(parent, finished, OPTIONS, 7, tmp_path)), ENGINE)
    assert card["steering"]["parent"] == checkpoints.card_of(checkpoints.located(parent))["sha256"]
    assert card["steering"]["seed"] == 7
    assert card["licence"] == "MIT"


def test_what_is_curated_is_good_and_each_crystal_once(parent):
    made = sampled(parent, 3)
    some = [
        Experience("a", made[0].structure(), "A", 1.0),
        Experience("b", made[1].structure(), "B", 0.4),
        Experience("c", made[0].structure(), "A", 1.0),
    ]
    assert curated(some, 1.0) == [0]
    assert curated(some, 0.3)[0] == 0


def test_a_network_is_at_no_distance_from_itself_and_away_from_others(parent, finished, genes, tmp_path):
    prior = checkpoints.read(checkpoints.located(parent), ENGINE)
    agent = checkpoints.read(steered(parent, finished, OPTIONS, 0, tmp_path), ENGINE)
    data = tensors_of(genes, {n: Scale(**s) for n, s in prior.card["properties"].items()})
    rows = np.arange(12)
    wishes = data.wishes(rows, None, False).without_targets()
    for first, second in zip(loaded(prior), loaded(agent), strict=True):
        for other, far in ((first, False), (second, True)):
            if hasattr(first, "of_group"):
                losses, apart = gene_terms(other, first, data, rows, wishes)
            else:
                losses, apart = geometry_terms(other, first, data, rows, wishes, np.random.default_rng(0))
            assert torch.isfinite(losses).all()
            assert (apart > 1e-3).all() if far else (apart.abs() < 1e-5).all()


def test_the_divergence_of_one_component_is_the_exact_one():
    def mixture(mean, spread):
        return Mixture(torch.zeros(1), torch.tensor([[mean]]), torch.tensor([[spread]]))

    free = torch.ones(1, dtype=torch.bool)
    given = divergence.of_mixtures(mixture(0.3, 0.2), mixture(0.1, 0.5), free, angles=False)
    assert float(given) == pytest.approx(float(kl_divergence(Normal(0.3, 0.2), Normal(0.1, 0.5))), rel=1e-5)
    given = divergence.of_mixtures(mixture(0.3, 20.0), mixture(0.25, 4.0), free, angles=True)
    angles = torch.linspace(-math.pi, math.pi, 200_001, dtype=torch.float64)[:-1]
    ours = VonMises(torch.tensor(0.3 * 2 * math.pi).double(), torch.tensor(20.0).double()).log_prob(angles)
    other = VonMises(torch.tensor(0.25 * 2 * math.pi).double(), torch.tensor(4.0).double()).log_prob(angles)
    expected = float((ours.exp() * (ours - other)).sum() * 2 * math.pi / 200_000)
    assert float(given) == pytest.approx(expected, rel=1e-3)


def test_the_loss_is_that_of_matinvent():
    losses, apart = torch.tensor([2.0, 4.0]), torch.tensor([1.0, 3.0])
    expected = (0.5 * 2 + 0.025 * 0.6 * 1 + 1.0 * 4 + 0.025 * 0.1 * 3) / 2
    assert float(weighted(losses, apart, np.array([0.5, 1.0]))) == pytest.approx(expected)
