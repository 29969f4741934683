"""Which rows of a pool are one candidate, and what is said of it."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop.prior_data import warnings_of
from eutectic.campaigns.problem.build import build
from eutectic.generators.pool import Pool
from eutectic.generators.representations.crystals import order
from eutectic.oracles.tables.table import Table

RNG = np.random.default_rng(0)
ROCK_SALT = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.2), ["Li", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def orderings() -> list[Structure]:
    """The two ways, up to symmetry, to put two cobalt on the eight cations of a doubled cell that are compared here."""
    found = []
    for far in (False, True):
        crystal = ROCK_SALT * (2, 1, 1)
        cations = [i for i, site in enumerate(crystal) if site.specie.symbol == "Li"]
        distances = [(crystal.get_distance(i, j), i, j) for i, j in itertools.combinations(cations, 2)]
        _, i, j = max(distances) if far else min(distances)
        crystal.replace(i, "Co")
        crystal.replace(j, "Co")
        found.append(crystal)
    return found


def pool_of(folder: Path, crystals: list[Structure], columns: str = "file", cells: list[str] | None = None) -> Pool:
    lines = [columns]
    for i, crystal in enumerate(crystals):
        (folder / f"{i}.json").write_text(json.dumps(crystal.as_dict()))
        lines.append(f"{i}.json" + (f",{cells[i]}" if cells else ""))
    (folder / "pool.csv").write_text("\n".join(lines) + "\n")
    return Pool(str(folder / "pool.csv"), structures="file", features=(columns.split(",")[1],) if cells else None)


def test_orderings_of_the_same_sites_are_candidates_of_their_own_and_written_twice_they_are_one(tmp_path):
    near, far = orderings()
    turned = near.copy()
    turned.make_supercell([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    turned.translate_sites(list(range(len(turned))), [0.3, 0.1, 0.2])
    pool = pool_of(tmp_path, [near, far, turned, near.get_primitive_structure()])
    assert [c.variables["file"] for c in pool.materials] == ["0.json", "1.json"]
    assert pool.remarks == (
        "pool.csv: 4 rows are 2 candidates, for nothing that describes a candidate tells rows 1, 3, 4 (0.json) apart",
    )
    assert [c.id for c in pool.generate(pool.space.table, RNG)] == [c.id for c in pool.materials]


def test_unlike_elements_that_seek_each_other_have_a_negative_order():
    near, far = (order(crystal.as_dict()) for crystal in orderings())
    assert near[0] < 0.0  # lithium and cobalt beside oxygen
    assert not np.allclose(near, far, atol=1e-3)


def test_moments_and_charges_make_other_crystals(tmp_path):
    plain = ROCK_SALT.copy()
    up = plain.copy(site_properties={"magmom": [2.0] * 4 + [0.0] * 4})
    down = plain.copy(site_properties={"magmom": [2.0, -2.0, 2.0, -2.0] + [0.0] * 4})
    charged = plain.copy()
    charged.add_oxidation_state_by_element({"Li": 1, "O": -1})
    vectors = plain.copy(site_properties={"magmom": [[0, 0, 2.0]] * 4 + [[0, 0, 0.0]] * 4})
    pool = pool_of(tmp_path, [plain, up, down, charged, vectors, up])
    assert len(pool.materials) == 5
    assert pool.space.table is not None
    assert len(np.unique(pool.space.table, axis=0)) == 5


def test_crystals_of_other_volumes_and_slight_distortions_stay_apart(tmp_path):
    distorted = ROCK_SALT.copy()
    distorted.translate_sites([0], [0.02, 0, 0], frac_coords=True)
    swollen = Structure(Lattice.cubic(4.25), ROCK_SALT.species, ROCK_SALT.frac_coords)
    assert len(pool_of(tmp_path, [ROCK_SALT, distorted, swollen]).materials) == 3


def test_one_crystal_at_several_temperatures_is_several_candidates(tmp_path):
    pool = pool_of(tmp_path, [ROCK_SALT, ROCK_SALT, ROCK_SALT], "file,temperature_k", ["300", "600", "300"])
    assert [c.variables["temperature_k"] for c in pool.materials] == [300, 600]


def test_every_ordering_is_asked_for_and_found_in_the_table(tmp_path):
    near, far = orderings()
    pool = pool_of(tmp_path, [near, far])
    (tmp_path / "values.csv").write_text("file,y\n0.json,1\n1.json,2\n")
    table = Table(str(tmp_path / "values.csv"), ("y",))
    seen = table.evaluate(pool.generate(pool.space.table, RNG), RNG)
    assert [e.values["y"] for e in seen] == [1.0, 2.0]


def test_merged_rows_are_said_before_the_run_and_in_its_first_batch(tmp_path):
    (tmp_path / "data.csv").write_text("phase,formula,y\nrutile,TiO2,3.0\nanatase,TiO2,3.2\nwurtzite,ZnS,3.9\n")
    content = {
        "name": "gaps",
        "space": {"use": "pool", "file": "data.csv"},
        "objectives": {"y": "maximize"},
        "oracles": [{"use": "table", "file": "data.csv", "properties": ["y"]}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 2},
        "tracking": {"enabled": False},
    }
    (tmp_path / "campaign.yaml").write_text(json.dumps(content))
    problem = build(CampaignSpec.from_file(tmp_path / "campaign.yaml"), tmp_path)
    (note,) = [text for text in warnings_of(problem) if text.startswith("data.csv")]
    assert note.startswith("data.csv: 3 rows are 2 candidates")
    assert "rows 1, 2 (TiO2)" in note
    from eutectic.campaigns.campaign import Campaign

    with Campaign.from_yaml(tmp_path / "campaign.yaml", tmp_path / "run") as campaign:
        texts = [event.text for event in campaign.events()]
    assert texts.count(note) == 1


@pytest.mark.parametrize("column", ["a", "b"])
def test_rows_that_differ_say_nothing(tmp_path, column):
    (tmp_path / "data.csv").write_text("a,b,y\n1,x,3\n2,y,4\n")
    assert Pool(str(tmp_path / "data.csv"), (column,)).remarks == ()
