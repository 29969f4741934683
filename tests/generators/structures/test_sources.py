"""Known crystals from folders, files and tables."""

import gzip

import pytest
from pymatgen.core import Lattice, Structure

from eutectic.generators.structures.sources import known_crystals

SALT = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.6), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def test_a_folder_of_files_is_read_in_order(tmp_path):
    SALT.to(filename=str(tmp_path / "b.cif"))
    SALT.to(filename=str(tmp_path / "a.vasp"), fmt="poscar")
    (tmp_path / "notes.txt").write_text("nothing")
    assert [known.name for known in known_crystals(str(tmp_path))] == ["a.vasp", "b.cif"]


def test_a_table_has_structures_as_text_with_numbers_beside_them(tmp_path):
    text = SALT.to(fmt="cif").replace('"', '""')
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(f'material_id,gap,cif\nmp-1,8.5,"{text}"\n'.encode()))
    (known,) = known_crystals(str(tmp_path / "t.csv.gz"))
    assert known.name == "mp-1"
    assert known.values == {"gap": 8.5}
    assert known.structure.composition.reduced_formula == "NaCl"


def test_poscar_text_with_written_out_newlines_is_read(tmp_path):
    text = SALT.to(fmt="poscar").replace("\n", "\\n")
    (tmp_path / "t.csv").write_text(f'name,structure\nsalt,"{text}"\n')
    assert known_crystals(str(tmp_path / "t.csv"))[0].structure.composition.reduced_formula == "NaCl"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.cif", "", r"x\.cif holds no structure"),
        ("x.cif", "data_x\n_cell_length_a oops\n", r"x\.cif holds no structure"),
        ("x.csv", "id,formula\n1,NaCl\n", r"no column is called .*'cif'"),
        ("x.csv", "id,cif\n7,\n", r"row 1 \(7\): no structure"),
        ("x.csv", 'id,cif\n7,"rubbish\nmore"\n', r"row 1 \(7\): .*neither a CIF nor a POSCAR"),
        ("x.csv.gz", "not zipped", "no column is called"),
        ("x.csv", "id,cif\n1,\0\n", r"x\.csv, line 2: a character of no text"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_the_reason(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=said):
        known_crystals(str(tmp_path / name))


def test_a_gzipped_table_that_is_cut_off_says_so(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"id,cif\n" * 400)[:-12])
    with pytest.raises(ValueError, match="a gzipped file that is broken"):
        known_crystals(str(tmp_path / "x.csv.gz"))


def test_a_table_of_poscars_keeps_their_empty_title(tmp_path):
    text = "\n" + SALT.to(fmt="poscar").split("\n", 1)[1]
    (tmp_path / "x.csv").write_text(f'\ufeffid,poscar\n1,"{text}"\n', encoding="utf-8")
    (known,) = known_crystals(str(tmp_path / "x.csv"))
    assert (known.name, known.structure.composition.reduced_formula) == ("1", "NaCl")


def test_a_source_that_is_missing_or_empty_says_so(tmp_path):
    with pytest.raises(ValueError, match="neither a folder nor a file"):
        known_crystals(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="holds no structures"):
        known_crystals(str(tmp_path))


def test_a_column_that_is_not_there_is_refused_with_the_nearest(tmp_path):
    (tmp_path / "x.csv").write_text("id,cif_text\n1,a\n")
    with pytest.raises(ValueError, match="no column 'cif_txt'; did you mean 'cif_text'"):
        known_crystals(str(tmp_path / "x.csv"), "cif_txt")


def test_disordered_crystals_are_refused_by_name(tmp_path):
    mixed = Structure(Lattice.cubic(3.0), [{"Fe": 0.5, "Ni": 0.5}], [[0, 0, 0]])
    mixed.to(filename=str(tmp_path / "mixed.cif"))
    with pytest.raises(ValueError, match=r"mixed\.cif is disordered"):
        known_crystals(str(tmp_path))
