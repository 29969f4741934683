"""This file is how Gaussian-process hyperparameters are found: the mode of their posterior, by L-BFGS.

The length scales' prior knows that inputs resemble each other: their logarithms are normal about a common, uncertain
size that grows with the square root of the dimension (the scaling of Hvarfner, Hellsten and Nardi 2024, doi
10.48550/arXiv.2402.02229), so that few rows are not spent on telling inputs apart. The mode is taken over logarithms.
"""

from dataclasses import dataclass, replace
from math import log, pi

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from eutectic.surrogates.base import Array
from eutectic.surrogates.gp.kernels import Kernel, cholesky

LEAST_LENGTH, MOST_LENGTH = 0.025, 1e3
"""Bounds of a length scale, in widths of the domain: the lower one is BoTorch's, at the upper one an input is flat."""
LEAST_NOISE, MOST_NOISE = 1e-6, 10.0
"""Bounds of a noise variance, the output's variance being 1; ours, far on either side of what measurements have."""
COMMON, OWN = 1.0, 0.5
"""Standard deviations of the log lengths' common size and of each one about it; ours (docs/surrogates.md says why)."""
SHORT, LONG = 0.3, 2.0
"""Lengths that tuning starts from, times the square root of the dimension; ours, one on each side of the prior."""
MOST_SHAPE = 8.0
"""Bound of a shape parameter's magnitude: a share beyond it is below a thousandth, a correlation above 0.99."""
POSITIVE = 1.0
"""Logarithm of the Bayes factor from which evidence is positive: Kass and Raftery 1995, section 3.2 (doi
10.1080/01621459.1995.10476572). That `auto` asks for it was settled with VehicleSafety, the alloy emulator and the
crossed barrel in view (docs/benchmarks.md)."""


@dataclass(frozen=True, slots=True)
class Hyper:
    """Hyperparameters of one process, dimensionless (inputs in the unit box, output standardised)."""

    lengths: tuple[float, ...]
    level: float
    """Noise variance of an average observation."""
    constant: float
    """Mean far from all data."""
    shape: tuple[float, ...] = ()
    """The kernel's parameters beside the lengths."""

    @property
    def parameters(self) -> Tensor:
        """The kernel's (d + shape,)."""
        return torch.tensor([*self.lengths, *self.shape], dtype=torch.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What a process, or several that are coupled, is tuned on."""

    kernel: Kernel
    X: Tensor
    """(n, d) unit box; with coupled outputs a row an observation, and its output's number last."""
    y: Tensor
    """(n,) standardised."""
    relative: Tensor
    """(n,) noise variance of each observation over the level of its output."""
    centers: tuple[float, ...]
    """Median of each output's noise level under the prior."""
    spread: float
    """Standard deviation of the level's logarithm under the prior; 0: it is not tuned."""
    shared: bool
    """One length scale for all inputs."""

    @property
    def membership(self) -> Tensor:
        """(n, m) 1 where the observation is of the output."""
        if len(self.centers) == 1:
            return torch.ones(len(self.y), 1, dtype=torch.float64)
        return (self.X[:, -1:] == torch.arange(len(self.centers))).to(torch.float64)

    @property
    def size(self) -> int:
        """Number of lengths that are tuned."""
        return 1 if self.shared else self.kernel.inputs

    def split(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Kernel parameters (d + shape,) and noise levels (m,) of a vector (log lengths, shape, log levels)."""
        lengths, rest = theta[: self.size].exp(), theta[self.size :]
        m = len(self.centers)
        return torch.cat([lengths.expand(self.kernel.inputs), rest[:-m]]), rest[-m:].exp()

    def covariance(self, parameters: Tensor, levels: Tensor) -> Tensor:
        """Covariance (n, n) of the observations, noise included."""
        return self.kernel(self.X, self.X, parameters) + torch.diag((self.membership @ levels) * self.relative)


def best_constants(factor: Tensor, task: Task) -> Tensor:
    """Generalised-least-squares mean (m,) of each output for a Cholesky factor (n, n) of the covariance."""
    ones = torch.linalg.solve_triangular(factor, task.membership, upper=False)
    target = torch.linalg.solve_triangular(factor, task.y[:, None], upper=False)
    constants: Tensor = torch.linalg.solve(ones.T @ ones, ones.T @ target)[:, 0]
    return constants


def loss(task: Task, vector: Array) -> tuple[float, Array]:
    """Negative log posterior and its gradient at (log lengths, shape, log levels).

    Rasmussen & Williams 2006, eq. 2.30 and 5.9: with W = K^-1 - alpha alpha', the gradient of the data term is that
    of sum(W * K) / 2 at fixed W, and the constant mean is at its optimum (envelope theorem).
    """
    theta = torch.tensor(vector, dtype=torch.float64, requires_grad=True)
    K = task.covariance(*task.split(theta))
    factor, _ = cholesky(K.detach())
    residual = (task.y - task.membership @ best_constants(factor, task))[:, None]
    alpha = torch.cholesky_solve(residual, factor)
    W = torch.cholesky_inverse(factor) - alpha @ alpha.T
    data = float(0.5 * (residual * alpha).sum() + factor.diagonal().log().sum()) + 0.5 * len(task.y) * log(2 * pi)
    prior = negative_log_prior(task, theta)
    ((0.5 * W * K).sum() + prior).backward()  # type: ignore[no-untyped-call]
    assert theta.grad is not None
    return data + float(prior.detach()), theta.grad.numpy()


def negative_log_prior(task: Task, theta: Tensor) -> Tensor:
    """Minus the log density, in log lengths, shape and log levels, up to a constant.

    The lengths' covariance OWN^2 I + COMMON^2 11' is inverted by Sherman and Morrison's formula.
    """
    value = length_penalty(theta[: task.size], task.kernel.inputs)
    m = len(task.centers)
    value = value + 0.5 * theta[task.size : -m].square().sum()
    if not task.spread:
        return value
    return value + 0.5 * ((theta[-m:] - torch.tensor(task.centers).log()) / task.spread).square().sum()


def length_penalty(logs: Tensor, d: int) -> Tensor:
    """Minus the log density of the length scales' prior at their logarithms (d,) or, of one for all inputs, (1,)."""
    off = logs - 0.5 * log(d)
    common = COMMON**2 / (OWN**2 + len(logs) * COMMON**2)
    penalty: Tensor = 0.5 * (off.square().sum() - common * off.sum().square()) / OWN**2
    return penalty


def tune(task: Task, start: tuple[Hyper, ...], iterations: int) -> tuple[Hyper, ...]:
    """The best found, one an output, from short lengths and from an earlier fit or, without one, from long ones."""
    levels = np.log(task.centers)
    root = 0.5 * log(task.kernel.inputs)
    none = [0.0] * task.kernel.shape
    starts = [[*[log(SHORT) + root] * task.size, *none, *levels]]
    if start:
        found = levels if not task.spread else np.log([h.level for h in start])
        starts.append([*np.log(start[0].lengths[: task.size]), *start[0].shape, *found])
    else:
        starts.append([*[log(LONG) + root] * task.size, *none, *levels])
    results = [descend(task, np.array(s), bounds(task, levels), iterations) for s in starts]
    return finish(task, min(results, key=lambda pair: pair[0])[1])


def refined(task: Task, start: tuple[Hyper, ...], iterations: int) -> tuple[Hyper, ...]:
    """The best found from one start, one an output."""
    place = vector(task, start)
    return finish(task, descend(task, place, bounds(task, place[-len(start) :]), iterations)[1])


def smooth(task: Task) -> Task:
    """The task with the squared exponential in place of its covariance."""
    return replace(task, kernel=replace(task.kernel, name="rbf"))


def smoother(
    task: Task, found: tuple[Hyper, ...], iterations: int, start: tuple[Hyper, ...] = ()
) -> tuple[Task, tuple[Hyper, ...]]:
    """The task with the squared exponential in place of its covariance, where evidence for it is positive.

    Likelihoods are those of the posteriors' modes; `found` is that of the task itself, where the search begins unless
    there is another start.
    """
    other, here = smooth(task), vector(task, found)
    place = vector(other, start or found)
    value, place = descend(other, place, bounds(other, here[-len(found) :]), iterations)
    return (other, finish(other, place)) if value < loss(task, here)[0] - POSITIVE else (task, found)


def bounds(task: Task, levels: Array) -> list[tuple[float, float]]:
    """Least and largest of what is tuned; log noise levels (m,) stay where they are known."""
    box = [(log(LEAST_LENGTH), log(MOST_LENGTH))] * task.size + [(-MOST_SHAPE, MOST_SHAPE)] * task.kernel.shape
    return box + [(log(LEAST_NOISE), log(MOST_NOISE)) if task.spread else (level, level) for level in levels]


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


def finish(task: Task, vector: Array) -> tuple[Hyper, ...]:
    """Hyperparameters of a tuned vector, one an output."""
    parameters, levels = task.split(torch.tensor(vector, dtype=torch.float64))
    factor, _ = cholesky(task.covariance(parameters, levels))
    d = task.kernel.inputs
    lengths, shape = tuple(parameters[:d].tolist()), tuple(parameters[d:].tolist())
    pairs = zip(levels.tolist(), best_constants(factor, task).tolist(), strict=True)
    return tuple(Hyper(lengths, level, constant, shape) for level, constant in pairs)


def vector(task: Task, found: tuple[Hyper, ...]) -> Array:
    """The tuned vector of hyperparameters."""
    out: Array = np.array(
        [*np.log(found[0].lengths[: task.size]), *found[0].shape, *np.log([hyper.level for hyper in found])]
    )
    return out
