"""Text that is chemistry, chemistry that is text, and numbers that are neither: read, or refused by row and column."""

from pathlib import Path

import numpy as np
import pytest

from eutectic.generators import abilities
from eutectic.generators.parameters import Parameters
from eutectic.generators.pool import Pool
from eutectic.generators.product import Product
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
    whole = pool(tmp_path, text)
    assert whole.generate(whole.space.table[:0], RNG) == []


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
    with pytest.raises(ValueError, match="no row with d = 4e-10, s = a; the nearest d is 3e-10"):
        part.coordinates({"d": 4e-10, "s": "a"})


def test_so_many_variables_are_wanted_as_tell_a_row_from_the_others(tmp_path: Path) -> None:
    part = pool(tmp_path, "oxide,t,y\nsilica,700,1\nsilica,800,1\nzirconia,800,2\n", ("oxide", "t"))
    assert part.space.table is not None
    assert part.coordinates({"oxide": "zirconia"}).tolist() == part.space.table[2].tolist()
    assert abilities.variable_count(part) == 2
    assert part.coordinates({"t": "700.0"}).tolist() == part.space.table[0].tolist()
    whole = Product.of({"support": part, "heat": Parameters({"time_h": (1.0, 2.0)})})
    assert whole.coordinates({"oxide": "zirconia", "time_h": 1.5}).tolist() == [2, 1.5]
    with pytest.raises(ValueError, match=r"2 of 3 rows of the pool have oxide = silica: give t too \(700, 800\)"):
        part.coordinates({"oxide": "silica"})
    with pytest.raises(ValueError, match=r"the pool has 3 rows: give oxide too \(silica, zirconia\)"):
        part.coordinates({})
    with pytest.raises(ValueError, match="no row with oxide = zircona; did you mean 'zirconia'"):
        part.coordinates({"oxide": "zircona"})


@pytest.mark.parametrize("formula", ["Fe₂O₃", "Fe$_2$O$_3$", "Fe_2O_3", "Fe_{2}O_{3}", "Fe<sub>2</sub>O<sub>3</sub>"])
def test_subscripts_are_amounts_however_they_are_written(formula: str) -> None:
    assert amounts(formula) == {"Fe": 2.0, "O": 3.0}


@pytest.mark.parametrize("formula", ["CuSO4‧5H2O", "CuSO4･5H2O", "CuSO4・5H2O"])
def test_water_is_water_behind_any_dot(formula: str) -> None:
    assert amounts(formula) == {"Cu": 1.0, "S": 1.0, "O": 9.0, "H": 10.0}


@pytest.mark.parametrize("formula", ["Fe203", "Ti02", "SrTi03", "MgAl204", "H20", "Na20", "CaC03"])
def test_a_zero_written_for_an_o_is_asked_for(formula: str) -> None:
    with pytest.raises(ValueError, match="is a zero written for an O"):
        amounts(formula)


@pytest.mark.parametrize(
    "formula", ["Fe20Ni80", "Fe705Ni295", "Fe05Ni95", "Fe100Ni0", "C60", "C540", "Fe100", "Al12Mg17"]
)
def test_amounts_of_alloys_clusters_and_per_mille_stay_amounts(formula: str) -> None:
    assert sum(amounts(formula).values()) > 12


def test_designations_of_alloys_are_no_formulas(tmp_path: Path) -> None:
    part = pool(tmp_path, "m,y\nAl7075,1\nAl6061,2\nAl2024,3\n", ("m",))
    assert part.space.kinds == ("categorical",)


@pytest.mark.parametrize("minus", "−–—‒‐‑")
def test_any_dash_before_a_number_is_a_minus(tmp_path: Path, minus: str) -> None:
    part = pool(tmp_path, f"x,y\n{minus}3.2,1\n{minus}1.5e{minus}1,2\n2,3\n", ("x",))
    assert [c.variables["x"] for c in part.materials] == [-3.2, -0.15, 2.0]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (("1 234,5", "2 345,6", "10,0"), "leave out what parts thousands"),
        (("1\u00a0234.5", "2\u202f345.6", "10"), "leave out what parts thousands"),
        (("1'234.5", "2'345.6", "3"), "leave out what parts thousands"),
        (("1,234", "2,345", "3,456"), "`decimal: ','`, and if it parts thousands, leave it out"),
        (("2020-01-05", "2020-02-05", "3"), "a date, which spreadsheets make of some numbers"),
        (("1-Mar", "2-Mar", "3-Apr"), "a date"),
        (("1 Mar", "2 Mar 24", "3 Apr"), "a date"),
        (("5 GPa", "6 GPa", "7 MPa"), "no number: write the number alone, the unit in the column's name"),
        (("5–10", "10–20", "20–30"), "a range is no value"),
        (("$5", "$6", "$7"), "write the number alone"),
        (("12 %", "15 %", "20 %"), "write the number alone"),
        (("bal.", "1", "2"), "write what remains of the whole"),
        (("1e400", "1", "2"), "'1e400' is no finite number"),
    ],
)
def test_what_spreadsheets_make_of_numbers_is_refused_with_its_cure(
    tmp_path: Path, cells: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        _ = pool(tmp_path, "x;y\n" + "".join(f"{cell};1\n" for cell in cells), ("x",), separator=";").space


def test_columns_called_like_an_element_and_its_unit_give_a_composition(tmp_path: Path) -> None:
    for titles in (("Fe (wt.%)", "Ni (wt.%)"), ("Fe_wt_pct", "Ni_wt_pct"), ("wt% Fe", "wt% Ni"), ("Fe", "Ni [wt%]")):
        text = f"{titles[0]},{titles[1]},y\n50,50,1\n60,40,2\n"
        assert "unit: wt.%" in pool(tmp_path, text, titles).uncomposed
        first = pool(tmp_path, text, titles, unit="wt.%").materials[0]
        assert first.composition == pytest.approx({"Fe": 0.5124, "Ni": 0.4876}, abs=1e-4)
        with pytest.raises(ValueError, match=r"is in wt.%"):
            _ = pool(tmp_path, text, titles, unit="at.%").space
    with pytest.raises(ValueError, match="of one element"):
        _ = pool(tmp_path, "Fe,wt% Fe,y\n50,50,1\n", ("Fe", "wt% Fe"), unit="wt.%").space
    with pytest.raises(ValueError, match=r"row 1 .*'bal.' is no number: write what remains"):
        _ = pool(tmp_path, "Fe,Ni,y\nbal.,50,1\nbal.,40,1\n", ("Fe", "Ni"), unit="wt.%").space


def test_categories_that_differ_in_blanks_or_capitals_alone_are_said(tmp_path: Path) -> None:
    for one, other in (("hot press", "hot  press"), ("Air", "air"), ("é", "e\u0301")):
        part = pool(tmp_path, f"g,y\n{one},1\n{other},2\nargon,3\n", ("g",))
        assert len(part.remarks) == 1
        assert "in column 'g' are two categories" in part.remarks[0]
    assert pool(tmp_path, "g,y\nair,1\nargon,2\n", ("g",)).remarks == ()


def test_rows_of_elements_that_are_divided_by_their_sum_are_said(tmp_path: Path) -> None:
    part = pool(tmp_path, "Fe,Ni,y\n50.1,50.2,1\n60,40,2\n", ("Fe", "Ni"), unit="at.%")
    assert part.remarks == (
        "data.csv: 1 of 2 rows have amounts that do not quite sum to 100, and were divided by their sum",
    )
