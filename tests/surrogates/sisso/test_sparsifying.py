"""Claims about the sparsifying step."""

import itertools

import numpy as np
import pytest

from eutectic.surrogates.sisso.sparsifying import best_subsets, coefficients, normal_equations


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_sparse_search_equals_brute_force_over_all_subsets(size):
    rng = np.random.default_rng(size)
    values, y = rng.normal(size=(9, 25)), rng.normal(size=25)
    values[4] = values[1] + 1e-3 * values[4]
    rows = [np.arange(12), np.arange(12, 25)]
    found = best_subsets([normal_equations(values[:, r], y[r]) for r in rows], size, 5, 100)

    def loss(subset):
        total = 0.0
        for r in rows:
            slopes, intercept = coefficients(values[list(subset)][:, r], y[r])
            total += ((y[r] - intercept - slopes @ values[list(subset)][:, r]) ** 2).sum()
        return total

    brute = sorted(itertools.combinations(range(9), size), key=loss)[:5]
    assert found == brute


def test_a_beam_never_beats_the_exact_search_and_a_wide_one_equals_it():
    rng = np.random.default_rng(0)
    task = normal_equations(rng.normal(size=(12, 40)), rng.normal(size=40))
    exact = best_subsets([task], 4, 1, 12)
    assert best_subsets([task], 4, 1, 100) == exact
    assert len(best_subsets([task], 4, 1, 2)[0]) == 4
