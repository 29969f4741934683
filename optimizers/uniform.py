"""This file is the random optimizer: independent uniform candidates, what every other one should beat."""

from dataclasses import dataclass

import numpy as np

from optimizers import region
from optimizers.base import Array, History, Space
from optimizers.breeding import remember


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniformly random candidates of the space, none twice where it is finite; a control for the others."""

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n rows (<= n, d), fewer only when a finite space is used up."""
        points = region.enumerate_points(space)
        if points is None:
            return region.sample(space, n, rng)
        left = np.flatnonzero(~remember(np.concatenate([history.X, history.pending])).holds(points))
        chosen: Array = points[rng.permutation(left)[:n]]
        return chosen
