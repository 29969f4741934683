"""This file is the end of a round: its hypervolume, the reference point it is measured against, its diagnostics."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from eutectic.campaigns.analysis.pareto import feasible, hypervolume, losses_of, sensible_reference
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.outcomes import Ledger, Outcome, Round
from eutectic.optimizers.models.diagnostics import crossvalidate, doubts

Moment = Literal["beginning", "asking", "end"]
ENOUGH = 8
"""Finished outcomes from which a reference point is chosen within the first stage, and surrogates are tested."""
MOST = 400
"""Outcomes on which surrogates are tested; of more, so many evenly spaced over the campaign."""


def next_round(record: Record) -> int | None:
    """The round that can end now: the first that has not ended, when all its outcomes have. Rounds end in order."""
    index = len(record.ended)
    open_rounds = {record.outcomes[number].round for number in record.unsettled}
    return index if index < len(record.batches) and index not in open_rounds else None


def volume(record: Record, index: int, reference: tuple[float, ...]) -> float:
    """Hypervolume of all feasible outcomes up to and with a round."""
    found = feasible([outcome for outcome in record.outcomes.values() if outcome.round <= index])
    return hypervolume(losses_of(found, len(reference)), reference)


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
    known = [o for o in record.outcomes.values() if o.status == "finished" and _complete(o)]
    if None in given and not _ripe(record, moment, stage, len(known)):
        return None
    chosen = sensible_reference(losses_of(known, len(given))).tolist() if None in given else given
    reference = tuple(float(c if g is None else g) for g, c in zip(given, chosen, strict=True))
    volumes = [[index, volume(record, index, reference)] for index in sorted(record.ended)]
    return {"reference": list(reference), "hypervolumes": volumes}


def _ripe(record: Record, moment: Moment, stage: int, known: int) -> bool:
    """Is it time to choose a reference point from so many finished outcomes?"""
    parts = record.spec.optimizers
    measured = len(parts) == 1 or parts[0].stall is not None  # then the first stage needs its hypervolume
    enough = known >= max(ENOUGH, 2 * (len(record.spec.goals) + 1))
    asking = moment == "asking" and parts[stage].goal != "satisfy" and (stage > 0 or (measured and enough))
    return known >= 1 and (asking or moment == "end")


def _complete(outcome: Outcome) -> bool:
    return all(math.isfinite(loss) for loss in outcome.losses)


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
    history = history_of(ledger, problem.space)
    if not ledger.batches or "belief" not in ledger.batches[-1].state or history.finished.sum() < ENOUGH:
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
