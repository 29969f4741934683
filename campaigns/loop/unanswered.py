"""This file is the end of a campaign that cannot succeed: a property that no oracle ever returns."""

from eutectic.campaigns.errors import CampaignFileError, Complaint, likely
from eutectic.campaigns.loop.routing import needed, next_oracle
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.outcomes import Outcome

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
