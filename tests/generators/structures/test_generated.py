"""Crystals as generators give them."""

import numpy as np
from pymatgen.core import Structure

from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, seeded


def rock_salt(shift=0.0, draw=3):
    return GeneratedStructure(
        lattice=np.array([[0.0, 2.1, 2.1], [2.1, 0.0, 2.1], [2.1, 2.1, 0.0]]),
        fractional=np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]) + shift,
        numbers=np.array([12, 8]),
        space_group=225,
        conditions=Conditions(),
        checkpoint="0123456789abcdef",
        draw=draw,
        parent="NaCl",
    )


def test_a_generated_crystal_becomes_a_candidate_with_structure_composition_and_origin():
    candidate = rock_salt().candidate({"draw": 3}, "substitution")
    crystal = Structure.from_dict(dict(candidate.structure))
    assert crystal.composition.reduced_formula == "MgO"
    assert candidate.composition == {"Mg": 0.5, "O": 0.5}
    assert candidate.origin == "substitution:01234567"
    assert candidate.parents == ("NaCl",)
    assert abs(crystal.get_distance(0, 1) - 2.1) < 1e-5


def test_what_lies_below_the_rounding_changes_no_id():
    exact, beside = (rock_salt(shift).candidate({"draw": 3}, "x").id for shift in (0.0, -1e-9))
    assert exact == beside
    assert rock_salt(1e-3).candidate({"draw": 3}, "x").id != exact


def test_a_draw_has_its_own_randomness():
    first, again, other = (seeded("0123456789abcdef", draw).random() for draw in (1, 1, 2))
    assert first == again != other
