"""This file is what a fitted surrogate says of points together with fixed ones: mean, variance and covariance."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Conditional = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
"""X (r, d) -> mean (r,), variance (r,), covariance (r, b) with the fixed points."""


def bound(output: object, fixed: Tensor) -> Conditional:
    """Moments of an output and covariance with fixed points (b, d): its own `bound`, else its BoTorch model's."""
    processes = getattr(output, "processes", None)
    own = output if processes is None else processes[0]
    if hasattr(own, "bound"):
        conditional: Conditional = own.bound(fixed)
        return conditional
    model = output.model  # type: ignore[attr-defined]

    def moments(X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        joint = torch.cat([X[:, None], fixed.expand(len(X), *fixed.shape)], 1)
        return shared_moments(model.posterior(joint))

    return moments


def shared_moments(posterior: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance (r,) of the first points of a BoTorch posterior (r, 1 + b, 1), covariance with the rest (r, b).

    From the normal distribution, from an ensemble's members, or, where neither is given, as if independent.
    """
    if hasattr(posterior, "distribution"):
        covariance = posterior.distribution.covariance_matrix
        return posterior.mean[:, 0, 0], covariance[:, 0, 0].clamp_min(1e-12), covariance[:, 0, 1:]
    mean, variance = posterior.mean[..., 0], posterior.variance[:, 0, 0].clamp_min(1e-12)
    if not hasattr(posterior, "values"):
        return mean[:, 0], variance, torch.zeros_like(mean[:, 1:])
    members = posterior.values[..., 0]
    centered = members - members.mean(-2, keepdim=True)
    return mean[:, 0], variance, (centered[..., :1] * centered[..., 1:]).mean(-2)
