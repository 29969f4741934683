"""This file is numbers that describe a formula: statistics of its elements' properties, stoichiometry, charge."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np

from eutectic.oracles.elements.data import Array, symbols
from eutectic.oracles.elements.neutrality import charge_imbalance_e_per_atom

PROPERTIES = (
    "Number", "MendeleevNumber", "AtomicWeight", "MeltingT", "Column", "Row", "CovalentRadius", "Electronegativity",
    "NsValence", "NpValence", "NdValence", "NfValence", "NValence", "NsUnfilled", "NpUnfilled", "NdUnfilled",
    "NfUnfilled", "NUnfilled", "GSvolume_pa", "GSbandgap", "GSmagmom", "SpaceGroupNumber",
)  # fmt: skip
"""Tables of matminer, the set of Ward et al. 2016, doi 10.1038/npjcompumats.2016.28."""


@lru_cache(maxsize=1)
def table() -> Array:
    """(118, p) one row an element, NaN without datum."""
    folder = files("matminer").joinpath("utils", "data_files", "magpie_elementdata")
    columns = []
    for name in PROPERTIES:
        lines = folder.joinpath(f"{name}.table").read_text(encoding="utf-8").splitlines()
        columns.append([_number(lines[z]) if z < len(lines) else np.nan for z in range(118)])
    return np.array(columns, dtype=np.float64).T


def _number(cell: str) -> float:
    """A cell of a table; whatever is no number is no datum."""
    try:
        return float(cell)
    except ValueError:
        return np.nan


def features(formulas: Sequence[Mapping[str, float]]) -> Array:
    """(n, 6 p + 4) of atomic fractions by element; NaN where an element has no datum.

    Mean, mean deviation, minimum, maximum, range and the most frequent element's value of each of p properties; the
    number of elements, the 2- and 3-norm of the fractions, the smallest charge in e/atom.
    """
    if not formulas:
        return np.empty((0, 6 * len(PROPERTIES) + 4))
    elements = sorted({e for formula in formulas for e in formula})
    X = np.array([[formula.get(e, 0.0) for e in elements] for formula in formulas])
    values = table()[[symbols().index(e) for e in elements]]
    rows = [_row(x[x > 0], values[x > 0]) for x in X]
    return np.column_stack([np.array(rows), charge_imbalance_e_per_atom(elements, X, "common")])


def _row(x: Array, values: Array) -> Array:
    """The features but the charge, of the fractions (k,) of k elements with properties (k, p)."""
    mean, low, high = x @ values, values.min(axis=0), values.max(axis=0)
    deviation, most = x @ np.abs(values - mean), values[np.argmax(x)]
    shape = [float(len(x)), float((x**2).sum() ** (1 / 2)), float((x**3).sum() ** (1 / 3))]
    return np.concatenate([mean, deviation, low, high, high - low, most, shape])
