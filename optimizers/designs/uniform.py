"""This file is the random optimizer: independent uniform candidates, what every other one should beat."""

from dataclasses import dataclass

import numpy as np

from eutectic.optimizers.base import Array, History, Proposals, Reason, Space
from eutectic.optimizers.part import checked
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import unseen


def uniform(space: Space, history: History, n: int, rng: np.random.Generator, note: str) -> Proposals:
    """Uniform points, none seen before where the space is finite."""
    seen = np.concatenate([history.X, history.pending])
    points = region.enumerate_points(space)
    if points is None:
        X = region.sample(space, n, rng)
    else:
        left = np.flatnonzero(unseen(space, points, seen))
        X = points[rng.permutation(left)[:n]]
    return Proposals(X, tuple(Reason("bayesian") for _ in X), history.state, (note,))


@checked
@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniformly random candidates of the space, none twice where it is finite; a control for the others."""

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n rows (<= n, d), fewer only when a finite space is used up."""
        points = region.enumerate_points(space)
        if points is None:
            return region.sample(space, n, rng)
        left = np.flatnonzero(unseen(space, points, np.concatenate([history.X, history.pending])))
        chosen: Array = points[rng.permutation(left)[:n]]
        return chosen
