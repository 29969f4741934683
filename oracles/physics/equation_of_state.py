"""This file is the equation of state of a solid: Birch-Murnaghan through energies at several volumes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EV_PER_ANGSTROM3_IN_GPA = 160.21766208
"""GPa in an eV/angstrom^3: the elementary charge, CODATA 2014, times 1e21."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Its minimum."""

    volume: float
    """In the unit of the volumes given, angstrom^3."""
    energy_ev: float
    bulk_modulus_gpa: float
    derivative: float
    """Of the bulk modulus with pressure, dimensionless."""
    misfit_ev: float
    """Root mean square of what the curve misses."""


def birch_murnaghan(volumes: Sequence[float], energies: Sequence[float]) -> Fit | None:
    """Third-order equation of state (Birch 1947, doi 10.1103/PhysRev.71.809) through n >= 4 points.

    `volumes` (n,) in angstrom^3, `energies` (n,) in eV. The energy is a cubic polynomial in x = V^(-2/3), which is
    fitted by linear least squares. None when the polynomial has no minimum at a positive volume.
    """
    assert len(volumes) == len(energies) >= 4
    scale = float(np.mean(volumes))
    x = (np.asarray(volumes, dtype=float) / scale) ** (-2 / 3)
    curve = np.polynomial.Polynomial.fit(x, np.asarray(energies, dtype=float), 3)
    slope, bend, twist = curve.deriv(), curve.deriv(2), curve.deriv(3)
    roots = slope.roots().astype(complex)
    minima = [float(r.real) for r in roots if abs(r.imag) < 1e-9 and r.real > 0 and bend(r.real) > 0]
    if not minima:
        return None
    at = min(minima, key=lambda r: abs(r - 1))
    volume = scale * at**-1.5
    # x = V^(-2/3) and dE/dx = 0, so B = (4/9) x^2 E" / V and B' = 4 + (2/3) x E"' / E"
    bulk = 4 / 9 * at**2 * float(bend(at)) / volume * EV_PER_ANGSTROM3_IN_GPA
    derivative = 4 + 2 / 3 * at * float(twist(at)) / float(bend(at))
    misfit = float(np.sqrt(np.mean((curve(x) - np.asarray(energies)) ** 2)))
    return Fit(volume, float(curve(at)), bulk, derivative, misfit)
