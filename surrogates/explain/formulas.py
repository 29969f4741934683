"""This file is a formula for a property: the surrogate's own where it is one, else a small one fitted to explain."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from eutectic.surrogates.abilities import Viewing, true_fit
from eutectic.surrogates.base import Array, FittedSurrogate
from eutectic.surrogates.explain.inputs import Inputs
from eutectic.surrogates.sisso.classification import Classification
from eutectic.surrogates.sisso.formulas import coefficient_units, short
from eutectic.surrogates.sisso.model import FittedSISSO
from eutectic.surrogates.sisso.primary_features import Columns
from eutectic.surrogates.sisso.recipe import SISSO

if TYPE_CHECKING:
    import sympy


LOGARITHM = re.compile(r"log10\((.*)\)")
"""What the column of a variable that is searched over its logarithm is called."""
LEAST = 8
"""Rows below which no formula is fitted."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A fitted number of a formula."""

    term: str
    """What it multiplies; empty for the intercept."""
    value: float
    unit: str
    """Such as `GPa*K^-1`; empty where it has none or none is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """A formula with what may be held against it."""

    text: str
    """Of a classifier its rule, `... > 0`: there the property takes its larger value, elsewhere its lesser."""
    latex: str
    task: tuple[str, float] | None
    """Input and the value of it for which the formula holds; None: for all."""
    rmse: float | None
    """Over the rows it was fitted to, in the property's unit; None for a classifier."""
    left_out: float | None
    """The same with each row predicted without it; structure kept, so it flatters. None for a classifier."""
    right: float | None
    """Of a classifier, share (0 to 1) of the rows it was fitted to that lie on their value's side."""
    own: bool
    """Is it the surrogate itself? Otherwise it was fitted to the same data as an explanation only."""
    low: float
    """Least value it was fitted to, in the property's unit."""
    high: float
    """Largest such value."""
    undefined: float
    """Share, 0 to 1, of the points asked about where it has no value: a zero divisor, a logarithm of a negative."""
    ranges: tuple[tuple[float, float], ...]
    """(d) least and largest value of each column it was fitted to."""
    coefficients: tuple[Coefficient, ...]
    """Intercept and slopes; of a classifier, those of what is compared with 0."""


def equations_of(
    fitted: FittedSurrogate, sign: float, shift: float, X: Array, y: Array, points: Array
) -> tuple[Equation, ...]:
    """The formulas of a surrogate that is one, each task's, as sign * formula + shift; none of any other.

    X (n, d), y (n,): what it learned. points (k, d): where it is asked whether it has a value.
    """
    own, seen = true_fit(fitted), X
    if isinstance(own, Viewing):
        seen, points, own = own.features(X), own.features(points), true_fit(own.inner)
    if not isinstance(own, FittedSISSO) or len(own.outputs) != 1:
        return ()
    task, there = own.task_of(seen), own.task_of(points)
    natural, gaps = sign * y + shift, own.undefined(points)[:, 0]
    errors = [sign * p.mean[:, 0] + shift - natural for p in (own.posterior(seen), own.leave_one_out())]
    made = []
    for t, equation in enumerate(_written(own, sign, shift)):
        rows, asked = task == t, gaps[there == t]
        if equation.right is None:
            fit, unseen = (float(np.sqrt((error[rows] ** 2).mean())) for error in errors)
            equation = replace(equation, rmse=fit, left_out=unseen)
        undefined = float(asked.mean()) if len(asked) else 0.0
        low, high = float(natural[rows].min()), float(natural[rows].max())
        made.append(replace(equation, low=low, high=high, undefined=undefined, ranges=ranges(X[rows])))
    return tuple(made)


def columns_of(fitted: FittedSurrogate) -> Columns | None:
    """What a surrogate that is a formula knows of its inputs; None of any other."""
    own = true_fit(fitted)
    own = true_fit(own.inner) if isinstance(own, Viewing) else own
    return own.columns if isinstance(own, FittedSISSO) else None


def fitted_equation(X: Array, y: Array, inputs: Inputs, points: Array) -> Equation | None:
    """Two terms of one rung of + - * / over the numbers among the columns; None where that cannot be fitted."""
    numbers = [j for j in range(inputs.d) if j not in inputs.categorical and np.ptp(X[:, j]) > 0]
    if len(y) < LEAST or not numbers or not np.ptp(y) > 0:
        return None
    names = [inputs.names[j] for j in numbers]
    recipe = SISSO(rungs=1, terms=2, screened=20, members=0)
    found = recipe.fit(X[:, numbers], y[:, None], names)
    (equation,) = equations_of(found, 1.0, 0.0, X[:, numbers], y, points[:, numbers])
    return replace(equation, own=False, ranges=ranges(X))


def _written(fitted: FittedSISSO, sign: float, shift: float) -> list[Equation]:
    """Text, task and coefficients of each formula; what is not known yet is blank."""
    from sympy import Float, latex

    (output,) = fitted.outputs
    right = float(output.accuracy) if isinstance(output, Classification) else None
    rule = right is not None
    end = " > 0" if rule else ""
    blank = (None, None, right, True, np.nan, np.nan, 0.0, ())
    made = []
    moved = 0.0 if rule else shift  # of a rule the sign alone counts, for the larger value of what it learned
    for expression, task, numbers in zip(fitted.expressions, _tasks(fitted), _coefficients(fitted), strict=True):
        shown = (int(sign) * expression + Float(moved)).evalf(6)
        first, *slopes = (replace(c, value=sign * c.value) for c in numbers)
        told = (replace(first, value=first.value + moved), *slopes)
        made.append(
            Equation(
                f"{shown}{end}", f"{latex(shown, symbol_names=typeset(shown.free_symbols))}{end}", task, *blank, told
            )
        )
    return made


def typeset(symbols: "Iterable[sympy.Symbol]") -> "dict[sympy.Symbol, str]":
    """Names with an underscore or a logarithm in LaTeX, where SymPy would make indices of their parts."""
    names = {symbol: LOGARITHM.sub(r"\1", symbol.name) for symbol in symbols}
    upright = {symbol: rf"\mathrm{{{name}}}".replace("_", r"\_") for symbol, name in names.items()}
    logarithms = {
        symbol: rf"\log_{{10}}\left({upright[symbol]}\right)" for symbol in names if symbol.name != names[symbol]
    }
    return {
        symbol: logarithms.get(symbol, upright[symbol])
        for symbol in names
        if "_" in symbol.name or symbol in logarithms
    }


def _tasks(fitted: FittedSISSO) -> "list[tuple[str, float] | None]":
    """The task of each formula."""
    name = fitted.columns.task
    return [None] if name is None else [(name, float(value)) for value in fitted.labels]


def _coefficients(fitted: FittedSISSO) -> list[list[Coefficient]]:
    """Intercept and slopes of each formula, as they were fitted."""
    equation = fitted.outputs[0].equation
    terms = ["", *(str(tree.expression(_symbols(short(fitted.names)))) for tree in equation.trees)]
    units = coefficient_units(fitted.columns, equation.trees)
    made = []
    for slopes, intercept in zip(equation.slopes, equation.intercepts, strict=True):
        each = zip(terms, [intercept, *slopes], units, strict=True)
        made.append([Coefficient(term, float(value), unit) for term, value, unit in each])
    return made


def _symbols(names: Sequence[str]) -> "list[sympy.Symbol]":
    from sympy import Symbol

    return [Symbol(name, real=True) for name in names]


def ranges(X: Array) -> tuple[tuple[float, float], ...]:
    """Least and largest value of each column (d) among rows X (n, d): where a formula has been seen to hold."""
    return tuple((float(low), float(high)) for low, high in zip(X.min(0), X.max(0), strict=True))
