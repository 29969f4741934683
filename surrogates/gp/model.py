"""This file is the fitted Gaussian process: data made ready, one process an output, and the BoTorch model of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from eutectic.surrogates.base import Array, Domain, Posterior, State
from eutectic.surrogates.gp.hyperparameters import (
    LEAST_NOISE,
    LONG,
    MOST_NOISE,
    Hyper,
    Task,
    finish,
    smoother,
    tune,
    vector,
)
from eutectic.surrogates.gp.kernels import Kernel
from eutectic.surrogates.gp.process import Process, Scaling, condition, restore
from eutectic.surrogates.validation import checked

if TYPE_CHECKING:
    from botorch.models.model import Model

    from eutectic.surrogates.gp.recipe import GaussianProcess


BLIND_LEVEL, BLIND_SPREAD = float(np.exp(-3.0)), 1.5
"""Prior of the noise level where nothing is known of it: median over the output's variance, deviation of its log."""
NEIGHBOURS = 12
"""Rows whose given noise variances are pooled around each, itself among them."""
TOLD_SPREAD = 1.0
"""Deviation of the level's logarithm where noise variances are given."""


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What `tune` and `condition` need."""

    task: Task
    scaling: Scaling
    constant: bool
    """No output varies."""


def prepare(recipe: "GaussianProcess", X: Array, Y: Array, variance: Array, domain: Domain) -> Data:
    """Outputs Y (n, m) that are learned together from X (n, d); noise variance (n, m), NaN where unknown."""
    lower, width = box(domain)
    m = Y.shape[1]
    shifts = Y.mean(0)
    spread = Y.std(0, ddof=1) if len(Y) > 1 else np.zeros(m)
    varies = spread > 1e-9 * np.maximum(1.0, np.abs(shifts))
    scales = np.where(varies, spread, 1.0)
    unit = (torch.tensor(X, dtype=torch.float64) - lower) / width
    noise = [noise_prior(recipe, unit, v, s) for v, s in zip(variance.T, scales, strict=True)]
    known = all(prior[2] == 0 for prior in noise)
    task = Task(
        kernel(recipe, unit, domain.categorical, m),
        unit if m == 1 else torch.cat([numbered(unit, j) for j in range(m)]),
        torch.tensor(((Y - shifts) / scales).T.reshape(-1)),
        torch.tensor(np.concatenate([prior[0] for prior in noise])),
        tuple(prior[1] for prior in noise),
        0.0 if known else max(prior[2] for prior in noise),
        not recipe.ard,
    )
    return Data(task, Scaling(lower, width, tuple(shifts.tolist()), tuple(scales.tolist())), not varies.any())


def kernel(recipe: "GaussianProcess", unit: Tensor, categorical: tuple[int, ...], outputs: int) -> Kernel:
    """The covariance of `recipe` over inputs (n, d) in the unit box."""
    numeric = tuple(j for j in range(unit.shape[1]) if j not in categorical)
    name = "matern52" if recipe.kernel == "auto" else recipe.kernel
    if name != "composition" or not numeric:
        return Kernel(name, numeric, categorical, outputs)
    part = unit[:, list(numeric)]
    center = part.mean(0)
    radius = float((part - center).square().sum(1).mean().sqrt())
    return Kernel("composition", numeric, categorical, outputs, tuple(center.tolist()), max(radius, 1e-3))


def numbered(unit: Tensor, j: int) -> Tensor:
    """Rows (n, d) with their output's number appended."""
    return torch.cat([unit, torch.full((len(unit), 1), float(j), dtype=unit.dtype)], 1)


def box(domain: Domain) -> tuple[Tensor, Tensor]:
    """Offset and width (d,) that take natural units to the unit box, category codes left as they are."""
    lower = torch.tensor(domain.lower, dtype=torch.float64)
    width = torch.tensor(domain.upper, dtype=torch.float64) - lower
    width = torch.where(width > 0, width, torch.ones_like(width))
    for j in domain.categorical:
        lower[j], width[j] = 0.0, 1.0
    return lower, width


def noise_prior(recipe: "GaussianProcess", X: Tensor, variance: Array, scale: float) -> tuple[Array, float, float]:
    """Relative noise variances (n,), the median of the level's prior, and its log's deviation (0: it is known).

    A variance from two or three repeats is itself uncertain by its own size; each is shrunk towards the median of its
    neighbours in X (n, d; unit box), as in Smyth 2004 (doi 10.2202/1544-6115.1027) with the prior weight as an option:
    noise may differ by region. Unknown ones take the median of all.
    """
    known = np.isfinite(variance)
    if recipe.noise == "inferred" or not known.any():
        return np.ones(len(variance)), BLIND_LEVEL, BLIND_SPREAD
    standard = np.clip(variance / scale**2, LEAST_NOISE, MOST_NOISE)
    pooled = float(np.median(standard[known]))
    if recipe.noise == "given":
        return np.where(known, standard, pooled), 1.0, 0.0
    values = np.where(known, standard, pooled)
    near = torch.cdist(X, X).topk(min(NEIGHBOURS, len(X)), largest=False).indices.numpy()
    shrunk = recipe.moderation * np.median(values[near], axis=1) + (1 - recipe.moderation) * values
    return shrunk / pooled, pooled, TOLD_SPREAD


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
        from eutectic.surrogates.gp.botorch_model import model

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
