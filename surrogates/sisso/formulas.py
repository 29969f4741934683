"""This file is SISSO's formulas in writing: SymPy, infix text and LaTeX, with fitted coefficients and their units."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eutectic.surrogates.base import Array, Formula
from eutectic.surrogates.sisso.classification import Classification
from eutectic.surrogates.sisso.features import Tree
from eutectic.surrogates.sisso.operators import BINARY, UNARY, dimensions, symbols_of, write_unit

if TYPE_CHECKING:
    import sympy

    from eutectic.surrogates.sisso.model import FittedSISSO


def short(names: Sequence[str]) -> list[str]:
    """Names without a unit in brackets at their end, where that leaves them different."""
    stripped = [name[: name.rindex("(")].strip() if name.endswith(")") and "(" in name else name for name in names]
    return stripped if len(set(stripped)) == len(names) and all(stripped) else list(names)


def dimension_of(tree: Tree, table: Array) -> Array:
    """(u,) exponents of an expression, from those of the primary features (d, u)."""
    if isinstance(tree.left, int):
        return np.asarray(table[tree.left])
    left = dimension_of(tree.left, table)
    if tree.right is None:
        return np.asarray(left * (UNARY[tree.op].power or 0.0))
    return np.asarray(left + BINARY[tree.op].sign * dimension_of(tree.right, table))


def coefficient_units(fitted: "FittedSISSO", trees: Sequence[Tree]) -> list[str]:
    """Units of intercept and slopes; empty texts when no units were given."""
    if fitted.recipe.units is None:
        return [""] * (len(trees) + 1)
    units = [*fitted.recipe.units_of(fitted.names), fitted.recipe.target_unit]
    table, symbols = dimensions(units), symbols_of(units)
    exponents = [table[-1], *(table[-1] - dimension_of(tree, table[:-1]) for tree in trees)]
    return [write_unit(row, symbols) for row in exponents]


def expressions(fitted: "FittedSISSO") -> tuple["sympy.Expr", ...]:
    """One an output and task."""
    import sympy

    symbols = [sympy.Symbol(name, real=True) for name in short(fitted.names)]
    made = []
    for output in fitted.outputs:
        equation = output.equation
        terms = [tree.expression(symbols) for tree in equation.trees]
        for slopes, intercept in zip(equation.slopes, equation.intercepts, strict=True):
            parts = [sympy.Float(c) * term for c, term in zip(slopes, terms, strict=True)]
            made.append(sympy.Add(sympy.Float(intercept), *parts))
    return tuple(made)


def formulas(fitted: "FittedSISSO") -> tuple[Formula, ...]:
    """One an output and task, numbers to six digits."""
    import sympy

    made, written = [], iter(expressions(fitted))
    for output in fitted.outputs:
        units = coefficient_units(fitted, output.equation.trees)
        labels = [f"c{i}" + (f" ({unit})" if unit else "") for i, unit in enumerate(units)]
        for slopes, intercept in zip(output.equation.slopes, output.equation.intercepts, strict=True):
            expression = next(written).evalf(6)
            text, latex = str(expression), sympy.latex(expression)
            if isinstance(output, Classification):
                text, latex = f"{text} > 0", f"{latex} > 0"
            values = [float(intercept), *(float(c) for c in slopes)]
            made.append(Formula(text, latex, output.rmse, dict(zip(labels, values, strict=True))))
    return tuple(made)
