"""This file is a formula for a property: the surrogate's own where it is one, else a small one fitted to explain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from surrogates.base import Array
from surrogates.explain_inputs import Inputs

LEAST = 8
"""Rows below which no formula is fitted."""


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """A formula with what may be held against it."""

    text: str
    latex: str
    rmse: float
    """Over the rows it was fitted to, in the property's unit."""
    left_out: float
    """The same with each row predicted without it; structure kept, so it flatters."""
    own: bool
    """Is it the surrogate itself? Otherwise it was fitted to the same data as an explanation only."""
    low: float
    """Least value it was fitted to, in the property's unit."""
    high: float
    """Largest such value."""
    undefined: float
    """Share, 0 to 1, of the points asked about where it has no value: a zero divisor, a logarithm of a negative."""


def equation_of(fitted: Any, sign: float, shift: float, y: Array, points: Array) -> Equation | None:
    """The formula of a surrogate that is one, as sign * formula + shift; None of any other.

    y (n,): what it learned. points (k, d): where it is asked whether it has a value.
    """
    outputs = getattr(fitted, "outputs", ())
    if not hasattr(fitted, "formulas") or len(outputs) != 1 or len(fitted.formulas) != 1:
        return None
    if fitted.formulas[0].text.endswith("> 0"):  # a classifier's, which has no error in the property's unit
        return None
    rmse = float(fitted.formulas[0].rmse)
    return _said(fitted, sign, shift, rmse, y, points, own=True)


def fitted_equation(X: Array, y: Array, inputs: Inputs, points: Array) -> Equation | None:
    """Two terms of one rung of + - * / over the numbers among the columns; None where that cannot be fitted."""
    from surrogates.sisso import SISSO

    numbers = [j for j in range(inputs.d) if j not in inputs.categorical and np.ptp(X[:, j]) > 0]
    if len(y) < LEAST or not numbers or not np.ptp(y) > 0:
        return None
    names = [inputs.names[j] for j in numbers]
    recipe = SISSO(rungs=1, terms=2, screened=20, members=0)
    found = recipe.fit(X[:, numbers], y[:, None], names)
    return _said(found, 1.0, 0.0, float(found.formulas[0].rmse), y, points[:, numbers], own=False)


def _said(fitted: Any, sign: float, shift: float, rmse: float, y: Array, points: Array, *, own: bool) -> Equation:
    import sympy

    expression = (int(sign) * fitted.expressions[0] + sympy.Float(shift)).evalf(6)
    apart = fitted.leave_one_out().mean[:, 0]
    natural = sign * y + shift
    left_out = float(np.sqrt(((sign * apart + shift - natural) ** 2).mean()))
    text, latex = str(expression), sympy.latex(expression)
    undefined = float(fitted.undefined(points).mean())
    return Equation(text, latex, rmse, left_out, own, float(natural.min()), float(natural.max()), undefined)


def ranges(X: Array, inputs: Inputs) -> Sequence[tuple[float, float]]:
    """Least and largest value of each column (d) among rows X (n, d): where a formula has been seen to hold."""
    return [(float(low), float(high)) for low, high in zip(X.min(0), X.max(0), strict=True)][: inputs.d]
