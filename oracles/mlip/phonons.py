"""This file is the phonons of a relaxed crystal under an ASE calculator, by finite displacements with phonopy."""

import numpy as np
import numpy.typing as npt
from ase import Atoms

from eutectic.oracles.base import EngineMissing
from eutectic.oracles.mlip.relaxation import quiet

Array = npt.NDArray[np.float64]
CURE = "pip install phonopy"
ZERO_THZ = 0.1
"""Frequencies down to minus this count as zero: what is left of translations."""


def require() -> None:
    """EngineMissing when phonopy is not installed."""
    import importlib.util

    if importlib.util.find_spec("phonopy") is None:
        raise EngineMissing(f"phonons need phonopy, which is not installed; cure: {CURE}")


def phonons(crystal: Atoms, length_angstrom: float, displacement_angstrom: float) -> dict[str, float]:
    """`lowest_phonon_thz` (imaginary ones negative) and `imaginary_phonons`, a number of modes.

    At the wave vectors that fit into the supercell only, where finite displacements need no interpolation. The
    supercell repeats each edge until it is as long as `length_angstrom`.
    """
    require()
    repeats = np.maximum(1, np.ceil(length_angstrom / crystal.cell.lengths() - 1e-6)).astype(int)
    with quiet():
        frequencies, weights = _frequencies(crystal, repeats, displacement_angstrom)
    imaginary = (frequencies < -ZERO_THZ).sum(axis=1)
    return {"lowest_phonon_thz": float(frequencies.min()), "imaginary_phonons": float(imaginary @ weights)}


def _frequencies(crystal: Atoms, repeats: npt.NDArray[np.int64], step: float) -> tuple[Array, Array]:
    """THz (q, 3n) and weights (q,) of the wave vectors."""
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms

    cell = PhonopyAtoms(
        symbols=crystal.get_chemical_symbols(), cell=crystal.cell.array, scaled_positions=crystal.get_scaled_positions()
    )
    # Without it phonopy 4 looks for a primitive cell of its own, and the mesh would be one of that cell.
    phonopy = Phonopy(cell, np.diag(repeats), primitive_matrix=np.eye(3))
    phonopy.generate_displacements(distance=step)
    phonopy.forces = np.array([_forces(crystal, displaced) for displaced in phonopy.supercells_with_displacements])
    phonopy.produce_force_constants()
    phonopy.symmetrize_force_constants()
    phonopy.run_mesh(repeats.tolist(), is_gamma_center=True)
    found = phonopy.get_mesh_dict()
    return np.asarray(found["frequencies"], dtype=float), np.asarray(found["weights"], dtype=float)


def _forces(crystal: Atoms, displaced: object) -> Array:
    atoms = Atoms(
        displaced.symbols,  # type: ignore[attr-defined]
        scaled_positions=displaced.scaled_positions,  # type: ignore[attr-defined]
        cell=displaced.cell,  # type: ignore[attr-defined]
        pbc=True,
    )
    atoms.calc = crystal.calc
    return np.array(atoms.get_forces(), dtype=float)
