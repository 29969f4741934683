"""Claims about how well features separate two classes."""

import numpy as np
import pytest

from eutectic.surrogates.sisso.separation import by_overlap, by_threshold, hull_overlap, threshold


def test_best_threshold_scores_equal_brute_force():
    rng = np.random.default_rng(2)
    values, upper = rng.normal(size=(6, 31)).round(1), rng.random(31) < 0.4
    for row, got in zip(values, by_threshold(values, upper), strict=True):
        cuts = [(row > c) == upper for c in (row[0] - 99, *row)]
        brute = max(max(c.mean(), 1 - c.mean()) for c in cuts)
        assert brute <= got + 1e-12 < brute + 1 / 31 + 1e-9
        cut, sign = threshold(row, upper)
        trivial = max(upper.mean(), 1 - upper.mean())
        assert max(((sign * (row - cut) > 0) == upper).mean(), trivial) == pytest.approx(brute)


def test_overlap_counts_rows_inside_both_intervals_and_both_hulls():
    upper = np.array([True, True, True, False, False, False])
    values = np.array([[3.0, 4, 5, 0, 1, 2], [1.5, 4, 5, 0, 1, 2]])
    scores = by_overlap(values, upper)
    assert scores[0] > 1 > scores[1]
    square = np.array([[0.0, 0], [2, 0], [0, 2], [2, 2], [1, 1], [5, 5], [6, 5], [5, 6]])
    assert hull_overlap(square, np.array([1, 1, 1, 1, 0, 0, 0, 0], dtype=bool)) == pytest.approx(2 / 8)
    assert hull_overlap(square, np.array([1, 1, 1, 1, 1, 0, 0, 0], dtype=bool)) == 0
