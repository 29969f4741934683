"""This file is chemical formulas as numbers: composition-weighted statistics of element properties.

Element properties are those of Magpie (Ward et al. 2016, doi:10.1038/npjcompumats.2016.28) as shipped with matminer;
where an element has none, matminer's mean over the elements stands in.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from optimizers.base import Array

PROPERTIES = {
    "atomic_number": "Number",
    "electronegativity_pauling": "Electronegativity",
    "covalent_radius_pm": "CovalentRadius",
    "valence_electrons": "NValence",
    "mendeleev_number": "MendeleevNumber",
    "melting_temperature_k": "MeltingT",
}
"""Our name with its unit -> Magpie's name."""
STATISTICS = tuple(f"{kind}_{name}" for name in PROPERTIES for kind in ("mean", "deviation"))
"""Names of the columns of `statistics`: weighted mean and weighted mean absolute deviation."""


@lru_cache(maxsize=100_000)
def fractions(formula: str) -> Mapping[str, float] | None:
    """Atomic fractions by element symbol, None when the text is no formula of known elements."""
    from pymatgen.core import Composition

    try:
        amounts = Composition(formula).get_el_amt_dict()
    except (ValueError, TypeError, KeyError):
        return None
    total = sum(amounts.values())
    from pymatgen.core import Element

    if not total > 0 or min(amounts.values()) < 0 or not all(Element.is_valid_symbol(e) for e in amounts):
        return None
    return {symbol: amount / total for symbol, amount in amounts.items()}


def statistics(compositions: Sequence[Mapping[str, float]]) -> Array:
    """(n, len(STATISTICS)) of n compositions (atomic fractions)."""
    symbols = sorted({symbol for composition in compositions for symbol in composition})
    weights = np.array([[composition.get(symbol, 0.0) for symbol in symbols] for composition in compositions])
    values = np.array([_element(symbol) for symbol in symbols])
    means = weights @ values
    deviations = (weights[:, :, None] * np.abs(values[None, :, :] - means[:, None, :])).sum(1)
    columns = np.stack([means, deviations], axis=2).reshape(len(compositions), -1)
    return np.asarray(np.round(columns, 9))  # equal compositions give equal rows, whatever the order of addition


@lru_cache(maxsize=200)
def _element(symbol: str) -> tuple[float, ...]:
    from pymatgen.core import Element

    data = _magpie()
    return tuple(float(data.get_elemental_property(Element(symbol), name)) for name in PROPERTIES.values())


@lru_cache(maxsize=1)
def _magpie():  # type: ignore[no-untyped-def]
    from matminer.utils.data import MagpieData

    return MagpieData(impute_nan=True)
