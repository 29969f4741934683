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
from eutectic.optimizers.base import Array, Index

SURE = 6.0
"""Deviations beyond which what may be won, about 1e-10 of what there is, counts as nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The coordinates of one front's boxes, each once: boxes share theirs, and an integral a coordinate is enough."""

    values: tuple[Tensor, ...]
    """For each objective (l,), finite, ascending."""
    low: tuple[Tensor, ...]
    """For each objective (k,) which of them the boxes begin at, counted from 1; 0 where open below."""
    high: tuple[Tensor, ...]
    """For each objective (k,) which of them they end at, counted from 1."""
    front: Tensor
    """(f, m) the points they lie between."""

    def value(self, moments: list[tuple[Tensor, Tensor]], tolerances: tuple[float | None, ...]) -> Tensor:
        """Expected improvement (r,) for each objective's mean and standard deviation (r,); 0 for what is hopeless."""
        total = torch.zeros_like(moments[0][0])
        rows = torch.nonzero(~self.hopeless(moments, tolerances))[:, 0]
        total[rows] = self.integral([(mean[rows], std[rows]) for mean, std in moments], tolerances).clamp_min(0)
        return total

    def hopeless(self, moments: list[tuple[Tensor, Tensor]], tolerances: tuple[float | None, ...]) -> Tensor:
        """(r,) True where a point of the front is better in every objective even at SURE deviations below the mean."""
        beaten = torch.ones(len(self.front), len(moments[0][0]), dtype=torch.bool)
        for best, (mean, std), tolerance in zip(self.front.T, moments, tolerances, strict=True):
            low = mean - SURE * std if tolerance is None else mean.abs() - SURE * std - tolerance
            beaten &= best[:, None] <= low
        return beaten.any(0)

    def integral(self, moments: list[tuple[Tensor, Tensor]], tolerances: tuple[float | None, ...]) -> Tensor:
        """The sum (r,) over the boxes."""
        total = torch.ones((), dtype=torch.float64)
        sides = zip(moments, self.values, self.low, self.high, tolerances, strict=True)
        for (mean, std), values, low, high, tolerance in sides:
            each = torch.zeros(1 + len(values), len(mean), dtype=mean.dtype)
            each[1:] = shortfall(values[:, None], mean, std, tolerance)
            total = total * (each[high] - each[low])
        return total.sum(0)


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
    levels: tuple[Levels, ...] = ()
    """The same by their coordinates, a front each; () where boxes are chained or there is one objective."""

    @property
    def size(self) -> int:
        """Numbers a point takes when it is judged: the boxes of all fronts, or of one after the other."""
        fronts, boxes = self.empty.shape
        return max(1, fronts, boxes * len(self.upper)) if self.levels else max(1, fronts * boxes)

    def thinned(self, s: int) -> "Cells":
        """Of the first s fronts."""
        lower = tuple(None if low is None else low[:s] for low in self.lower)
        upper = tuple(high[:s] for high in self.upper)
        return replace(self, lower=lower, upper=upper, empty=self.empty[:s], levels=self.levels[:s])

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
        if self.levels:
            return self._by_levels(moments, tolerances, chance)
        total = torch.ones((), dtype=torch.float64)
        for (mean, std), low, high, tolerance in self._sides(moments, tolerances):
            length = shortfall(high, mean, std, tolerance)
            if low is not None:
                below = _before(length) if self.chained else shortfall(low, mean, std, tolerance)
                length = length - below.masked_fill(torch.isinf(low), 0)
            total = total * length
        improvement: Tensor = total.masked_fill(self.empty, 0).sum(-1).clamp_min(0)
        return (improvement if chance is None else improvement * chance.exp()).mean(-1)

    def _by_levels(
        self, moments: list[tuple[Tensor, Tensor]], tolerances: tuple[float | None, ...], chance: Tensor | None
    ) -> Tensor:
        total = torch.zeros(len(moments[0][0]), dtype=torch.float64)
        drawn = [(mean.T.contiguous(), std[:, 0]) for mean, std in moments]
        for i, front in enumerate(self.levels):
            gain = front.value([(means[i], std) for means, std in drawn], tolerances)
            total += gain if chance is None else gain * chance[:, i].exp()
        return total / len(self.levels)

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
    sides, levels = [], []
    for front in losses.numpy():
        inside = front[(front < limit).all(-1)]
        best = inside[moocore.is_nondominated(inside)] if len(inside) else inside
        low, high = open_boxes(best, limit)
        sides.append((torch.tensor(low), torch.tensor(high)))
        levels.append(coordinates(low, high, best))
    k = max(len(low) for low, _ in sides)
    lower, upper = (torch.stack([_pad(pair[i], k) for pair in sides]) for i in (0, 1))
    empty = (upper <= lower).any(-1)
    return Cells(tuple(lower.unbind(-1)), tuple(upper.unbind(-1)), empty, levels=tuple(levels))


def coordinates(lower: Array, upper: Array, front: Array) -> Levels:
    """The levels of boxes with these corners (k, m), none of them empty, beside a front (f, m)."""
    sides = [one_side(low, high) for low, high in zip(lower.T, upper.T, strict=True)]
    values, low, high = (tuple(map(torch.tensor, part)) for part in zip(*sides, strict=True))
    return Levels(values, low, high, torch.tensor(front))


def one_side(low: Array, high: Array) -> tuple[Array, Index, Index]:
    """Coordinates (l,) of boxes in one objective, and which of them each begins and ends at (k,)."""
    closed = np.isfinite(low)
    values, place = np.unique(np.concatenate([low[closed], high]), return_inverse=True)
    begins = np.zeros(len(low), dtype=np.int64)
    begins[closed] = 1 + place[: closed.sum()]
    return values, begins, 1 + place[closed.sum() :]


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
    own = np.arange(m)
    for z in points:
        beyond = (z < U).all(1)
        if not beyond.any():
            continue
        A, defining = U[beyond], Z[beyond]
        others = defining.copy()
        others[:, own, own] = -np.inf
        j, row = np.nonzero((z >= others.max(1)).T)
        shifted, touching = A[row], defining[row]
        shifted[np.arange(len(j)), j], touching[np.arange(len(j)), j] = z[j], z
        U, Z = np.concatenate([U[~beyond], shifted]), np.concatenate([Z[~beyond], touching])
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
