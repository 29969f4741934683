"""This file is the fitted Gaussian process: data made ready, one process an output, and the BoTorch model of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from surrogates.base import Array, Domain, Posterior, State
from surrogates.checks import checked
from surrogates.gp_data import Data, prepare
from surrogates.gp_fit import LONG, Hyper, Task, finish, smoother, tune, vector
from surrogates.gp_process import Process, condition, restore

if TYPE_CHECKING:
    from botorch.models.model import Model

    from surrogates.gp import GaussianProcess

CHUNK = 4096
"""Rows predicted at once."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedGaussianProcess:
    """m processes over the same inputs, independent or coupled."""

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

    def split(self) -> tuple["FittedGaussianProcess", ...]:
        """The outputs one by one; what coupled ones learned from each other stays in them."""
        return tuple(FittedGaussianProcess((p,), self.notes if j == 0 else ()) for j, p in enumerate(self.processes))

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
    """Fit every column of Y (n, m), all at once where they are coupled; ValueError for data that cannot be learned."""
    X, Y, names = checked("a Gaussian process", X, Y, names)
    m = Y.shape[1]
    domain = domain or Domain(X.min(0), X.max(0))
    known = np.full(Y.shape, np.nan) if variance is None else np.asarray(variance, dtype=float).reshape(Y.shape)
    outputs = (start or {}).get("outputs")
    earlier = outputs if isinstance(outputs, list) and len(outputs) == m else [None] * m
    groups = [list(range(m))] if recipe.coupling == "icm" else [[j] for j in range(m)]
    fitted: list[Process] = []
    notes: list[str] = []
    for group in groups:
        named = recipe if tune else restored(recipe, earlier[group[0]] or {})
        data = prepare(named, X, Y[:, group], known[:, group], domain)
        found = [restore(earlier[j] or {}, X.shape[1], data.task.kernel.shape) for j in group]
        hypers = tuple(hyper for hyper in found if hyper is not None)
        if not tune and len(hypers) < len(group):
            raise ValueError("tune=False needs the `state` of an earlier fit with as many inputs and outputs as start")
        processes, said = single(recipe, data, hypers if len(hypers) == len(group) else (), tune)
        fitted.extend(processes)
        notes.extend(said if m == 1 or len(groups) == 1 else [f"output {group[0] + 1}: {text}" for text in said])
    return FittedGaussianProcess(tuple(fitted), tuple(notes))


def restored(recipe: "GaussianProcess", earlier: Mapping[str, object]) -> "GaussianProcess":
    """The recipe with the kernel that an earlier fit of `Process.state` has chosen."""
    kernel = earlier.get("kernel")
    return replace(recipe, kernel=kernel) if recipe.kernel == "auto" and kernel in ("matern52", "rbf") else recipe


def single(
    recipe: "GaussianProcess", data: Data, start: tuple[Hyper, ...], tuned: bool
) -> tuple[tuple[Process, ...], list[str]]:
    """One output, or several coupled: tune, condition, calibrate."""
    notes = ["constant output: nothing to learn from it yet"] if data.constant else []
    task, found = (data.task, start) if start and not tuned else learned(recipe, data, start)
    processes = condition(task, found, data.scaling)
    if processes[0].jitter:
        notes.append(f"near-singular covariance: jitter {processes[0].jitter:.1e} (standardised variance) added")
    if not data.constant:
        processes = tuple(p.calibrated(recipe.calibration, recipe.stretch) for p in processes)
    return processes, notes


def learned(recipe: "GaussianProcess", data: Data, start: tuple[Hyper, ...]) -> tuple[Task, tuple[Hyper, ...]]:
    """The task with the kernel chosen; hyperparameters from at most `tune_rows` rows, the mean from all."""
    task = data.task
    if data.constant:
        d, rest = task.kernel.inputs, (0.0,) * task.kernel.shape
        return task, tuple(Hyper((LONG * d**0.5,) * d, level, 0.0, rest) for level in task.centers)
    part = sample(task, recipe.tune_rows)
    chosen, found = part, tune(part, start, recipe.iterations)
    if recipe.kernel == "auto" and task.kernel.numeric:
        chosen, found = smoother(part, found, recipe.iterations)
    whole = replace(task, kernel=chosen.kernel)
    return whole, found if part is task else finish(whole, vector(whole, found))


def sample(task: Task, most: int) -> Task:
    """At most so many evenly spread rows."""
    n = len(task.y)
    if n <= most:
        return task
    index = torch.tensor(np.linspace(0, n - 1, most).round().astype(int))
    return replace(task, X=task.X[index], y=task.y[index], relative=task.relative[index])
