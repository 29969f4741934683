"""This file is what DEAP does for the population methods: NSGA-II's published survivors, NSGA-III's reference points.

Fortin, De Rainville, Gardner, Parizeau and Gagné 2012, jmlr.org/papers/v13/fortin12a.html. Used are parts that draw no
random numbers. Not used (`benchmarks/deap_selection.py` shows all of it): `selTournamentDCD` and `selNSGA3` (and its
`selNSGA3WithMemory`) draw from Python's and NumPy's global state, which a pure function of the history must not touch;
`selNSGA3` also takes the ideal point off the intercepts twice, so that it selects otherwise once losses are shifted;
`ConstrainedFitness` minds a violation only where a candidate has no values, never by how much, and cannot be sorted for
want of a hash. DEAP's sorts let NaN survive: only finite values are handed over.
"""

import numpy as np

from eutectic.optimizers.base import Array, Index


def reference_points(m: int, divisions: int, scaling: float | None = None) -> Array:
    """(r, m) points of the unit simplex with coordinates in multiples of 1/divisions (Das and Dennis 1998).

    With `scaling`, 0 to 1, drawn towards the centre as an inner layer (Deb and Jain 2014, section V).
    """
    from deap.tools import uniform_reference_points

    points: Array = uniform_reference_points(m, divisions, scaling)
    return points


def survivors(Y: Array, k: int) -> Index:
    """(min(k, n),) rows of losses Y (n, m), finite, best first: whole fronts, then by crowding distance, taken once.

    `selNSGA2` with the logarithmic sort (Fortin, Grenier and Parizeau 2013, doi 10.1145/2463372.2463454).
    """
    from deap.base import Fitness
    from deap.tools import selNSGA2

    assert np.isfinite(Y).all(), "no order among values that are not finite"
    if not len(Y):
        return np.empty(0, dtype=np.int64)
    minimised = type("Minimised", (Fitness,), {"weights": (-1.0,) * Y.shape[1]})
    people = [_Individual(row, minimised(values)) for row, values in enumerate(Y)]
    return np.array([person.row for person in selNSGA2(people, min(k, len(Y)), nd="log")], dtype=np.int64)


class _Individual:
    """What DEAP selects: anything with a fitness."""

    __slots__ = ("fitness", "row")

    def __init__(self, row: int, fitness: object) -> None:
        self.row = row
        self.fitness = fitness
