"""This file is which crystals could be any: no atoms upon each other, charges that can be balanced."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.metrics.rates import Rate, rate
from eutectic.generators.structures.validity import NEAREST_ANGSTROM, OVER_RADII, closest, unphysical
from eutectic.oracles.elements.neutrality import charge_imbalance_e_per_atom, oxidation_states

if TYPE_CHECKING:
    from pymatgen.core import Structure

NEUTRAL_E_PER_ATOM = 1e-6
"""Charge left over an atom, up to which a formula is neutral; rounding."""


def sound(structures: "Sequence[Structure]") -> list[bool]:
    """(n,) is each free of overlaps, of a volume and a density that a crystal may have?"""
    return [not unphysical(structure) for structure in structures]


def apart(structures: "Sequence[Structure]") -> list[bool]:
    """(n,) are all atoms further apart than 0.5 angstrom, as CDVAE has it (Xie et al. 2022, arXiv 2110.06197)?"""
    return [closest(structure)[0] >= NEAREST_ANGSTROM for structure in structures]


def neutral(structures: "Sequence[Structure]") -> list[bool]:
    """(n,) can oxidation states balance its charges? Metals alone count as neutral.

    The states of a formula are searched all at once and at most a million of them, so that nothing hangs; where an
    element has no known state, or there are more, it counts as not neutral.
    """
    return [_neutral(structure) for structure in structures]


def _neutral(structure: "Structure") -> bool:
    amounts = structure.composition.get_el_amt_dict()
    elements = tuple(sorted(amounts))
    states = oxidation_states("all")
    if all(states.get(element, (0,))[0] > 0 for element in elements):
        return True
    x = np.array([[amounts[element] for element in elements]]) / sum(amounts.values())
    return bool(charge_imbalance_e_per_atom(elements, x)[0] <= NEUTRAL_E_PER_ATOM)


def validity(structures: "Sequence[Structure]") -> list[Rate]:
    """Rates of what is valid."""
    return [
        rate("apart", apart(structures), {"least distance": f"{NEAREST_ANGSTROM} angstrom"}),
        rate("sound", sound(structures), {"least distance": f"{OVER_RADII} of the sum of covalent radii"}),
        rate("neutral", neutral(structures), {"oxidation states": "all known; metals alone count"}),
    ]
