"""This file is how much of the hypervolume may still be missing: a bound from the surrogates' posterior.

Makarova et al. 2022, doi 10.48550/arXiv.2104.08166, bound the simple regret of one objective by the gap between the
best upper confidence bound of what was evaluated and the best lower confidence bound of the whole space (equation 5).
Here both are fronts and the gap is between their hypervolumes, as a share of the larger: 0 when nothing can be gained,
1 when nothing is certain yet. Constraints are taken as observed for what was evaluated, optimistically for the rest.
"""

from collections.abc import Sequence

import moocore
import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.acquisition.baseline import aim, bounds
from eutectic.optimizers.acquisition.nehvi import Goal
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.bayesian.own_limit import from_limits
from eutectic.optimizers.models.belief import Belief, learn
from eutectic.optimizers.pareto import nondominated
from eutectic.optimizers.search.global_search import nearby
from eutectic.optimizers.spaces import region
from eutectic.surrogates.base import Surrogate

KAPPA = 2.0
"""Standard deviations between the mean and a confidence bound, dimensionless."""
SAMPLES = 2048
"""Points of the space that the optimistic front is taken from, at first."""
ROUNDS = 3
"""Times the optimistic front is varied and taken anew."""
MOST = 32
"""Points of the optimistic front varied each time."""


def regret(space: Space, history: History, recipes: Sequence[Surrogate], rng: np.random.Generator) -> float | None:
    """Share, 0 to 1, of the optimistic hypervolume that no evaluated candidate has secured.

    None before a reference point is fixed and two candidates are feasible.
    """
    if history.reference is None or history.feasible.sum() < 2:
        return None
    history = from_limits(history).history
    assert history.reference is not None
    belief, goal = learn(space, history, recipes), aim(history)
    X = history.X[history.feasible]
    secured = volume(_bounds(belief, goal, X, KAPPA), history.reference)
    pool = _pool(space, rng)
    for _ in range(ROUNDS + 1):
        losses, possible = _bounds(belief, goal, pool, -KAPPA), _possible(belief, pool)
        front = np.flatnonzero(possible)[nondominated(losses[possible])] if possible.any() else np.arange(0)
        chosen = pool[front]
        pool = np.concatenate([chosen, nearby(space, rng.permutation(chosen)[:MOST], rng)])
    hoped = np.concatenate([_bounds(belief, goal, X, -KAPPA), losses[front]])
    largest = volume(hoped, history.reference)
    return 1.0 - secured / largest if largest > 0 else 1.0


def volume(losses: Array, reference: Array) -> float:
    """Hypervolume between losses (n, m) and the reference point (m,)."""
    inside = losses[(losses < reference).all(1)]
    if not len(inside):
        return 0.0
    if losses.shape[1] == 1:
        return float(reference[0] - inside.min())
    return float(moocore.hypervolume(inside, ref=reference))


def _pool(space: Space, rng: np.random.Generator) -> Array:
    """A finite space up to 20,000 points whole, else a sample of the space."""
    points = region.enumerate_points(space, 20_000)
    return region.sample(space, SAMPLES, rng) if points is None else points


def _bounds(belief: Belief, goal: Goal, X: Array, kappa: float) -> Array:
    """Losses (n, m) at kappa deviations from the mean: upper bounds for a positive one, lower for a negative."""
    mean, std = belief.moments(X)
    return bounds(mean[:, : belief.m], kappa * std[:, : belief.m], goal)


def _possible(belief: Belief, X: Array) -> NDArray[np.bool_]:
    """(n,) True where every constraint may hold, and the evaluation succeed, within the confidence bounds."""
    mean, std = belief.moments(X)
    return np.asarray((mean[:, belief.m :] - KAPPA * std[:, belief.m :] <= 0).all(1))
