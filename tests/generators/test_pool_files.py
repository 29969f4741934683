"""Claims about how a pool reads its file."""

from pathlib import Path

import numpy as np
import pytest

from eutectic.generators.pool import Pool
from eutectic.generators.representations.chemical_formulas import STATISTICS
from eutectic.optimizers.spaces import region

RNG = np.random.default_rng(0)


def pool(folder: Path, text: str, features: tuple[str, ...] | None = None, **options: object) -> Pool:
    (folder / "data.csv").write_text(text, encoding="utf-8")
    return Pool("data.csv", features, **options).located(str(folder))  # type: ignore[arg-type]


def test_a_pool_is_its_distinct_rows(tmp_path: Path) -> None:
    part = pool(tmp_path, "\ufeffa,b,y\n1,x,0.1\n2,y,0.2\n1,x,0.3\n", ("a", "b"))
    space = part.space
    assert space is part.space
    assert space.table is not None
    assert space.table.tolist() == [[1, 0], [2, 1]]
    assert space.kinds == ("continuous", "categorical")
    assert [c.variables for c in part.generate(space.table, RNG)] == [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}]
    assert region.count(space) == 2


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    first = pool(tmp_path, "a,y\n1,0\n2,0\n", ("a",)).space
    second = pool(tmp_path, "a,y\n1,0\n2,0\n3,0\n", ("a",)).space
    assert (region.count(first), region.count(second)) == (2, 3)


def test_formulas_become_element_statistics(tmp_path: Path) -> None:
    part = pool(tmp_path, "material,y\nFe2O3,1\nNaCl,2\nO3Fe2,3\nFe4O6,4\nCu,5\n")
    space = part.space
    assert space.table is not None
    assert space.names == tuple(f"material {name}" for name in STATISTICS)
    assert region.count(space) == 3
    (candidate,) = part.generate(space.table[:1], RNG)
    assert candidate.variables == {"material": "Fe2O3"}
    assert candidate.composition == {"Fe": 0.4, "O": 0.6}
    assert part.coordinates({"material": "NaCl"}).tolist() == space.table[1].tolist()
    with pytest.raises(ValueError, match="the pool has no row with material = KCl"):
        part.coordinates({"material": "KCl"})


def test_labels_stay_categories_although_they_read_as_formulas(tmp_path: Path) -> None:
    space = pool(tmp_path, "dopant,n\nC,1\nN,2\n", ("dopant", "n"), labels=("dopant", "n")).space
    assert space.kinds == ("categorical", "categorical")
    assert space.categories == (("C", "N"), ("1", "2"))


def test_a_file_without_header_takes_its_column_names(tmp_path: Path) -> None:
    space = pool(tmp_path, "1 2\n3 4\n", ("b",), columns=("a", "b"), separator=" ").space
    assert space.table is not None
    assert space.table.tolist() == [[2], [4]]


@pytest.mark.parametrize(
    ("text", "features", "words"),
    [
        ("", ("a",), "is empty"),
        ("a,y\n", ("a",), "is empty"),
        ("alpha,y\n1,2\n", ("alfa",), "no column 'alfa'; did you mean 'alpha'"),
        ("a,y\n1,2\n,3\n4,4\n", ("a",), r"row 2 \(line 3\), column 'a': '' is no finite number"),
        ("a,y\n1,2\n\nnan,3\n4,4\n", ("a",), r"row 2 \(line 4\), column 'a': 'nan' is no finite number"),
        ("a,y\n1,2\n2,3\n3o,4\n", ("a",), r"row 3 \(line 4\), column 'a': '3o' is no number"),
        ("a,y\n1,2\ninf,3\n3,4\n", ("a",), "'inf' is no finite number"),
        ("s,y\nred,2\n,3\nblue,4\n", ("s",), r"row 2 \(line 3\), column 's': '' is missing"),
        ("f,y\n" + "Fe2O3,1\n" * 19 + "Fe2Ox,1\n", None, "column 'f': 'Fe2Ox' is no chemical formula"),
        ("a,y\n1,2\n", None, "no column of formulas: name the features, of: a, y"),
        ("f,g,y\nFe,Ni,2\n", None, "2 columns of formulas"),
        ("a,a\n1,2\n", ("a",), "stands there 2 times"),
        ("a,b\n1,2,3\n", ("a",), "row 1 .line 2.: 3 cells for 2 columns"),
    ],
)
def test_bad_files_are_refused_with_their_place(
    tmp_path: Path, text: str, features: tuple[str, ...] | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        _ = pool(tmp_path, text, features).space


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        _ = Pool("nowhere.csv", ("a",)).located(str(tmp_path)).space


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"features": ()}, "at least one"),
        ({"features": ("a", "a")}, "named twice"),
        ({"features": ("alpha",), "labels": ("alfa",)}, "did you mean 'alpha'"),
        ({"features": ("a",), "separator": ", "}, "not one character"),
    ],
)
def test_bad_pool_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Pool("data.csv", **options)  # type: ignore[arg-type]


def test_a_pool_row_that_is_not_there_is_refused(tmp_path: Path) -> None:
    part = pool(tmp_path, "a,y\n1,0\n2,0\n", ("a",))
    with pytest.raises(ValueError, match="no row"):
        part.generate(np.array([[1.5]]), RNG)


@pytest.mark.parametrize("unit", [1e-15, 1.0, 1e12])
def test_each_row_of_a_pool_is_found_among_many_like_it(tmp_path: Path, unit: float) -> None:
    grid = [(a * unit, b) for a in range(20) for b in range(30)]  # equal in one column with many, in sums with some
    part = pool(tmp_path, "a,b\n" + "".join(f"{a!r},{b}\n" for a, b in grid), ("a", "b"))
    order = RNG.permutation(len(grid))
    shifted = part.space.table[order] + 1e-8 * unit * np.array([1.0, 0.0])
    found = part.generate(shifted, RNG)
    assert [(c.variables["a"], c.variables["b"]) for c in found] == [grid[i] for i in order]
    with pytest.raises(ValueError, match="no row"):
        part.generate(part.space.table[:1] + np.array([0.4 * unit, 0.0]), RNG)
