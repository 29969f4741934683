"""What is not active in a row explains nothing there: conditional columns in every kind of explanation."""

import numpy as np

from eutectic.surrogates.explain.counterfactuals import distances, nearest_beyond
from eutectic.surrogates.explain.importance import dependence, lasso, permutation
from eutectic.surrogates.explain.inputs import Activity, Inputs, awake, joined, moved, settled, woken
from eutectic.surrogates.explain.shapley import shapley, subsets

STEP = Inputs(
    ("t", "step", "hold", "soak", "gas"),
    np.zeros(5),
    np.array([1.0, 1.0, 10.0, 4.0, 2.0]),
    categorical=(1, 4),
    whole=(3,),
    conditions=(Activity(2, 1, (1.0,), 5.0), Activity(4, 1, (1.0,), 0.0), Activity(3, 4, (1.0, 2.0), 2.0)),
)
"""A second step (1) has a time and a gas (codes 1 and 2 with a soak), which mean nothing without it."""


def generator():
    return np.random.default_rng(3)


def rows(n):
    rng = generator()
    X = np.column_stack(
        [rng.random(n), rng.integers(0, 2, n), 10 * rng.random(n), rng.integers(0, 5, n), rng.integers(0, 3, n)]
    )
    return settled(X.astype(float), STEP)


def measured(X):
    """What hold, soak and gas do, they do in a second step; the model refuses rows that are not settled."""
    np.testing.assert_array_equal(X, settled(X, STEP))
    active = awake(X, STEP.conditions)
    return X[:, 0] + active[:, 2] * (0.5 * X[:, 2] - 1) + active[:, 3] * X[:, 3]


def test_chains_of_conditions_are_followed_from_the_top():
    X = np.array([[0.1, 0, 5, 2, 0], [0.1, 1, 7, 2, 0], [0.1, 1, 7, 3, 2]])
    np.testing.assert_array_equal(awake(X, STEP.conditions)[:, 2:], [[0, 0, 0], [1, 0, 1], [1, 1, 1]])


def test_a_row_that_wakes_takes_values_of_rows_in_which_they_mean_something():
    X = rows(40)
    active, whole = awake(X, STEP.conditions), woken(X, STEP)
    np.testing.assert_array_equal(whole[active], X[active])
    assert set(whole[~active[:, 2], 2]) <= set(X[active[:, 2], 2])
    alone = woken(X[~active[:, 2]], STEP)
    assert np.ptp(alone[:, 2]) == 10
    assert set(alone[:, 3]) <= {0.0, 1.0, 2.0, 3.0, 4.0}


def test_shapley_values_of_what_is_not_active_are_exactly_zero_and_the_rest_adds_up():
    X = rows(30)
    found = shapley(measured, X, X[:12], STEP, generator())
    asleep = ~awake(X, STEP.conditions)
    assert asleep.any()
    assert not found.values[asleep].any()
    np.testing.assert_allclose(found.base + found.values.sum(1), measured(X))
    assert np.abs(found.values[:, 2]).max() > 0.5
    for row, still in zip(found.interactions, asleep, strict=True):
        assert not row[still].any()


def test_sampled_shapley_values_keep_to_the_same():
    wide = Inputs(
        (*STEP.names, *"abcd"), np.zeros(9), np.append(STEP.upper, np.ones(4)), STEP.categorical, STEP.whole,
        conditions=STEP.conditions,
    )  # fmt: skip
    X = np.hstack([rows(8), generator().random((8, 4))])
    found = shapley(lambda Z: measured(Z[:, :5]) + Z[:, 5], X, X, wide, generator())
    assert not found.values[~awake(X, STEP.conditions)].any()
    np.testing.assert_allclose(found.base + found.values.sum(1), measured(X[:, :5]) + X[:, 5])


def test_joined_and_moved_rows_are_settled():
    X = rows(10)
    for Z in (joined(X[0], X, subsets(5), STEP), moved(X, 1, np.ones(10), STEP), moved(X, 2, np.full(10, 3.0), STEP)):
        np.testing.assert_array_equal(Z, settled(Z, STEP))
    there = X[:, 1] == 1
    np.testing.assert_array_equal(moved(X, 2, np.full(10, 3.0), STEP)[:, 2], np.where(there, 3.0, 5.0))


def test_dependence_is_taken_over_rows_in_which_the_column_is_active():
    X = rows(40)
    found = dependence(lambda Z: (measured(Z), np.ones(len(Z))), X, 2, STEP)
    active = X[X[:, 1] == 1]
    rest = active[:, 0] + awake(active, STEP.conditions)[:, 3] * active[:, 3]
    np.testing.assert_allclose(found.mean, rest.mean() + 0.5 * found.x - 1)
    never = dependence(lambda Z: (measured(Z), np.ones(len(Z))), X[X[:, 1] == 0], 2, STEP)
    assert np.isnan(never.mean).all()


def test_rankings_count_a_column_where_it_is_active():
    X = rows(200)
    rise, _ = permutation(measured, X, measured(X), STEP, generator())
    weight = lasso(X, measured(X), STEP)
    assert rise[2] > 3 * rise[0]
    assert abs(weight[2]) > 3 * abs(weight[0])
    still = X[X[:, 1] == 0]
    rise, _ = permutation(measured, still, measured(still), STEP, generator())
    assert not rise[[2, 3, 4]].any()
    assert not lasso(still, measured(still), STEP)[[2, 3, 4]].any()


def test_a_change_that_brings_a_column_or_takes_it_away_counts_once():
    plain, step = np.array([0.5, 0, 5, 2, 0]), np.array([0.5, 1, 9, 2, 0])
    assert distances(step[None], plain, STEP)[0] == 1
    assert distances(plain[None], step, STEP)[0] == 1
    pool = rows(400)
    change = nearest_beyond(
        lambda X: 3.9 - measured(X), plain, pool, STEP, lambda X: settled(snapped(X), STEP), generator()
    )
    assert change.x[1] == 1
    assert measured(change.x[None])[0] >= 3.9
    assert change.distance < 1.05


def snapped(X):
    Z = np.clip(X, STEP.lower, STEP.upper)
    Z[:, [1, 3, 4]] = Z[:, [1, 3, 4]].round()
    return Z
