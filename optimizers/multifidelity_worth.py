"""This file is what an observation on a low rung is worth: the gain on the top rung that it lets one foresee.

After an observation that explains a share r^2 of the top rung's variance at x, the prediction there has moved by r
standard deviations. Worth is what the improvement of that prediction is expected to be beyond the improvement of the
prediction as it stands: the knowledge gradient (Frazier, Powell and Dayanik 2009, doi 10.1287/ijoc.1080.0314) held at
x. It is nothing where the rung explains nothing, and where the outcome is foregone.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from optimizers.acquisition import Draw, Improvement
from optimizers.belief import Belief
from optimizers.gaussian import log_difference
from surrogates.conditional import Conditional
from surrogates.multifidelity_model import FittedCoKriging

LEAST_SHARE = 1e-9
"""Share of the variance that stands for none, so that logarithms stay finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """Looked for like an `Improvement`: it has what a search asks of one."""

    fronts: Improvement
    """Of the top rung."""
    outputs: tuple[FittedCoKriging, ...]
    """One an objective, then the constraints."""
    rung: int
    tells: tuple[bool, ...]
    """(m,) does the rung return this objective?"""

    @property
    def belief(self) -> Belief:
        """What is believed of the top rung."""
        return self.fronts.belief

    @property
    def fixed(self) -> Tensor:
        """(b, d) points the fronts are drawn at."""
        return self.fronts.fixed

    @property
    def scale(self) -> float:
        """Volume between the best drawn losses and the reference point."""
        return self.fronts.scale

    def log(self, X: Tensor) -> Tensor:
        """Logarithm (r,) of the worth at X (r, d); differentiable."""
        return log_difference(self._dimmed(True).log(X), self._dimmed(False).log(X))

    def value(self, X: Tensor) -> Tensor:
        """The same (r,) without the logarithm; no gradient."""
        return (self._dimmed(True).value(X) - self._dimmed(False).value(X)).clamp_min(0)

    def thinned(self, s: int) -> "Worth":
        """The same with only the first s draws."""
        return replace(self, fronts=self.fronts.thinned(s))

    def _dimmed(self, asked: bool) -> Improvement:
        """The improvement of the top's prediction after an observation on the rung, or without one."""
        m = len(self.tells)
        draws = tuple(
            replace(draw, conditional=_share(draw, output, self.rung, asked and tells))
            for draw, output, tells in zip(self.fronts.draws[:m], self.outputs[:m], self.tells, strict=True)
        )
        return replace(self.fronts, draws=(*draws, *self.fronts.draws[m:]))


def _share(draw: Draw, output: FittedCoKriging, rung: int, tells: bool) -> Conditional:
    """Moments whose variance, given the draws at the fixed points, is the share that the rung explains."""

    def conditional(X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, variance, cross = draw.conditional(X)
        given = (cross @ draw.inverse_factor.T).square().sum(-1)
        share = output.agreement(X, rung).clamp_min(LEAST_SHARE) if tells else torch.full_like(mean, LEAST_SHARE)
        return mean, given + share * (variance - given).clamp_min(1e-9 * variance.detach()), cross

    return conditional
