"""This file is the stop rules: when a campaign has had enough."""

from collections.abc import Mapping

from eutectic.campaigns.errors import CampaignFileError, Complaint, likely
from eutectic.campaigns.file.sections import Budget
from eutectic.campaigns.loop.routing import needed, next_oracle
from eutectic.campaigns.loop.stages import stalled
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.outcomes import Outcome

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


ENOUGH = 5
"""Evaluations that all lack a property before it is taken for a slip."""


def require_answers(problem: Problem, record: Record) -> None:
    """CampaignFileError when a property is needed that is in no answer, although every oracle has been asked often.

    Oracles that say beforehand what they return are checked before the run; others can only be asked. Whoever resumes
    such a campaign knows better, and is let go on.
    """
    if len(record.sessions) > 1 or any(o.status == "finished" for o in record.outcomes.values()):
        return
    answered = [o for o in record.outcomes.values() if o.finished_at is not None and _answered(problem, o)]
    if len(answered) < ENOUGH:
        return
    returned = sorted({name for outcome in answered for name in outcome.values})
    complaints = []
    for name in needed(problem):
        if name not in returned:
            section = "objectives" if name in problem.spec.objectives else "constraints"
            message = f"no oracle returned it in {len(answered)} evaluations{likely(name, returned, 'returned')}"
            complaints.append(Complaint((section, name), message))
    if complaints:
        raise CampaignFileError(complaints)


def _answered(problem: Problem, outcome: Outcome) -> bool:
    """Has every oracle said something of it?"""
    finished = bool(outcome.evaluations) and all(e.status == "finished" for e in outcome.evaluations)
    return finished and next_oracle(problem, outcome) is None
