"""This file is what an output's value is the mean of, as the oracles tell: the crystals it was measured on."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from eutectic.campaigns.file.goals import Goal, Limit
from eutectic.campaigns.problem.screening import learned
from eutectic.campaigns.record.columns import FINISHED, Index
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.record.table import columns
from eutectic.optimizers.base import Array, History, Mask, Space, veiled
from eutectic.oracles.physics.decorations import seen
from eutectic.surrogates.base import Replicas


def history_of(ledger: Ledger, space: Space) -> History:
    """What an optimizer sees, rows by outcome number; failures of the infrastructure are not the candidate's fault.

    Limits that the space's known constraints decide are no outcome constraints, and what breaks one is not shown.
    """
    goals, limits = ledger.spec.goals, learned(ledger.spec.limits, space)
    shown = np.array([limit in limits for limit in ledger.spec.limits], dtype=bool)
    every = columns(ledger)
    refused = (every.excess[:, ~shown] > 0).any(1)
    ended = places_of(every.ended & ~every.aside & ~every.lost & ~refused)
    detailed = every.replicated.any() or any(goal.curve for goal in goals)
    known = [ledger.outcomes[k] for k in np.arange(len(ledger.outcomes))[ended]] if detailed else []
    return History(
        X=veiled(space, every.x[ended].reshape(-1, space.d)),
        Y=every.losses[ended],
        signed=every.signed[ended],
        noise=every.noise[ended],
        C=every.excess[ended][:, shown],
        C_noise=every.excess_noise[ended][:, shown],
        failed=every.status[ended] != FINISHED,
        fidelity=every.fidelity[ended],
        cost=every.cost[ended],
        round=every.round[ended],
        pending=veiled(space, every.x[every.pending & ~every.aside].reshape(-1, space.d)),
        tolerance=np.array([goal.tolerance if goal.kind == "target" else math.nan for goal in goals], dtype=float),
        reference=None if ledger.reference is None else np.array(ledger.reference, dtype=float),
        state=ledger.batches[-1].state if ledger.batches else {},
        origin=Origins(every.proposer[ended]),
        replicas=replicas_of(known, goals, limits),
        curves={j: points for j, goal in enumerate(goals) if (points := curves_of(known, goal)) is not None},
    )


class Origins(Sequence[str]):
    """Who proposed each of many rows, taken from an array when somebody asks."""

    __slots__ = ("_names",)

    def __init__(self, names: NDArray[np.object_]) -> None:
        """Of names (n,)."""
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.tolist())

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        return tuple(self._names[place].tolist()) if isinstance(place, slice) else str(self._names[place])


def places_of(mask: Mask) -> Index | slice:
    """Where a mask (n,) holds; a slice where that is from the first on, so that nothing is copied."""
    places = np.flatnonzero(mask)
    return slice(len(places)) if not len(places) or places[-1] == len(places) - 1 else places


def _rows(rows: Sequence[Sequence[float]], width: int) -> Array:
    """An array (n, width), also for n = 0."""
    return np.array(rows, dtype=float).reshape(len(rows), width)


def curve_of(outcome: Outcome, name: str) -> Sequence[float] | None:
    """The curve an outcome's value is the distance of; None where nobody measured one."""
    return next((e.curves[name] for e in reversed(outcome.evaluations) if name in e.curves), None)


def curves_of(outcomes: Sequence[Outcome], goal: Goal) -> Array | None:
    """The curves (n, p) of an objective's values, NaN where an outcome has none; None where nobody has."""
    if goal.curve is None:
        return None
    rows = [curve_of(outcome, goal.name) for outcome in outcomes]
    width = next((len(row) for row in rows if row is not None), 0)
    table = [[math.nan] * width if row is None or len(row) != width else list(row) for row in rows]
    return _rows(table, width) if width else None


def replicas_of(
    outcomes: Sequence[Outcome], goals: Sequence[Goal], limits: Sequence[Limit]
) -> tuple[tuple[Replicas | None, ...], ...]:
    """(n, m + c) of outcomes, goals before limits, values as a surrogate models them; () where nothing was told."""
    if not any(e.artifacts for outcome in outcomes for e in outcome.evaluations):
        return ()  # what was measured on crystals comes with them
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
