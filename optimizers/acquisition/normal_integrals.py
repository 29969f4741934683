"""This file is expectations over one Gaussian, in closed form, stable far out in the tails, and their logarithms."""

from math import log, pi, sqrt
from typing import Any

import torch
from torch import Tensor

_LOG_SQRT_2PI = 0.5 * log(2 * pi)
"""Logarithm of the square root of 2 pi."""
_FAR = -1e6
"""Where arguments of the scaled error function are cut off: beyond 1e4 its series stands in."""


def mean_excess(z: Tensor) -> Tensor:
    """E[(z - t)+] for standard normal t: phi(z) + z Phi(z), elementwise."""
    value: Tensor = torch.exp(-0.5 * z * z - _LOG_SQRT_2PI) + z * torch.special.ndtr(z)
    return value


class _LogMeanExcess(torch.autograd.Function):
    """The logarithm with its derivative Phi(z) / (phi(z) + z Phi(z)) in closed form: half the work of taping it."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        """Values at z of any shape."""
        value = _log_mean_excess(z)
        ctx.save_for_backward(z, value)
        return value

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """Chain rule."""
        z, value = ctx.saved_tensors
        chain: Tensor = grad * torch.exp(torch.special.log_ndtr(z) - value)
        return chain


def log_mean_excess(z: Tensor) -> Tensor:
    """Logarithm of `mean_excess`, finite for every z; Ament et al. 2023, doi 10.48550/arXiv.2310.20708, eq. 9."""
    value: Tensor = _LogMeanExcess.apply(z)  # type: ignore[no-untyped-call]
    return value


def _log_mean_excess(z: Tensor) -> Tensor:
    near = z.clamp_min(-1.0)
    far = z.clamp(_FAR, -1.0)
    ratio = sqrt(0.5 * pi) * torch.special.erfcx(-far * sqrt(0.5)) * far.abs()
    tail = -0.5 * far * far - _LOG_SQRT_2PI + torch.log((1 - ratio).clamp_min(1e-16))
    beyond = z.clamp_max(-1e4)
    deep = -0.5 * beyond * beyond - _LOG_SQRT_2PI - 2 * torch.log(-beyond)
    return torch.where(z > -1.0, torch.log(mean_excess(near)), torch.where(z > -1e4, tail, deep))


def log_difference(a: Tensor, b: Tensor) -> Tensor:
    """log(exp(a) - exp(b)) for a >= b; a tiny share of exp(a) where they meet."""
    return a + torch.log(-torch.expm1(-(a - b).clamp_min(1e-13)))


def shortfall(u: Tensor, mean: Tensor, std: Tensor, tolerance: float | None) -> Tensor:
    """E[(u - loss)+] with loss = y, or max(0, |y| - tolerance), for y ~ N(mean, std^2); all broadcast."""
    if tolerance is None:
        return std * mean_excess((u - mean) / std)
    return (_hat(u + tolerance, mean, std) - _hat(torch.tensor(tolerance), mean, std)).clamp_min(0)


def log_shortfall(u: Tensor, mean: Tensor, std: Tensor, tolerance: float | None) -> Tensor:
    """Logarithm of `shortfall`; u > 0 where there is a tolerance."""
    if tolerance is None:
        return std.log() + log_mean_excess((u - mean) / std)
    outer = _log_hat(u + tolerance, mean, std)
    if tolerance == 0:
        return outer
    return log_difference(outer, _log_hat(torch.full_like(u, tolerance), mean, std))


def _hat(a: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """E[(a - |y|)+] for a >= 0: the triangle is a sum of three hinges."""
    a = a.clamp_min(0)
    hinges = mean_excess((mean + a) / std) - 2 * mean_excess(mean / std) + mean_excess((mean - a) / std)
    return std * hinges


def _log_hat(a: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Logarithm of `_hat`, from the hinges on the side of zero away from the mean, so that the first one leads."""
    center = -mean.abs() / std
    width = a / std
    first, second, third = (log_mean_excess(center + k * width) for k in (1.0, 0.0, -1.0))
    rest = -torch.expm1(second - first) - torch.exp(second - first) * -torch.expm1(third - second)
    return std.log() + first + torch.log(rest.clamp_min(1e-15))


def log_chance_below(u: Tensor, mean: Tensor, std: Tensor, tolerance: float | None) -> Tensor:
    """Log probability that the loss is below u (for a target: at most u >= 0); all broadcast."""
    if tolerance is None:
        chance: Tensor = torch.special.log_ndtr((u - mean) / std)
        return chance
    center, width = -mean.abs(), u.clamp_min(0) + tolerance
    inner = torch.special.log_ndtr((center + width) / std)
    return log_difference(inner, torch.special.log_ndtr((center - width) / std))
