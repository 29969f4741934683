"""Solid solutions and ordered cells."""

import numpy as np
import pytest
from pymatgen.core import Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from eutectic.generators.baselines.alloy import Alloy
from eutectic.generators.baselines.lattices import LATTICES, shells, supercell
from eutectic.generators.baselines.quasirandom import Neighbours, correlations, special
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal


def made(engine, conditions, draws=range(20)):
    return [a for a in engine.draw([conditions] * len(draws), list(draws)) if isinstance(a, GeneratedStructure)]


def neighbours_of(crystal, number):
    return Neighbours(*shells(np.asarray(crystal.lattice.matrix), crystal.cart_coords, number))


@pytest.mark.parametrize(("name", "numbers"), [("fcc", [12, 6, 24]), ("bcc", [8, 6, 12]), ("hcp", [12, 6, 2])])
@pytest.mark.parametrize("sites", [2, 16, 30])
def test_lattices_of_any_size_have_the_neighbours_of_the_crystal(name, numbers, sites):
    cell, positions = supercell(LATTICES[name], sites, np.random.default_rng(1))
    first, _, shell = shells(cell, positions, 3)
    for site in range(sites):
        assert np.bincount(shell[first == site]).tolist() == numbers


def test_correlations_are_those_of_orders_worked_out_by_hand():
    cell = np.diag([1.0, 1.0, 1.0]) * np.sqrt(2.0)
    corners = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]) @ cell
    neighbours = Neighbours(*shells(cell, corners, 2))
    copper_gold = correlations(np.array([1, 0, 0, 0]), neighbours)  # L1_2: gold sees 12 copper, copper 4 gold
    assert copper_gold[:, 0, 1] == pytest.approx([-1 / 3, 1.0])
    layers = correlations(np.array([0, 1, 1, 0]), neighbours)  # L1_0: 8 of 12 are unlike, none of the next 6
    assert layers[:, 0, 1] == pytest.approx([-1 / 3, 1.0])
    assert layers[0, 0, 0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", ["fcc", "bcc", "hcp"])
def test_a_special_equiatomic_cell_of_16_atoms_has_no_order_among_first_neighbours(name):
    wanted = Conditions(formula="CuAu", atoms=(16, 16))
    crystals = made(Alloy(lattices=(name,), ordered=()), wanted, range(6))
    assert len(crystals) == 6
    for crystal in crystals:
        scaled = Structure.from_dict(crystal.structure())
        nearest = float(np.sort(scaled.distance_matrix + 100 * np.eye(16), axis=None)[0])
        scaled.scale_lattice(scaled.volume / nearest**3)
        types = (np.array(scaled.atomic_numbers) == 79).astype(np.int64)
        found = correlations(types, neighbours_of(scaled, 2))
        assert found[0] == pytest.approx(np.zeros((2, 2)), abs=1e-9)
        assert np.abs(found[1]).max() < 0.35


def test_special_occupations_are_nearer_to_a_random_alloy_than_random_ones_also_of_four_elements():
    rng = np.random.default_rng(5)
    cell, positions = supercell(LATTICES["fcc"], 32, rng)
    neighbours = Neighbours(*shells(cell, positions, 2))
    start = rng.permutation(np.repeat(np.arange(4), [8, 8, 8, 8]))
    better = special(start, neighbours, 3000, np.random.default_rng(0))
    assert np.bincount(better).tolist() == [8, 8, 8, 8]
    random, ordered = (np.abs(correlations(types, neighbours)[0]).mean() for types in (start, better))
    assert ordered < 0.3 * random


@pytest.mark.parametrize(
    ("options", "wanted", "group", "atoms", "kind"),
    [
        ({"lattices": (), "ordered": ("B2",)}, Conditions(formula="NiAl"), 221, 2, "B2"),
        ({"lattices": (), "ordered": ("L1_2",)}, Conditions(formula="Ni3Al"), 221, 4, "L1_2"),
        ({"lattices": (), "ordered": ("L1_0",)}, Conditions(formula="TiAl"), 123, 2, "L1_0"),
        ({"lattices": (), "ordered": ("D0_3",)}, Conditions(formula="Fe3Al"), 225, 4, "D0_3"),
        ({"lattices": ("hcp",), "ordered": ()}, Conditions(formula="Mg"), 194, 2, "hcp"),
        ({"lattices": ("fcc",), "ordered": ()}, Conditions(formula="Cu"), 225, 1, "fcc"),
        ({"lattices": ("bcc",), "ordered": ()}, Conditions(formula="W"), 229, 1, "bcc"),
        ({}, Conditions(elements=("Fe", "Al"), space_groups=(225,)), 225, 4, "D0_3"),
    ],
)
def test_cells_have_the_space_group_of_their_name(options, wanted, group, atoms, kind):
    for crystal in made(Alloy(**options), wanted, range(3)):
        structure = Structure.from_dict(crystal.structure())
        assert SpacegroupAnalyzer(structure, symprec=0.01).get_space_group_number() == group == crystal.space_group
        assert len(structure.get_primitive_structure()) == len(structure) == atoms
        assert crystal.parent == kind


def test_the_majority_element_has_the_majority_sites_and_volumes_are_those_of_the_elements():
    (crystal,) = made(Alloy(lattices=(), ordered=("L1_2",)), Conditions(formula="Ni3Al"), [0])
    structure = Structure.from_dict(crystal.structure())
    assert structure.lattice.a == pytest.approx(3.57, rel=0.03)  # Ni3Al, measured
    assert structure.composition.as_dict() == {"Ni": 3.0, "Al": 1.0}


def test_random_decorations_and_several_elements_keep_what_is_required():
    wanted = Conditions(elements=("Cr", "Fe", "Co", "Ni"), required=("Cr", "Ni"), atoms=(5, 12))
    crystals = made(Alloy(decoration="random"), wanted)
    assert len(crystals) == 20
    for crystal in crystals:
        assert {24, 28} <= set(crystal.numbers.tolist()) <= {24, 26, 27, 28}
        assert 5 <= len(crystal.numbers) <= 12


def test_what_no_cell_holds_is_refused_with_its_reason():
    odd = Conditions(formula="Ni2Al", atoms=(3, 3))
    assert Alloy(lattices=("hcp",)).refuse(odd) == (
        "none of hcp, L1_2, L1_0, B2, D0_3 has 3 to 3 atoms and the formula Ni2Al"
    )
    (answer,) = Alloy(lattices=("hcp",)).draw([odd], [0])
    assert answer == Refusal(Alloy(lattices=("hcp",)).refuse(odd), odd, 0)
    assert "space group 62" in Alloy().refuse(Conditions(space_groups=(62,)))
    assert Alloy().refuse(Conditions(formula="Cu", atoms=(4, 4))).startswith("none of fcc")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shells": 0}, "shells: 0 is not between 1 and 4"),
        ({"steps": 0}, "steps: 0"),
        ({"most_elements": 9}, "most_elements: 9"),
        ({"lattices": (), "ordered": ()}, "lattices: none"),
    ],
)
def test_options_that_make_no_alloy_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        Alloy(**options)
