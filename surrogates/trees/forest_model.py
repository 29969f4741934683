"""This file is the fitted forest: trees from scikit-learn, their spread calibrated, covariances from shared leaves.

Random forests: Breiman 2001, doi 10.1023/A:1010933404324. Extremely randomised trees: Geurts, Ernst and Wehenkel 2006,
doi 10.1007/s10994-006-6226-1, grown on bootstrap samples here, so that every row is out of some trees' bags. Two
points' errors are related as far as the trees are: by the covariance of the trees' predictions and, for the part that
all trees share, by the share of trees in which both lie in one leaf, a positive definite kernel (Scornet 2016,
doi 10.1109/TIT.2016.2514489).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from eutectic.surrogates.base import Array, Domain, Posterior, State
from eutectic.surrogates.calibration import Calibration, Method, recalibrated, restored
from eutectic.surrogates.posteriors.outputs import CONSTANT, FittedOutputs, Rows, fit_outputs
from eutectic.surrogates.scaling import Inputs, inputs


class Options(Protocol):
    """What a fit reads of the recipe; what each option means is said there."""

    @property
    def trees(self) -> int:
        """Number of trees."""
        ...

    @property
    def kind(self) -> str:
        """`extra` or `random`."""
        ...

    @property
    def features(self) -> float:
        """Share of the inputs a split may choose among, above 0 to 1."""
        ...

    @property
    def least_leaf(self) -> int:
        """Fewest rows in a leaf."""
        ...

    @property
    def calibration(self) -> Method:
        """How the spread of the trees becomes a variance."""
        ...

    @property
    def seed(self) -> int:
        """Seed of the trees."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ForestOutput:
    """One output."""

    inputs: Inputs
    trees: tuple[Any, ...]
    """scikit-learn's `Tree` objects."""
    leaves: Array
    """(trees, nodes) prediction of every node, output's unit."""
    calibration: Calibration
    """With observation noise in its floor."""
    floor: float
    """Variance where all trees agree, output's unit squared, known noise taken out."""
    noise: float
    """Known noise variance, output's unit squared; 0 where unknown."""
    unseen: Posterior
    """Out-of-bag predictions (n, 1), noise included."""
    notes: tuple[str, ...]

    @property
    def differentiable(self) -> bool:
        """No: trees are constant between their thresholds."""
        return False

    @property
    def state(self) -> dict[str, object]:
        """The calibration; trees follow from seed and data."""
        return self.calibration.state

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Prediction and leaf number (n, trees) at X (n, d)."""
        columns = self.inputs.columns(X).astype(np.float32)
        leaf = np.stack([tree.apply(columns) for tree in self.trees], 1)
        return self.leaves[np.arange(len(self.trees)), leaf], leaf.astype(float)

    def embed(self, X: Tensor) -> Tensor:
        """Predictions, then leaves (..., 2 trees), with gradient zero."""
        values, leaf = self.predict(X.detach().reshape(-1, X.shape[-1]).numpy())
        E = torch.tensor(np.hstack([values, leaf])).reshape(*X.shape[:-1], 2 * len(self.trees))
        return E + 0.0 * X.sum(-1, keepdim=True) if X.requires_grad else E

    def mean(self, E: Tensor) -> Tensor:
        """Mean of the trees."""
        return E[..., : len(self.trees)].mean(-1)

    def variance(self, E: Tensor) -> Tensor:
        """Variance between the trees times scale, plus floor."""
        return self.calibration.scale * self._off(E).square().mean(-1) + self.floor

    def covariance(self, A: Tensor, B: Tensor) -> Tensor:
        """Covariance between the trees times scale, plus floor times share of common leaves."""
        T = len(self.trees)
        between = self._off(A) @ self._off(B).transpose(-1, -2) / T
        common = torch.zeros_like(between)
        for t in range(T, 2 * T):
            common += A[..., :, None, t] == B[..., None, :, t]
        return self.calibration.scale * between + self.floor * common / T

    def _off(self, E: Tensor) -> Tensor:
        values = E[..., : len(self.trees)]
        return values - values.mean(-1, keepdim=True)


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
) -> FittedOutputs[ForestOutput]:
    """A forest for every column of Y (n, m); ValueError for data that cannot be learned from."""
    one = partial(single, options)
    return fit_outputs("a forest", one, X, Y, names, variance=variance, domain=domain, start=start, tune=tune)


def single(options: Options, data: Rows, domain: Domain | None, start: Mapping[str, object] | None) -> ForestOutput:
    """One output: grow, look at the rows out of bag, calibrate."""
    encoded = inputs(data.X, domain)
    forest = grown(options, encoded.columns(data.X), data)
    trees = tuple(e.tree_ for e in forest.estimators_)
    leaves, (shift, scale) = np.zeros((len(trees), max(tree.node_count for tree in trees))), data.scaling
    for t, tree in enumerate(trees):
        leaves[t, : tree.node_count] = shift + scale * tree.value[:, 0, 0]
    columns = encoded.columns(data.X).astype(np.float32)
    values = np.stack([leaves[t, tree.apply(columns)] for t, tree in enumerate(trees)])
    mean, spread, out = out_of_bag(values, forest.estimators_samples_, data.y)
    found = recalibrated((data.y - mean)[out], spread[out], options.calibration) if start is None else restored(start)
    least = data.scaling[1] ** 2 if data.constant else 1e-6 * float(data.y.var())
    variance = np.maximum(found.variance(spread), least)
    notes = (CONSTANT,) if data.constant else ()
    unseen = Posterior(mean[:, None], variance[:, None])
    floor = found.noise_free_floor(data.noise, least)
    return ForestOutput(encoded, trees, leaves, found, floor, data.noise, unseen, notes)


def grown(options: Options, columns: Array, data: Rows) -> Any:
    """The scikit-learn forest of columns (n, p) and standardised values, rows weighted by how well they are known."""
    from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

    forest = (ExtraTreesRegressor if options.kind == "extra" else RandomForestRegressor)(
        n_estimators=options.trees,
        max_features=options.features,
        min_samples_leaf=options.least_leaf,
        bootstrap=True,
        n_jobs=1,
        random_state=options.seed,
    )
    weights, (shift, scale) = data.weights, data.scaling  # standardised: impurities below 2e-16 end a tree
    return forest.fit(columns, (data.y - shift) / scale, None if np.ptp(weights) == 0 else weights)


def out_of_bag(values: Array, samples: Any, y: Array) -> tuple[Array, Array, Array]:
    """Mean and variance (n,) of the trees that have not seen a row, and whether (n,) there are two or more.

    values: (trees, n) predictions; samples: rows of each tree. Elsewhere the mean of y and the variance of all trees.
    """
    away = np.ones(values.shape, dtype=bool)
    for t, rows_of_tree in enumerate(samples):
        away[t, rows_of_tree] = False
    count = away.sum(0)
    out = count > 1
    share = np.where(out, 1.0 / np.maximum(count, 1), 0.0)
    mean = np.where(out, (values * away).sum(0) * share, y.mean())
    spread = np.where(out, ((values - mean) ** 2 * away).sum(0) * share, values.var(0))
    return mean, spread, out
