"""This file is the time a campaign still needs, from what its asking and its evaluations have taken so far."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median_low

from eutectic.campaigns.record.outcomes import Batch, Ledger, Outcome

UNMEASURED_ASK_S = 2.0
"""Seconds assumed for one asking of a stage that has not asked yet; replaced by the first measurement."""
WINDOW = 8
"""Batches and, times the batch size, evaluations that count as recent."""


def evaluation_s(ledger: Ledger) -> float | None:
    """Mean wall seconds of the latest ended evaluations; None before the first."""
    ended = [o for o in ledger.outcomes if o.number > 0 and o.finished_at is not None]
    recent = sorted(ended, key=lambda o: o.finished_at or 0.0)[-WINDOW * ledger.spec.budget.batch :]
    return fmean(o.cost_s for o in recent) if recent else None


def expected_evaluations(ledger: Ledger) -> int | None:
    """Evaluations at the end, as the budgets of evaluations and of cost say; None when neither can tell."""
    budget, each = ledger.spec.budget, _cost_each(ledger)
    ends = [] if budget.evaluations is None else [budget.evaluations]
    if budget.cost is not None and each:
        ends.append(round(budget.cost / each))
    return max(min(ends), _proposed(ledger)) if ends else None


def stage_sizes(ledger: Ledger, end: int) -> list[int]:
    """Evaluations each stage has still to propose until there are `end`."""
    left, ahead, sizes = end, _proposed(ledger), []
    for stage in ledger.spec.optimizers[:-1]:
        share = left if stage.evaluations is None else min(left, stage.evaluations)
        sizes.append(max(0, share - ahead))
        left, ahead = left - share, max(0, ahead - share)
    return [*sizes, max(0, left - ahead)]


def pace_s(ledger: Ledger, stage: int) -> float | None:
    """Measured wall seconds an evaluation, asking included, in a stage: the lower median over its recent batches.

    The time from one asking to the next, divided by what was asked for, holds everything (overlap, queues,
    overhead); the lower median leaves out a night before a resume and a first asking that imports its libraries.
    """
    asked = sorted(ledger.batches, key=lambda b: b.index)
    sizes = _sizes(ledger.outcomes)
    spans = [
        (after.asked_at - batch.asked_at) / sizes[batch.index]
        for batch, after in pairwise(asked)
        if batch.stage == after.stage == stage and sizes.get(batch.index)
    ]
    return median_low(spans[-WINDOW:]) if len(spans) >= 2 else None


def time_left_s(ledger: Ledger, now: float) -> float | None:
    """Wall seconds until the budget of evaluations or of hours is used, whichever comes first.

    None before anything is measured, and when the budget has neither. `now` is Unix time in seconds.
    """
    each = evaluation_s(ledger)
    if ledger.state != "running":
        return 0.0
    limits = [] if ledger.spec.budget.hours is None else [(ledger.spec.budget.hours - ledger.hours) * 3600]
    end = expected_evaluations(ledger)
    if each is not None and end is not None:
        limits.append(_until_s(ledger, end, each, now))
    return max(0.0, min(limits)) if limits else None


def _until_s(ledger: Ledger, end: int, each: float, now: float) -> float:
    """Wall seconds until `end` evaluations have ended, `each` worker seconds apiece."""
    left = _running_s(ledger, each, now) / ledger.spec.executor.workers
    for stage, size in enumerate(stage_sizes(ledger, end)):
        measured = pace_s(ledger, stage)
        left += size * (measured if measured is not None else _assumed_pace_s(ledger, stage, each))
    return left


def _proposed(ledger: Ledger) -> int:
    """Candidates proposed so far."""
    return sum(1 for outcome in ledger.outcomes if outcome.number > 0)


def _cost_each(ledger: Ledger) -> float | None:
    """Mean cost of the evaluations that have ended, in the unit of `budget.cost`; None before the first."""
    stated = {part.called: part.cost for part in ledger.spec.oracles if part.cost is not None}
    ended = [o for o in ledger.outcomes if o.number > 0 and o.finished_at is not None]
    return fmean(sum(stated.get(e.oracle, e.cost_s) for e in o.evaluations) for o in ended) if ended else None


def _sizes(outcomes: Sequence[Outcome]) -> dict[int, int]:
    """Batch index -> number of candidates."""
    sizes: dict[int, int] = {}
    for outcome in outcomes:
        sizes[outcome.round] = sizes.get(outcome.round, 0) + 1
    return sizes


def _running_s(ledger: Ledger, each: float, now: float) -> float:
    """Worker seconds that proposed and running evaluations still need."""
    total = 0.0
    for outcome in ledger.outcomes:
        if outcome.number > 0 and outcome.status in ("proposed", "running"):
            spent = now - outcome.proposed_at if outcome.status == "running" else 0.0
            total += max(each - spent, 0.0)
    return total


def _assumed_pace_s(ledger: Ledger, stage: int, each: float) -> float:
    """Wall seconds an evaluation of a stage that has asked less than three times."""
    asks = [batch.ask_s for batch in _of_stage(ledger.batches, stage)]
    ask_s = min(asks, default=UNMEASURED_ASK_S)  # the first asking of a process also imports its libraries
    return ask_s / ledger.spec.budget.batch + each / min(ledger.spec.executor.workers, ledger.spec.budget.batch)


def _of_stage(batches: Sequence[Batch], stage: int) -> list[Batch]:
    """The batches one stage asked for."""
    return [batch for batch in batches if batch.stage == stage]
