"""Claims about what an explanation may do to inputs."""

import numpy as np
import pytest

from eutectic.surrogates.explain.inputs import Inputs, closed, joined, moved, reach
from eutectic.surrogates.explain.shapley import subsets
from tests.surrogates.explain.spaces import FRACTIONS


def test_joined_rows_keep_what_is_known_and_the_ratios_of_the_rest():
    free = Inputs(("a", "b", "c", "d"), np.zeros(4), np.ones(4), groups=((0, 1, 2, 3),))
    x, background = np.array([0.4, 0.3, 0.2, 0.1]), np.array([[0.1, 0.2, 0.3, 0.4]])
    found = joined(x, background, np.array([[True, False, False, False]]), free)[0]
    np.testing.assert_allclose(found, [0.4, 0.6 * 2 / 9, 0.6 * 3 / 9, 0.6 * 4 / 9])
    whole = joined(x, background, subsets(4)[[0, 15]], free)
    np.testing.assert_allclose(whole, [background[0], x])


def test_closing_pours_over_the_bounds_when_they_are_in_the_way():
    fixed = np.array([[True, True, False, False, False]])
    found = closed(np.array([[0.35, 0.35, 0.3, 0.05, 0.001]]), fixed, FRACTIONS)[0]
    np.testing.assert_allclose(found, [0.35, 0.35, 0.2, 0.05, 0.05], atol=1e-9)
    absent = Inputs(("a", "b", "c"), np.zeros(3), np.full(3, 0.5), groups=((0, 1, 2),))
    rest = closed(np.array([[0.1, 1.0, 0.0]]), np.array([[True, False, False]]), absent)[0]
    np.testing.assert_allclose(rest, [0.1, 0.5, 0.4], atol=1e-9)


def test_a_moved_fraction_leaves_the_others_their_ratios_and_stops_where_they_end():
    found = moved(np.array([[0.2, 0.1, 0.2, 0.2, 0.3]]), 0, np.array([0.28]), FRACTIONS)[0]
    np.testing.assert_allclose(found, [0.28, 0.09, 0.18, 0.18, 0.27])
    narrow = Inputs(("a", "b"), np.array([0.0, 0.4]), np.array([1.0, 0.7]), groups=((0, 1),))
    assert reach(0, narrow) == pytest.approx((0.3, 0.6))
