"""This file is what the front leans on: bounds of variables and limits that its candidates touch, and what stalls.

Where most of a front lies on a bound, the best that the file asks for is not the best there is: the bound was chosen
by a person, and moving it is the next experiment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eutectic.campaigns.analysis.labels import label, number
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.record.stages import stalled
from eutectic.optimizers.base import Space

NEAR = 0.01
"""Share of a range within which a candidate is on its bound."""
MOST = 0.5
"""Share of the front on a bound from which it is said to lean on it."""
FEW = 3
"""Candidates of a front below which nothing is said."""
STALLED = 3
"""Rounds without gain from which they are mentioned."""

Side = Literal["lower bound", "upper bound", "limit"]


@dataclass(frozen=True, slots=True)
class Beyond:
    """What the surrogate expects of one property where a bound is moved."""

    property: str
    now: float
    """Mean prediction at the candidates on the bound, in the property's unit."""
    mean: float
    """The same one step beyond."""
    std: float
    """The surrogate's standard deviation there, averaged."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """One bound that the front leans on."""

    name: str
    """The variable's, or the limit's property."""
    side: Side
    bound: float
    """Where it is, in its unit."""
    count: int
    """Candidates of the front on it."""
    front: int
    """Candidates of the front."""
    beyond_at: float | None = None
    """What the variable is one step beyond; None where nobody was asked."""
    beyond: tuple[Beyond, ...] = ()

    def __str__(self) -> str:
        which = "all" if self.count == self.front else f"{self.count} of"
        whose = f"the limit of {label(self.name)}" if self.side == "limit" else f"the {self.side} of {self.name}"
        told = f"{which} {self.front} candidates of the front are on {whose} ({number(self.bound)})"
        if self.beyond_at is None:
            return told
        parts = [f"{label(b.property)} {number(b.mean)} ± {number(b.std, 2)} from {number(b.now)}" for b in self.beyond]
        return f"{told}; beyond it, at {number(self.beyond_at)}, the surrogates expect {', '.join(parts)}"


def bare(name: str) -> str:
    """A column's variable: `time_h` of `log10(time_h)`."""
    return name.removeprefix("log10(").removesuffix(")") if name.startswith("log10(") else name


def bounds_of(space: Space) -> dict[str, list[float]]:
    """Variable -> its least and largest value, of numbers that a person bounded; none of a list."""
    if space.table is not None:
        return {}
    found = {}
    for j, (name, kind) in enumerate(zip(space.names, space.kinds, strict=True)):
        low, high = float(space.lower[j]), float(space.upper[j])
        if kind != "categorical" and high > low and not (kind == "integer" and high - low < 3):
            plain = bare(name)
            found[plain] = [low, high] if plain == name else [10.0**low, 10.0**high]
    return found


def leanings(ledger: Ledger, front: Sequence[Outcome]) -> list[Leaning]:
    """The bounds and limits on which at least half of the front lies, those most leaned on first."""
    if len(front) < FEW:
        return []
    found = [*_on_bounds(ledger, front), *_on_limits(ledger, front)]
    return sorted(found, key=lambda leaning: -leaning.count)


def _on_bounds(ledger: Ledger, front: Sequence[Outcome]) -> list[Leaning]:
    bounds = ledger.facts.get("bounds")
    moved = any(text.startswith("space") for change in ledger.changes for text in change.differences)
    if not isinstance(bounds, Mapping) or moved:
        return []
    own = [o for o in front if o.variables]
    found = []
    for name, (low, high) in bounds.items():
        values = [o.variables.get(name) for o in own]
        numbers = np.array([float(v) if isinstance(v, int | float) else np.nan for v in values])
        near = NEAR * (high - low)
        absent = low == 0  # nothing of it, which is no bound that could be moved
        sides: list[tuple[Side, float]] = [("upper bound", high)]
        sides += [] if absent else [("lower bound", low)]
        for side, bound in sides:
            count = int((np.abs(numbers - bound) <= near).sum())
            if count >= MOST * len(front):
                found.append(Leaning(name, side, bound, count, len(front)))
    return found


def _on_limits(ledger: Ledger, front: Sequence[Outcome]) -> list[Leaning]:
    found = []
    for j, limit in enumerate(ledger.spec.limits):
        seen = [o.values[limit.property] for o in ledger.finished if limit.property in o.values]
        width = float(np.ptp(seen)) if seen else 0.0
        count = sum(j < len(o.excess) and abs(o.excess[j]) <= NEAR * width for o in front)
        if width > 0 and count >= MOST * len(front):
            found.append(Leaning(limit.property, "limit", limit.bound, count, len(front)))
    return found


def still(ledger: Ledger) -> str:
    """`Nothing was gained in the last 5 rounds, since round 7.`; "" where something was, or it is too early to say."""
    volumes = {r.index: r.hypervolume for r in ledger.rounds}
    count = stalled(volumes)
    if count < STALLED:
        return ""
    return f"Nothing was gained in the last {count} rounds, since round {max(volumes) + 1 - count}."


def leaning_sentence(ledger: Ledger, front: Sequence[Outcome]) -> str:
    """What the front leans on, in a sentence; "" where it leans on nothing."""
    told = "; ".join(map(str, leanings(ledger, front)))
    return f"{told[:1].upper()}{told[1:]}." if told else ""
