"""This file is the fitted Gaussian process: data made ready, one process an output, and the BoTorch model of it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from surrogates.base import Array, Domain, Posterior, State
from surrogates.checks import checked
from surrogates.gp_fit import LEAST_NOISE, MOST_NOISE, Hyper, Task, finish, tune
from surrogates.gp_kernel import Kernel
from surrogates.gp_process import Process, condition, restore

if TYPE_CHECKING:
    from botorch.models.model import Model

    from surrogates.gp import GaussianProcess

CHUNK = 4096
"""Rows predicted at once."""
NEIGHBOURS = 12
"""Rows whose given noise variances are pooled around each, itself among them."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedGaussianProcess:
    """m independent processes over the same inputs."""

    processes: tuple[Process, ...]
    notes: tuple[str, ...]

    @property
    def state(self) -> State:
        """Hyperparameters of every output."""
        return {"outputs": [p.state() for p in self.processes]}

    @property
    def model(self) -> "Model":
        """The same posterior as a BoTorch model."""
        from surrogates.gp_botorch import model

        return model(self.processes)

    def posterior(self, X: Array) -> Posterior:
        """Predict the m outputs at X (n, d)."""
        with torch.no_grad():
            parts = [self._moments(p, torch.tensor(X, dtype=torch.float64)) for p in self.processes]
        mean, variance = (torch.stack(list(part), -1).numpy() for part in zip(*parts, strict=True))
        return Posterior(mean, variance)

    def leave_one_out(self) -> Posterior:
        """Each training observation predicted from the others (n, m); the variance includes its noise."""
        parts = [p.leave_one_out() for p in self.processes]
        mean, variance = (torch.stack(list(part), -1).numpy() for part in zip(*parts, strict=True))
        return Posterior(mean, variance)

    @staticmethod
    def _moments(process: Process, X: Tensor) -> tuple[Tensor, Tensor]:
        parts = [process.moments(chunk) for chunk in torch.split(X, CHUNK)]
        return torch.cat([mean for mean, _ in parts]), torch.cat([variance for _, variance in parts])


def fit(
    recipe: "GaussianProcess",
    X: Array,
    Y: Array,
    *,
    variance: Array | None,
    domain: Domain | None,
    start: State | None,
    tune: bool,
    names: tuple[str, ...],
) -> FittedGaussianProcess:
    """Fit every column of Y (n, m); ValueError for data that cannot be learned from."""
    X, Y, names = checked("a Gaussian process", X, Y, names)
    domain = domain or Domain(X.min(0), X.max(0))
    earlier = starts(start, Y.shape[1], X.shape[1])
    if not tune and None in earlier:
        raise ValueError("tune=False needs the `state` of an earlier fit with as many inputs and outputs as start")
    fitted, notes = [], []
    for j in range(Y.shape[1]):
        known = None if variance is None else variance[:, j]
        process, said = single(recipe, X, Y[:, j], known, domain, earlier[j], tune)
        fitted.append(process)
        notes.extend(said if Y.shape[1] == 1 else [f"output {j + 1}: {text}" for text in said])
    return FittedGaussianProcess(tuple(fitted), tuple(notes))


def starts(start: State | None, m: int, d: int) -> list[Hyper | None]:
    """One earlier set of hyperparameters an output, None where there is none."""
    outputs = (start or {}).get("outputs")
    if not isinstance(outputs, list) or len(outputs) != m:
        return [None] * m
    return [restore(content, d) for content in outputs]


def single(
    recipe: "GaussianProcess",
    X: Array,
    y: Array,
    variance: Array | None,
    domain: Domain,
    start: Hyper | None,
    tuned: bool,
) -> tuple[Process, list[str]]:
    """One output: standardise, tune, condition."""
    lower, width = scaling(domain)
    shift, spread = float(y.mean()), float(y.std(ddof=1)) if len(y) > 1 else 0.0
    scale = spread if spread > 1e-9 * max(1.0, abs(shift)) else 1.0
    notes = [] if scale == spread else ["constant output: nothing to learn from it yet"]
    d = X.shape[1]
    kernel = Kernel(recipe.kernel, tuple(j for j in range(d) if j not in domain.categorical), domain.categorical)
    unit = (torch.tensor(X, dtype=torch.float64) - lower) / width
    given = np.full(len(y), np.nan) if variance is None else variance
    relative, center, known = noise_prior(recipe, unit, given, scale)
    values = torch.tensor((y - shift) / scale, dtype=torch.float64)
    task = Task(kernel, unit, values, torch.tensor(relative), center, known, not recipe.ard)
    hyper = start if start is not None and not tuned else tuned_hyper(recipe, task, start, constant=bool(notes))
    process = condition(task, hyper, lower, width, shift, scale)
    if process.jitter:
        notes.append(f"near-singular covariance: jitter {process.jitter:.1e} (standardised variance) added")
    return process, notes


def tuned_hyper(recipe: "GaussianProcess", task: Task, start: Hyper | None, constant: bool) -> Hyper:
    """Hyperparameters from a tuning run on at most `tune_rows` evenly spread rows, the mean from all."""
    if constant:
        d = task.X.shape[1]
        return Hyper((float(np.exp(np.sqrt(2))) * d**0.5,) * d, task.level_center, 0.0)
    n = len(task.y)
    if n <= recipe.tune_rows:
        return tune(task, start, recipe.iterations)
    index = torch.tensor(np.linspace(0, n - 1, recipe.tune_rows).round().astype(int))
    part = replace(task, X=task.X[index], y=task.y[index], relative=task.relative[index])
    found = tune(part, start, recipe.iterations)
    size = 1 if task.shared else len(found.lengths)
    return finish(task, np.log([*found.lengths[:size], found.level]))


def scaling(domain: Domain) -> tuple[Tensor, Tensor]:
    """Offset and width (d,) that take natural units to the unit box, category codes left as they are."""
    lower = torch.tensor(domain.lower, dtype=torch.float64)
    width = torch.tensor(domain.upper, dtype=torch.float64) - lower
    width = torch.where(width > 0, width, torch.ones_like(width))
    for j in domain.categorical:
        lower[j], width[j] = 0.0, 1.0
    return lower, width


def noise_prior(recipe: "GaussianProcess", X: Tensor, variance: Array, scale: float) -> tuple[Array, float, bool]:
    """Relative noise variances (n,), the median of the level's prior, and whether the level is known.

    A variance from two or three repeats is itself uncertain by its own size; each is shrunk towards the median of its
    neighbours in X (n, d; unit box), as in Smyth 2004 (doi 10.2202/1544-6115.1027) with the prior weight as an option:
    noise may differ by region. Unknown ones take the median of all.
    """
    blind = np.exp(-4.0)
    known = np.isfinite(variance)
    if recipe.noise == "inferred" or not known.any():
        return np.ones(len(variance)), float(blind), False
    standard = np.clip(variance / scale**2, LEAST_NOISE, MOST_NOISE)
    pooled = float(np.median(standard[known]))
    if recipe.noise == "given":
        return np.where(known, standard, pooled), 1.0, True
    values = np.where(known, standard, pooled)
    near = torch.cdist(X, X).topk(min(NEIGHBOURS, len(X)), largest=False).indices.numpy()
    shrunk = recipe.moderation * np.median(values[near], axis=1) + (1 - recipe.moderation) * values
    return shrunk / pooled, pooled, False
