import os
import time
from pathlib import Path

import numpy as np
import pytest

from eutectic.oracles.base import Candidate, EngineMissing
from eutectic.oracles.tables.table import Table

RNG = np.random.default_rng(0)
BASIC = "a,b,kind,y,z\n0.1,1,red,1.0,10\n0.1,1,red,3.0,\n0.2,2,blue,5.5,20\n"


def written(folder: Path, text: str, name: str = "data.csv") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


def found(table: Table, variables: dict[str, float | int | str], composition: dict[str, float] | None = None):
    return table.evaluate([Candidate(variables, composition)], RNG)[0]


@pytest.fixture
def basic(tmp_path: Path) -> Table:
    return Table(written(tmp_path, BASIC), ("y",)).located(str(tmp_path))


def test_replicates_are_averaged_with_their_standard_error(basic: Table):
    seen = found(basic, {"a": 0.1, "b": 1, "kind": "red"})
    assert seen.status == "finished"
    assert seen.values == {"y": 2.0}
    assert seen.errors["y"] == pytest.approx(np.std([1, 3], ddof=1) / np.sqrt(2))
    assert seen.provenance["rows"] == 2


def test_a_single_row_has_no_standard_error(basic: Table):
    seen = found(basic, {"a": 0.2, "b": 2, "kind": "blue"})
    assert (seen.values, seen.errors) == ({"y": 5.5}, {})


def test_row_i_of_a_batch_answers_candidate_i(basic: Table):
    batch = [Candidate({"a": a, "b": b, "kind": k}) for a, b, k in [(0.2, 2, "blue"), (9, 9, "red"), (0.1, 1, "red")]]
    seen = basic.evaluate(batch, RNG)
    assert [e.candidate_id for e in seen] == [c.id for c in batch]
    assert [e.status for e in seen] == ["finished", "failed", "finished"]


def test_a_candidate_outside_the_table_is_a_failed_evaluation(basic: Table):
    seen = found(basic, {"a": 0.1, "b": 2, "kind": "red"})
    assert (seen.status, seen.failure, dict(seen.values)) == ("failed", "error", {})
    assert "no row has a = 0.1, b = 2, kind = red" in seen.error


def test_an_unknown_label_is_a_failed_evaluation(basic: Table):
    assert found(basic, {"a": 0.1, "b": 1, "kind": "green"}).status == "failed"


def test_numbers_match_within_the_tolerance_and_not_beyond(basic: Table):
    assert found(basic, {"a": 0.1 + 1e-12, "b": 1.0, "kind": "red"}).values == {"y": 2.0}
    assert found(basic, {"a": 0.1 + 1e-6, "b": 1.0, "kind": "red"}).status == "failed"


def test_cells_that_differ_by_rounding_are_replicates(tmp_path: Path):
    file = written(tmp_path, "a,y\n0.3,1\n0.30000000000000004,2\n0.9,7\n")
    table = Table(file, ("y",)).located(str(tmp_path))
    for a in (0.3, 0.1 + 0.2):
        assert found(table, {"a": a}).values == {"y": 1.5}


@pytest.mark.parametrize(("how", "value"), [("mean", 2), ("median", 1), ("min", 1), ("max", 4), ("first", 4)])
def test_replicates_are_aggregated_as_asked(tmp_path: Path, how: str, value: float):
    file = written(tmp_path, "a,y\n1,4\n1,1\n1,1\n")
    seen = found(Table(file, ("y",), aggregation=how).located(str(tmp_path)), {"a": 1})  # type: ignore[arg-type]
    assert seen.values == {"y": value}
    assert set(seen.errors) == ({"y"} if how == "mean" else set())


def test_keys_choose_the_columns_that_identify_a_row(tmp_path: Path):
    table = Table(written(tmp_path, BASIC), ("y",), keys=("kind",)).located(str(tmp_path))
    assert found(table, {"a": 77.0, "kind": "blue"}).values == {"y": 5.5}


def test_a_composition_finds_its_formula(tmp_path: Path):
    table = Table(written(tmp_path, "formula,y\nFe2O3,1\nNi,2\nO6Fe4,3\n"), ("y",), keys=("formula",))
    table = table.located(str(tmp_path))
    assert found(table, {"Fe": 0.4, "O": 0.6}, {"Fe": 0.4, "O": 0.6}).values == {"y": 2.0}
    assert found(table, {}, {"Ni": 1.0, "Fe": 0.0}).values == {"y": 2.0}
    assert found(table, {}, {"Cu": 1.0}).status == "failed"
    assert found(table, {}, {"Fe": 0.5, "O": 0.5}).status == "failed"
    assert found(table, {"formula": "Fe2O3"}).values == {"y": 1.0}
    assert "no composition" in found(table, {"x": 1.0}).error


def test_a_cell_that_is_no_formula_is_named(tmp_path: Path):
    table = Table(written(tmp_path, "formula,y\nNi,2\n???,3\n"), ("y",), keys=("formula",)).located(str(tmp_path))
    with pytest.raises(EngineMissing, match=r"data.csv, row 2 \(line 3\), column 'formula'"):
        found(table, {}, {"Ni": 1.0})


def test_a_missing_column_is_refused_with_the_nearest_name(tmp_path: Path):
    file = written(tmp_path, "a,yield\n1,2\n")
    with pytest.raises(ValueError, match=r"no column 'yeld'; did you mean 'yield'\?"):
        Table(file, ("yeld",)).located(str(tmp_path)).check()
    with pytest.raises(ValueError, match="no column 'q'; known: a, yield"):
        Table(file, ("yield",), keys=("q",)).located(str(tmp_path)).check()
    assert "did you mean 'a'" in found(Table(file, ("yield",)).located(str(tmp_path)), {"A": 1}).error


@pytest.mark.parametrize("cell", ["nan", "", "NA", "inf", "two"])
def test_a_cell_without_a_number_is_named_by_row_and_column(tmp_path: Path, cell: str):
    file = written(tmp_path, f"a,y\n1,2\n\n2,{cell}\n")
    with pytest.raises(ValueError, match=r"data.csv, row 2 \(line 4\), column 'y'"):
        Table(file, ("y",)).located(str(tmp_path)).check()


@pytest.mark.parametrize("cell", ["nan", ""])
def test_a_key_cell_without_a_value_is_named_by_row_and_column(tmp_path: Path, cell: str):
    table = Table(written(tmp_path, f"a,y\n1,2\n{cell},3\n"), ("y",), keys=("a",)).located(str(tmp_path))
    with pytest.raises(ValueError, match=r"data.csv, row 2 \(line 3\), column 'a'"):
        table.check()


def test_missing_values_may_fail_their_candidate_alone(tmp_path: Path):
    table = Table(written(tmp_path, "a,y\n1,2\n1,\n2,nan\n"), ("y",), missing="fail").located(str(tmp_path))
    table.check()
    assert found(table, {"a": 1}).values == {"y": 2.0}
    assert "column 'y': no value" in found(table, {"a": 2}).error


def test_a_bad_file_is_refused_with_its_reason(tmp_path: Path):
    cases = {
        "a,y\n": "no rows",
        "": "empty",
        "a,a,y\n1,2,3\n": "'a' stands there 2 times",
        "a,y\n1,2,3\n": r"row 1 \(line 2\): 3 cells for 2 columns",
    }
    for text, reason in cases.items():
        with pytest.raises(ValueError, match=reason):
            Table(written(tmp_path, text), ("y",)).located(str(tmp_path)).check()
    (tmp_path / "data.csv").write_bytes(b"a,y\n\xff\xfe,2\n")
    with pytest.raises(ValueError, match="UTF-8"):
        Table("data.csv", ("y",)).located(str(tmp_path)).check()


def test_a_missing_file_is_refused_with_the_nearest_name(tmp_path: Path):
    written(tmp_path, BASIC)
    with pytest.raises(ValueError, match=r"did you mean 'data.csv'\?"):
        Table("date.csv", ("y",)).located(str(tmp_path)).check()


def test_bad_options_are_refused():
    for options in ({"properties": ()}, {"keys": ("y",)}, {"tolerance": -1.0}, {"separator": "::"}):
        with pytest.raises(ValueError, match=next(iter(options))):
            Table(**({"file": "f", "properties": ("y",)} | options))  # type: ignore[arg-type]


def test_a_byte_order_mark_other_separators_and_no_header_are_read(tmp_path: Path):
    (tmp_path / "bom.csv").write_text("\ufeffa,y\n1,2\n", encoding="utf-8")
    written(tmp_path, '"a; b";y\n1;2\n', "semi.csv")
    written(tmp_path, " 1   2\n 3   4\n", "plain.dat")
    tables = [
        (Table("bom.csv", ("y",)), {"a": 1}),
        (Table("semi.csv", ("y",), separator=";"), {"a; b": 1}),
        (Table("plain.dat", ("y",), columns=("a", "y"), separator=" "), {"a": 1}),
    ]
    for table, variables in tables:
        assert found(table.located(str(tmp_path)), variables).values == {"y": 2.0}  # type: ignore[arg-type]


def test_a_changed_file_is_read_again_and_a_broken_one_stops_the_run(tmp_path: Path):
    table = Table(written(tmp_path, "a,y\n1,2\n"), ("y",)).located(str(tmp_path))
    first = found(table, {"a": 1})
    written(tmp_path, "a,y\n1,25\n")
    second = found(table, {"a": 1})
    assert (first.values, second.values) == ({"y": 2.0}, {"y": 25.0})
    assert first.provenance["file_sha256"] != second.provenance["file_sha256"]
    (tmp_path / "data.csv").unlink()
    with pytest.raises(EngineMissing, match="restore"):
        found(table, {"a": 1})


def test_a_large_table_is_indexed_once(tmp_path: Path):
    X = np.round(np.random.default_rng(1).random((20_000, 5)), 3)
    rows = [",".join(map(str, [*x, i])) for i, x in enumerate(X)]
    table = Table(written(tmp_path, "a,b,c,d,e,y\n" + "\n".join(rows)), ("y",)).located(str(tmp_path))
    batch = [Candidate(dict(zip("abcde", map(float, x), strict=True))) for x in X[:500]]
    table.evaluate(batch[:1], RNG)
    start = time.process_time()
    seen = [table.evaluate([c], RNG)[0] for c in batch]
    assert time.process_time() - start < 2.0, "one look-up must not cost a scan of the table"
    assert [e.values["y"] for e in seen] == list(range(500))


def test_it_runs_inline():
    assert Table("f", ("y",)).inline is True


@pytest.mark.skipif("EUTECTIC_DATA" not in os.environ, reason="EUTECTIC_DATA does not name the data folder")
def test_published_pools_are_found_row_by_row():
    folder = os.environ["EUTECTIC_DATA"]
    names = ("ni", "fe", "co", "mn", "ce", "la", "overpotential")
    plate = Table("oer_plate/oer_plate_3496.data.csv", ("overpotential",), columns=names).located(folder)
    seen = found(plate, dict(zip(names, (0.1, 0.2, 0.6, 0.1, 0.0, 0.0), strict=False)))
    assert seen.values["overpotential"] == pytest.approx(0.396193)
    cells = Table("pvlab_benchmarking/Perovskite_dataset.csv", ("Instability index",)).located(folder)
    seen = found(cells, {"CsPbI": 0, "FAPbI": 1, "MAPbI": 0})
    assert seen.provenance["rows"] > 1
    assert seen.errors["Instability index"] > 0
