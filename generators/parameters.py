"""This file is the parameters generator: process conditions and other free variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, isfinite

import numpy as np

from eutectic.generators.base import number
from eutectic.generators.linear_constraints import parse
from eutectic.optimizers.base import Array, Kind, Space
from eutectic.oracles.base import Candidate, Value


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: a range (continuous, in steps, or whole numbers) or a list of choices."""

    low: float | None = None
    """Lowest value, in the unit the name states."""
    high: float | None = None
    """Highest value."""
    step: float | None = None
    """Increment from `low`; none: continuous."""
    integer: bool = False
    """Whole numbers only."""
    choices: tuple[str | int | float, ...] = ()
    """Categories without order; excludes the other options."""

    def __post_init__(self) -> None:
        if self.choices:
            self._check_choices()
        elif self.low is None or self.high is None:
            raise ValueError("a variable needs `low` and `high`, or `choices`")
        else:
            self._check_range(self.low, self.high)

    def _check_choices(self) -> None:
        if self.low is not None or self.high is not None or self.step is not None or self.integer:
            raise ValueError("`choices` stands alone: leave out low, high, step and integer")
        labels = [str(choice) for choice in self.choices]
        twice = [label for label in labels if labels.count(label) > 1]
        if twice:
            raise ValueError(f"choices: {twice[0]!r} is given twice")
        if len(labels) < 2:
            raise ValueError(f"choices: {labels[0]!r} alone leaves nothing to choose")

    def _check_range(self, low: float, high: float) -> None:
        if not (isfinite(low) and isfinite(high)) or low >= high:
            raise ValueError(f"low {low:g} must be a finite number below high {high:g}")
        if self.integer and self.step not in (None, 1):
            raise ValueError("`integer` steps by 1: leave out `step`, or leave out `integer`")
        if self.integer and ceil(low) > floor(high):
            raise ValueError(f"there is no whole number between {low:g} and {high:g}")
        if self.step is not None and not 0 < self.step <= high - low:
            raise ValueError(f"step {self.step:g} must be above 0 and at most high - low = {high - low:g}")

    @property
    def kind(self) -> Kind:
        """As the space names it."""
        return "categorical" if self.choices else "integer" if self.integer else "continuous"

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value that can be taken."""
        if self.low is None or self.high is None:
            return 0.0, len(self.choices) - 1.0
        if self.integer:
            return float(ceil(self.low)), float(floor(self.high))
        if self.step is None:
            return float(self.low), float(self.high)
        low, step = Fraction(str(self.low)), Fraction(str(self.step))
        return float(self.low), float(low + step * floor((Fraction(str(self.high)) - low) / step))

    def value(self, x: float) -> Value:
        """Natural value of a coordinate: a choice, a whole number or a float."""
        if self.choices:
            return self.choices[round(x)]
        return round(x) if self.integer else float(x)

    def coordinate(self, name: str, variables: Mapping[str, Value]) -> float:
        """The way back from the natural value of variable `name`; ValueError when there is none or it is no choice."""
        if not self.choices:
            return number(name, variables)
        labels = [str(choice) for choice in self.choices]
        given = str(variables.get(name, "")).strip()
        if given not in labels:
            raise ValueError(f"{name} is {given!r}, not one of {', '.join(labels)}")
        return float(labels.index(given))


@dataclass(frozen=True, slots=True)
class Parameters:
    """Independent variables: continuous, in steps, whole numbers, categories."""

    variables: Mapping[str, Variable | tuple[float, float] | tuple[str, ...]]
    """Name (with its unit) -> {low, high, step, integer} or {choices}; short: [low, high] or [water, ethanol]."""
    linear: tuple[str, ...] = ()
    """Linear constraints as text, such as "a + 2*b <= 10"; names that are no plain words in back quotes."""

    def __post_init__(self) -> None:
        if not self.variables:
            raise ValueError("variables: a space needs at least one variable")
        for name, given in self.variables.items():
            try:
                _variable(given)
            except ValueError as error:
                raise ValueError(f"variables: {name}: {error}") from None
        lines = [line for text in self.linear for line in parse(text, tuple(self.variables))]
        for line in lines:
            for (name, given), coefficient in zip(self.variables.items(), line.coefficients, strict=True):
                if coefficient and _variable(given).choices:
                    raise ValueError(f"linear: {line.text!r} uses {name!r}, whose choices are not numbers")

    @property
    def space(self) -> Space:
        """One column a variable; the same object whenever the options are equal."""
        return _space(tuple((name, _variable(v)) for name, v in self.variables.items()), tuple(self.linear))

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:  # noqa: ARG002 (nothing is random here)
        """Candidates with the values of each row of X (n, d)."""
        own = [(name, _variable(given)) for name, given in self.variables.items()]
        return [Candidate({name: v.value(x) for (name, v), x in zip(own, row, strict=True)}) for row in X]

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """Row (d,) of these values; ValueError when one is missing, no number, or none of the choices."""
        return np.array([_variable(given).coordinate(name, variables) for name, given in self.variables.items()])


@lru_cache(maxsize=64)
def _space(variables: tuple[tuple[str, Variable], ...], linear: tuple[str, ...]) -> Space:
    names = tuple(name for name, _ in variables)
    own = [variable for _, variable in variables]
    return Space(
        names=names,
        kinds=tuple(v.kind for v in own),
        lower=np.array([v.bounds[0] for v in own]),
        upper=np.array([v.bounds[1] for v in own]),
        categories=tuple(tuple(str(choice) for choice in v.choices) for v in own),
        steps=tuple(None if v.integer else v.step for v in own),
        linear=tuple(line for text in linear for line in parse(text, names)),
    )


def _variable(given: Variable | tuple[float, float] | tuple[str, ...]) -> Variable:
    """The long form of a variable."""
    if isinstance(given, Variable):
        return given
    if any(isinstance(item, str) for item in given):
        return Variable(choices=tuple(str(item) for item in given))
    if len(given) != 2:
        raise ValueError(f"a range is [low, high], got {len(given)} numbers")
    return Variable(low=float(given[0]), high=float(given[1]))
