"""This file is the diagnostics of surrogates: every output predicted from observations that exclude it.

The miscalibration area is that of Tran et al. 2020 (doi 10.1088/2632-2153/ab7e1a, section 2.2) for central intervals,
as in the Uncertainty Toolbox (Chung et al. 2021, doi 10.48550/arXiv.2109.10254), integrated exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.models.belief import Column, columns, complete, domain
from eutectic.surrogates.abilities import leaving_out
from eutectic.surrogates.base import State, Surrogate
from eutectic.surrogates.crossvalidation import folds, predict

FOLDS = 10
"""Folds for a surrogate without leave-one-out predictions in closed form."""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One output predicted from all observations but its own."""

    observed: Array
    """(n,) output's unit."""
    mean: Array
    """(n,) output's unit."""
    std: Array
    """(n,) predicted standard deviation of the observation, output's unit."""
    notes: tuple[str, ...] = ()
    """What the fitted surrogate says of itself."""

    @property
    def metrics(self) -> dict[str, float]:
        """Number of observations; errors, output's unit; how sure the mean is beaten; how true the intervals are.

        n, rmse, mae (output's unit), r2, spearman (dimensionless), nlpd (nats, normal), coverage_50 and coverage_95
        (shares of observations in their intervals), miscalibration_area (0 perfect, 0.5 worst), p_mean (probability of
        such a gain over predicting the mean by chance).
        """
        error = self.observed - self.mean
        total = float(((self.observed - self.observed.mean()) ** 2).sum())
        std = np.maximum(self.std, 1e-12 * max(float(np.abs(self.observed).max(initial=0.0)), 1e-300))
        within = central(error / std)
        return {
            "n": float(len(error)),
            "rmse": float(np.sqrt((error**2).mean())),
            "mae": float(np.abs(error).mean()),
            "r2": 1 - float((error**2).sum()) / total if total > 0 else float("nan"),
            "spearman": rank_correlation(self.observed, self.mean),
            "nlpd": float((0.5 * np.log(2 * np.pi * std**2) + 0.5 * (error / std) ** 2).mean()),
            "coverage_50": float((within <= 0.5).mean()),
            "coverage_95": float((within <= 0.95).mean()),
            "miscalibration_area": miscalibration(within),
            "p_mean": chance_of_gain(self.observed, error),
        }


def central(z: Array) -> Array:
    """(n,) share of a standard normal's central interval that just holds each z (n,)."""
    from scipy.special import erf

    share: Array = erf(np.abs(z) / np.sqrt(2))
    return share


def miscalibration(within: Array) -> float:
    """Area between the share of observations in a central interval and the share expected, over all intervals.

    within: (n,) share expected in the interval that just holds each observation. Their empirical distribution is
    constant between them, so that the integral of its distance from the diagonal is a sum of triangles.
    """
    edges = np.concatenate([[0.0], np.sort(within), [1.0]])
    level = np.arange(len(edges) - 1) / max(1, len(within))
    low, high = level - edges[:-1], level - edges[1:]
    return float((0.5 * (low * np.abs(low) - high * np.abs(high))).sum())


def chance_of_gain(observed: Array, error: Array) -> float:
    """One-sided p-value that squared errors (n,) are no smaller than those of the others' mean (paired t-test)."""
    from scipy.special import stdtr

    n = len(observed)
    if n < 3:
        return float("nan")
    gain = ((observed - observed.mean()) * n / (n - 1)) ** 2 - error**2
    spread = float(gain.std(ddof=1)) / np.sqrt(n)
    return float(stdtr(n - 1, -gain.mean() / spread)) if spread > 0 else float("nan")


def rank_correlation(a: Array, b: Array) -> float:
    """Spearman's rank correlation of a (n,) and b (n,); NaN when one is constant."""
    from scipy.stats import rankdata

    ranks = [rankdata(a), rankdata(b)]
    if min(float(np.ptp(r)) for r in ranks) == 0:
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def doubts(metrics: Mapping[str, float]) -> dict[str, str]:
    """What is wrong with a surrogate of such metrics: kind -> sentence; empty where nothing is known to be.

    `mean`: it predicts no better than the mean, or is not shown to (p_mean above 5 %). `narrow`, `wide`: so many or so
    few observations outside their intervals have a chance below 1 % each, were the intervals true (binomial).
    """
    found = {}
    n, r2, p = (metrics.get(key, float("nan")) for key in ("n", "r2", "p_mean"))
    if r2 <= 0:
        found["mean"] = f"predicts no better than the mean (R² {r2:.2f})"
    elif p > 0.05:
        found["mean"] = f"is not shown to predict better than the mean yet (p = {p:.2f} from {n:.0f} values)"
    for level in (95, 50):
        share = metrics.get(f"coverage_{level}", float("nan"))
        kind = misses(share, n, level / 100)
        if kind:
            found.setdefault(
                kind, f"has too {kind} intervals: {100 * share:.0f} % of {n:.0f} values in the {level} % ones"
            )
    return found


def misses(share: float, n: float, level: float) -> str:
    """`narrow` or `wide` where intervals of a level hold a share of n values that has a chance below 1 %, else ``."""
    from scipy.special import bdtr, bdtrc

    if not (np.isfinite(share) and n > 0):
        return ""
    inside = round(share * n)
    if bdtr(inside, int(n), level) < 0.01:
        return "narrow"
    return "wide" if inside > 0 and bdtrc(inside - 1, int(n), level) < 0.01 else ""


def crossvalidate(
    history: History, space: Space, recipes: Sequence[Surrogate] = (), state: Mapping[str, object] | None = None
) -> list[Check]:
    """Every objective and constraint (m + c) predicted leave-one-out with hyperparameters tuned once on all.

    state: hyperparameters to use instead (`Proposals.state` or `Belief.state`); tuning starts from `history.state`. A
    surrogate that has no closed form (`leave_one_out`) is refitted in ten folds from its own state without tuning.
    """
    data = columns(history)[: history.signed.shape[1] + history.C.shape[1]]
    given = (history.state if state is None else state).get("belief")
    starts = given if isinstance(given, list) and len(given) >= len(data) else [None] * len(data)
    return [
        check(recipe, column, space, start, tune=state is None or start is None)
        for recipe, column, start in zip(complete(recipes, history), data, starts, strict=False)
    ]


def check(recipe: Surrogate, column: Column, space: Space, start: State | None, tune: bool) -> Check:
    """One output; needs at least three observations, NaN below."""
    n = len(column.y)
    if n < 3:
        return Check(column.y, np.full(n, np.nan), np.full(n, np.nan))
    Y, variance, box = column.y[:, None], column.variance[:, None], domain(space)
    fitted = recipe.fit(column.X, Y, space.names, variance=variance, domain=box, start=start, tune=tune)
    known = leaving_out(fitted)
    if known is not None:
        left = known.leave_one_out()
    else:
        fold, kept = folds(column.X, min(n, FOLDS)), fitted.state
        left = predict(recipe, column.X, Y, fold, space.names, variance=variance, domain=box, state=kept)
    return Check(column.y, left.mean[:, 0], left.std[:, 0], tuple(fitted.notes))
