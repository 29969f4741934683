"""This file is a finite block in integers: the levels of each column and what each level adds to each constraint."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, gcd, lcm

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Linear, Mixture, Space

Index = NDArray[np.int64]
_LARGEST = 2**60
"""Largest coefficient of a constraint in integers; ours: sums of a few columns stay below 2^63."""
LONGEST = 200_000
"""Levels of a column that are listed, at most."""
_EXACT = 2**53
"""Below, floating-point numbers hold every integer."""


class TooIntricate(ValueError):
    """The table of a grid would not fit the memory allowed."""


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """One linear constraint in integers: the sum of `terms[column][level]` is at most `bound`."""

    terms: tuple[Index, ...]
    """For each column (L,)."""
    bound: int


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """All columns of a finite block, as levels."""

    values: tuple[Array, ...]
    """For each column (L,), natural units, ascending."""
    multiples: tuple[Index, ...]
    """For each column (L,): a fraction's multiple of 1/divisions; 0, 1, 2, ... for other columns."""
    mixtures: tuple[Mixture, ...]
    weights: tuple[Weights, ...]
    """One each linear constraint; bounds relaxed when `exact` is False."""
    exact: bool
    """False when the weights were rounded, so that points need a check against the constraints themselves."""


@lru_cache(maxsize=4096)
def rational(value: float) -> Fraction:
    """The number a person meant: the shortest decimal, or a fraction with a small denominator such as 1/3."""
    near = Fraction(value).limit_denominator(1000)
    if abs(near - Fraction(value)) <= abs(Fraction(value)) * Fraction(1, 10**15):
        return near
    return Fraction(repr(float(value)))


def lattice(space: Space, buckets: int | None = None) -> Lattice:
    """The integer form of a finite space; `buckets` rounds each constraint to about so many steps (a superset)."""
    every = tuple(_ray(space, column) for column in range(space.d))
    if any(len(ks) > LONGEST for _, _, ks in every):
        raise TooIntricate
    rays = tuple((origin, step, list(ks)) for origin, step, ks in every)
    lines = [_integers(line, space, rays) for line in space.linear]
    exact = buckets is None
    if buckets is None:
        if any(abs(term) > _LARGEST for terms, bound in lines for column in terms for term in [*column, bound]):
            return lattice(space, 4096)
        weights = [Weights(tuple(np.array(t, dtype=np.int64) for t in terms), bound) for terms, bound in lines]
    else:
        weights = [_rounded(terms, bound, buckets) for terms, bound in lines]
    return Lattice(
        values=tuple(np.array([float(origin + step * k) for k in ks]) for origin, step, ks in rays),
        multiples=tuple(np.array(ks, dtype=np.int64) for _, _, ks in rays),
        mixtures=space.mixtures,
        weights=tuple(weights),
        exact=exact,
    )


def number(space: Space, column: int) -> int:
    """How many values a finite column can take, bounds alone considered; none of them is listed."""
    return len(_ray(space, column)[2])


def at(space: Space, column: int, places: Index) -> Array:
    """Values (n,) number `places` (n,), 0 the lowest, of a finite column."""
    origin, step, ks = _ray(space, column)
    if not isinstance(ks, range):
        return np.array([float(origin + step * ks[int(place)]) for place in places])
    base, divisor = origin + step * ks.start if len(ks) else origin, lcm(origin.denominator, step.denominator)
    first, each = int(base * divisor), int(step * divisor)
    if abs(first) + abs(each) * max(len(ks), 1) < _EXACT and divisor < _EXACT:  # then the quotient is rounded once
        return np.asarray((first + each * np.asarray(places, dtype=np.int64)) / divisor)
    return np.array([float(base + step * int(place)) for place in places])


def nearest(space: Space, column: int, x: Array) -> Index:
    """Places (n,) of the values nearest to x (n,) of a finite column without a gap, the lower of two as near."""
    last = number(space, column) - 1
    low, high = (float(end) for end in at(space, column, np.array([0, max(last, 0)])))
    share = np.clip((x - low) / (high - low), 0.0, 1.0) if high > low else np.zeros(len(x))
    below = np.clip(np.floor(share * last), 0, max(last - 1, 0)).astype(np.int64)
    options = np.stack([np.clip(below + shift, 0, last) for shift in (-1, 0, 1, 2)])
    gaps = np.abs(np.stack([at(space, column, option) for option in options]) - x)
    return np.asarray(options[gaps.argmin(0), np.arange(len(x))])


def _ray(space: Space, column: int) -> tuple[Fraction, Fraction, Sequence[int]]:
    """Origin, increment and the multiples of it that a column may take, not listed where they have no gap."""
    low, high = rational(space.lower[column]), rational(space.upper[column])
    for mixture in space.mixtures:
        if column in mixture.members:
            assert mixture.divisions is not None
            ks = range(ceil(low * mixture.divisions), floor(high * mixture.divisions) + 1)
            absent = mixture.or_zero[mixture.members.index(column)] and 0 not in ks
            return Fraction(0), Fraction(1, mixture.divisions), [0, *ks] if absent else ks
    step = space.steps[column] if space.steps else None
    if space.kinds[column] == "continuous" and step is not None:
        return low, rational(step), range(_most(floor((high - low) / rational(step)) + 1))
    first, end = ceil(low), floor(high) + 1
    return Fraction(0), Fraction(1), range(first, first + _most(end - first))


def _most(count: int) -> int:
    """The count; ValueError beyond what integers of the machine can number."""
    if count > 2**62:
        raise ValueError(f"{count:.3g} levels are more than can be numbered: take larger steps, or none")
    return count


def _integers(
    line: Linear, space: Space, rays: tuple[tuple[Fraction, Fraction, list[int]], ...]
) -> tuple[list[list[int]], int]:
    """A constraint's terms for each level of each column, scaled to integers, and its bound."""
    coefficients = [rational(c) for c in line.coefficients]
    bound = rational(line.bound)
    for mixture in space.mixtures:  # as the fractions sum to one, their commonest coefficient may be taken as zero
        own = [coefficients[m] for m in mixture.members]
        base = max(own, key=own.count)
        bound -= base
        for m in mixture.members:
            coefficients[m] -= base
    scale = lcm(*[(c * step).denominator for c, (_, step, _) in zip(coefficients, rays, strict=True)])
    scale = lcm(scale, *[(c * origin).denominator for c, (origin, _, _) in zip(coefficients, rays, strict=True)])
    scaled = zip(coefficients, rays, strict=True)
    terms = [[int(scale * c * (origin + step * k)) for k in ks] for c, (origin, step, ks) in scaled]
    common = gcd(*(term for column in terms for term in column)) or 1
    return [[term // common for term in column] for column in terms], floor(bound * scale / common)


def _rounded(terms: list[list[int]], bound: int, buckets: int) -> Weights:
    """A coarser constraint that every point of the finer one satisfies: each term is rounded down."""
    low = [min(column, default=0) for column in terms]
    width = sum(max(column, default=0) - least for column, least in zip(terms, low, strict=True))
    grain = max(1, width // buckets)
    rounded = [[(term - least) // grain for term in column] for column, least in zip(terms, low, strict=True)]
    coarse = max(-1, min((bound - sum(low)) // grain, buckets * 2 + len(terms)))
    return Weights(tuple(np.array(column, dtype=np.int64) for column in rounded), coarse)
