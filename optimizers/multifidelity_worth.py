"""This file is what an observation on a low rung is worth: the gain on the top rung, by how far the rung tells of it.

The expected improvement of the top rung is multiplied by the correlation between what the rung would say at x, its
noise included, and the top's value there (the factors alpha_1 and alpha_2 of Huang et al. 2006,
doi 10.1007/s00158-005-0587-0, eq. 11-13, which are one number here), relative to that of the top rung itself. With
several objectives it is the mean over them, so that a rung that returns only some of them is worth that much less.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from optimizers.acquisition import Improvement
from optimizers.belief import Belief
from surrogates.multifidelity_model import FittedCoKriging

LEAST = 1e-9
"""Correlation that stands for none, so that logarithms stay finite, dimensionless."""


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
        return self.fronts.log(X) + self._correlation(X).log()

    def value(self, X: Tensor) -> Tensor:
        """The same (r,) without the logarithm; no gradient."""
        with torch.no_grad():
            return self.fronts.value(X) * self._correlation(X)

    def thinned(self, s: int) -> "Worth":
        """The same with only the first s draws."""
        return replace(self, fronts=self.fronts.thinned(s))

    def _correlation(self, X: Tensor) -> Tensor:
        """Correlation (r,) of the rung with the top, over that of an observation on the top itself."""
        total = torch.zeros(len(X), dtype=X.dtype)
        for output, tells in zip(self.outputs, self.tells, strict=False):
            if tells:
                own = output.agreement(X, self.rung) / output.agreement(X, output.task.rungs - 1).clamp_min(LEAST)
                total = total + own.clamp(LEAST**2, 1).sqrt()
        return (total / len(self.tells)).clamp_min(LEAST)
