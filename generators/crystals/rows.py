"""This file is a generated crystal as a row of numbers: what its elements and its structure are like."""

from collections.abc import Mapping

import numpy as np

from eutectic.generators.representations.crystals import DESCRIPTORS, described
from eutectic.generators.representations.elements import COMMON, ELEMENTAL, table
from eutectic.optimizers.base import Array
from eutectic.oracles.base import Candidate

_OWN = (*(f"{statistic}_{name}" for name in COMMON for statistic in ("mean", "deviation")), *DESCRIPTORS)
NAMES = tuple(f"crystal_{name}" for name in _OWN)
"""The columns: mean and mean absolute deviation of element properties over the atoms, then descriptors."""
UNITS = (*(ELEMENTAL[name][1] for name in COMMON for _ in range(2)), *DESCRIPTORS.values())
"""Their units, "" where dimensionless."""
MOST = {
    "density_g_per_cm3": 45.0,
    "volume_angstrom3_per_atom": 150.0,
    "packing_fraction": 3.0,
    "mean_nearest_distance_angstrom": 8.0,
    "deviation_nearest_distance_angstrom": 4.0,
    "mean_coordination": 40.0,
    "deviation_coordination": 20.0,
    "mean_bond_length_over_radii": 4.0,
    "deviation_bond_length_over_radii": 2.0,
    "point_group_order": 48.0,
}
"""Most that a descriptor of a crystal may be, in its unit; the least is 0. Wide: beyond them a crystal is refused."""


def bounds(elements: tuple[str, ...]) -> tuple[Array, Array]:
    """Least and most (k,) of each column for crystals of these elements."""
    values = table(elements, COMMON)
    low, high = values.min(0), values.max(0)
    lower = np.concatenate([np.stack([low, np.zeros(len(low))], 1).ravel(), np.zeros(len(DESCRIPTORS))])
    upper = np.concatenate([np.stack([high, (high - low) / 2], 1).ravel(), [MOST[name] for name in DESCRIPTORS]])
    return lower, upper


def described_row(candidate: Candidate) -> Array:
    """The columns (k,) of a candidate with a structure; ValueError where it has no symmetry or is beyond all bounds."""
    assert candidate.structure is not None
    assert candidate.composition is not None
    found = np.array([*composed(candidate.composition), *described(candidate.structure)])
    beyond = [n for n, x in zip(_OWN, found, strict=True) if not np.isfinite(x) or x > MOST.get(n, np.inf)]
    if beyond:
        raise ValueError(f"its {beyond[0]} is beyond anything")
    return found


def composed(composition: Mapping[str, float]) -> Array:
    """Mean and mean absolute deviation of each property over the atomic fractions, side by side."""
    values = table(tuple(composition), COMMON)
    x = np.array(list(composition.values()))
    mean = x @ values
    return np.stack([mean, x @ np.abs(values - mean)], 1).ravel()
