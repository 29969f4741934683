"""This file is the fitted convolutional surrogate: rows as sequences, networks trained, their disagreement calibrated.

Each network has not seen its fold; what it says there, beside how far the networks lie apart, calibrates the variance,
so that nothing is trained twice. A prediction is the mean of all networks and, for a decorated composition, of all its
decorations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from eutectic.surrogates.base import Array, Domain, Replicas, State
from eutectic.surrogates.calibration import Method
from eutectic.surrogates.neural.network import Effort, Shape, Weights, compositions, forward, train
from eutectic.surrogates.neural.training_data import Examples, indicators, ordered, sequences
from eutectic.surrogates.posteriors.ensemble import EnsembleOutput, Unseen, calibrated, untrained
from eutectic.surrogates.posteriors.outputs import FittedOutputs, Rows, fit_outputs
from eutectic.surrogates.scaling import Inputs, inputs

ROWS = 256
"""Rows that go through the networks at once."""


class Options(Protocol):
    """What a fit reads of the recipe; what each option means is said there."""

    @property
    def members(self) -> int:
        """Number of networks."""
        ...

    @property
    def channels(self) -> int:
        """Channels of embedding and convolution."""
        ...

    @property
    def kernel(self) -> int:
        """Sites a convolution sees, odd."""
        ...

    @property
    def depth(self) -> int:
        """Applications of the convolution."""
        ...

    @property
    def steps(self) -> int:
        """Training steps."""
        ...

    @property
    def batch(self) -> int:
        """Rows of a step."""
        ...

    @property
    def rate(self) -> float:
        """Largest learning rate."""
        ...

    @property
    def decay(self) -> float:
        """Weight decay."""
        ...

    @property
    def calibration(self) -> Method:
        """How errors of rows left out set variances right."""
        ...

    @property
    def seed(self) -> int:
        """Seed of weights, folds and batches."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """Rows of codes as sequences of indicators."""

    replicas: int
    length: int
    symbols: int

    def __call__(self, X: Tensor) -> Tensor:
        """(..., replicas, length, symbols) of codes X (..., replicas * length)."""
        codes = X.detach().round().long().reshape(*X.shape[:-1], self.replicas, self.length)
        return indicators(codes, self.symbols, torch.float64)

    def examples(self, data: Rows, told: Sequence[Replicas | None]) -> Examples:
        """What is learned from."""
        return sequences(data.X.reshape(-1, self.replicas, self.length), self.symbols, data, told)

    @property
    def site(self) -> tuple[int, int]:
        """Sites, and numbers each is given by."""
        return self.length, self.symbols

    def place(self, X: Tensor) -> Tensor:
        """Composition (..., symbols), scaled as half-widths of fractions from 0 to 1; with gradient zero."""
        shares = 2.0 * self(X).mean((-3, -2))
        return shares + 0.0 * X.sum(-1, keepdim=True) if X.requires_grad else shares

    @property
    def p(self) -> int:
        """Numbers in a place."""
        return self.symbols


@dataclass(frozen=True, slots=True, eq=False)
class Ordered:
    """Inputs in their order, categories as indicators, one number a site."""

    inputs: Inputs

    def __call__(self, X: Tensor) -> Tensor:
        """(..., 1, p, 1) of X (..., d)."""
        return self.inputs(X)[..., None, :, None]

    def examples(self, data: Rows, told: Sequence[Replicas | None]) -> Examples:
        """What is learned from."""
        del told  # of sequences
        return ordered(self.inputs(torch.tensor(data.X)), data)

    @property
    def site(self) -> tuple[int, int]:
        """Sites, and numbers each is given by."""
        return self.p, 1

    def place(self, X: Tensor) -> Tensor:
        """(..., p) half-widths of the domain."""
        return self.inputs(X)

    @property
    def p(self) -> int:
        """Numbers in a place."""
        return len(self.inputs.groups)


def seen(data: Rows, domain: Domain | None) -> Sites | Ordered:
    """How rows are seen; ValueError for sequences whose columns are not codes of one alphabet."""
    if domain is None or domain.sequence is None:
        return Ordered(inputs(data.X, domain))
    replicas, length = domain.sequence
    if replicas * length != data.X.shape[1] or len(domain.categorical) != data.X.shape[1] or np.ptp(domain.upper) > 0:
        raise ValueError(f"{replicas} sequences of {length} sites need as many columns, all codes of the same elements")
    return Sites(replicas, length, round(float(domain.upper[0])) + 1)


def fit(
    options: Options,
    replicas: Sequence[Replicas | None],
    X: Array,
    Y: Array,
    names: Sequence[str],
    *,
    variance: Array | None,
    domain: Domain | None,
    start: State | None,
    tune: bool,
) -> FittedOutputs[EnsembleOutput]:
    """Networks for every column of Y (n, m); ValueError for data that cannot be learned from.

    replicas: of each row what its value is the mean of, or none at all.
    """
    one = partial(single, options, replicas)
    return fit_outputs("a network", one, X, Y, names, variance=variance, domain=domain, start=start, tune=tune)


def single(
    options: Options,
    told: Sequence[Replicas | None],
    data: Rows,
    domain: Domain | None,
    start: Mapping[str, object] | None,
) -> EnsembleOutput:
    """One output: train the networks, look at the rows left out, calibrate."""
    encode = seen(data, domain)
    smooth = isinstance(encode, Ordered)
    n = len(data.y)
    if n < 5 or data.constant:
        return untrained(encode.place, encode.p, data, start, smooth)
    shift, scale = data.scaling
    shape = Shape(*encode.site, options.channels, options.kernel, options.depth, not smooth)
    rng = np.random.default_rng(options.seed)
    folds = np.array_split(rng.permutation(n), min(options.members, n))
    effort = Effort(options.steps, options.batch, options.rate, options.decay)
    weights = train(shape, encode.examples(data, told), folds, effort, rng)

    def embed(X: Tensor) -> Tensor:
        members = shift + scale * predictions(shape, weights, encode, X)
        mean = members.mean(-1, keepdim=True)
        return torch.cat([encode.place(X), members - mean, mean], -1)

    members = shift + scale * predictions(shape, weights, encode, torch.tensor(data.X)).numpy()
    own = np.empty(n)
    for k, fold in enumerate(folds):
        own[fold] = members[fold, k]
    left = Unseen(own, members.var(1))
    return calibrated(embed, encode.p, data, left, options.calibration, start, (), smooth)


def predictions(shape: Shape, weights: Weights, encode: Sites | Ordered, X: Tensor) -> Tensor:
    """(..., members), standardised, mean over the replicas of X (..., d)."""
    found = []
    for part in torch.split(X.reshape(-1, X.shape[-1]), ROWS):
        A = encode(part)
        C = compositions(shape, A).repeat_interleave(A.shape[1], 0)
        each = forward(shape, weights, A.flatten(0, 1)[None], C[None])
        found.append(each.reshape(each.shape[0], *A.shape[:2]).mean(-1).T)
    every = torch.cat(found)
    return every.reshape(*X.shape[:-1], every.shape[-1])
