"""Phonons are those of all wave vectors that fit into the supercell asked for."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.units import _amu, _e

from eutectic.oracles.mlip.phonons import phonons


def modes_thz(crystal, step=0.01):
    """Frequencies of the whole cell by its own force constants, imaginary ones negative."""
    n = len(crystal)
    forces = np.zeros((3 * n, 3 * n))
    for i in range(3 * n):
        for sign in (1.0, -1.0):
            moved = crystal.copy()
            moved.positions[i // 3, i % 3] += sign * step
            moved.calc = EMT()
            forces[i] -= sign * moved.get_forces().ravel() / (2 * step)
    mass = np.repeat(crystal.get_masses(), 3)
    squares = np.linalg.eigvalsh((forces + forces.T) / 2 / np.sqrt(np.outer(mass, mass)))
    return np.sign(squares) * np.sqrt(np.abs(squares) * _e / _amu) * 1e10 / (2 * np.pi * 1e12)


@pytest.mark.parametrize("constant", [3.59, 4.0])
def test_a_conventional_cell_has_the_modes_of_its_whole_supercell(constant):
    crystal = bulk("Cu", "fcc", a=constant, cubic=True)
    crystal.calc = EMT()
    exact = modes_thz(crystal)
    found = phonons(crystal, length_angstrom=3.0, displacement_angstrom=0.01)
    assert found["lowest_phonon_thz"] == pytest.approx(exact.min(), abs=0.02)
    assert found["imaginary_phonons"] == (exact < -0.1).sum()
    assert bool(found["imaginary_phonons"]) == (constant == 4.0)


def test_a_larger_supercell_counts_all_its_wave_vectors():
    crystal = bulk("Cu", "fcc", a=4.0, cubic=True)
    crystal.calc = EMT()
    exact = modes_thz(crystal * (2, 2, 2))
    found = phonons(crystal, length_angstrom=7.0, displacement_angstrom=0.01)
    assert found["imaginary_phonons"] == (exact < -0.1).sum()
    assert found["lowest_phonon_thz"] == pytest.approx(exact.min(), abs=0.02)
