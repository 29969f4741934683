"""Claims about the recalibration of intervals."""

import numpy as np
import pytest

from eutectic.surrogates.calibration import NORMAL_95, calibrate, factor, recalibrated

# calibration


def test_scale_and_floor_of_planted_errors_are_found():
    rng = np.random.default_rng(0)
    spread = rng.uniform(0.1, 4, 2000)
    error = rng.normal(size=2000) * np.sqrt(2 * spread + 0.5)
    found = calibrate(error, spread)
    assert found.scale == pytest.approx(2, rel=0.25)
    assert found.floor == pytest.approx(0.5, rel=0.35)


def test_the_conformal_factor_makes_intervals_hold_their_share():
    rng = np.random.default_rng(0)
    error = rng.standard_t(3, 500)
    more = factor(error, np.full(500, 0.5), "conformal")
    assert (np.abs(error) <= NORMAL_95 * np.sqrt(0.5 * more)).mean() == pytest.approx(0.95, abs=0.005)
    assert factor(error, np.full(500, 1.0), "scaled") == pytest.approx((error**2).mean())
    assert factor(error, np.full(500, 1.0), "none") == 1.0
    assert recalibrated(error, np.zeros(500), "conformal").floor > 0
    assert recalibrated(error, np.zeros(500), "none").scale == 1.0
