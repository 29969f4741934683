"""This file is the covariance of co-kriging and how its hyperparameters are found: maximum a posteriori by L-BFGS.

On rungs 0 .. K-1, f_k(x) = rho_k f_{k-1}(x) + b_k + delta_k(x) (Kennedy and O'Hagan 2000, doi 10.1093/biomet/87.1.1,
eq. 2): f_0 has variance 1, the discrepancy delta_k variance s_k^2 and length scales c_k times those of f_0, and the
bias b_k is integrated out under a normal prior. The length scales' prior is that of the Gaussian process (in
gp/hyperparameters.py). Where the points are a list of designs whose values carry no chance (`own`), what inputs cannot
tell of a rung's value is a design's own (the nugget of Gramacy and Lee 2012, doi 10.1007/s11222-010-9224-x), and the
rungs above share it. The priors of scale, discrepancy, bias and noise are ours: weak ones about a rung that resembles
the one below.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from eutectic.surrogates.base import Array
from eutectic.surrogates.gp.hyperparameters import LONG, SHORT, length_penalty
from eutectic.surrogates.gp.kernels import Kernel, cholesky

LENGTHS = (0.025, 1e3)
"""Least and largest length scale, dimensionless."""
LEVELS = (1e-6, 10.0)
"""Least and largest noise variance, the output's variance being 1."""
BIAS = 1.0
"""Prior deviation of a rung's bias, in standard deviations of the output."""
SCALE = (1.0, 0.5)
"""Mean and deviation of the prior of rho, dimensionless."""
SPREAD = (log(0.1), 1.5)
"""Mean and deviation of the prior of log s^2, the output's variance being 1."""
STRETCH = 0.7
"""Deviation of the prior of log c about 0."""
NOISE = (-4.0, 1.0)
"""Mean and deviation of the prior of a rung's log noise variance, the output's variance being 1."""


@dataclass(frozen=True, slots=True)
class Hyper:
    """Hyperparameters, dimensionless (inputs in the unit box, output standardised)."""

    lengths: tuple[float, ...]
    """(d,) of rung 0."""
    scales: tuple[float, ...]
    """(K - 1,) rho of each rung above the lowest."""
    spreads: tuple[float, ...]
    """(K - 1,) s^2 of each discrepancy."""
    stretches: tuple[float, ...]
    """(K - 1,) c of each discrepancy."""
    levels: tuple[float, ...]
    """(K,) noise variance of an average observation on each rung."""
    constant: float = 0.0
    """Mean of rung 0 far from all data."""

    def vector(self) -> Array:
        """What L-BFGS moves: logarithms, rho as it is."""
        logs = (np.log(self.lengths), self.scales, np.log(self.spreads), np.log(self.stretches), np.log(self.levels))
        joined: Array = np.concatenate([np.asarray(part, dtype=float) for part in logs])
        return joined

    @classmethod
    def of(cls, vector: Array, d: int, rungs: int, constant: float = 0.0) -> "Hyper":
        """From `vector`."""
        parts = np.split(np.asarray(vector, dtype=float), np.cumsum([d, rungs - 1, rungs - 1, rungs - 1]))
        logs = [tuple(map(float, part if k == 1 else np.exp(part))) for k, part in enumerate(parts)]
        return cls(logs[0], logs[1], logs[2], logs[3], logs[4], constant)

    @classmethod
    def restore(cls, content: Mapping[str, object], d: int, rungs: int) -> "Hyper | None":
        """From `FittedCoKriging.state`; None when it belongs to another number of inputs or rungs."""
        vector, constant = content.get("vector"), content.get("constant")
        if not isinstance(vector, list) or len(vector) != d + 3 * (rungs - 1) + rungs:
            return None
        assert isinstance(constant, float | int)
        return cls.of(np.array(vector, dtype=float), d, rungs, float(constant))


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is tuned on."""

    kernel: Kernel
    X: Tensor
    """(n, d) unit box."""
    rung: Tensor
    """(n,) int64."""
    y: Tensor
    """(n,) standardised."""
    relative: Tensor
    """(n,) noise variance of each observation over its rung's level."""
    rungs: int
    own: bool = False
    """Noise is each point's own part of its rung's value, not chance; the rungs above share it."""

    def shape(self, theta: Tensor) -> "Shape":
        """Hyperparameters (d + 3 (K - 1) + K,) as they are tuned."""
        return Shape.of(theta, self.X.shape[1], self.rungs, self.own)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Hyperparameters as tensors, through which gradients flow."""

    lengths: Tensor
    scales: Tensor
    spreads: Tensor
    stretches: Tensor
    levels: Tensor
    own: bool
    paths: Tensor
    """(K, K) P[k, j]: by how much rung j's own part counts on rung k, the product of rho above j; 0 for j > k."""

    @classmethod
    def of(cls, theta: Tensor, d: int, rungs: int, own: bool) -> "Shape":
        """From the vector (d + 3 (K - 1) + K,)."""
        a, b, c, e, f = torch.split(theta, [d, rungs - 1, rungs - 1, rungs - 1, rungs])
        return cls(a.exp(), b, c.exp(), e.exp(), f.exp(), own, paths(b))

    def covariance(self, kernel: Kernel, A: Tensor, a: Tensor, B: Tensor, b: Tensor) -> Tensor:
        """Prior covariance (..., p, q) of the noise-free values at A (..., p, d) on rungs a (..., p) and at B, b."""
        left, right = self.paths[a], self.paths[b]
        total = left[..., :, None, 0] * kernel(A, B, self.lengths) * right[..., None, :, 0]
        for j in range(1, len(self.levels)):
            if a.ndim == b.ndim == 1:
                rows, columns = torch.nonzero(a >= j)[:, 0], torch.nonzero(b >= j)[:, 0]
                part = self._part(kernel, A[rows], left[rows, j], B[columns], right[columns, j], j)
                total = total.index_put((rows[:, None], columns), part, accumulate=True)
            else:
                total = total + self._part(kernel, A, left[..., j], B, right[..., j], j)
        if self.own:
            same = (torch.cdist(A, B, compute_mode="donot_use_mm_for_euclid_dist") < 1e-9).to(A.dtype)
            total = total + same * ((left * self.levels) @ right.transpose(-1, -2))
        return total

    def _part(self, kernel: Kernel, A: Tensor, left: Tensor, B: Tensor, right: Tensor, j: int) -> Tensor:
        """What rung j's discrepancy and bias add to the covariance, given by how much they count; 0 below rung j."""
        discrepancy = self.spreads[j - 1] * kernel(A, B, self.lengths * self.stretches[j - 1])
        return left[..., :, None] * (discrepancy + BIAS**2) * right[..., None, :]

    def variance(self, a: Tensor, b: Tensor) -> Tensor:
        """Prior covariance (...,) of the noise-free values on rungs a (...,) and b (...,) at the same point."""
        own = torch.cat([self.spreads.new_ones(1), self.spreads + BIAS**2]) + (self.levels if self.own else 0)
        return ((self.paths * own) @ self.paths.T)[a, b]


def paths(scales: Tensor) -> Tensor:
    """`Shape.paths` (K, K) of rho (K - 1,): f = scales f_below + own parts, solved for f."""
    identity = torch.eye(len(scales) + 1, dtype=scales.dtype)
    found: Tensor = torch.linalg.solve_triangular(identity - torch.diag(scales, -1), identity, upper=False)
    return found


def gram(task: Task, shape: Shape) -> Tensor:
    """Covariance (n, n) of the observations, noise included; of `own` noise a thousandth, which keeps it invertible."""
    K = shape.covariance(task.kernel, task.X, task.rung, task.X, task.rung)
    chance = shape.levels[task.rung] * task.relative
    return K + torch.diag(1e-3 * chance if task.own else chance)


def best_constant(factor: Tensor, h: Tensor, y: Tensor) -> float:
    """Generalised-least-squares mean of rung 0, with h (n,) by how much it counts in each observation.

    Under a standard normal prior, which keeps it in place where rung 0 itself has no data.
    """
    left = torch.linalg.solve_triangular(factor, h[:, None], upper=False)
    right = torch.linalg.solve_triangular(factor, y[:, None], upper=False)
    return float((left * right).sum() / ((left * left).sum() + 1.0))


def loss(task: Task, vector: Array) -> tuple[float, Array]:
    """Negative log posterior and its gradient; Rasmussen & Williams 2006, eq. 2.30 and 5.9, at fixed constant."""
    theta = torch.tensor(vector, dtype=torch.float64, requires_grad=True)
    shape = task.shape(theta)
    K = gram(task, shape)
    factor, _ = cholesky(K.detach())
    h = shape.paths[task.rung, 0]
    constant = best_constant(factor, h.detach(), task.y)
    residual = (task.y - h * constant)[:, None]
    alpha = torch.cholesky_solve(residual.detach(), factor)
    W = torch.cholesky_inverse(factor) - alpha @ alpha.T
    data = float(0.5 * (residual.detach() * alpha).sum() + factor.diagonal().log().sum()) + 0.5 * constant**2
    prior = negative_log_prior(task, theta)
    ((0.5 * W * K).sum() + (residual * alpha).sum() + prior).backward()  # type: ignore[no-untyped-call]
    assert theta.grad is not None
    return data + float(prior.detach()), theta.grad.numpy()


def negative_log_prior(task: Task, theta: Tensor) -> Tensor:
    """Minus the log density of the priors at the vector, up to a constant."""
    d, K = task.X.shape[1], task.rungs
    lengths, scales, spreads, stretches, levels = torch.split(theta, [d, K - 1, K - 1, K - 1, K])
    value = length_penalty(lengths, d)
    value = value + (0.5 * ((scales - SCALE[0]) / SCALE[1]) ** 2).sum()
    value = value + (0.5 * ((spreads - SPREAD[0]) / SPREAD[1]) ** 2).sum()
    value = value + (0.5 * (stretches / STRETCH) ** 2).sum()
    return value + (0.5 * ((levels - NOISE[0]) / NOISE[1]) ** 2 + levels).sum()


def tune(task: Task, start: Hyper | None, iterations: int) -> Hyper:
    """Best hyperparameters found from short lengths and from `start` or, without one, from long ones."""
    d, K = task.X.shape[1], task.rungs
    root = 0.5 * log(d)
    rest = [SCALE[0]] * (K - 1) + [SPREAD[0]] * (K - 1) + [0.0] * (K - 1)
    short = np.array([log(SHORT) + root] * d + rest + [NOISE[0] - NOISE[1] ** 2] * K)
    other = np.array([log(LONG) + root] * d + rest + [NOISE[0]] * K) if start is None else start.vector()
    box = [(log(LENGTHS[0]), log(LENGTHS[1]))] * d + [(-5.0, 5.0)] * (K - 1) + [(log(1e-6), log(1e2))] * (K - 1)
    box += [(log(0.05), log(20.0))] * (K - 1) + [(log(LEVELS[0]), log(LEVELS[1]))] * K
    results = [descend(task, vector, box, iterations) for vector in (short, other)]
    vector = min(results, key=lambda pair: pair[0])[1]
    shape = task.shape(torch.tensor(vector))
    factor, _ = cholesky(gram(task, shape))
    return Hyper.of(vector, d, K, best_constant(factor, shape.paths[task.rung, 0], task.y))


def descend(task: Task, vector: Array, box: list[tuple[float, float]], iterations: int) -> tuple[float, Array]:
    """Loss and place L-BFGS-B reaches from `vector` inside `box`."""
    low, high = np.array(box).T
    options = {"maxiter": iterations, "ftol": 1e-7, "gtol": 1e-3}
    start = vector.clip(low, high)
    result = minimize(lambda v: loss(task, v), start, jac=True, method="L-BFGS-B", bounds=box, options=options)
    return float(result.fun), np.asarray(result.x, dtype=float)
