"""This file is a space without its units: widths, what is mere rounding, and the region with every range scaled.

Whatever is compared in a space is compared in widths of its variables, so that the answer is the same in metres and in
nanometres; whatever is solved numerically (polytopes, linear programs) is solved on the standard space.
"""

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from math import floor, log10

import numpy as np

from eutectic.optimizers.base import Array, Linear, Space
from eutectic.optimizers.spaces.lattice import rational

ROUNDING = 1e-9
"""Share of a variable's width below which two of its values are the same."""
_FLOAT = 1e-15
"""Share of a value's size that is lost in a few operations."""


def widths(space: Space) -> Array:
    """(d,) upper - lower of each variable, 1 where there is no range."""
    width: Array = np.where(space.upper > space.lower, space.upper - space.lower, 1.0)
    return width


def sizes(space: Space) -> Array:
    """(d,) the largest absolute value of each variable within its bounds."""
    size: Array = np.maximum(np.abs(space.lower), np.abs(space.upper))
    return size


def slack(space: Space, share: float = ROUNDING) -> Array:
    """(d,) natural units: this share of each variable's range, and no less than floating-point numbers can tell."""
    allowed: Array = np.maximum(share * (space.upper - space.lower), _FLOAT * sizes(space))
    return allowed


@lru_cache(maxsize=64)
def units(space: Space) -> Array:
    """(d,) what a value is divided by before it is compared: a width, less where rows of a table lie closer together.

    Values that differ by less than `ROUNDING` of it are the same.
    """
    width = np.maximum(widths(space), _FLOAT / ROUNDING * sizes(space))
    if space.table is None or len(space.table) < 2:
        return width
    closest: Array = np.minimum(width, 0.25 / ROUNDING * np.array([_least_gap(column) for column in space.table.T]))
    return closest


def _least_gap(column: Array) -> float:
    """Of the values (N,) of a column that differ; infinite where none do."""
    gaps = np.diff(np.sort(column))
    return float(np.min(gaps, where=gaps > 0, initial=np.inf))


def line_slack(space: Space, line: Linear, share: float = ROUNDING) -> float:
    """How far above its bound a linear constraint still holds: a share of sum |c_j| width_j, in its own unit."""
    return float(np.abs(np.array(line.coefficients)) @ slack(space, share)) + _FLOAT * abs(line.bound)


@lru_cache(maxsize=256)
def standard(space: Space) -> Space:
    """The region with continuous variables from 0 to 1 and numbers in steps counted from 0; itself where it is so.

    Linear constraints are multiplied by a power of ten that makes their largest coefficient about 1.
    """
    origin, factor = _chart(space)
    linear = tuple(_rescaled(line, origin, factor) for line in space.linear)
    if linear == space.linear and not any(origin) and set(factor) == {Fraction(1)}:
        return space
    low, high = (_inward(bound, origin, factor) for bound in (space.lower, space.upper))
    steps = tuple(None if step is None else 1.0 for step in space.steps)
    return replace(space, lower=low, upper=high, steps=steps, linear=linear, table=None, known=None)


def inward(space: Space, X: Array) -> Array:
    """Points (n, d) of a space -> the same points of its standard space."""
    return _inward(np.asarray(X, dtype=float), *_chart(space))


def outward(space: Space, Z: Array) -> Array:
    """Points (n, d) of the standard space -> the same points of the space; numbers in steps exactly on their steps."""
    origin, factor = _chart(space)
    X: Array = np.array([float(o) for o in origin]) + Z * np.array([float(f) for f in factor])
    for column, step in enumerate(space.steps):
        if step is not None:
            counts, place = np.unique(Z[:, column], return_inverse=True)
            exact = [float(origin[column] + factor[column] * rational(count)) for count in counts]
            X[:, column] = np.array(exact)[place.ravel()]
    free = np.array([kind != "fraction" for kind in space.kinds])
    X[:, free] = np.clip(X[:, free], space.lower[free], space.upper[free])
    return X


def unit(space: Space) -> Array:
    """(d,) what one unit of the standard space is in natural units."""
    return np.array([float(f) for f in _chart(space)[1]])


def _inward(X: Array, origin: tuple[Fraction, ...], factor: tuple[Fraction, ...]) -> Array:
    Z: Array = (X - np.array([float(o) for o in origin])) / np.array([float(f) for f in factor])
    return Z


@lru_cache(maxsize=256)
def _chart(space: Space) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """Origin (d,) and unit (d,) of each column: of a number its lower bound and its width or step."""
    origin, factor = [Fraction(0)] * space.d, [Fraction(1)] * space.d
    for column, kind in enumerate(space.kinds):
        if kind == "continuous":
            low, high = rational(space.lower[column]), rational(space.upper[column])
            step = space.steps[column] if space.steps else None
            width = high - low if high > low else Fraction(1)
            origin[column], factor[column] = low, width if step is None else rational(step)
    return tuple(origin), tuple(factor)


def _rescaled(line: Linear, origin: tuple[Fraction, ...], factor: tuple[Fraction, ...]) -> Linear:
    exact = [rational(c) for c in line.coefficients]
    bound = rational(line.bound) - sum(c * o for c, o in zip(exact, origin, strict=True))
    scaled = [c * f for c, f in zip(exact, factor, strict=True)]
    largest = max((abs(c) for c in scaled), default=Fraction(0))
    power = Fraction(10) ** floor(log10(largest)) if largest else Fraction(1)
    return Linear(tuple(float(c / power) for c in scaled), float(bound / power), line.text)
