"""This file is what is believed of every output at once: objectives, constraints, and whether an evaluation fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizers.base import Array, History, Space
from surrogates.base import Domain, FittedSurrogate, State, Surrogate


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The data of one output: rows X (n, d), values y (n,), noise variance (n,) with NaN where unknown."""

    X: Array
    y: Array
    variance: Array


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """One fitted surrogate an output: m objectives, c constraints, then failure (feasible below 0) if any failed."""

    outputs: tuple[FittedSurrogate, ...]
    m: int
    """Number of objectives."""
    constraints: int
    """Number of outcome constraints."""

    def moments(self, X: Array) -> tuple[Array, Array]:
        """Mean and standard deviation (n, m + c [+ 1]) of the noise-free outputs at X (n, d)."""
        posteriors = [output.posterior(X) for output in self.outputs]
        mean = np.concatenate([p.mean for p in posteriors], axis=1)
        return mean, np.concatenate([p.std for p in posteriors], axis=1)

    def feasibility(self, X: Array) -> Array:
        """Probability (n,), 0 to 1, that every constraint holds and the evaluation succeeds; outputs independent."""
        from scipy.special import ndtr

        chance = np.ones(len(X))
        for output in self.outputs[self.m :]:
            posterior = output.posterior(X)
            chance *= ndtr(-posterior.mean / posterior.std)[:, 0]
        return chance

    @property
    def state(self) -> State:
        """What the next fit may start from."""
        return {"belief": [dict(output.state) for output in self.outputs]}

    @property
    def notes(self) -> tuple[str, ...]:
        """Every output's notes, numbered from 1."""
        return tuple(f"output {j + 1}: {note}" for j, output in enumerate(self.outputs) for note in output.notes)


def domain(space: Space) -> Domain:
    """The box surrogates scale their inputs by; an element that may be absent starts at 0."""
    lower = np.array(space.lower, dtype=float)
    for mixture in space.mixtures:
        for member, or_zero in zip(mixture.members, mixture.or_zero, strict=True):
            lower[member] = 0.0 if or_zero else lower[member]
    codes = tuple(j for j, kind in enumerate(space.kinds) if kind == "categorical")
    return Domain(lower, np.array(space.upper, dtype=float), codes)


def columns(history: History) -> list[Column]:
    """The data of each output; the failure indicator (1 failed, -1 not) comes last where anything failed."""
    values = np.concatenate([history.signed, history.C], axis=1)
    noise = np.concatenate([history.noise, history.C_noise], axis=1)
    found = []
    for j in range(values.shape[1]):
        rows = np.isfinite(values[:, j]) & ~history.failed
        found.append(Column(history.X[rows], values[rows, j], noise[rows, j] ** 2))
    if history.failed.any():
        rows = history.failed | history.finished
        verdict = np.where(history.failed[rows], 1.0, -1.0)
        found.append(Column(history.X[rows], verdict, np.full(len(verdict), np.nan)))
    return found


def learn(space: Space, history: History, recipes: Sequence[Surrogate]) -> Belief:
    """Fit one recipe an output (m + c of them; the failure indicator gets a Gaussian process), from history.state."""
    data = columns(history)
    starts = history.state.get("belief")
    starts = starts if isinstance(starts, list) and len(starts) == len(data) else [None] * len(data)
    fitted = [
        recipe.fit(c.X, c.y[:, None], space.names, variance=c.variance[:, None], domain=domain(space), start=start)
        for recipe, c, start in zip(complete(recipes, history), data, starts, strict=True)
    ]
    return Belief(tuple(fitted), history.signed.shape[1], history.C.shape[1])


def complete(recipes: Sequence[Surrogate], history: History) -> list[Surrogate]:
    """One recipe an output, a Gaussian process where none is given; ValueError when their number fits nothing."""
    from surrogates.gp import GaussianProcess

    wanted = history.signed.shape[1] + history.C.shape[1]
    if len(recipes) not in (0, wanted):
        raise ValueError(f"{len(recipes)} surrogate recipes for {wanted} objectives and constraints: give one for each")
    failure: list[Surrogate] = [GaussianProcess()] if history.failed.any() else []
    return [*(recipes or [GaussianProcess()] * wanted), *failure]


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
