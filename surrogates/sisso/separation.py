"""This file is how well features separate two classes: errors of the best threshold, or rows in the classes' overlap.

Overlap of the classes' domains (intervals in one dimension, hulls in two): Ouyang et al., Phys. Rev. Materials 2,
083802 (2018), doi 10.1103/PhysRevMaterials.2.083802, eq. 5. Ranking by the best threshold: Bartel et al., Sci. Adv. 5,
eaav0693 (2019), doi 10.1126/sciadv.aav0693.
"""

import numpy as np
from numpy.typing import NDArray

from eutectic.surrogates.base import Array

Flags = NDArray[np.bool_]

CACHE = 50_000
"""Numbers that are sorted and counted at once: few enough for a processor's cache."""


def by_threshold(values: Array, upper: Flags) -> Array:
    """Scores (k,) of features (k, n) for classes upper (n,): share of rows on the right side of the best threshold.

    Equal shares are ordered by the area under the receiver operating curve, which adds less than one row's worth.
    """
    size = max(1, CACHE // len(upper))
    parts = [_best_cut(values[begin : begin + size], upper) for begin in range(0, len(values), size)]
    return np.concatenate([np.empty(0), *parts])


def _best_cut(values: Array, upper: Flags) -> Array:
    n, ones = len(upper), int(upper.sum())
    bits = np.ascontiguousarray(values + 0.0).view(np.int64)  # + 0.0 makes one zero of -0.0 and 0.0
    bits ^= (bits >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF)
    bits = (bits & ~np.int64(1)) | upper
    bits.sort(axis=1)
    narrow = np.int16 if n < 2**14 else np.int64
    ahead = (2 * (bits & 1) - 1).astype(narrow).cumsum(1, dtype=narrow)  # ones less zeros up to each row
    ranks = (n * (n + 1) / 2 + (n + 1) * (2 * ones - n) - ahead.sum(1, dtype=np.int64)) / 2  # sum of the ones' ranks
    np.copyto(ahead[:, :-1], narrow(2 * ones - n), where=bits[:, :-1] >> 1 == bits[:, 1:] >> 1)
    best = np.maximum(ones - ahead.min(1), n - ones + ahead.max(1)) / n
    area = (ranks - ones * (ones + 1) / 2) / max(ones * (n - ones), 1)
    out: Array = best + np.abs(2 * area - 1) / (2 * n)
    return out


def by_overlap(values: Array, upper: Flags) -> Array:
    """Scores (k,) of features (k, n): share of rows outside the classes' overlap, shorter overlaps first."""
    low = np.maximum(values[:, upper].min(1), values[:, ~upper].min(1))
    high = np.minimum(values[:, upper].max(1), values[:, ~upper].max(1))
    inside = ((values >= low[:, None]) & (values <= high[:, None])).mean(1)
    length = (high - low) / np.ptp(values, axis=1)
    out: Array = 1 - inside - length / (2 * values.shape[1])
    return out


def hull_overlap(points: Array, upper: Flags) -> float:
    """Share of points (n, 2) inside the convex hulls of both classes."""
    inside = np.ones(len(points), dtype=np.bool_)
    for part in (points[upper], points[~upper]):
        inside &= in_hull(part, points)
    return float(inside.mean())


def in_hull(corners: Array, points: Array) -> Flags:
    """(n,) which points (n, 2) lie in the convex hull of corners (c, 2); a flat hull is a segment."""
    from scipy.spatial import ConvexHull, QhullError

    scale = np.abs(points - points.mean(0)).max(0)
    corners, points = corners / np.where(scale > 0, scale, 1.0), points / np.where(scale > 0, scale, 1.0)
    try:
        sides = ConvexHull(corners).equations
    except (QhullError, ValueError):
        return _on_segment(corners, points)
    inside: Flags = (points @ sides[:, :2].T + sides[:, 2] <= 1e-9).all(1)
    return inside


def _on_segment(corners: Array, points: Array) -> Flags:
    middle = corners.mean(0)
    along = np.linalg.svd(corners - middle, full_matrices=False)[2][0]
    place, off = (points - middle) @ along, (points - middle) @ np.array([-along[1], along[0]])
    reach = (corners - middle) @ along
    inside: Flags = (np.abs(off) <= 1e-9) & (place >= reach.min() - 1e-9) & (place <= reach.max() + 1e-9)
    return inside


def threshold(values: Array, upper: Flags) -> tuple[float, float]:
    """The cut of values (n,) with fewest errors, and +1 when the upper class lies above it, -1 when below.

    Of several equally good cuts the middle one; each lies halfway between two neighbouring values.
    """
    order = np.argsort(values, kind="stable")
    ordered, below = values[order], np.cumsum(upper[order])
    n, ones = len(values), int(upper.sum())
    wrong = 2 * below + (n - ones) - np.arange(1, n + 1)
    cuts = np.flatnonzero(ordered[:-1] < ordered[1:])
    if len(cuts) == 0:
        return float(values[0]), 1.0
    sign = 1.0 if wrong[cuts].min() <= n - wrong[cuts].max() else -1.0
    errors = wrong[cuts] if sign > 0 else n - wrong[cuts]
    best = cuts[errors == errors.min()]
    at = best[len(best) // 2]
    return float((ordered[at] + ordered[at + 1]) / 2), sign


def logistic(features: Array, target: Array, ridge: float = 1e-3) -> Array:
    """Weights (k + 1,), intercept last, of the chance of target (n,) in 0..1 on features (k, n), by Newton steps."""
    design = np.vstack([features, np.ones(features.shape[1])])
    penalty = np.diag([ridge] * len(features) + [1e-9])
    weights = np.zeros(len(design))
    for _ in range(50):
        chance = sigmoid(weights @ design)
        slope = design @ (chance - target) + penalty @ weights
        curve = (design * (chance * (1 - chance))) @ design.T + penalty
        step = np.linalg.solve(curve, slope)
        weights = weights - step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-9:
            break
    return weights


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), without overflow."""
    out: Array = 0.5 * (1 + np.tanh(0.5 * z))
    return out
