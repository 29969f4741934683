"""Structure files that would be misread are refused by name and reason; what is read is what the file means."""

import gzip
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write
from pymatgen.core import Lattice, Structure
from pymatgen.core.operations import SymmOp

from eutectic.generators.pool import Pool
from eutectic.oracles.structures.files import as_cif, of_text, read, read_all

CELL = """data_x
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {c}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma {gamma}
{more}loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
{sites}
"""
CELL_OF_XYZ = 'Lattice="3.3 0 0 0 3.3 0 0 0 3.3" Properties=species:S:1:pos:R:3'
ROCK_SALT = "Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5"


def cif(folder, sites=ROCK_SALT, more="", a="5.64", c=None, gamma=90, name="x.cif"):
    path = folder / name
    path.write_text(CELL.format(a=a, c=c or a, gamma=gamma, more=more, sites=sites))
    return str(path)


def test_a_plain_file_is_read_without_a_word(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        crystal = read(cif(tmp_path, more="_symmetry_Int_Tables_number 225\n"))
    assert crystal.formula == "Na4 Cl4"
    assert crystal.density == pytest.approx(2.16, abs=0.01)


def test_the_operations_of_a_space_group_are_made_once_for_all_files(tmp_path, monkeypatch):
    group = "_symmetry_space_group_name_H-M 'F m -3 m'\n"
    read(cif(tmp_path, more=group))
    compared, equal = [], SymmOp.__eq__
    monkeypatch.setattr(SymmOp, "__eq__", lambda one, other: compared.append(0) or equal(one, other))
    assert read(cif(tmp_path, more=group, a="5.7", name="y.cif")).formula == "Na4 Cl4"
    assert len(compared) < 192  # that they differ is not found out again


@pytest.mark.parametrize(
    ("more", "sites", "said"),
    [
        ("_symmetry_space_group_name_H-M 'F m 3 m'\n", ROCK_SALT, "space group 'F m 3 m' is not understood"),
        ("_space_group_name_H-M_alt 'R -3 c H'\n", ROCK_SALT, "space group 'R -3 c H' is not understood"),
        ("_symmetry_space_group_name_H-M 'F d -3 m'\n", "C1 C 0 0 0", "two choices of origin"),
        ("_symmetry_Int_Tables_number 227\n", "C1 C 0 0 0", "two choices of origin"),
        ("_chemical_formula_sum 'Na Cl H2 O'\n", ROCK_SALT, "has H, O, which no site holds: NaCl is there"),
        ("_chemical_formula_sum 'Na'\n", ROCK_SALT, "has no Cl, which its sites hold"),
        ("_chemical_formula_sum 'Na2 Cl'\n", ROCK_SALT, "is not that of its sites, NaCl"),
        (
            "_symmetry_Int_Tables_number 166\n",
            ROCK_SALT,
            "its cell .* is none of its space group 166, which is trigonal",
        ),
        ("_symmetry_Int_Tables_number 194\n", ROCK_SALT, "is none of its space group 194, which is hexagonal"),
        (
            "_symmetry_space_group_name_H-M 'F m -3 m'\n_symmetry_Int_Tables_number 221\n",
            ROCK_SALT,
            "its space group is 'F m -3 m', which is 225, and 221",
        ),
        ("", "Na1 Na 0 0 0\nCl1 Cl 0.5 . 0.5", "its site 'Cl1' has '.' for _atom_site_fract_y"),
        ("", "Na1 Na ? ? ?\nCl1 Cl 0.5 0.5 0.5", "its site 'Na1' has '\\?' for _atom_site_fract_x"),
        ("_cell_angle_beta ?\n", ROCK_SALT, "its cell is not said in full: there is no _cell_angle_beta"),
        ("", "M1 M 0 0 0", "'M' is no element"),
        ("", "Wat1 Wat 0 0 0\nNa1 Na 0.5 0.5 0.5", "'Wat' would be read as O"),
        ("", "Na1 Na 0 0 0\nCl1 Cl 0.03 0 0", "Cl and Na are 0.17 angstrom apart"),
    ],
)
def test_what_would_be_misread_is_refused_with_its_reason_and_the_way_out(tmp_path, more, sites, said):
    with pytest.raises(ValueError, match=said) as raised:
        read(cif(tmp_path, sites, more))
    assert "x.cif" in str(raised.value)


def test_a_doubt_can_be_put_aside(tmp_path):
    path = cif(tmp_path, more="_chemical_formula_sum 'Na Cl H2 O'\n")
    with pytest.raises(ValueError, match=r"accept: \[formula\]"):
        read(path)
    assert read(path, ("formula",)).formula == "Na1 Cl1"


def test_thirds_of_three_digits_are_thirds_and_of_two_are_refused(tmp_path):
    group = "_symmetry_Int_Tables_number 186\n"
    sites = "Zn1 Zn {third} {other} 0\nO1 O {third} {other} 0.38"
    cell = {"a": "3.25", "c": "5.2", "gamma": 120, "more": group}
    assert read(cif(tmp_path, sites.format(third="0.333", other="0.667"), **cell)).formula == "Zn2 O2"
    with pytest.raises(ValueError, match=r"Zn and Zn are 0\.03 angstrom apart"):
        read(cif(tmp_path, sites.format(third="0.33", other="0.67"), **cell))


def test_cells_that_are_none_are_refused_at_once(tmp_path):
    for a in ("nan", "0", "inf"):
        with pytest.raises(ValueError, match=r"x\.cif"):
            read(cif(tmp_path, a=a))


def test_a_poscar_without_element_names_is_refused(tmp_path):
    path = tmp_path / "POSCAR_old"
    path.write_text("Ti O\n1.0\n4.6 0 0\n0 4.6 0\n0 0 2.96\n2 4\nDirect\n" + "0 0 0\n0.5 0.5 0.5\n0.3 0.3 0\n" * 2)
    with pytest.raises(ValueError, match="has no element names"):
        read(str(path))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("scf.in", "&control\n/\n"),
        ("empty.cif", ""),
        ("text.cif", "no structure\n"),
        ("a.vasp", "x\n"),
        ("a.json", "{"),
    ],
)
def test_files_that_hold_no_structure_are_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=f"{name}.* holds no structure"):
        read(str(tmp_path / name))


SALT = Structure(Lattice.cubic(4.12), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("one.extxyz", f"0\n{CELL_OF_XYZ}\n", "one.extxyz holds no structure that can be read: it has no atoms"),
        (
            "many.extxyz",
            f"1\n{CELL_OF_XYZ}\nPo 0 0 0\n0\n{CELL_OF_XYZ}\n1\n{CELL_OF_XYZ}\nPo 0 0 0\n",
            "many.extxyz holds no structure that can be read: @1 has no atoms",
        ),
        (
            "thin.extxyz",
            f"1\n{CELL_OF_XYZ}\nPo 0 0 0\n1\n{CELL_OF_XYZ.replace('3.3', '33')}\nPo 0 0 0\n",
            "thin.extxyz@1: its density is",
        ),
        (
            "POSCAR",
            "x\n1.0\n4 0 0\n0 4 0\n0 0 4\nNa\n0\nDirect\n",
            "POSCAR holds no structure that can be read: it has no atoms",
        ),
        (
            "two.json",
            json.dumps([SALT.as_dict(), {**SALT.as_dict(), "sites": []}]),
            "two.json holds no structure that can be read: @1 has no atoms",
        ),
    ],
)
def test_a_frame_without_atoms_is_refused_by_file_and_place(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=re.escape(said)):
        read_all(str(tmp_path / name))


def test_gzipped_files_extended_xyz_and_several_structures_are_read(tmp_path):
    plain = cif(tmp_path, more="_symmetry_Int_Tables_number 225\n")
    (tmp_path / "x.cif.gz").write_bytes(gzip.compress(Path(plain).read_bytes()))
    assert read(str(tmp_path / "x.cif.gz")).formula == "Na4 Cl4"
    write(tmp_path / "many.extxyz", [bulk("Cu", a=a) for a in (3.6, 3.7)])
    assert [round(s.volume, 3) for s in read_all(str(tmp_path / "many.extxyz"))] == [11.664, 12.663]
    assert read(str(tmp_path / "many.extxyz@1")).volume == pytest.approx(12.663, abs=1e-3)
    with pytest.raises(ValueError, match=r"holds 2 structures: name one, as many\.extxyz@0 \(up to @1\)"):
        read(str(tmp_path / "many.extxyz"))
    with pytest.raises(ValueError, match="the last is @1"):
        read(str(tmp_path / "many.extxyz@2"))
    two = (tmp_path / "x.cif").read_text() + (tmp_path / "x.cif").read_text().replace("data_x", "data_y")
    (tmp_path / "two.cif").write_text(two.replace("5.64", "5.7", 3))
    assert len(read_all(str(tmp_path / "two.cif"))) == 2
    write(tmp_path / "molecule.xyz", bulk("Cu").repeat(2)[:2])
    (tmp_path / "molecule.xyz").write_text("2\n\nO 0 0 0\nO 0 0 1.2\n")
    with pytest.raises(ValueError, match="it has no cell"):
        read(str(tmp_path / "molecule.xyz"))


def test_a_pool_names_row_and_column_of_a_file_it_refuses(tmp_path):
    for name, species in (("good", ["Na", "Cl"]), ("bad", ["Na", "Na"])):
        places = [[0, 0, 0], [0.5, 0.5, 0.5]] if name == "good" else [[0, 0, 0], [0, 0, 0]]
        Structure(Lattice.cubic(3.5), species, places).to(str(tmp_path / f"{name}.vasp"), fmt="poscar")
    (tmp_path / "pool.csv").write_text("file,y\ngood.vasp,1\nbad.vasp,2\n")
    with pytest.raises(ValueError, match=r"pool.csv, row 2 \(line 3\), column 'file': .*bad.vasp: Na and Na are 0.00"):
        _ = Pool(str(tmp_path / "pool.csv"), structures="file").space


def test_broken_numbers_end_at_once_with_the_file_named(tmp_path):
    poscar = "Cu\n{scale}\n2.5 2.5 {edge}\n-2.5 2.5 0\n0 0 3.6\nCu\n2\ndirect\n{x} 0 0\n0.5 0.5 0.5\n"
    for broken in ({"edge": "9" * 30}, {"scale": "1e-9"}, {"scale": "300"}, {"edge": "1e5"}):
        (tmp_path / "a.vasp").write_text(poscar.format(**{"scale": "1", "edge": "0", "x": "0", **broken}))
        with pytest.raises(ValueError, match=r"a\.vasp"):
            read(str(tmp_path / "a.vasp"))
    (tmp_path / "a.vasp").write_text(poscar.format(scale="1", edge="0", x="9999"))
    assert np.abs(read(str(tmp_path / "a.vasp")).frac_coords).max() < 1


def test_moments_of_some_sites_alone_are_refused(tmp_path):
    crystal = Structure(Lattice.cubic(3.0), ["Fe", "Al"], [[0, 0, 0], [0.5] * 3]).as_dict()
    crystal["sites"][0]["properties"] = {"magmom": 2.0}
    (tmp_path / "a.json").write_text(json.dumps(crystal))
    with pytest.raises(ValueError, match=r"a\.json: not all sites have property magmom"):
        read(str(tmp_path / "a.json"))


def test_an_empty_site_and_a_cell_beyond_all_numbers_are_refused(tmp_path):
    sites = [{"species": [{"element": "Cs", "occu": 1}], "abc": [0, 0, 0], "properties": {}}]
    sites += [{"species": [{"element": "Cl", "occu": 0}], "abc": [0.5, 0.5, 0.5], "properties": {}}]
    for edge, said in ((4.12, "its site 2 is empty: nothing on it has an occupancy above 0"), (1e200, "angstrom long")):
        lattice = {"matrix": (np.eye(3) * edge).tolist(), "pbc": [True, True, True]}
        (tmp_path / "x.json").write_text(json.dumps({"lattice": lattice, "sites": sites}))
        with pytest.raises(ValueError, match=said):
            read(str(tmp_path / "x.json"))


def test_a_crystal_of_a_cif_is_written_without_a_word_and_read_as_it_was(tmp_path):
    crystal = read(cif(tmp_path, more="_symmetry_Int_Tables_number 225\n"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = of_text(as_cif(crystal))
    assert again.matches(crystal)
    assert len(again) == len(crystal) == 8


@pytest.mark.parametrize("columns", ["species:S:1:pos:R:3:charge:R:1", "species:S:1:pos:R:999999"])
def test_columns_that_no_row_has_are_refused_before_room_is_made_for_them(tmp_path, columns):
    path = tmp_path / "x.extxyz"
    path.write_text(f'1\nLattice="3 0 0 0 3 0 0 0 3" Properties={columns} pbc="T T T"\nPo 0 0 0\n')
    with pytest.raises(ValueError, match=r"Properties are of \d+ columns, and the row 'Po 0 0 0' has 4"):
        read(str(path))


def test_a_frame_without_atoms_says_nothing_of_the_next_frames_columns(tmp_path):
    head = 'Lattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3 pbc="T T T"'
    path = tmp_path / "x.extxyz"
    path.write_text(f"0\n{head}\n1\n{head}\nPo 0 0 0\n")
    with pytest.raises(ValueError, match="no atoms"):
        read(str(path))
    path.write_text(f"0\n{head}\n1\n{head}\nPo 0 0\n")
    with pytest.raises(ValueError, match="of 4 columns, and the row 'Po 0 0' has 3"):
        read(str(path))
