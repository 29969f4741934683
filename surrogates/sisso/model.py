"""This file is the fitted SISSO: one formula an output, posterior, state and BoTorch model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from eutectic.surrogates import showing
from eutectic.surrogates.base import Array, Domain, Formula, Posterior, State
from eutectic.surrogates.sisso.classification import Classification, classify
from eutectic.surrogates.sisso.classification import Options as ClassificationOptions
from eutectic.surrogates.sisso.features import Ints
from eutectic.surrogates.sisso.formulas import expressions, formulas
from eutectic.surrogates.sisso.primary_features import Columns
from eutectic.surrogates.sisso.regression import Regression, regress
from eutectic.surrogates.sisso.search import Data
from eutectic.surrogates.validation import columns_of

if TYPE_CHECKING:
    import sympy
    from botorch.models.model import Model


class Options(ClassificationOptions, Protocol):
    """What a fit reads of the recipe, where each option is explained."""

    @property
    def kind(self) -> str:
        """`regression` or `classification`."""
        ...


Output = Regression | Classification


@dataclass(frozen=True, slots=True, eq=False)
class FittedSISSO:
    """Formulas that have seen data."""

    columns: Columns
    """The d inputs."""
    outputs: tuple[Output, ...]
    labels: Array
    """(t,) value of the task input in each task; empty when there is one task."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the inputs (d)."""
        return self.columns.names

    def __repr__(self) -> str:
        """One line: what it predicts of what."""
        return showing.line(self, len(self.outputs), self.names)

    def _repr_html_(self) -> str:
        """The same in a notebook, with its notes and formulas."""
        return showing.table(self, len(self.outputs), self.names, self.notes, self.formulas)

    @property
    def state(self) -> State:
        """The structure of every formula and member, JSON values only."""
        return {"outputs": [output.state for output in self.outputs]}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the fit."""
        if len(self.outputs) == 1:
            return self.outputs[0].notes
        return tuple(f"output {j + 1}: {note}" for j, output in enumerate(self.outputs) for note in output.notes)

    @property
    def model(self) -> "Model":
        """The same mean and variance as a BoTorch ensemble model, differentiable in X."""
        from eutectic.surrogates.sisso.botorch_model import model

        return model(self.outputs, self.task_of)

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """A formula for every output and, within it, for every task."""
        return formulas(self.columns, self.outputs)

    @property
    def expressions(self) -> tuple["sympy.Expr", ...]:
        """The same as SymPy expressions over `sympy.Symbol(name)`, units stripped from the names."""
        return expressions(self.columns, self.outputs)

    def posterior(self, X: Array) -> Posterior:
        """Predict the m outputs at X (n, d).

        Where a formula has no value (zero divisor, negative logarithm, pole, unknown task): the training mean, with at
        least the training variance.
        """
        X = columns_of(X, self.names)
        moments = [output.moments(X, self.task_of(X)) for output in self.outputs]
        return Posterior(np.stack([mean for mean, _ in moments], 1), np.stack([v for _, v in moments], 1))

    def undefined(self, X: Array) -> Array:
        """(n, m) 1 where an output's formula has no value at X (n, d) and the training mean stands in, else 0."""
        return np.stack([output.undefined(X, self.task_of(X)) for output in self.outputs], 1)

    @property
    def noise(self) -> Array:
        """(m,) variance of an observation that the posterior leaves out; 0 of a classifier."""
        return np.array([output.noise if isinstance(output, Regression) else 0.0 for output in self.outputs])

    def leave_one_out(self) -> Posterior:
        """Each training row predicted by members that have not seen it (n, m); the variance includes its noise."""
        parts = [output.unseen for output in self.outputs]
        return Posterior(np.hstack([p.mean for p in parts]), np.hstack([p.variance for p in parts]))

    def task_of(self, X: Array) -> Ints:
        """(n,) index of the task of each row of X (n, d); -1 for one never seen."""
        place = self.columns.task_column()
        if place is None:
            return np.zeros(len(X), dtype=np.int64)
        column = X[:, place]
        same = np.abs(column[:, None] - self.labels) <= 1e-9 * np.abs(self.labels)
        out: Ints = np.where(same.any(1), same.argmax(1), -1)
        return out


def fit(
    options: Options,
    columns: Columns,
    X: Array,
    Y: Array,
    *,
    variance: Array | None,
    domain: Domain | None,
    start: State | None,
    tune: bool,
) -> FittedSISSO:
    """Fit every column of Y (n, m), checked, to X (n, d); ValueError for data that cannot be learned from."""
    noise = np.full(Y.shape, np.nan) if variance is None else np.asarray(variance, dtype=float).reshape(Y.shape)
    starts = earlier(start, Y.shape[1]) if not tune else [None] * Y.shape[1]
    units = columns.dimensions()
    labels, tasks = columns.divided(X)
    primary, categories = columns.primary(domain)
    notes = (*columns.constants(X, primary), *categories)
    outputs: list[Output] = []
    for j, begin in enumerate(starts):
        data = Data(X, Y[:, j], primary, units, tasks)
        if options.kind == "classification":
            outputs.append(classify(options, data, begin, notes))
        else:
            outputs.append(regress(options, data, noise[:, j], begin, notes))
    return FittedSISSO(columns, tuple(outputs), labels)


def earlier(start: State | None, m: int) -> list[Mapping[str, object] | None]:
    """The state of each output; ValueError without one for each."""
    outputs = (start or {}).get("outputs")
    if not isinstance(outputs, list | tuple) or len(outputs) != m:
        raise ValueError("tune=False needs the `state` of an earlier fit with as many outputs as start")
    return list(outputs)
