"""Rows of a CIF's sites: none is dropped or taken for another element without a word."""

from pathlib import Path

import pytest

from eutectic.oracles.structures.files import read, read_all
from tests.oracles.structures.test_files import cif

PARTLY = """loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_occupancy
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
"""


def filled(folder, *rows, more="", loop=PARTLY):
    path = folder / "x.cif"
    cell = "".join(f"_cell_length_{axis} 4.2\n" for axis in "abc")
    angles = "".join(f"_cell_angle_{angle} 90\n" for angle in ("alpha", "beta", "gamma"))
    path.write_text("data_x\n" + cell + angles + more + loop + "\n".join(rows) + "\n")
    return str(path)


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        ("Va", "is a vacancy"),
        ("Vac", "is a vacancy"),
        ("NH4", "is a group of atoms"),
        ("OH", "is a group of atoms"),
        ("CO3", "is a group of atoms"),
        ("Fe,Ni", "names several elements"),
        ("Fe/Ni", "names several elements"),
        ("Fe0.5Ni0.5", "names several elements"),
        ("Ts", "would be read as Ts"),
        ("1", "names no element"),
    ],
)
def test_a_symbol_that_is_no_element_is_refused(tmp_path, symbol, said):
    path = filled(tmp_path, "Mg1 Mg 1 0 0 0", f"Y1 {symbol} 1 0.5 0.5 0.5")
    with pytest.raises(ValueError, match=rf"x.cif: its atom '{symbol}' {said}.*accept: \[symbols\]"):
        read(path)


@pytest.mark.parametrize(
    ("symbol", "formula"),
    [("7Li", "Mg1 Li1"), ("2H", "Mg1 H1"), ("D", "Mg1 H1"), ("O2-", "Mg1 O1"), ("O-2", "Mg1 O1"), ("O(2-)", "Mg1 O1"),
     ("OW", "Mg1 O1"), ("?", "Mg1 Y1")],
)  # fmt: skip
def test_isotopes_charges_and_absent_symbols_are_their_elements(tmp_path, symbol, formula):
    crystal = read(filled(tmp_path, "Mg1 Mg 1 0 0 0", f"Y1 {symbol} 1 0.5 0.5 0.5"))
    amounts = crystal.composition.element_composition.get_el_amt_dict()
    assert {"H" if e == "D" else e: n for e, n in amounts.items()} == {part[:-1]: 1.0 for part in formula.split()}


def test_an_occupancy_left_to_its_default_is_one_and_an_unknown_one_is_asked_for(tmp_path):
    assert read(filled(tmp_path, "Mg1 Mg 1 0 0 0", "O1 O . 0.5 0.5 0.5")).formula == "Mg1 O1"
    with pytest.raises(ValueError, match=r"occupancy of its site 'O1' is not known .*accept: \[formula\]"):
        read(filled(tmp_path, "Mg1 Mg 1 0 0 0", "O1 O ? 0.5 0.5 0.5"))


def test_capitals_that_may_be_two_elements_are_asked_for_where_nothing_else_says_which(tmp_path):
    loop = PARTLY.replace("_atom_site_type_symbol\n", "")
    with pytest.raises(ValueError, match="'CA1' may be Ca or C"):
        read(filled(tmp_path, "CA1 1 0 0 0", "O1 1 0.5 0.5 0.5", loop=loop))
    said = filled(tmp_path, "CA1 1 0 0 0", "O1 1 0.5 0.5 0.5", loop=loop, more="_chemical_formula_sum 'Ca O'\n")
    assert read(said).formula == "Ca1 O1"


def test_dummies_are_no_atoms(tmp_path):
    loop = PARTLY + "_atom_site_calc_flag\n"
    with pytest.raises(ValueError, match=r"its site 'O1' is a dummy"):
        read(filled(tmp_path, "Mg1 Mg 1 0 0 0 d", "O1 O 1 0.5 0.5 0.5 dum", loop=loop))


def test_two_blocks_of_one_name_are_two_structures(tmp_path):
    path = Path(filled(tmp_path, "Mg1 Mg 1 0 0 0", "O1 O 1 0.5 0.5 0.5"))
    path.write_text(path.read_text() + path.read_text().replace("Mg", "Ca"))
    assert [crystal.formula for crystal in read_all(str(path))] == ["Mg1 O1", "Ca1 O1"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("_cell_volume 174.1\n", r"has 74.088 angstrom\^3, and is said to have 174.1"),
        ("_exptl_crystal_density_diffrn 7.5\n", "density is .* g/cm3, and is said to be 7.5"),
        ("_cell_modulation_dimension 1\n", "it is modulated"),
        ("_symmetry_Int_Tables_number 225\n_symmetry_equiv_pos_as_xyz 'x,y,z'\n", "192 symmetry operations, and 1 of"),
    ],
)
def test_what_the_file_says_of_its_cell_is_compared(tmp_path, more, said):
    with pytest.raises(ValueError, match=said):
        read(filled(tmp_path, "Mg1 Mg 1 0 0 0", "O1 O 1 0.5 0.5 0.5", more=more))
    fitting = "_cell_volume 74.09(2)\n_exptl_crystal_density_diffrn 0.904\n_symmetry_equiv_pos_as_xyz 'x,y,z'\n"
    assert read(filled(tmp_path, "Mg1 Mg 1 0 0 0", "O1 O 1 0.5 0.5 0.5", more=fitting)).formula == "Mg1 O1"


def test_negative_edges_and_cartesian_places_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"edge a of its cell is -5\.64"):
        read(cif(tmp_path, a="-5.64", c="5.64"))
    with pytest.raises(ValueError, match="no fractional coordinates"):
        read(filled(tmp_path, "Mg1 Mg 1 0 0 0", loop=PARTLY.replace("fract", "Cartn")))
