"""This file is the composition generator: how much of each chosen element, in the unit people use."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import log10
from typing import Literal

import numpy as np

from eutectic.generators.amounts import TOTAL, fractions, moles, ranges
from eutectic.generators.base import NoPlaceError, number
from eutectic.generators.constraints import checked, constrained
from eutectic.generators.element_range import Element, check_elements, divisions, exact, whole
from eutectic.generators.linear_constraints import parse
from eutectic.generators.terms import Term
from eutectic.optimizers.base import Amounts, Array, Kind, Linear, Mixture, Space
from eutectic.oracles.base import Candidate, Value

FRACTION: Kind = "fraction"
CONTINUOUS: Kind = "continuous"
BESIDE_STEPS = 1e-6
"""Share of a step by which an amount may lie beside it: what sums of an optimizer's lose, and no balance weighs."""
_UNITS = {"fraction": "", "at.%": " (at. fraction)", "wt.%": " (wt. fraction)"}
"""What is added to an element's name for its column in a mixture."""


@dataclass(frozen=True, slots=True)
class Composition:
    """Alloys and other mixtures of elements, by atomic fractions, at.%, wt.% or mole ratios."""

    elements: Mapping[str, tuple[float, float] | Element | float]
    """Element symbol -> [lowest, highest] amount, one that is fixed, or {low, high, scale}."""
    step: float | None = None
    """Amounts are exact multiples of this (it must divide the whole, as 0.05 divides 1); none: continuous."""
    min_elements: int = 1
    """Least number of elements present."""
    max_elements: int | None = None
    """Largest number of elements present; none: all."""
    or_zero: bool = False
    """An element may also be absent although its lowest fraction is above 0."""
    linear: tuple[str, ...] = ()
    """Linear constraints as text, such as "Fe + Ni <= 0.6" or "Cr >= 2*Cu"."""
    unit: Literal["fraction", "at.%", "wt.%", "mole_ratio"] = "fraction"
    """Of all amounts, in this file, in tables and reports: atomic fractions (0 to 1), at.% or wt.% (0 to 100), or moles
    beside an element that is fixed."""
    balance: str | None = None
    """The element that makes up the rest; it may be left out of `elements`."""
    constraints: tuple[str, ...] = ()
    """Constraints as text, linear or not, such as "Al / Ti >= 1"."""

    def __post_init__(self) -> None:
        _check_unit(self)
        check_elements(self.full, self.unit)
        _check_presence(self)
        for text in self.linear:
            parse(text, self.names)
        checked(self.constraints, self.terms)

    def __hash__(self) -> int:
        return hash(repr(self))

    @property
    def full(self) -> dict[str, Element]:
        """Every element with its range, the balance too."""
        return whole(self.elements, self.unit, self.balance)

    @property
    def names(self) -> tuple[str, ...]:
        """What the variables are called."""
        return tuple(self.full)

    @property
    def formula_variables(self) -> tuple[str, ...]:
        """All of them: a formula in a table may stand for the amounts."""
        return self.names

    @property
    def optional(self) -> frozenset[str]:
        """Variables that may be left out of a table: what is fixed, and a balance that is not searched."""
        if self.unit == "fraction" and not boxed(self):
            return frozenset()
        derived = {self.balance} if boxed(self) else set()
        return frozenset(s for s, e in self.full.items() if e.fixed or s in derived)

    @property
    def terms(self) -> dict[str, Term]:
        """Every element's amount as a function of the columns."""
        return _terms(self)

    @property
    def amounts(self) -> Amounts:
        """Moles of every element as a function of the columns."""
        return _amounts(self)

    @property
    def space(self) -> Space:
        """The same object whenever the options are equal.

        One fraction an element, their sum one, in the unit given, so that a step is exact in it. Where an element is on
        a logarithmic scale, ratios are varied, or a balance takes what steps leave: one column an element but the
        fixed ones and the balance.
        """
        return _space(self)

    def element_fractions(self) -> dict[str, tuple[float, float]]:
        """Element -> least and largest atomic fraction, 0 to 1."""
        if self.unit == "fraction" and not boxed(self):
            return {symbol: (float(e.low), float(e.high)) for symbol, e in self.full.items()}
        return dict(zip(self.amounts.labels, ranges(self.space, self.amounts), strict=True))

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:  # noqa: ARG002 (nothing is random here)
        """Candidates with the composition of each row of X (n, d); absent elements are left out of it."""
        if self.unit == "fraction" and not boxed(self):
            rows = [{s: max(float(x), 0.0) for s, x in zip(self.full, row, strict=True)} for row in X]
            return [Candidate(row, composition={s: x for s, x in row.items() if x > 1e-12}) for row in rows]
        X = _on_steps(self, X)
        values = np.stack([term(X) for term in self.terms.values()], axis=1)
        shares = fractions(self.amounts, X)
        return [
            Candidate(
                {symbol: max(float(f"{v:.12g}"), 0.0) for symbol, v in zip(self.full, row, strict=True)},
                composition={s: float(x) for s, x in zip(self.amounts.labels, share, strict=True) if x > 1e-12},
            )
            for row, share in zip(values, shares, strict=True)
        ]

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """Row (d,) of these amounts by symbol; ValueError when one is missing, negative, no number, or not as fixed."""
        for symbol in self.full:
            if symbol in variables and number(symbol, variables) < 0:
                raise ValueError(f"{symbol} is {number(symbol, variables):g}: an amount is not negative")
        self._check_percent(variables)
        if not boxed(self):
            given = {**{s: e.low for s, e in self.full.items() if s in self.optional and e.fixed}, **variables}
            if self.balance is not None and (rest := self._rest(given)) is not None:
                given.setdefault(self.balance, rest)
            missing = [symbol for symbol in self.full if symbol not in given]
            if missing:
                missing = [symbol for symbol in missing if symbol != self.balance] or missing
                told = ", ".join(symbol for symbol in self.full if symbol in given) or "none"
                raise ValueError(
                    f"the amount of {', '.join(missing)} is not given (given: {told}); of an element that is not there "
                    f"say so: {missing[0]}=0"
                )
            values, whole = [number(symbol, given) for symbol in self.full], TOTAL[self.unit]
            if self.unit != "fraction" and abs(sum(values) - whole) > 1e-3 * whole:
                raise ValueError(f"the amounts of {', '.join(self.full)} sum to {sum(values):g}, not to {whole}")
            return np.array(values) / whole
        self._check_rest(variables)
        row = []
        for symbol in _columns(self):
            value = number(symbol, variables)
            if self.full[symbol].scale == "log" and value <= 0:
                raise ValueError(f"{symbol} is {value:g}, and its logarithm needs a number above 0")
            row.append(log10(value) if self.full[symbol].scale == "log" else value)
        return np.array(row)

    def _check_percent(self, variables: Mapping[str, Value]) -> None:
        """ValueError where per cent are wanted and what is given, outside the bounds, lies inside them as fractions."""
        given = {symbol: number(symbol, variables) for symbol in self.full if symbol in variables}
        total = sum(given.values())
        if self.unit not in ("at.%", "wt.%") or total > 1 + 1e-9:
            return
        inside = [
            [e.low - 1e-9 <= factor * given[s] <= e.high + 1e-9 for s, e in self.full.items() if s in given]
            for factor in (1, 100)
        ]
        if not all(inside[0]) and all(inside[1]):
            text = f"the amounts of {', '.join(given)} sum to {total:g} of 100: are these fractions?"
            cure = f" If they are {self.unit}, give {self.balance} too" if self.balance not in (None, *given) else ""
            raise ValueError(f"{text} Amounts are in {self.unit}, 0 to 100.{cure}")

    def _rest(self, variables: Mapping[str, Value]) -> float | None:
        """What the others leave to the balance; None where one is missing, ValueError where they are too much."""
        others, whole = [symbol for symbol in self.full if symbol != self.balance], TOTAL[self.unit]
        if not {*others} <= {*variables}:
            return None
        rest = whole - sum(number(symbol, variables) for symbol in others)
        if rest < -1e-9 * whole:
            raise ValueError(f"the amounts of {', '.join(others)} sum to {whole - rest:g}, more than {whole}")
        return max(rest, 0.0)

    def _check_rest(self, variables: Mapping[str, Value]) -> None:
        """ValueError where what is not searched is given, and is not what it must be (to a thousandth of the whole)."""
        for symbol, e in self.full.items():
            if e.fixed and symbol in variables and symbol != self.balance:
                value = number(symbol, variables)
                if abs(value - e.low) > 1e-3 * max(e.low, 1e-12):
                    raise NoPlaceError(f"{symbol} is {value:g}, and the space has it fixed at {e.low:g}")
        fixed = {symbol: e.low for symbol, e in self.full.items() if e.fixed}
        if self.balance is None or self._rest({**fixed, **variables}) is None or self.balance not in variables:
            return
        given = {symbol: number(symbol, variables) for symbol in self.full if symbol in variables}
        total = sum(given.values()) + sum(e.low for s, e in self.full.items() if s not in given)
        if abs(total - TOTAL[self.unit]) > 1e-3 * TOTAL[self.unit]:
            raise ValueError(f"the amounts of {', '.join(self.full)} sum to {total:g}, not to {TOTAL[self.unit]}")


def _check_unit(part: Composition) -> None:
    """ValueError for a balance or a logarithm that the unit leaves no place for."""
    ratios, logs = part.unit == "mole_ratio", [s for s, e in part.full.items() if e.scale == "log"]
    if ratios and part.balance is not None:
        raise ValueError("balance: mole ratios have no rest: fix an element, and the others are beside it")
    if ratios and not any(e.fixed and e.low > 0 for e in part.full.values()):
        symbol = next(iter(part.full), "Fe")
        raise ValueError(f"unit: mole ratios are beside an element that is fixed: give one, such as `{symbol}: 1`")
    if logs and part.balance is None and not ratios:
        raise ValueError(f"elements: {logs[0]}: beside `scale: log` another element makes up the rest: name `balance`")
    if part.balance is not None and part.balance in logs:
        raise ValueError(f"balance: {part.balance} makes up the rest, so that its own scale has no meaning")


def _check_presence(part: Composition) -> None:
    """ValueError for a step or a number of elements that is not possible."""
    most = len(part.full) if part.max_elements is None else part.max_elements
    if not 1 <= part.min_elements <= len(part.full):
        raise ValueError(f"min_elements: {part.min_elements} is not between 1 and {len(part.full)} elements")
    if most < part.min_elements:
        raise ValueError(f"max_elements: {most} is below min_elements {part.min_elements}")
    if not boxed(part):
        if part.step is not None:
            divisions(part.step, TOTAL[part.unit])
        return
    if not _columns(part):
        raise ValueError("elements: every one is fixed; a composition needs one that varies")
    if part.step is not None and not part.step > 0:
        raise ValueError(f"step: {part.step:g} is not above 0")
    for name, given in (("min_elements", part.min_elements > 1), ("max_elements", most < len(part.full))):
        if given:
            raise ValueError(f"{name}: {_everywhere(part)}")
    if part.or_zero:
        raise ValueError(f"or_zero: {_everywhere(part)}")


def _everywhere(part: Composition) -> str:
    """Why an element cannot be absent where each has a column of its own, and what can be done."""
    if part.unit == "mole_ratio":
        return (
            "elements in mole ratios are all there, as their columns are not shares of a whole that one could leave to "
            "the others; give the ranges in `unit: at.%`, where elements may be absent"
        )
    logs = [symbol for symbol, e in part.full.items() if e.scale == "log"]
    if logs:
        return (
            "beside `scale: log` all elements are there, as a logarithm never comes to 0; give "
            f"{logs[0]} a linear range from 0 (without `or_zero`, or with a `step`), or search with and without it in "
            "two campaigns"
        )
    return (
        "a fixed amount that is no multiple of `step` leaves a balance off the steps, and then all elements are there; "
        "fix a multiple of the step, or make the step finer"
    )


def boxed(part: Composition) -> bool:
    """Has each element but fixed ones and the balance a column of its own, no sum binding them?"""
    if part.unit == "mole_ratio" or any(e.scale == "log" for e in part.full.values()):
        return True
    off = [e for e in part.full.values() if e.fixed and part.step and exact(e.low) % exact(part.step)]
    return part.balance is not None and bool(off)


def _columns(part: Composition) -> tuple[str, ...]:
    """The elements that have a column of their own, where no sum binds them."""
    return tuple(symbol for symbol, e in part.full.items() if not e.fixed and symbol != part.balance)


@lru_cache(maxsize=64)
def _space(part: Composition) -> Space:
    plain = _box(part) if boxed(part) else _simplex(part)
    return constrained(plain, (*part.linear, *part.constraints, *_balanced(part)), part.terms)


def _simplex(part: Composition) -> Space:
    """One fraction an element, their sum one."""
    k, total = len(part.full), TOTAL[part.unit]
    mixture = Mixture(
        members=tuple(range(k)),
        or_zero=(part.or_zero,) * k,
        divisions=None if part.step is None else divisions(part.step, total),
        min_present=part.min_elements,
        max_present=part.max_elements,
    )
    return Space(
        names=tuple(symbol + _UNITS[part.unit] for symbol in part.full),
        kinds=(FRACTION,) * k,
        lower=np.array([float(exact(e.low) / total) for e in part.full.values()]),
        upper=np.array([float(exact(e.high) / total) for e in part.full.values()]),
        mixtures=(mixture,),
        amounts=None if part.unit == "fraction" else part.amounts,
    )


def _box(part: Composition) -> Space:
    """One amount an element in the unit given, or its logarithm."""
    own = {symbol: part.full[symbol] for symbol in _columns(part)}
    logs = [e.scale == "log" for e in own.values()]
    unit = "mole ratio" if part.unit == "mole_ratio" else part.unit
    names = [f"{symbol} ({unit})" for symbol in own]
    plain = Space(
        names=tuple(f"log10({name})" if log else name for name, log in zip(names, logs, strict=True)),
        kinds=(CONTINUOUS,) * len(own),
        lower=np.array([log10(e.low) if e.scale == "log" else float(e.low) for e in own.values()]),
        upper=np.array([log10(e.high) if e.scale == "log" else _top(part, e) for e in own.values()]),
        steps=tuple(None if log else part.step for log in logs),
        amounts=part.amounts,
    )
    if part.balance is None:
        return plain
    # What the logarithms hold at least is left out of the rest; `_balanced` says the whole, which is not linear.
    least = sum(exact(e.low) for e in own.values() if e.scale == "log")
    fixed = sum(exact(e.low) for s, e in part.full.items() if e.fixed and s != part.balance)
    bound = TOTAL[part.unit] - least - fixed - exact(part.full[part.balance].low)
    line = Linear(tuple(0.0 if log else 1.0 for log in logs), float(bound), f"{part.balance} is the balance")
    return plain if all(logs) else _bound(plain, line)


def _on_steps(part: Composition, X: Array) -> Array:
    """Rows X (n, d) without the rounding that an optimizer's sums leave beside the steps.

    What lies between them was measured there, and stays.
    """
    if part.step is None:
        return X
    if not boxed(part):
        whole = divisions(part.step, TOTAL[part.unit])
        near = np.abs(X * whole - np.round(X * whole)) <= BESIDE_STEPS
        return np.where(near, np.round(X * whole) / whole, X)
    low, logs = part.space.lower, np.array([part.full[symbol].scale == "log" for symbol in _columns(part)])
    steps = (X - low) / part.step
    near = ~logs & (np.abs(steps - np.round(steps)) <= BESIDE_STEPS)
    return np.where(near, low + part.step * np.round(steps), X)


def _bound(space: Space, line: Linear) -> Space:
    return replace(space, linear=(*space.linear, line))


def _top(part: Composition, e: Element) -> float:
    """The largest amount on the steps."""
    if part.step is None:
        return float(e.high)
    low, step = exact(e.low), exact(part.step)
    return float(low + step * ((exact(e.high) - low) // step))


def _balanced(part: Composition) -> tuple[str, ...]:
    """The range of a balance that no column stands for, as constraints."""
    if part.balance is None or not boxed(part):
        return ()
    e = part.full[part.balance]
    logs = any(other.scale == "log" for other in part.full.values())
    low = (f"{part.balance} >= {e.low!r}",) if logs else ()
    return (*low, f"{part.balance} <= {e.high!r}") if e.high < TOTAL[part.unit] else low


@lru_cache(maxsize=64)
def _terms(part: Composition) -> dict[str, Term]:
    if not boxed(part):
        factor = Fraction(TOTAL[part.unit])
        return {symbol: Term(parts=((j, factor),)) for j, symbol in enumerate(part.full)}
    own, one = _columns(part), Fraction(1)
    found = {}
    for symbol, e in part.full.items():
        if symbol in own:
            j = own.index(symbol)
            found[symbol] = Term(powers=((j, one),)) if e.scale == "log" else Term(parts=((j, one),))
        elif symbol != part.balance:
            found[symbol] = Term(constant=exact(e.low))
    if part.balance is not None:
        parts = tuple((j, -k) for term in found.values() for j, k in term.parts)
        powers = tuple((j, -k) for term in found.values() for j, k in term.powers)
        rest = TOTAL[part.unit] - sum((term.constant for term in found.values()), Fraction(0))
        found[part.balance] = Term(parts, powers, rest)
    return {symbol: found[symbol] for symbol in part.full}


@lru_cache(maxsize=64)
def _amounts(part: Composition) -> Amounts:
    width = len(part.full) if not boxed(part) else len(_columns(part))
    scale = [moles(symbol, part.unit) for symbol in part.full]
    matrix, constant = np.zeros((width, len(scale))), np.zeros(len(scale))
    logs = [False] * width
    for e, (term, own) in enumerate(zip(part.terms.values(), scale, strict=True)):
        constant[e] = float(term.constant) * own
        for group, log in ((term.parts, False), (term.powers, True)):
            for column, k in group:
                matrix[column, e] += float(k) * own
                logs[column] = logs[column] or log
    return Amounts(tuple(part.full), tuple(range(width)), tuple(logs), matrix, constant)
