"""This file is an output whose uncertainty is the calibrated disagreement of several models, plus a floor.

Errors that all models share are alike within a quarter of the domain.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eutectic.surrogates.base import Array, Posterior
from eutectic.surrogates.calibration import Calibration, Method, recalibrated, restored
from eutectic.surrogates.posteriors.outputs import CONSTANT, Rows

LENGTH = 0.5
"""Root mean square distance, in half-widths of the domain, over which shared errors fade (a quarter of it); ours."""


@dataclass(frozen=True, slots=True, eq=False)
class Unseen:
    """What models said of rows they had not seen."""

    mean: Array
    """(n,) output's unit."""
    spread: Array
    """(n,) variance between the models there, output's unit squared."""


@dataclass(frozen=True, slots=True, eq=False)
class EnsembleOutput:
    """One output; an embedding is a place (p), deviations of the models from their mean, and the prediction."""

    embed: Callable[[Tensor], Tensor]
    """X (..., d) -> (..., p + models + 1); place in half-widths of the domain, the rest in the output's unit."""
    p: int
    differentiable: bool
    calibration: Calibration
    """With observation noise in its floor, output's unit squared."""
    floor: float
    """The floor with known noise taken out, output's unit squared."""
    noise: float
    """Known noise variance, output's unit squared; 0 where unknown."""
    unseen: Posterior
    """Cross-validated predictions (n, 1), noise included."""
    notes: tuple[str, ...]

    @property
    def state(self) -> dict[str, object]:
        """The calibration; the models follow from seed and data."""
        return self.calibration.state

    def mean(self, E: Tensor) -> Tensor:
        """The prediction."""
        return E[..., -1]

    def variance(self, E: Tensor) -> Tensor:
        """Variance between the models times scale, plus floor."""
        off = E[..., self.p : -1]
        return self.calibration.scale * off.square().sum(-1) / max(1, off.shape[-1]) + self.floor

    def covariance(self, A: Tensor, B: Tensor) -> Tensor:
        """The same between two points, the floor fading with distance."""
        a, b = A[..., self.p : -1], B[..., self.p : -1]
        between = a @ b.transpose(-1, -2) / max(1, a.shape[-1])
        square = (A[..., :, None, : self.p] - B[..., None, :, : self.p]).square().mean(-1)
        return self.calibration.scale * between + self.floor * torch.exp(-0.5 * square / LENGTH**2)


def calibrated(
    embed: Callable[[Tensor], Tensor],
    p: int,
    data: Rows,
    left: Unseen,
    method: Method,
    start: Mapping[str, object] | None,
    notes: tuple[str, ...],
    differentiable: bool = True,
) -> EnsembleOutput:
    """The output with its variance set right by the errors of rows left out, or as in the state `start`."""
    found = recalibrated(data.y - left.mean, left.spread, method) if start is None else restored(start)
    least = 1e-6 * data.scaling[1] ** 2
    unseen = Posterior(left.mean[:, None], np.maximum(found.variance(left.spread), least)[:, None])
    return EnsembleOutput(
        embed, p, differentiable, found, found.noise_free_floor(data.noise, least), data.noise, unseen, notes
    )


def untrained(
    place: Callable[[Tensor], Tensor],
    p: int,
    data: Rows,
    start: Mapping[str, object] | None,
    differentiable: bool = True,
) -> EnsembleOutput:
    """The mean of a constant output, or of too few rows to train on."""
    shift, scale = data.scaling
    found = Calibration(0.0, scale**2) if start is None else restored(start)
    note = CONSTANT if data.constant else f"{len(data.y)} rows are too few to train on: the mean is predicted"
    mean = np.full((len(data.y), 1), shift)
    unseen = Posterior(mean, np.full_like(mean, found.floor))

    def embed(X: Tensor) -> Tensor:
        Z = place(X)
        return torch.cat([Z, torch.full_like(Z[..., :1], shift)], -1)

    return EnsembleOutput(embed, p, differentiable, found, found.floor, data.noise, unseen, (note,))
