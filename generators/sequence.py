"""This file is the sequence generator: a formula written step by step, each step an element and how often it stands.

As in Karpovich, Pan and Olivetti 2024, doi 10.1038/s41524-024-01474-5: five steps, counts from 0 to 9.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Literal

import numpy as np

from eutectic.generators.base import number
from eutectic.generators.hints import hint
from eutectic.generators.representations.elements import SYMBOLS
from eutectic.optimizers.base import Array, Kind, Linear, Space
from eutectic.oracles.base import Candidate, Value
from eutectic.oracles.elements.neutrality import States, charges

MOST_STEPS = 1_000
"""Steps a formula may be written in; ours, beyond any formula."""
_PAIR: tuple[Kind, ...] = ("categorical", "integer")


@dataclass(frozen=True, slots=True)
class Sequence:
    """Chemical formulas in steps `element_1`, `count_1`, `element_2`, ...; counts of an element that recurs add up."""

    elements: tuple[str, ...]
    """Element symbols to choose from; formulas are written in this order."""
    steps: int = 5
    """Number of steps."""
    counts: tuple[int, int] = (0, 9)
    """Lowest and highest count of a step; a formula without any atom is never made."""
    min_elements: int = 1
    """Least number of different elements."""
    neutral: bool = False
    """Only formulas that one oxidation state an element makes neutral (or of a single element)."""
    electronegativity_balance: bool = False
    """Only formulas with every cation less electronegative than every anion (Pauling's scale) at the least charge."""

    oxidation_states: Literal["all", "icsd", "common"] = "all"
    """Those that may be taken: `icsd`, of at least 1 % of an element's entries in the ICSD; `common`, the usual ones;
    `all`, these and every positive one that is known."""

    def __post_init__(self) -> None:
        for symbol in self.elements:
            if symbol not in SYMBOLS:
                raise ValueError(f"elements: {symbol!r} is no element symbol{hint(symbol.capitalize(), SYMBOLS)}")
            if self.elements.count(symbol) > 1:
                raise ValueError(f"elements: {symbol!r} is named twice")
        if len(self.elements) < 2:
            raise ValueError(f"elements: a sequence needs at least 2 elements, got {len(self.elements)}")
        if not 1 <= self.steps <= MOST_STEPS:
            raise ValueError(f"steps: {self.steps} is not between 1 and {MOST_STEPS}")
        low, high = self.counts
        if not 0 <= low <= high or high < 1:
            raise ValueError(f"counts: [{low}, {high}] is no range [lowest, highest] of counts, the highest at least 1")
        most = min(self.steps, len(self.elements))
        if not 1 <= self.min_elements <= most:
            raise ValueError(f"min_elements: {self.min_elements} is not between 1 and {most}")

    @property
    def space(self) -> Space:
        """Two columns a step; the same object whenever the options are equal."""
        kept = (self.neutral, self.electronegativity_balance, self.oxidation_states)
        rules = Rules(tuple(self.elements), self.min_elements, *kept)
        return _space(rules, self.steps, (int(self.counts[0]), int(self.counts[1])))

    @property
    def names(self) -> tuple[str, ...]:
        """What the variables are called."""
        return ("formula", *self.space.names)

    @property
    def optional(self) -> frozenset[str]:
        """Variables that may be left out of a table: what the steps spell."""
        return frozenset({"formula"})

    def element_fractions(self) -> dict[str, tuple[float, float]]:
        """Element -> least and largest atomic fraction that counts allow; neutrality may allow less."""
        least, most = max(1, self.counts[0]), self.counts[1]
        others = self.min_elements - 1
        own = (self.steps - others) * most
        low = least / (least + (self.steps - 1) * most) if self.min_elements == len(self.elements) else 0.0
        return dict.fromkeys(self.elements, (low, own / (own + others * least)))

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:  # noqa: ARG002 (nothing is random here)
        """Candidates of the rows of X (n, d), sequences of one formula all as the same, tidy one.

        So no formula is evaluated twice: each element comes in one step, in the order of `elements`, where the counts
        allow it. ValueError for a row without atoms.
        """
        totals = amounts(X, len(self.elements))
        return [self._candidate(row, total) for row, total in zip(X, totals, strict=True)]

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """Row (d,) of these steps; ValueError when one is missing, no whole number or none of the elements."""
        row = []
        for k in range(1, self.steps + 1):
            symbol, count = str(variables.get(f"element_{k}", "")).strip(), number(f"count_{k}", variables)
            if symbol not in self.elements:
                raise ValueError(f"element_{k} is {symbol!r}, not one of {', '.join(self.elements)}")
            if count != round(count) or not self.counts[0] <= count <= self.counts[1]:
                raise ValueError(f"count_{k} is {count:g}, no whole number from {self.counts[0]} to {self.counts[1]}")
            row += [float(self.elements.index(symbol)), count]
        return np.array(row)

    def _candidate(self, row: Array, total: Array) -> Candidate:
        """The candidate of a row (d,) with the summed counts (elements,)."""
        if not total.any():
            raise ValueError("a sequence whose counts are all 0 is no formula")
        variables: dict[str, Value] = {"formula": formula(self.elements, total)}
        for k, (code, count) in enumerate(self._tidy(row, total), 1):
            variables |= {f"element_{k}": self.elements[code], f"count_{k}": count}
        present = np.flatnonzero(total)
        return Candidate(variables, composition={self.elements[i]: float(total[i] / total.sum()) for i in present})

    def _tidy(self, row: Array, total: Array) -> list[tuple[int, int]]:
        """The steps in order; merged where unused steps may be left at 0."""
        low, high = self.counts
        if low > 0:
            return sorted((round(code), round(count)) for code, count in row.reshape(-1, 2))
        pairs = []
        for code in np.flatnonzero(total):
            left = round(total[code])
            pairs += [(int(code), min(high, left - high * k)) for k in range(ceil(left / high))]
        return pairs + [(0, 0)] * (self.steps - len(pairs))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a formula must satisfy beside its counts, as a known constraint."""

    elements: tuple[str, ...]
    least: int
    """Different elements."""
    neutral: bool
    balanced: bool
    states: States = "all"

    @property
    def any(self) -> bool:
        """Is there a rule at all?"""
        return self.neutral or self.balanced or self.least > 1

    def __call__(self, X: Array) -> Array:
        """How far rules are broken (n, k), at most 0 where they hold.

        Elements that are missing; the charge in e; by how much that rises when cations and anions must be in order.
        X (n, d) coordinates; infinite where an element has no oxidation state or electronegativity.
        """
        total = amounts(X, len(self.elements))
        broken = [self.least - (total > 0).sum(1).astype(float)]
        if self.neutral or self.balanced:
            least, ordered = charges(self.elements, total, self.states)
            broken += [least] * self.neutral + [ordered - least] * self.balanced
        return np.asarray(np.nan_to_num(np.stack(broken, axis=1), nan=np.inf, posinf=np.inf))


def amounts(X: Array, elements: int) -> Array:
    """(n, elements) summed counts of the rows of X (n, d)."""
    total = np.zeros((len(X), elements))
    steps = np.round(X).reshape(len(X), X.shape[1] // 2, 2)
    rows = np.repeat(np.arange(len(X)), steps.shape[1])
    np.add.at(total, (rows, steps[:, :, 0].ravel().astype(int)), steps[:, :, 1].ravel())
    return total


def formula(elements: tuple[str, ...], total: Array) -> str:
    """`Fe2O3` of counts (elements,), as counted and not reduced."""
    parts = [(elements[i], round(total[i])) for i in np.flatnonzero(total)]
    return "".join(symbol if count == 1 else f"{symbol}{count}" for symbol, count in parts)


@lru_cache(maxsize=64)
def _space(rules: Rules, steps: int, counts: tuple[int, int]) -> Space:
    counted = Linear((0.0, -1.0) * steps, -1.0, "all counts together are at least 1")
    return Space(
        names=tuple(f"{what}_{k}" for k in range(1, steps + 1) for what in ("element", "count")),
        kinds=_PAIR * steps,
        lower=np.array([0.0, counts[0]] * steps),
        upper=np.array([len(rules.elements) - 1.0, counts[1]] * steps),
        categories=(rules.elements, ()) * steps,
        linear=(counted,) if counts[0] == 0 else (),
        known=rules if rules.any else None,
    )
