"""This file is the diagnostics of surrogates: every output predicted from observations that exclude it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizers.base import Array, History, Space
from optimizers.belief import Column, columns, complete, domain
from surrogates.base import State, Surrogate


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One output predicted from all observations but its own."""

    observed: Array
    """(n,) output's unit."""
    mean: Array
    """(n,) output's unit."""
    std: Array
    """(n,) predicted standard deviation of the observation, output's unit."""

    @property
    def metrics(self) -> dict[str, float]:
        """Errors rmse and mae (output's unit), r2, spearman, nlpd (nats), coverage_95 (share in 95 % intervals)."""
        error = self.observed - self.mean
        total = float(((self.observed - self.observed.mean()) ** 2).sum())
        std = np.maximum(self.std, 1e-12)
        return {
            "rmse": float(np.sqrt((error**2).mean())),
            "mae": float(np.abs(error).mean()),
            "r2": 1 - float((error**2).sum()) / total if total > 0 else float("nan"),
            "spearman": rank_correlation(self.observed, self.mean),
            "nlpd": float((0.5 * np.log(2 * np.pi * std**2) + 0.5 * (error / std) ** 2).mean()),
            "coverage_95": float((np.abs(error) <= 1.959964 * std).mean()),
        }


def rank_correlation(a: Array, b: Array) -> float:
    """Spearman's rank correlation of a (n,) and b (n,); NaN when one is constant."""
    from scipy.stats import rankdata

    ranks = [rankdata(a), rankdata(b)]
    if min(float(np.ptp(r)) for r in ranks) == 0:
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def crossvalidate(
    history: History, space: Space, recipes: Sequence[Surrogate] = (), state: Mapping[str, object] | None = None
) -> list[Check]:
    """Every objective and constraint (m + c) predicted leave-one-out with hyperparameters tuned once on all.

    state: hyperparameters to use instead (`Proposals.state` or `Belief.state`). A surrogate that has no closed form
    (`leave_one_out`) is refitted in ten folds from its own state without tuning.
    """
    checks = []
    data = columns(history)[: history.signed.shape[1] + history.C.shape[1]]
    given = (state or {}).get("belief")
    starts = given if isinstance(given, list) and len(given) >= len(data) else [None] * len(data)
    for recipe, column, start in zip(complete(recipes, history), data, starts, strict=False):
        checks.append(check(recipe, column, space, start))
    return checks


def check(recipe: Surrogate, column: Column, space: Space, start: State | None) -> Check:
    """One output; needs at least three observations, NaN below."""
    n = len(column.y)
    if n < 3:
        return Check(column.y, np.full(n, np.nan), np.full(n, np.nan))
    Y, variance, box = column.y[:, None], column.variance[:, None], domain(space)
    fitted = recipe.fit(column.X, Y, space.names, variance=variance, domain=box, start=start, tune=start is None)
    if hasattr(fitted, "leave_one_out"):
        posterior = fitted.leave_one_out()
        return Check(column.y, posterior.mean[:, 0], posterior.std[:, 0])
    mean, std = np.empty(n), np.empty(n)
    for fold in np.array_split(np.arange(n), min(n, 10)):
        rest = np.setdiff1d(np.arange(n), fold)
        part = recipe.fit(
            column.X[rest],
            Y[rest],
            space.names,
            variance=variance[rest],
            domain=box,
            start=fitted.state,
            tune=False,
        )
        posterior = part.posterior(column.X[fold])
        mean[fold], std[fold] = posterior.mean[:, 0], posterior.std[:, 0]
    return Check(column.y, mean, std)
