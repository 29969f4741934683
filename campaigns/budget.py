"""This file is the stop rules: when a campaign has had enough."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from campaigns.fold import Record
from campaigns.turns import stalled

if TYPE_CHECKING:
    from campaigns.sections import Budget

PATIENCE = 3
"""Rounds in a row that the regret must be small."""


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
    volumes = {index: hypervolume for index, (hypervolume, _) in record.ended.items()}
    if budget.stall is not None and stalled(volumes) >= budget.stall:
        return f"{budget.stall} rounds without gain in hypervolume"
    if budget.regret is not None and (missing := exhausted(record)) <= budget.regret:
        return f"at most {100 * missing:.2g} % of the hypervolume may be missing ({PATIENCE} rounds in a row)"
    return None


def left(record: Record, budget: "Budget") -> float:
    """Evaluations that may still be proposed; infinite without such a budget."""
    return float("inf") if budget.evaluations is None else max(0, budget.evaluations - record.proposed)


def exhausted(record: Record) -> float:
    """The largest regret of the last three rounds; 1 as long as it is not known for all of them."""
    last = [record.regrets.get(index) for index in sorted(record.ended)[-PATIENCE:]]
    known = [regret for regret in last if regret is not None]
    return max(known) if len(known) == PATIENCE else 1.0
