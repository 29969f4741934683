"""This file is the choice of (candidate, rung) pairs: the gain expected on the top rung, for each rung's price."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.acquisition.baseline import affordable, improvement
from eutectic.optimizers.acquisition.cost_aware import Gain, GainPerCost
from eutectic.optimizers.base import Array, History, Proposals, Space
from eutectic.optimizers.bayesian.feasibility_first import Downhill, downhill, unmet
from eutectic.optimizers.bayesian.proposal import Options, effort_of
from eutectic.optimizers.models.belief import Belief, Column, columns, domain, explained
from eutectic.optimizers.models.kept import learned_once
from eutectic.optimizers.search.batch import single
from eutectic.optimizers.search.global_search import Effort
from eutectic.optimizers.spaces.seen import unseen
from eutectic.surrogates.base import FittedSurrogate, State
from eutectic.surrogates.cokriging.model import CoKriging, FittedCoKriging
from eutectic.surrogates.gp.recipe import GaussianProcess


@dataclass(frozen=True, slots=True, eq=False)
class LadderBelief:
    """Co-kriging of every output, and of whether an evaluation fails, which no rung tells better than another."""

    outputs: tuple[FittedCoKriging, ...]
    failure: tuple[FittedSurrogate, ...]
    m: int
    constraints: int
    tells: NDArray[np.bool_]
    """(K, m) does a rung return this objective?"""

    @property
    def top(self) -> Belief:
        """What is believed of the top rung."""
        last = self.tells.shape[0] - 1
        return Belief((*(output.on(last) for output in self.outputs), *self.failure), self.m, self.constraints)

    @property
    def state(self) -> State:
        """What the next fit may start from."""
        return {"ladder": [dict(output.state) for output in self.outputs]}

    @property
    def notes(self) -> tuple[str, ...]:
        """Every output's notes, numbered from 1."""
        return tuple(f"output {j + 1}: {note}" for j, output in enumerate(self.outputs) for note in output.notes)

    def conditioned_on_mean(self, X: Array, rung: Array) -> "LadderBelief":
        """The same with pairs that are under way taken to give what is expected of them."""
        return replace(self, outputs=tuple(output.conditioned_on_mean(X, rung) for output in self.outputs))


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """What was chosen."""

    X: Array
    """(k, d), k <= n."""
    rungs: NDArray[np.int64]
    """(k,)."""
    values: Array
    """(k,) log expected gain over price when chosen."""
    notes: tuple[str, ...] = ()


def proposed(
    options: Options, choosing: bool, rungs: int, space: Space, history: History, n: int, rng: np.random.Generator
) -> Proposals:
    """Up to n pairs of candidate and rung; without `choosing` no rung is said: from the lowest, through the gates."""
    belief = believed(space, history, rungs)
    draws = affordable(options.draws, history.Y.shape[1])
    batch = choose(belief, space, history, n, draws, rng, effort_of(options), choosing)
    reasons = explained(belief.top, batch.X, batch.values)
    named = tuple(replace(reason, proposer="multifidelity") for reason in reasons)
    levels = batch.rungs if choosing else None
    return Proposals(batch.X, named, belief.state, (*belief.notes, *batch.notes), levels)


def believed(space: Space, history: History, rungs: int) -> LadderBelief:
    """Fit co-kriging to every output; a Gaussian process to failures if there were any."""
    return learned_once(_believed, space, history, rungs)


def _believed(space: Space, history: History, rungs: int) -> LadderBelief:
    values = np.concatenate([history.signed, history.C], axis=1)
    noise = np.concatenate([history.noise, history.C_noise], axis=1)
    starts = history.state.get("ladder")
    starts = starts if isinstance(starts, list) and len(starts) == values.shape[1] else [None] * values.shape[1]
    box, outputs = domain(space), []
    for j, start in enumerate(starts):
        rows = np.isfinite(values[:, j]) & ~history.failed
        outputs.append(
            CoKriging().fit(
                history.X[rows],
                history.fidelity[rows],
                values[rows, j],
                rungs=rungs,
                variance=noise[rows, j] ** 2,
                domain=box,
                start=start,
                own=space.table is not None and not np.isfinite(noise[rows, j]).any(),
            )
        )
    m = history.Y.shape[1]
    failure: tuple[FittedSurrogate, ...] = ()
    if history.failed.any():
        data: Column = columns(history)[-1]
        failure = (GaussianProcess().fit(data.X, data.y[:, None], space.names, domain=box),)
    tells = np.array([[_tells(history, k, j) for j in range(m)] for k in range(rungs)])
    return LadderBelief(tuple(outputs), failure, m, history.C.shape[1], tells)


def _tells(history: History, rung: int, output: int) -> bool:
    """Does a rung return an output? Yes where it has not been asked yet."""
    rows = (history.fidelity == rung) & ~history.failed
    return not rows.any() or bool(np.isfinite(history.signed[rows, output]).any())


def choose(
    belief: LadderBelief,
    space: Space,
    history: History,
    n: int,
    draws: int,
    rng: np.random.Generator,
    effort: Effort,
    choosing: bool,
) -> Pairs:
    """Up to n pairs, one after the other, each pending for the next; with `choosing` on any rung, else all on 0."""
    last = belief.tells.shape[0] - 1
    X, rung = history.pending, _pending_rungs(history)
    chosen, values = np.empty((0, space.d)), list[float]()
    levels: list[int] = []
    notes: tuple[str, ...] = ()
    for _ in range(n):
        sure = belief.conditioned_on_mean(
            np.concatenate([X, chosen]), np.concatenate([rung, np.array(levels, dtype=np.int64)])
        )
        view = _at_top(history, np.concatenate([X[rung == last], chosen[np.array(levels, dtype=int) == last]]), last)
        down = first_of_all(space, view, sure.top, rng)
        gain: Gain = improvement(sure.top, view, 1, draws, rng) if down is None else down.descent
        part = down.parts[0] if down is not None and down.parts else space
        offers = []
        for k in range(last + 1) if choosing else [0]:
            judged: Any = gain
            if choosing and k < last:
                judged = GainPerCost(
                    gain, sure.outputs, k, tuple(sure.tells[k].tolist()), history.prices[k], history.prices[-1]
                )
            taken = _taken(history, chosen, levels, k)
            x, value = single(judged, part, taken, rng, effort)
            if part is not space and not unseen(space, x[None], taken)[0]:
                x, value = single(judged, space, taken, rng, effort)
            if unseen(space, x[None], taken)[0]:
                offers.append((value - log(history.prices[k]) if choosing and k == last else value, k, x))
        if not offers:
            notes = (*notes, "the space is used up")
            break
        value, k, x = max(offers, key=lambda offer: offer[:2])
        chosen, levels, values = np.concatenate([chosen, x[None]]), [*levels, k], [*values, value]
        notes = notes if down is None or notes else (down.note,)
    return Pairs(chosen, np.array(levels, dtype=np.int64), np.array(values), notes)


def first_of_all(space: Space, view: History, top: Belief, rng: np.random.Generator) -> Downhill | None:
    """The search for less violation on the top rung, where nothing there is feasible or better than the reference.

    None once something is, or has a fair chance to be. Nothing is drawn from rng unless there is such a search.
    """
    windows = unmet(view)
    return downhill(space, view, top, windows, 1, rng.spawn(1)[0]) if windows else None


def _at_top(history: History, pending: Array, last: int) -> History:
    """The rows of the top rung alone, with what is pending there."""
    top = history.fidelity == last
    return replace(history.rows(np.flatnonzero(top)), pending=pending)


def _taken(history: History, chosen: Array, levels: Sequence[int], rung: int) -> Array:
    """Points (s, d) that a rung need not be asked about: it or one above has answered, or is being asked."""
    under_way = history.pending[_pending_rungs(history) >= rung]
    return np.concatenate([history.X[history.fidelity >= rung], under_way, chosen[np.array(levels, dtype=int) >= rung]])


def _pending_rungs(history: History) -> NDArray[np.int64]:
    """Rung (p,) of each pending point."""
    if history.pending_rung is None:
        return np.zeros(len(history.pending), dtype=np.int64)
    return history.pending_rung
