"""This file is expected hypervolume improvement by directions, for more objectives than boxes can serve.

The hypervolume is a mean over directions w of max over points of min_k((r_k - y_k) / w_k)^m (Zhang and Golovin 2020,
doi 10.48550/arXiv.2006.04655, lemma 5). For independent normal outputs the chance that a point reaches beyond t in a
direction is a product of normal distribution functions, so that the expected gain is an integral over t alone.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eutectic.optimizers.acquisition.normal_integrals import log_chance_below

COUNT = 32
"""Directions."""
NODES = 6
"""Gauss-Legendre nodes of the integral over t."""


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """Gains beyond s drawn fronts along w directions; the constant of the mean over directions is left out."""

    levels: tuple[Tensor, ...]
    """For each objective (s, w * nodes): the loss to stay below."""
    log_weights: Tensor
    """(s, w * nodes) logarithm of quadrature weight times m t^(m - 1)."""

    @property
    def size(self) -> int:
        """Number of terms of all fronts."""
        return self.log_weights.numel()

    def thinned(self, s: int) -> "Directions":
        """Beyond the first s fronts."""
        return Directions(tuple(level[:s] for level in self.levels), self.log_weights[:s])

    @property
    def exhausted(self) -> bool:
        """Something can always be won."""
        return False

    def value(
        self, moments: list[tuple[Tensor, Tensor]], tolerances: tuple[float | None, ...], chance: Tensor | None = None
    ) -> Tensor:
        """Expected gain (r,)."""
        return self.log(moments, tolerances, chance).exp()

    def log(
        self, moments: list[tuple[Tensor, Tensor]], tolerances: tuple[float | None, ...], chance: Tensor | None = None
    ) -> Tensor:
        """Log expected gain (r,) for each objective's mean (r, s) and standard deviation (r, 1).

        `chance` (r, s): log probability that the point counts, in each draw.
        """
        total = self.log_weights if chance is None else self.log_weights + chance[..., None]
        for (mean, std), level, tolerance in zip(moments, self.levels, tolerances, strict=True):
            total = total + log_chance_below(level, mean[..., None], std[..., None], tolerance)
        s, terms = self.log_weights.shape
        return torch.logsumexp(total.flatten(1), 1) - float(np.log(s * terms / NODES))


def directions(losses: Tensor, valid: Tensor, reference: Tensor, tolerances: tuple[float | None, ...]) -> Directions:
    """Directions for losses (s, b, m) of which only `valid` (s, b) count, below the reference point (m,)."""
    m = len(reference)
    size = torch.where(reference != 0, reference.abs(), torch.ones_like(reference))
    low = losses.amin((0, 1)) if losses.shape[1] else reference - size
    span = torch.maximum(reference - low, 1e-12 * torch.maximum(reference.abs(), low.abs()))
    span = torch.where(span > 0, span, size)
    targets = torch.tensor([t is not None for t in tolerances])
    ideal = torch.where(targets, (low - 0.5 * span).clamp_min(0), low - 0.5 * span)
    w = rays(m) * span
    reach = torch.where(valid, ((reference - losses)[:, :, None] / w).amin(-1).clamp_min(0).movedim(2, 0), 0.0)
    best = reach.amax(-1).T if losses.shape[1] else torch.zeros(len(losses), len(w), dtype=w.dtype)
    most = ((reference - ideal) / w).amin(-1)
    x, weight = (
        torch.tensor((v + shift) / 2) for v, shift in zip(np.polynomial.legendre.leggauss(NODES), (1, 0), strict=True)
    )
    length = (most - best).clamp_min(1e-9)
    t = best[..., None] + length[..., None] * x
    log_weights = (weight * length[..., None] * m).log() + (m - 1) * t.log()
    level = reference - t[..., None] * w[:, None]
    flat = level.reshape(len(losses), -1, m)
    return Directions(tuple(flat.unbind(-1)), log_weights.reshape(len(losses), -1))


def rays(m: int) -> Tensor:
    """Directions (w, m), even over the positive part of the unit sphere; the same at every call."""
    engine = torch.quasirandom.SobolEngine(m, scramble=True, seed=7)  # type: ignore[no-untyped-call]
    normal = torch.special.ndtri(engine.draw(COUNT, dtype=torch.float64) * 0.5 + 0.5).clamp(1e-3, 6)
    unit: Tensor = normal / normal.norm(dim=-1, keepdim=True)
    return unit
