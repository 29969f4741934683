"""This file is SISSO's formulas in writing: SymPy, infix text and LaTeX, with fitted coefficients and their units."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eutectic.surrogates.base import Formula
from eutectic.surrogates.sisso.classification import Classification
from eutectic.surrogates.sisso.features import Tree
from eutectic.surrogates.sisso.operators import dimensions, symbols_of, write_unit
from eutectic.surrogates.sisso.primary_features import Columns
from eutectic.surrogates.sisso.regression import Regression

if TYPE_CHECKING:
    import sympy


FUNCTIONS = ("log10", "log", "ln", "exp", "sqrt", "abs")
"""What a name may begin with whose brackets hold an argument and no unit."""


def short(names: Sequence[str]) -> list[str]:
    """Names without a unit in brackets at their end, where that leaves them different."""
    stripped = [name_and_unit(name)[0] for name in names]
    return stripped if len(set(stripped)) == len(names) and all(stripped) else list(names)


def name_and_unit(name: str) -> tuple[str, str]:
    """`gap (eV)`, `gap(eV)` as gap and eV; a function of something, `log10(x)`, has no unit."""
    head, bracket, unit = name.removesuffix(")").rpartition("(")
    if not (name.endswith(")") and bracket) or head.strip() in FUNCTIONS:
        return name, ""
    return head.strip(), unit


def coefficient_units(columns: Columns, trees: Sequence[Tree]) -> list[str]:
    """Units of intercept and slopes; empty texts when no units were given."""
    if columns.units is None:
        return [""] * (len(trees) + 1)
    units = [*columns.units, columns.target_unit]
    table, symbols = dimensions(units), symbols_of(units)
    exponents = [table[-1], *(table[-1] - tree.dimension(table[:-1]) for tree in trees)]
    return [write_unit(row, symbols) for row in exponents]


def expressions(columns: Columns, outputs: Sequence[Regression | Classification]) -> tuple["sympy.Expr", ...]:
    """One an output and task."""
    from sympy import Add, Float, Symbol

    symbols = [Symbol(name, real=True) for name in short(columns.names)]
    made = []
    for output in outputs:
        equation = output.equation
        terms = [tree.expression(symbols) for tree in equation.trees]
        for slopes, intercept in zip(equation.slopes, equation.intercepts, strict=True):
            parts = [Float(c) * term for c, term in zip(slopes, terms, strict=True)]
            made.append(Add(Float(intercept), *parts))
    return tuple(made)


def _typeset(names: Sequence[str]) -> dict["sympy.Symbol", str]:
    """LaTeX of the symbols that are a function of a variable; the others go by SymPy's rules."""
    from sympy import Symbol, latex

    made = {}
    for name in names:
        head, bracket, argument = name.removesuffix(")").partition("(")
        if bracket and name.endswith(")") and head in FUNCTIONS:
            written = {"log10": r"\log_{10}", "abs": r"\operatorname{abs}"}.get(head, rf"\{head}")
            made[Symbol(name, real=True)] = rf"{written}{{\left({latex(Symbol(argument))} \right)}}"
    return made


def formulas(columns: Columns, outputs: Sequence[Regression | Classification]) -> tuple[Formula, ...]:
    """One an output and task, numbers to six digits."""
    from sympy import latex as written_latex

    made, written = [], iter(expressions(columns, outputs))
    for output in outputs:
        units = coefficient_units(columns, output.equation.trees)
        labels = [f"c{i}" + (f" ({unit})" if unit else "") for i, unit in enumerate(units)]
        for slopes, intercept in zip(output.equation.slopes, output.equation.intercepts, strict=True):
            expression = next(written).evalf(6)
            text, latex = str(expression), written_latex(expression, symbol_names=_typeset(short(columns.names)))
            if isinstance(output, Classification):
                text, latex = f"{text} > 0", f"{latex} > 0"
            values = [float(intercept), *(float(c) for c in slopes)]
            made.append(Formula(text, latex, output.rmse, dict(zip(labels, values, strict=True))))
    return tuple(made)
