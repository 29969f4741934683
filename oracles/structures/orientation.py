"""This file is the axes in which a crystal's tensors are stated: those of the IEEE standard, however its file lies.

IEEE Standard on Piezoelectricity 1987, doi 10.1109/IEEESTD.1988.79638, section 3: x3 and x1 along c and a of the
conventional cell where it is cubic, tetragonal, hexagonal or trigonal (then a is along a two-fold axis where there is
one), x3, x1, x2 along the edges c < a < b of an orthorhombic cell, x2 along the unique axis b and x3 along c of a
monoclinic one (c < a the shortest translations across b, beta obtuse), x3 along c and x2 across c and a of the reduced
triclinic cell (c < a < b).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pymatgen.core import Structure

Array = npt.NDArray[np.float64]
SYMPREC_ANGSTROM = 0.01
"""How far atoms may be from where a symmetry has them."""
EQUAL = {
    "": ((1, 1, 1),),
    "tetragonal": ((1, 1, 1), (1, -1, -1)),
    "trigonalR": ((1, 1, 1), (1, -1, -1)),
    "trigonalP": ((1, 1, 1), (1, -1, -1), (-1, -1, 1), (-1, 1, -1)),
}
"""Crystal system (and centring) -> signs of the axes between which the lattice does not decide."""


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """How a crystal lies."""

    system: str
    """`cubic`, `hexagonal`, `trigonal`, `tetragonal`, `orthorhombic`, `monoclinic` or `triclinic`."""
    rotation: Array
    """(3, 3) whose rows are the standard axes in the coordinates of the structure: v' = rotation @ v."""
    operations: Array
    """(r, 3, 3) rotations, proper and improper, of its point group in the standard axes."""
    equal: Array
    """(k, 3, 3) rotations of these axes to others that the lattice cannot tell from them; a tensor's signs decide."""


def axes(structure: "Structure") -> Axes:
    """The standard axes of a structure; ValueError when spglib finds no symmetry, not even the identity."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer
    from spglib import get_symmetry_from_database

    analyzer = SpacegroupAnalyzer(structure, symprec=SYMPREC_ANGSTROM)
    data = analyzer.get_symmetry_dataset()
    if data is None:
        raise ValueError("no symmetry can be determined: two atoms are on one site, or the cell is degenerate")
    lattice = np.asarray(structure.lattice.matrix, dtype=float)
    # Columns of an input lattice are (a b c); the standardized ones are (a b c) P^-1 (spglib).
    cell = np.linalg.solve(np.asarray(data.transformation_matrix, dtype=float).T, lattice)
    system = str(analyzer.get_crystal_system())
    if data.international[0] == "R" and not _translates((2 * cell[0] + cell[1] + cell[2]) / 3, lattice, data):
        cell[:2] *= -1.0  # to the obverse setting, which is the standard one
    # Of the group, not of the cell that was given: a supercell need not have all of them.
    known: Any = get_symmetry_from_database(data.hall_number)
    listed = np.unique(known["rotations"], axis=0)
    own = np.array([cell.T @ turn @ np.linalg.inv(cell.T) for turn in listed])
    rotation = _standard(system, cell, own)
    equal = EQUAL.get(system + data.international[0], EQUAL.get(system, EQUAL[""]))
    return Axes(
        system, rotation, rotation @ own @ rotation.T, np.array([np.diag(signs) for signs in equal], dtype=float)
    )


def _translates(vector: Array, lattice: Array, data: Any) -> bool:
    """Does the crystal come to lie on itself when it is shifted by this vector?"""
    shift = vector @ np.linalg.inv(lattice)
    pure = [t for r, t in zip(data.rotations, data.translations, strict=True) if np.array_equal(r, np.eye(3))]
    return any(bool(np.abs(shift - t - np.round(shift - t)).max() < 0.02) for t in pure)


def _standard(system: str, cell: Array, operations: Array) -> Array:
    """Rows: the standard axes of a conventional cell (3, 3), rows a, b, c."""
    lengths = np.linalg.norm(cell, axis=1)
    if system == "orthorhombic":
        c, a, _ = cell[np.argsort(lengths, kind="stable")]
        return _frame(z=c, x=a)
    if system == "monoclinic":
        return _monoclinic(cell)
    if system == "triclinic":
        return _triclinic(cell)
    if system == "trigonal":
        folds = [axis for axis in map(_two_fold, operations) if axis is not None]
        across = [axis for axis in folds if abs(axis @ cell[2]) < 1e-3 * lengths[2]]
        if across:
            nearest = max(across, key=lambda axis: abs(axis @ cell[0]))
            return _frame(z=cell[2], x=nearest * np.sign(nearest @ cell[0]))
    return _frame(z=cell[2], x=cell[0])


def _frame(z: Array, x: Array) -> Array:
    """Right-handed axes with x3 along z and x1 as near x as can be."""
    third = z / np.linalg.norm(z)
    first = x - (x @ third) * third
    first = first / np.linalg.norm(first)
    return np.stack([first, np.cross(third, first), third])


def _monoclinic(cell: Array) -> Array:
    """x2 along b; x3 along the shortest translation across it, x1 on the side of the next one."""
    a, b, c = cell
    for _ in range(64):  # Gauss' reduction of the plane's lattice
        if a @ a < c @ c:
            a, c = c, a
        shift = round(float(a @ c) / float(c @ c))
        if not shift:
            break
        a = a - shift * c
    a = -a if a @ c > 0 else a
    third, second = c / np.linalg.norm(c), b / np.linalg.norm(b)
    first = np.cross(second, third)
    return np.stack([first, second, third] if first @ a > 0 else [-first, -second, third])


def _triclinic(cell: Array) -> Array:
    """x3 along the shortest edge of the right-handed reduced cell, x2 across it and the next one."""
    from pymatgen.core import Lattice

    rows = np.asarray(Lattice(cell).get_niggli_reduced_lattice().matrix, dtype=float)
    c, a, _ = rows[np.argsort(np.linalg.norm(rows, axis=1), kind="stable")] * np.sign(np.linalg.det(rows))
    return _frame(z=c, x=a)


def _two_fold(operation: Array) -> Array | None:
    """The axis of a two-fold rotation, or the normal of a mirror; None for any other operation."""
    proper = operation * np.sign(np.linalg.det(operation))
    if abs(np.trace(proper) + 1.0) > 1e-3:
        return None
    values, vectors = np.linalg.eigh((proper + proper.T) / 2.0)
    return np.asarray(vectors[:, int(np.argmax(values))])
