"""This file is how likely one element takes another's place in known crystals, after Hautier et al. 2011.

doi 10.1021/ic102031h; the statistics are those pymatgen ships (lambda of eq. 5).
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

GUESSES = 12
"""A formula with more atoms than this is reduced no further before its oxidation states are guessed: too slow."""


@lru_cache(maxsize=1)
def _statistics() -> tuple[tuple[str, ...], tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Species as text, their elements, their charges (s,), and P(new | old) (s, s) with rows the old."""
    from pymatgen.analysis.structure_prediction.substitution_probability import SubstitutionProbability

    table = SubstitutionProbability()
    species = sorted(table.species, key=lambda s: (s.Z, s.oxi_state))
    P = np.array([[table.cond_prob(new, old) for new in species] for old in species])
    charges = np.array([float(s.oxi_state) for s in species])
    return tuple(map(str, species)), tuple(s.symbol for s in species), charges, P


def chances(element: str, charge: float | None) -> Mapping[str, float]:
    """Element -> probability of taking the place of this one; {} where nothing is known of it.

    charge: its oxidation state, which the other must have, too; None: the mean over its states, whatever theirs are.
    """
    _, elements, charges, P = _statistics()
    own = [i for i, e in enumerate(elements) if e == element and (charge is None or charges[i] == charge)]
    if not own:
        return {}
    others = [j for j in range(len(elements)) if charge is None or charges[j] == charge]
    found: dict[str, float] = {}
    for j in others:
        found[elements[j]] = found.get(elements[j], 0.0) + float(P[own, j].mean())
    return found


@lru_cache(maxsize=4096)
def oxidation_states(formula: str) -> Mapping[str, float]:
    """Element -> its whole oxidation state in a neutral formula, the likeliest guess; {} where there is none."""
    from pymatgen.core import Composition

    composition = Composition(formula).reduced_composition
    if composition.num_atoms > GUESSES * len(composition):
        return {}
    guesses = composition.oxi_state_guesses(max_sites=-1 if composition.num_atoms > GUESSES else None)
    states = dict(guesses[0]) if guesses else {}
    return states if all(x and x == int(x) for x in states.values()) else {}
