"""POSCAR files whose counts, names and lines are not of one another are refused; what VASP writes is read."""

import bz2
import gzip
import json

import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from pymatgen.core import Lattice, Structure

from eutectic.oracles.structures.files import of_text, read, read_all
from eutectic.oracles.structures.identity import groups

SALT = """NaCl
{scale}
5.64 0 0
0 5.64 0
0 0 5.64
{names}
{counts}
{mode}
0 0 0{after}
0 .5 .5{after}
.5 .5 .5{after}
.5 0 0{after}
"""
CRYSTAL = Structure(Lattice.cubic(4.12), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def poscar(scale="1.0", names="Na Cl", counts="2 2", mode="Direct", after=""):
    return SALT.format(scale=scale, names=names, counts=counts, mode=mode, after=after)


@pytest.mark.parametrize(
    "text",
    [
        poscar(),
        poscar(scale="-179.4"),
        poscar(names="Na_pv Cl"),
        poscar(names="Na_pv/1a2b Cl_h/0f"),
        poscar(mode="Selective dynamics\nDirect", after=" T T F"),
        poscar().replace("\n", "\r\n"),
        poscar() + "\n" + "0 0 0\n" * 4,
        poscar() + "Lattice velocities and vectors\n 1\n" + "0 0 0\n" * 6,
        poscar().replace("NaCl\n", "\n", 1),
    ],
)
def test_what_vasp_writes_is_read(text):
    assert of_text(text).formula == "Na2 Cl2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (poscar(names="Na Cl Br"), r"3 names \(Na Cl Br\) stand above 2 counts"),
        (poscar(names="Na"), "1 names"),
        (poscar(names="na cl"), "'na' is no element; did you mean 'Na'"),
        (poscar(names="Na X"), "'X' is no element"),
        (poscar(counts="2 1"), "counts are of 3 atoms, and 4 lines follow"),
        (poscar(counts="3 2"), "counts are of 5 atoms, and 4 lines follow"),
        (poscar(after=" Na"), "says Na, the counts Cl"),
        (poscar(scale="1 1 2"), "is not one scaling factor"),
        (poscar(scale="0.0"), "cell is none"),
        (poscar().replace(".5 .5 .5", "**** .5 .5"), "no structure that can be read"),
        ("NaCl\n1.0\n", "a POSCAR of 2 lines is cut off"),
    ],
)
def test_what_a_reader_would_pass_over_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        of_text(text)


def test_a_file_is_read_whatever_packs_or_encodes_it(tmp_path):
    text = CRYSTAL.to(fmt="cif")
    for name, raw in {
        "a.cif": gzip.compress(text.encode()),
        "b.cif.gz": text.encode(),
        "c.cif.bz2": bz2.compress(text.encode()),
        "d.cif": text.encode("utf-16"),
        "e.cif": text.encode("utf-8-sig"),
    }.items():
        (tmp_path / name).write_bytes(raw)
        assert read(str(tmp_path / name)).formula == "Cs1 Cl1", name
    for cut in (-1, -20, 40):
        (tmp_path / "f.cif.gz").write_bytes(gzip.compress(text.encode())[:cut])
        with pytest.raises(ValueError, match=r"f.cif.gz holds no structure that can be read"):
            read(str(tmp_path / "f.cif.gz"))


def test_json_holds_a_structure_several_or_an_entry(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps([CRYSTAL.as_dict(), CRYSTAL.as_dict()]))
    assert len(read_all(str(path))) == 2
    path.write_text(json.dumps({"entry_id": "a", "structure": CRYSTAL.as_dict()}))
    assert read(str(path)).formula == "Cs1 Cl1"
    for other in ("{}", "[1]", '{"sites": []}'):
        path.write_text(other)
        with pytest.raises(ValueError, match="no structure of pymatgen"):
            read(str(path))


def test_a_slab_is_no_crystal_unless_that_is_accepted(tmp_path):
    slab = Atoms("CsCl", cell=[4.12] * 3, scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], pbc=[True, True, False])
    write(tmp_path / "x.extxyz", slab)
    with pytest.raises(ValueError, match=r"does not repeat along c.*accept: \[periodicity\]"):
        read(str(tmp_path / "x.extxyz"))
    assert read(str(tmp_path / "x.extxyz"), ("periodicity",)).formula == "Cs1 Cl1"


def test_moments_that_a_calculation_ended_with_and_charges_tell_crystals_apart(tmp_path):
    atoms = Atoms("Ni2", cell=[3, 3, 4], scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], pbc=True)
    frames = []
    for moments in ([2, 2], [2, -2]):
        frame = atoms.copy()
        frame.calc = SinglePointCalculator(frame, energy=-1.0, magmoms=moments)
        frames.append(frame)
    for charges in ([1, 1], [2, 0]):
        frame = atoms.copy()
        frame.set_initial_charges(charges)
        frames.append(frame)
    write(tmp_path / "x.extxyz", frames)
    assert groups([crystal.as_dict() for crystal in read_all(str(tmp_path / "x.extxyz"))]) == [0, 1, 2, 3]
