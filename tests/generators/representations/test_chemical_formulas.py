"""Claims about formulas as numbers."""

import pytest

from eutectic.generators.representations.chemical_formulas import STATISTICS, fractions, statistics
from eutectic.generators.representations.elements import SYMBOLS


def test_all_118_symbols_are_known_in_order() -> None:
    from pymatgen.core import Element

    assert [Element.from_Z(z).symbol for z in range(1, 119)] == list(SYMBOLS)


def test_statistics_are_weighted_means_and_deviations() -> None:
    composition = fractions("NaCl")
    assert composition is not None
    (row,) = statistics([composition])
    found = dict(zip(STATISTICS, row, strict=True))
    assert found["mean_atomic_number"] == pytest.approx((11 + 17) / 2)
    assert found["deviation_atomic_number"] == pytest.approx(3)
    assert found["mean_electronegativity_pauling"] == pytest.approx((0.93 + 3.16) / 2)
