"""This file is the fitted Gaussian process: data made ready, one process an output, and the BoTorch model of it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from surrogates.base import Array, Domain, Posterior, State
from surrogates.checks import checked
from surrogates.gp_data import Data, prepare
from surrogates.gp_fit import LONG, Hyper, Task, finish, tune, vector
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
        data = prepare(recipe, X, Y[:, group], known[:, group], domain)
        found = [restore(earlier[j] or {}, X.shape[1], data.task.kernel.shape) for j in group]
        hypers = tuple(hyper for hyper in found if hyper is not None)
        if not tune and len(hypers) < len(group):
            raise ValueError("tune=False needs the `state` of an earlier fit with as many inputs and outputs as start")
        processes, said = single(recipe, data, hypers if len(hypers) == len(group) else (), tune)
        fitted.extend(processes)
        notes.extend(said if m == 1 or len(groups) == 1 else [f"output {group[0] + 1}: {text}" for text in said])
    return FittedGaussianProcess(tuple(fitted), tuple(notes))


def single(
    recipe: "GaussianProcess", data: Data, start: tuple[Hyper, ...], tuned: bool
) -> tuple[tuple[Process, ...], list[str]]:
    """One output, or several coupled: tune, condition, calibrate."""
    notes = ["constant output: nothing to learn from it yet"] if data.constant else []
    found = start if start and not tuned else tuned_hyper(recipe, data.task, start, data.constant)
    processes = condition(data.task, found, data.scaling)
    if processes[0].jitter:
        notes.append(f"near-singular covariance: jitter {processes[0].jitter:.1e} (standardised variance) added")
    if not data.constant:
        processes = tuple(p.calibrated(recipe.calibration) for p in processes)
    return processes, notes


def tuned_hyper(recipe: "GaussianProcess", task: Task, start: tuple[Hyper, ...], constant: bool) -> tuple[Hyper, ...]:
    """Hyperparameters from a tuning run on at most `tune_rows` evenly spread rows, the mean from all."""
    if constant:
        d, rest = task.kernel.inputs, (0.0,) * task.kernel.shape
        return tuple(Hyper((LONG * d**0.5,) * d, level, 0.0, rest) for level in task.centers)
    n = len(task.y)
    if n <= recipe.tune_rows:
        return tune(task, start, recipe.iterations)
    index = torch.tensor(np.linspace(0, n - 1, recipe.tune_rows).round().astype(int))
    part = replace(task, X=task.X[index], y=task.y[index], relative=task.relative[index])
    return finish(task, vector(task, tune(part, start, recipe.iterations)))
