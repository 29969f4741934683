"""An objective with a limit of its own: recognised, sought just within the limit, and told in its own terms."""

from dataclasses import replace

import numpy as np
import pytest

from eutectic.optimizers.base import Array, History, Proposals, Reason, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.own_limit import from_limits, own_limit

X = np.random.default_rng(3).random((8, 2))
LIMIT = 0.8


def strength(X: Array) -> Array:
    """(n,) up to 1.2 in the middle."""
    return np.asarray(1.2 - ((X - 0.5) ** 2).sum(1) * 2)


def limited(X: Array, unit: float = 1.0) -> History:
    """The strongest (its negative is minimised) that is not above the limit."""
    value = strength(X)[:, None] * unit
    return History.observed(X, -value, value - LIMIT * unit)


@pytest.mark.parametrize("unit", [1.0, 1e-14, 1e9])
def test_what_the_loss_lacks_and_the_constraint_exceeds_is_one_number_in_any_unit(unit: float) -> None:
    assert own_limit(limited(X, unit), 0) == pytest.approx(-LIMIT * unit, abs=0.0)


def test_others_limits_and_targets_have_none_of_their_own() -> None:
    other = History.observed(X, -strength(X)[:, None], X[:, :1] - 0.5)
    assert np.isnan(own_limit(other, 0))
    same_side = History.observed(X, -strength(X)[:, None], LIMIT - strength(X)[:, None])
    assert np.isnan(own_limit(same_side, 0))  # at least 0.8: what is better holds it anyway
    target = replace(limited(X), tolerance=np.zeros(1))
    assert np.isnan(own_limit(target, 0))
    assert np.isnan(own_limit(limited(X[:2]), 0))  # two rows say nothing
    free = History.observed(X, -strength(X)[:, None])
    assert from_limits(free).history is free


def test_losses_move_with_their_reference_and_predictions_come_back() -> None:
    history = replace(
        History.observed(X, np.column_stack([-strength(X), X[:, 0]]), strength(X)[:, None] - LIMIT),
        reference=np.array([0.0, 2.0]),
    )
    moved = from_limits(history)
    held = strength(X) <= LIMIT
    np.testing.assert_allclose(moved.history.Y[held, 0], LIMIT - strength(X)[held])
    np.testing.assert_allclose(moved.history.Y[:, 1], X[:, 0])
    np.testing.assert_allclose(moved.history.tolerance, [0.0, np.nan])
    assert moved.history.reference is not None
    np.testing.assert_allclose(moved.history.reference, [LIMIT, 2.0])
    assert (moved.history.feasible == held).all()
    told = moved.restored(Proposals(X[:1], (Reason("b", 0.1, (0.3, 0.5), (0.1, 0.2), 0.9),))).reasons[0]
    assert told.mean == pytest.approx((0.3 - LIMIT, 0.5))
    assert told.std == (0.1, 0.2)


def test_proposals_settle_just_below_the_limit() -> None:
    space = Space(("a", "b"), ("continuous", "continuous"), np.zeros(2), np.ones(2))
    rows = X[:5]
    for k in range(9):
        batch = Bayesian(draws=32, samples=128, starts=2).propose(space, limited(rows), 1, np.random.default_rng(k))
        rows = np.concatenate([rows, batch.X])
    values = strength(rows[5:])
    assert (values > LIMIT).sum() <= 3
    assert 0.98 * LIMIT < values[values <= LIMIT].max() <= LIMIT
    mean = (batch.reasons[0].mean or (np.nan,))[0]
    assert -mean == pytest.approx(values[-1], abs=0.1)  # in the objective's own terms
