"""This file is the sparsifying step of SISSO: the best k of s screened features by exhaustive l0 search.

min |y - sum_k c_k d_k|^2 over all k-tuples (Ouyang et al. 2018, doi 10.1103/PhysRevMaterials.2.083802, section II.C).
Tuples are never listed: fixing the first k - 2 features projects them out of the Gram matrix, and the gains of all
remaining pairs follow at once as (s, s) arrays. Beyond reach, a beam keeps the best prefixes.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.surrogates.base import Array

COLLINEAR = 1e-9
"""A feature whose squared norm falls below this share of its own when others are projected out counts as collinear."""


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """Normal equations of one task, features and target centred and features scaled to norm one."""

    gram: Array
    """(s, s)."""
    moment: Array
    """(s,) features times target."""
    energy: float
    """Squared norm of the centred target."""


def normal_equations(values: Array, y: Array) -> Normal:
    """Of features (s, n) and target (n,)."""
    centred = values - values.mean(1, keepdims=True)
    norm = np.sqrt((centred**2).sum(1, keepdims=True))
    scaled = centred / np.where(norm > 0, norm, 1.0)
    target = y - y.mean()
    return Normal(scaled @ scaled.T, scaled @ target, float(target @ target))


def project(task: Normal, i: int) -> Normal:
    """The same with feature i projected out of everything; collinear features keep a zero moment."""
    pivot = task.gram[i, i]
    if pivot < COLLINEAR:
        return Normal(task.gram, np.zeros_like(task.moment), task.energy)
    row = task.gram[i] / pivot
    return Normal(
        task.gram - np.outer(task.gram[i], row),
        task.moment - task.moment[i] * row,
        task.energy - task.moment[i] ** 2 / pivot,
    )


def single_gains(task: Normal) -> Array:
    """Drop of the squared error (s,) by each feature alone."""
    diagonal = np.diagonal(task.gram)
    gain: Array = np.where(diagonal > COLLINEAR, task.moment**2 / np.maximum(diagonal, COLLINEAR), 0.0)
    return gain


def pair_gains(task: Normal) -> Array:
    """Drop of the squared error (s, s) by each pair; symmetric."""
    diagonal = np.diagonal(task.gram)
    safe = np.maximum(diagonal, COLLINEAR)
    rest = diagonal[None, :] - task.gram**2 / safe[:, None]
    moment = task.moment[None, :] - task.gram * (task.moment / safe)[:, None]
    with np.errstate(all="ignore"):
        second = np.where(rest > COLLINEAR, moment**2 / np.maximum(rest, COLLINEAR), 0.0)
    gain: Array = np.where(diagonal[:, None] > COLLINEAR, single_gains(task)[:, None] + second, 0.0)
    return gain


def best_subsets(tasks: Sequence[Normal], size: int, keep: int, beam: int) -> list[tuple[int, ...]]:
    """The `keep` best subsets of `size` features, summed over tasks, best first; exact while prefixes fit the beam."""
    s = len(tasks[0].moment)
    size = min(size, s)
    if size == 1:
        gains = sum(single_gains(task) for task in tasks)
        return [(int(i),) for i in np.argsort(-np.asarray(gains), kind="stable")[:keep]]
    found: list[tuple[float, tuple[int, ...]]] = []
    _descend(tasks, (), 0, size, keep, beam, found)
    return [subset for _, subset in sorted(found, key=lambda item: (-item[0], item[1]))]


def _descend(
    tasks: Sequence[Normal],
    prefix: tuple[int, ...],
    begin: int,
    size: int,
    keep: int,
    beam: int,
    found: list[tuple[float, tuple[int, ...]]],
) -> None:
    """Extend the prefix by one feature after another; its last two are taken from all pairs at once.

    tasks: features from index `begin` on, with the prefix projected out.
    """
    missing = size - len(prefix)
    if missing == 2:
        _take_pairs(tasks, prefix, begin, keep, found)
        return
    for i in _promising(tasks, len(tasks[0].moment) - missing + 1, beam):
        rest = [_after(project(task, i), i) for task in tasks]
        _descend(rest, (*prefix, begin + i), begin + i + 1, size, keep, beam, found)


def _after(task: Normal, i: int) -> Normal:
    return Normal(task.gram[i + 1 :, i + 1 :], task.moment[i + 1 :], task.energy)


def _promising(tasks: Sequence[Normal], count: int, beam: int) -> Sequence[int]:
    if count <= beam:
        return range(count)
    gains = np.asarray(sum(single_gains(task) for task in tasks))[:count]
    return sorted(np.argsort(-gains, kind="stable")[:beam].tolist())


def _take_pairs(
    tasks: Sequence[Normal],
    prefix: tuple[int, ...],
    begin: int,
    keep: int,
    found: list[tuple[float, tuple[int, ...]]],
) -> None:
    """Offer the prefix with every pair of the features left."""
    spent = sum(task.energy for task in tasks)
    gains = np.asarray(sum(pair_gains(task) for task in tasks))
    left = np.where(np.tri(len(gains), dtype=np.bool_), -np.inf, gains - spent).ravel()
    floor = found[0][0] if len(found) >= keep else -np.inf
    best = np.flatnonzero(left > floor)
    if len(best) > keep:
        best = best[np.argpartition(-left[best], keep - 1)[:keep]]
    for index in best.tolist():
        item = (float(left[index]), (*prefix, begin + index // len(gains), begin + index % len(gains)))
        if len(found) < keep:
            heapq.heappush(found, item)
        else:
            heapq.heappushpop(found, item)


def coefficients(values: Array, y: Array) -> tuple[Array, float]:
    """Least-squares slopes (k,) and intercept of y (n,) on features (k, n), by orthogonal decomposition.

    A feature that is constant here gets slope 0.
    """
    middle, scale = values.mean(1), values.std(1)
    scale = np.where(scale > 1e-12 * np.abs(middle), scale, np.inf)
    design = ((values - middle[:, None]) / scale[:, None]).T
    slopes: Array = np.linalg.lstsq(design, y - y.mean(), rcond=None)[0] / scale
    return slopes, float(y.mean() - slopes @ middle)
