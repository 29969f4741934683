"""This file is how much of each element a row holds: from the units people use to atomic fractions and back."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from eutectic.optimizers.base import Amounts, Array, Space
from eutectic.oracles.elements.data import symbols

Unit = Literal["fraction", "at.%", "wt.%", "mole_ratio"]
"""`fraction`: atomic fractions, 0 to 1; `at.%`, `wt.%`: 0 to 100; `mole_ratio`: moles beside a fixed element."""
TOTAL = {"fraction": 1, "at.%": 100, "wt.%": 100}
"""What the numbers of a unit sum to."""


_KINDS: dict[str, Unit] = {
    "wt": "wt.%", "mass": "wt.%", "weight": "wt.%", "at": "at.%", "atomic": "at.%", "mol": "at.%"
}  # fmt: skip
_COLUMN = re.compile(
    r"(?:(?P<before>wt|mass|weight|at|atomic|mol)[\s_.]*(?:%|percent|pct|fraction)?[\s_.]*)?(?P<symbol>[A-Z][a-z]?)"
    r"(?:[\s_]*[(\[]?[\s_]*(?P<after>wt|mass|weight|at|atomic|mol)?[\s_.]*(?:%|percent|pct|fraction)?[\s_]*[)\]]?)?"
)


def element_column(title: str) -> tuple[str, Unit | None]:
    """The element and the unit that a column's title names: `Fe (wt.%)`, `Fe_at_pct`, `wt% Fe`; "" for no element.

    The unit is None where the title names none.
    """
    match = _COLUMN.fullmatch(title)
    if match is None or match["symbol"] not in symbols():
        return "", None
    kind = match["before"] or match["after"]
    return match["symbol"], _KINDS[kind] if kind else None


@lru_cache(maxsize=256)
def moles(symbol: str, unit: Unit) -> float:
    """Moles in one unit of an element: 1/molar mass (mol/g) for weights, 1 otherwise."""
    if unit != "wt.%":
        return 1.0
    from pymatgen.core import Element

    return 1.0 / float(Element(symbol).atomic_mass)


def fractions(amounts: Amounts, X: Array) -> Array:
    """Atomic fractions (n, e) of rows X (n, d), each row's sum 1."""
    found = np.maximum(amounts.of(X), 0.0)
    return np.asarray(found / found.sum(1, keepdims=True))


def ranges(space: Space, amounts: Amounts) -> list[tuple[float, float]]:
    """Least and largest atomic fraction of each label under bounds, sums to one and linear constraints.

    A linear-fractional program made linear (Charnes and Cooper 1962, doi:10.1002/nav.3800090303); a column that is a
    logarithm counts by its power, and known constraints, steps and numbers of members present are left out.
    """
    from scipy.optimize import linprog

    total, t = amounts.matrix.sum(1), len(amounts.columns)
    lower, upper, matrix, equal = _polytope(space, amounts)
    rows = [*np.hstack([np.eye(t), -upper[:, None]]), *np.hstack([-np.eye(t), lower[:, None]]), *matrix]
    sums = [np.append(total, amounts.constant.sum()), *equal]
    goal = np.append(1.0, np.zeros(len(equal)))
    found = []
    for e in range(len(amounts.labels)):
        cost = np.append(amounts.matrix[:, e], amounts.constant[e])
        ends = [
            linprog(sign * cost, A_ub=np.array(rows), b_ub=np.zeros(len(rows)), A_eq=np.array(sums), b_eq=goal)
            for sign in (1.0, -1.0)
        ]
        found.append(
            (float(cost @ ends[0].x), float(cost @ ends[1].x)) if all(r.status == 0 for r in ends) else (0.0, 1.0)
        )
    return found


def _polytope(space: Space, amounts: Amounts) -> tuple[Array, Array, list[Array], list[Array]]:
    """Bounds (c,) of the columns of amounts, and rows (c + 1,) of constraints, homogeneous in a last column."""
    columns = list(amounts.columns)
    lower, upper = space.lower[columns].copy(), space.upper[columns].copy()
    for mixture in space.mixtures:
        for member, or_zero in zip(mixture.members, mixture.or_zero, strict=True):
            if or_zero and member in columns:
                lower[columns.index(member)] = 0.0
    powers = np.array(amounts.powers, dtype=bool)
    lower[powers], upper[powers] = 10.0 ** lower[powers], 10.0 ** upper[powers]
    matrix = [
        np.append(np.array(line.coefficients)[columns], -line.bound)
        for line in space.linear
        if _within(line.coefficients, columns, powers)
    ]
    equal = [
        np.append(np.isin(columns, m.members).astype(float), -1.0) for m in space.mixtures if m.members[0] in columns
    ]
    return lower, upper, matrix, equal


def _within(coefficients: Sequence[float], columns: Sequence[int], powers: Array) -> bool:
    """Does a constraint bind these columns alone, none of them a logarithm?"""
    involved = set(np.flatnonzero(coefficients).tolist())
    return involved <= {c for c, power in zip(columns, powers, strict=True) if not power}
