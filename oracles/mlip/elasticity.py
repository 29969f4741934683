"""This file is how a crystal answers strain under an ASE calculator: equation of state and stiffness, in one window.

The energy surfaces of learned potentials are bumpy: a modulus depends on the window of strain it is taken over. Both
calculations here use the same window, fit more points than they need, and the window is part of the settings.
"""

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.units import GPa

from eutectic.oracles.mlip.batching import each
from eutectic.oracles.mlip.potential import Unphysical
from eutectic.oracles.mlip.relaxation import Limits, quiet, relaxed
from eutectic.oracles.physics.elasticity import cubic_average
from eutectic.oracles.physics.equation_of_state import birch_murnaghan

Array = npt.NDArray[np.float64]
POINTS = 7
"""Volumes of an equation of state."""
DIRECTIONS = ((0, 0), (1, 1), (2, 2), (2, 1), (2, 0), (1, 0))
"""Entry of the strain matrix for each Voigt index xx yy zz yz xz xy."""


def bulk_modulus(crystal: Atoms, limits: Limits, window: float) -> float:
    """GPa, by a Birch-Murnaghan fit to energies at linear strains from -window to window; ions relaxed at each.

    Unphysical when the energy has no minimum inside the window.
    """

    def at(strain: float) -> tuple[float, float]:
        strained = _strained(crystal, np.eye(3) * (1.0 + strain), limits)
        return float(strained.get_volume()), float(strained.get_potential_energy())

    volumes, energies = zip(*each(crystal.calc, at, np.linspace(-window, window, POINTS).tolist()), strict=True)
    fit = birch_murnaghan(volumes, energies)
    if fit is None or not volumes[0] <= fit.volume <= volumes[-1]:
        raise Unphysical("the energy has no minimum inside the window of strain")
    return fit.bulk_modulus_gpa


def stiffness(crystal: Atoms, limits: Limits, window: float) -> Array:
    """d(stress) / d(strain) (6, 6) in GPa, ions relaxed, Voigt order xx yy zz yz xz xy.

    The slope of least squares through the stresses at -1, -1/2, 1/2 and 1 times the window.
    """
    strains = window * np.array([-1.0, -0.5, 0.5, 1.0])

    def at(place: tuple[int, int, float]) -> Array:
        row, column, strain = place
        deformation = np.eye(3)
        deformation[row, column] += strain
        return np.asarray(_strained(crystal, deformation, limits).get_stress() / GPa)

    places = [(row, column, strain) for row, column in DIRECTIONS for strain in strains.tolist()]
    stresses = np.reshape(each(crystal.calc, at, places), (len(DIRECTIONS), len(strains), 6))
    columns = [strains @ these / float(strains @ strains) for these in stresses]
    matrix = np.stack(columns, axis=1)
    return np.asarray((matrix + matrix.T) / 2.0)


def _strained(crystal: Atoms, deformation: Array, limits: Limits) -> Atoms:
    """The crystal under a deformation (3, 3), its ions relaxed."""
    strained = crystal.copy()
    strained.calc = crystal.calc
    strained.set_cell(crystal.cell.array @ deformation, scale_atoms=True)
    with quiet():
        return relaxed(strained, limits, "fixed")


def moduli(matrix: Array, cubic: bool) -> dict[str, float]:
    """Elastic properties by name of a stiffness (6, 6) in GPa; Unphysical when it is not positive.

    c11, c12 and c44 are means over the axes. Shear, Young, Pugh and Poisson are Voigt-Reuss-Hill means (Hill 1952,
    10.1088/0370-1298/65/5/307): of the averaged constants on a cubic lattice, else of the matrix as it is.
    """
    average = cubic_average(matrix)
    if np.linalg.eigvalsh(matrix).min() <= 0.0 or not average.stable:
        raise Unphysical(f"the crystal is elastically unstable: {average}")
    bulk, shear = (average.bulk, average.shear) if cubic else hill(matrix)
    return {
        "c11_gpa": average.c11,
        "c12_gpa": average.c12,
        "c44_gpa": average.c44,
        "shear_modulus_gpa": shear,
        "young_modulus_gpa": 9.0 * bulk * shear / (3.0 * bulk + shear),
        "pugh_ratio": bulk / shear,
        "poisson_ratio": (3.0 * bulk - 2.0 * shear) / (2.0 * (3.0 * bulk + shear)),
    }


def hill(matrix: Array) -> tuple[float, float]:
    """Bulk and shear modulus, GPa: means of Voigt's and Reuss' for any symmetry (Hill 1952, equations 4 and 5)."""
    pairs = []
    for constants, inverse in ((matrix, False), (np.linalg.inv(matrix), True)):
        axial, mixed = float(np.trace(constants[:3, :3])), float(constants[0, 1] + constants[0, 2] + constants[1, 2])
        shears = float(np.trace(constants[3:, 3:]))
        if inverse:
            pairs.append((1.0 / (axial + 2.0 * mixed), 15.0 / (4.0 * axial - 4.0 * mixed + 3.0 * shears)))
        else:
            pairs.append(((axial + 2.0 * mixed) / 9.0, (axial - mixed + 3.0 * shears) / 15.0))
    return sum(b for b, _ in pairs) / 2.0, sum(g for _, g in pairs) / 2.0
