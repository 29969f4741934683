"""Compositions, parameters and pools: the space each makes, the candidates, and the input each refuses."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eutectic.generators.composition import Composition
from eutectic.generators.parameters import Parameters, Variable
from eutectic.generators.pool import Pool
from eutectic.generators.representations.chemical_formulas import STATISTICS, fractions, statistics
from eutectic.generators.representations.elements import SYMBOLS
from eutectic.optimizers.spaces import region

RNG = np.random.default_rng(0)
FIVE = {"Cu": (0.05, 0.35), "Cr": (0.05, 0.35), "Co": (0.05, 0.35), "Fe": (0.05, 0.35), "Ni": (0.05, 0.35)}


# --- composition ------------------------------------------------------------------------------------------------------


def test_a_composition_makes_candidates_whose_fractions_sum_to_one() -> None:
    part = Composition(FIVE, linear=("Fe + Ni <= 0.6",))
    X = region.sample(part.space, 50, RNG)
    for row, candidate in zip(X, part.generate(X, RNG), strict=True):
        assert candidate.composition is not None
        assert sum(candidate.composition.values()) == pytest.approx(1)
        assert list(candidate.variables.values()) == row.tolist()


def test_absent_elements_are_left_out_of_the_composition_but_stay_variables() -> None:
    (candidate,) = Composition({"Fe": (0.0, 1.0), "Ni": (0.0, 1.0), "Y": (0.0, 1.0)}, step=0.5).generate(
        np.array([[0.5, 0.5, 0.0]]), RNG
    )
    assert candidate.composition == {"Fe": 0.5, "Ni": 0.5}
    assert candidate.variables == {"Fe": 0.5, "Ni": 0.5, "Y": 0.0}


def test_equal_options_give_the_same_space_object() -> None:
    assert Composition(FIVE).space is Composition(dict(FIVE)).space


def test_a_step_is_counted_in_exact_arithmetic() -> None:
    part = Composition(dict.fromkeys(("Fe", "Ni", "Cr", "Co", "Cu", "Mn"), (0.0, 0.35)), 0.05, 3, 5)
    assert region.count(part.space) == 11_001
    assert part.space.mixtures[0].divisions == 20


@given(step=st.integers(2, 200), share=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_every_dividing_step_is_taken(step: int, share: float) -> None:
    low = share / 3
    part = Composition({"Fe": (low, 1.0), "Ni": (0.0, 1.0), "Cr": (0.0, 1.0)}, step=None if step % 2 else 1 / step)
    X = region.snap(part.space, np.array([[share, 1 - share, 0.3]]))
    assert region.contains(part.space, X).all()


def test_all_118_symbols_are_known_in_order() -> None:
    from pymatgen.core import Element

    assert [Element.from_Z(z).symbol for z in range(1, 119)] == list(SYMBOLS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"elements": {"Fee": (0, 1), "Ni": (0, 1)}}, "'Fee' is no element symbol; did you mean 'Fe'"),
        ({"elements": {"fe": (0, 1), "Ni": (0, 1)}}, "did you mean 'Fe'"),
        ({"elements": {"Fe": (5, 35), "Ni": (5, 95)}}, "5 at.% is written 0.05"),
        ({"elements": {"Fe": (0.5, 0.1), "Ni": (0, 1)}}, "no range"),
        ({"elements": {"Fe": (-0.1, 0.1), "Ni": (0, 1)}}, "no range"),
        ({"elements": {"Fe": (float("nan"), 0.1), "Ni": (0, 1)}}, "no range"),
        ({"elements": {"Fe": (0, 1)}}, "at least 2 elements"),
        ({"elements": FIVE, "step": 0.3}, "does not divide 1 exactly; near it, 1/3"),
        ({"elements": FIVE, "step": 5}, "not above 0 and at most 0.5"),
        ({"elements": FIVE, "step": -0.05}, "not above 0"),
        ({"elements": FIVE, "min_elements": 6}, "not between 1 and 5"),
        ({"elements": FIVE, "min_elements": 4, "max_elements": 3}, "below min_elements"),
        ({"elements": FIVE, "linear": ("Mn <= 0.1",)}, "unknown name 'Mn'"),
    ],
)
def test_bad_composition_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Composition(**options)  # type: ignore[arg-type]


def test_bounds_that_cannot_sum_to_one_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"Fe, Ni <= 0.3"):
        region.require_nonempty(Composition({"Fe": (0.1, 0.3), "Ni": (0.1, 0.3)}).space)


# --- parameters -------------------------------------------------------------------------------------------------------


def test_every_kind_of_variable() -> None:
    part = Parameters(
        {
            "temperature_k": Variable(300, 920, step=50),
            "n": Variable(0.5, 9.5, integer=True),
            "solvent": Variable(choices=("water", "ethanol", 96)),
            "pressure_gpa": (0.0, 1.5),
            "gas": ("Ar", "N2"),
        },
        linear=("temperature_k + 100*n <= 900",),
    )
    space = part.space
    assert space is part.space
    assert space.kinds == ("continuous", "integer", "categorical", "continuous", "categorical")
    assert space.upper.tolist() == [900, 9, 2, 1.5, 1]
    assert space.categories[2] == ("water", "ethanol", "96")
    for candidate in part.generate(region.sample(space, 100, RNG), RNG):
        own = candidate.variables
        assert float(own["temperature_k"]) % 50 == 0
        assert type(own["n"]) is int
        assert own["solvent"] in ("water", "ethanol", 96)
        assert float(own["temperature_k"]) + 100 * own["n"] <= 900


def test_steps_hit_decimals_exactly() -> None:
    part = Parameters({"x": Variable(0.1, 0.9, step=0.1)})
    listed = region.enumerate_points(part.space)
    assert listed is not None
    assert listed[:, 0].tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


@pytest.mark.parametrize(
    ("variables", "linear", "words"),
    [
        ({}, (), "at least one variable"),
        ({"t": (900, 300)}, (), "t: low 900 must be a finite number below high 300"),
        ({"t": (0, float("inf"))}, (), "finite"),
        ({"s": ("a", "a")}, (), "'a' is given twice"),
        ({"s": ("a",)}, (), "nothing to choose"),
        ({"s": ("a", "b"), "t": (0, 1)}, ("s + t <= 1",), "not numbers"),
        ({"t": (0, 1)}, ("T <= 1",), "did you mean 't'"),
    ],
)
def test_bad_variables_are_refused(
    variables: dict[str, tuple[float, float]], linear: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Parameters(variables, linear)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs `low` and `high`"),
        ({"low": 1}, "needs `low` and `high`"),
        ({"low": 0, "high": 1, "step": 2}, "step 2"),
        ({"low": 0, "high": 4, "step": 2, "integer": True}, "steps by 1"),
        ({"low": 0.2, "high": 0.8, "integer": True}, "no whole number"),
        ({"choices": ("a", "b"), "low": 1}, "stands alone"),
    ],
)
def test_bad_variable_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Variable(**options)  # type: ignore[arg-type]


# --- pool -------------------------------------------------------------------------------------------------------------


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


MIXED = Parameters(
    {"a": Variable(low=0, high=1), "n": Variable(low=1, high=9, integer=True), "c": Variable(choices=("x", 2, 0.5))}
)


@pytest.mark.parametrize("part", [Composition(FIVE, step=0.05), MIXED], ids=["composition", "parameters"])
def test_coordinates_lead_back_from_a_candidate_also_from_its_text(part: Composition | Parameters) -> None:
    X = region.sample(part.space, 20, RNG)
    for row, candidate in zip(X, part.generate(X, RNG), strict=True):
        assert part.coordinates(candidate.variables).tolist() == row.tolist()
        assert part.coordinates({k: str(v) for k, v in candidate.variables.items()}).tolist() == row.tolist()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"n": 3, "c": "x"}, "no variable 'a' among n, c"),
        ({"a": "nan", "n": 3, "c": "x"}, "a is 'nan', not a finite number"),
        ({"a": 0.1, "n": 3, "c": "z"}, "c is 'z', not one of x, 2, 0.5"),
    ],
)
def test_variables_that_are_no_candidates_have_no_coordinates(variables: dict[str, float | str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MIXED.coordinates(variables)


def test_statistics_are_weighted_means_and_deviations() -> None:
    composition = fractions("NaCl")
    assert composition is not None
    (row,) = statistics([composition])
    found = dict(zip(STATISTICS, row, strict=True))
    assert found["mean_atomic_number"] == pytest.approx((11 + 17) / 2)
    assert found["deviation_atomic_number"] == pytest.approx(3)
    assert found["mean_electronegativity_pauling"] == pytest.approx((0.93 + 3.16) / 2)


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
        ("", ("a",), "the pool is empty"),
        ("a,y\n", ("a",), "the pool is empty"),
        ("alpha,y\n1,2\n", ("alfa",), "no column 'alfa'; did you mean 'alpha'"),
        ("a,y\n1,2\n,3\n4,4\n", ("a",), r"row 2 \(line 3\), column 'a': '' is no finite number"),
        ("a,y\n1,2\n\nnan,3\n4,4\n", ("a",), r"row 2 \(line 4\), column 'a': 'nan' is no finite number"),
        ("a,y\n1,2\n2,3\n3o,4\n", ("a",), r"row 3 \(line 4\), column 'a': '3o' is no finite number"),
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
