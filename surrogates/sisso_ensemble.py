"""This file is the ensemble behind SISSO's uncertainty: row bootstrap with dropout of primary features, calibrated.

Nair, Foppa and Scheffler, npj Comput. Mater. (2025), doi 10.1038/s41524-025-01596-4. How far the members lie from
the formula says where it is unsure; what that is worth, and the error they share, follow from rows they have not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from surrogates.base import Array
from surrogates.sisso_equation import Equation, solve
from surrogates.sisso_features import Ints, Tree
from surrogates.sisso_fit import Data, search

if TYPE_CHECKING:
    from surrogates.sisso import SISSO


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


def draw(recipe: "SISSO", data: Data, member: int) -> tuple[Ints, tuple[int, ...]]:
    """A member's rows (with repeats, each task by itself) and primary features."""
    rng = np.random.default_rng([recipe.seed, member])
    rows = np.concatenate([rng.choice(rows, len(rows)) for rows in data.tasks if len(rows)])
    d = len(data.columns)
    count = max(min(2, d), round((1 - recipe.dropout) * d))
    kept = np.sort(rng.choice(data.columns, count, replace=False)) if d else np.array([], dtype=int)
    return rows, tuple(int(j) for j in kept)


def assemble(
    recipe: "SISSO", data: Data, rungs: int, terms: int, structures: Sequence[tuple[Tree, ...]] | None
) -> Ensemble:
    """Every member searched for, or solved for the given structures."""
    count = recipe.members if structures is None else len(structures)
    equations, unseen = [], np.ones((count, len(data.y)), dtype=np.bool_)
    for member in range(count):
        rows, columns = draw(recipe, data, member)
        part = data.take(rows, columns)
        unseen[member, rows] = False
        trees = search(recipe, part, rungs, terms).best(terms) if structures is None else structures[member]
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
