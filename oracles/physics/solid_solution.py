"""This file is random solid solutions: ideal crystals, and exact compositions laid on their sites at random."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Types = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sites:
    """An ideal crystal in a rectangular periodic cell; all lengths in units of the lattice constant."""

    cell: Array
    """(3, 3) rows are the cell's vectors."""
    positions: Array
    """(n, 3)."""
    layer: Types
    """(n,) index of the (111) plane from below; zeros for a bulk cell."""

    @property
    def count(self) -> int:
        """Number of sites."""
        return len(self.positions)


def fcc(cells: int) -> Sites:
    """cells^3 cubic cells of 4 sites."""
    return _cubic(cells, [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])


def bcc(cells: int) -> Sites:
    """cells^3 cubic cells of 2 sites."""
    return _cubic(cells, [[0, 0, 0], [0.5, 0.5, 0.5]])


def _cubic(cells: int, basis: list[list[float]]) -> Sites:
    corners = np.stack(np.meshgrid(*[np.arange(cells)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = (corners + np.array(basis, dtype=float)).reshape(-1, 3)
    return Sites(np.eye(3) * cells, positions, np.zeros(len(positions), dtype=np.int64))


TRACE = 1e-6
"""An atomic fraction below this is none: rounding of sums."""
MOST_CELLS = 40
"""Cells along an edge up to which one is looked for that holds a composition."""
PARTIAL = 1 / np.sqrt(6.0)
"""Length of the Shockley partial a/6 <112>, in units of the lattice constant."""
SPACING = 1 / np.sqrt(3.0)
"""Distance of neighbouring (111) planes, in units of the lattice constant."""


def slab(along: int, across: int, layers: int) -> Sites:
    """(111) planes stacked along z in fcc order; x is [1-10], y is [11-2], the direction of the easy partial.

    A plane holds along * across rectangles (a/sqrt 2 by a sqrt 6 / 2) of 2 sites; `layers` is a multiple of 3.
    A shift of the upper half by +PARTIAL along y leads to the intrinsic fault, by -PARTIAL atop the lower atoms.
    """
    assert layers % 3 == 0
    width, height = 1 / np.sqrt(2.0), np.sqrt(1.5)
    i, j = (index.ravel() for index in np.meshgrid(np.arange(along), np.arange(across), indexing="ij"))
    corner = np.stack([i * width, j * height], axis=1)
    plane = np.concatenate([corner, corner + np.array([width / 2, height / 2])])
    planes = []
    for layer in range(layers):
        shifted = plane + np.array([0.0, (layer % 3) * PARTIAL])
        planes.append(np.column_stack([shifted, np.full(len(plane), layer * SPACING)]))
    cell = np.diag([along * width, across * height, layers * SPACING])
    return Sites(cell, np.concatenate(planes), np.repeat(np.arange(layers), len(plane)))


def counts(fractions: Array, sites: int) -> Types:
    """Atoms of each element (k,) that sum to `sites`, by largest remainder (ties to the earlier element)."""
    exact = np.asarray(fractions, dtype=float) * sites / float(np.sum(fractions))
    whole = np.floor(exact + 1e-9).astype(np.int64)
    missing = sites - int(whole.sum())
    order = np.argsort(-np.round(exact - whole, 9), kind="stable")
    whole[order[:missing]] += 1
    return whole


def unheld(elements: Sequence[str], fractions: Array, of: Callable[[int], int], cells: int, tolerance: float) -> str:
    """Why `cells` cells along each edge, of `of(cells)` sites, cannot hold these fractions (k,); empty when they can.

    An element that is there must have an atom, and no fraction may be farther than the tolerance (0..1) from the one
    asked. The sentence names the fewest cells that hold them.
    """
    number, wrong = of(cells), _misses(fractions, of(cells), tolerance)
    if wrong is None:
        return ""
    became = counts(fractions, number)[wrong] / number
    enough = next((n for n in range(cells + 1, MOST_CELLS) if _misses(fractions, of(n), tolerance) is None), None)
    cure = (
        f"cells: {enough} ({of(enough)} sites) holds it"
        if enough
        else "no cell of a size that can be computed holds it"
    )
    return (
        f"{elements[wrong]} of {fractions[wrong]:.4g} becomes {became:.4g} in {number} sites (cells: {cells}, "
        f"composition_tolerance: {tolerance:g}); {cure}"
    )


def _misses(fractions: Array, sites: int, tolerance: float) -> int | None:
    """The element (its place) that so many sites hold worst, if they do not hold it."""
    realised = counts(fractions, sites)
    away = np.abs(realised / sites - fractions) + np.where((realised == 0) & (fractions > TRACE), 1.0, 0.0)
    worst = int(np.argmax(away))
    return worst if away[worst] > tolerance else None


def decorate(fractions: Array, sites: int, rng: np.random.Generator) -> Types:
    """Types (sites,) 1..k in random order, in the proportions (k,) given."""
    return rng.permutation(np.repeat(np.arange(1, len(fractions) + 1), counts(fractions, sites)))
