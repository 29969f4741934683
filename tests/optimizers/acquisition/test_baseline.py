"""What an acquisition is measured from: the goal, who may be on the front, and how many draws are made."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from eutectic.optimizers.acquisition import baseline
from eutectic.optimizers.acquisition.baseline import (
    affordable,
    aim,
    bounds,
    contenders,
    depth,
    improvement,
    settled,
    sobol_normals,
)
from eutectic.optimizers.acquisition.nehvi import Goal
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.models.belief import Belief, learn

BOX = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))


@dataclass(frozen=True)
class Said:
    """An output that says of row x what its table says of x's number."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def posterior(self, X: Array) -> SimpleNamespace:
        rows = X[:, 0].astype(int)
        return SimpleNamespace(mean=np.array(self.mean)[rows][:, None], std=np.array(self.std)[rows][:, None])


def said(means: Array, deviation: float | Array, *gates: tuple[float, ...]) -> Belief:
    """Objectives (n, m) with one deviation for all or (n,), and gates whose deviation is 1."""
    n = len(means)
    deviations = tuple(np.broadcast_to(deviation, n).tolist())
    outputs = [Said(tuple(column), deviations) for column in means.T]
    outputs += [Said(gate, (1.0,) * n) for gate in gates]
    return Belief(tuple(outputs), means.shape[1], len(gates))  # type: ignore[arg-type]


def numbered(n: int) -> Array:
    return np.arange(n, dtype=float)[:, None]


def plain(m: int) -> Goal:
    return Goal((None,) * m, torch.ones(m), torch.zeros(0, m))


def row(losses: list[float]) -> Array:
    """Twenty rows of one objective: these, and hopeless ones."""
    return np.array(losses + [100.0] * (20 - len(losses)))[:, None]


def kept(belief: Belief, wanted: Goal | None = None, n: int = 20) -> list[int]:
    return contenders(belief, wanted or plain(belief.m), numbered(n)).tolist()


def test_a_row_may_be_best_within_two_deviations_and_no_further() -> None:
    # pessimistically the best is at 2; optimistically a row at y is at y - 2
    assert kept(said(row([0.0, 3.9, 4.1]), 1.0)) == [0, 1]
    assert kept(said(row([0.0, 0.3, 0.5]), 0.1)) == [0, 1]


def test_few_rows_are_all_kept() -> None:
    assert kept(said(row([0.0])[:8], 0.01), n=8) == list(range(8))
    assert kept(said(row([0.0])[:9], 0.01), n=9) == [0]


def test_only_a_row_that_is_surely_feasible_puts_others_out() -> None:
    assert kept(said(row([0.0, 1.0]), 0.01, (0.0,) + (-9.0,) * 19)) == [0, 1]
    assert kept(said(row([0.0, 1.0]), 0.01, (-1.5,) + (-9.0,) * 19)) == [0, 1]  # 0.93
    assert kept(said(row([0.0, 1.0]), 0.01, (-1.8,) + (-9.0,) * 19)) == [0]  # 0.96


def test_a_row_that_is_hardly_ever_feasible_is_out_unless_all_are() -> None:
    assert kept(said(row([0.0, 1.0]), 0.01, (3.5,) + (-9.0,) * 19)) == [1]
    assert kept(said(row([0.0, 1.0]), 0.01, (2.9,) + (-9.0,) * 19)) == [0, 1]
    assert kept(said(row([0.0, 1.0]), 0.01, (9.0,) * 20)) == list(range(20))


def test_a_front_with_a_tie_keeps_both() -> None:
    means = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]] + [[50.0, 50.0]] * 17)
    assert kept(said(means, 0.0)) == [0, 1, 2]


def test_of_too_many_the_best_fronts_stay_and_of_the_last_one_the_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "MOST", (6,) * 6)
    f = np.array([0.0, 0.1, 0.2, 0.5, 0.9, 1.0])
    first = np.column_stack([f, 1 - f])[[0, 2, 3, 5]]
    second = np.column_stack([f, 1 - f]) + 0.5
    means = np.concatenate([second, first, np.full((10, 2), 1.6)])
    assert kept(said(means, 5.0)) == [0, 5, 6, 7, 8, 9]


def test_among_too_many_the_likely_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "MOST", (3,) * 6)
    gate = (1.0, 1.0, 1.0, *[-1.0] * 17)
    assert min(kept(said(np.zeros((20, 1)), 1.0, gate))) >= 3


def test_losses_of_a_target_are_taken_away_from_its_window_and_towards_it() -> None:
    wanted = Goal((0.5, None), torch.ones(2), torch.zeros(0, 2))
    mean = np.array([[-3.0, 7.0], [0.2, 7.0]])
    shift = np.array([[1.0, 2.0], [1.0, 2.0]])
    assert bounds(mean, shift, wanted) == pytest.approx(np.array([[3.5, 9.0], [0.7, 9.0]]))
    assert bounds(mean, -shift, wanted) == pytest.approx(np.array([[1.5, 5.0], [0.0, 5.0]]))


def test_fronts_are_numbered_and_unlikely_rows_stand_behind() -> None:
    losses = np.array([[0.0, 2.0], [2.0, 0.0], [1.0, 3.0], [-5.0, -5.0], [4.0, 4.0]])
    chance = np.array([0.9, 0.6, 0.9, 0.5, 0.9])
    assert depth(losses, chance, 99).tolist() == [0, 0, 1, 5, 2]
    assert depth(losses, chance, 1).tolist() == [0, 0, 5, 5, 5]
    assert depth(losses, chance, 2).tolist() == [0, 0, 1, 5, 5]
    assert depth(losses, np.full(5, 0.1), 99).tolist() == [1, 1, 2, 0, 3]


def test_the_goal_is_the_historys_reference_or_one_inferred() -> None:
    X, Y = np.random.default_rng(0).random((6, 2)), np.column_stack([np.arange(6.0), 5 - np.arange(6.0)])
    history = replace(History.observed(X, Y), tolerance=np.array([np.nan, 0.2]))
    assert aim(history).tolerance == (None, 0.2)
    assert aim(history).reference.tolist() == pytest.approx([5.5, 5.5])
    assert aim(replace(history, reference=np.array([7.0, 8.0]))).reference.tolist() == [7.0, 8.0]
    single = replace(History.observed(X, Y[:, :1]), reference=np.array([7.0]))
    assert aim(single).reference.tolist() == pytest.approx([5.5])  # all that is better than the worst so far counts
    assert aim(history).settled.shape == (0, 2)


def test_settled_are_the_feasible_rows_among_some_that_none_of_them_dominates() -> None:
    Y = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [-9.0, -9.0], [-1.0, -1.0]])
    history = History.observed(np.zeros((5, 2)), Y, np.array([[0.0], [-1.0], [-1.0], [1.0], [-1.0]]))
    history = replace(history, signed=Y + 10)
    rows: NDArray[np.bool_] = np.array([True, True, True, True, False])
    assert settled(history, rows).tolist() == [[10.0, 11.0], [11.0, 10.0]]
    assert settled(history, ~rows & False).shape == (0, 2)


def test_more_objectives_afford_fewer_draws() -> None:
    assert [affordable(1000, m) for m in (1, 2, 3, 4, 9)] == [128, 128, 32, 16, 16]
    assert affordable(8, 1) == 8


def test_normal_draws_are_normal_and_those_of_the_generator() -> None:
    z = sobol_normals(1024, 3, np.random.default_rng(0))
    assert z.mean(0).tolist() == pytest.approx([0, 0, 0], abs=0.01)
    assert z.std(0).tolist() == pytest.approx([1, 1, 1], abs=0.01)
    assert torch.equal(z, sobol_normals(1024, 3, np.random.default_rng(0)))
    assert not torch.equal(z, sobol_normals(1024, 3, np.random.default_rng(1)))


def smooth(n: int) -> History:
    X = np.random.default_rng(2).random((n, 2))
    Y = np.stack([((X - 0.2) ** 2).sum(1), ((X - 0.7) ** 2).sum(1)], 1)
    return History.observed(X, Y)


def test_pending_points_are_fixed_beside_the_evaluated_ones_and_not_counted_among_them() -> None:
    history = smooth(6).with_pending(np.array([[0.5, 0.5], [0.1, 0.9]]))
    ours = improvement(learn(BOX, history, ()), history, 3, 8, np.random.default_rng(0))
    assert ours.fixed.numpy() == pytest.approx(np.concatenate([history.X, history.pending]))
    assert ours.observed == 6
    assert ours.normals.shape == (2, 8, 6 + 2 + 3)


def test_rows_that_failed_are_no_points_of_the_front() -> None:
    history = smooth(7)
    Y = history.Y.copy()
    Y[3] = np.nan
    failing = replace(history, Y=Y, signed=Y, failed=np.arange(7) == 3)
    ours = improvement(learn(BOX, failing, ()), failing, 1, 8, np.random.default_rng(0))
    assert ours.observed == 6
    assert ours.fixed.numpy() == pytest.approx(np.delete(history.X, 3, 0))


def test_rows_beyond_a_cliff_are_settled_and_not_drawn() -> None:
    history = smooth(8)
    beyond: NDArray[np.bool_] = np.arange(8) >= 6
    belief = replace(learn(BOX, history, ()), beyond=beyond)
    ours = improvement(belief, history, 1, 8, np.random.default_rng(0))
    assert ours.observed == 6
    assert ours.goal.settled.tolist() == settled(history, beyond).tolist()


def test_three_correlated_objectives_are_drawn_three_times_for_four() -> None:
    X = np.random.default_rng(2).random((6, 2))
    history = History.observed(X, np.stack([((X - c) ** 2).sum(1) for c in (0.2, 0.5, 0.8)], 1))
    belief = replace(learn(BOX, history, ()), correlation=np.eye(3))
    assert improvement(belief, history, 1, 10, np.random.default_rng(0)).normals.shape[1] == 8
    two = replace(learn(BOX, smooth(6), ()), correlation=np.eye(2))
    assert improvement(two, smooth(6), 1, 10, np.random.default_rng(0)).normals.shape[1] == 10
