"""This file is what comes before the front: down the violation, while nothing is feasible or better than the reference.

The improvement of a front is then tiny everywhere, and its logarithm ranks candidates by how uncertain they are: the
search becomes a random one. So the violation is lowered first, the constraints', then also what is missing to the
reference point. As soon as a candidate has a fair chance to be the first, the front is worth looking for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from eutectic.optimizers.acquisition.baseline import sobol_normals
from eutectic.optimizers.acquisition.descent import Descent, Window, descent
from eutectic.optimizers.acquisition.tails import log_inside
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.models.belief import Belief
from eutectic.optimizers.search.descent_region import CENTRES, parts
from eutectic.optimizers.search.global_search import nearby
from eutectic.optimizers.search.trust_region import LEAST, MANY_ROWS, local, record
from eutectic.optimizers.spaces import region

DRAWS = 32
"""Joint draws of what is known and pending."""
KEPT = 24
"""Least violating candidates that the least violation is drawn at."""
WORTH = 0.05
"""Probability to be the first that satisfies, of the likeliest candidate looked at, from which the front is sought."""
SAMPLES = 512
"""Uniform points at which that is looked at, beside variations of the least violating ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Downhill:
    """The search for less violation."""

    descent: Descent
    parts: tuple[Space, ...]
    """Where each candidate of the batch is looked for; () for the whole of a list."""
    note: str


def unmet(history: History) -> tuple[Window, ...]:
    """What no candidate satisfies yet: the constraints, or once they hold the reference point, too; () without any."""
    feasible = history.feasible
    constraints = limits(history)
    if not history.finished.any():
        return ()
    if not feasible.any():
        return constraints
    if history.reference is None or history.Y.shape[1] < 2 or (history.Y[feasible] < history.reference).all(1).any():
        return ()
    return (*constraints, *demands(history, np.asarray(history.reference, dtype=float)))


def limits(history: History) -> tuple[Window, ...]:
    """The outcome constraints."""
    m = history.Y.shape[1]
    return tuple(Window(m + j, 0.0, size(column)) for j, column in enumerate(history.C[history.finished].T))


def demands(history: History, worst: Array) -> tuple[Window, ...]:
    """Losses of at most worst (m,); of target objectives, that far beyond their tolerance."""
    found, values = [], history.signed[history.finished]
    for j, (loss, width) in enumerate(zip(worst, history.tolerance, strict=True)):
        target = bool(np.isfinite(width))
        limit = float(loss + width) if target else float(loss)
        distance = (np.abs(values[:, j]) if target else values[:, j]) - limit
        found.append(Window(j, limit, size(distance), target))
    return tuple(found)


def size(distance: Array) -> float:
    """The mean of distances (n,) above 0, else their mean size, else 1."""
    broken = distance[distance > 0]
    found = float(broken.mean() if len(broken) else np.abs(distance).mean())
    return found if found > 0 else 1.0


def violation(history: History, windows: Sequence[Window]) -> Array:
    """(n,) total violation of each row; NaN where it is not known."""
    values = torch.tensor(np.concatenate([history.signed, history.C], axis=1))
    total = torch.stack([window.excess(values[:, window.output]) for window in windows]).sum(0).numpy()
    return np.where(history.finished & ~history.failed, total, np.nan)


def nearest_rows(space: Space, history: History, windows: Sequence[Window]) -> History:
    """The history, or of a long one the rows nearest to the least violating candidates."""
    if len(history.X) <= MANY_ROWS:
        return history
    centres = history.X[np.argsort(violation(history, windows), kind="stable")[: len(CENTRES)]]
    return local(space, history, record(history), centres)


def downhill(
    space: Space, history: History, belief: Belief, windows: Sequence[Window], n: int, rng: np.random.Generator
) -> Downhill | None:
    """The search for less violation, None where a candidate has a fair chance to satisfy every window."""
    broken = violation(history, windows)
    order = np.argsort(broken, kind="stable")[: int(np.isfinite(broken).sum())]
    around = history.X[order[:KEPT]]
    chance = best_chance(space, belief, windows, around, rng)
    if chance >= WORTH:
        return None
    fixed = torch.tensor(np.concatenate([around, history.pending]))
    outputs, room = len(belief.outputs), len(fixed) + n
    normals = sobol_normals(DRAWS, outputs * room, rng).reshape(DRAWS, outputs, room).transpose(0, 1)
    down = descent(belief, windows, fixed, normals)
    listed = region.enumerate_points(space) is not None
    boxes, length = ((), 0.0) if listed else parts(space, history, broken, n)
    kind = "is feasible" if all(w.output >= belief.m for w in windows) else "satisfies every limit and the reference"
    where = "" if listed else f", in boxes of {length:g} of the space's width" if length >= LEAST else ", everywhere"
    note = f"nothing {kind} yet (least violation {np.nanmin(broken):.3g}): first down the violation{where}"
    return Downhill(down, boxes, note)


def best_chance(
    space: Space, belief: Belief, windows: Sequence[Window], around: Array, rng: np.random.Generator
) -> float:
    """Largest probability that every window holds and the evaluation succeeds, of many points looked at."""
    X = np.concatenate([region.sample(space, SAMPLES, rng), nearby(space, around, rng)])
    mean, std = (torch.tensor(values) for values in belief.moments(X))
    total = torch.zeros(len(X), dtype=torch.float64)
    for w in windows:
        shift = 0.0 if w.target else w.limit
        total = total + log_inside(mean[:, w.output] - shift, std[:, w.output], w.limit if w.target else None)
    for j in range(belief.m + belief.constraints, len(belief.outputs)):
        total = total + log_inside(mean[:, j], std[:, j], None)
    return float(total.max().exp())
