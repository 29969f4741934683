"""This file is a search beside a cliff: what is worth searching is learned without what lies beyond, given evidence.

A reaction that does not set in, a phase that does not form: the objectives then have values all alike, and a process
over both sides takes the cliff for roughness everywhere. Where the values fall apart in two groups, one process an
objective is learned from the wider group and one more (the gate) which group a candidate belongs to; the narrower
group's values are taken as they are (a two-part model: Cragg 1971, doi 10.2307/1909582). It is believed where it
predicts rows left out better than one process an objective does: the logarithm of the pseudo-Bayes factor (Geisser and
Eddy 1979, doi 10.1080/01621459.1979.10481632), with a row of the narrower group as the event of lying there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.models.belief import Belief, Column, columns, complete, deviations, fitted
from eutectic.optimizers.models.correlation import POSITIVE, alone, correlation, unseen
from eutectic.optimizers.models.kept import learned_once
from eutectic.optimizers.pareto import nondominated
from eutectic.surrogates.abilities import leaving_out, true_fit
from eutectic.surrogates.base import FittedSurrogate, Posterior, State, Surrogate
from eutectic.surrogates.gp.model import FittedGaussianProcess
from eutectic.surrogates.gp.recipe import GaussianProcess

SHARE = 0.2
"""Least share of the rows on either side: where few fall off a cliff, little is lost by it. Chosen with Penicillin
(benchmarks/surrogated.py) and the pools (benchmarks/pools.py) in view."""


@dataclass(frozen=True, slots=True, eq=False)
class RegimeBelief:
    """The belief a search uses."""

    belief: Belief
    state: State
    """What the next fit of two regimes may start from; empty where there is one."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Cliff:
    """Where finished rows fall apart: beyond it lies the narrower group, signed @ normal above the level."""

    normal: Array
    """(m,)"""
    level: float
    rows: NDArray[np.bool_]
    """(n,) of the history, True beyond."""


def regimes(space: Space, history: History, recipes: Sequence[Surrogate], belief: Belief) -> RegimeBelief:
    """Two regimes where the history speaks for them, else the belief as it is.

    Only Gaussian processes that learn each objective alone are divided; other surrogates have their own idea of cliffs.
    """
    return learned_once(_regimes, space, history, recipes, belief)


def _regimes(space: Space, history: History, recipes: Sequence[Surrogate], belief: Belief) -> RegimeBelief:
    found, m = cliff(history), belief.m
    if found is None or not all(_process(output) for output in belief.outputs[:m]):
        return RegimeBelief(belief, {})
    data = columns(history)[:m]
    starts = history.state.get("regimes")
    starts = starts if isinstance(starts, list) and len(starts) == m + 1 else [None] * (m + 1)
    here = [column.at(~found.rows[column.rows]) for column in data]
    whole = [*complete(recipes, history)[:m], GaussianProcess()]
    *outputs, gate = fitted(space, whole, [*here, side(history, found)], starts)
    errors = correlation(outputs, [c.rows for c in here], [c.y for c in here])
    one = Side(belief.outputs[:m], data, belief.correlation)
    if gain(history, found, one, Side(outputs, here, errors), gate) <= POSITIVE:
        return RegimeBelief(belief, {})
    divided = replace(
        belief,
        outputs=(*outputs, *belief.outputs[m:], gate),
        own=deviations(space, history, outputs),
        correlation=errors,
        beyond=found.rows,
    )
    state = {"regimes": [dict(output.state) for output in (*outputs, gate)]}
    count, total = int(found.rows.sum()), int(history.finished.sum())
    note = f"{count} of {total} candidates lie beyond a cliff, all much alike: the others are learned without them"
    return RegimeBelief(divided, state, (note,))


def cliff(history: History) -> Cliff | None:
    """The widest gap along the first principal component of the standardised objectives; None where there is no cliff.

    A gap is one when it is wider than one of the groups it leaves, neither is a few strays (SHARE of the rows, m + 2),
    the wider group has enough rows to learn d variables from, and some of them are on the front: what lies beyond a
    cliff is not what is looked for.
    """
    finished = np.flatnonzero(history.finished)
    values = history.signed[finished]
    n, m = values.shape
    enough, least = history.X.shape[1] + 2, max(m + 2, int(np.ceil(SHARE * n)))
    if n < 2 * max(enough, least):
        return None
    size = values.std(0)
    size = np.where(size > 0, size, 1.0)
    normal = np.linalg.svd((values - values.mean(0)) / size, full_matrices=False)[2][0] / size
    place = values @ normal
    order = np.sort(place)
    last = least - 1 + int(np.diff(order)[least - 1 : n - least].argmax())
    low, high = order[last] - order[0], order[-1] - order[last + 1]
    wider = last + 1 if high < low else n - last - 1
    if order[last + 1] - order[last] <= min(low, high) or wider < enough:
        return None
    sign = 1.0 if high < low else -1.0
    level = sign * (order[last] + order[last + 1]) / 2
    rows = np.zeros(len(history.X), dtype=bool)
    rows[finished] = sign * place > level
    counted = history.feasible if history.feasible.any() else history.finished
    best = nondominated(history.Y[counted])
    return Cliff(sign * normal, level, rows) if best[~rows[counted]].any() else None


def _process(output: FittedSurrogate) -> bool:
    """Is it a Gaussian process that has learned its own values alone?"""
    return isinstance(true_fit(output), FittedGaussianProcess) and alone(output)


def _rows_left_out(output: FittedSurrogate) -> Posterior:
    """Each training row of a process predicted without it (n, 1), noise included."""
    known = leaving_out(output)
    assert known is not None, "a Gaussian process knows its rows left out"
    return known.leave_one_out()


def side(history: History, found: Cliff) -> Column:
    """The data of the gate: 1 beyond the cliff, -1 elsewhere."""
    rows = np.flatnonzero(history.finished)
    return Column(rows, history.X[rows], np.where(found.rows[rows], 1.0, -1.0), np.full(len(rows), np.nan))


def gain(history: History, found: Cliff, one: "Side", here: "Side", gate: FittedSurrogate) -> float:
    """Logarithm of how much better finished rows left out are predicted by two regimes than by one."""
    from scipy.special import log_ndtr

    rows = np.flatnonzero(history.finished)
    beyond = found.rows[rows]
    known = _rows_left_out(gate)
    sure = (known.mean / known.std)[:, 0]
    mean, std = one.left_out(rows)
    spread = np.sqrt(np.einsum("ni,ij,nj->n", std * found.normal, one.correlation, std * found.normal))
    told = log_ndtr(sure[beyond]) - log_ndtr((mean @ found.normal - found.level)[beyond] / spread[beyond])
    inside = rows[~beyond]
    values = history.signed[inside]
    apart, together = here.density(values, *here.left_out(inside)), one.density(values, mean[~beyond], std[~beyond])
    better = log_ndtr(-sure[~beyond]) + apart - together
    return float(told.sum() + better.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Processes of the objectives, and the data they were learned from."""

    outputs: Sequence[FittedSurrogate]
    data: Sequence[Column]
    errors: Array
    """`Belief.correlation`."""

    @property
    def correlation(self) -> Array:
        """(m, m) of the errors."""
        return self.errors if len(self.errors) else np.eye(len(self.outputs))

    def left_out(self, rows: NDArray[np.int64]) -> tuple[Array, Array]:
        """Mean and deviation (k, m) of some of the history's rows (k,), each left out.

        Deviations have the size that is likeliest of the errors: what widens intervals to hold strays is not compared.
        """
        parts = []
        for output, column in zip(self.outputs, self.data, strict=True):
            known = _rows_left_out(output)
            size = np.sqrt((unseen(known, column.y) ** 2).mean())
            place = np.searchsorted(column.rows, rows)
            parts.append((known.mean[place, 0], size * known.std[place, 0]))
        return np.stack([mean for mean, _ in parts], 1), np.stack([std for _, std in parts], 1)

    def density(self, values: Array, mean: Array, std: Array) -> Array:
        """Logarithm (k,) of the normal density of values (k, m), without its constant."""
        errors = (values - mean) / std
        fit = np.einsum("ni,ij,nj->n", errors, np.linalg.inv(self.correlation), errors)
        found: Array = -0.5 * (fit + np.linalg.slogdet(self.correlation)[1]) - np.log(std).sum(1)
        return found
