"""This file is one fitted Gaussian process: a single output, exact inference with cached factors."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from surrogates.gp_fit import Hyper, Task, covariance
from surrogates.gp_kernel import Kernel, cholesky


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """Posterior of one output; everything inside is standardised, everything returned is in natural units."""

    kernel: Kernel
    hyper: Hyper
    lengths: Tensor
    """(d,) dimensionless."""
    lower: Tensor
    """(d,) natural units of the inputs."""
    width: Tensor
    """(d,) natural units of the inputs, 1 for category columns."""
    rows: Tensor
    """(n, d) training inputs in the unit box."""
    shift: float
    """Mean of the output, its unit."""
    scale: float
    """Standard deviation of the output, its unit."""
    residual: Tensor
    """(n,) standardised outputs less the constant mean."""
    noise: Tensor
    """(n,) noise variances, standardised."""
    alpha: Tensor
    """(n,) K^-1 residual."""
    inverse_factor: Tensor
    """(n, n) inverse of the Cholesky factor of K."""
    jitter: float
    """Added to K's diagonal, standardised."""

    def unit(self, X: Tensor) -> Tensor:
        """X (..., d) in natural units -> unit box."""
        return (X - self.lower) / self.width

    def moments(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (...,) of the noise-free output at X (..., d); Rasmussen & Williams 2006, eq. 2.25-2.26."""
        k = self.kernel(self.unit(X), self.rows, self.lengths)
        mean = self.hyper.constant + k @ self.alpha
        variance = 1 - (k @ self.inverse_factor.T).square().sum(-1)
        return self.shift + self.scale * mean, self.scale**2 * variance.clamp_min(1e-12)

    def covariance(self, A: Tensor, B: Tensor) -> Tensor:
        """Posterior covariance (..., a, b) of the noise-free output between A (..., a, d) and B (..., b, d)."""
        a, b = self.unit(A), self.unit(B)
        left = self.kernel(a, self.rows, self.lengths) @ self.inverse_factor.T
        right = self.kernel(b, self.rows, self.lengths) @ self.inverse_factor.T
        prior = self.kernel(a, b, self.lengths)
        return self.scale**2 * (prior - left @ right.transpose(-1, -2))

    def bound(self, B: Tensor) -> "Conditional":
        """What `moments` together with covariances to the fixed points B (b, d) needs, computed once."""
        b = self.unit(B)
        right = self.kernel(b, self.rows, self.lengths) @ self.inverse_factor.T
        return Conditional(self, torch.cat([self.rows, b]), (right @ self.inverse_factor).T)

    def leave_one_out(self) -> tuple[Tensor, Tensor]:
        """Mean and variance (n,) of each observation given all others, hyperparameters fixed.

        Rasmussen & Williams 2006, eq. 5.12; the variance includes the observation's own noise.
        """
        diagonal = self.inverse_factor.square().sum(0)
        mean = self.residual - self.alpha / diagonal + self.hyper.constant
        return self.shift + self.scale * mean, self.scale**2 / diagonal

    def state(self) -> dict[str, object]:
        """Hyperparameters as JSON values."""
        return {"lengths": list(self.hyper.lengths), "level": self.hyper.level, "constant": self.hyper.constant}


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """Mean, variance and covariance to fixed points with one kernel evaluation."""

    process: Process
    rows: Tensor
    """(n + b, d) training rows, then the fixed points, unit box."""
    weights: Tensor
    """(n, b) K^-1 k(rows, B)."""

    def __call__(self, X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean (r,), variance (r,), covariance (r, b) at X (r, d), natural units."""
        p = self.process
        k = p.kernel(p.unit(X), self.rows, p.lengths)
        known, fixed = k[..., : len(p.rows)], k[..., len(p.rows) :]
        variance = (1 - (known @ p.inverse_factor.T).square().sum(-1)).clamp_min(1e-12)
        mean = p.shift + p.scale * (p.hyper.constant + known @ p.alpha)
        return mean, p.scale**2 * variance, p.scale**2 * (fixed - known @ self.weights)


def condition(task: Task, hyper: Hyper, lower: Tensor, width: Tensor, shift: float, scale: float) -> Process:
    """The process of `task`'s data under `hyper`."""
    factor, jitter = cholesky(covariance(task, hyper))
    inverse = torch.linalg.solve_triangular(factor, torch.eye(len(task.y), dtype=torch.float64), upper=False)
    residual = task.y - hyper.constant
    return Process(
        kernel=task.kernel,
        hyper=hyper,
        lengths=torch.tensor(hyper.lengths, dtype=torch.float64),
        lower=lower,
        width=width,
        rows=task.X,
        shift=shift,
        scale=scale,
        residual=residual,
        noise=hyper.level * task.relative,
        alpha=inverse.T @ (inverse @ residual),
        inverse_factor=inverse,
        jitter=jitter,
    )


def restore(content: Mapping[str, object], d: int) -> Hyper | None:
    """Hyperparameters from `Process.state`; None when they belong to another number of inputs."""
    lengths, level, constant = content.get("lengths"), content.get("level"), content.get("constant")
    if not isinstance(lengths, list) or len(lengths) != d:
        return None
    assert isinstance(level, float | int)
    assert isinstance(constant, float | int)
    return Hyper(tuple(float(v) for v in lengths), float(level), float(constant))
