"""This file is what compositions a potential may be asked for."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from eutectic.oracles.elements.data import SYMBOL
from eutectic.oracles.potentials.files import PotentialFile

Array = npt.NDArray[np.float64]
FITTED = (0.05, 0.35)
"""Fractions of each element the built-in potential was fitted for."""
SLACK = 1e-6
"""Rounding of a fraction."""
STORY = (
    "The built-in potential was fitted for fcc alloys of Fe, Ni, Cr, Co and Cu with 5 to 35 at.% of each, all five "
    "present; for anything else give `potential:` a setfl file or a NIST record id"
)


def refuse_region(
    potential: PotentialFile, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]
) -> str | None:
    """Why fractions (0..1) between these bounds are not all inside the potential's domain, or None.

    Bounds count as far as the sum to one lets them be reached. Where no variable is an element (a pool of formulas),
    each candidate is judged by itself when it comes.
    """
    strangers = [name for name in variables if SYMBOL.match(name) and name not in potential.elements]
    if strangers:
        return _strange(potential, strangers[0])
    if potential.name != "builtin" or not set(variables) & set(potential.elements):
        return None
    absent = [element for element in potential.elements if element not in variables]
    if absent:
        return f"{' and '.join(absent)} cannot be absent. {STORY}."
    parts = [i for i, name in enumerate(variables) if name in potential.elements]
    for i in parts:
        low = max(lower[i], 1.0 - sum(upper[k] for k in parts if k != i))
        high = min(upper[i], 1.0 - sum(lower[k] for k in parts if k != i))
        if low < FITTED[0] - SLACK or high > FITTED[1] + SLACK:
            return f"{variables[i]} can be {100 * low:.4g} to {100 * high:.4g} at.%. {STORY}."
    return None


def require_inside(potential: PotentialFile, composition: Mapping[str, float] | None) -> Array:
    """Fractions (k,) in the order of the potential's elements; ValueError when they are outside its domain."""
    if not composition:
        raise ValueError("the candidate has no composition, and lammps_alloy makes alloys from compositions only")
    for element in composition:
        if element not in potential.elements:
            raise ValueError(_strange(potential, element))
    fractions = np.array([composition.get(element, 0.0) for element in potential.elements], dtype=float)
    if not np.all(np.isfinite(fractions)) or fractions.min() < -SLACK or abs(fractions.sum() - 1.0) > 1e-4:
        raise ValueError(f"fractions must be positive and sum to 1, these are {dict(composition)}")
    outside = (fractions < FITTED[0] - SLACK) | (fractions > FITTED[1] + SLACK)
    if potential.name == "builtin" and outside.any():
        which = int(np.argmax(outside))
        raise ValueError(f"{potential.elements[which]} is {100 * fractions[which]:.4g} at.%. {STORY}.")
    clipped = np.clip(fractions, 0.0, None)
    return np.asarray(clipped / clipped.sum())


def _strange(potential: PotentialFile, name: str) -> str:
    known = ", ".join(potential.elements)
    story = f" {STORY}." if potential.name == "builtin" else ""
    return f"{name!r} is no element of the potential {potential.name!r}, which has {known}.{story}"
