"""This file is co-kriging: its options, one output fitted on all rungs of a ladder, and each rung as a surrogate.

Exact inference with cached factors; the covariance and its hyperparameters are in cokriging/hyperparameters.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from botorch.models.model import Model
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultivariateNormal
from linear_operator import to_linear_operator
from numpy.typing import NDArray
from torch import Tensor

from eutectic.surrogates.base import Array, Domain, Posterior, State
from eutectic.surrogates.cokriging.hyperparameters import Hyper, Shape, Task, best_constant, gram, tune
from eutectic.surrogates.gp.kernels import Kernel, cholesky
from eutectic.surrogates.posteriors.joint_moments import JointMoments
from eutectic.surrogates.posteriors.outputs import CONSTANT
from eutectic.surrogates.scaling import standardisation, unit_box


@dataclass(frozen=True, slots=True)
class CoKriging:
    """Autoregressive co-kriging: each rung is the one below, scaled, plus a discrepancy that is a Gaussian process.

    Kennedy and O'Hagan 2000, doi 10.1093/biomet/87.1.1, eq. 2; all rungs are inferred jointly, so that their inputs
    need not be nested. It learns each rung's scale, bias and noise.
    """

    kernel: Literal["matern52", "matern32", "rbf"] = "matern52"
    """Covariance of the numeric inputs; categories multiply it by exp(-sum of mismatches / length)."""
    iterations: int = 60
    """Most L-BFGS steps of a tuning run."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if self.iterations < 1:
            raise ValueError(f"iterations must be at least 1, not {self.iterations}")

    def fit(
        self,
        X: Array,
        rung: Array,
        y: Array,
        *,
        rungs: int,
        variance: Array | None = None,
        domain: Domain | None = None,
        start: State | None = None,
        tune: bool = True,
        own: bool = False,
    ) -> "FittedCoKriging":
        """Learn y (n,) at X (n, d) on `rung` (n,), 0 the lowest of `rungs`; all finite, n at least 1.

        variance: known noise variance (n,), NaN where unknown. start: the `state` of an earlier fit, to begin from.
        tune: with False, `start` is taken as it is. own: X are designs of a list whose values carry no chance, so that
        what inputs cannot tell of a value is the design's own and tells of its value on the rungs above.
        ValueError for data that cannot be learned from.
        """
        return fit(self, X, rung, y, rungs, variance=variance, domain=domain, start=start, tuned=tune, own=own)


@dataclass(frozen=True, slots=True, eq=False)
class FittedCoKriging:
    """Posterior of one output on every rung; standardised inside, natural units outside."""

    task: Task
    hyper: Hyper
    lower: Tensor
    """(d,) natural units of the inputs."""
    width: Tensor
    """(d,) natural units of the inputs, 1 for category columns."""
    shift: float
    scale: float
    """Standard deviation of the output on the rung known best, its unit."""
    inverse_factor: Tensor
    """(n, n) inverse of the Cholesky factor of the observations' covariance."""
    alpha: Tensor
    """(n,) K^-1 residual."""
    shape: Shape
    """The hyperparameters as tensors."""
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """Hyperparameters as JSON values."""
        return {"vector": [float(v) for v in self.hyper.vector()], "constant": self.hyper.constant}

    @property
    def model(self) -> Model:
        """A BoTorch model over raw inputs with the rung as last column, (..., q, d + 1) -> posterior (..., q, 1)."""
        return LadderModel(self)

    @property
    def noise(self) -> Array:
        """Noise variance (K,) of an average observation on each rung, the output's unit squared."""
        levels: Array = self.scale**2 * np.array(self.hyper.levels)
        return levels

    def on(self, rung: int) -> "Rung":
        """What is believed of one rung, as a fitted surrogate."""
        return Rung(self, rung)

    def moments(self, X: Tensor, rung: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (...,) of the noise-free output at X (..., d) on rungs (...,)."""
        return self.explained(self._cross(X, rung), rung)[:2]

    def explained(self, cross: Tensor, rung: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """`moments` of points with standardised prior covariance (..., n) with the observations, and that whitened."""
        white = cross @ self.inverse_factor.T
        left = self.shape.variance(rung, rung) - white.square().sum(-1)
        mean = self.hyper.constant * self.shape.paths[rung, 0] + cross @ self.alpha
        return self.shift + self.scale * mean, self.scale**2 * left.clamp_min(1e-12), white

    def covariance(self, A: Tensor, a: Tensor, B: Tensor, b: Tensor) -> Tensor:
        """Posterior covariance (..., p, q) of the noise-free output between A on rungs a and B on rungs b."""
        left, right = (self._cross(X, r) @ self.inverse_factor.T for X, r in ((A, a), (B, b)))
        one, other = (A - self.lower) / self.width, (B - self.lower) / self.width
        prior = self.shape.covariance(self.task.kernel, one, a, other, b)
        return self.scale**2 * (prior - left @ right.transpose(-1, -2))

    def agreement(self, X: Tensor, rung: int) -> Tensor:
        """Share (n,), 0 to 1, of the top rung's variance at X (n, d) that an observation there on one would remove."""
        here = torch.full((len(X),), rung)
        top = torch.full_like(here, self.task.rungs - 1)
        _, own, one = self.explained(self._cross(X, here), here)
        _, best, other = self.explained(self._cross(X, top), top)
        shared = self.scale**2 * (self.shape.variance(here, top) - (one * other).sum(-1))
        noise = 0.0 if self.task.own else self.scale**2 * self.hyper.levels[rung]
        return (shared.square() / (best * (own + noise))).clamp(0, 1)

    def _cross(self, X: Tensor, rung: Tensor) -> Tensor:
        """Prior covariance (..., q, n) with the observations, standardised."""
        t = self.task
        return self.shape.covariance(t.kernel, (X - self.lower) / self.width, rung, t.X, t.rung)

    def conditioned_on_mean(self, X: Array, rung: Array) -> "FittedCoKriging":
        """The same after observations at X (p, d) on rungs (p,) that are what is expected: surer, not wiser."""
        if not len(X):
            return self
        rows, levels = torch.tensor(X, dtype=torch.float64), torch.tensor(rung, dtype=torch.int64)
        with torch.no_grad():
            mean, _ = self.moments(rows, levels)
        t = self.task
        more = replace(
            t,
            X=torch.cat([t.X, (rows - self.lower) / self.width]),
            rung=torch.cat([t.rung, levels]),
            y=torch.cat([t.y, (mean - self.shift) / self.scale]),
            relative=torch.cat([t.relative, torch.ones(len(rows), dtype=torch.float64)]),
        )
        return condition(more, self.hyper, self.lower, self.width, self.shift, self.scale, self.notes)


@dataclass(frozen=True, slots=True, eq=False)
class Rung:
    """One rung of fitted co-kriging, as a fitted surrogate of one output."""

    whole: FittedCoKriging
    rung: int
    differentiable: bool = True

    @property
    def state(self) -> State:
        """Hyperparameters of the whole ladder."""
        return self.whole.state

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the fit."""
        return self.whole.notes

    @property
    def model(self) -> Model:
        """A BoTorch model over raw inputs (..., q, d) -> posterior (..., q, 1)."""
        return LadderModel(self.whole, self.rung)

    def posterior(self, X: Array) -> Posterior:
        """Mean and variance (n, 1) at X (n, d)."""
        rows = torch.tensor(X, dtype=torch.float64)
        with torch.no_grad():
            mean, variance = self.whole.moments(rows, self._levels(rows))
        return Posterior(mean.numpy()[:, None], variance.numpy()[:, None])

    def joint_moments(self, fixed: Tensor) -> JointMoments:
        """Moments, and covariances with the fixed points B (b, d) on the same rung."""
        whole, n = self.whole, len(self.whole.task.y)
        units = (fixed - whole.lower) / whole.width
        X, levels = torch.cat([whole.task.X, units]), torch.cat([whole.task.rung, self._levels(fixed)])
        with torch.no_grad():
            known = whole.explained(whole._cross(fixed, levels[n:]), levels[n:])[2]

        def joint(points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            rung = self._levels(points)
            prior = whole.shape.covariance(whole.task.kernel, (points - whole.lower) / whole.width, rung, X, levels)
            mean, variance, white = whole.explained(prior[..., :n], rung)
            return mean, variance, whole.scale**2 * (prior[..., n:] - white @ known.T)

        return joint

    def _levels(self, X: Tensor) -> Tensor:
        return torch.full(X.shape[:-1], self.rung, dtype=torch.int64)


class LadderModel(Model):  # type: ignore[misc]
    """Raw inputs (..., q, d + 1), the rung last, or (..., q, d) on one fixed rung -> posterior (..., q, 1)."""

    def __init__(self, fitted: "FittedCoKriging", rung: int | None = None) -> None:
        super().__init__()
        self._fitted, self._rung = fitted, rung

    @property
    def num_outputs(self) -> int:
        """One."""
        return 1

    @property
    def batch_shape(self) -> torch.Size:
        """None."""
        return torch.Size()

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Callable[[Any], Any] | None = None,
    ) -> Any:
        """BoTorch posterior of the noise-free output; `observation_noise=True` adds each rung's noise variance."""
        del output_indices
        if self._rung is None:
            X, rung = X[..., :-1], X[..., -1].round().to(torch.int64)
        else:
            rung = torch.full(X.shape[:-1], self._rung, dtype=torch.int64)
        mean, _ = self._fitted.moments(X, rung)
        covariance = self._fitted.covariance(X, rung, X, rung)
        covariance = 0.5 * (covariance + covariance.transpose(-1, -2))
        extra = torch.full(mean.shape, 1e-9 * self._fitted.scale**2, dtype=torch.float64)
        if observation_noise is True:
            extra = extra + torch.tensor(self._fitted.noise)[rung]
        joint = to_linear_operator(covariance + torch.diag_embed(extra))  # factorised with jitter where it takes some
        posterior = GPyTorchPosterior(MultivariateNormal(mean, joint))
        return posterior if posterior_transform is None else posterior_transform(posterior)


def fit(
    recipe: CoKriging,
    X: Array,
    rung: Array,
    y: Array,
    rungs: int,
    *,
    variance: Array | None,
    domain: Domain | None,
    start: State | None,
    tuned: bool,
    own: bool,
) -> FittedCoKriging:
    """Standardise, tune, condition."""
    if not len(X) == len(y) == len(rung) > 0 or not (np.isfinite(X).all() and np.isfinite(y).all()):
        raise ValueError(f"co-kriging needs finite X and y of equal length, got {X.shape} and {y.shape}")
    levels = np.asarray(rung).astype(np.int64)
    if (levels < 0).any() or (levels >= rungs).any():
        raise ValueError(f"rungs must lie between 0 and {rungs - 1}, not {sorted(set(levels.tolist()))}")
    domain = domain or Domain(X.min(0), X.max(0))
    lower, width = unit_box(domain)
    known = y[levels == np.bincount(levels).argmax()]
    shift, scale, varies = standardisation(known)
    d = X.shape[1]
    numeric = tuple(j for j in range(d) if j not in domain.categorical)
    task = Task(
        Kernel(recipe.kernel, numeric, domain.categorical),
        (torch.tensor(X, dtype=torch.float64) - lower) / width,
        torch.tensor(levels),
        torch.tensor((y - shift) / scale, dtype=torch.float64),
        torch.tensor(relative(variance, levels)),
        rungs,
        own,
    )
    earlier = None if start is None else Hyper.restore(start, d, rungs)
    if not tuned and earlier is None:
        raise ValueError("tune=False needs the `state` of an earlier fit with as many inputs and rungs as start")
    hyper = earlier if earlier is not None and not tuned else tune(task, earlier, recipe.iterations)
    notes = () if varies else (CONSTANT,)
    return condition(task, hyper, lower, width, shift, scale, notes)


def relative(variance: Array | None, levels: NDArray[np.int64], moderation: float = 0.8) -> Array:
    """Noise variances (n,) over their rung's level, from given ones that are shrunk towards the rung's median."""
    ratio = np.ones(len(levels))
    for level in np.unique(levels):
        rows = np.flatnonzero(levels == level)
        given = np.full(len(rows), np.nan) if variance is None else variance[rows]
        known = np.isfinite(given) & (given > 0)
        if known.any():
            share = given[known] / np.median(given[known])
            ratio[rows[known]] = np.clip(moderation + (1 - moderation) * share, 0.1, 10.0)
    return ratio


def condition(
    task: Task, hyper: Hyper, lower: Tensor, width: Tensor, shift: float, scale: float, notes: tuple[str, ...]
) -> FittedCoKriging:
    """The posterior of `task`'s data under `hyper`."""
    shape = task.shape(torch.tensor(hyper.vector()))
    factor, jitter = cholesky(gram(task, shape))
    inverse = torch.linalg.solve_triangular(factor, torch.eye(len(task.y), dtype=torch.float64), upper=False)
    h = shape.paths[task.rung, 0]
    hyper = replace(hyper, constant=best_constant(factor, h, task.y))
    alpha = inverse.T @ (inverse @ (task.y - h * hyper.constant))
    said = (f"near-singular covariance: jitter {jitter:.1e} (standardised variance) added",) if jitter else ()
    return FittedCoKriging(task, hyper, lower, width, shift, scale, inverse, alpha, shape, tuple({*notes, *said}))
