"""This file is how far a candidate is expected to come below the least violation so far.

Where nothing is feasible yet, the probability of feasibility far out ranks candidates by how uncertain they are. What
leads on is the violation itself, V(x) = sum_j max(c_j(x) - limit_j, 0) / scale_j: its expected improvement over the
least violation drawn at the points known and pending. The outputs are independent normals given a draw, so mean and
variance of each rectified one are closed forms, and their sum is taken as normal (moment matching). Feasibility before
the front as in Schonlau, Welch and Jones 1998 (doi 10.1214/lnms/1215456182) and, by total violation, in Eriksson and
Poloczek 2021 (doi 10.48550/arXiv.2002.08526).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from eutectic.optimizers.acquisition.nehvi import Draw, draw
from eutectic.optimizers.acquisition.normal_integrals import log_mean_excess, mean_excess
from eutectic.optimizers.acquisition.tails import log_below
from eutectic.optimizers.models.belief import Belief

CHUNK = 4096
"""Points judged at once."""
FLOOR = 1e-9
"""Deviation of the violation, over the least violation, below which it is rounding."""


@dataclass(frozen=True, slots=True)
class Window:
    """What an output must satisfy."""

    output: int
    """Its number in the belief."""
    limit: float
    """Holds at or below it, of a target within it of zero; output's unit."""
    scale: float
    """The excess that counts as one, output's unit."""
    target: bool = False
    """Is the output a distance from a target, with either sign?"""

    def excess(self, values: Tensor) -> Tensor:
        """By how much values (any shape) miss it, dimensionless."""
        size = values.abs() if self.target else values
        return (size - self.limit).clamp_min(0) / self.scale

    def moments(self, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of the excess of normal values; all broadcast."""
        first, second = _rectified(mean - self.limit, std)
        if self.target:
            below = _rectified(-mean - self.limit, std)
            first, second = first + below[0], second + below[1]
        return first / self.scale, (second - first * first).clamp_min(0) / self.scale**2


def _rectified(mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
    """E[y+] and E[(y+)^2] of y ~ N(mean, std^2)."""
    z = mean / std
    first = std * mean_excess(z).clamp_min(0)
    return first, (std * std * torch.special.ndtr(z) + mean * first).clamp_min(0)


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """Expected improvement of the violation, times the probability that the evaluation succeeds."""

    belief: Belief
    windows: tuple[Window, ...]
    fixed: Tensor
    """(b, d) the least violating points, those pending and those chosen."""
    normals: Tensor
    """(outputs, s, room) standard normal draws."""
    outputs: tuple[Draw, ...]
    """One an output of the belief."""
    least: Tensor
    """(s,) least violation of each draw."""

    @property
    def scale(self) -> float:
        """The least violation, mean over the draws."""
        return float(self.least.mean())

    @property
    def draws(self) -> tuple[Draw, ...]:
        """One a window."""
        return tuple(self.outputs[window.output] for window in self.windows)

    def moments(self, X: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Mean (r, s) and standard deviation (r, 1) of each output at X (r, d), given each draw."""
        return [own.moments(X) for own in self.outputs]

    def log(self, X: Tensor) -> Tensor:
        """Logarithm (r,) of the expected improvement at X (r, d); differentiable."""
        return self.log_of(self.moments(X))

    def log_of(self, moments: list[tuple[Tensor, Tensor]]) -> Tensor:
        """`log` (r,) of points of which that is believed."""
        parts = [window.moments(*moments[window.output]) for window in self.windows]
        mean, variance = (torch.stack(terms).sum(0) for terms in zip(*parts, strict=True))
        std = (variance + (FLOOR * self.least) ** 2).sqrt()
        gain = std.log() + log_mean_excess((self.least - mean) / std)
        for center, deviation in moments[self.belief.m + self.belief.constraints :]:  # the evaluation must succeed
            gain = gain + log_below(-center / deviation)
        return gain.logsumexp(1) - log(len(self.least))

    def value_of(self, moments: list[tuple[Tensor, Tensor]]) -> Tensor:
        """`value` (r,) of points of which that is believed."""
        return self.log_of(moments).exp()

    def parts(self, X: Tensor, copies: int = 1) -> tuple[Tensor, ...]:
        """X (r, d) in pieces of which so many copies are judged at once; none of none."""
        return torch.split(X, max(1, CHUNK // copies)) if len(X) else ()

    def value(self, X: Tensor) -> Tensor:
        """The expected improvement (r,) itself, without a gradient."""
        with torch.no_grad():
            judged = [self.log(part) for part in self.parts(X)]
            return torch.cat(judged).exp() if judged else X.new_zeros(0)

    def joined(self, x: Tensor) -> "Descent":
        """The same with x (k, d) among the fixed points."""
        return descent(self.belief, self.windows, torch.cat([self.fixed, x]), self.normals)

    def rough(self) -> "Descent":
        """About the same from the fixed points' means and sketches of the surrogates."""
        return descent(self.belief.sketched(), self.windows, self.fixed, torch.zeros_like(self.normals[:, :1]))

    def few(self) -> "Descent":
        """The same with a quarter of the draws."""
        return self.thinned(-(-self.normals.shape[1] // 4))

    def thinned(self, s: int) -> "Descent":
        """The same with only the first s draws."""
        return descent(self.belief, self.windows, self.fixed, self.normals[:, :s])


def descent(belief: Belief, windows: Sequence[Window], fixed: Tensor, normals: Tensor) -> Descent:
    """The improvement over joint draws at the fixed points (b, d), b > 0; normals (outputs, s, at least b)."""
    with torch.no_grad():
        outputs = tuple(draw(own, fixed, z) for own, z in zip(belief.outputs, normals, strict=True))
        total = torch.stack([window.excess(outputs[window.output].values) for window in windows]).sum(0)
        least = total.amin(1)
        least = least.clamp_min(FLOOR * float(total.amax().clamp_min(1.0)))
    return Descent(belief, tuple(windows), fixed, normals, outputs, least)
