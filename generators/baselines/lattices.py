"""This file is the cells of alloys: fcc, bcc and hcp lattices of any number of sites, and ordered cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eutectic.generators.structures.generated import Array, Index

LatticeName = Literal["fcc", "bcc", "hcp"]
OrderName = Literal["L1_2", "L1_0", "B2", "D0_3"]
SHAPES = 24
"""Supercells of one size that are drawn; the most compact of them is taken."""
SHELL = 1e-3
"""Distances that differ by less, relative to the nearest one, are of one shell."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """A lattice of alloys, one unit of length the distance of nearest neighbours."""

    vectors: Array
    """(3, 3) primitive lattice vectors as rows."""
    basis: Array
    """(b, 3) fractional coordinates of the primitive cell's sites."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """An ordered cell of two elements, primitive."""

    space_group: int
    vectors: Array
    """(3, 3) lattice vectors as rows, in any unit: the volume is scaled."""
    fractional: Array
    """(n, 3) fractional coordinates."""
    kinds: tuple[int, ...]
    """(n,) 0 or 1: which of the two elements stands on each site, 0 the more frequent one."""

    @property
    def counts(self) -> tuple[int, int]:
        """Sites of the two elements."""
        return self.kinds.count(0), self.kinds.count(1)


_FCC = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]) / np.sqrt(2.0)
"""Face-centred vectors: half the face diagonals of a cube of edge sqrt 2."""
_BCC = np.array([[-1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, -1.0]]) / np.sqrt(3.0)
"""Body-centred vectors: half the diagonals of a cube of edge 2 / sqrt 3."""
_HCP = np.array([[1.0, 0.0, 0.0], [-0.5, np.sqrt(0.75), 0.0], [0.0, 0.0, np.sqrt(8.0 / 3.0)]])
"""Hexagonal vectors of the ideal axial ratio, sqrt(8/3)."""
_CORNER = np.zeros((1, 3))
"""The one site of a primitive cubic lattice."""
_LAYERS = np.array([[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]])
"""The two sites of hcp: position 2c of space group 194 (International Tables, volume A)."""
LATTICES: Mapping[LatticeName, Lattice] = {
    "fcc": Lattice(_FCC, _CORNER),
    "bcc": Lattice(_BCC, _CORNER),
    "hcp": Lattice(_HCP, _LAYERS),
}
"""Of solid solutions."""
_FACES = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])
"""Face centres and corner of a cube: 3c and 1a of space group 221 (International Tables, volume A)."""
_CENTRED = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
"""Corner and centre: 1a and 1b of space group 221, 1a and 1d of 123 (International Tables, volume A)."""
_DIAGONAL = np.array([[0.25] * 3, [0.5] * 3, [0.75] * 3, [0.0] * 3])
"""In face-centred vectors: 8c, 4b and 4a of space group 225 (International Tables, volume A)."""
_TETRAGONAL = np.diag([1.0, 1.0, np.sqrt(2.0)])
"""Vectors of L1_0 whose atoms stand as those of a cubic fcc."""
ORDERS: Mapping[OrderName, Order] = {
    "L1_2": Order(221, np.eye(3), _FACES, (0, 0, 0, 1)),
    "L1_0": Order(123, _TETRAGONAL, _CENTRED, (0, 1)),
    "B2": Order(221, np.eye(3), _CENTRED, (0, 1)),
    "D0_3": Order(225, _FCC, _DIAGONAL, (0, 0, 0, 1)),
}
"""Ordered cells: those of Cu3Au, CuAu, CsCl and BiF3, by their Strukturbericht names."""


def supercell(lattice: Lattice, sites: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Lattice vectors (3, 3) and Cartesian positions (sites, 3) of a compact cell, nearest neighbours 1 apart.

    Of `SHAPES` Hermite normal forms, drawn by `rng`, the one whose shortest vector is longest (Hart and Forcade 2008,
    doi 10.1103/PhysRevB.77.224115, section II for the forms). sites: a multiple of the primitive cell's.
    """
    from pymatgen.core.lattice import Lattice as Vectors

    multiple = sites // len(lattice.basis)
    forms = {_hermite(multiple, rng) for _ in range(SHAPES if multiple > 1 else 1)}
    found: list[tuple[float, tuple[int, ...], Array]] = []
    for form in sorted(forms):
        a, b, c, d, e, f = form
        H = np.array([[a, 0, 0], [b, c, 0], [d, e, f]])
        cell = np.asarray(Vectors(H @ lattice.vectors).get_lll_reduced_lattice().matrix)
        found.append((round(float(np.linalg.norm(cell, axis=1).min()), 6), form, cell))
    _, best, cell = max(found, key=lambda entry: entry[:2])
    return cell, _sites(lattice, best)


def _hermite(multiple: int, rng: np.random.Generator) -> tuple[int, int, int, int, int, int]:
    """One matrix in Hermite normal form of this determinant: a; b, c; d, e, f by rows."""
    divisors = [n for n in range(1, multiple + 1) if multiple % n == 0]
    a = int(rng.choice(divisors))
    c = int(rng.choice([n for n in divisors if (multiple // a) % n == 0]))
    f = multiple // (a * c)
    return a, int(rng.integers(a)), c, int(rng.integers(a)), int(rng.integers(c)), f


def _sites(lattice: Lattice, form: tuple[int, ...]) -> Array:
    """Cartesian positions of every site of the supercell of a form, not wrapped into it."""
    a, _, c, _, _, f = form  # the lower triangle does not change which corners stand for all classes
    corners = np.stack(np.meshgrid(*map(np.arange, (a, c, f)), indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions: Array = (corners + lattice.basis).reshape(-1, 3) @ lattice.vectors
    return positions


def shells(cell: Array, positions: Array, number: int) -> tuple[Index, Index, Index]:
    """Neighbours in the first shells, periodic: site, its neighbour, shell from 0, each (p,), both directions."""
    from pymatgen.core import Structure

    crystal = Structure(cell, ["H"] * len(positions), positions, coords_are_cartesian=True)
    reach = 1.0 + 0.5 * number
    first, second, _, distance = crystal.get_neighbor_list(reach)
    order = np.argsort(distance, kind="stable")
    shell = np.empty(len(order), dtype=np.int64)
    shell[order] = np.concatenate([[0], np.cumsum(np.diff(distance[order]) > SHELL)])
    near = shell < number
    return first[near].astype(np.int64), second[near].astype(np.int64), shell[near]
