"""This file is short-range order: how many nearest neighbours are unlike, against a random alloy."""

import numpy as np
import numpy.typing as npt

from eutectic.oracles.physics.solid_solution import Sites, Types

Pairs = npt.NDArray[np.int64]
NEAREST = np.sqrt(0.5)
"""Distance of nearest neighbours in an fcc crystal, in units of the lattice constant."""


def nearest_pairs(sites: Sites) -> Pairs:
    """Indices (p, 2) of the nearest-neighbour pairs of a rectangular periodic fcc cell, each once."""
    edges = np.diag(sites.cell)
    pairs: list[tuple[int, int]] = []
    for first in range(sites.count - 1):
        steps = sites.positions[first + 1 :] - sites.positions[first]
        steps -= edges * np.round(steps / edges)
        near = np.linalg.norm(steps, axis=1) < 1.2 * NEAREST
        pairs.extend((first, first + 1 + int(other)) for other in np.flatnonzero(near))
    return np.array(pairs, dtype=np.int64)


def warren_cowley(sites: Sites, types: Types) -> float:
    """1 - (unlike nearest-neighbour pairs) / (their number in a random alloy), dimensionless; 0 for a pure element.

    Negative: unlike atoms seek each other; positive: they avoid each other. In a binary alloy the parameter of Warren
    and Cowley (Cowley 1950, doi 10.1103/PhysRev.77.669) of the first shell, exactly 0 on average for random
    occupations of a finite cell.
    """
    pairs = nearest_pairs(sites)
    unlike = float(np.mean(types[pairs[:, 0]] != types[pairs[:, 1]]))
    number = np.bincount(types).astype(float)
    expected = 1.0 - float((number * (number - 1.0)).sum()) / (sites.count * (sites.count - 1.0))
    return 1.0 - unlike / expected if expected > 0.0 else 0.0
