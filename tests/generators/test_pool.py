"""A pool's candidates are found again in the table made of the same file."""

import os
from pathlib import Path

import numpy as np
import pytest

from eutectic.generators.pool import Pool
from eutectic.oracles.base import Evaluation
from eutectic.oracles.tables.table import Table

RNG = np.random.default_rng(0)
MIXED = """catalyst, support ,temperature_k,loading,activity
Fe2O3,carbon,300,0.1,1.0
Fe2O3,carbon,300,0.1,2.0
Fe2O3,silica,300,0.1,5.0
NiCo2O4,carbon,350.5,0.30000000000000004,7.5
Ni0.5Co0.5,"silica, wet",400,1e-3,8.25
"""


def evaluated(pool: Pool, table: Table) -> list[Evaluation]:
    """The table's word on every row of the pool's space, through coordinates and candidates."""
    rows = pool.space.table
    assert rows is not None
    return table.evaluate(pool.generate(rows, RNG), RNG)


def written(folder: Path, text: str) -> str:
    (folder / "data.csv").write_text(text, encoding="utf-8")
    return str(folder)


def test_text_formula_and_numeric_columns_go_round(tmp_path: Path):
    folder = written(tmp_path, MIXED)
    pool = Pool("data.csv", ("catalyst", "support", "temperature_k", "loading")).located(folder)
    seen = evaluated(pool, Table("data.csv", ("activity",)).located(folder))
    assert [e.status for e in seen] == ["finished"] * 4
    assert [e.values["activity"] for e in seen] == [1.5, 5.0, 7.5, 8.25]
    assert seen[0].errors["activity"] == pytest.approx(0.5)
    assert [e.provenance["rows"] for e in seen] == [2, 1, 1, 1]


def test_candidates_that_travelled_as_json_are_still_found(tmp_path: Path):
    folder = written(tmp_path, MIXED)
    pool = Pool("data.csv", ("catalyst", "support", "temperature_k", "loading")).located(folder)
    candidates = pool.generate(pool.space.table, RNG)
    travelled = [type(c).from_json(c.to_json()) for c in candidates]
    assert [c.id for c in travelled] == [c.id for c in candidates]
    seen = Table("data.csv", ("activity",)).located(folder).evaluate(travelled, RNG)
    assert all(e.status == "finished" for e in seen)


def test_numbers_used_as_labels_go_round(tmp_path: Path):
    folder = written(tmp_path, "batch,x,y\n1,0.5,1\n2,0.5,2\n10,0.5,3\n")
    pool = Pool("data.csv", ("batch", "x"), labels=("batch",)).located(folder)
    seen = evaluated(pool, Table("data.csv", ("y",)).located(folder))
    assert sorted(e.values["y"] for e in seen) == [1.0, 2.0, 3.0]


def test_fewer_features_than_columns_make_replicates(tmp_path: Path):
    folder = written(tmp_path, MIXED)
    pool = Pool("data.csv", ("catalyst", "temperature_k")).located(folder)
    seen = evaluated(pool, Table("data.csv", ("activity",)).located(folder))
    assert [e.provenance["rows"] for e in seen] == [3, 1, 1]
    assert seen[0].values["activity"] == pytest.approx(8 / 3)


def test_a_formula_pool_is_found_by_composition_in_a_differently_written_table(tmp_path: Path):
    folder = written(tmp_path, "formula,y\nFe2O3,1\nNiCo2O4,2\n")
    (tmp_path / "other.csv").write_text("compound,y\nCo2NiO4,20\nFe4O6,10\n", encoding="utf-8")
    pool = Pool("data.csv").located(folder)
    seen = evaluated(pool, Table("other.csv", ("y",), keys=("compound",)).located(folder))
    assert [e.values["y"] for e in seen] == [10.0, 20.0]


def test_a_file_without_header_goes_round(tmp_path: Path):
    folder = written(tmp_path, "0.1 0.9 3\n0.2 0.8 4\n")
    columns = ("a", "b", "y")
    pool = Pool("data.csv", ("a", "b"), columns=columns, separator=" ").located(folder)
    table = Table("data.csv", ("y",), columns=columns, separator=" ").located(folder)
    assert [e.values["y"] for e in evaluated(pool, table)] == [3.0, 4.0]


PUBLISHED = {
    "AgNP_dataset.csv": "loss",
    "AutoAM_dataset.csv": "Score",
    "Crossed_barrel_dataset.csv": "toughness",
    "P3HT_dataset.csv": "Conductivity (measured) (S/cm)",
    "Perovskite_dataset.csv": "Instability index",
}


@pytest.mark.skipif("EUTECTIC_DATA" not in os.environ, reason="EUTECTIC_DATA does not name the data folder")
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_row_of_a_published_pool_is_found(name: str):
    path = Path(os.environ["EUTECTIC_DATA"]) / "pvlab_benchmarking" / name
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    features = tuple(column.strip() for column in lines[0].split(",") if column.strip() != PUBLISHED[name])
    seen = evaluated(Pool(str(path), features), Table(str(path), (PUBLISHED[name],)))
    assert {e.status for e in seen} == {"finished"}
    assert sum(int(e.provenance["rows"]) for e in seen) == sum(1 for line in lines[1:] if line.strip())


@pytest.mark.skipif("EUTECTIC_DATA" not in os.environ, reason="EUTECTIC_DATA does not name the data folder")
def test_every_composition_of_the_catalyst_plate_is_found():
    path = Path(os.environ["EUTECTIC_DATA"]) / "oer_plate" / "oer_plate_3496.data.csv"
    columns = ("Ni", "Fe", "Co", "Mn", "Ce", "La", "overpotential_v")
    pool = Pool(str(path), columns[:-1], columns=columns)
    seen = evaluated(pool, Table(str(path), columns[-1:], columns=columns))
    assert {e.status for e in seen} == {"finished"}
    assert sum(int(e.provenance["rows"]) for e in seen) == 2121
