"""A crystal's tensor in standard axes does not depend on how its file lies, in any crystal system."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from eutectic.oracles.physics.elasticity import turned
from eutectic.oracles.structures.orientation import axes

GENERAL = [[0.1, 0.21, 0.33], [0.41, 0.17, 0.08]]
CASES = {
    "cubic Fm-3m": ("Fm-3m", Lattice.cubic(4.0), [[0, 0, 0]]),
    "cubic Pa-3": ("Pa-3", Lattice.cubic(5.4), [[0.1, 0.1, 0.1]]),
    "tetragonal 4/mmm": ("P4/mmm", Lattice.tetragonal(3.0, 4.1), [[0, 0, 0]]),
    "tetragonal I4/m": ("I4/m", Lattice.tetragonal(5.2, 11.3), [[0.13, 0.31, 0.09]]),
    "hexagonal": ("P6_3/mmc", Lattice.hexagonal(3.1, 5.0), [[1 / 3, 2 / 3, 0.25]]),
    "trigonal R-3m": ("R-3m", Lattice.hexagonal(3.5, 12.0), [[0, 0, 0.2], [0, 0, 0.5]]),
    "trigonal R-3": ("R-3", Lattice.hexagonal(5.0, 14.0), [[0.11, 0.27, 0.13]]),
    "trigonal P3_121": ("P3_121", Lattice.hexagonal(4.9, 5.4), [[0.47, 0, 1 / 3], [0.41, 0.27, 0.21]]),
    "trigonal P-31m": ("P-31m", Lattice.hexagonal(4.9, 5.4), [[0.3, 0, 0.2], [0, 0, 0]]),
    "orthorhombic": ("Pnma", Lattice.orthorhombic(5.4, 7.6, 5.3), [[0.1, 0.25, 0.13], [0.3, 0.05, 0.7]]),
    "orthorhombic C": ("Cmcm", Lattice.orthorhombic(3.0, 9.6, 4.3), [[0, 0.1, 0.25], [0, 0.4, 0.25]]),
    "monoclinic": ("P2_1/c", Lattice.monoclinic(5.1, 5.2, 5.3, 99.0), GENERAL),
    "monoclinic C": ("C2/m", Lattice.monoclinic(9.1, 3.2, 6.3, 107.0), [[0.1, 0, 0.33], [0.41, 0, 0.08]]),
    "triclinic": ("P-1", Lattice.from_parameters(4.1, 5.3, 6.7, 81.0, 77.0, 68.0), GENERAL),
    "triclinic obtuse": ("P-1", Lattice.from_parameters(4.1, 5.3, 6.7, 101.0, 97.0, 108.0), GENERAL),
}
INDEPENDENT = {
    "cubic": {"11", "12", "44"},
    "hexagonal": {"11", "12", "13", "33", "44"},
    "tetragonal": {"11", "12", "13", "33", "44", "66"},
    "orthorhombic": {"11", "12", "13", "22", "23", "33", "44", "55", "66"},
}
ANOTHER = np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1]])
"""Of determinant 1: the same lattice by other vectors."""


def crystal(name):
    group, lattice, places = CASES[name]
    return Structure.from_spacegroup(group, lattice, ["Si", "O"][: len(places)], places)


def stated(structure, tensor):
    """The tensor of a structure in its own coordinates, in standard axes."""
    lies = axes(structure)
    standard = turned(tensor, lies.operations @ lies.rotation)
    return max((turned(standard, other[None]) for other in lies.equal), key=lambda c: tuple(c[0, 3:].round(6)))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", range(4))
def test_the_standard_tensor_is_one_however_the_file_lies(name, seed):
    rng = np.random.default_rng(seed)
    first = crystal(name)
    given = rng.normal(size=(6, 6))
    tensor = turned(given + given.T, np.array([op.rotation_matrix for op in operations(first)]))
    turn = Rotation.random(random_state=seed).as_matrix()
    other = first.get_primitive_structure() if seed % 2 else first.copy()
    other.make_supercell(ANOTHER if seed < 2 else np.diag([1, 2, 1]) @ ANOTHER)
    other = Structure(Lattice(other.lattice.matrix @ turn.T), other.species, other.frac_coords + rng.random(3))
    np.testing.assert_allclose(stated(other, turned(tensor, turn[None])), stated(first, tensor), atol=1e-3)


def operations(structure):
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    return SpacegroupAnalyzer(structure, symprec=0.01).get_symmetry_operations(cartesian=True)


@pytest.mark.parametrize("name", ["cubic Fm-3m", "tetragonal 4/mmm", "hexagonal", "orthorhombic"])
def test_each_system_has_its_own_constants_and_no_others(name):
    structure = crystal(name)
    given = np.random.default_rng(0).normal(size=(6, 6))
    lies = axes(structure)
    tensor = turned(given + given.T, lies.operations @ lies.rotation)
    distinct = {round(abs(float(c)), 9) for c in np.triu(tensor).ravel()} - {0.0}
    extra = 1 if lies.system == "hexagonal" else 0  # c66 is half the difference of c11 and c12
    assert len(distinct) == len(INDEPENDENT[lies.system]) + extra
    places = {f"{i + 1}{j + 1}" for i, j in np.argwhere(np.abs(np.triu(tensor)) > 1e-9)}
    assert INDEPENDENT[lies.system] <= places


def test_a_trigonal_crystal_has_its_two_fold_axis_along_x():
    tensor = stated(crystal("trigonal P-31m"), np.diag([3.0, 2, 1, 1, 2, 3]) + 1.0)
    assert tensor[0, 3] >= 0.0
    assert abs(tensor[0, 4]) < 1e-9
