"""This file is chemical formulas as numbers: composition-weighted statistics of element properties."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from eutectic.generators.representations.elements import COMMON, table
from eutectic.optimizers.base import Array

STATISTICS = tuple(f"{kind}_{name}" for name in COMMON for kind in ("mean", "deviation"))
"""Names of the columns of `statistics`: weighted mean and weighted mean absolute deviation."""


@lru_cache(maxsize=100_000)
def fractions(formula: str) -> Mapping[str, float] | None:
    """Atomic fractions by element symbol, None when the text is no formula of known elements."""
    from pymatgen.core import Composition, Element

    try:
        amounts = Composition(formula).get_el_amt_dict()
    except (ValueError, TypeError, KeyError):
        return None
    total = sum(amounts.values())
    if not total > 0 or min(amounts.values()) < 0 or not all(Element.is_valid_symbol(e) for e in amounts):
        return None
    return {symbol: amount / total for symbol, amount in amounts.items()}


def statistics(compositions: Sequence[Mapping[str, float]]) -> Array:
    """(n, len(STATISTICS)) of n compositions (atomic fractions)."""
    symbols = sorted({symbol for composition in compositions for symbol in composition})
    weights = np.array([[composition.get(symbol, 0.0) for symbol in symbols] for composition in compositions])
    values = table(tuple(symbols), COMMON)
    means = weights @ values
    deviations = (weights[:, :, None] * np.abs(values[None, :, :] - means[:, None, :])).sum(1)
    columns = np.stack([means, deviations], axis=2).reshape(len(compositions), -1)
    return np.asarray(np.round(columns, 9))  # equal compositions give equal rows, whatever the order of addition
