"""This file is what a fitted surrogate says of points together with fixed ones: mean, variance and covariance."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from eutectic.surrogates.abilities import Joint, true_fit
from eutectic.surrogates.base import FittedSurrogate

LEAST = 1e-12
"""Share of an output's squared size below which a variance is rounding."""
JointMoments = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
"""X (r, d) -> mean (r,), variance (r,), covariance (r, b) with the fixed points."""


def joint_moments(output: FittedSurrogate, fixed: Tensor) -> JointMoments:
    """Moments of an output, and covariance with fixed points (b, d): its own `joint_moments`, else the model's."""
    own = true_fit(output)
    if isinstance(own, Joint):
        return own.joint_moments(fixed)
    model = output.model

    def moments(X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        joint = torch.cat([X[:, None], fixed.expand(len(X), *fixed.shape)], 1)
        return shared_moments(model.posterior(joint))

    return moments


def shared_moments(posterior: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance (r,) of the first points of a BoTorch posterior (r, 1 + b, 1), covariance with the rest (r, b).

    From the normal distribution, from an ensemble's members, or, where neither is given, as if independent.
    """
    mean = posterior.mean[..., 0]
    if hasattr(posterior, "distribution"):
        covariance = posterior.distribution.covariance_matrix
        return mean[:, 0], _positive(covariance[:, 0, 0], mean), covariance[:, 0, 1:]
    variance = _positive(posterior.variance[:, 0, 0], mean)
    if not hasattr(posterior, "values"):
        return mean[:, 0], variance, torch.zeros_like(mean[:, 1:])
    members = posterior.values[..., 0]
    centered = members - members.mean(-2, keepdim=True)
    return mean[:, 0], variance, (centered[..., :1] * centered[..., 1:]).mean(-2)


def _positive(variance: Tensor, mean: Tensor) -> Tensor:
    """Variances (r,) to divide by: at least a share of the largest, and of the means (r, 1 + b) squared."""
    most = torch.maximum(variance.detach().max(), mean.detach().square().max()) if len(variance) else 0.0
    return variance.clamp_min(max(LEAST * float(most), torch.finfo(variance.dtype).tiny))
