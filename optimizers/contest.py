"""This file is a batch for which proposers compete: each place goes to the larger acquisition value."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from optimizers import region
from optimizers.acquisition import Improvement
from optimizers.base import Array, Space
from optimizers.maximize import from_list, top
from optimizers.ranking import rank, unseen
from optimizers.search import Effort, search

FINALISTS = 64
"""Children that compete for every place: the best for the first place are the best of those left for the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """The winners."""

    X: Array
    """(k, d), k <= n."""
    values: Array
    """(k,) log acquisition of each when chosen."""
    origins: tuple[str, ...]
    """k proposers: `offspring`, `climbed`, or `listed` where every point of a finite space was scored."""
    notes: tuple[str, ...]


def contest(
    improvement: Improvement,
    space: Space,
    seen: Array,
    brood: Callable[[], Array],
    n: int,
    rng: np.random.Generator,
    effort: Effort,
) -> Contest:
    """Up to n winners outside `seen` (s, d); a space that can be listed is scored as a whole, offspring included."""
    points = region.enumerate_points(space)
    if points is not None:
        best = from_list(improvement, points[unseen(points, seen)], n)
        return Contest(best.X, best.values, ("listed",) * len(best.X), best.notes)
    return between(improvement, space, seen, brood(), n, rng, effort)


def between(
    improvement: Improvement,
    space: Space,
    seen: Array,
    children: Array,
    n: int,
    rng: np.random.Generator,
    effort: Effort,
) -> Contest:
    """N times the better of the best child (k, d) left and the climbed point; the winner is pending for the next."""
    X, values, origins = np.empty((0, space.d)), np.empty(n), []
    if len(children) > FINALISTS:
        children = children[rank(improvement, torch.tensor(children), FINALISTS)]
    for place in range(n):
        taken = np.concatenate([seen, X])
        x, value = search(improvement, space, taken, rng, effort)
        origin = "climbed"
        if len(children):
            child, merit = top(improvement, torch.tensor(children))
            if merit > value:
                x, value, origin = children[child], merit, "offspring"
        X, values[place] = np.concatenate([X, x[None]]), value
        origins.append(origin)
        children = children[unseen(children, X[-1:])]
        improvement = improvement.joined(torch.tensor(x[None]))
    return Contest(X, values, tuple(origins), ())
