"""This file is how Gaussian-process hyperparameters are found: maximum a posteriori by L-BFGS.

Priors are BoTorch's: log-normal length scales that grow with the square root of the dimension (Hvarfner, Hellsten
and Nardi 2024, doi 10.48550/arXiv.2402.02229) and a log-normal noise variance.
"""

from dataclasses import dataclass
from math import exp, log, pi, sqrt

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from surrogates.base import Array
from surrogates.gp_kernel import Kernel, cholesky

LEAST_LENGTH, MOST_LENGTH = 0.025, 1e3
LEAST_NOISE, MOST_NOISE = 1e-6, 10.0


@dataclass(frozen=True, slots=True)
class Hyper:
    """Hyperparameters of one process, dimensionless (inputs in the unit box, output standardised)."""

    lengths: tuple[float, ...]
    level: float
    """Noise variance of an average observation."""
    constant: float
    """Mean far from all data."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What one process is tuned on."""

    kernel: Kernel
    X: Tensor
    """(n, d) unit box."""
    y: Tensor
    """(n,) standardised."""
    relative: Tensor
    """(n,) noise variance of each observation over the level."""
    level_center: float
    """Median of the noise level's prior."""
    level_known: bool
    """The level is not tuned."""
    shared: bool
    """One length scale for all inputs."""


def covariance(task: Task, hyper: Hyper) -> Tensor:
    """Covariance (n, n) of the observations, noise included."""
    K = task.kernel(task.X, task.X, torch.tensor(hyper.lengths, dtype=torch.float64))
    return K + torch.diag(hyper.level * task.relative)


def best_constant(factor: Tensor, y: Tensor) -> float:
    """Generalised-least-squares mean for a Cholesky factor (n, n) of the covariance."""
    ones = torch.linalg.solve_triangular(factor, torch.ones_like(y)[:, None], upper=False)
    target = torch.linalg.solve_triangular(factor, y[:, None], upper=False)
    return float((ones * target).sum() / (ones * ones).sum())


def loss(task: Task, vector: Array) -> tuple[float, Array]:
    """Negative log posterior and its gradient at (log lengths, log level).

    Rasmussen & Williams 2006, eq. 2.30 and 5.9: with W = K^-1 - alpha alpha', the gradient of the data term is that
    of sum(W * K) / 2 at fixed W, and the constant mean is at its optimum (envelope theorem).
    """
    theta = torch.tensor(vector, dtype=torch.float64, requires_grad=True)
    lengths = theta[:-1].exp().expand(task.X.shape[1]) if task.shared else theta[:-1].exp()
    K = task.kernel(task.X, task.X, lengths) + torch.diag(theta[-1].exp() * task.relative)
    factor, _ = cholesky(K.detach())
    residual = (task.y - best_constant(factor, task.y))[:, None]
    alpha = torch.cholesky_solve(residual, factor)
    W = torch.cholesky_inverse(factor) - alpha @ alpha.T
    data = float(0.5 * (residual * alpha).sum() + factor.diagonal().log().sum()) + 0.5 * len(task.y) * log(2 * pi)
    prior = negative_log_prior(task, theta)
    ((0.5 * W * K).sum() + prior).backward()  # type: ignore[no-untyped-call]
    assert theta.grad is not None
    return data + float(prior.detach()), theta.grad.numpy()


def negative_log_prior(task: Task, theta: Tensor) -> Tensor:
    """Minus the log density, in the lengths and the level, of the log-normal priors, up to a constant."""
    center, width = length_prior(task.X.shape[1])
    lengths, level = theta[:-1], theta[-1]
    value = (0.5 * ((lengths - center) / width) ** 2 + lengths).sum()
    if task.level_known:
        return value
    return value + 0.5 * (level - log(task.level_center)) ** 2 + level


def length_prior(d: int) -> tuple[float, float]:
    """Center and width of the log length scales' normal prior in d dimensions."""
    return sqrt(2.0) + 0.5 * log(d), sqrt(3.0)


def tune(task: Task, start: Hyper | None, iterations: int) -> Hyper:
    """Best hyperparameters found from the prior's mode, its median, and `start` when given."""
    d = task.X.shape[1]
    center, width = length_prior(d)
    size = 1 if task.shared else d
    level = log(task.level_center)
    mode = level if task.level_known else level - 1
    starts = [np.array([center - width**2] * size + [mode])]
    warm = [] if start is None else [np.log([*start.lengths[:size], level if task.level_known else start.level])]
    if warm and not task.level_known:
        starts = [*warm, *starts]
    elif warm:
        starts = [np.array([*warm[0][:size], level]), *starts]
    else:
        starts = [*starts, np.array([center] * size + [level])]
    box = [(log(LEAST_LENGTH), log(MOST_LENGTH))] * size
    box.append((level, level) if task.level_known else (log(LEAST_NOISE), log(MOST_NOISE)))
    results = [descend(task, np.asarray(s, dtype=float), box, iterations) for s in starts]
    return finish(task, min(results, key=lambda pair: pair[0])[1])


def descend(task: Task, vector: Array, box: list[tuple[float, float]], iterations: int) -> tuple[float, Array]:
    """Loss and place L-BFGS-B reaches from `vector` inside `box`."""
    low, high = np.array(box).T
    result = minimize(
        lambda v: loss(task, v),
        vector.clip(low, high),
        jac=True,
        method="L-BFGS-B",
        bounds=box,
        options={"maxiter": iterations, "ftol": 1e-7, "gtol": 1e-3},
    )
    return float(result.fun), np.asarray(result.x, dtype=float)


def finish(task: Task, vector: Array) -> Hyper:
    """Hyperparameters of a tuned vector."""
    d = task.X.shape[1]
    lengths = tuple(exp(v) for v in vector[:-1]) * (d if task.shared else 1)
    hyper = Hyper(lengths, exp(float(vector[-1])), 0.0)
    factor, _ = cholesky(covariance(task, hyper))
    return Hyper(hyper.lengths, hyper.level, best_constant(factor, task.y))
