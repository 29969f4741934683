"""This file is the choice of a batch: the acquisition maximised once a candidate, each choice pending for the next."""

from dataclasses import dataclass

import numpy as np
import torch

from optimizers import region
from optimizers.acquisition import Improvement
from optimizers.base import Array, Space
from optimizers.ranking import rank, unseen
from optimizers.search import Effort, search

COARSE = 30_000
"""Finite spaces above this size are first ranked with few draws."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What was chosen."""

    X: Array
    """(k, d), k <= n."""
    values: Array
    """(k,) log acquisition of each when chosen."""
    notes: tuple[str, ...]


def choose(
    improvement: Improvement, space: Space, seen: Array, n: int, rng: np.random.Generator, effort: Effort
) -> Batch:
    """Up to n points, none of them in `seen` (s, d)."""
    points = region.enumerate_points(space)
    if points is not None:
        return from_list(improvement, points[unseen(points, seen)], n)
    chosen = np.empty((0, space.d))
    values: list[float] = []
    for _ in range(n):
        known = np.concatenate([seen, chosen])
        x, value = search(improvement, space, known, rng, effort)
        if not unseen(x[None], known)[0]:
            note = f"nothing new was found beyond {len(chosen)} of {n} wanted points: the space is little more than one"
            return Batch(chosen, np.array(values), (note,))
        chosen = np.concatenate([chosen, x[None]])
        values.append(value)
        improvement = improvement.joined(torch.tensor(x[None]))
    return Batch(chosen, np.array(values), ())


def from_list(improvement: Improvement, points: Array, n: int) -> Batch:
    """The best n rows of points (N, d), one after the other, every row scored each time."""
    free = np.ones(len(points), dtype=bool)
    rows = torch.tensor(points)
    chosen, values = [], []
    for _ in range(min(n, len(points))):
        left = np.flatnonzero(free)
        best, value = top(improvement, rows[torch.tensor(left)])
        chosen.append(int(left[best]))
        values.append(value)
        free[left[best]] = False
        improvement = improvement.joined(rows[chosen[-1:]])
    notes = () if len(chosen) == n else (f"the finite space is used up: {len(chosen)} of {n} wanted points are left",)
    return Batch(points[chosen], np.array(values), notes)


def top(improvement: Improvement, rows: torch.Tensor) -> tuple[int, float]:
    """Index and log acquisition of the best of rows (N, d)."""
    index = torch.arange(len(rows))
    if len(rows) > COARSE:
        coarse = improvement.thinned(8)
        index = coarse.value(rows).topk(COARSE // 3).indices.sort().values
    best = int(index[rank(improvement, rows[index])[0]])
    with torch.no_grad():
        return best, float(improvement.log(rows[best : best + 1])[0])
