"""This file is the map between the fractions of one bounded mixture and a unit box: bounded stick-breaking.

Fraction i may lie between low_i = max(lower_i, rest - sum of later upper bounds) and high_i = min(upper_i, rest - sum
of later lower bounds), where rest is what the earlier ones left. Box coordinate u_i places it there by a Moebius
function t(u) = c u / (c u + (1 - c) (1 - u)), whose c is the share that divides the rest alike among i and the later
ones. So the middle of the box is the middle of the region whatever the order of the elements.
"""

from typing import TYPE_CHECKING

import numpy as np

from optimizers.base import Array

if TYPE_CHECKING:
    import torch

_EDGE = 1e-3
_NONE = 1e-12


def to_fractions(U: "torch.Tensor", lower: Array, upper: Array) -> "torch.Tensor":
    """Box (..., k - 1) in [0, 1] -> fractions (..., k) within lower, upper (k,) that sum to one; differentiable."""
    import torch

    lower, upper = _tightened(lower, upper)
    rest = torch.ones_like(U[..., 0])
    fractions = []
    for i in range(len(lower) - 1):
        low = (rest - float(upper[i + 1 :].sum())).clamp_min(float(lower[i]))
        high = (rest - float(lower[i + 1 :].sum())).clamp_max(float(upper[i]))
        width = (high - low).clamp_min(0.0)
        total = max(float((upper[i:] - lower[i:]).sum()), _NONE)
        middle = lower[i] + (rest - float(lower[i:].sum())) / total * float(upper[i] - lower[i])
        share = ((middle - low) / width.clamp_min(_NONE)).clamp(_EDGE, 1 - _EDGE)
        u = U[..., i]
        fractions.append(low + width * (share * u / (share * u + (1 - share) * (1 - u))))
        rest = rest - fractions[-1]
    return torch.stack([*fractions, rest.clamp(float(lower[-1]), float(upper[-1]))], -1)


def to_box(X: Array, lower: Array, upper: Array) -> Array:
    """Fractions (..., k) -> box (..., k - 1), the inverse of `to_fractions`; 0.5 where a fraction has no freedom."""
    lower, upper = _tightened(lower, upper)
    U = np.full((*X.shape[:-1], len(lower) - 1), 0.5)
    for i in range(len(lower) - 1):
        rest = 1 - X[..., :i].sum(-1)
        low = np.maximum(rest - upper[i + 1 :].sum(), lower[i])
        high = np.minimum(rest - lower[i + 1 :].sum(), upper[i])
        width = np.maximum(high - low, _NONE)
        total = max(float((upper[i:] - lower[i:]).sum()), _NONE)
        middle = lower[i] + (rest - lower[i:].sum()) / total * (upper[i] - lower[i])
        share = np.clip((middle - low) / width, _EDGE, 1 - _EDGE)
        t = np.clip((X[..., i] - low) / width, 0.0, 1.0)
        u = t * (1 - share) / (t * (1 - share) + (1 - t) * share)
        U[..., i] = np.where(high - low > _NONE, u, 0.5)
    return U


def _tightened(lower: Array, upper: Array) -> tuple[Array, Array]:
    """The bounds (k,) that the others and the sum of one leave; ValueError when they cannot sum to one."""
    lower, upper = np.maximum(lower, 0.0), np.minimum(upper, 1.0)
    if lower.sum() > 1 + 1e-9 or upper.sum() < 1 - 1e-9:
        raise ValueError(f"bounds sum to {lower.sum():g} at least and {upper.sum():g} at most: no fractions sum to one")
    least = np.maximum(lower, 1 - (upper.sum() - upper))
    most = np.minimum(upper, 1 - (lower.sum() - lower))
    return np.minimum(least, most), most
