"""Cubic averages and Voigt-Reuss-Hill moduli against known values."""

import numpy as np
import pytest

from eutectic.oracles.physics.elasticity import Cubic, cubic_average

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


@pytest.mark.parametrize("cubic", [Cubic(100, 120, 50), Cubic(100, 50, -1), Cubic(100, -60, 50)])
def test_unstable_crystals_are_recognised(cubic: Cubic) -> None:
    assert not cubic.stable
    assert COPPER.stable
