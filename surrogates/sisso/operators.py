"""This file is the algebra of SISSO: its operators on values, physical dimensions and SymPy expressions.

Operator set: Ouyang et al., Phys. Rev. Materials 2, 083802 (2018), doi 10.1103/PhysRevMaterials.2.083802, section II.A.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eutectic.surrogates.base import Array

if TYPE_CHECKING:
    import sympy


SMALL = 1e-10
"""A feature that comes closer to zero than this share of its largest magnitude is no divisor."""


STEEPEST = 18.4
"""Largest magnitude of an exponential's argument (dimensionless): exp(18.4) is 1e8."""
EXPONENTIALS = ("exp", "exp(-x)")


@dataclass(frozen=True, slots=True)
class Unary:
    """An operator on one feature."""

    apply: Callable[[Array], Array]
    """Values (..., n) -> values (..., n); NaN or infinite outside its domain."""
    power: float | None
    """Exponent it puts on the physical dimension; None: the argument must be dimensionless."""
    express: Callable[["sympy.Expr"], "sympy.Expr"]


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator on two features."""

    apply: Callable[[Array, Array], Array]
    """Values (..., n), (..., n) -> values (..., n); NaN or infinite outside its domain."""
    sign: int
    """0: both sides must share one dimension; +1 or -1: dimensions add or subtract."""
    ordered: bool
    """Does swapping the sides give another feature?"""
    express: Callable[["sympy.Expr", "sympy.Expr"], "sympy.Expr"]


def _log(a: Array) -> Array:
    out: Array = np.log(np.where(a > 0, a, np.nan))
    return out


def _sqrt(a: Array) -> Array:
    out: Array = np.sqrt(np.where(a >= 0, a, np.nan))
    return out


def _divide(a: Array, b: Array) -> Array:
    out: Array = a / np.where(b != 0, b, np.nan)
    return out


def divisors(values: Array) -> NDArray[np.bool_]:
    """(k,) which features, given by values (k, n), stay clear of zero."""
    size = np.abs(values)
    mask: NDArray[np.bool_] = size.min(1) > SMALL * size.max(1)
    return mask


def exponents(values: Array) -> NDArray[np.bool_]:
    """(k,) which features, given by values (k, n), an exponential does not blow up, so that one row outweighs all."""
    mask: NDArray[np.bool_] = np.abs(values).max(1) <= STEEPEST
    return mask


def _sympy(name: str) -> Callable[..., "sympy.Expr"]:
    def call(argument: "sympy.Expr") -> "sympy.Expr":
        return getattr(import_module("sympy"), name)(argument)

    return call


UNARY: dict[str, Unary] = {
    "inv": Unary(lambda a: _divide(np.ones_like(a), a), -1.0, lambda a: 1 / a),
    "sq": Unary(lambda a: a * a, 2.0, lambda a: a**2),
    "cube": Unary(lambda a: a * a * a, 3.0, lambda a: a**3),
    "sqrt": Unary(_sqrt, 0.5, _sympy("sqrt")),
    "cbrt": Unary(np.cbrt, 1 / 3, _sympy("cbrt")),
    "log": Unary(_log, None, _sympy("log")),
    "exp": Unary(np.exp, None, _sympy("exp")),
    "exp(-x)": Unary(lambda a: np.exp(-a), None, lambda a: _sympy("exp")(-a)),
    "abs": Unary(np.abs, 1.0, _sympy("Abs")),
    "sin": Unary(np.sin, None, _sympy("sin")),
    "cos": Unary(np.cos, None, _sympy("cos")),
}

BINARY: dict[str, Binary] = {
    "+": Binary(lambda a, b: a + b, 0, False, lambda a, b: a + b),
    "-": Binary(lambda a, b: a - b, 0, False, lambda a, b: a - b),
    "|-|": Binary(lambda a, b: np.abs(a - b), 0, False, lambda a, b: _sympy("Abs")(a - b)),
    "*": Binary(lambda a, b: a * b, 1, False, lambda a, b: a * b),
    "/": Binary(_divide, -1, True, lambda a, b: a / b),
}

OPERATORS = (*BINARY, *UNARY)
"""Every operator by name."""


def dimensions(units: Sequence[str]) -> NDArray[np.float64]:
    """Exponents (f, u) of each unit symbol in texts such as "eV/angstrom^2" or "g/cm^3*K"; "" is dimensionless.

    No conversion is made: `eV` and `meV` are different symbols. ValueError names what cannot be read.
    """
    symbols = symbols_of(units)
    table = np.zeros((len(units), len(symbols)))
    for row, unit in enumerate(units):
        for symbol, exponent in _exponents(unit).items():
            table[row, symbols.index(symbol)] = exponent
    return table


def symbols_of(units: Sequence[str]) -> list[str]:
    """The unit symbols (u) in unit texts, in the order of `dimensions`."""
    return sorted({symbol for unit in units for symbol in _exponents(unit)})


def write_unit(exponents: Array, symbols: Sequence[str]) -> str:
    """Unit text of exponents (u,), such as `eV*angstrom^-2`; "" when dimensionless."""
    parts = [(s, round(float(e), 6)) for s, e in zip(symbols, exponents, strict=True) if abs(e) > 1e-6]
    return "*".join(s if e == 1 else f"{s}^{e:g}" for s, e in parts)


def _exponents(unit: str) -> dict[str, float]:
    exponents: dict[str, float] = {}
    sign = 1.0
    for token in re.split(r"([*/])", unit.replace("**", "^").replace(" ", "")):
        if token in ("*", "/"):
            sign = -1.0 if token == "/" else 1.0
            continue
        match = re.fullmatch(r"(?:1|([A-Za-zµÅ%_]+)(?:\^\(?(-?\d+(?:\.\d+)?)\)?)?)?", token)
        if match is None:
            raise ValueError(f"unit {unit!r}: cannot read {token!r}; write units like 'eV/angstrom^2'")
        if match[1]:
            exponents[match[1]] = exponents.get(match[1], 0.0) + sign * float(match[2] or 1)
    return {symbol: exponent for symbol, exponent in exponents.items() if exponent}
