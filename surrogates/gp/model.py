"""This file is the fitted Gaussian process: data made ready, noise included, and one process an output.

Inputs go to the unit box of the domain, outputs to mean 0 and deviation 1. Independent outputs are learned one by one,
coupled ones together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from botorch.models.model import Model
from torch import Tensor

from eutectic.surrogates import showing
from eutectic.surrogates.base import Array, Domain, Posterior, State
from eutectic.surrogates.calibration import Method
from eutectic.surrogates.gp.botorch_model import model
from eutectic.surrogates.gp.hyperparameters import (
    LEAST_NOISE,
    LONG,
    MOST_NOISE,
    Hyper,
    Task,
    finish,
    refined,
    smooth,
    smoother,
    tune,
    vector,
)
from eutectic.surrogates.gp.kernels import Kernel
from eutectic.surrogates.gp.process import Process, ProcessMoments, ProcessOutput, Scaling, condition, restore
from eutectic.surrogates.gp.sketch import sketched
from eutectic.surrogates.posteriors.outputs import CHUNK, CONSTANT
from eutectic.surrogates.scaling import standardisation, unit_box
from eutectic.surrogates.validation import checked, columns_of, known_variance

BLIND_LEVEL, BLIND_SPREAD = float(np.exp(-3.0)), 1.5
"""Prior of the noise level where nothing is known of it: median over the output's variance, deviation of its log.
Ours: a twentieth, give or take a factor of four and a half."""
NEIGHBOURS = 12
"""Rows whose given noise variances are pooled around each, itself among them; ours."""
MANY, FEW = 256, 160
"""Rows above which hyperparameters are looked for on a sample first, and its size; ours: the same modes are found on
400 rows of smooth functions in two fifths of the time (benchmarks/long_lists.py)."""
TOLD_SPREAD = 1.0
"""Deviation of the level's logarithm where noise variances are given; ours, a factor of e."""


class Options(Protocol):
    """What a fit reads of the recipe; what each option means is said there."""

    @property
    def kernel(self) -> str:
        """Form of the covariance, or `auto`."""
        ...

    @property
    def coupling(self) -> str:
        """`none` or `icm`."""
        ...

    @property
    def calibration(self) -> Method:
        """How variances are widened."""
        ...

    @property
    def stretch(self) -> bool:
        """Large variances more than small ones?"""
        ...

    @property
    def ard(self) -> bool:
        """A length scale an input?"""
        ...

    @property
    def noise(self) -> str:
        """`auto`, `given` or `inferred`."""
        ...

    @property
    def moderation(self) -> float:
        """Share, 0 to 1, of the neighbours' median in a given variance."""
        ...

    @property
    def tune_rows(self) -> int:
        """Most rows that hyperparameters are tuned on."""
        ...

    @property
    def iterations(self) -> int:
        """Most steps of L-BFGS."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What `tune` and `condition` need."""

    task: Task
    scaling: Scaling
    constant: bool
    """No output varies."""


def prepare(options: Options, form: str, X: Array, Y: Array, variance: Array, domain: Domain) -> Data:
    """Outputs Y (n, m) that are learned together from X (n, d); noise variance (n, m), NaN where unknown.

    form: the covariance, `auto` resolved.
    """
    lower, width = unit_box(domain)
    m = Y.shape[1]
    standards = [standardisation(y) for y in Y.T]
    shifts, scales = (np.array([standard[k] for standard in standards]) for k in (0, 1))
    unit = (torch.tensor(X, dtype=torch.float64) - lower) / width
    noise = [noise_prior(options, unit, v, s) for v, s in zip(variance.T, scales, strict=True)]
    known = all(prior[2] == 0 for prior in noise)
    task = Task(
        kernel(form, unit, domain, m),
        unit if m == 1 else torch.cat([numbered(unit, j) for j in range(m)]),
        torch.tensor(((Y - shifts) / scales).T.reshape(-1)),
        torch.tensor(np.concatenate([prior[0] for prior in noise])),
        tuple(prior[1] for prior in noise),
        0.0 if known else max(prior[2] for prior in noise),
        not options.ard,
    )
    return Data(
        task,
        Scaling(lower, width, tuple(shifts.tolist()), tuple(scales.tolist())),
        not any(varies for _, _, varies in standards),
    )


def kernel(form: str, unit: Tensor, domain: Domain, outputs: int) -> Kernel:
    """The covariance of a form over inputs (n, d) in the unit box."""
    categorical = domain.categorical
    numeric = tuple(j for j in range(unit.shape[1]) if j not in categorical)
    apart = tuple(distances(domain.descriptors[j]) if j in domain.descriptors else None for j in categorical)
    if form != "composition" or not numeric:
        return Kernel(form, numeric, categorical, outputs, apart=apart)
    part = unit[:, list(numeric)]
    center = part.mean(0)
    radius = float((part - center).square().sum(1).mean().sqrt())
    return Kernel("composition", numeric, categorical, outputs, tuple(center.tolist()), max(radius, 1e-3), apart)


def distances(descriptors: Array) -> Tensor | None:
    """(labels, labels) mean squared difference of descriptors (labels, k) over their deviation; None if none varies."""
    known = torch.tensor(descriptors, dtype=torch.float64)
    size, spread = known.abs().amax(0), known.std(0, correction=0)
    varies = spread > 1e-9 * size
    if not varies.any():
        return None
    standard = known[:, varies] / spread[varies]
    return (standard[:, None] - standard).square().mean(-1)


def numbered(unit: Tensor, j: int) -> Tensor:
    """Rows (n, d) with their output's number appended."""
    return torch.cat([unit, torch.full((len(unit), 1), float(j), dtype=unit.dtype)], 1)


def noise_prior(options: Options, X: Tensor, variance: Array, scale: float) -> tuple[Array, float, float]:
    """Relative noise variances (n,), the median of the level's prior, and its log's deviation (0: it is known).

    A variance from two or three repeats is itself uncertain by its own size; each is shrunk towards the median of its
    neighbours in X (n, d; unit box), as in Smyth 2004 (doi 10.2202/1544-6115.1027) with the prior weight as an option:
    noise may differ by region. Unknown ones take the median of all.
    """
    known = np.isfinite(variance)
    if options.noise == "inferred" or not known.any():
        return np.ones(len(variance)), BLIND_LEVEL, BLIND_SPREAD
    standard = np.clip(variance / scale**2, LEAST_NOISE, MOST_NOISE)
    pooled = float(np.median(standard[known]))
    if options.noise == "given":
        return np.where(known, standard, pooled), 1.0, 0.0
    values = np.where(known, standard, pooled)
    near = torch.cdist(X, X).topk(min(NEIGHBOURS, len(X)), largest=False).indices.numpy()
    shrunk = options.moderation * np.median(values[near], axis=1) + (1 - options.moderation) * values
    return shrunk / pooled, pooled, TOLD_SPREAD


@dataclass(frozen=True, slots=True, eq=False)
class FittedGaussianProcess:
    """m processes over the same inputs, independent or coupled."""

    processes: tuple[Process, ...]
    notes: tuple[str, ...]
    names: tuple[str, ...]
    """Of the inputs (d)."""

    def __repr__(self) -> str:
        """One line: what it predicts of what."""
        return showing.line(self, len(self.processes), self.names)

    def _repr_html_(self) -> str:
        """The same in a notebook, with its notes."""
        return showing.table(self, len(self.processes), self.names, self.notes)

    @property
    def state(self) -> State:
        """Hyperparameters of every output."""
        return {"outputs": [p.state() for p in self.processes]}

    @property
    def model(self) -> Model:
        """The same posterior as a BoTorch model."""
        return model(self.processes)

    @property
    def noise(self) -> Array:
        """(m,) mean noise variance of an observation, outputs' units squared."""
        return np.array([p.noise_variance for p in self.processes])

    @property
    def coupled(self) -> bool:
        """Have the outputs learned from each other?"""
        return any(p.kernel.outputs > 1 for p in self.processes)

    @property
    def embedded(self) -> tuple[ProcessOutput, ...]:
        """The processes as outputs with embeddings."""
        return tuple(ProcessOutput(p) for p in self.processes)

    def joint_moments(self, fixed: Tensor) -> ProcessMoments:
        """X (r, d) -> mean (r,), variance (r,) of the first output and covariance (r, b) with fixed points (b, d)."""
        return self.processes[0].joint_moments(fixed)

    def split(self) -> tuple["FittedGaussianProcess", ...]:
        """The outputs one by one; what coupled ones learned from each other stays in them."""
        said = (self.notes, *((),) * (len(self.processes) - 1))
        return tuple(replace(self, processes=(p,), notes=n) for p, n in zip(self.processes, said, strict=True))

    def sketched(self) -> "FittedGaussianProcess":
        """Nearly the same posterior, sooner: for looking over long lists."""
        return replace(self, processes=tuple(sketched(process) for process in self.processes))

    def mirrored(self, total: float) -> "FittedGaussianProcess":
        """What a fit to `total` less the outputs would be."""
        return replace(self, processes=tuple(process.mirrored(total) for process in self.processes))

    def posterior(self, X: Array) -> Posterior:
        """Predict the m outputs at X (n, d)."""
        points = torch.tensor(columns_of(X, self.names))
        with torch.no_grad():
            parts = [self._moments(p, points) for p in self.processes]
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
    options: Options,
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
    X, Y, names = checked("a Gaussian process", X, Y, names, domain)
    m = Y.shape[1]
    domain = domain or Domain(X.min(0), X.max(0))
    known = known_variance(variance, Y)
    outputs = (start or {}).get("outputs")
    earlier = outputs if isinstance(outputs, list) and len(outputs) == m else [None] * m
    groups = [list(range(m))] if options.coupling == "icm" else [[j] for j in range(m)]
    fitted: list[Process] = []
    notes: list[str] = []
    for group in groups:
        form = starting_form(options, {} if tune else earlier[group[0]] or {})
        data = prepare(options, form, X, Y[:, group], known[:, group], domain)
        found = [restore(earlier[j] or {}, X.shape[1], data.task.kernel.shape) for j in group]
        hypers = tuple(hyper for hyper in found if hyper is not None)
        if not tune and len(hypers) < len(group):
            raise ValueError("tune=False needs the `state` of an earlier fit with as many inputs and outputs as start")
        processes, said = single(options, data, hypers if len(hypers) == len(group) else (), tune)
        fitted.extend(processes)
        notes.extend(said if m == 1 or len(groups) == 1 else [f"output {group[0] + 1}: {text}" for text in said])
    return FittedGaussianProcess(tuple(fitted), tuple(notes), names)


def starting_form(options: Options, earlier: Mapping[str, object]) -> str:
    """The covariance before evidence is asked: for `auto` what an earlier fit has chosen, as in `Process.state`."""
    if options.kernel != "auto":
        return options.kernel
    return "rbf" if earlier.get("kernel") == "rbf" else "matern52"


def single(
    options: Options, data: Data, start: tuple[Hyper, ...], tuned: bool
) -> tuple[tuple[Process, ...], list[str]]:
    """One output, or several coupled: tune, condition, calibrate."""
    notes = [CONSTANT] if data.constant else []
    task, found = (data.task, start) if start and not tuned else learned(options, data, start)
    processes = condition(task, found, data.scaling)
    if processes[0].jitter:
        notes.append(f"near-singular covariance: jitter {processes[0].jitter:.1e} (standardised variance) added")
    if not data.constant:
        processes = tuple(p.calibrated(options.calibration, options.stretch) for p in processes)
    return processes, notes


def learned(options: Options, data: Data, start: tuple[Hyper, ...]) -> tuple[Task, tuple[Hyper, ...]]:
    """The task with the kernel chosen; hyperparameters from at most `tune_rows` rows, the mean from all."""
    task = data.task
    if data.constant:
        d, rest = task.kernel.inputs, (0.0,) * task.kernel.shape
        return task, tuple(Hyper((LONG * d**0.5,) * d, level, 0.0, rest) for level in task.centers)
    part = sample(task, options.tune_rows)
    chosen, found = tuned_on(options, part, start)
    whole = replace(task, kernel=chosen.kernel)
    return whole, found if part is task else finish(whole, vector(whole, found))


def tuned_on(options: Options, part: Task, start: tuple[Hyper, ...]) -> tuple[Task, tuple[Hyper, ...]]:
    """The task with the kernel chosen, and hyperparameters; where it has many rows, looked for on fewer of them first.

    Most steps lead from where nothing is known to about the right place, and for that a sample is enough.
    """
    few = sample(part, FEW) if len(part.y) > MANY else part
    most, auto = options.iterations, options.kernel == "auto" and bool(part.kernel.numeric)
    found = tune(few, start, most)
    if few is part:
        return smoother(part, found, most) if auto else (part, found)
    smooth_start = refined(smooth(few), found, most) if auto else ()
    found = refined(part, found, most)
    return smoother(part, found, most, smooth_start) if auto else (part, found)


def sample(task: Task, most: int) -> Task:
    """At most so many evenly spread rows."""
    n = len(task.y)
    if n <= most:
        return task
    index = torch.tensor(np.linspace(0, n - 1, most).round().astype(int))
    return replace(task, X=task.X[index], y=task.y[index], relative=task.relative[index])
