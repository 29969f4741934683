"""This file is the search of a space too large to list for the point of largest acquisition value."""

from dataclasses import dataclass

import numpy as np
import torch

from eutectic.optimizers.acquisition.acquisition import Acquisition
from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.search.gradient_ascent import climb, climb_constrained
from eutectic.optimizers.search.neighbours import neighbours, rugged, several
from eutectic.optimizers.search.ranking import rank, spread
from eutectic.optimizers.search.unit_box import smooth, unit_box
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import unseen
from eutectic.surrogates.abilities import differentiable


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look; counts, dimensionless."""

    samples: int
    """Uniform points ranked before climbing."""
    starts: int
    """Points climbed from."""
    iterations: int
    """L-BFGS steps."""


def search(
    improvement: Acquisition, space: Space, seen: Array, rng: np.random.Generator, effort: Effort
) -> tuple[Array, float]:
    """One point of the space outside `seen` (s, d), and its log acquisition."""
    pool = np.concatenate([region.sample(space, effort.samples, rng), nearby(space, improvement.fixed.numpy(), rng)])
    fresh = unseen(space, pool, seen)
    pool = pool[fresh] if fresh.any() else pool
    starts = spread(pool[rank(improvement, torch.tensor(pool), 32 * effort.starts)], space, effort.starts)
    points = starts
    climbs = any(smooth(space)) and all(map(differentiable, improvement.belief.outputs))
    uphill = rugged(space) or not climbs
    rough = climbs and several(space)
    if uphill:
        points = hill_climb(improvement, space, points, rng, rough=rough)
    if climbs:
        points = ascend(improvement, space, points, effort)
        points = hill_climb(improvement, space, points, rng, rough=rough) if uphill else points
    points = np.concatenate([points, starts])
    allowed = region.contains(space, points) & unseen(space, points, seen)
    points = points[allowed] if allowed.any() else starts
    best = points[rank(improvement, torch.tensor(points))[0]]
    with torch.no_grad():
        return best, float(improvement.log(torch.tensor(best[None]))[0])


def nearby(space: Space, around: Array, rng: np.random.Generator, copies: int = 8) -> Array:
    """Feasible changed copies (k, d) of points (b, d): steps in the unit box, and moves where the space is rugged."""
    if not len(around):
        return np.empty((0, space.d))
    found = [around]
    if any(smooth(space)):
        repeated = np.repeat(around, copies, 0)
        here = unit_box(space, repeated)
        U = here.U(torch.tensor(repeated)).numpy()
        U = np.clip(U + rng.normal(size=U.shape) * 10.0 ** rng.uniform(-2.5, -0.5, (len(U), 1)), 0, 1)
        found.append(here.X(torch.tensor(U)).numpy())
    if rugged(space):
        found += [neighbours(space, x, rng, 32) for x in around]
    every = np.concatenate(found)
    return every[region.contains(space, every)]


def ascend(improvement: Acquisition, space: Space, X: Array, effort: Effort) -> Array:
    """Where gradients lead from X (r, d); a point that leaves a known constraint is drawn back towards its start."""
    level = float(np.log(improvement.scale)) if improvement.scale > 0 else 0.0

    def score(points: torch.Tensor) -> torch.Tensor:
        return improvement.log(points) - level  # about 0 in any unit: the climb ends by changes relative to it

    if space.linear:
        return np.stack([climb_constrained(score, space, x, effort.iterations) for x in X[:3]])
    reached, _ = climb(score, space, X, effort.iterations)
    return reached if space.known is None else drawn_back(space, X, reached)


def drawn_back(space: Space, start: Array, reached: Array) -> Array:
    """The farthest of a few points on the way from start (r, d) to reached (r, d) that lies in the region."""
    points = start.copy()
    for share in (0.1, 0.25, 0.5, 0.7, 0.85, 0.95, 1.0):
        trial = start + share * (reached - start)
        inside = region.contains(space, trial)
        points[inside] = trial[inside]
    return points


def hill_climb(
    improvement: Acquisition, space: Space, X: Array, rng: np.random.Generator, most: int = 20, rough: bool = False
) -> Array:
    """Where steps to the best neighbour lead from each of X (r, d), until none gains or `most` steps are done.

    rough: only columns that gradients cannot change are changed.
    """
    X = X.copy()
    moving = np.ones(len(X), dtype=bool)
    for _ in range(most):
        for i in np.flatnonzero(moving):
            around = neighbours(space, X[i], rng, rough=rough)
            around = np.concatenate([X[i][None], around[region.contains(space, around)]])
            best = int(rank(improvement, torch.tensor(around))[0])
            moving[i] = best > 0
            X[i] = around[best]
        if not moving.any():
            break
    return X
