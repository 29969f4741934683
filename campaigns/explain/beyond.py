"""This file is what surrogates expect beyond the bounds that a front leans on, one step of each, one at a time."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from eutectic.campaigns.analysis.leaning import NEAR, Beyond, Leaning
from eutectic.campaigns.explain.models import Learned
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.optimizers.base import Array, Space

STEP = 0.05
"""How far beyond a bound is looked, in widths of the variable, where it has no step of its own."""


def beyond(
    space: Space, front: Sequence[Outcome], learned: Sequence[Learned], leanings: Sequence[Leaning]
) -> tuple[Leaning, ...]:
    """The same leanings, those on bounds of columns with what each property is expected to be one step beyond."""
    X = np.array([o.x for o in front if o.x], dtype=float).reshape(-1, space.d)
    return tuple(_looked(space, X, learned, leaning) for leaning in leanings)


def _looked(space: Space, X: Array, learned: Sequence[Learned], leaning: Leaning) -> Leaning:
    if leaning.side == "limit" or leaning.name not in space.names:
        return leaning
    j = space.names.index(leaning.name)
    width = float(space.upper[j] - space.lower[j])
    here = X[np.abs(X[:, j] - leaning.bound) <= NEAR * width]
    if not len(here):
        return leaning
    by = step(space, j) * (1 if leaning.side == "upper bound" else -1)
    there = moved(space, here, j, by)
    found = []
    for one in learned:
        mean, std = one.moments(there)
        found.append(Beyond(one.name, float(one.mean(here).mean()), float(mean.mean()), float(std.mean())))
    return replace(leaning, beyond_at=leaning.bound + by, beyond=tuple(found))


def step(space: Space, j: int) -> float:
    """One step of a column, in its unit."""
    own = space.steps[j] if space.steps else None
    divisions = next((m.divisions for m in space.mixtures if j in m.members), None)
    grain = 1.0 if space.kinds[j] == "integer" else own or (1 / divisions if divisions else 0.0)
    return float(max(grain, STEP * float(space.upper[j] - space.lower[j])))


def moved(space: Space, X: Array, j: int, by: float) -> Array:
    """Rows X (n, d) with column j changed; of fractions that sum to one the others share the rest as they did."""
    out = X.copy()
    out[:, j] += by
    for mixture in space.mixtures:
        if j in mixture.members:
            others = [member for member in mixture.members if member != j]
            rest = X[:, others].sum(1, keepdims=True)
            out[:, others] = X[:, others] * np.where(rest > 0, (rest - by) / np.where(rest > 0, rest, 1.0), 1.0)
    return out
