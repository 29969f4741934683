"""This file is the case study's stack: SGD, multilayer perceptron and Bayesian ridge regression under a perceptron.

Wang et al., npj Comput. Mater. 2025, doi 10.1038/s41524-025-01600-x: scikit-learn's `StackingRegressor` with default
options. The paper's predictions have no uncertainty. Here it is the calibrated disagreement of the three models plus a
floor, both from cross-validated errors, with errors alike within a quarter of the domain.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eutectic.surrogates.base import Array, Domain, Output, State
from eutectic.surrogates.calibration import Method
from eutectic.surrogates.posteriors.ensemble import Unseen, calibrated, untrained
from eutectic.surrogates.posteriors.outputs import FittedOutputs, Rows, fit_outputs
from eutectic.surrogates.scaling import Inputs, inputs

Layers = tuple[tuple[Tensor, Tensor], ...]
"""Weight (inputs, outputs) and bias (outputs,) of each layer."""


class Options(Protocol):
    """What a fit reads of the recipe; what each option means is said there."""

    @property
    def calibration(self) -> Method:
        """How cross-validation errors set variances right."""
        ...

    @property
    def folds(self) -> int:
        """Folds of the cross-validation."""
        ...

    @property
    def iterations(self) -> int:
        """Most passes over the data of a perceptron."""
        ...

    @property
    def seed(self) -> int:
        """Seed of folds and perceptrons."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The trained models."""

    inputs: Inputs
    base: tuple[Layers, ...]
    """Layers of each of the three models."""
    head: Layers
    """Layers of the perceptron above them."""
    shift: float
    """Output's unit."""
    scale: float
    """Output's unit."""

    def __call__(self, X: Tensor) -> Tensor:
        """Scaled inputs, deviations of the three models from their mean (output's unit), prediction (output's unit)."""
        Z = self.inputs(X)
        parts = torch.cat([forward(layers, Z) for layers in self.base], -1)
        off = self.scale * (parts - parts.mean(-1, keepdim=True))
        return torch.cat([Z, off, self.shift + self.scale * forward(self.head, parts)], -1)


def forward(layers: Layers, Z: Tensor) -> Tensor:
    """Output (..., 1) of layers with rectified linear units between them."""
    for i, (weight, bias) in enumerate(layers):
        Z = Z @ weight + bias
        Z = torch.relu(Z) if i + 1 < len(layers) else Z
    return Z


def fit(
    options: Options,
    X: Array,
    Y: Array,
    names: Sequence[str],
    *,
    variance: Array | None,
    domain: Domain | None,
    start: State | None,
    tune: bool,
) -> FittedOutputs[Output]:
    """The published stack for every column of Y (n, m); ValueError for data that cannot be learned from."""
    one = partial(single, options)
    return fit_outputs("a stack", one, X, Y, names, variance=variance, domain=domain, start=start, tune=tune)


def single(options: Options, data: Rows, domain: Domain | None, start: Mapping[str, object] | None) -> Output:
    """One output: three models and, on what they say of rows left out, the one above them."""
    encoded = inputs(data.X, domain)
    shift, scale = data.scaling
    n = len(data.y)
    if n < 5 or data.constant:
        return untrained(encoded, len(encoded.groups), data, start)
    Z, y, weights = encoded.columns(data.X), (data.y - shift) / scale, data.weights
    fold = np.random.default_rng(options.seed).permutation(n) % min(options.folds, n)
    left, own = np.empty((n, 3)), np.empty(n)
    said: set[str] = set()
    for k in range(fold.max() + 1):
        models = trained(options, Z[fold != k], y[fold != k], weights[fold != k], said)
        left[fold == k] = np.column_stack([m.predict(Z[fold == k]) for m in models])
    for k in range(fold.max() + 1):
        own[fold == k] = perceptron(options, left[fold != k], y[fold != k], said).predict(left[fold == k])
    head = perceptron(options, left, y, said)
    base = tuple(layers(m) for m in trained(options, Z, y, weights, said))
    if np.ptp(weights) > 0:
        said.add("noise variances weigh SGD and Bayesian ridge regression; the perceptrons know no weights")
    stack = Stack(encoded, base, layers(head), shift, scale)
    unseen = Unseen(shift + scale * own, scale**2 * left.var(1))
    return calibrated(stack, len(encoded.groups), data, unseen, options.calibration, start, tuple(sorted(said)))


def trained(options: Options, Z: Array, y: Array, weights: Array, said: set[str]) -> tuple[Any, Any, Any]:
    """The three models of columns Z (n, p) and standardised outputs y (n,)."""
    from sklearn.linear_model import BayesianRidge, SGDRegressor

    sgd = SGDRegressor(random_state=options.seed).fit(Z, y, sample_weight=weights)
    ridge = BayesianRidge().fit(Z, y, sample_weight=weights)
    return sgd, perceptron(options, Z, y, said), ridge


def perceptron(options: Options, Z: Array, y: Array, said: set[str]) -> Any:
    """One hidden layer of 100 rectified linear units, trained by Adam (scikit-learn's defaults)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    model = MLPRegressor(max_iter=options.iterations, random_state=options.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(Z, y)
    if model.n_iter_ >= options.iterations:
        said.add(f"a perceptron was stopped after {options.iterations} passes (`iterations`)")
    return model


def layers(model: Any) -> Layers:
    """Weights and biases of a linear model or a perceptron."""
    if hasattr(model, "coefs_"):
        pairs = zip(model.coefs_, model.intercepts_, strict=True)
        return tuple((torch.tensor(w, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)) for w, b in pairs)
    bias: NDArray[np.float64] = np.reshape(model.intercept_, 1)
    return ((torch.tensor(model.coef_, dtype=torch.float64)[:, None], torch.tensor(bias, dtype=torch.float64)),)
