"""This file is one fitted regression output of SISSO: rungs and terms chosen, formula, ensemble, calibration.

Where cross-validation chooses, it is by the one-standard-error rule. The ensemble behind the uncertainty is a bootstrap
of rows with dropout of primary features: Nair, Foppa and Scheffler, npj Comput. Mater. (2025), doi
10.1038/s41524-025-01596-4. How far the members lie from the formula says where it is unsure; what that is worth, and
the error they share, follow from rows they have not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eutectic.surrogates.base import Array, Posterior
from eutectic.surrogates.calibration import Calibration, Method, recalibrated
from eutectic.surrogates.sisso.equation import Equation, solve, trees_of
from eutectic.surrogates.sisso.features import Ints, Tree
from eutectic.surrogates.sisso.search import Data, Effort, search


class Options(Effort, Protocol):
    """What a fit reads of the recipe, where each option is explained."""

    @property
    def rungs(self) -> int:
        """How often operators are applied."""
        ...

    @property
    def terms(self) -> int:
        """Most terms."""
        ...

    @property
    def members(self) -> int:
        """Models in the ensemble."""
        ...

    @property
    def dropout(self) -> float:
        """Share of primary features left out of a member."""
        ...

    @property
    def calibration(self) -> Method:
        """How the members' spread becomes a variance."""
        ...

    @property
    def folds(self) -> int:
        """Folds of the cross-validation that chooses, 0: none."""
        ...

    @property
    def seed(self) -> int:
        """Seed of ensemble and folds."""
        ...


def folds_of(options: Options, n: int) -> list[Ints]:
    """Held-out rows of each fold, drawn from the seed."""
    rows = np.random.default_rng([options.seed, n]).permutation(n)
    return [np.sort(part) for part in np.array_split(rows, min(options.folds, n))]


def held_out(options: Options, data: Data, rungs: int, terms: int) -> Array:
    """Squared errors (terms + 1, n) of 0, 1, ..., terms terms at rows their search has not seen; output's unit squared.

    Where a formula is undefined its prediction is the mean of the rows it was learned from.
    """
    errors = np.zeros((terms + 1, len(data.y)))
    for fold in folds_of(options, len(data.y)):
        rest = data.take(np.setdiff1d(np.arange(len(data.y)), fold))
        path = search(options, rest, rungs, terms)
        for k in range(terms + 1):
            equation = solve(path.best(k), rest.X, rest.y, rest.tasks)
            predicted = equation.predict(data.X[fold], data.task[fold])
            predicted = np.where(np.isfinite(predicted), predicted, rest.y.mean())
            errors[k, fold] = (data.y[fold] - predicted) ** 2
    return errors


def simplest(errors: Sequence[Array]) -> int:
    """Of choices with errors (n,) at rows held out, simplest choice first: the first within reach of the best.

    One-standard-error rule: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), section 7.10.
    """
    best = min(errors, key=lambda each: float(each.mean()))
    reach = float(best.mean() + best.std(ddof=1) / np.sqrt(len(best)))
    return next(i for i, each in enumerate(errors) if each.mean() <= reach)


def choose(options: Options, data: Data, terms: int) -> tuple[int, int, list[str]]:
    """Rungs and terms, with a note: the simplest whose error is within one standard error of the best's."""
    tried = [
        ((rungs, k), errors)
        for rungs in range(options.rungs + 1)
        for k, errors in enumerate(held_out(options, data, rungs, terms))
        if k > 0 or rungs == 0
    ]
    tried.sort(key=lambda item: (item[0][1], item[0][0]))
    (rungs, k), errors = tried[simplest([errors for _, errors in tried])]
    rmse = float(np.sqrt(errors.mean()))
    count = len(folds_of(options, len(data.y)))
    return rungs, k, [f"{count}-fold cross-validation chose rung {rungs} and {k} terms: error {rmse:.4g} (RMSE)"]


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """Equations fitted to resampled rows and features."""

    equations: tuple[Equation, ...]
    unseen: NDArray[np.bool_]
    """(K, n): is the row outside the member's sample?"""

    def predict(self, X: Array, task: Ints, otherwise: float) -> Array:
        """(K, n) predictions at X (n, d); `otherwise` where a member's formula is undefined."""
        values = np.array([equation.predict(X, task) for equation in self.equations]).reshape(-1, len(X))
        out: Array = np.where(np.isfinite(values), values, otherwise)
        return out


def draw(options: Options, data: Data, member: int) -> tuple[Ints, tuple[int, ...]]:
    """A member's rows (with repeats, each task by itself) and primary features."""
    rng = np.random.default_rng([options.seed, member])
    rows = np.concatenate([rng.choice(rows, len(rows)) for rows in data.tasks if len(rows)])
    d = len(data.columns)
    count = max(min(2, d), round((1 - options.dropout) * d))
    kept = np.sort(rng.choice(data.columns, count, replace=False)) if d else np.array([], dtype=int)
    return rows, tuple(int(j) for j in kept)


def assemble(
    options: Options, data: Data, rungs: int, terms: int, structures: Sequence[tuple[Tree, ...]] | None
) -> Ensemble:
    """Every member searched for, or solved for the given structures."""
    count = options.members if structures is None else len(structures)
    equations, unseen = [], np.ones((count, len(data.y)), dtype=np.bool_)
    for member in range(count):
        rows, columns = draw(options, data, member)
        part = data.take(rows, columns)
        unseen[member, rows] = False
        trees = search(options, part, rungs, terms).best(terms) if structures is None else structures[member]
        equations.append(solve(trees, part.X, part.y, part.tasks))
    return Ensemble(tuple(equations), unseen)


def unseen_errors(equation: Equation, ensemble: Ensemble, data: Data) -> tuple[Array, Array]:
    """Prediction (n,) of each row without it and the mean square deviation (n,) of the members that have not seen it.

    The prediction is these members' median; the formula's own leave-one-out prediction where there are none.
    """
    alone = leave_one_out(equation, data)
    values = ensemble.predict(data.X, data.task, float(data.y.mean()))
    inside = equation.predict(data.X, data.task)
    inside = np.where(np.isfinite(inside), inside, data.y.mean())
    mean, deviation = alone.copy(), np.zeros(len(data.y))
    for i in np.flatnonzero(ensemble.unseen.any(0)):
        said = values[ensemble.unseen[:, i], i]
        mean[i], deviation[i] = np.median(said), ((said - inside[i]) ** 2).mean()
    return mean, deviation


def leave_one_out(equation: Equation, data: Data) -> Array:
    """(n,) each row predicted by the slopes of the others, structure kept: y - e / (1 - leverage)."""
    predicted = equation.predict(data.X, data.task)
    predicted = np.where(np.isfinite(predicted), predicted, data.y.mean())
    terms = np.nan_to_num(equation.terms(data.X), nan=0.0)
    out = np.empty(len(data.y))
    for rows in data.tasks:
        part = terms[:, rows] - terms[:, rows].mean(1, keepdims=True) if len(rows) else terms[:, rows]
        part = part / np.maximum(np.abs(part).max(1, keepdims=True, initial=0.0), 1e-300)
        design = np.vstack([np.ones(len(rows)), part]).T
        leverage = (np.linalg.svd(design, full_matrices=False)[0] ** 2).sum(1) if len(rows) else np.empty(0)
        out[rows] = data.y[rows] - (data.y[rows] - predicted[rows]) / np.maximum(1 - leverage, 1e-3)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """One output."""

    equation: Equation
    ensemble: Ensemble
    calibration: Calibration
    """With observation noise in its floor."""
    noise: float
    """Known noise variance in the floor, output's unit squared; 0 where unknown."""
    center: float
    """Training mean: the prediction where the formula is undefined."""
    spread: float
    """Training variance: the variance where the formula is undefined."""
    rmse: float
    """Training root mean square error."""
    unseen: Posterior
    """Each training row predicted without it (n, 1), noise included."""
    notes: tuple[str, ...]

    @property
    def floor(self) -> float:
        """Variance, output's unit squared, of the noise-free output where all members agree."""
        least = 1e-12 * self.spread if self.spread > 0 else self.center**2 or 1.0
        return self.calibration.noise_free_floor(self.noise, least)

    @property
    def state(self) -> dict[str, object]:
        """The structures of formula and members."""
        return {**self.equation.state, "members": [e.state for e in self.ensemble.equations]}

    def moments(self, X: Array, task: Ints) -> tuple[Array, Array]:
        """Mean (n,) and noise-free variance (n,) at X (n, d)."""
        mean = self.equation.predict(X, task)
        undefined = ~np.isfinite(mean)
        mean = np.where(undefined, self.center, mean)
        deviation = np.zeros(len(X))
        if self.ensemble.equations:
            deviation = ((self.ensemble.predict(X, task, self.center) - mean) ** 2).mean(0)
        variance = self.calibration.scale * deviation + self.floor
        return mean, np.where(undefined, np.maximum(variance, self.spread), variance)

    def undefined(self, X: Array, task: Ints) -> Array:
        """(n,) 1 where the formula has no value at X (n, d), else 0."""
        return (~np.isfinite(self.equation.predict(X, task))).astype(float)


def regress(
    options: Options,
    data: Data,
    noise: Array,
    start: Mapping[str, object] | None,
    notes: tuple[str, ...],
    choosing: bool = True,
) -> Regression:
    """Learn one output, or solve the structures of `start`; noise: known variances (n,), NaN where unknown.

    choosing: with False, rungs and terms are as given whatever `folds` says.
    """
    rungs, terms, said = options.rungs, *_affordable(options, data)
    if start is None:
        if choosing and options.folds and terms and len(data.y) > 3:
            rungs, terms, more = choose(options, data, terms)
            said += more
        path = search(options, data, rungs, terms)
        structure, members = path.best(terms), None
        if path.full:
            said.append("the bank is full: some expressions below the last rung were left out (`bank`, `memory_mb`)")
    else:
        structure, members = trees_of(start), _members(start)
    if not np.ptp(data.y) > 0:
        said.append("constant output: nothing to learn from it yet")
    ensemble = assemble(options, data, rungs, terms, members if len(data.y) > 3 else ())
    equation = solve(structure, data.X, data.y, data.tasks)
    return _calibrated(data, equation, ensemble, noise, (*notes, *said), options.calibration)


def _affordable(options: Options, data: Data) -> tuple[int, list[str]]:
    """Terms the rows allow: at least two rows are left over for every task's errors."""
    largest = max(len(rows) for rows in data.tasks)
    terms = max(0, min(options.terms, largest - 2))
    return terms, [f"{largest} rows allow {terms} of {options.terms} terms"] if terms < options.terms else []


def _members(start: Mapping[str, object]) -> list[tuple[Tree, ...]]:
    members = start.get("members", [])
    if not isinstance(members, list | tuple):
        raise ValueError("no SISSO state: members must be a list")
    return [trees_of(member) for member in members]


def _calibrated(
    data: Data, equation: Equation, ensemble: Ensemble, noise: Array, notes: tuple[str, ...], method: Method
) -> Regression:
    center, spread = float(data.y.mean()), float(data.y.var())
    inside = equation.predict(data.X, data.task)
    rmse = float(np.sqrt(np.nanmean((data.y - inside) ** 2))) if np.isfinite(inside).any() else float(np.sqrt(spread))
    mean, deviation = unseen_errors(equation, ensemble, data)
    if not ensemble.equations:
        mean = leave_one_out(equation, data)
    calibration = recalibrated(data.y - mean, deviation, method)
    variance = np.maximum(calibration.scale * deviation + calibration.floor, 1e-12 * spread)
    known = float(np.mean(noise[np.isfinite(noise)])) if np.isfinite(noise).any() else 0.0
    unseen = Posterior(mean[:, None], variance[:, None])
    return Regression(equation, ensemble, calibration, known, center, spread, rmse, unseen, notes)
