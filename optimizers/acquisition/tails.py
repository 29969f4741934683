"""This file is probabilities far out: a normal distribution whose tails beyond three deviations are Student's.

Nothing that a few hundred observations show says how often a surrogate errs by six deviations. Normal tails claim to
know: the product of several such probabilities hangs on the one window that is farthest out, whatever the others say.
Beyond FAR deviations the probability falls like that of Student's t with four degrees of freedom, about as |z|^-4; it
is continuous there, and within FAR deviations it is the normal one to the last digit.
"""

import torch
from torch import Tensor

FAR = 3.0
"""Deviations up to which tails are normal: about what leave-one-out errors of some hundred rows can show."""


def log_student(t: Tensor) -> Tensor:
    """Logarithm of the distribution function of Student's t with four degrees of freedom, t <= 0 (any shape).

    F = (1 + s)^2 (2 - s) / 4 with s = t / sqrt(4 + t^2), where 1 + s is 4 / (r (r - t)) with r = sqrt(4 + t^2).
    """
    root = torch.sqrt(4 + t * t)
    return 2 * torch.log(4 / (root * (root - t))) + torch.log((2 - t / root) / 4)


_AT = torch.tensor(-FAR, dtype=torch.float64)
_JOINT = float(torch.special.log_ndtr(_AT) - log_student(_AT))
"""What makes both tails meet at -FAR."""


def log_below(z: Tensor) -> Tensor:
    """Logarithm of the probability to lie below z deviations (any shape)."""
    far = log_student(z.clamp_max(-FAR)) + _JOINT
    chance: Tensor = torch.where(z < -FAR, far, torch.special.log_ndtr(z.clamp_min(-FAR)))
    return chance


def log_inside(mean: Tensor, std: Tensor, width: float | None) -> Tensor:
    """Log probability that a value is at most 0, or within `width` of it; normal unless more than FAR deviations off.

    Where the farther end of a window lies beyond FAR deviations and the nearer does not, both are normal.
    """
    if width is None:
        return log_below(-mean / std)
    far = -mean.abs()  # both ends on the side where the logarithm is exact
    near, end = (far + width) / std, (far - width) / std
    normal = _log_between(torch.special.log_ndtr(near), torch.special.log_ndtr(end))
    return torch.where(near < -FAR, _log_between(log_below(near), log_below(end)), normal)


def _log_between(upper: Tensor, lower: Tensor) -> Tensor:
    inside: Tensor = upper + torch.log1p(-torch.exp(torch.clamp(lower - upper, max=-1e-12)))
    return inside
