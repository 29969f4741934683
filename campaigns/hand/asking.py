"""This file is asking by hand: what waits to be measured, new candidates within the budget, and why there are fewer."""

from collections.abc import Mapping

import numpy as np

from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.hand.words import refusal
from eutectic.campaigns.loop.asking import asked
from eutectic.campaigns.loop.rounds import tests
from eutectic.campaigns.loop.routing import meanwhile, next_oracle, waits
from eutectic.campaigns.loop.together import reserved
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record import settings
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.record.progress import (
    BY_HAND,
    SPACE_USED_UP,
    TO_VALIDATE,
    USED_UP,
    Plan,
    close,
    conclude,
    enough,
    left,
    reference_event,
    turn,
    unvalidated,
    used_up,
    why_done,
)
from eutectic.oracles.base import Value


def whole(n: object) -> int:
    """So many candidates, at least 1; CampaignFileError for anything else."""
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise refusal(f"n is {n!r}, not a whole number")
    if n < 1:
        raise refusal(f"n is {n}; ask for at least 1")
    return int(n)


def ask(
    problem: Problem,
    logbook: Logbook,
    n: int,
    context: Mapping[str, Value] | None = None,
    by: str = "",
    holder: str = "",
) -> list[int]:
    """Propose up to n candidates and write them down; their numbers, fewer when a budget or the space is used up.

    context: what is measured and not chosen, by variable; CampaignFileError when any is missing or out of range.
    holder: who makes them, where variables are set for a batch: nothing joins what another has in hand.

    Everything is written in one transaction, with the rounds that have ended meanwhile and the state the campaign is
    left in; the journal's `state` says why there are fewer.
    """
    settings.require_same(problem, logbook.record)
    plan = Plan(logbook.record.copy())
    plan.add("session", {"pid": None, "host": "ask"})
    close(plan, lambda record, index: tests(problem, record, index, logbook.folder))
    numbers: list[int] = []
    exhausted = False
    while len(numbers) < n and not exhausted and (room := _room(plan.record, n - len(numbers))) > 0:
        reference = reference_event(plan.record, "asking", turn(plan.record).stage)
        if reference is not None:
            plan.add("reference", reference)
        body = asked(problem, plan.record.ledger(logbook.folder, lasting=False), room, context, holder)
        numbers += [row["number"] for row in body["proposals"]]
        exhausted = not body["proposals"]
        if not exhausted:
            plan.add("asked", {**body, "by": by} if by else body)
    _put_down(plan, exhausted)
    logbook.write(*plan.drafts, *reserved(problem, numbers, holder))
    return numbers


def _room(record: Record, wanted: int) -> int:
    """How many the stage whose turn it is may be asked for."""
    return 0 if enough(record, record.hours) is not None else int(min(wanted, left(record), turn(record).room))


def _put_down(plan: Plan, exhausted: bool) -> None:
    """Add the state the campaign is left in: done where nothing is open and nothing more may be asked for."""
    text = SPACE_USED_UP if exhausted else why_done(plan.record, plan.record.hours) or BY_HAND
    plan.add("state", {"state": "stopped", "text": text, "overhead_s": 0.0})
    conclude(plan, SPACE_USED_UP if exhausted else None)


def waiting(problem: Problem, record: Record, running: bool) -> list[Outcome]:
    """The candidates that wait for a person, in order; then those that are to be validated.

    Where no oracle is a person, whatever was proposed and never evaluated waits, unless a process runs the campaign.
    """
    by_hand = not running and not any(waits(named) for named in problem.oracles)
    found = []
    for number in sorted(record.unsettled):
        outcome = record.outcomes[number]
        asked_of_people = meanwhile(problem, outcome, person=True) is not None
        if asked_of_people or (by_hand and next_oracle(problem, outcome) is not None):
            found.append(outcome)
    validator = problem.validator
    if validator is not None and (waits(validator) or not running):
        found += [record.outcomes[n] for n in record.chosen or () if record.outcomes[n].validation is None]
    return found


def why_fewer(record: Record, folder: str) -> str:
    """The sentence that says why no more can be asked for and how to go on; "" when more can be."""
    text = why_done(record, record.hours)
    if text is None:
        return f"{SPACE_USED_UP}: every candidate is known" if used_up(record) else ""
    budget, key = record.spec.budget, "budget.evaluations"
    if text == USED_UP and budget.evaluations is not None and left(record) == 0:
        text = f"the budget of {budget.evaluations} evaluations is used up"
    elif text != USED_UP:
        key = next((f"budget.{k}" for k in ("hours", "cost", "stall", "regret") if getattr(budget, k) is not None), key)
    change = f"to go on: campaign change {folder} --set {key}=..."
    if record.chosen is not None and unvalidated(record):
        return f"{text}; {TO_VALIDATE}: tell of them with --validation; {change}"
    return f"{text}; {change}"


def want(problem: Problem, logbook: Logbook, n: int, by: str = "", holder: str = "") -> None:
    """Ask the process that runs the campaign to have n candidates ready; CampaignFolderError without a person in it."""
    if not any(waits(named) for named in problem.oracles):
        raise CampaignFolderError(f"{logbook.folder} is running, and no oracle of it is a person; it asks for itself")
    logbook.write(Draft("wanted", {"n": n} | {k: v for k, v in (("by", by), ("holder", holder)) if v}))
