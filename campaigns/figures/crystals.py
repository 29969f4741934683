"""This file is a crystal as a picture: where the lines of its cell and its atoms lie on the page."""

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eutectic.campaigns.record.outcomes import Outcome

if TYPE_CHECKING:
    from pymatgen.core import Structure

Array = NDArray[np.float64]
SIZE = 220.0
"""Width and height of a picture, pixels."""
MARGIN = 18.0
"""Around the cell, pixels."""
TURNS_DEGREES = (-75.0, 12.0)
"""About the first axis of the page, then about the vertical: the third lattice vector points up, nearly."""
FACE = 0.02
"""Atoms so near a face of the cell, in fractions of it, are drawn on the opposite one, too."""
RADIUS = 0.45
"""Radius of a drawn atom over its covalent one, so that those behind are seen."""


RELAXED = "relaxed.cif"
"""What an evaluation's artifact with the relaxed structure is called."""
LEGEND = 18.0
"""Height of the line of elements below, pixels."""


@dataclass(frozen=True, slots=True)
class Line:
    """An edge of the cell, pixels from the upper left."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Ball:
    """An atom, pixels from the upper left."""

    x: float
    y: float
    radius: float
    fill: str
    """Colour of the element, `#ff0d0d`."""


@dataclass(frozen=True, slots=True)
class Word:
    """An element's symbol in the legend."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A cell with its atoms, those on faces and corners repeated, the nearest last; the elements below."""

    lines: tuple[Line, ...]
    balls: tuple[Ball, ...]
    words: tuple[Word, ...]
    width: float = SIZE
    height: float = SIZE + LEGEND


def relaxed_of(outcome: Outcome) -> "tuple[Structure, Structure | None]":
    """A candidate's structure as proposed, and as the last evaluation that tells one has relaxed it."""
    from pymatgen.core import Structure

    assert outcome.structure is not None
    texts = [e.artifacts[RELAXED] for e in outcome.evaluations if RELAXED in e.artifacts]
    relaxed = Structure.from_str(texts[-1], fmt="cif") if texts else None
    return Structure.from_dict(dict(outcome.structure)), relaxed


def drawn(structure: "Structure") -> Drawing:
    """The picture of a crystal."""
    from ase.data import covalent_radii
    from ase.data.colors import jmol_colors

    numbers, places = _repeated(structure)
    view = _view()
    corners = np.array(list(product((0.0, 1.0), repeat=3)))
    matrix = np.asarray(structure.lattice.matrix)
    frame, atoms = corners @ matrix @ view, places @ matrix @ view
    low, high = frame[:, :2].min(0), frame[:, :2].max(0)
    scale = (SIZE - 2 * MARGIN) / float((high - low).max())

    def on_page(points: Array) -> Array:
        flat = (points[:, :2] - (low + high) / 2) * scale
        return np.asarray(np.round(flat * (1, -1) + SIZE / 2, 1))

    lines, spots = on_page(frame), on_page(atoms)
    edges = [(a, b) for a in range(8) for b in range(a) if np.abs(corners[a] - corners[b]).sum() == 1]
    radii = np.round(RADIUS * covalent_radii[numbers] * scale, 1)
    balls = [
        Ball(float(spots[i, 0]), float(spots[i, 1]), float(radii[i]), _hex(jmol_colors[numbers[i]]))
        for i in np.argsort(atoms[:, 2])
    ]
    below, words = _legend(structure)
    cell = tuple(Line(*lines[a].tolist(), *lines[b].tolist()) for a, b in edges)
    return Drawing(cell, (*balls, *below), words)


def _hex(color: Array) -> str:
    return "#" + "".join(f"{round(255 * float(c)):02x}" for c in color)


def _view() -> Array:
    """(3, 3) from crystal axes to the page: right, up, towards the reader."""
    tilt, turn = np.radians(TURNS_DEGREES)
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return np.asarray((about_y @ about_x).T)


def _repeated(structure: "Structure") -> tuple[list[int], Array]:
    """Atomic number and fractional coordinates (n, 3) of every atom drawn."""
    numbers, places = [], []
    for site in structure:
        inside = np.asarray(site.frac_coords) % 1.0
        inside = np.where(inside > 1.0 - FACE, inside - 1.0, inside)
        shifts = [(0.0, 1.0) if x < FACE else (0.0,) for x in inside]
        for shift in product(*shifts):
            numbers.append(max(int(element.Z) for element in site.species.elements))
            places.append(inside + np.array(shift))
    return numbers, np.array(places)


def _legend(structure: "Structure") -> tuple[tuple[Ball, ...], tuple[Word, ...]]:
    from ase.data import atomic_numbers
    from ase.data.colors import jmol_colors

    symbols = sorted({str(e.symbol) for e in structure.composition.elements})
    places = [(MARGIN + 46.0 * k, SIZE + 8.0, symbol) for k, symbol in enumerate(symbols)]
    balls = tuple(Ball(x, y, 6.0, _hex(jmol_colors[atomic_numbers[symbol]])) for x, y, symbol in places)
    return balls, tuple(Word(x + 10, y + 4, symbol) for x, y, symbol in places)
