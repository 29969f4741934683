"""This file is the ladder as an optimizer sees it: a row of the history a rung that answered, and each rung's price."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np

from eutectic.campaigns.loop.rung_relation import Quantity, quantities
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.optimizers.abilities import sees_rungs
from eutectic.optimizers.base import Array, History, Proposals, veiled

STEP = 10.0
"""A rung that has neither a stated cost nor been asked is taken to cost so many times the one below."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one rung said of one candidate."""

    outcome: Outcome
    rung: int
    failed: bool


def history_for(problem: Problem, ledger: Ledger, optimizer: Any) -> History:
    """What an optimizer is shown: every rung's answers, or a row a candidate with the top's values."""
    plain = history_of(ledger, problem.space)
    return climbing(problem, ledger, plain) if problem.ladder.rungs and sees_rungs(optimizer) else plain


def climbing(problem: Problem, ledger: Ledger, plain: History) -> History:
    """The history with a row an answer; `plain` is that with a row a candidate."""
    answers = [answer for outcome in ledger.outcomes if not outcome.aside for answer in _answers(problem, outcome)]
    outputs = [q for q in quantities(problem) if q.goal is not None or q.limit in problem.learned]
    table = np.array([[q.value(a.outcome, a.rung) for q in outputs] for a in answers], dtype=float)
    table = table.reshape(len(answers), len(outputs), 2)
    failed = np.array([a.failed for a in answers], dtype=bool)
    table[failed] = math.nan
    m = len(ledger.spec.goals)
    pending = [
        o for o in ledger.outcomes if o.status in ("proposed", "running") and not (o.aside or _answered(o, o.rung))
    ]
    return replace(
        plain,
        X=veiled(problem.space, _rows([a.outcome.x for a in answers], problem.space.d)),
        Y=_losses(outputs[:m], table[:, :m, 0]),
        signed=table[:, :m, 0],
        noise=table[:, :m, 1],
        C=table[:, m:, 0],
        C_noise=table[:, m:, 1],
        failed=failed,
        fidelity=np.array([a.rung for a in answers], dtype=float),
        cost=np.array([sum(e.cost_s for e in a.outcome.evaluations if e.fidelity == a.rung) for a in answers]),
        round=np.array([a.outcome.round for a in answers], dtype=np.int64),
        origin=tuple(a.outcome.reason.proposer for a in answers),
        replicas=(),
        curves={},
        pending=veiled(problem.space, _rows([o.x for o in pending], problem.space.d)),
        pending_rung=np.array([o.rung for o in pending], dtype=np.int64),
        prices=prices(problem, ledger.outcomes),
    )


def prices(problem: Problem, outcomes: Sequence[Outcome]) -> tuple[float, ...]:
    """Cost of one evaluation on each rung: as stated, else the mean seconds measured, else a guess from below."""
    found: list[float] = []
    for level, position in enumerate(problem.ladder.rungs):
        named = problem.oracles[position]
        said = [e for o in outcomes for e in o.evaluations if e.oracle == named.name and e.fidelity == level]
        measured = [e.cost_s for e in said if "reused" not in e.provenance and e.cost_s > 0]
        guess = STEP * found[-1] if found else 1.0
        found.append(named.cost or (fmean(measured) if measured else guess))
    return tuple(found)


def route(problem: Problem, proposals: Proposals, place: int) -> Mapping[str, int]:
    """From which rung to which a proposal is asked; nothing where there is no ladder."""
    if not problem.ladder.rungs:
        return {}
    if proposals.rungs is None:
        return {"rung": 0, "until": problem.ladder.top}
    return {"rung": int(proposals.rungs[place]), "until": int(proposals.rungs[place])}


def _answers(problem: Problem, outcome: Outcome) -> Iterator[Answer]:
    """The rungs that answered; the last one failed where the candidate did. Nothing of what is not its own fault."""
    limits = [x for x in problem.spec.limits if x not in problem.learned]
    if any(x.excess(outcome.values[x.property]) > 0 for x in limits if x.property in outcome.values):
        return
    levels = sorted({int(e.fidelity) for e in outcome.evaluations if e.status == "finished"})
    lost = outcome.status in ("failed", "refused") and outcome.failure != "infrastructure"
    for level in levels:
        if (_answered(outcome, level) or outcome.number <= 0) and not (lost and level == outcome.rung):
            yield Answer(outcome, level, failed=False)
    if lost:
        yield Answer(outcome, outcome.rung, failed=True)


def _answered(outcome: Outcome, level: int) -> bool:
    """Has a rung said all it has to say? So it is below the candidate's, or when that has ended or waits at a gate."""
    ended = outcome.finished_at is not None and outcome.status == "finished"
    return level < outcome.rung or ended or _waits_at(outcome, level)


def _waits_at(outcome: Outcome, level: int) -> bool:
    """Does it wait for its gate?"""
    return outcome.rung < outcome.until and any(
        e.fidelity == level and e.status == "finished" for e in outcome.evaluations
    )


def _losses(outputs: Sequence[Quantity], signed: Array) -> Array:
    """Losses (n, m) of signed values (n, m)."""
    columns = [
        [q.goal.loss(v) if math.isfinite(v) else math.nan for v in column]
        for q, column in zip(outputs, signed.T, strict=True)
        if q.goal is not None
    ]
    return np.array(columns, dtype=float).reshape(len(outputs), len(signed)).T


def _rows(rows: Sequence[Sequence[float]], width: int) -> Array:
    """An array (n, width), also for n = 0."""
    return np.array(rows, dtype=float).reshape(len(rows), width)
