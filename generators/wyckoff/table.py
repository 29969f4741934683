"""This file is the Wyckoff positions of the 230 space groups, as operations in the setting that genes are written in.

International Tables A (2016), standard settings (hexagonal axes for R, origin choice 2 where there are two, unique axis
b), as kept by PyXtal (Fredericks et al. 2021, doi 10.1016/j.cpc.2020.107810); made by benchmarks/wyckoff_table.py.
Operations that differ by a centring translation are kept once, so there is one an atom of the primitive cell.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

ENGINE = "wyckoff"
"""What checkpoints of these networks are of."""
GROUPS = 230
"""Space groups."""
ELEMENTS = 104
"""Atomic numbers 0 (none) to 103."""
LETTERS = "abcdefghijklmnopqrstuvwxyzA"
MOST_LETTERS = len(LETTERS)
TWENTY_FOURTHS = 24.0
"""Translations are kept as whole numbers of 1/24."""
PRIMITIVE: dict[str, Array] = {
    "P": np.eye(3),
    "A": np.array([[1, 0, 0], [0, 0.5, -0.5], [0, 0.5, 0.5]]),
    "C": np.array([[0.5, 0.5, 0], [-0.5, 0.5, 0], [0, 0, 1]]),
    "I": np.array([[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]]),
    "F": np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]),
    "R": np.array([[2, 1, 1], [-1, 1, 1], [-1, -2, 1]]) / 3,
}
"""Centring -> rows are a primitive basis in units of the conventional one."""
SYSTEMS = (2, 15, 74, 142, 194, 230)
"""Last group of each family of cells: triclinic, monoclinic, orthorhombic, tetragonal, hexagonal, cubic."""


@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """A Wyckoff position: its atoms in the primitive cell are `rotations @ (x, y, z) + shifts`, modulo the lattice."""

    row: int
    """Place in the table of 1,731."""
    group: int
    letter: str
    multiplicity: int
    """Atoms in the conventional cell."""
    rotations: Array
    """(m, 3, 3) with m atoms in the primitive cell; columns of coordinates that are not free are 0."""
    shifts: Array
    """(m, 3), in fractions of the conventional cell."""
    free: tuple[int, ...]
    """Which of x, y, z are free, those of the first operation."""
    pivots: tuple[int, ...]
    """Component of the first operation that gives each free coordinate back."""
    site_symmetry: str

    @property
    def atoms(self) -> int:
        """Atoms in the primitive cell."""
        return len(self.rotations)

    def coordinates(self, parameters: Array) -> Array:
        """(m, 3) in the conventional cell, from the free coordinates (f,)."""
        full = np.zeros(3)
        full[list(self.free)] = parameters
        return np.asarray(self.rotations @ full + self.shifts)

    def parameters(self, points: Array, tolerance: float) -> Array:
        """Free coordinates (k, f) of those of the points (n, 3) that the first operation reaches within `tolerance`."""
        first, shift = self.rotations[0], self.shifts[0]
        values = np.zeros((len(points), 3))
        for variable, pivot in zip(self.free, self.pivots, strict=True):
            values[:, variable] = (points[:, pivot] - shift[pivot]) * first[pivot, variable]
        error = values @ first.T + shift - points
        error -= np.rint(error)
        fits = np.abs(error).max(axis=1) < tolerance
        return np.asarray(values[fits][:, list(self.free)])


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All positions."""

    positions: tuple[Position, ...]
    starts: tuple[int, ...]
    """Of group g the positions `starts[g - 1]` to `starts[g]`."""
    hall: tuple[int, ...]
    """Hall number of each group's setting, as spglib counts."""
    centring: tuple[str, ...]
    cosets: tuple[tuple[tuple[Array, Array], ...], ...]
    """Of each group the rotations and shifts that carry a crystal over into an equal description of it."""
    polar: tuple[tuple[bool, bool, bool], ...]
    """Of each group the axes along which the origin is free."""

    def of(self, group: int) -> tuple[Position, ...]:
        """Positions of a group, by letter; ValueError outside 1 to 230."""
        if not 1 <= group <= GROUPS:
            raise ValueError(f"space group {group} is not one of 1 to {GROUPS}")
        return self.positions[self.starts[group - 1] : self.starts[group]]


@functools.cache
def table() -> Table:
    """The table, read once."""
    with np.load(Path(__file__).with_name("positions.npz"), allow_pickle=False) as file:
        kept = {name: file[name] for name in file.files}
    rotations = kept["rotations"].astype(float)
    shifts = kept["shifts"] / TWENTY_FOURTHS
    positions = []
    for row, (start, stop) in enumerate(zip(kept["starts"][:-1], kept["starts"][1:], strict=True)):
        free, pivots = _free(rotations[start])
        assert len(free) == kept["freedom"][row]
        positions.append(
            Position(
                row=row,
                group=int(kept["group"][row]),
                letter=LETTERS[kept["letter"][row]],
                multiplicity=int(kept["multiplicity"][row]),
                rotations=rotations[start:stop],
                shifts=shifts[start:stop],
                free=free,
                pivots=pivots,
                site_symmetry=str(kept["symbols"][kept["site_symmetry"][row]]),
            )
        )
    starts = tuple(int(k) for k in np.searchsorted(kept["group"], np.arange(1, GROUPS + 2)))
    return Table(
        positions=tuple(positions),
        starts=starts,
        hall=tuple(int(k) for k in kept["hall"]),
        centring=tuple(str(k) for k in kept["centring"]),
        cosets=tuple(
            tuple((kept["cosets"][k].astype(float), kept["coset_shifts"][k] / TWENTY_FOURTHS) for k in range(a, b))
            for a, b in zip(kept["coset_starts"][:-1], kept["coset_starts"][1:], strict=True)
        ),
        polar=tuple(_polar(positions[stop - 1]) for stop in starts[1:]),
    )


def _free(first: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Free coordinates of an operation, and the components in which each stands alone with a factor of 1 or -1."""
    free = tuple(int(k) for k in np.flatnonzero(np.abs(first).any(axis=0)))
    pivots = []
    for variable in free:
        others = [k for k in free if k != variable]
        alone = [row for row in range(3) if abs(first[row, variable]) == 1 and not first[row, others].any()]
        pivots.append(alone[0])
    return free, tuple(pivots)


def _polar(general: Position) -> tuple[bool, bool, bool]:
    """Axes that no operation of the general position changes."""
    unchanged = [bool(np.all(general.rotations[:, :, k] == np.eye(3)[k])) for k in range(3)]
    return unchanged[0], unchanged[1], unchanged[2]


def family(group: int) -> int:
    """Place in SYSTEMS: 0 triclinic to 5 cubic."""
    return int(np.searchsorted(SYSTEMS, group))


def centring_of(group: int) -> str:
    """Letter of a group's centring."""
    return table().centring[group - 1]
