"""How good generated crystals are."""

import math

import pytest
from pymatgen.core import Lattice, Structure

from eutectic.generators.metrics.coverage import coverage, diversity
from eutectic.generators.metrics.evaluation import evaluation
from eutectic.generators.metrics.novelty import Reference, novelty, unique
from eutectic.generators.metrics.prediction import match
from eutectic.generators.metrics.rates import Rate
from eutectic.generators.metrics.stability import burden, moved, relaxation, stable_unique_new
from eutectic.generators.metrics.validity import apart, neutral, sound


def cubic(a, b, edge, group="Fm-3m"):
    second = [0.5, 0.5, 0.5]
    return Structure.from_spacegroup(group, Lattice.cubic(edge), [a, b], [[0, 0, 0], second]).get_primitive_structure()


SALT, POTASH, CAESIUM = cubic("Na", "Cl", 5.64), cubic("K", "Cl", 6.29), cubic("Cs", "Cl", 4.12, "Pm-3m")


def told(rates, name):
    return next(rate for rate in rates if rate.name == name)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"), [(8, 10, 0.490, 0.943), (0, 20, 0.0, 0.161), (20, 20, 0.839, 1.0)]
)
def test_a_rate_has_wilsons_interval(count, n, low, high):
    found = Rate("x", count, n).interval
    assert found == pytest.approx((low, high), abs=5e-4)


def test_a_rate_of_nothing_says_so():
    empty = Rate("x", 0, 0)
    assert math.isnan(empty.share)
    assert empty.interval == (0.0, 1.0)
    assert "of nothing" in empty.line()
    assert empty.to_json()["share"] is None


def test_atoms_upon_each_other_and_empty_cells_are_not_valid():
    squeezed = Structure(Lattice.cubic(4), ["Na", "Cl"], [[0, 0, 0], [0.05, 0, 0]])
    empty = Structure(Lattice.cubic(12), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert apart([SALT, squeezed, empty]) == [True, False, True]
    assert sound([SALT, squeezed, empty]) == [True, False, False]


def test_charges_are_balanced_or_not_and_metals_alone_are_fine():
    double = Structure(Lattice.cubic(4), ["Na", "Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5]])
    alloy = Structure(Lattice.cubic(3), ["Fe", "Al"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert neutral([SALT, double, alloy]) == [True, False, True]


def test_repeats_are_found_whatever_their_cell():
    bigger = SALT * (2, 1, 1)
    assert unique([SALT, bigger, POTASH, SALT]) == [True, False, True, False]


def test_what_is_new_is_told_apart_by_formula_crystal_order_and_type():
    reference = Reference.of("salts", [SALT, CAESIUM])
    other_order = Structure(Lattice.cubic(4.12), ["Cl", "Cs"], [[0.02, 0, 0], [0.5, 0.5, 0.5]])
    rates = novelty([SALT, POTASH, other_order], reference)
    assert told(rates, "new formula").count == 1
    assert told(rates, "new").count == 1
    assert told(rates, "new prototype").count == 0
    assert told(rates, "new").against["reference"] == "salts (2 crystals)"
    assert reference.nearest(POTASH)[0] == "the same type"
    assert reference.nearest(SALT)[0] == "the same crystal"


def test_another_order_of_the_same_elements_is_new_only_where_order_counts():
    cell = Lattice.cubic(3.8)
    corners = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    layered = Structure(Lattice.tetragonal(2.69, 3.8), ["Cu", "Au"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    long = Structure(cell, ["Cu", "Cu", "Au", "Au"], corners) * (1, 1, 2)
    mixed = long.copy()
    mixed.replace(0, "Au")
    mixed.replace(4, "Cu")
    reference = Reference.of("known", [layered])
    assert reference.holds(long)
    assert not reference.holds(mixed)
    assert reference.holds(mixed, disordered=True)


def test_stable_unique_new_counts_what_is_all_three():
    rates = stable_unique_new([0.0, 0.05, math.nan, -0.1], [True, True, True, False], [True] * 4, {"hull": "MP"})
    assert [(rate.name, rate.count) for rate in rates] == [
        ("stable", 2), ("stable, unique and new", 1), ("metastable", 3), ("metastable, unique and new", 2),
    ]  # fmt: skip
    assert rates[0].against == {"hull": "MP", "threshold": "1 meV/atom above the hull"}


def test_what_moves_a_little_keeps_its_structure_and_what_becomes_another_does_not():
    shaken = SALT.copy()
    shaken.translate_sites([0], [0.02, 0.0, 0.0])
    assert 0 < moved(SALT, shaken) < 0.05
    assert math.isnan(moved(SALT, CAESIUM))
    kept, rmsd, corrected = relaxation([SALT, SALT], [shaken, CAESIUM], {"potential": "none"})
    assert (kept.count, kept.n) == (1, 2)
    assert 0 < rmsd.value < 0.2
    assert corrected.value > 0.5


def test_prediction_counts_the_best_of_several_samples():
    rates = match([SALT, POTASH], [[CAESIUM, SALT], [CAESIUM]])
    assert (rates[0].count, rates[0].n) == (1, 2)
    assert rates[1].value == pytest.approx(0.0, abs=1e-6)
    assert rates[2].value == pytest.approx(0.25, abs=1e-6)


def test_coverage_and_diversity_of_a_set_with_itself():
    crystals = [SALT, POTASH, CAESIUM]
    precision, recall = coverage(crystals, crystals)
    assert (precision.count, recall.count) == (3, 3)
    assert told(diversity(crystals), "distinct formulas").value == 3.0
    assert told(diversity([SALT, SALT]), "mean distance of compositions, 0 to 1").value == 0.0


def test_burden_is_evaluations_a_hit():
    assert burden(4, 100, {}).value == 25.0
    assert math.isinf(burden(0, 100, {}).value)
    assert burden(0, 100, {}).to_json()["value"] is None


def test_an_evaluation_names_every_rate_once():
    names = [one.name for one in evaluation([SALT, POTASH], Reference.of("r", [SALT]), [SALT])]
    assert names[:4] == ["apart", "sound", "neutral", "unique"]
    assert len(names) == len(set(names)) == 14
