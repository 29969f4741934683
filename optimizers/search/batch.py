"""This file is the choice of a batch: the acquisition maximised once a candidate, each choice pending for the next.

Where there are two proposers (gradients that climb, and offspring bred from what was evaluated), each place goes to the
one with the larger acquisition value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from eutectic.optimizers.acquisition.acquisition import Acquisition
from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.search.global_search import Effort, search
from eutectic.optimizers.search.long_list import pick, shortlist
from eutectic.optimizers.search.ranking import rank
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import unseen

LISTED = 100_000
"""Parts of a space up to this size are looked at whole."""
FINALISTS = 64
"""Children that compete for every place: the best for the first place are the best of those left for the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What was chosen."""

    X: Array
    """(k, d), k <= n."""
    values: Array
    """(k,) log acquisition of each when chosen."""
    notes: tuple[str, ...]
    origins: tuple[str, ...] = ()
    """k proposers: `offspring`, `climbed`, or `listed` where every point of a finite space was scored; () for one."""


def choose(
    improvement: Acquisition, space: Space, seen: Array, n: int, rng: np.random.Generator, effort: Effort
) -> Batch:
    """Up to n points, none of them in `seen` (s, d)."""
    points = listed(space)
    if points is not None:
        return from_list(improvement, space, points, seen, n)
    return choose_from(improvement, space, (space,) * n, seen, rng, effort)


def choose_from(
    improvement: Acquisition,
    space: Space,
    parts: Sequence[Space],
    seen: Array,
    rng: np.random.Generator,
    effort: Effort,
) -> Batch:
    """One point of each of `parts` (n, parts of space), of the whole space where a part has nothing outside `seen`."""
    chosen = np.empty((0, space.d))
    values: list[float] = []
    for part in parts:
        known = np.concatenate([seen, chosen])
        x, value = single(improvement, part, known, rng, effort)
        if not unseen(space, x[None], known)[0] and part is not space:
            x, value = single(improvement, space, known, rng, effort)
        if not unseen(space, x[None], known)[0]:
            wanted = f"{len(chosen)} of {len(parts)} wanted points"
            note = f"nothing new was found beyond {wanted}: the space is little more than one"
            return Batch(chosen, np.array(values), (note,))
        chosen = np.concatenate([chosen, x[None]])
        values.append(value)
        improvement = improvement.joined(torch.tensor(x[None]))
    return Batch(chosen, np.array(values), ())


def single(
    improvement: Acquisition, space: Space, seen: Array, rng: np.random.Generator, effort: Effort
) -> tuple[Array, float]:
    """One point of a space and its log acquisition, outside `seen` (s, d) where there is one."""
    points = listed(space, LISTED)
    if points is None:
        return search(improvement, space, seen, rng, effort)
    best = from_list(improvement, space, points, seen, 1)
    return (best.X[0], float(best.values[0])) if len(best.X) else (seen[-1], -np.inf)


def listed(space: Space, limit: int | None = None) -> Array | None:
    """(N, d) the points of a space that can be looked at one by one, a table of any length unless there is a limit."""
    if space.table is not None and space.known is None and limit is None:
        return space.table
    return region.enumerate_points(space) if limit is None else region.enumerate_points(space, limit)


def from_list(improvement: Acquisition, space: Space, points: Array, seen: Array, n: int) -> Batch:
    """The best n rows of points (N, d) outside `seen` (s, d), one after the other, each pending for the next."""
    best = shortlist(improvement, space, points, seen)
    chosen, values = pick(improvement, best, n)
    notes = () if len(chosen) == n else (f"the finite space is used up: {len(chosen)} of {n} wanted points are left",)
    return Batch(best.rows[chosen], values, notes)


def top(improvement: Acquisition, rows: torch.Tensor) -> tuple[int, float]:
    """Index and log acquisition of the best of rows (N, d)."""
    best = int(rank(improvement, rows)[0])
    with torch.no_grad():
        return best, float(improvement.log(rows[best : best + 1])[0])


def choose_among(
    improvement: Acquisition,
    space: Space,
    seen: Array,
    offspring: Callable[[], Array],
    n: int,
    rng: np.random.Generator,
    effort: Effort,
    parts: Sequence[Space] = (),
) -> Batch:
    """Up to n points outside `seen` (s, d); a space that can be listed is scored as a whole, offspring included.

    parts: n parts of the space that are climbed in, or none.
    """
    points = listed(space)
    if points is not None:
        best = from_list(improvement, space, points, seen, n)
        return replace(best, origins=("listed",) * len(best.X))
    return choose_between(improvement, space, seen, offspring(), n, rng, effort, parts)


def choose_between(
    improvement: Acquisition,
    space: Space,
    seen: Array,
    children: Array,
    n: int,
    rng: np.random.Generator,
    effort: Effort,
    parts: Sequence[Space] = (),
) -> Batch:
    """N times the better of the best child (k, d) left and the climbed point; the winner is pending for the next."""
    X, values, origins = np.empty((0, space.d)), np.empty(n), []
    if len(children) > FINALISTS:
        children = children[rank(improvement, torch.tensor(children), FINALISTS)]
    for place in range(n):
        taken = np.concatenate([seen, X])
        x, value = search(improvement, parts[place] if parts else space, taken, rng, effort)
        origin = "climbed"
        if len(children):
            child, merit = top(improvement, torch.tensor(children))
            if merit > value:
                x, value, origin = children[child], merit, "offspring"
        X, values[place] = np.concatenate([X, x[None]]), value
        origins.append(origin)
        children = children[unseen(space, children, X[-1:])]
        improvement = improvement.joined(torch.tensor(x[None]))
    return Batch(X, values, (), tuple(origins))
