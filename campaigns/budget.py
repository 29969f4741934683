"""This file is the stop rules: when a campaign has had enough."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from campaigns.fold import Record

if TYPE_CHECKING:
    from campaigns.sections import Budget

GAIN = 1e-9
"""Relative growth of the hypervolume that counts as a gain, dimensionless."""


def spent(record: Record, stated: Mapping[str, float]) -> float:
    """Cost so far: `stated` (oracle -> cost) where given, wall seconds otherwise; what was reused is free."""
    total = 0.0
    for outcome in record.outcomes.values():
        if outcome.number > 0:
            paid = [e for e in outcome.evaluations if "reused" not in e.provenance]
            total += sum(stated.get(e.oracle, e.cost_s) for e in paid)
    return total


def enough(record: Record, budget: "Budget", stated: Mapping[str, float], hours: float) -> str | None:
    """Why nothing more should be started, or None; `hours` is the wall time over all sessions.

    `evaluations` is not among the reasons: what was proposed within it is still to be evaluated.
    """
    if budget.hours is not None and hours >= budget.hours:
        return f"the budget of {budget.hours:g} hours is used up"
    if budget.cost is not None and spent(record, stated) >= budget.cost:
        return f"the budget of cost {budget.cost:g} is used up"
    if budget.stall is not None and stalled(record) >= budget.stall:
        return f"{budget.stall} rounds without gain in hypervolume"
    return None


def left(record: Record, budget: "Budget") -> float:
    """Evaluations that may still be proposed; infinite without such a budget."""
    return float("inf") if budget.evaluations is None else max(0, budget.evaluations - record.proposed)


def stalled(record: Record) -> int:
    """Rounds since the hypervolume last grew; rounds before anything feasible was found do not count."""
    count, best = 0, 0.0
    for _, (hypervolume, _) in sorted(record.ended.items()):
        if hypervolume is None or hypervolume == best == 0.0:
            continue
        count = 0 if hypervolume > best * (1 + GAIN) else count + 1
        best = max(best, hypervolume)
    return count
