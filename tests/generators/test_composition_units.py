"""Compositions in at.%, wt.% and mole ratios: exact steps, balances, fixed amounts, dopants, and what is refused."""

import numpy as np
import pytest
from pymatgen.core import Composition as Formula
from pymatgen.core import Element as Symbol

from eutectic.generators.amounts import fractions
from eutectic.generators.composition import Composition, Element
from eutectic.generators.representations.compositions import source
from eutectic.optimizers.spaces import region

RNG = np.random.default_rng(0)
STEEL = {"Cr": (10.0, 25.0), "Ni": (0.0, 20.0), "Mo": 2.5}


def steel(**options: object) -> Composition:
    return Composition(STEEL, unit="wt.%", balance="Fe", **options)  # type: ignore[arg-type]


def test_a_step_in_weight_per_cent_is_exact_in_weight_per_cent() -> None:
    part = steel(step=0.5)
    X = region.sample(part.space, 200, RNG)
    assert part.space.mixtures[0].divisions == 200
    for candidate in part.generate(X, RNG):
        amounts = {symbol: float(value) for symbol, value in candidate.variables.items()}
        assert amounts["Mo"] == 2.5
        assert all(2 * value == round(2 * value) for value in amounts.values())
        assert sum(amounts.values()) == pytest.approx(100)


def test_weights_become_atomic_fractions_by_the_molar_masses() -> None:
    part = steel(step=0.5)
    (candidate,) = part.generate(part.coordinates({"Cr": 18, "Ni": 8, "Mo": 2.5, "Fe": 71.5})[None], RNG)
    moles = {symbol: float(str(w)) / Symbol(symbol).atomic_mass for symbol, w in candidate.variables.items()}
    assert candidate.composition == pytest.approx({s: n / sum(moles.values()) for s, n in moles.items()})
    assert candidate.variables == {"Cr": 18, "Ni": 8, "Mo": 2.5, "Fe": 71.5}


def test_what_is_written_is_read_back() -> None:
    for part in (steel(step=0.5), steel(), Composition({"Fe": (20, 80), "Ni": (20, 80)}, unit="at.%")):
        X = region.sample(part.space, 100, RNG)
        back = np.array([part.coordinates(candidate.variables) for candidate in part.generate(X, RNG)])
        assert back == pytest.approx(X, abs=1e-12)


def test_at_per_cent_is_a_hundred_atomic_fractions() -> None:
    part = Composition({"Fe": (20, 80), "Ni": (20, 80), "Co": (0, 50)}, step=5, unit="at.%", linear=("Fe + Ni <= 90",))
    plain = Composition({"Fe": (0.2, 0.8), "Ni": (0.2, 0.8), "Co": (0.0, 0.5)}, 0.05, linear=("Fe + Ni <= 0.9",))
    rows = region.enumerate_points(part.space)
    assert rows is not None
    assert region.count(plain.space) == len(rows)
    for one, other in zip(part.generate(rows, RNG), plain.generate(rows, RNG), strict=True):
        assert one.composition == pytest.approx(other.composition)


def test_a_dopant_on_a_logarithmic_scale_is_spread_over_its_decades_and_the_balance_is_what_is_left() -> None:
    part = Composition(
        {"Al": (0.0, 8.0), "B": Element(0.001, 1.0, "log"), "C": 0.05}, unit="wt.%", balance="Ti", step=0.5
    )
    X = region.sample(part.space, 3000, RNG)
    candidates = part.generate(X, RNG)
    boron = np.array([c.variables["B"] for c in candidates], dtype=float)
    assert part.space.names == ("Al (wt.%)", "log10(B (wt.%))")
    assert np.mean(boron < 0.1) == pytest.approx(2 / 3, abs=0.03)
    for c in candidates[:50]:
        assert sum(float(v) for v in c.variables.values()) == pytest.approx(100, abs=1e-9)
        assert 2 * float(c.variables["Al"]) == round(2 * float(c.variables["Al"]))
    shares = fractions(part.amounts, X[:1])
    assert dict(zip(part.amounts.labels, shares[0], strict=True)) == pytest.approx(candidates[0].composition)
    assert part.coordinates(candidates[0].variables) == pytest.approx(X[0], abs=1e-9)


def test_a_balance_keeps_its_range() -> None:
    part = Composition(
        {"Al": (0.0, 60.0), "V": (0.0, 60.0), "B": Element(0.01, 10.0, "log"), "Ti": (40.0, 90.0)},
        unit="at.%", balance="Ti",
    )  # fmt: skip
    left = [float(c.variables["Ti"]) for c in part.generate(region.sample(part.space, 500, RNG), RNG)]
    assert 40 - 1e-6 <= min(left) < 45
    assert 80 < max(left) <= 90 + 1e-6


def test_mole_ratios_are_beside_what_is_fixed() -> None:
    part = Composition(
        {"Al": (0.0, 2.0), "Co": 1.0, "Cr": 1.0, "Fe": 1.0, "Ni": (0.5, 2.0)}, unit="mole_ratio", step=0.1
    )
    (candidate,) = part.generate(part.coordinates({"Al": 0.5, "Ni": 1.5})[None], RNG)
    assert candidate.composition == pytest.approx(Formula("Al0.5CoCrFeNi1.5").fractional_composition.get_el_amt_dict())
    assert candidate.variables == {"Al": 0.5, "Co": 1.0, "Cr": 1.0, "Fe": 1.0, "Ni": 1.5}


def test_ranges_of_atomic_fractions_follow_the_bounds_in_weights() -> None:
    part = steel()
    X = region.sample(part.space, 20_000, RNG)
    shares = fractions(part.amounts, X)
    for (low, high), column in zip(part.element_fractions().values(), shares.T, strict=True):
        assert low <= column.min() + 1e-9
        assert high >= column.max() - 1e-9
        assert high - low <= np.ptp(column) * 1.3 + 1e-9


def test_representations_see_atomic_fractions_whatever_the_unit_is() -> None:
    import torch

    for part in (steel(), Composition({"Al": (0.0, 2.0), "Co": 1.0, "Ni": (0.5, 2.0)}, unit="mole_ratio")):
        X = region.sample(part.space, 20, RNG)
        where = source(part.space, ())
        seen = where.fractions(torch.as_tensor(X)).numpy()
        for candidate, row in zip(part.generate(X, RNG), seen, strict=True):
            own = candidate.composition or {}
            assert row == pytest.approx([own.get(symbol, 0.0) for symbol in where.elements])


@pytest.mark.parametrize(
    ("elements", "options", "message"),
    [
        ({"Fe": (0.0, 120.0), "Ni": (0.0, 100.0)}, {"unit": "wt.%"}, "wt.% runs from 0 to 100, got 120"),
        ({"Fe": (0.0, 0.8), "Ni": (0.0, 0.5)}, {"unit": "at.%"}, "sum to 1.3, not to 100 at.%; are these fractions"),
        ({"Fe": (0.0, 80.0), "Ni": (0.0, 50.0)}, {}, "got 80; 5 at.% is written 0.05, or say `unit: at.%`"),
        ({"Fe": (0.0, 2.0), "Ni": (0.0, 1.0)}, {"unit": "mole_ratio"}, "beside an element that is fixed: give one"),
        ({"Fe": 1.0, "Ni": (0.0, 1.0)}, {"unit": "mole_ratio", "balance": "Fe"}, "mole ratios have no rest"),
        ({"Fe": (0.0, 1.0), "B": Element(0.001, 0.1, "log")}, {}, "name `balance`"),
        ({"B": Element(0.0, 0.1, "log")}, {"balance": "Fe"}, "a logarithm needs a lowest amount above 0"),
        ({"B": Element(0.001, 0.1, "log"), "C": (0.0, 0.1)}, {"balance": "Fe", "max_elements": 2}, "max_elements"),
        ({"Fe": (0.0, 60.0)}, {"unit": "wt.%", "balance": "Nii"}, "'Nii' is no element symbol; did you mean 'Ni'"),
        ({"Fe": (0.0, 60.0), "Ni": (0.0, 100.0)}, {"unit": "wt.%", "step": 0.3}, "step: 0.3 does not divide 100"),
    ],
)
def test_amounts_that_a_unit_cannot_have_are_refused(
    elements: dict[str, object], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Composition(elements, **options)  # type: ignore[arg-type]


def test_a_table_that_contradicts_the_space_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sum to 95\.5, not to 100"):
        Composition({"B": Element(0.1, 1.0, "log"), "C": (0.0, 1.0)}, unit="wt.%", balance="Fe").coordinates(
            {"B": 0.5, "C": 1.0, "Fe": 94.0}
        )


def test_fractions_where_per_cent_are_wanted_are_asked_about():
    steel = Composition({"Cr": (10, 25), "Ni": (4, 12), "Mo": (0, 3)}, unit="wt.%", balance="Fe")
    with pytest.raises(ValueError, match=r"Cr, Ni, Mo sum to 0.18 of 100: are these fractions\?"):
        steel.coordinates({"Cr": 0.12, "Ni": 0.05, "Mo": 0.01})
    with pytest.raises(ValueError, match=r"sum to 1 of 100: are these fractions\?"):
        steel.coordinates({"Cr": 0.12, "Ni": 0.05, "Mo": 0.01, "Fe": 0.82})
    nearly_iron = {"Cr": 0.12, "Ni": 0.05, "Mo": 0.01, "Fe": 99.82}
    assert steel.coordinates(nearly_iron) == pytest.approx([0.0012, 0.0005, 0.0001, 0.9982])
    traces = Composition({"Cr": (0, 25)}, unit="wt.%", balance="Fe")
    assert traces.coordinates({"Cr": 0.12}) == pytest.approx([0.0012, 0.9988])
