"""This file is how a crystal answers strain under an ASE calculator: equation of state and stiffness, in one window.

The energy surfaces of learned potentials are bumpy: a modulus depends on the window of strain it is taken over. Both
calculations here use the same window, fit more points than they need, and the window is part of the settings.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.units import GPa

from eutectic.oracles.mlip.batching import each
from eutectic.oracles.mlip.potential import Unphysical
from eutectic.oracles.mlip.relaxation import Limits, quiet, relaxed
from eutectic.oracles.physics.elasticity import (
    cubic_symmetry,
    entries,
    hexagonal_symmetry,
    hill,
    turned,
)
from eutectic.oracles.physics.equation_of_state import birch_murnaghan
from eutectic.oracles.structures.orientation import Axes, axes

if TYPE_CHECKING:
    from pymatgen.core import Structure

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


def axes_of(crystal: "Structure | str") -> Axes:
    """How a crystal's tensor is stated: an alloy's in the axes of its lattice (by name), which it has on average.

    A structure's in its standard axes, by the symmetry that it has before it is relaxed, or on average if disordered.
    """
    if crystal == "hcp":
        return Axes("hexagonal", np.eye(3), hexagonal_symmetry(), np.eye(3)[None])
    if isinstance(crystal, str):
        return Axes("cubic", np.eye(3), cubic_symmetry(), np.eye(3)[None])
    with quiet():
        return axes(crystal)


def tensor(crystal: Atoms, lies: Axes, limits: Limits, window: float) -> Array:
    """Stiffness (6, 6) in GPa, Voigt order, in the axes given and with the symmetry of the crystal.

    The crystal is strained along these axes, so that the numbers do not depend on how its file lies.
    """
    placed = crystal.copy()
    placed.set_cell(crystal.cell.array @ lies.rotation.T, scale_atoms=True)
    placed.calc = crystal.calc
    standard = turned(stiffness(placed, limits, window), lies.operations)
    choices = [turned(standard, other[None]) for other in lies.equal]
    return max(choices, key=lambda matrix: tuple(np.round(matrix[0, 3:], 6)))


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


def moduli(matrix: Array) -> dict[str, float]:
    """Elastic properties by name of a stiffness (6, 6) in GPa; Unphysical when it is not positive.

    The constants are those of its axes. Shear, Young, Pugh and Poisson are Voigt-Reuss-Hill means, the same in any.
    """
    if np.linalg.eigvalsh(matrix).min() <= 0.0:
        raise Unphysical(f"the crystal is elastically unstable: stiffness {np.round(matrix, 1).tolist()} GPa")
    bulk, shear = hill(matrix)
    return {
        **entries(matrix),
        "shear_modulus_gpa": shear,
        "young_modulus_gpa": 9.0 * bulk * shear / (3.0 * bulk + shear),
        "pugh_ratio": bulk / shear,
        "poisson_ratio": (3.0 * bulk - 2.0 * shear) / (2.0 * (3.0 * bulk + shear)),
    }
