"""This file is one fitted regression output of SISSO: formula, ensemble, calibration, and what it predicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from surrogates.base import Array, Posterior
from surrogates.calibration import Calibration, Method, recalibrated
from surrogates.sisso_choice import choose
from surrogates.sisso_ensemble import Ensemble, assemble, leave_one_out, unseen_errors
from surrogates.sisso_equation import Equation, solve, trees_of
from surrogates.sisso_features import Ints, Tree
from surrogates.sisso_fit import Data, search

if TYPE_CHECKING:
    from surrogates.sisso import SISSO


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
        least = 1e-12 * self.spread if self.spread > 0 else 1.0
        return max(self.calibration.floor - self.noise, 1e-2 * self.calibration.floor, least)

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
    recipe: "SISSO", data: Data, noise: Array, start: Mapping[str, object] | None, notes: tuple[str, ...]
) -> Regression:
    """Learn one output, or solve the structures of `start`; noise: known variances (n,), NaN where unknown."""
    rungs, terms, said = recipe.rungs, *_affordable(recipe, data)
    if start is None:
        if recipe.folds and terms and len(data.y) > 3:
            rungs, terms, more = choose(recipe, data, terms)
            said += more
        path = search(recipe, data, rungs, terms)
        structure, members = path.best(terms), None
        if path.full:
            said.append("the bank is full: some expressions below the last rung were left out (`bank`, `memory_mb`)")
    else:
        structure, members = trees_of(start), _members(start)
    if not np.ptp(data.y) > 0:
        said.append("constant output: nothing to learn from it yet")
    ensemble = assemble(recipe, data, rungs, terms, members if len(data.y) > 3 else ())
    equation = solve(structure, data.X, data.y, data.tasks)
    return _calibrated(data, equation, ensemble, noise, (*notes, *said), recipe.calibration)


def _affordable(recipe: "SISSO", data: Data) -> tuple[int, list[str]]:
    """Terms the rows allow: at least two rows are left over for every task's errors."""
    largest = max(len(rows) for rows in data.tasks)
    terms = max(0, min(recipe.terms, largest - 2))
    return terms, [f"{largest} rows allow {terms} of {recipe.terms} terms"] if terms < recipe.terms else []


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
