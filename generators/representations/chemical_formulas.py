"""This file is chemical formulas as numbers: composition-weighted statistics of element properties."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from eutectic.generators.representations.elements import COMMON, table
from eutectic.optimizers.base import Array
from eutectic.oracles.elements.chemical_formulas import amounts

STATISTICS = tuple(f"{kind}_{name}" for name in COMMON for kind in ("mean", "deviation"))
"""Names of the columns of `statistics`: weighted mean and weighted mean absolute deviation."""


@lru_cache(maxsize=100_000)
def fractions(formula: str) -> Mapping[str, float] | None:
    """Atomic fractions by element symbol, None when the text is no formula of known elements."""
    try:
        atoms = amounts(formula)
    except ValueError:
        return None
    total = sum(atoms.values())
    return {symbol: amount / total for symbol, amount in atoms.items()}


CODE = re.compile(r"[A-Z]{3,}|[A-E]\d{1,2}[a-z]?")
"""A word of capitals (BCC, SPS, HIP) or a Strukturbericht symbol (B2, C14), that would also read as a formula."""


def are_formulas(cells: Sequence[str]) -> bool:
    """Are most of these cells (n,) formulas, and not only names of phases or processes that read as such?"""
    found = [cell for cell in cells if fractions(cell) is not None]
    return 2 * len(found) > len(cells) and not all(CODE.fullmatch(cell) for cell in set(found))


def statistics(compositions: Sequence[Mapping[str, float]]) -> Array:
    """(n, len(STATISTICS)) of n compositions (atomic fractions)."""
    symbols = sorted({symbol for composition in compositions for symbol in composition})
    weights = np.array([[composition.get(symbol, 0.0) for symbol in symbols] for composition in compositions])
    values = table(tuple(symbols), COMMON)
    means = weights @ values
    deviations = (weights[:, :, None] * np.abs(values[None, :, :] - means[:, None, :])).sum(1)
    columns = np.stack([means, deviations], axis=2).reshape(len(compositions), -1)
    return np.asarray(np.round(columns, 9))  # equal compositions give equal rows, whatever the order of addition
