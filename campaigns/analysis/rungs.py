"""This file is how the rungs of a ladder stand to each other: cost, agreement, and what the gates decided; no HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.oracles.base import Evaluation

FEW = 8
"""Evaluations below which nothing is said of a top rung that is not asked."""


@dataclass(frozen=True, slots=True)
class RungCost:
    """What one rung was asked and took."""

    rung: int
    oracle: str
    asked: int
    failed: int
    seconds: float
    """Wall seconds of all its evaluations."""
    spent: float
    """The same in the unit of `cost`, seconds for an oracle without one."""
    doubtful: int
    """Candidates it said are out of its domain."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """A property on two neighbouring rungs, over the candidates known on both."""

    property: str
    lower: str
    upper: str
    """Names of the two oracles."""
    n: int
    correlation: float
    """Pearson's, dimensionless; NaN below three candidates."""
    bias: float
    """Mean of upper minus lower, the property's unit."""
    scatter: float
    """Standard deviation of that difference, the property's unit; NaN below two candidates."""
    spot_checks: int
    """How many of the n were held back by the gate and went up as spot checks."""
    spot_bias: float
    """The bias over these alone, which the choice of the best does not colour; NaN without any."""


def rungs(ledger: Ledger) -> tuple[str, ...]:
    """The oracles that gave values on rung 0, 1, ...; () where there is no ladder."""
    if ledger.spec.fidelity is None:
        return ()
    found: dict[int, str] = {}
    shared = _shared(ledger)
    for part in ledger.spec.oracles:
        said = [e for o in ledger.outcomes for e in o.evaluations if e.oracle == part.called]
        if said and any(name in shared for e in said for name in e.values):
            found.setdefault(int(said[0].fidelity), part.called)
    return tuple(name for _, name in sorted(found.items()))


def _shared(ledger: Ledger) -> set[str]:
    """The wanted properties that more than one oracle has given, or that count only from a rung above."""
    wanted = {*ledger.spec.objectives, *ledger.spec.constraints}
    givers: dict[str, set[str]] = {}
    for o in ledger.outcomes:
        for e in o.evaluations:
            for name in wanted & {*e.values}:
                givers.setdefault(name, set()).add(e.oracle)
    shared = {name for name, oracles in givers.items() if len(oracles) > 1}
    return shared.union(*(o.provisional for o in ledger.outcomes))


def costs(ledger: Ledger) -> list[RungCost]:
    """A row a rung, the cheapest first."""
    stated = {part.called: part.cost for part in ledger.spec.oracles if part.cost is not None}
    rows = []
    for level, name in enumerate(rungs(ledger)):
        said = [e for o in ledger.outcomes for e in o.evaluations if e.oracle == name and "reused" not in e.provenance]
        seconds = sum(e.cost_s for e in said)
        spent = len(said) * stated[name] if name in stated else seconds
        doubtful = sum(bool(e.provenance.get("out_of_domain")) for e in said)
        failed = sum(e.status == "failed" for e in said)
        rows.append(RungCost(level, name, len(said), failed, seconds, spent, doubtful))
    return rows


def unclimbed(ledger: Ledger) -> str:
    """The warning that the later half of the search never came back to the top rung; empty when it did."""
    ended = [o for o in ledger.outcomes if o.number > 0 and o.finished_at is not None]
    late = sorted(ended, key=lambda o: o.finished_at or 0.0)[len(ended) // 2 :]
    tops = [o for o in ended if o.status == "finished" and not o.provisional]
    if ledger.spec.fidelity is None or len(ended) < FEW or any(o in tops for o in late):
        return ""
    whole = "none of them" if not tops else f"none of the last {len(late)}"
    return (
        f"of {len(ended)} evaluations {whole} was on the top rung, whose values alone count: what the search found "
        f"since is not confirmed; a larger budget, or `budget.cost` instead of `budget.evaluations`, lets it climb"
    )


def agreements(ledger: Ledger) -> list[Agreement]:
    """A row a shared property and pair of neighbouring rungs."""
    known: dict[tuple[str, str], tuple[Evaluation, Outcome]] = {}
    for outcome in ledger.outcomes:
        for e in outcome.evaluations:
            if e.status == "finished":
                known[outcome.id, e.oracle] = (e, outcome)
    names = list(dict.fromkeys([*ledger.spec.objectives, *ledger.spec.constraints]))
    pairs = list(pairwise(rungs(ledger)))
    rows = (_agreement(known, name, low, high) for name in names for low, high in pairs)
    return [row for row in rows if row is not None]


def _agreement(
    known: dict[tuple[str, str], tuple[Evaluation, Outcome]], name: str, low: str, high: str
) -> Agreement | None:
    both = []
    for (id, oracle), (upper, outcome) in known.items():
        if oracle == high and (id, low) in known and name in upper.values and name in known[id, low][0].values:
            spot = any(gate.passed and gate.kind == "spot check" for gate in outcome.gates)
            both.append((known[id, low][0].values[name], upper.values[name], spot))
    if not both:
        return None
    x, y, spot_checked = (np.array(column) for column in zip(*both, strict=True))
    gap, spots = y - x, spot_checked.astype(bool)
    varies = len(gap) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0
    return Agreement(
        property=name,
        lower=low,
        upper=high,
        n=len(gap),
        correlation=float(np.corrcoef(x, y)[0, 1]) if varies else float("nan"),
        bias=float(gap.mean()),
        scatter=float(gap.std(ddof=1)) if len(gap) > 1 else float("nan"),
        spot_checks=int(spots.sum()),
        spot_bias=float(gap[spots].mean()) if spots.any() else float("nan"),
    )


def gated(ledger: Ledger) -> Sequence[tuple[Outcome, str, str]]:
    """Candidate, what became of it at a gate and why; in the order of proposal."""
    rows = []
    for outcome in ledger.outcomes:
        for gate in outcome.gates:
            rows.append((outcome, "promoted" if gate.passed else "held back", f"rung {gate.rung + 1}: {gate.reason}"))
    return rows
