"""This file is a crystal as a picture: its cell and atoms as SVG, drawn here, with nothing to be loaded."""

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eutectic.campaigns.figures.palette import INK, MUTED

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


def svg(structure: "Structure") -> str:
    """The cell with its atoms, those on faces and corners repeated; a legend of the elements below."""
    from ase.data import covalent_radii
    from ase.data.colors import jmol_colors

    numbers, places = _drawn(structure)
    view = _view()
    corners = np.array(list(product((0.0, 1.0), repeat=3)))
    matrix = np.asarray(structure.lattice.matrix)
    frame, atoms = corners @ matrix @ view, places @ matrix @ view
    low, high = frame[:, :2].min(0), frame[:, :2].max(0)
    scale = (SIZE - 2 * MARGIN) / float((high - low).max())

    def on_page(points: Array) -> Array:
        flat = (points[:, :2] - (low + high) / 2) * scale
        return np.asarray(flat * (1, -1) + SIZE / 2)

    lines, spots = on_page(frame), on_page(atoms)
    edges = [(a, b) for a in range(8) for b in range(a) if np.abs(corners[a] - corners[b]).sum() == 1]
    parts = [
        f'<line x1="{lines[a, 0]:.1f}" y1="{lines[a, 1]:.1f}" x2="{lines[b, 0]:.1f}" y2="{lines[b, 1]:.1f}" '
        f'stroke="{MUTED}" stroke-width="1"/>'
        for a, b in edges
    ]
    for i in np.argsort(atoms[:, 2]):
        radius = RADIUS * covalent_radii[numbers[i]] * scale
        parts.append(_ball(spots[i, 0], spots[i, 1], radius, jmol_colors[numbers[i]]))
    parts += _legend(structure)
    height = SIZE + 18
    return f'<svg viewBox="0 0 {SIZE:g} {height:g}" width="{SIZE:g}" role="img">{"".join(parts)}</svg>'


def _ball(x: float, y: float, radius: float, color: Array) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{_hex(color)}" stroke="{INK}" stroke-width="0.7"/>'
    )


def _hex(color: Array) -> str:
    return "#" + "".join(f"{round(255 * float(c)):02x}" for c in color)


def _view() -> Array:
    """(3, 3) from crystal axes to the page: right, up, towards the reader."""
    tilt, turn = np.radians(TURNS_DEGREES)
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return np.asarray((about_y @ about_x).T)


def _drawn(structure: "Structure") -> tuple[list[int], Array]:
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


def _legend(structure: "Structure") -> list[str]:
    from ase.data import atomic_numbers
    from ase.data.colors import jmol_colors

    parts = []
    for k, element in enumerate(sorted({str(e.symbol) for e in structure.composition.elements})):
        x, y = MARGIN + 46.0 * k, SIZE + 8.0
        parts.append(_ball(x, y, 6.0, jmol_colors[atomic_numbers[element]]))
        parts.append(f'<text x="{x + 10:.0f}" y="{y + 4:.0f}" font-size="12" fill="{INK}">{element}</text>')
    return parts
