"""This file is a fitted surrogate made of outputs that know their mean and covariance, and what all of them share.

An output turns a point into an embedding, once, and mean, variance and covariances are cheap functions of embeddings.
So the acquisition embeds the points it is measured from a single time, and one BoTorch model serves every such output.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from botorch.models.model import Model
from torch import Tensor

from eutectic.surrogates import showing
from eutectic.surrogates.base import Array, Domain, Output, Posterior, State
from eutectic.surrogates.posteriors.botorch_model import model
from eutectic.surrogates.posteriors.joint_moments import JointMoments
from eutectic.surrogates.scaling import ROUNDING
from eutectic.surrogates.validation import checked, columns_of, known_variance

CHUNK = 4096
"""Rows predicted at once."""


O = TypeVar("O", bound=Output)  # noqa: E741


@dataclass(frozen=True, slots=True, eq=False)
class FittedOutputs(Generic[O]):
    """m independent outputs over the same inputs."""

    outputs: tuple[O, ...]
    names: tuple[str, ...]

    def __repr__(self) -> str:
        """One line: what it predicts of what."""
        return showing.line(self, len(self.outputs), self.names)

    def _repr_html_(self) -> str:
        """The same in a notebook, with its notes."""
        return showing.table(self, len(self.outputs), self.names, self.notes)

    @property
    def state(self) -> State:
        """Hyperparameters of every output."""
        return {"outputs": [dict(output.state) for output in self.outputs]}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the fit."""
        if len(self.outputs) == 1:
            return self.outputs[0].notes
        return tuple(f"output {j + 1}: {note}" for j, output in enumerate(self.outputs) for note in output.notes)

    @property
    def differentiable(self) -> bool:
        """Whether gradients lead anywhere; a search that is told no moves to neighbours instead."""
        return all(output.differentiable for output in self.outputs)

    @property
    def model(self) -> Model:
        """The same posterior as a BoTorch model."""
        return model(self.outputs)

    def posterior(self, X: Array) -> Posterior:
        """Predict the m outputs at X (n, d)."""
        X = columns_of(X, self.names)
        with torch.no_grad():
            parts = [moments(output, torch.tensor(X)) for output in self.outputs]
        mean, variance = (torch.stack(list(part), -1).numpy() for part in zip(*parts, strict=True))
        return Posterior(mean, variance)

    @property
    def noise(self) -> Array:
        """(m,) variance of an observation that the posterior leaves out."""
        return np.array([output.noise for output in self.outputs])

    @property
    def embedded(self) -> tuple[O, ...]:
        """The outputs with their embeddings."""
        return self.outputs

    def leave_one_out(self) -> Posterior:
        """Each training row predicted without it (n, m); the variance includes its noise."""
        parts = [output.unseen for output in self.outputs]
        return Posterior(np.hstack([p.mean for p in parts]), np.hstack([p.variance for p in parts]))

    def joint_moments(self, fixed: Tensor) -> JointMoments:
        """X (r, d) -> mean (r,), variance (r,) of the first output and covariance (r, b) with fixed points (b, d)."""
        output = self.outputs[0]
        there = output.embed(fixed)

        def joint(X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            here = output.embed(X)
            return output.mean(here), output.variance(here), output.covariance(here, there)

        return joint


def moments(output: Output, X: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance (n,) at X (n, d), in pieces."""
    parts = []
    for rows in torch.split(X, CHUNK):
        E = output.embed(rows)
        parts.append((output.mean(E), output.variance(E)))
    return torch.cat([mean for mean, _ in parts]), torch.cat([variance for _, variance in parts])


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Checked training data of one output."""

    X: Array
    """(n, d)."""
    y: Array
    """(n,)."""
    variance: Array
    """(n,) known noise variance, NaN where unknown, output's unit squared."""

    @property
    def weights(self) -> Array:
        """(n,) mean 1: the inverse of noise variances each moved half-way to their median, as they are uncertain."""
        known = np.isfinite(self.variance)
        if not known.any() or not np.median(self.variance[known]) > 0:
            return np.ones(len(self.y))
        middle = float(np.median(self.variance[known]))
        weights = 1.0 / (0.5 * middle + 0.5 * np.where(known, self.variance, middle))
        out: Array = weights / weights.mean()
        return out

    @property
    def noise(self) -> float:
        """Mean known noise variance, output's unit squared; 0 where none is known."""
        known = np.isfinite(self.variance)
        return float(self.variance[known].mean()) if known.any() else 0.0

    @property
    def scaling(self) -> tuple[float, float]:
        """Mean and standard deviation of y, its unit; its size for the latter where it is constant, 1 where it is 0."""
        shift, size = float(self.y.mean()), float(np.abs(self.y).max())
        return shift, size or 1.0 if self.constant else float(self.y.std())

    @property
    def constant(self) -> bool:
        """No variation of y beyond rounding."""
        return not float(self.y.std()) > ROUNDING * float(np.abs(self.y).max())


CONSTANT = "constant output: nothing to learn from it yet"
"""The note of a fit to an output without variation."""


def rows(
    what: str, X: Array, Y: Array, names: Sequence[str], variance: Array | None, domain: Domain | None = None
) -> tuple[list[Rows], tuple[str, ...]]:
    """The data of each output and the input names; ValueError for shapes that clash or values that are not finite."""
    X, Y, names = checked(what, X, Y, names, domain)
    known = known_variance(variance, Y)
    return [Rows(X, Y[:, j], known[:, j]) for j in range(Y.shape[1])], names


def earlier(start: State | None, m: int, tune: bool) -> list[Mapping[str, object] | None]:
    """The state of each output to restore, None where it is to be found; ValueError when there is none to restore."""
    if tune:
        return [None] * m
    outputs = (start or {}).get("outputs")
    if not isinstance(outputs, list | tuple) or len(outputs) != m:
        raise ValueError("tune=False needs the `state` of an earlier fit with as many outputs as start")
    return list(outputs)


Single = Callable[[Rows, Domain | None, Mapping[str, object] | None], O]
"""Fits one output to its data in a domain, from the state to restore or None."""


def fit_outputs(
    what: str,
    single: Single[O],
    X: Array,
    Y: Array,
    names: Sequence[str],
    *,
    variance: Array | None,
    domain: Domain | None,
    start: State | None,
    tune: bool,
) -> FittedOutputs[O]:
    """Fit every column of Y (n, m) or (n,) by itself; ValueError for data that cannot be learned from."""
    data, names = rows(what, X, Y, names, variance, domain)
    starts = earlier(start, len(data), tune)
    return FittedOutputs(tuple(single(d, domain, s) for d, s in zip(data, starts, strict=True)), names)
