"""This file is the region no known point dominates, below the reference point, cut into boxes; losses are minimised.

One and two objectives are cut into strips. For three and more: Lacour, Klamroth and Fonseca 2017,
doi 10.1016/j.cor.2016.06.021: local upper bounds, updated point by point, and the boxes they define. Applied once more
to the bounds, mirrored, they cut the region that nothing dominates, as in Yang, Emmerich, Deutz and Baeck 2019,
doi 10.1007/s10898-019-00798-7 (BoTorch's way as well, here without tensors).
"""

from dataclasses import dataclass, replace
from math import log

import moocore
import numpy as np
import torch
from torch import Tensor

from eutectic.optimizers.acquisition.normal_integrals import log_difference, log_shortfall, shortfall
from eutectic.optimizers.base import Array


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Boxes of s fronts, padded to k each."""

    lower: tuple[Tensor | None, ...]
    """For each objective (s, k); None where every box is open below, -inf where one box is."""
    upper: tuple[Tensor, ...]
    """For each objective (s, k), finite."""
    empty: Tensor
    """(s, k) True for padding."""
    chained: bool = False
    """Each box begins, in the objectives with lower bounds, where the one before it ends."""

    @property
    def size(self) -> int:
        """Number of boxes of all fronts."""
        return max(1, self.empty.numel())

    @property
    def exhausted(self) -> bool:
        """Nothing can be won in any front."""
        return bool(self.empty.all())

    def log(
        self, moments: list[tuple[Tensor, Tensor]], tolerances: tuple[float | None, ...], chance: Tensor | None = None
    ) -> Tensor:
        """Log expected improvement (r,) for each objective's mean (r, s) and standard deviation (r, 1).

        `chance` (r, s): log probability that the point counts, in each draw.
        """
        total = torch.zeros((), dtype=torch.float64)
        for (mean, std), low, high, tolerance in self._sides(moments, tolerances):
            safe = high if tolerance is None else high.clamp_min(1e-300)
            length = log_shortfall(safe, mean, std, tolerance)
            if low is not None:
                below = _before(length)
                if not self.chained:
                    below = log_shortfall(_finite(low, high, tolerance), mean, std, tolerance)
                length = torch.where(torch.isinf(low), length, log_difference(length, below))
            total = total + length
        total = total.masked_fill(self.empty, -torch.inf)
        total = total if chance is None else total + chance[..., None]
        return torch.logsumexp(total.flatten(1), 1) - log(total.shape[1])

    def value(
        self, moments: list[tuple[Tensor, Tensor]], tolerances: tuple[float | None, ...], chance: Tensor | None = None
    ) -> Tensor:
        """The same (r,) without the logarithm."""
        total = torch.ones((), dtype=torch.float64)
        for (mean, std), low, high, tolerance in self._sides(moments, tolerances):
            length = shortfall(high, mean, std, tolerance)
            if low is not None:
                below = _before(length) if self.chained else shortfall(low, mean, std, tolerance)
                length = length - below.masked_fill(torch.isinf(low), 0)
            total = total * length
        improvement: Tensor = total.masked_fill(self.empty, 0).sum(-1).clamp_min(0)
        return (improvement if chance is None else improvement * chance.exp()).mean(-1)

    def _sides(
        self, moments: list[tuple[Tensor, Tensor]], tolerances: tuple[float | None, ...]
    ) -> list[tuple[tuple[Tensor, Tensor], Tensor | None, Tensor, float | None]]:
        wide = [(mean[..., None], std[..., None]) for mean, std in moments]
        return list(zip(wide, self.lower, self.upper, tolerances, strict=True))


def _before(length: Tensor) -> Tensor:
    """Each box's neighbour below (r, s, k); the first box has none and gets its own value."""
    return torch.cat([length[..., :1], length[..., :-1]], -1)


def _finite(low: Tensor, high: Tensor, tolerance: float | None) -> Tensor:
    """Lower bounds with the open ones replaced by something harmless below the upper bound."""
    safe = torch.where(torch.isinf(low), high - 1, low)
    return safe if tolerance is None else safe.clamp_min(1e-300)


def cells(losses: Tensor, valid: Tensor, reference: Tensor, tolerances: tuple[float | None, ...]) -> Cells:
    """Boxes for losses (s, b, m) of which only `valid` (s, b) count, below the reference point (m,)."""
    inside = valid & (losses < reference).all(-1)
    clipped = torch.where(inside[..., None], losses, reference)
    if len(reference) == 1:
        best = torch.cat([clipped[..., 0], reference.expand(len(losses), 1)], 1).min(1, keepdim=True).values
        found = Cells((None,), (best,), torch.zeros_like(best, dtype=torch.bool))
    else:
        found = strips(clipped, reference) if len(reference) == 2 else boxes(clipped, reference)
    empty = found.empty
    for upper, tolerance in zip(found.upper, tolerances, strict=True):
        empty = empty if tolerance is None else empty | (upper <= 0)
    return replace(found, empty=empty)


def strips(losses: Tensor, reference: Tensor) -> Cells:
    """Two objectives: one strip between each pair of neighbours on the front, open below in the second objective."""
    s = len(losses)
    far = reference.expand(s, 1, 2)
    points = torch.cat([losses, far], 1)
    points = points.gather(1, points[..., 0].argsort(dim=1, stable=True)[..., None].expand_as(points))
    lowest = points[..., 1].cummin(1).values
    before = torch.cat([far[..., 1], lowest[:, :-1]], 1)
    kept = points[..., 1] < before
    count = int(kept.sum(1).max())
    order = (~kept).to(torch.int8).argsort(dim=1, stable=True)[:, :count]
    chosen = kept.gather(1, order)
    first = torch.where(chosen, points[..., 0].gather(1, order), far[..., 0])
    second = torch.where(chosen, points[..., 1].gather(1, order), far[..., 1])
    upper = torch.cat([first, far[..., 0]], 1)
    lower = torch.cat([torch.full((s, 1), -torch.inf, dtype=losses.dtype), first], 1)
    return Cells((lower, None), (upper, torch.cat([far[..., 1], second], 1)), upper <= lower, True)


def boxes(losses: Tensor, reference: Tensor) -> Cells:
    """Three objectives or more: a front's boxes by its local upper bounds."""
    limit = reference.numpy()
    found = []
    for front in losses.numpy():
        inside = front[(front < limit).all(-1)]
        best = inside[moocore.is_nondominated(inside)] if len(inside) else inside
        found.append(tuple(torch.tensor(side) for side in open_boxes(best, limit)))
    k = max(len(low) for low, _ in found)
    lower, upper = (torch.stack([_pad(pair[i], k) for pair in found]) for i in (0, 1))
    empty = (upper <= lower).any(-1)
    return Cells(tuple(lower.unbind(-1)), tuple(upper.unbind(-1)), empty)


def open_boxes(front: Array, reference: Array) -> tuple[Array, Array]:
    """Lower (k, m; -inf where open) and upper (k, m) corners of boxes that fill what front (n, m) leaves."""
    m = len(reference)
    bounds, _ = upper_bounds(front, np.full(m, -np.inf), reference)
    mirrored, defining = upper_bounds(-bounds, -reference, np.full(m, np.inf))
    low, high = corners(mirrored, defining, np.full(m, np.inf))
    return -high, -low


def upper_bounds(points: Array, ideal: Array, reference: Array) -> tuple[Array, Array]:
    """Local upper bounds U (k, m) of points (n, m) below the reference, and the points Z (k, m, m) defining each.

    Z[u, j] touches bound u in objective j. Algorithm 1 of Lacour et al.
    """
    m = len(reference)
    U = reference[None].copy()
    Z = np.repeat(ideal[None], m, 0)[None].copy()
    Z[0, np.arange(m), np.arange(m)] = reference
    for z in points:
        beyond = (z < U).all(1)
        if not beyond.any():
            continue
        bounds, defining = [U[~beyond]], [Z[~beyond]]
        A, own = U[beyond], Z[beyond]
        for j in range(m):
            keeps = z[j] >= np.delete(own[:, :, j], j, 1).max(1)
            shifted, touching = A[keeps], own[keeps]
            shifted[:, j], touching[:, j] = z[j], z
            bounds.append(shifted)
            defining.append(touching)
        U, Z = np.concatenate(bounds), np.concatenate(defining)
    return U, Z


def corners(U: Array, Z: Array, reference: Array) -> tuple[Array, Array]:
    """Lower and upper corners (k, m) of the boxes, not empty, of U (k, m) and Z (k, m, m); eq. 2 of Lacour et al."""
    low, high = np.empty_like(U), U.copy()
    low[:, 0], high[:, 0] = Z[:, 0, 0], reference[0]
    for j in range(1, U.shape[1]):
        low[:, j] = Z[:, :j, j].max(1)
    full = (low < high).all(1)
    return low[full], high[full]


def _pad(bounds: Tensor, k: int) -> Tensor:
    """Bounds (c, m) -> (k, m) with zeros."""
    return torch.cat([bounds, torch.zeros(k - len(bounds), bounds.shape[1], dtype=bounds.dtype)])
