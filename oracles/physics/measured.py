"""This file is values measured on several decorations of one composition, and their mean with its standard error."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eutectic.oracles.physics import elasticity
from eutectic.oracles.physics.decorations import Decorated

AMU_PER_ANGSTROM3_IN_G_PER_CM3 = 1.66053906660
"""CODATA 2018."""
STIFFNESS: Mapping[str, Callable[[elasticity.Cubic], float]] = {
    "c11_gpa": lambda cubic: cubic.c11,
    "c12_gpa": lambda cubic: cubic.c12,
    "c44_gpa": lambda cubic: cubic.c44,
    "bulk_modulus_gpa": lambda cubic: cubic.bulk,
    "shear_modulus_gpa": lambda cubic: cubic.shear,
    "young_modulus_gpa": lambda cubic: cubic.young,
    "pugh_ratio": lambda cubic: cubic.pugh,
    "poisson_ratio": lambda cubic: cubic.poisson,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Means, standard errors and what they are made of, by property."""

    values: dict[str, float]
    errors: dict[str, float]
    samples: dict[str, list[float]]
    """One value a decoration."""
    lattice_angstrom: float
    """Mean lattice constant of the relaxed decorations, also where nobody asked for it."""
    crystals: tuple[Decorated, ...] = ()
    """What the samples were measured on, where each is of one crystal alone."""


ROUNDING = 1e-12
"""A scatter below this share of the values is rounding: crystals that are the same but for their symmetry."""


def _error(sample: npt.NDArray[np.float64]) -> float:
    """Standard error of the mean of a sample (n,) of two or more."""
    scatter = float(np.std(sample, ddof=1))
    return 0.0 if scatter <= ROUNDING * float(np.abs(sample).max()) else scatter / float(np.sqrt(len(sample)))


def summarise(samples: dict[str, list[float]], lattice: float, crystals: Sequence[Decorated] = ()) -> Measured:
    """Means, and standard errors where there are two samples or more."""
    values = {name: float(np.mean(sample)) for name, sample in samples.items()}
    errors = {name: _error(np.asarray(sample, dtype=float)) for name, sample in samples.items() if len(sample) > 1}
    return Measured(values, errors, samples, lattice, tuple(crystals))
