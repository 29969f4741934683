"""This file is what an acquisition is measured from: the goal, and the observed points that may be on the front."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eutectic.optimizers.acquisition.correlated_errors import correlated, shared_errors
from eutectic.optimizers.acquisition.nehvi import Goal, Improvement, build
from eutectic.optimizers.base import Array, History
from eutectic.optimizers.models.belief import Belief
from eutectic.optimizers.pareto import infer_reference, nondominated, thinned

MOST = (48, 48, 192, 96, 48, 96)
"""Observed points kept in the drawn fronts, by number of objectives (the last for all above): boxes multiply."""

MOST_DRAWS = (0, 128, 128, 32, 16)
"""Draws that an acquisition affords, by number of objectives (the last for all above): fronts of more objectives cost
more to cut up."""
SHARED = 3
"""Quarters of the draws that are made of three correlated objectives and more: their fronts have more boxes."""


def affordable(draws: int, m: int) -> int:
    """So many draws, or the most that m objectives afford."""
    return min(draws, MOST_DRAWS[min(m, len(MOST_DRAWS) - 1)])


def improvement(belief: Belief, history: History, room: int, draws: int, rng: np.random.Generator) -> Improvement:
    """The acquisition over the observed front and pending points, with room for that many more."""
    goal, here = aim(history), history.finished
    if belief.beyond is not None:
        goal, here = replace(goal, settled=settled(history, belief.beyond)), here & ~belief.beyond
    X = history.X[here]
    kept = X[contenders(belief, goal, X)]
    fixed = torch.tensor(np.concatenate([kept, history.pending]), dtype=torch.float64)
    count, k = len(belief.outputs), len(belief.correlation)
    draws = -(-SHARED * draws // 4) if k > 2 else draws
    every = sobol_normals(draws, count * (len(fixed) + room) + k, rng)
    normals = every[:, k:].reshape(draws, count, -1).transpose(0, 1).flip(-1).contiguous()
    if not k:
        return build(belief, goal, fixed, len(kept), normals)
    shared = shared_errors(belief.correlation, every[:, :k])
    return build(belief, goal, fixed, len(kept), correlated(belief.correlation, normals), shared)


def aim(history: History) -> Goal:
    """Tolerances of the targets, and the reference point: the history's, else one inferred from its losses."""
    tolerance = tuple(None if np.isnan(t) else float(t) for t in history.tolerance)
    m = history.Y.shape[1]
    given = history.reference if m > 1 else None
    reference = infer_reference(history) if given is None else np.asarray(given, dtype=float)
    return Goal(tolerance, torch.tensor(reference, dtype=torch.float64), torch.zeros(0, m, dtype=torch.float64))


def settled(history: History, rows: NDArray[np.bool_]) -> Tensor:
    """`signed` values (k, m) of those of the history's rows (n,) that none of them dominates."""
    among = np.flatnonzero(rows & history.feasible)
    front = among[nondominated(history.Y[among])] if len(among) else among
    return torch.tensor(history.signed[front])


def contenders(belief: Belief, goal: Goal, X: Array) -> NDArray[np.int64]:
    """Indices of at most MOST rows of X (n, d) that may be non-dominated and feasible, front by front.

    A row is out when another one, taken pessimistically, dominates it taken optimistically (two deviations). Of a front
    too many the most crowded leave, not the least likely to be feasible. Of 150 contenders for 48 places either rule
    left the same best candidate on four noisy problems of two objectives and a limit; where it is large, the logarithm
    of the acquisition was off by 0.06 with crowding and by 0.07 with likelihood.
    """
    if len(X) <= 8:
        return np.arange(len(X))
    mean, std = belief.moments(X)
    best, expected, worst = (bounds(mean[:, : belief.m], k * std[:, : belief.m], goal) for k in (-2.0, 0.0, 2.0))
    chance = belief.feasibility(X)
    sure = worst[chance > 0.95]
    sure = sure[nondominated(sure)] if len(sure) else sure
    alive = np.array([not ((sure <= row).all(1) & (sure < row).any(1)).any() for row in best], dtype=bool)
    alive &= chance > 1e-3
    if not alive.any():
        alive[:] = True
    most = MOST[min(belief.m, len(MOST) - 1)]
    rank = depth(expected, chance, most)
    order = np.argsort(rank, kind="stable")
    order = order[alive[order]]
    if len(order) <= most:
        return np.sort(order)
    whole = order[rank[order] < rank[order[most]]]
    last = order[rank[order] == rank[order[most]]]
    return np.sort(np.concatenate([whole, last[thinned(expected[last], most - len(whole))]]))


def bounds(mean: Array, shift: Array, goal: Goal) -> Array:
    """Losses (n, m) at mean + shift; for a target, that many deviations away from (or towards) its window."""
    losses = mean + shift
    for j, tolerance in enumerate(goal.tolerance):
        if tolerance is not None:
            losses[:, j] = np.maximum(np.abs(mean[:, j]) + shift[:, j] - tolerance, 0)
    return losses


def depth(losses: Array, chance: Array, most: int) -> NDArray[np.int64]:
    """Front number (n,) of each row of losses (n, m), 0 for the non-dominated; unlikely rows stand behind.

    Once more than `most` rows have their front, so do all others.
    """
    rank = np.full(len(losses), len(losses))
    left = np.flatnonzero(chance > 0.5) if (chance > 0.5).any() else np.arange(len(losses))
    for number in range(len(losses)):
        if not len(left) or (rank < len(losses)).sum() > most:
            break
        first = nondominated(losses[left])
        rank[left[first]] = number
        left = left[~first]
    return rank


def sobol_normals(s: int, dimension: int, rng: np.random.Generator) -> Tensor:
    """Scrambled Sobol points (s, dimension) as standard normal draws."""
    engine = torch.quasirandom.SobolEngine(dimension, scramble=True, seed=int(rng.integers(2**31)))  # type: ignore[no-untyped-call]
    uniform = engine.draw(s, dtype=torch.float64).clamp(1e-9, 1 - 1e-9)
    normals: Tensor = torch.special.ndtri(uniform)
    return normals
