"""Claims about drawing, by a generator that was trained for a few seconds on crystals of our own."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from pymatgen.core import Structure

from eutectic.generators.learning import checkpoints
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.wyckoff.decode import Request, draw_genes
from eutectic.generators.wyckoff.engine import Wyckoff
from eutectic.generators.wyckoff.examples import genes_of
from eutectic.generators.wyckoff.generator import networks
from eutectic.generators.wyckoff.genes import encode
from eutectic.generators.wyckoff.layers import Wishes
from eutectic.generators.wyckoff.masks import Goal
from eutectic.generators.wyckoff.network import padded
from eutectic.generators.wyckoff.recipe import Recipe, assembled, learn
from eutectic.generators.wyckoff.table import ENGINE
from tests.generators.wyckoff.crystals import structures

RECIPE = Recipe(
    steps=120, batch=16, width=32, layers=(1, 1), dropout=(0.0, 0.0), properties=("band_gap_ev",), rate=1e-2
)
DESCRIBED = {"training_set": {"name": "our own"}, "licence": "MIT"}


@pytest.fixture(scope="module")
def genes(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return genes_of(structures(repeated=8), 20)


@pytest.fixture(scope="module")
def engine(genes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    learn(genes, RECIPE, folder)
    checkpoints.write(folder / "toy.safetensors", *assembled(genes, RECIPE, folder, DESCRIBED))
    return Wyckoff(weights=str(folder / "toy.safetensors"))


def drawn(engine, conditions, n):
    answers = engine.draw([conditions] * n, list(range(n)))
    made = [a for a in answers if isinstance(a, GeneratedStructure)]
    assert len(made) > n // 2, [a.reason for a in answers if isinstance(a, Refusal)][:3]
    return made


def symbols(made):
    return Structure.from_dict(made.structure()).composition.get_el_amt_dict()


def test_training_taught_it_what_it_was_shown(engine, genes):
    made = drawn(engine, Conditions(), 60)
    shown = {(int(genes.groups[i]), tuple(s.position for s in genes.gene(i).sites)) for i in range(len(genes))}
    again = [encode(m.lattice, m.fractional, m.numbers) for m in made]
    assert sum((g.group, tuple(s.position for s in g.sites)) in shown for g in again) > 40


def test_a_crystal_has_the_space_group_it_was_made_in_or_a_higher_one(engine):
    made = drawn(engine, Conditions(), 40)
    assert sum(encode(m.lattice, m.fractional, m.numbers, symprec=0.001).group == m.space_group for m in made) > 30


def test_elements_and_size_are_kept_in_all_samples(engine):
    wanted = Conditions(elements=("Sr", "Ti", "O", "Mg"), required=("Ti",), atoms=(3, 7))
    for made in drawn(engine, wanted, 60):
        assert {"Ti"} <= set(symbols(made)) <= {"Sr", "Ti", "O", "Mg"}
        assert 3 <= len(made.numbers) <= 7


def test_a_formula_is_exact_in_all_samples(engine):
    for made in drawn(engine, Conditions(formula="SrTiO3", atoms=(1, 10)), 40):
        amounts = symbols(made)
        assert amounts == {"Sr": amounts["Sr"], "Ti": amounts["Sr"], "O": 3 * amounts["Sr"]}


def test_space_groups_are_kept_in_all_samples(engine):
    for made in drawn(engine, Conditions(space_groups=(221, 136)), 40):
        assert made.space_group in (221, 136)


def test_what_is_drawn_does_not_depend_on_what_is_drawn_beside_it(engine):
    wanted = [Conditions(), Conditions(formula="MgO"), Conditions(targets={"band_gap_ev": 5.0}, guidance=2.0)] * 15
    together = engine.draw(wanted, list(range(45)))
    order = np.random.default_rng(0).permutation(45)
    shuffled = engine.draw([wanted[i] for i in order], [int(i) for i in order])
    for place, i in enumerate([*order[:20]]):
        alone = engine.draw([wanted[i]], [int(i)])[0]
        for other in (shuffled[place], alone):
            if isinstance(together[i], Refusal):
                assert other == together[i]
            else:
                assert other.lattice.tobytes() == together[i].lattice.tobytes()
                assert other.fractional.tobytes() == together[i].fractional.tobytes()
                assert other.log_probability == together[i].log_probability


def test_the_log_probability_of_a_gene_is_that_of_the_network(engine):
    network = networks(engine.weights).genes
    anything = Goal(allowed=tuple(range(1, 104)), atoms=(1, 1000))
    open_targets, nothing = np.full(1, np.nan), np.zeros(104)
    requests = [Request(anything, (), nothing, open_targets, 1.0, np.random.default_rng(k)) for k in range(20)]
    drafts = draw_genes(network, requests, temperature=1.0)
    wishes = Wishes(torch.zeros(20, 104), torch.full((20, 1), torch.nan))
    with torch.no_grad():
        parts = network.log_probabilities(padded([d.growing.group for d in drafts], [d.sites for d in drafts]), wishes)
    np.testing.assert_allclose([d.log_probability for d in drafts], (parts[0] + parts[1]).numpy(), atol=1e-3)


def test_refusals_say_why(engine):
    wanted = [Conditions(formula="LiO4", space_groups=(230,)), Conditions(formula="UO2"), Conditions(atoms=(30, 40))]
    reasons = [a.reason for a in engine.draw(wanted, [0, 1, 2]) if isinstance(a, Refusal)]
    assert "space group 230 cannot hold it" in reasons[0]
    assert "U is not among the elements" in reasons[1]
    assert "trained on primitive cells of at most" in reasons[2]


def test_it_understands_the_properties_it_was_trained_with(engine):
    assert "band_gap_ev" in engine.understands()
    assert "bulk_modulus_gpa" not in engine.understands()


def test_weights_of_another_shape_are_refused(engine, tmp_path):
    path = checkpoints.located(engine.weights)
    kept = checkpoints.read(path, "wyckoff")
    fewer = {k: v for k, v in kept.tensors.items() if k != "genes.stop.bias"}
    checkpoints.write(tmp_path / "other.safetensors", fewer, {k: v for k, v in kept.card.items() if k != "sha256"})
    with pytest.raises(ValueError, match=r"its part genes lacks stop\.bias"):
        Wyckoff(weights=str(tmp_path / "other.safetensors")).draw([Conditions()], [0])


@pytest.mark.parametrize("part", ["engine", "genes", "table", "masks", "requests", "examples"])
def test_light_parts_do_not_import_torch(part):
    code = f"import sys, eutectic.generators.wyckoff.{part}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_options_outside_their_ranges_are_refused():
    with pytest.raises(ValueError, match="temperature: 9 is not between"):
        Wyckoff(temperature=9.0)
    with pytest.raises(ValueError, match="tries: 0"):
        Wyckoff(tries=0)


def test_a_training_that_begins_with_a_checkpoint_is_near_it(engine, genes, tmp_path):
    begun = replace(RECIPE, begin=engine.weights, steps=2, rate=1e-9, seed=5)
    learn(genes, begun, tmp_path)
    tensors, _ = assembled(genes, begun, tmp_path, DESCRIBED)
    parent = checkpoints.read(checkpoints.located(engine.weights), ENGINE).tensors
    assert set(tensors) == set(parent)
    for name, value in parent.items():  # kept in half precision
        torch.testing.assert_close(tensors[name].float(), value, rtol=1e-3, atol=1e-5)
