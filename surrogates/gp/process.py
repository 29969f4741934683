"""This file is one fitted Gaussian process: exact inference with cached factors, calibrated; and it as an output."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from eutectic.surrogates.base import Posterior
from eutectic.surrogates.calibration import Method, factor, stretch
from eutectic.surrogates.gp.hyperparameters import Hyper, Task
from eutectic.surrogates.gp.kernels import Kernel, cholesky


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """Posterior of one output; everything inside is standardised, everything returned is in natural units."""

    kernel: Kernel
    hyper: Hyper
    lengths: Tensor
    """(d + shape,) the kernel's parameters, dimensionless."""
    lower: Tensor
    """(d,) natural units of the inputs."""
    width: Tensor
    """(d,) natural units of the inputs, 1 for category columns."""
    rows: Tensor
    """(n, d) training inputs in the unit box; with coupled outputs a row an observation, its output's number last."""
    number: int
    """Which of the coupled outputs this is."""
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
    widening: float = 1.0
    """What calibration multiplies every variance by, noise included; means stay."""
    far: float = 0.0
    """Calibration multiplies a standardised variance v of the noise-free output by 1 + far v beside that."""

    def unit(self, X: Tensor) -> Tensor:
        """X (..., d) in natural units -> unit box, the output's number appended where outputs are coupled."""
        inside = (X - self.lower) / self.width
        if self.kernel.outputs == 1:
            return inside
        return torch.cat([inside, torch.full_like(inside[..., :1], self.number)], -1)

    @property
    def unit_variance(self) -> float:
        """Variance of the output, square of its unit, that a standardised 1 stands for."""
        return self.scale**2 * self.widening

    @property
    def own(self) -> Tensor:
        """(n,) True for the observations of this output."""
        if self.kernel.outputs == 1:
            return torch.ones(len(self.rows), dtype=torch.bool)
        return self.rows[:, -1] == self.number

    @property
    def noise_variance(self) -> float:
        """Mean noise variance of this output's observations, output's unit squared."""
        return self.unit_variance * float(self.noise[self.own].mean())

    def moments(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (...,) of the noise-free output at X (..., d); Rasmussen & Williams 2006, eq. 2.25-2.26."""
        unit = self.unit(X)
        mean, left = self.given(unit, self.kernel(unit, self.rows, self.lengths))
        return mean, self.variance(left)

    def given(self, unit: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standardised variance at points of the unit box with prior covariance k (..., n) with the rows."""
        mean = self.shift + self.scale * (self.hyper.constant + k @ self.alpha)
        return mean, self.left(unit, k @ self.inverse_factor.T)

    def left(self, unit: Tensor, whitened: Tensor) -> Tensor:
        """Standardised variance (...,) before calibration; whitened (..., n) is k @ inverse_factor.T."""
        return (self.kernel.variance(unit, self.lengths) - whitened.square().sum(-1)).clamp_min(1e-12)

    def variance(self, left: Tensor) -> Tensor:
        """What calibration makes of a standardised variance (...,), output's unit squared."""
        return self.unit_variance * left * (1 + self.far * left)

    def stretch(self, left: Tensor) -> Tensor:
        """By how much calibration stretches deviations (...,) where so much standardised variance is left."""
        return (1 + self.far * left).sqrt()

    def covariance(self, A: Tensor, B: Tensor) -> Tensor:
        """Posterior covariance (..., a, b) of the noise-free output between A (..., a, d) and B (..., b, d)."""
        a, b = self.unit(A), self.unit(B)
        one = self.kernel(a, self.rows, self.lengths) @ self.inverse_factor.T
        other = self.kernel(b, self.rows, self.lengths) @ self.inverse_factor.T
        stretched = self.stretch(self.left(a, one))[..., :, None] * self.stretch(self.left(b, other))[..., None, :]
        return self.unit_variance * stretched * (self.kernel(a, b, self.lengths) - one @ other.transpose(-1, -2))

    def mirrored(self, total: float) -> "Process":
        """The process of `total` less this output."""
        hyper = replace(self.hyper, constant=-self.hyper.constant)
        return replace(self, shift=total - self.shift, hyper=hyper, residual=-self.residual, alpha=-self.alpha)

    def joint_moments(self, B: Tensor) -> "ProcessMoments":
        """What `moments` together with covariances to the fixed points B (b, d) needs, computed once."""
        b = self.unit(B)
        right = self.kernel(b, self.rows, self.lengths) @ self.inverse_factor.T
        return ProcessMoments(
            self, torch.cat([self.rows, b]), (right @ self.inverse_factor).T, self.stretch(self.left(b, right))
        )

    def leave_one_out(self) -> tuple[Tensor, Tensor]:
        """Mean and variance (n,) of each observation of this output given all others, hyperparameters fixed.

        Rasmussen & Williams 2006, eq. 5.12; the variance includes the observation's own noise. What the same row says
        of the other coupled outputs is not left out.
        """
        error, variance, left = self._left_out()
        mean = self.residual[self.own] - error + self.hyper.constant
        return self.shift + self.scale * mean, self.unit_variance * (variance + self.far * left.square())

    def _left_out(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of this output's observations, each left out: error, variance and that without noise (n,), uncalibrated."""
        diagonal = self.inverse_factor.square().sum(0)[self.own]
        variance = 1 / diagonal
        return self.alpha[self.own] / diagonal, variance, (variance - self.noise[self.own]).clamp_min(0)

    def calibrated(self, method: Method, stretched: bool) -> "Process":
        """The same with variances that fit the errors at rows left out.

        They are widened, never narrowed: hyperparameters were tuned on the rows left out, whose errors are rather too
        small. `stretched`: the large ones more than the small ones, as far as the errors say so.
        """
        error, variance, left = (part.numpy() for part in self._left_out())
        far = stretch(error, variance, left) if stretched and method != "none" else 0.0
        widening = max(1.0, factor(error, variance + far * left**2, method))
        return replace(self, widening=widening, far=far)

    def state(self) -> dict[str, object]:
        """Hyperparameters as JSON values."""
        return {
            "kernel": self.kernel.name,
            "lengths": list(self.hyper.lengths),
            "level": self.hyper.level,
            "constant": self.hyper.constant,
            "shape": list(self.hyper.shape),
        }


@dataclass(frozen=True, slots=True, eq=False)
class ProcessMoments:
    """Mean, variance and covariance to fixed points with one kernel evaluation."""

    process: Process
    rows: Tensor
    """(n + b, d) training rows, then the fixed points, unit box."""
    weights: Tensor
    """(n, b) K^-1 k(rows, B)."""
    stretch: Tensor
    """(b,) of the fixed points."""

    def __call__(self, X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean (r,), variance (r,), covariance (r, b) at X (r, d), natural units."""
        p = self.process
        unit = p.unit(X)
        k = p.kernel(unit, self.rows, p.lengths)
        known, fixed = k[..., : len(p.rows)], k[..., len(p.rows) :]
        mean, left = p.given(unit, known)
        between = p.stretch(left)[..., None] * self.stretch * (fixed - known @ self.weights)
        return mean, p.variance(left), p.unit_variance * between


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """What takes inputs to the unit box and the outputs (m) to mean 0 and deviation 1."""

    lower: Tensor
    width: Tensor
    shifts: tuple[float, ...]
    scales: tuple[float, ...]


def condition(task: Task, found: tuple[Hyper, ...], scaling: Scaling) -> tuple[Process, ...]:
    """The processes, one an output, of `task`'s data under `found`."""
    parameters = found[0].parameters
    levels = torch.tensor([hyper.level for hyper in found], dtype=torch.float64)
    constants = torch.tensor([hyper.constant for hyper in found], dtype=torch.float64)
    chol, jitter = cholesky(task.covariance(parameters, levels))
    inverse = torch.linalg.solve_triangular(chol, torch.eye(len(task.y), dtype=torch.float64), upper=False)
    residual = task.y - task.membership @ constants
    alpha = inverse.T @ (inverse @ residual)
    return tuple(
        Process(
            kernel=task.kernel,
            hyper=hyper,
            lengths=parameters,
            lower=scaling.lower,
            width=scaling.width,
            rows=task.X,
            number=j,
            shift=scaling.shifts[j],
            scale=scaling.scales[j],
            residual=residual,
            noise=(task.membership @ levels) * task.relative,
            alpha=alpha,
            inverse_factor=inverse,
            jitter=jitter,
        )
        for j, hyper in enumerate(found)
    )


def restore(content: Mapping[str, object], d: int, shape: int) -> Hyper | None:
    """Hyperparameters from `Process.state`; None when they belong to other inputs or another kernel.

    Of a coupled output that is fitted alone, what is left of the shape stands first.
    """
    lengths, rest = content.get("lengths"), content.get("shape", [])
    level, constant = content.get("level"), content.get("constant")
    if not isinstance(lengths, list) or not isinstance(rest, list) or len(lengths) != d or len(rest) < shape:
        return None
    assert isinstance(level, float | int)
    assert isinstance(constant, float | int)
    return Hyper(tuple(map(float, lengths)), float(level), float(constant), tuple(map(float, rest[:shape])))


@dataclass(frozen=True, slots=True, eq=False)
class ProcessOutput:
    """A process as `surrogates.base.Output`: its embedding is the point and its whitened covariance with the data."""

    process: Process
    notes: tuple[str, ...] = ()

    @property
    def differentiable(self) -> bool:
        """Yes."""
        return True

    @property
    def noise(self) -> float:
        """Mean noise variance, output's unit squared."""
        return self.process.noise_variance

    @property
    def unseen(self) -> Posterior:
        """Leave-one-out predictions (n, 1), noise included."""
        mean, variance = self.process.leave_one_out()
        return Posterior(mean[:, None].numpy(), variance[:, None].numpy())

    @property
    def state(self) -> dict[str, object]:
        """Hyperparameters."""
        return self.process.state()

    def embed(self, X: Tensor) -> Tensor:
        """(..., d + n + 1): unit box (and the output's number), whitened covariances, standardised mean."""
        p = self.process
        unit = p.unit(X)
        k = p.kernel(unit, p.rows, p.lengths)
        return torch.cat([unit, k @ p.inverse_factor.T, (k @ p.alpha)[..., None]], -1)

    def mean(self, E: Tensor) -> Tensor:
        """Rasmussen & Williams 2006, eq. 2.25."""
        return self.process.shift + self.process.scale * (self.process.hyper.constant + E[..., -1])

    def variance(self, E: Tensor) -> Tensor:
        """Rasmussen & Williams 2006, eq. 2.26, calibrated."""
        return self.process.variance(self.process.left(*self._parts(E)))

    def covariance(self, A: Tensor, B: Tensor) -> Tensor:
        """The same between two points."""
        p, (a, one), (b, other) = self.process, self._parts(A), self._parts(B)
        stretched = p.stretch(p.left(a, one))[..., :, None] * p.stretch(p.left(b, other))[..., None, :]
        return p.unit_variance * stretched * (p.kernel(a, b, p.lengths) - one @ other.transpose(-1, -2))

    def _parts(self, E: Tensor) -> tuple[Tensor, Tensor]:
        """Unit box (..., d) and whitened covariances (..., n) of embedded points."""
        d = self.process.rows.shape[1]
        return E[..., :d], E[..., d:-1]
