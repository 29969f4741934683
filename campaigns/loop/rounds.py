"""This file is the end of a round: how well its surrogates predict, and what may still be missing."""

import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.loop.stopwatch import Stopwatch
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.outcomes import Batch, Event, Ledger, Round, Rounds
from eutectic.campaigns.record.progress import UNTESTED, ready, seen_again, volumes
from eutectic.optimizers.models.diagnostics import crossvalidate, doubts

ENOUGH = 8
"""Finished outcomes from which surrogates are tested."""
MOST = 400
"""Outcomes on which surrogates are tested; of more, so many evenly spaced over the campaign."""


def close_rounds(
    problem: Problem, logbook: Logbook, watch: Stopwatch, waiting: Collection[int] = ()
) -> Iterator[Event]:
    """Write down the rounds that have ended, in order, each with tests of its surrogates.

    waiting: numbers that wait for a person.
    """
    record = logbook.record
    again = seen_again(record)
    if again is not None:
        logbook.write(Draft("reference", again))
    while rounds := ready(record, waiting)[:1]:
        [(index, volume)] = volumes(record, rounds)
        with watch.paused():
            tested = tests(problem, record, index, logbook.folder)
        body = {"index": index, "hypervolume": volume, **tested, "overhead_s": watch.take()}
        logbook.write(Draft("round", body))
        yield Event("round", round=record.round(index))
        for text in doubtful([record.round(i) for i in range(max(0, index - 1), index + 1)]):
            yield Event("note", text=text)


def tests(problem: Problem, record: Record, index: int, folder: str) -> Mapping[str, object]:
    """What the event of an ended round says of its surrogates: `diagnostics`, `fit_s`, where asked for `regret`."""
    if not _believed(record.batches) and record.spec.budget.regret is None:
        return UNTESTED
    start, ledger = time.perf_counter(), record.ledger(folder, lasting=False)
    found = diagnostics(problem, ledger)
    missing = missing_share(problem, ledger, index)
    said: dict[str, object] = {"diagnostics": found, "fit_s": time.perf_counter() - start}
    return said if missing is None else {**said, "regret": missing}


def tested(ledger: Ledger) -> Ledger:
    """The ledger with the tests of its last round's surrogates, where that round has none.

    What people tell may end a round, which telling does not wait for: the next asking writes such tests down.
    """
    last = ledger.rounds[-1] if ledger.rounds else None
    if last is None or last.diagnostics or ledger.state == "running" or not _believed(ledger.batches):
        return ledger
    try:
        problem = build(ledger.spec, str(ledger.facts.get("source", ".")), engines=False, begun=True)
    except CampaignFileError:
        return ledger  # it cannot be built here any more
    found = {last.index: diagnostics(problem, ledger)}
    ended = {each.index: (each.hypervolume, found.get(each.index, each.diagnostics)) for each in ledger.rounds}
    regrets = {each.index: each.regret for each in ledger.rounds}
    return replace(ledger, rounds=Rounds(ended, regrets, ledger.outcomes))


def _believed(batches: Sequence[Batch]) -> bool:
    """Has the last asking fitted anything?"""
    return bool(batches) and "belief" in batches[-1].state


def missing_share(problem: Problem, ledger: Ledger, index: int) -> float | None:
    """Share of the hypervolume that may still be missing after a round; None unless `budget.regret` asks for it."""
    if ledger.spec.budget.regret is None:
        return None
    from eutectic.optimizers.bayesian.regret import regret

    history = history_of(ledger, problem.space)
    return regret(problem.space, history, problem.recipes, np.random.default_rng([ledger.spec.seed, index, 2]))


def diagnostics(problem: Problem, ledger: Ledger) -> Mapping[str, Mapping[str, float]]:
    """Output -> leave-one-out metrics of its surrogate, with the hyperparameters the last batch was asked with.

    With `use: auto` also the log predictive density of each surrogate listed, and the place of the one in charge.
    Empty while the optimizer in charge fits nothing, and below 8 finished outcomes.
    """
    if not _believed(ledger.batches):
        return {}
    history = history_of(ledger, problem.space)
    if history.finished.sum() < ENOUGH:
        return {}
    if len(history.X) > MOST:
        history = history.rows(np.linspace(0, len(history.X) - 1, MOST).round().astype(np.int64))

    names = [*(goal.name for goal in ledger.spec.goals), *(limit.name for limit in problem.learned)]
    state = ledger.batches[-1].state
    checks = crossvalidate(history, problem.space, problem.recipes, state)
    found = [{**check.metrics, **_choice(state, j)} for j, check in enumerate(checks)]
    return {
        name: {metric: value for metric, value in metrics.items() if math.isfinite(value)}
        for name, metrics in zip(names, found, strict=True)
    }


def _choice(state: Mapping[str, Any], output: int) -> dict[str, float]:
    """Scores of `use: auto` for an output, as metrics; empty for another surrogate, or before it has compared."""
    beliefs = state["belief"]
    learned = beliefs[output] if output < len(beliefs) else {}
    scores = learned.get("scores") or {}
    told = {f"log_density.{label}": score for label, score in scores.items() if score is not None}
    return {**told, "choice": 1.0 + list(scores).index(learned["choice"])} if scores else {}


def doubtful(rounds: Sequence[Round]) -> list[str]:
    """What the last round's diagnostics find wrong with surrogates and the round before's did not, a sentence each."""
    now, before = rounds[-1].diagnostics, rounds[-2].diagnostics if len(rounds) > 1 else {}
    return [
        f"the surrogate of {name} {sentence}"
        for name, metrics in now.items()
        for kind, sentence in doubts(metrics).items()
        if kind not in doubts(before.get(name, {}))
    ]
