"""The table of a finite block: counted exactly, ranked, and drawn from uniformly."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eutectic.optimizers.spaces import grid, region
from tests.optimizers.spaces.examples import SPACES, alloy, brute, rng


@given(
    k=st.integers(2, 4),
    divisions=st.integers(2, 8),
    bounds=st.lists(st.tuples(st.integers(0, 5), st.integers(3, 10)), min_size=4, max_size=4),
    present=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    or_zero=st.booleans(),
    linear=st.sampled_from([(), ("A <= B",), ("A + 2*B <= 1.1",), ("A/3 + 0.25*B >= 0.1", "B <= 0.6")]),
)
@settings(max_examples=150, deadline=None)
def test_grid_equals_brute_force(k, divisions, bounds, present, or_zero, linear) -> None:
    low, high = [b[0] / 20 for b in bounds[:k]], [max(b) / 10 for b in bounds[:k]]
    space = alloy(k, divisions, low, high, min(present), min(max(present), k), or_zero, linear)
    expected = brute(space)
    assert region.count(space) == len(expected)
    listed = region.enumerate_points(space)
    assert listed is not None
    assert {tuple(row) for row in listed} == {tuple(row) for row in expected}
    if len(expected):
        X = region.sample(space, 20, rng())
        assert region.contains(space, X).all()
        x = rng(divisions).random((5, k))
        best = ((x[:, None] - expected) ** 2).sum(-1).min(1)
        assert ((x - region.snap(space, x)) ** 2).sum(1) == pytest.approx(best, abs=1e-12)
    else:
        with pytest.raises(ValueError, match="nothing satisfies"):
            region.require_nonempty(space)


def test_counts_are_exact_however_large() -> None:
    assert region.count(alloy(6, 20, 0.0, 0.35, 3, 5)) == 11_001
    assert region.count(alloy(10, 20)) == comb(29, 9)
    assert region.count(alloy(15, 100)) == comb(114, 14)
    assert region.count(alloy(20, 200)) == comb(219, 19)
    assert region.count(alloy(12, 100, most=5)) == sum(comb(12, s) * comb(99, s - 1) for s in range(1, 6))
    assert region.count(alloy(5, None)) is None


def test_every_rank_is_one_point_and_ranks_follow_the_enumeration() -> None:
    table = grid.table(SPACES["grid"])
    listed = np.concatenate(list(grid.chunks(table, 500)))
    assert len(np.unique(listed, axis=0)) == table.total == 11_001
    assert (grid.unrank(table, np.arange(table.total)) == listed).all()


def test_ranks_beyond_64_bits_are_unranked() -> None:
    table = grid.table(alloy(20, 200))
    last = grid.unrank(table, np.array([0, table.total - 1, table.total // 3], dtype=object))
    X = grid.values(table, last)
    assert X.sum(1) == pytest.approx(np.ones(3))
    assert X[0, 19] == 1.0
    assert X[1, 0] == 1.0


@pytest.mark.parametrize("name", ["grid or zero", "grid, constrained"])
def test_grid_samples_are_uniform(name: str) -> None:
    from scipy.stats import chisquare

    space = SPACES[name]
    number = region.count(space)
    assert number is not None
    X = region.sample(space, 30 * number, rng(11))
    _, counts = np.unique(np.round(X * 20).astype(int), axis=0, return_counts=True)
    assert len(counts) == number
    assert chisquare(counts).pvalue > 1e-3
