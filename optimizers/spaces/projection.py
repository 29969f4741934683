"""This file is the nearest point of a continuous block: mixtures that sum to one, free columns, linear constraints.

Of supports that are too many to list those of the largest members are looked at, one a size. That is exact where all
members have the same bounds and there are no linear constraints (Kyrillidis et al. 2013, Sparse projections onto the
simplex, proceedings.mlr.press/v28/kyrillidis13); else it is a near point, and where none of these supports holds any,
one in the support of the point with the least absolute differences.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np

from eutectic.optimizers.base import Array, Mask, Mixture, Space
from eutectic.optimizers.spaces import milp
from eutectic.optimizers.spaces.hit_and_run import System
from eutectic.optimizers.spaces.many_supports import ManySupports
from eutectic.optimizers.spaces.polytope import system
from eutectic.optimizers.spaces.presence import Supports, supports

PRESENT = 1e-9
"""Fraction above which the linear program's point has a member."""


def project(space: Space, X: Array, scale: Array) -> Array:
    """The nearest feasible point of each row of X (n, d), distances divided by scale (d,); the space is not empty."""
    choices = [supports(space, number) for number in range(len(space.mixtures))]
    if space.linear:
        return np.array([_constrained(space, _listed(choices, space, x, scale), x, scale) for x in X]).reshape(X.shape)
    out = np.clip(X, space.lower, space.upper)
    for mixture, choice in zip(space.mixtures, choices, strict=True):
        own = list(mixture.members)
        if isinstance(choice, Supports):
            out[:, own] = _sliced(choice, X[:, own])
        else:
            for row, x in enumerate(X):
                out[row, own] = _sliced(_likely(choice, space, mixture, x, scale), x[None, own])[0]
    return out


def _listed(choices: Sequence[Supports | ManySupports], space: Space, x: Array, scale: Array) -> list[Supports]:
    """Supports to be looked at for x (d,): all, or the likely ones, with those of the linear program's point."""
    listed = [choice for choice in choices if isinstance(choice, Supports)]
    if len(listed) == len(choices):
        return listed
    point = milp.closest(space, x, scale)
    found = []
    for mixture, choice in zip(space.mixtures, choices, strict=True):
        if isinstance(choice, ManySupports):
            own = list(mixture.members)
            masks = [choice.largest(x[None, own], size)[0] for size in choice.sizes]
            masks += [] if point is None else [choice.fixed | (point[own] > PRESENT)]
            choice = _of(choice, np.unique(np.array(masks), axis=0))
        found.append(choice)
    return found


def _likely(choice: ManySupports, space: Space, mixture: Mixture, x: Array, scale: Array) -> Supports:
    """Supports of the largest members of x (d,), one a size; where none can sum to one, the linear program's."""
    own = list(mixture.members)
    found = _of(choice, np.array([choice.largest(x[None, own], size)[0] for size in choice.sizes]))
    if not len(found.masks):
        point = milp.closest(space, x, scale)
        assert point is not None, "the space is not empty"
        found = _of(choice, (choice.fixed | (point[own] > PRESENT))[None])
    return found


def _of(choice: ManySupports, masks: Mask) -> Supports:
    """Some of many supports as a list; those that cannot sum to one are left out."""
    masks = masks[choice.possible(masks)]
    return Supports(choice.lower, choice.upper, masks, np.full(len(masks), 1 / max(len(masks), 1)))


def onto_slice(lower: Array, upper: Array, x: Array) -> Array:
    """Nearest point of {lower <= x <= upper, sum x = 1}; all (..., k). It is x minus a shift, clipped (bisection)."""
    low, high = (x - upper).min(-1, keepdims=True) - 1e-9, (x - lower).max(-1, keepdims=True) + 1e-9
    for _ in range(64):
        middle = (low + high) / 2
        more = np.clip(x - middle, lower, upper).sum(-1, keepdims=True) > 1
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    y: Array = np.clip(x - (low + high) / 2, lower, upper)
    inner = (y > lower) & (y < upper)
    y += np.where(inner, (1 - y.sum(-1, keepdims=True)) / np.maximum(inner.sum(-1, keepdims=True), 1), 0.0)
    return y


def _sliced(choice: Supports, X: Array) -> Array:
    """Nearest point over all supports, row by row of X (n, k)."""
    lower, upper = choice.lower * choice.masks, choice.upper * choice.masks
    if len(lower) == 1:
        return onto_slice(lower, upper, X)
    out = np.empty_like(X)
    for row, x in enumerate(X):
        points = onto_slice(lower, upper, np.broadcast_to(x, lower.shape))
        out[row] = points[((points - x) ** 2).sum(1).argmin()]
    return out


def _constrained(space: Space, choices: list[Supports], x: Array, scale: Array) -> Array:
    """Nearest point under linear constraints: supports in order of their distance without the constraints."""
    gaps = []
    for mixture, choice in zip(space.mixtures, choices, strict=True):
        own = list(mixture.members)
        lower, upper = choice.lower * choice.masks, choice.upper * choice.masks
        points = onto_slice(lower, upper, np.broadcast_to(x[own], lower.shape))
        gaps.append((((points - x[own]) / scale[own]) ** 2).sum(1))
    combined = sorted(
        ((sum(float(gap[i]) for gap, i in zip(gaps, chosen, strict=True)), chosen))
        for chosen in product(*(range(len(gap)) for gap in gaps))
    )
    best, distance = None, np.inf
    for least, chosen in combined:
        if least >= distance:
            break
        masks = [choice.masks[i] for choice, i in zip(choices, chosen, strict=True)]
        point = closest(system(space, masks), x, scale)
        if point is not None and (gap := float((((point - x) / scale) ** 2).sum())) < distance:
            best, distance = point, gap
    if best is None:
        raise ValueError(f"found no point that satisfies {'; '.join(line.text for line in space.linear)}")
    return best


def closest(polytope: System, x: Array, scale: Array) -> Array | None:
    """The point of a polytope nearest to x (d,), None when it is empty.

    Least-distance programming by non-negative least squares: Lawson and Hanson, Solving Least Squares Problems (1974),
    chapter 23, doi:10.1137/1.9781611971217; the sums are removed by moving in their null space.
    """
    from scipy.optimize import nnls

    A, b = polytope.inequalities()
    sums = polytope.sums * scale
    basis = np.linalg.svd(np.vstack([sums, np.zeros((1, len(x)))]))[2][len(sums) :].T
    origin = np.linalg.pinv(sums) @ (polytope.total - polytope.sums @ x) if len(sums) else np.zeros(len(x))
    G, h = -(A * scale) @ basis, A @ (x + scale * origin) - b
    length = np.linalg.norm(G, axis=1)
    if (h[length < 1e-12] > 1e-9).any():
        return None
    G, h = G[length >= 1e-12] / length[length >= 1e-12, None], h[length >= 1e-12] / length[length >= 1e-12]
    if (h <= 0).all():
        return np.asarray(np.clip(x + scale * origin, polytope.lower, polytope.upper))
    E = np.vstack([G.T, h])
    target = np.zeros(len(E))
    target[-1] = 1.0
    residual = E @ nnls(E, target, maxiter=50 * len(h))[0] - target
    if np.abs(residual).max() < 1e-9:
        return None
    move = basis @ (-residual[:-1] / residual[-1])
    return np.asarray(np.clip(x + scale * (origin + move), polytope.lower, polytope.upper))
