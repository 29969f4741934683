"""This file is the composition generator: atomic fractions of chosen elements that sum to one."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache

import numpy as np

from eutectic.generators.base import number
from eutectic.generators.linear_constraints import parse
from eutectic.generators.representations.elements import SYMBOLS
from eutectic.optimizers.base import Array, Kind, Mixture, Space
from eutectic.oracles.base import Candidate, Value

FRACTION: Kind = "fraction"
Bounds = tuple[str, float, float]


@dataclass(frozen=True, slots=True)
class Composition:
    """Alloys and other mixtures of elements, described by atomic fractions."""

    elements: Mapping[str, tuple[float, float]]
    """Element symbol -> [lowest, highest] atomic fraction, 0 to 1."""
    step: float | None = None
    """Fractions are exact multiples of this (it must divide 1, as 0.05 does); none: continuous."""
    min_elements: int = 1
    """Least number of elements present."""
    max_elements: int | None = None
    """Largest number of elements present; none: all."""
    or_zero: bool = False
    """An element may also be absent although its lowest fraction is above 0."""
    linear: tuple[str, ...] = ()
    """Linear constraints as text, such as "Fe + Ni <= 0.6" or "Cr >= 2*Cu"."""

    def __post_init__(self) -> None:
        for symbol, bounds in self.elements.items():
            _check_element(symbol, bounds)
        if len(self.elements) < 2:
            raise ValueError(f"elements: a composition needs at least 2 elements, got {len(self.elements)}")
        if self.step is not None:
            _divisions(self.step)
        most = len(self.elements) if self.max_elements is None else self.max_elements
        if not 1 <= self.min_elements <= len(self.elements):
            raise ValueError(f"min_elements: {self.min_elements} is not between 1 and {len(self.elements)} elements")
        if most < self.min_elements:
            raise ValueError(f"max_elements: {most} is below min_elements {self.min_elements}")
        for text in self.linear:
            parse(text, tuple(self.elements))

    @property
    def space(self) -> Space:
        """One fraction an element; the same object whenever the options are equal."""
        bounds = tuple((symbol, float(low), float(high)) for symbol, (low, high) in self.elements.items())
        return _space(bounds, self.step, self.min_elements, self.max_elements, self.or_zero, tuple(self.linear))

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:  # noqa: ARG002 (nothing is random here)
        """Candidates with the composition of each row of X (n, d); absent elements are left out of it."""
        symbols = tuple(self.elements)
        rows = [{s: max(float(x), 0.0) for s, x in zip(symbols, row, strict=True)} for row in X]
        return [Candidate(row, composition={s: x for s, x in row.items() if x > 1e-12}) for row in rows]

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """Row (d,) of these fractions by symbol; ValueError when one is missing or no number."""
        return np.array([number(symbol, variables) for symbol in self.elements])


@lru_cache(maxsize=64)
def _space(
    bounds: tuple[Bounds, ...], step: float | None, least: int, most: int | None, or_zero: bool, linear: tuple[str, ...]
) -> Space:
    symbols = tuple(symbol for symbol, _, _ in bounds)
    k = len(symbols)
    mixture = Mixture(
        members=tuple(range(k)),
        or_zero=(or_zero,) * k,
        divisions=None if step is None else _divisions(step),
        min_present=least,
        max_present=most,
    )
    return Space(
        names=symbols,
        kinds=tuple(FRACTION for _ in symbols),
        lower=np.array([low for _, low, _ in bounds]),
        upper=np.array([high for _, _, high in bounds]),
        mixtures=(mixture,),
        linear=tuple(line for text in linear for line in parse(text, symbols)),
    )


def _check_element(symbol: str, bounds: tuple[float, float]) -> None:
    if symbol not in SYMBOLS:
        near = get_close_matches(symbol.capitalize(), SYMBOLS, 1, 0.3)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"elements: {symbol!r} is no element symbol{hint}")
    low, high = bounds
    if high > 1:
        raise ValueError(f"elements: {symbol}: fractions run from 0 to 1, got {high:g}; 5 at.% is written 0.05")
    if not 0 <= low <= high:
        raise ValueError(f"elements: {symbol}: [{low:g}, {high:g}] is no range [lowest, highest] within 0 to 1")


def _divisions(step: float) -> int:
    """How often `step` goes into 1, exactly."""
    if not 0 < step <= 0.5:
        raise ValueError(f"step: {step:g} is not above 0 and at most 0.5")
    number = 1 / Fraction(str(step))
    near = round(number)
    if number.denominator != 1 and step != 1 / near:
        raise ValueError(f"step: {step:g} does not divide 1 exactly; near it, 1/{near} = {1 / near:.6g} does")
    return near
