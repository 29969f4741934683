"""This file is plane nets that are kept while everything else is drawn, and the check that they are there.

After SCIGEN (Okabe et al. 2025, doi 10.1038/s41563-025-02355-y): at each step the constrained part is replaced by what
it would be at that time on its way from noise, so that the rest grows around it.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eutectic.generators.structures.conditions import Motif, MotifKind

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Net:
    """A plane net: its cell in units of the distance of neighbours, and its sites."""

    edge: float
    """Both edges of the cell over the distance of neighbours."""
    gamma_deg: float
    sites: tuple[tuple[float, float], ...]
    neighbours: tuple[int, ...]
    """How many neighbours the sites have."""


NETS: dict[MotifKind, Net] = {
    "triangular": Net(1.0, 120.0, ((0.0, 0.0),), (6,)),
    "honeycomb": Net(math.sqrt(3), 120.0, ((1 / 3, 2 / 3), (2 / 3, 1 / 3)), (3, 3)),
    "kagome": Net(2.0, 120.0, ((0.5, 0.0), (0.0, 0.5), (0.5, 0.5)), (4, 4, 4)),
    "square": Net(1.0, 90.0, ((0.0, 0.0),), (4,)),
    "lieb": Net(2.0, 90.0, ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5)), (4, 2, 2)),
}
"""The nets of SCIGEN that have one or two kinds of sites, by their geometry."""
TOLERANCE = 0.02
"""By which a distance may differ from the net's, relative; ours, twice the rounding of CIF files with two digits."""


def sites(motif: Motif) -> Array:
    """(m, 3) fractional coordinates, in the plane of the first two vectors."""
    return np.array([(x, y, 0.0) for x, y in NETS[motif.kind].sites])


def cell(motif: Motif, spacing: float, height: float) -> Array:
    """(3, 3) rows in angstrom: the net's cell, and the third vector upright with that height."""
    net = NETS[motif.kind]
    a, gamma = net.edge * spacing, math.radians(net.gamma_deg)
    return np.array([[a, 0, 0], [a * math.cos(gamma), a * math.sin(gamma), 0], [0, 0, height]])


def holds(motif: Motif, lattice: Array, fractional: Array, numbers: Index) -> str:
    """Is the net among the atoms of one element? "" if so, otherwise what is nearest to it. Measures, assumes no order.

    Of any plane of equal atoms parallel to the first two vectors: the least distance, and how many are at it.
    """
    net = NETS[motif.kind]
    nearest = "no element has so many atoms in a plane"
    for element in np.unique(numbers):
        inside = fractional[numbers == element]
        for height in np.unique(np.round(inside[:, 2], 6)):
            plane = inside[np.abs(inside[:, 2] - height - np.rint(inside[:, 2] - height)) < 1e-3]
            if len(plane) != len(net.sites):
                continue
            said = _counted(net, lattice, plane, motif.spacing_angstrom)
            if not said:
                return ""
            nearest = said
    return nearest


def _counted(net: Net, lattice: Array, plane: Array, spacing: float | None) -> str:
    """What is wrong with a plane's neighbours."""
    images = np.array([(i, j, 0.0) for i in (-2, -1, 0, 1, 2) for j in (-2, -1, 0, 1, 2)])
    vectors = (plane[None, :, None] - plane[:, None, None] + images) @ lattice
    distances = np.linalg.norm(vectors, axis=-1).reshape(len(plane), -1)
    distances[distances < 1e-6] = np.inf
    least = float(distances.min())
    if spacing is not None and abs(least / spacing - 1) > TOLERANCE:
        return f"neighbours are {least:.3f} angstrom apart instead of {spacing:g}"
    counts = tuple(sorted(int(n) for n in (distances < least * (1 + TOLERANCE)).sum(axis=1)))
    expected = tuple(sorted(net.neighbours))
    return "" if counts == expected else f"sites have {counts} neighbours instead of {expected}"
