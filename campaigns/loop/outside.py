"""This file is what lies outside a campaign's space: beyond its bounds, or against a constraint between variables."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.optimizers.base import Array
from eutectic.optimizers.spaces.membership import member

WITHIN = 1e-3
"""How far any variable of what is known may lie beyond the space, as a share of its range, before it is named."""


def outside(problem: Problem, X: Array) -> NDArray[np.bool_]:
    """(n,) which coordinates X (n, d) lie outside the space; what was weighed beside its steps lies within."""
    space: Any = problem.generator.space
    free = replace(space, steps=(), mixtures=tuple(replace(mixture, divisions=None) for mixture in space.mixtures))
    held = member(free, X, WITHIN)
    if space.known is not None and len(X):
        held &= (np.asarray(space.known(X)).reshape(len(X), -1) <= 0).all(1)
    return ~held


def left_outside(problem: Problem, record: Record, outcomes: Iterable[Outcome]) -> frozenset[int]:
    """The numbers of those outcomes that lie outside the space since it was changed, or have no place in it."""
    own = list(outcomes) if record.changes else []
    X = np.array([outcome.x for outcome in own], dtype=float).reshape(len(own), problem.space.d)
    beyond = outside(problem, X)
    return frozenset(o.number for o, out in zip(own, beyond, strict=True) if out or o.aside)
