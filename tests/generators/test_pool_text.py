"""Text that is chemistry, chemistry that is text, and numbers that are neither: read, or refused by row and column."""

from pathlib import Path

import numpy as np
import pytest

from eutectic.generators.pool import Pool
from eutectic.oracles.elements.chemical_formulas import amounts

RNG = np.random.default_rng(0)


def pool(folder: Path, text: str, features: tuple[str, ...] | None = None, **options: object) -> Pool:
    (folder / "data.csv").write_text(text, encoding="utf-8")
    return Pool("data.csv", features, **options).located(str(folder))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("formula", "atoms"),
    [
        ("CuSO4.5H2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("MgSO4·7H2O", {"Mg": 1, "S": 1, "O": 11, "H": 14}),
        ("CaSO4*2H2O", {"Ca": 1, "S": 1, "O": 6, "H": 4}),
        ("CaSO4.0.5H2O", {"Ca": 1, "S": 1, "O": 4.5, "H": 1}),
        ("K0.27MnO2.0.54H2O", {"K": 0.27, "Mn": 1, "O": 2.54, "H": 1.08}),
        ("2CaSO4·H2O", {"Ca": 2, "S": 2, "O": 9, "H": 2}),
        ("La0.7Sr0.3MnO3", {"La": 0.7, "Sr": 0.3, "Mn": 1, "O": 3}),
    ],
)
def test_water_of_a_hydrate_is_water(formula: str, atoms: dict[str, float]) -> None:
    assert amounts(formula) == pytest.approx(atoms)


@pytest.mark.parametrize("formula", ["CuSO4·xH2O", "CuSO4·", "La0.7Sr0.3MnO3-d", "Xx2O3", "", "A" * 10_000])
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(ValueError, match="no chemical formula"):
        amounts(formula)


def test_names_of_phases_and_processes_are_categories(tmp_path: Path) -> None:
    text = "alloy,phase,made\nFeNi,BCC,SPS\nFeCo,FCC,HIP\nFeCr,BCC,CVD\nFeMn,HCP,SPS\n"
    part = pool(tmp_path, text, ("alloy", "phase", "made"))
    assert part.space.kinds[-2:] == ("categorical", "categorical")
    (candidate,) = part.generate(part.space.table[:1], RNG)
    assert candidate.composition == {"Fe": 0.5, "Ni": 0.5}
    assert pool(tmp_path, text).generate(part.space.table[:0], RNG) == []


def test_structure_types_are_categories_and_short_formulas_stay_formulas(tmp_path: Path) -> None:
    text = "kind,gas,y\nB2,O2,1\nC14,N2,2\nB2,CO,3\n"
    part = pool(tmp_path, text, ("kind", "gas"))
    assert part.space.categories[0] == ("B2", "C14")
    assert part.generate(part.space.table[:1], RNG)[0].composition == {"O": 1.0}


def test_an_odd_cell_among_formulas_is_named(tmp_path: Path) -> None:
    text = "m,y\nLaMnO3,1\nSrTiO3,2\nBaTiO3,3\nLa0.7Sr0.3MnO3-d,4\nNdNiO3,5\nCaMnO3,6\n"
    for features in (None, ("m",)):
        with pytest.raises(
            ValueError, match=r"row 4 \(line 5\), column 'm': 'La0.7Sr0.3MnO3-d' is no chemical formula"
        ):
            _ = pool(tmp_path, text, features).space
    assert pool(tmp_path, text, ("m",), labels=("m",)).space.kinds == ("categorical",)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (("0,5", "1,5", "2,5"), "row 1 .*'0,5' is no number; if ',' stands before decimals, say `decimal: ','`"),
        (("12±2", "13±1", "15±2"), "'12±2' is no number: write a value, and its standard error in a column of its own"),
        (("900 °C", "950 °C", "1000 °C"), "'900 °C' is no number: write the number alone"),
        ((">30", "<5", "12"), "'>30' is no number: a bound is no value"),
        (("<1E-10", "<1E-9", "1E-8"), "'<1E-10' is no number: a bound"),
        (("4.6(2)", "5.1(3)", "5.2(2)"), "'4.6.2.' is no number: write a value, and its standard error"),
    ],
)
def test_numbers_that_cannot_be_read_are_no_categories(tmp_path: Path, cells: tuple[str, ...], words: str) -> None:
    text = "x;y\n" + "".join(f"{cell};1\n" for cell in cells)
    with pytest.raises(ValueError, match=words):
        _ = pool(tmp_path, text, ("x",), separator=";").space
    assert pool(tmp_path, text, ("x",), separator=";", labels=("x",)).space.kinds == ("categorical",)


def test_decimal_commas_are_read_where_they_are_said(tmp_path: Path) -> None:
    part = pool(tmp_path, "x;y\n0,5;1\n−1,5;2\n1,5e3;3\n", ("x",), separator=";", decimal=",")
    assert part.space.table is not None
    assert part.space.table[:, 0].tolist() == [0.5, -1.5, 1500]
    with pytest.raises(ValueError, match="decimal: ',' is also the separator"):
        pool(tmp_path, "", ("x",), decimal=",")


def test_columns_of_elements_give_a_composition_in_the_unit_that_is_said(tmp_path: Path) -> None:
    text = "C,Mn,Fe,t,hv\n0.4,0.8,98.8,850,600\n0.2,1.2,98.6,850,420\n"
    features = ("C", "Mn", "Fe", "t")
    weights = pool(tmp_path, text, features, unit="wt.%")
    assert weights.uncomposed == ""
    (steel,) = weights.generate(weights.space.table[:1], RNG)
    assert steel.composition is not None
    assert steel.composition["C"] == pytest.approx(0.0183, abs=2e-4)
    atoms = pool(tmp_path, text, features, unit="at.%")
    assert atoms.generate(atoms.space.table[:1], RNG)[0].composition == pytest.approx(
        {"C": 0.004, "Mn": 0.008, "Fe": 0.988}
    )
    assert "C, Mn, Fe are called like elements: say their unit" in pool(tmp_path, text, features).uncomposed
    with pytest.raises(ValueError, match=r"row 1 .*C, Mn sum to 1.2 wt.%, not to 100"):
        _ = pool(tmp_path, text, ("C", "Mn"), unit="wt.%").space


def test_a_row_is_found_by_its_variables_however_they_are_written(tmp_path: Path) -> None:
    part = pool(tmp_path, "d,s,y\n1e-10,a,1\n3e-10,a,2\n1.3e-09,b,3\n", ("d", "s"))
    assert part.space.table is not None
    assert part.coordinates({"d": "1.3E-9", "s": "b"}).tolist() == part.space.table[2].tolist()
    assert part.coordinates({"d": 3.0000000001e-10, "s": "a"}).tolist() == part.space.table[1].tolist()
    with pytest.raises(ValueError, match="no row with d = 4e-10"):
        part.coordinates({"d": 4e-10, "s": "a"})
