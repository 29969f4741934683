"""Stiffness turned and averaged over symmetries, Voigt-Reuss-Hill moduli and Born's conditions: known values."""

import numpy as np
import pytest

from eutectic.oracles.physics.elasticity import (
    Array,
    Cubic,
    cubic_average,
    cubic_symmetry,
    entries,
    hexagonal_symmetry,
    hill,
    turned,
)

COPPER = Cubic(c11=168.4, c12=121.4, c44=75.4)
"""Room temperature, GPa (Simmons and Wang's compilation)."""


def test_copper_has_the_textbook_aggregate_moduli() -> None:
    assert COPPER.bulk == pytest.approx(137.1, abs=0.1)
    assert COPPER.shear_voigt == pytest.approx(54.6, abs=0.1)
    assert COPPER.shear_reuss == pytest.approx(40.0, abs=0.1)
    assert COPPER.shear == pytest.approx(47.3, abs=0.1)
    assert COPPER.young == pytest.approx(127.3, abs=0.3)
    assert COPPER.poisson == pytest.approx(0.345, abs=0.001)
    assert COPPER.pugh == pytest.approx(2.90, abs=0.01)


def test_an_isotropic_crystal_has_equal_bounds() -> None:
    isotropic = Cubic(c11=200.0, c12=100.0, c44=50.0)
    assert isotropic.shear_voigt == pytest.approx(50.0)
    assert isotropic.shear_reuss == pytest.approx(50.0)


def test_reuss_never_exceeds_voigt() -> None:
    rng = np.random.default_rng(1)
    for c12, gap, c44 in rng.uniform(1.0, 200.0, size=(200, 3)):
        cubic = Cubic(c12 + gap, c12, c44)
        assert cubic.shear_reuss <= cubic.shear_voigt + 1e-9


def test_the_cubic_average_is_over_the_three_axes() -> None:
    matrix = np.diag([10.0, 20.0, 30.0, 1.0, 2.0, 6.0])
    matrix[0, 1], matrix[1, 0], matrix[0, 2], matrix[2, 0], matrix[1, 2], matrix[2, 1] = 1, 2, 3, 4, 5, 6
    assert cubic_average(matrix) == Cubic(20.0, 3.5, 3.0)


def test_moduli_agree_with_matrix_inversion() -> None:
    matrix = np.zeros((6, 6))
    matrix[:3, :3] = COPPER.c12
    matrix[:3, :3] += np.eye(3) * (COPPER.c11 - COPPER.c12)
    matrix[3:, 3:] = np.eye(3) * COPPER.c44
    s = np.linalg.inv(matrix)
    reuss = 15.0 / (4.0 * np.trace(s[:3, :3]) - 4.0 * (s[0, 1] + s[0, 2] + s[1, 2]) + 3.0 * np.trace(s[3:, 3:]))
    assert COPPER.shear_reuss == pytest.approx(reuss)


@pytest.mark.parametrize(
    "cubic", [Cubic(100, 120, 50), Cubic(100, 101, 50), Cubic(100, 50, -1), Cubic(100, -60, 50), Cubic(100, -51, 50)]
)
def test_unstable_crystals_are_recognised(cubic: Cubic) -> None:
    assert not cubic.stable
    assert COPPER.stable
    assert Cubic(100, -49, 50).stable


def full(cubic: Cubic) -> Array:
    matrix = np.zeros((6, 6))
    matrix[:3, :3] = cubic.c12 + np.eye(3) * (cubic.c11 - cubic.c12)
    matrix[3:, 3:] = np.eye(3) * cubic.c44
    return matrix


def about_z(degrees: float) -> Array:
    a = np.radians(degrees)
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])


ALUMINA = np.zeros((6, 6))
"""A trigonal crystal with c14, about as stiff as corundum, GPa."""
ALUMINA[:3, :3] = [[497.6, 162.6, 117.2], [162.6, 497.6, 117.2], [117.2, 117.2, 501.8]]
ALUMINA[3:, 3:] = np.diag([147.2, 147.2, 167.5])
ALUMINA[0, 3] = ALUMINA[3, 0] = ALUMINA[4, 5] = ALUMINA[5, 4] = 22.9
ALUMINA[1, 3] = ALUMINA[3, 1] = -22.9


def test_a_cubic_crystal_turned_by_45_degrees_is_stiff_along_110() -> None:
    # C11' = (C11 + C12 + 2 C44) / 2 along [110], C66' = (C11 - C12) / 2 (Nye 1957, chapter VIII)
    stiffness = turned(full(COPPER), about_z(45.0)[None])
    assert stiffness[0, 0] == pytest.approx((COPPER.c11 + COPPER.c12 + 2 * COPPER.c44) / 2)
    assert stiffness[0, 1] == pytest.approx((COPPER.c11 + COPPER.c12 - 2 * COPPER.c44) / 2)
    assert stiffness[5, 5] == pytest.approx((COPPER.c11 - COPPER.c12) / 2)
    assert stiffness[2, 2] == pytest.approx(COPPER.c11)
    assert stiffness[3, 3] == pytest.approx(COPPER.c44)


def test_axes_that_are_turned_take_the_vectors_with_them() -> None:
    # x becomes y, y becomes z, z becomes x: what was measured along x is now along y
    orthorhombic = np.diag([10.0, 20.0, 30.0, 1.0, 2.0, 3.0])
    orthorhombic[0, 1] = orthorhombic[1, 0] = 4.0
    cycle = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    moved = turned(orthorhombic, cycle[None])
    assert np.diag(moved) == pytest.approx([30, 10, 20, 3, 1, 2])
    assert moved[1, 2] == pytest.approx(4.0)


def test_turning_there_and_back_changes_nothing() -> None:
    there, back = about_z(33.0), about_z(-33.0)
    assert turned(turned(ALUMINA, there[None]), back[None]) == pytest.approx(ALUMINA, abs=1e-9)


def test_the_cubes_symmetry_makes_three_constants_and_leaves_a_cubic_crystal_alone() -> None:
    operations = cubic_symmetry()
    assert len({tuple(operation.round().astype(int).ravel()) for operation in operations}) == 24
    assert turned(full(COPPER), operations) == pytest.approx(full(COPPER))
    averaged = turned(ALUMINA, operations)
    assert averaged == pytest.approx(full(cubic_average(ALUMINA)), abs=1e-9)


def test_the_hexagonal_symmetry_makes_five_constants() -> None:
    operations = hexagonal_symmetry()
    assert len({tuple(operation.round(6).ravel() + 0.0) for operation in operations}) == 12
    averaged = turned(ALUMINA, operations)
    assert averaged[0, 0] == pytest.approx(averaged[1, 1])
    assert averaged[5, 5] == pytest.approx((averaged[0, 0] - averaged[0, 1]) / 2)
    assert averaged[0, 3] == pytest.approx(0.0, abs=1e-9)
    assert turned(averaged, about_z(17.0)[None]) == pytest.approx(averaged, abs=1e-9)


def test_moduli_of_any_symmetry_are_the_same_in_whatever_axes() -> None:
    assert hill(full(COPPER)) == pytest.approx((COPPER.bulk, COPPER.shear))
    # by hand: 254.56 and 165.71 by Voigt (2291 / 9, 2485.7 / 15); corundum is said to have about 254 and 163
    assert hill(ALUMINA) == pytest.approx((254.4, 163.2), abs=0.1)
    tilted = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    assert hill(turned(ALUMINA, tilted[None])) == pytest.approx(hill(ALUMINA))


def test_hills_means_lie_between_voigts_and_reuss() -> None:
    bulk, shear = hill(ALUMINA)
    axial, mixed = np.trace(ALUMINA[:3, :3]), ALUMINA[0, 1] + ALUMINA[0, 2] + ALUMINA[1, 2]
    assert bulk < (axial + 2 * mixed) / 9
    assert shear < (axial - mixed + 3 * np.trace(ALUMINA[3:, 3:])) / 15
    compliance = np.linalg.inv(ALUMINA)
    assert bulk > 1 / compliance[:3, :3].sum()


def test_constants_go_by_name_on_and_above_the_diagonal() -> None:
    named = entries(ALUMINA)
    assert len(named) == 21
    assert (named["c11_gpa"], named["c14_gpa"], named["c24_gpa"], named["c66_gpa"]) == (497.6, 22.9, -22.9, 167.5)
