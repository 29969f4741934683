"""This file is what an output's value is the mean of, as the oracles tell: the crystals it was measured on."""

from collections.abc import Callable, Sequence

import numpy as np

from campaigns.goals import Goal, Limit
from campaigns.records import Outcome
from oracles.decorations import seen
from surrogates.base import Replicas


def replicas_of(
    outcomes: Sequence[Outcome], goals: Sequence[Goal], limits: Sequence[Limit]
) -> tuple[tuple[Replicas | None, ...], ...]:
    """(n, m + c) of outcomes, goals before limits, values as a surrogate models them; () where nothing was told."""
    table = tuple(
        (
            *(_of(outcome, goal.name, goal.signed) for goal in goals),
            *(_of(outcome, limit.property, limit.excess) for limit in limits),
        )
        for outcome in outcomes
    )
    return table if any(found is not None for row in table for found in row) else ()


def _of(outcome: Outcome, name: str, modelled: Callable[[float], float]) -> Replicas | None:
    """From the evaluation whose value counts."""
    for evaluation in reversed(outcome.evaluations):
        if name in outcome.values and evaluation.values.get(name) == outcome.values[name]:
            found = seen(evaluation).get(name)
            if found is not None:
                values = np.array([modelled(value) for value in found.values.tolist()])
                return Replicas(found.elements, found.codes, values)
    return None
