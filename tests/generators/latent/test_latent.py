"""Claims about the latent generator, on a table of made-up alloys."""

import csv
import sys

import numpy as np
import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.explain.explain import explain
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build
from eutectic.generators.latent import latent as module
from eutectic.generators.latent.latent import Latent
from eutectic.optimizers.spaces import region
from eutectic.oracles import user_cache

FAST = {"steps": 400, "width": 64, "dimensions": 2}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(user_cache, "cache_folder", lambda name: tmp_path)
    module._learned.cache_clear()
    yield tmp_path
    module._learned.cache_clear()


@pytest.fixture
def table(tmp_path):
    """Two families: Cu-Ni solid solutions, and Fe3Al-like ones whose density falls with aluminium."""
    path = tmp_path / "known.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["formula", "density"])
        for k in range(1, 20):
            rows.writerow([f"Cu{k}Ni{20 - k}", 8.9])
            rows.writerow([f"Fe{20 - k / 2}Al{k / 2}", 7.8 - 0.2 * k])
    return path


def test_materials_of_the_table_come_back_from_their_coordinates(table):
    part = Latent(str(table), features=("density",), **FAST)
    own = module._learned(part)
    assert own.missed < 0.06
    made = part.generate(own.Z, np.random.default_rng(0))
    off = [
        max(abs(c.composition.get(e, 0.0) - x) for e, x in zip(own.table.elements, row, strict=True))
        for c, row in zip(made, own.table.fractions, strict=True)
    ]
    assert np.mean(off) < 0.07
    densities = np.array([c.variables["density"] for c in made])
    assert np.corrcoef(densities, own.table.numbers[:, 0])[0, 1] > 0.95


CODEC = """
import numpy as np

class Own:
    def __init__(self, n): self.n = n
    def encode(self, fractions, features): return fractions[:, : self.n]
    def decode(self, Z):
        rest = np.clip(1 - Z.sum(1, keepdims=True), 0.01, 1) / 2
        return np.hstack([np.clip(Z, 0, 1), rest, rest]), np.zeros((len(Z), 0))

def own(fractions, features, dimensions): return Own(dimensions)
def wide(fractions, features, dimensions): return Own(dimensions + 1)
def nothing(fractions, features, dimensions): return 3
"""


def test_an_encoder_and_decoder_of_ones_own_take_the_place_of_the_trained_ones(table):
    (table.parent / "my_codec.py").write_text(CODEC)
    sys.modules.pop("my_codec", None)
    part = Latent(str(table), dimensions=2, codec="my_codec:own", folder=str(table.parent))
    assert part.space.names == ("latent_1", "latent_2")
    (made,) = part.generate(np.array([[0.25, 0.75]]), np.random.default_rng(0))
    elements = module._learned(part).table.elements
    assert made.composition == pytest.approx({elements[0]: 0.25, elements[1]: 0.75}, abs=0.02)
    assert part.axes()["latent_1"][0][0] == elements[0]
    assert part.coordinates(made.variables).tolist() == [0.25, 0.75]
    assert part.origin != Latent(str(table), **FAST).origin


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("my_codec.py", "names a file; write my_codec:"),
        ("my_codec:onw", "no function 'onw'; did you mean 'own'"),
        ("my_codec:nothing", "what my_codec:nothing returns has no encode"),
        ("my_codec:wide", r"encode of my_codec:wide gives numbers of shape \(38, 3\), not \(38, 2\)"),
    ],
)
def test_a_codec_that_cannot_work_is_refused_with_words(table, codec, said):
    (table.parent / "my_codec.py").write_text(CODEC)
    sys.modules.pop("my_codec", None)
    with pytest.raises(ValueError, match=said):
        _ = Latent(str(table), dimensions=2, codec=codec, folder=str(table.parent)).space


def test_points_of_the_box_are_materials_in_whole_steps_and_lead_back(table):
    part = Latent(str(table), step=0.05, smallest=0.04, **FAST)
    X = region.sample(part.space, 60, np.random.default_rng(1))
    for x, candidate in zip(X, part.generate(X, np.random.default_rng(0)), strict=True):
        amounts = np.array(list(candidate.composition.values()))
        assert amounts.sum() == pytest.approx(1)
        np.testing.assert_allclose(amounts * 20, np.round(amounts * 20), atol=1e-9)
        assert part.coordinates({k: str(v) for k, v in candidate.variables.items()}).tolist() == x.tolist()


def test_it_is_a_function_of_table_and_options_and_kept_by_their_hash(table, cache):
    part = Latent(str(table), **FAST)
    first = module._learned(part).model.weights
    assert len(list(cache.glob("*.npz"))) == 1
    module._learned.cache_clear()
    read = module._learned(part).model.weights
    next(cache.glob("*.npz")).unlink()
    module._learned.cache_clear()
    again = module._learned(part).model.weights
    assert all(np.array_equal(first[k], read[k]) and np.array_equal(first[k], again[k]) for k in first)
    module._learned(Latent(str(table), **{**FAST, "seed": 1}))
    assert len(list(cache.glob("*.npz"))) == 2


def test_axes_are_explained_by_what_moves_along_them(table):
    part = Latent(str(table), features=("density",), **FAST)
    axes = part.axes()
    assert set(axes) == {"latent_1", "latent_2"}
    own = module._learned(part)
    for k, (axis, moved) in enumerate(axes.items()):
        name, change = moved[0]
        assert abs(change) == max(abs(x) for _, x in moved)
        by = np.eye(2)[k] * own.Z[:, k].std() / 2
        if name in own.table.elements:
            column = own.table.elements.index(name)
            more = (own.model.decode(own.Z + by)[0] - own.model.decode(own.Z - by)[0])[:, column].mean()
            assert more == pytest.approx(change)
        assert any(line.startswith(f"{axis}: {name} ") for line in part.remarks)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"file": "nowhere.csv"}, "file: no such file"),
        ({"formula": "fromula"}, "formula: known.csv has no column 'fromula'; did you mean 'formula'"),
        ({"features": ["densty"]}, "features: known.csv has no column 'densty'; did you mean 'density'"),
        ({"features": ["formula"]}, "line 2: formula is 'Cu1Ni19', not a finite number"),
        ({"dimensions": 0}, "dimensions: 0 is not between 1 and 64"),
        ({"step": 0.3}, "step: 0.3 does not divide 1"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_runs(table, options, said):
    with pytest.raises(CampaignFileError, match=said):
        build(CampaignSpec.from_content(content(**options)), table.parent)


def content(**options):
    return {
        "name": "latent",
        "space": {"use": "latent", "file": "known.csv", **FAST, **options},
        "objectives": {"price_usd_per_kg": "minimize"},
        "oracles": [{"use": "screens", "properties": ["price_usd_per_kg"]}],
        "optimizers": [{"use": "sobol", "evaluations": 4}, {"use": "bayesian"}],
        "budget": {"evaluations": 8, "batch": 4},
    }


@pytest.mark.parametrize("use", ["bayesian", "nsga2", "swarm"])
def test_optimizers_search_the_box_and_screens_know_the_materials(table, tmp_path, use):
    from eutectic.campaigns.campaign import Campaign

    whole = {**content(), "optimizers": [{"use": "sobol", "evaluations": 4}, {"use": use}]}
    with Campaign.from_dict({**whole, "tracking": {"enabled": False}}, tmp_path / "run", table.parent) as running:
        ledger = running.run(progress=False)
    assert len(ledger.finished) == 8
    assert all(o.values["price_usd_per_kg"] > 0 and o.variables["formula"] for o in ledger.finished)
    assert any(note.startswith("latent_1: ") for note in ledger.batches[0].notes)
    if use == "swarm":
        assert any(note.startswith("latent_1: ") for note in explain(ledger).notes)


def test_a_campaign_does_not_go_on_with_another_table(table, tmp_path):
    from eutectic.campaigns.campaign import Campaign
    from eutectic.campaigns.errors import CampaignFolderError

    begun = {**content(), "optimizers": [{"use": "sobol"}], "tracking": {"enabled": False}}
    with Campaign.from_dict(begun, tmp_path / "run", table.parent) as running:
        running.run(progress=False)
        running.change(["budget.evaluations=12"])
    whole = table.read_bytes()
    table.write_bytes(b"\n".join(whole.splitlines()[:-6]))
    module._learned.cache_clear()
    with Campaign.open(tmp_path / "run") as again, pytest.raises(CampaignFolderError, match="mean other materials"):
        again.run(progress=False)
    table.write_bytes(whole)
    module._learned.cache_clear()
    with Campaign.open(tmp_path / "run") as again:
        assert len(again.run(progress=False).finished) == 12
