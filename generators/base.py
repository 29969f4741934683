"""This file is what every generator does: it owns a space and makes its rows materials."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from eutectic.optimizers.base import Array, Mask, Space
from eutectic.oracles.base import Candidate, Value


class NoPlaceError(ValueError):
    """A variable has a value that the space has no place for: another choice, or not what it is fixed at."""


class Generator(Protocol):
    """Coordinates -> candidates.

    What else it may have, and is then asked for, stands in `abilities.py`, a `Protocol` an ability: `names`,
    `optional`, `element_fractions`, `numbers`, `materials`, `offer` and others.
    """

    @property
    def space(self) -> Space:
        """The space it can make candidates from; ValueError when its options leave nothing."""
        ...

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:
        """Candidate i from row i of X (n, d)."""
        ...

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """The way back: row (d,) whose candidate has these variables, numbers also as text; ValueError without one."""
        ...


Accept = Callable[[Array], Mask]
"""Rows (k, d) -> which of them (k,) satisfy what is cheap to know."""


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """Rows that a generator has made for one asking, all there is to choose from."""

    X: Array
    """(k, d), all different; k may be 0."""
    candidates: tuple[Candidate, ...]
    """(k,) of these rows."""
    notes: tuple[str, ...]
    """What was drawn, and what of it is left out and why."""


def number(name: str, variables: Mapping[str, Value]) -> float:
    """A variable as a finite number, in its unit; ValueError when it is absent or something else."""
    if name not in variables:
        raise ValueError(f"no variable {name!r} among what is given: {', '.join(variables) or 'nothing'}")
    try:
        value = float(variables[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name} is {variables[name]!r}, not a finite number")
    return value
