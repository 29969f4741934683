"""This file is how far a campaign is, as its record says and whoever leads it: rounds, hypervolume, stop rules.

The loop, the verbs of a campaign led by hand and whoever reads a record at rest ask the same functions. What has come
due (a round that ended, a reference point, the end itself) is events, so that a reader may fold them in without
writing them.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from eutectic.campaigns.record.columns import FINISHED, RETURNED
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.journal import Draft, Entry
from eutectic.campaigns.record.stages import Turn, gauged, stalled, turn_of
from eutectic.campaigns.record.volume import best, hypervolume, nondominated, sensible_reference

Moment = Literal["beginning", "asking", "end"]
ENOUGH = 8
"""Finished outcomes from which a reference point is chosen within the first stage."""
PATIENCE = 3
"""Rounds in a row that the regret must be small."""
Tests = Callable[[Record, int], Mapping[str, object]]
"""The `diagnostics`, `fit_s` and maybe `regret` of a round."""
UNTESTED: Mapping[str, object] = {"diagnostics": {}, "fit_s": 0.0}
"""What a round says whose surrogates were not tested."""
USED_UP = "the budget of evaluations is used up"
BY_HAND = "led by hand"
"""Why a campaign rests that people lead, and of which more may be asked for."""
SPACE_USED_UP = "the space is used up"
TO_VALIDATE = "the best are still to be measured once more"
TO_TELL = "what was asked for is still to be told"


@dataclass(slots=True)
class Plan:
    """Events that are to be written in one transaction, and the record as it will be then."""

    record: Record
    """A copy; it changes with every event that is added."""
    drafts: list[Draft] = field(default_factory=list)

    def add(self, kind: str, body: Mapping[str, object]) -> None:
        """One event more."""
        draft = Draft(kind, body)
        at = self.record.sessions[-1][1] if self.record.sessions else 0.0
        self.record.apply([Entry(self.record.seq + 1, at, draft.kind, draft.number, draft.body)])
        self.drafts.append(draft)


def close(plan: Plan, tests: Tests | None = None) -> None:
    """Add what has come due of rounds: a reference point that was given, volumes to be seen again, rounds that ended.

    Surrogates are tested by `tests`, once for all rounds that end now, and not at all without it.
    """
    reference = reference_event(plan.record, "beginning") or seen_again(plan.record)
    if reference is not None:
        plan.add("reference", reference)
    rounds = ready(plan.record)
    for index, volume in volumes(plan.record, rounds):
        tested = tests(plan.record, index) if tests is not None and index == rounds[-1] else UNTESTED
        plan.add("round", {"index": index, "hypervolume": volume, **tested, "overhead_s": 0.0})


def conclude(plan: Plan, ending: str | None = None) -> None:
    """Add the end of a campaign at rest, when nothing is waited for and nothing more may be asked for.

    Until then, of a campaign that people lead, why it rests. What is to be validated is chosen first, and then waited
    for. ending: why nothing more may be asked for, where that is more than the record says.
    """
    record = plan.record
    if record.state != "stopped" or not record.batches:
        return
    text = ending or why_done(record, record.hours) or (SPACE_USED_UP if used_up(record) else None)
    if text is None or record.unsettled - left_behind(record):
        if record.by_hand:
            _rests(plan, "stopped", BY_HAND if text is None else f"{text}; {TO_TELL}")
        return
    reference = reference_event(record, "end")
    if reference is not None:
        plan.add("reference", reference)
    if record.spec.validation is not None and record.chosen is None:
        chosen = best(list(record.outcomes.values()), record.spec.validation.top, record.reference)
        plan.add("chosen", {"numbers": [outcome.number for outcome in chosen]})
    state, more = ("stopped", f"; {TO_VALIDATE}") if unvalidated(record) else ("done", "")
    _rests(plan, state, text + more)


def _rests(plan: Plan, state: str, text: str) -> None:
    """Add that a campaign rests so, unless it does already."""
    if (plan.record.state, plan.record.text) != (state, text):
        plan.add("state", {"state": state, "text": text, "overhead_s": 0.0})


def up_to_date(record: Record) -> Record:
    """A copy of a record at rest with everything that has come due."""
    plan = Plan(record.copy())
    close(plan)
    conclude(plan)
    return plan.record


def used_up(record: Record) -> bool:
    """Was the space used up when it was last asked for more, and has nothing been given back since?"""
    if record.text.partition("; ")[0] != SPACE_USED_UP:
        return False
    if not (record.columns.status == RETURNED).any():
        return True
    own = [outcome for outcome in record.outcomes.values() if outcome.number > 0]
    free = {o.id for o in own if o.status == "returned" and not o.barred}
    return not free - {o.id for o in own if o.status != "returned" or o.barred}


def ready(record: Record, waiting: Collection[int] | None = None) -> range:
    """The rounds that can end now: those that have not ended, as far as all outcomes have. Rounds end in order.

    What was left behind is not waited for. waiting: numbers that wait for a person, where a process computes.
    """
    first = len(record.ended)
    open_rounds = [record.outcomes[number].round for number in record.unsettled - left_behind(record, waiting)]
    return range(first, max(first, min([*open_rounds, len(record.batches)])))


def left_behind(record: Record, waiting: Collection[int] | None = None) -> set[int]:
    """The open candidates that nobody seems to measure any more: all of a later batch has ended.

    Their rounds end without them, and so may the campaign; what is told of them later counts all the same. Only what
    waits for a person is left behind (`waiting`, else everything of a campaign that was last asked by hand), whoever
    holds it: what has come due follows from the journal, not from the clock.
    """
    if waiting is None and not record.by_hand:
        return set()
    slow = record.unsettled if waiting is None else record.unsettled & {*waiting}
    if not slow:
        return set()
    still = {record.outcomes[number].round for number in record.unsettled}
    rows = record.columns
    made = rows.round[rows.proposed]
    closed = int(made.max(initial=-1))
    while closed >= 0 and (closed in still or not (made == closed).any()):
        closed -= 1
    own = [record.outcomes[number] for number in slow]
    return {o.number for o in own if o.round < closed and o.status != "running"}


def volumes(record: Record, rounds: range, reference: tuple[float, ...] | None = None) -> list[list[Any]]:
    """Each of consecutive rounds with the hypervolume of all feasible outcomes up to and with it.

    Against `reference` (m,), else the record's own; None where there is neither.
    """
    reference = record.reference if reference is None else reference
    if reference is None or not rounds:
        return [[index, None] for index in rounds]
    rows = record.columns
    before = rows.feasible & (rows.round < rounds.start)
    later = np.flatnonzero(rows.feasible & (rows.round >= rounds.start))
    held, found = record.front.of(rows.losses[before]).reshape(-1, len(reference)), []
    for index in rounds:
        held = np.concatenate([held, rows.losses[later[rows.round[later] == index]]])
        held = held[nondominated(held)]
        found.append([index, hypervolume(held, reference)])
    return found


def seen_again(record: Record) -> dict[str, Any] | None:
    """The body of a `reference` event that says what volumes are after something they counted changed; or None."""
    if record.stale is None or record.reference is None:
        return None
    return {
        "reference": list(record.reference),
        "hypervolumes": volumes(record, range(record.stale, len(record.ended))),
    }


def reference_event(record: Record, moment: Moment, stage: int = 0) -> dict[str, Any] | None:
    """The body of a `reference` event, or None when it is fixed already or too little is known.

    It is fixed at the beginning if the spec gives all of it; otherwise when a later stage is about to ask (not while
    one looks for what satisfies), or the only stage, or a first one that may stall, when 8 outcomes (or 2 (m + 1), if
    that is more) have finished, or at the end. What the moment is follows from the journal alone, so that a resumed
    campaign chooses the same point.
    """
    if record.reference is not None:
        return None
    given = [goal.reference_loss for goal in record.spec.goals]
    rows = record.columns
    known = rows.losses[(rows.status == FINISHED) & np.isfinite(rows.losses).all(1)]
    if None in given and not _ripe(record, moment, stage, len(known)):
        return None
    chosen = sensible_reference(known).tolist() if None in given else given
    reference = tuple(float(c if g is None else g) for g, c in zip(given, chosen, strict=True))
    return {"reference": list(reference), "hypervolumes": volumes(record, range(len(record.ended)), reference)}


def _ripe(record: Record, moment: Moment, stage: int, known: int) -> bool:
    """Is it time to choose a reference point from so many finished outcomes?"""
    parts = record.spec.optimizers
    measured = len(parts) == 1 or parts[0].stall is not None  # then the first stage needs its hypervolume
    enough = known >= max(ENOUGH, 2 * (len(record.spec.goals) + 1))
    asking = moment == "asking" and parts[stage].goal != "satisfy" and (stage > 0 or (measured and enough))
    return known >= 1 and (asking or moment == "end")


def turn(record: Record) -> Turn:
    """Whose turn it is."""
    ended = {index: hypervolume for index, (hypervolume, _) in record.ended.items()} if gauged(record.spec) else {}
    rows = record.columns
    return turn_of(record.spec, record.outcomes.values(), record.batches, ended, lambda: rows.round[rows.proposed])


def left(record: Record) -> float:
    """Evaluations that may still be proposed; infinite without such a budget."""
    budget = record.spec.budget
    return float("inf") if budget.evaluations is None else max(0, budget.evaluations - record.proposed)


def why_done(record: Record, hours: float) -> str | None:
    """The sentence that says why nothing more may be asked for, or None; `hours` is the wall time over all sessions."""
    halted, now = enough(record, hours), turn(record)
    if halted is None and left(record) > 0 and now.room > 0:
        return None
    return halted or (str(now.ended[-1]) if now.ended else USED_UP)


def enough(record: Record, hours: float) -> str | None:
    """Why nothing more should be started, or None; `hours` is the wall time over all sessions.

    `evaluations` is not among the reasons: what was proposed within it is still to be evaluated.
    """
    budget = record.spec.budget
    if budget.hours is not None and hours >= budget.hours:
        return f"the budget of {budget.hours:g} hours is used up"
    if budget.cost is not None and spent(record) >= budget.cost:
        return f"the budget of cost {budget.cost:g} is used up"
    if budget.stall is not None:
        ended = {index: hypervolume for index, (hypervolume, _) in record.ended.items()}
        if stalled(ended) >= budget.stall:
            return f"{budget.stall} rounds without gain in hypervolume"
    if budget.regret is not None and (missing := exhausted(record)) <= budget.regret:
        return f"at most {100 * missing:.2g} % of the hypervolume may be missing ({PATIENCE} rounds in a row)"
    return None


def spent(record: Record) -> float:
    """Cost so far: as stated where an oracle states it, wall seconds otherwise; what was reused is free."""
    return float(record.columns.price.sum())


def exhausted(record: Record) -> float:
    """The largest regret of the last three rounds; 1 as long as it is not known for all of them."""
    last = [record.regrets.get(index) for index in sorted(record.ended)[-PATIENCE:]]
    known = [regret for regret in last if regret is not None]
    return max(known) if len(known) == PATIENCE else 1.0


def unvalidated(record: Record) -> bool:
    """Is something still to be computed once more at the end?"""
    if record.spec.validation is None:
        return False
    return record.chosen is None or any(record.outcomes[n].validation is None for n in record.chosen)
