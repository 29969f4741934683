"""This file is the region no known point dominates, below the reference point, cut into boxes; losses are minimised."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Boxes of s fronts, padded to k each."""

    lower: tuple[Tensor | None, ...]
    """For each objective (s, k); None where every box is open below, -inf where one box is."""
    upper: tuple[Tensor, ...]
    """For each objective (s, k), finite."""
    empty: Tensor
    """(s, k) True for padding."""


def cells(losses: Tensor, valid: Tensor, reference: Tensor) -> Cells:
    """Boxes for losses (s, b, m) of which only `valid` (s, b) count, below the reference point (m,)."""
    inside = valid & (losses < reference).all(-1)
    clipped = torch.where(inside[..., None], losses, reference)
    if losses.shape[-1] == 1:
        best = clipped[..., 0].min(-1, keepdim=True).values if losses.shape[1] else reference.expand(len(losses), 1)
        return Cells((None,), (best,), torch.zeros_like(best, dtype=torch.bool))
    return strips(clipped, reference) if losses.shape[-1] == 2 else boxes(clipped, reference)


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
    return Cells((lower, None), (upper, torch.cat([far[..., 1], second], 1)), upper <= lower)


def boxes(losses: Tensor, reference: Tensor) -> Cells:
    """Three objectives or more: Lacour, Klamroth and Fonseca 2017, doi 10.1016/j.cor.2016.08.010, through BoTorch."""
    from botorch.utils.multi_objective.box_decompositions.non_dominated import FastNondominatedPartitioning

    found = []
    for front in losses:
        partition = FastNondominatedPartitioning(ref_point=-reference, Y=-front[(front < reference).all(-1)])
        low, high = partition.get_hypercell_bounds()
        found.append((-high, -low))
    k = max(len(low) for low, _ in found)
    lower, upper = (torch.stack([_pad(pair[i], k) for pair in found]) for i in (0, 1))
    empty = (upper <= lower).any(-1)
    return Cells(tuple(lower.unbind(-1)), tuple(upper.unbind(-1)), empty)


def _pad(bounds: Tensor, k: int) -> Tensor:
    """Bounds (c, m) -> (k, m) with zeros."""
    return torch.cat([bounds, torch.zeros(k - len(bounds), bounds.shape[1], dtype=bounds.dtype)])
