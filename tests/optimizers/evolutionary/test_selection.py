"""Who survives and who breeds: violations, fronts, crowding, and the tournaments of Deb et al. 2002."""

from collections.abc import Sequence

import numpy as np
import pytest

from eutectic.optimizers.base import History, Index
from eutectic.optimizers.evolutionary import selection
from eutectic.optimizers.evolutionary.selection import (
    Pool,
    crowded,
    cut,
    domination_tournament,
    pairs,
    pool,
    tournament,
    violation,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def members(Y: Sequence[Sequence[float]], broken: Sequence[float], merit: Sequence[float]) -> Pool:
    n = len(Y)
    return Pool(np.zeros((n, 1)), np.array(Y), np.array(broken), np.arange(n), np.array(merit))


@pytest.fixture
def match(monkeypatch: pytest.MonkeyPatch):
    """Lets two members meet, both ways round."""

    def meet(first: int, second: int) -> None:
        def arranged(size: int, n: int, rng: np.random.Generator) -> tuple[Index, Index]:
            return np.array([first, second]), np.array([second, first])

        monkeypatch.setattr(selection, "pairs", arranged)

    return meet


def test_a_tournament_is_won_by_the_smaller_merit_and_a_tie_by_the_first(match) -> None:
    match(0, 1)
    assert tournament(np.array([0.5, 0.2]), 2, rng()).tolist() == [1, 1]
    assert tournament(np.array([0.2, 0.5]), 2, rng()).tolist() == [0, 0]
    assert tournament(np.array([0.2, 0.2]), 2, rng()).tolist() == [0, 1]


def test_a_duel_is_won_by_who_dominates_whatever_the_merit(match) -> None:
    match(0, 1)
    assert domination_tournament(members([[1, 1], [2, 1]], [0, 0], [0.9, 0.1]), 2, rng()).tolist() == [0, 0]
    assert domination_tournament(members([[2, 2], [2, 1]], [0, 0], [0.1, 0.9]), 2, rng()).tolist() == [1, 1]


def test_a_duel_between_the_feasible_and_the_infeasible_is_won_by_the_feasible(match) -> None:
    match(0, 1)
    assert domination_tournament(members([[9, 9], [1, 1]], [0, 0.3], [0.9, 0.1]), 2, rng()).tolist() == [0, 0]
    assert domination_tournament(members([[1, 1], [9, 9]], [0.4, 0.3], [0.1, 0.9]), 2, rng()).tolist() == [1, 1]


def test_a_duel_between_equals_is_won_by_the_less_crowded_and_a_tie_by_the_first(match) -> None:
    match(0, 1)
    assert domination_tournament(members([[1, 2], [2, 1]], [0, 0], [0.9, 0.1]), 2, rng()).tolist() == [1, 1]
    assert domination_tournament(members([[1, 2], [2, 1]], [0.3, 0.3], [0.1, 0.9]), 2, rng()).tolist() == [0, 0]
    assert domination_tournament(members([[1, 1], [1, 1]], [0, 0], [0.1, 0.1]), 2, rng()).tolist() == [0, 1]


def test_two_as_infeasible_duel_by_domination(match) -> None:
    match(0, 1)
    assert domination_tournament(members([[1, 1], [2, 2]], [0.3, 0.3], [0.9, 0.1]), 2, rng()).tolist() == [0, 0]


@pytest.mark.parametrize("n", [3, 10, 25])
def test_every_member_enters_a_tournament_before_any_enters_again(n: int) -> None:
    first, second = pairs(10, n, rng())
    entered = np.concatenate([first, second])
    assert len(first) == len(second) == n
    count = np.bincount(entered, minlength=10)
    assert count.max() - count.min() <= 1


def test_the_best_of_a_pool_wins_and_the_worst_does_not() -> None:
    for seed in range(9):
        winners = tournament(np.arange(10.0), 5, rng(seed)).tolist()
        assert len(set(winners)) == 5
        assert 0 in winners
        assert 9 not in winners


def test_violations_are_measured_by_their_own_mean() -> None:
    C = np.array([[2.0, -1.0], [4.0, 300.0], [-5.0, 100.0], [0.0, 0.0]])
    assert violation(C).tolist() == pytest.approx([2 / 3, 4 / 3 + 1.5, 0.5, 0])
    assert violation(C, np.array([2.0, 100.0])).tolist() == pytest.approx([1, 5, 1, 0])
    assert violation(np.array([[3.0]]), np.array([0.0])).tolist() == [3.0]
    assert violation(np.empty((2, 0))).tolist() == [0, 0]


def test_the_fronts_that_fit_stay_whole_and_the_next_is_named() -> None:
    rank = np.array([1, 0, 2, 1, 0, 2])
    assert [part.tolist() for part in cut(rank, 4)] == [[0, 1, 3, 4], [2, 5]]
    assert [part.tolist() for part in cut(rank, 3)] == [[1, 4], [0, 3]]
    assert [part.tolist() for part in cut(rank, 1)] == [[], [1, 4]]
    assert [part.tolist() for part in cut(rank, 6)] == [[0, 1, 2, 3, 4, 5], []]


def test_survivors_are_whole_fronts_and_the_ends_of_the_last() -> None:
    f = np.array([0.0, 0.05, 0.1, 0.5, 1.0])
    Y = np.concatenate([np.column_stack([f, 1 - f]) + 1, [[0.0, 0.0]]])
    survivors = crowded(pool(History.observed(np.arange(6.0)[:, None], Y)), 4)
    assert sorted(survivors.place.tolist()) == [0, 3, 4, 5]
    assert survivors.X[:, 0].tolist() == survivors.place.tolist()


def test_merit_is_the_smaller_the_more_room_a_survivor_has_on_its_own_front() -> None:
    f = np.array([0.0, 0.1, 0.7, 1.0])
    Y = np.concatenate([np.column_stack([f, 1 - f]), [[5.0, 5.0]]])
    survivors = crowded(pool(History.observed(np.zeros((5, 1)), Y)), 5)
    assert survivors.merit.tolist() == pytest.approx([0, 1 / (1 + 0.7), 1 / (1 + 0.9), 0, 0])


def test_only_finished_rows_enter_a_pool() -> None:
    Y = np.array([[1.0], [np.nan], [3.0], [4.0]])
    C = np.array([[2.0], [0.0], [np.nan], [-1.0]])
    entered = pool(History.observed(np.arange(4.0)[:, None], Y, C))
    assert entered.place.tolist() == [0, 3]
    assert entered.violation.tolist() == [1.0, 0.0]


def test_pools_are_picked_and_joined_row_by_row() -> None:
    one = members([[1, 1], [2, 2]], [0, 0.5], [0.1, 0.2])
    two = members([[3, 3]], [0.7], [0.3])
    both = two.joined(one.rows(np.array([1, 0])))
    assert both.Y[:, 0].tolist() == [3, 2, 1]
    assert both.violation.tolist() == [0.7, 0.5, 0]
    assert both.merit.tolist() == [0.3, 0.2, 0.1]
    assert both.place.tolist() == [0, 1, 0]
    assert len(both) == 3
