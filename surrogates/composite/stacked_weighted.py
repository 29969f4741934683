"""This file is the weighted stack: members under convex weights, and a variance that knows when they disagree.

Stacked regressions: Breiman 1996, doi 10.1007/BF00117832 (weights by non-negative least squares on predictions of rows
left out); with the weights' sum held at one it is the super learner of van der Laan, Polley and Hubbard 2007
(doi 10.2202/1544-6115.1309). Every member predicts its rows left out without being fitted again. The stack's covariance
is the mixture's: the weighted members' own plus that of their deviations from the stack, times a calibrated factor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor

from eutectic.surrogates.base import Array, Domain, Output, Posterior, State
from eutectic.surrogates.calibration import Method, factor, number
from eutectic.surrogates.gp.process import ProcessOutput
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.polynomial.recipe import Polynomial
from eutectic.surrogates.posteriors.outputs import CONSTANT, FittedOutputs, Rows, fit_outputs
from eutectic.surrogates.trees.forest import Forest


@dataclass(frozen=True, slots=True, eq=False)
class StackOutput:
    """One output."""

    members: tuple[Output, ...]
    labels: tuple[str, ...]
    weights: tuple[float, ...]
    """Not negative, sum one."""
    sizes: tuple[int, ...]
    """Length of each member's embedding."""
    factor: float
    """Calibrated variance over the mixture's."""
    unseen: Posterior
    """Rows left out (n, 1), noise included."""
    notes: tuple[str, ...]

    @property
    def differentiable(self) -> bool:
        """Whether the members that differ smoothly weigh at all; the others only add a gradient of zero."""
        return any(w > 0.2 for w, m in zip(self.weights, self.members, strict=True) if m.differentiable)

    @property
    def noise(self) -> float:
        """Noise variance outside `variance`, output's unit squared."""
        return self.factor * sum(w * m.noise for w, m in zip(self.weights, self.members, strict=True))

    @property
    def state(self) -> dict[str, object]:
        """Weights, factor and the members' states."""
        members = {name: dict(m.state) for name, m in zip(self.labels, self.members, strict=True)}
        return {"weights": list(self.weights), "factor": self.factor, "members": members}

    def embed(self, X: Tensor) -> Tensor:
        """The members' embeddings, one after the other."""
        return torch.cat([member.embed(X) for member in self.members], -1)

    def mean(self, E: Tensor) -> Tensor:
        """Weighted mean of the members."""
        return (self._means(E) * torch.tensor(self.weights)).sum(-1)

    def variance(self, E: Tensor) -> Tensor:
        """Variance of the mixture, calibrated."""
        own = torch.stack([m.variance(part) for m, part in zip(self.members, self._split(E), strict=True)], -1)
        return self.factor * ((own + self._off(E).square()) * torch.tensor(self.weights)).sum(-1)

    def covariance(self, A: Tensor, B: Tensor) -> Tensor:
        """The same between two points."""
        off = (self._off(A) * torch.tensor(self.weights)) @ self._off(B).transpose(-1, -2)
        for w, member, a, b in zip(self.weights, self.members, self._split(A), self._split(B), strict=True):
            if w > 0:
                off = off + w * member.covariance(a, b)
        return self.factor * off

    def _split(self, E: Tensor) -> tuple[Tensor, ...]:
        return torch.split(E, list(self.sizes), -1)

    def _means(self, E: Tensor) -> Tensor:
        return torch.stack([m.mean(part) for m, part in zip(self.members, self._split(E), strict=True)], -1)

    def _off(self, E: Tensor) -> Tensor:
        means = self._means(E)
        return means - (means * torch.tensor(self.weights)).sum(-1, keepdim=True)


def fit(
    members: Sequence[str],
    calibration: Method,
    seed: int,
    X: Array,
    Y: Array,
    names: Sequence[str],
    *,
    variance: Array | None,
    domain: Domain | None,
    start: State | None,
    tune: bool,
) -> FittedOutputs[Output]:
    """A stack of members by name for every column of Y (n, m); ValueError for data that cannot be learned from.

    seed: of the forest.
    """
    one = partial(single, tuple(members), calibration, seed)
    return fit_outputs("a stack", one, X, Y, names, variance=variance, domain=domain, start=start, tune=tune)


def single(
    labels: tuple[str, ...],
    calibration: Method,
    seed: int,
    data: Rows,
    domain: Domain | None,
    start: Mapping[str, object] | None,
) -> Output:
    """One output: fit the members of these names, weigh them, calibrate."""
    given = None if start is None else start.get("members")
    assert given is None or isinstance(given, Mapping)
    members = tuple(member(name, seed, data, domain, None if given is None else given[name]) for name in labels)
    left = np.hstack([m.unseen.mean for m in members])
    if start is None:
        weights = convex(left, data.y, data.weights) if len(data.y) > 4 and not data.constant else even(len(members))
    else:
        weights = weights_of(start, len(members))
    mean = left @ weights
    spread = (np.hstack([m.unseen.variance for m in members]) + (left - mean[:, None]) ** 2) @ weights
    # Rows left out were seen when hyperparameters and weights were chosen: their errors may widen, never narrow
    # (a rule chosen among four on five experimental pools, docs/benchmarks.md).
    scale = max(1.0, factor(data.y - mean, spread, "none" if data.constant else calibration))
    scale = scale if start is None else number(start, "factor")
    point = torch.tensor(data.X[:1])
    sizes = tuple(m.embed(point).shape[-1] for m in members)
    shares = ", ".join(f"{name} {w:.2f}" for name, w in zip(labels, weights, strict=True))
    notes = (CONSTANT,) if data.constant else (f"weights: {shares}", *clashes(members))
    unseen = Posterior(mean[:, None], scale * spread[:, None])
    return StackOutput(members, labels, tuple(map(float, weights)), sizes, scale, unseen, notes)


def clashes(members: Sequence[Output]) -> tuple[str, ...]:
    """The members' notes, each once."""
    return tuple(dict.fromkeys(note for m in members for note in m.notes))


def member(name: str, seed: int, data: Rows, domain: Domain | None, start: object) -> Output:
    """One member, fitted or restored."""
    y, variance = data.y[:, None], data.variance[:, None]
    state: State | None = None if start is None else {"outputs": [start]}
    tune = start is None
    if name == "gp":
        found = GaussianProcess(calibration="none").fit(
            data.X, y, variance=variance, domain=domain, start=state, tune=tune
        )
        return ProcessOutput(found.processes[0], found.notes)
    part = Forest(seed=seed) if name == "forest" else Polynomial()
    return part.fit(data.X, y, variance=variance, domain=domain, start=state, tune=tune).outputs[0]


def even(count: int) -> Array:
    """Equal weights (count,)."""
    return np.full(count, 1.0 / count)


def convex(left: Array, y: Array, weights: Array) -> Array:
    """Weights (k,), not negative and of sum one, of least squared error of predictions (n, k) left out against y (n,).

    Non-negative least squares (Breiman 1996, eq. 10) with the sum as a row that counts a thousandfold.
    """
    root = np.sqrt(weights)
    scale = float(np.sqrt((((left - y[:, None]) * root[:, None]) ** 2).sum(0).max()))
    if not scale > 0:
        return even(left.shape[1])
    design = np.vstack([root[:, None] * (left - y[:, None]) / scale, np.full((1, left.shape[1]), 1e3)])
    found, _ = nnls(design, np.concatenate([np.zeros(len(y)), [1e3]]))
    total: Array = found / found.sum()
    return total


def weights_of(start: Mapping[str, object], count: int) -> Array:
    """Weights of a state; ValueError when they are not one a member."""
    weights = start.get("weights")
    if not isinstance(weights, list | tuple) or len(weights) != count:
        raise ValueError(f"no state of such a stack: weights must be {count} numbers, not {weights!r}")
    return np.array([float(w) for w in weights])
