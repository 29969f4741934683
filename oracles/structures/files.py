"""This file is crystal structures read from files with care: what would be misread is refused, by file and reason.

CIF, POSCAR, pymatgen's JSON and what else pymatgen reads, extended XYZ through ASE, gzipped or not. Of a file that
holds several structures one is named by its place: `many.extxyz@0` is the first.
"""

import re
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.oracles.structures import cif_files
from eutectic.oracles.structures.cif_files import Doubt, DoubtKind

if TYPE_CHECKING:
    from pymatgen.core import Structure

PLACE = re.compile(r"^(?P<path>.+)@(?P<place>\d+)$")
THROUGH_ASE = (".extxyz", ".xyz", ".traj")
"""Endings of files that ASE reads."""
NEAREST_OVER_RADII = 0.6
"""Atoms nearer than so much of the sum of their covalent radii are upon each other (H2: 1.2, N2: 0.77)."""
NEAREST_ANGSTROM = 0.5
"""Nearest that two atoms may be, whatever their radii, angstrom; the bond of H2, the shortest there is, has 0.74."""
LONGEST_ANGSTROM = 2000.0
"""Edge of a cell."""
FARTHEST_CELLS = 3.0
"""How far outside its cell an atom may stay."""
DENSITY_G_PER_CM3 = (0.02, 45.0)
"""Between aerogels and iridium in the Earth's core."""
IN_A_BOX: tuple[DoubtKind, ...] = ("density",)
"""What is put aside of a file that may hold a molecule in a large cell."""


def read(path: str, accept: Collection[DoubtKind] = ()) -> "Structure":
    """The structure in a file, or the one at a place of it (`FILE@0`); ValueError says what is wrong with the file.

    `accept` puts kinds of doubt aside.
    """
    at = PLACE.match(path)
    file = at["path"] if at and not Path(path).exists() else path
    structures = read_all(file, accept, int(at["place"]) if at and file != path else None)
    if len(structures) > 1:
        last = len(structures) - 1
        raise ValueError(f"{file} holds {len(structures)} structures: name one, as {Path(file).name}@0 (up to @{last})")
    return structures[0]


def read_all(path: str, accept: Collection[DoubtKind] = (), place: int | None = None) -> "list[Structure]":
    """All structures in a file, or the one at `place` alone; ValueError as `read`."""
    if not Path(path).is_file():
        raise ValueError(f"no such file: {path}")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            held = _held(path)
    except ModuleNotFoundError as error:  # of a reader that is not installed, which is how pymatgen asks for it
        raise ValueError(f"{path} holds no structure: its format is not known") from error
    except Exception as error:  # each format's reader raises what it likes
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ValueError(f"{path} holds no structure that can be read: {reason}") from error
    if not held:
        raise ValueError(f"{path} holds no structure")
    for text in (str(warning.message) for warning in caught):
        if "cannot be determined" in text or "false names" in text:
            raise ValueError(f"{path} has no element names: write them on a line of their own above the counts")
        if "Not all sites have property" in text:
            raise ValueError(f"{path}: {text.partition('.')[0].lower()}")
    if place is not None:
        if place >= len(held):
            raise ValueError(f"{path} holds {len(held)} structures, the last is @{len(held) - 1}")
        held = held[place : place + 1]
    for structure, doubts in held:
        try:
            every = [*doubts, *_of_crystal(structure)]
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        for doubt in every:
            if doubt.kind not in accept:
                raise ValueError(f"{path}: {doubt.text}; if it is as it should be, accept: [{doubt.kind}]")
    return [structure for structure, _ in held]


def _held(path: str) -> "list[tuple[Structure, list[Doubt]]]":
    from monty.io import zopen
    from pymatgen.core import Structure

    name = Path(path).name.lower().removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz")
    if name.endswith((".cif", ".mcif")):
        with zopen(path, mode="rt", encoding="utf-8", errors="replace") as file:
            return cif_files.read(str(file.read()))
    if name.endswith(THROUGH_ASE):
        return [(structure, []) for structure in _through_ase(path)]
    return [(Structure.from_file(path), [])]


def _through_ase(path: str) -> "Iterator[Structure]":
    from ase.io import read as ase_read
    from pymatgen.io.ase import AseAtomsAdaptor

    frames: Any = ase_read(path, index=":")
    for atoms in frames:
        if not atoms.cell.rank == 3:
            raise ValueError("it has no cell: a molecule, not a crystal")
        atoms.pbc = True
        yield AseAtomsAdaptor.get_structure(atoms)


def _of_crystal(structure: "Structure") -> Iterator[Doubt]:
    """What cannot be of any crystal, however it was written; ValueError where there is no crystal."""
    from pymatgen.core import DummySpecies

    numbers = [*structure.lattice.matrix.ravel(), *structure.frac_coords.ravel()]
    if not np.all(np.isfinite(numbers)):
        raise ValueError("its cell or a coordinate is no finite number")
    if not structure.volume > 1e-3 * len(structure):
        raise ValueError(f"its cell is none: a volume of {structure.volume:g} angstrom^3 for {len(structure)} atoms")
    edges = np.linalg.norm(structure.lattice.matrix, axis=1)
    apart = 1.0 / np.linalg.norm(structure.lattice.inv_matrix, axis=0)  # of the planes of the lattice
    if edges.max() > LONGEST_ANGSTROM or apart.min() < NEAREST_ANGSTROM:
        listed = ", ".join(f"{x:.4g}" for x in edges)
        raise ValueError(f"its cell is none: edges of {listed} angstrom, planes {apart.min():.2g} angstrom apart")
    strange = [str(element) for element in structure.composition.elements if isinstance(element, DummySpecies)]
    if strange:
        raise ValueError(f"its atom {strange[0].rstrip('0+-')!r} is no element")
    if np.abs(structure.frac_coords).max() > FARTHEST_CELLS:  # a trajectory, say; neighbours are searched for in boxes
        for site in structure:
            site.to_unit_cell(in_place=True)
    low, high = DENSITY_G_PER_CM3
    if not low <= structure.density <= high:
        yield Doubt("density", f"its density is {structure.density:.3g} g/cm3")
    elif structure.is_ordered and (pair := _upon_each_other(structure)):
        yield Doubt("distances", pair)


def _upon_each_other(structure: "Structure") -> str:
    """The two atoms that are nearer than any are, as a sentence; empty when there are none."""
    from ase.data import atomic_numbers, covalent_radii

    radii = np.array([covalent_radii[atomic_numbers[site.specie.symbol]] for site in structure])
    first, second, _, distance = structure.get_neighbor_list(max(NEAREST_ANGSTROM, 1.2 * float(radii.max())))
    limit = np.maximum(NEAREST_ANGSTROM, NEAREST_OVER_RADII * (radii[first] + radii[second]))
    close = distance < limit
    if not close.any():
        return ""
    worst = int(np.argmin(np.where(close, distance / limit, np.inf)))
    one, other = sorted(structure[int(i)].specie.symbol for i in (first[worst], second[worst]))
    return f"{one} and {other} are {distance[worst]:.2f} angstrom apart"
