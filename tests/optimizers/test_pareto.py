"""Dominance: the front, ranks, crowding, and the reference point that a front infers."""

import numpy as np
import pytest

from eutectic.optimizers.base import History
from eutectic.optimizers.pareto import crowding_distance, infer_reference, nondominated, ranked, thinned


def history(Y: list[list[float]], C: list[float] | None = None) -> History:
    values = np.array(Y)
    limits = None if C is None else np.array(C)[:, None]
    return History.observed(np.zeros((len(values), 1)), values, limits)


def test_the_reference_lies_a_tenth_of_the_fronts_range_beyond_its_worst() -> None:
    # so that the ends of the front still have something to win
    front = [[0.0, 40.0], [1.0, 20.0], [2.0, 0.0]]
    assert infer_reference(history([*front, [9.0, 90.0]])).tolist() == pytest.approx([2.2, 44.0])


def test_only_feasible_rows_make_the_front_where_there_are_any() -> None:
    rows = [[0.0, 4.0], [4.0, 0.0], [-50.0, -50.0]]
    assert infer_reference(history(rows, [0.0, -1.0, 1.0])).tolist() == pytest.approx([4.4, 4.4])
    assert infer_reference(history(rows, [1.0, 1.0, 1.0])).tolist() == pytest.approx([4 + 5.4, 4 + 5.4])


def test_a_front_of_one_point_and_one_objective_take_all_observations() -> None:
    assert infer_reference(history([[0.0, 0.0], [3.0, 1.0], [1.0, 5.0]])).tolist() == pytest.approx([3.3, 5.5])
    assert infer_reference(history([[2.0], [12.0], [7.0]])).tolist() == pytest.approx([13.0])


def test_without_any_range_the_reference_still_lies_beyond() -> None:
    assert infer_reference(history([[-30.0, 0.0]])).tolist() == pytest.approx([-27.0, 0.1])


def test_equal_rows_are_all_on_the_front() -> None:
    Y = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert nondominated(Y).tolist() == [True, True, True, False]


def test_ranks_put_the_least_broken_first_after_all_that_hold() -> None:
    Y = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [-1.0, -1.0]])
    assert ranked(Y, np.array([0.5, 0.0, 0.0, 0.1])).tolist() == [3, 0, 1, 2]
    assert ranked(Y, np.array([0.5, 0.5, 0.2, 0.1])).tolist() == [2, 2, 1, 0]


def test_crowding_is_the_mean_width_between_neighbours_and_infinite_at_the_ends() -> None:
    Y = np.array([[0.0, 10.0], [4.0, 0.0], [1.0, 4.0]])
    assert crowding_distance(Y).tolist() == [np.inf, np.inf, pytest.approx(1.0)]
    Y = np.array([[0.0, 10.0], [4.0, 0.0], [1.0, 4.0], [2.0, 2.0]])
    assert crowding_distance(Y).tolist()[2:] == pytest.approx([(2 / 4 + 8 / 10) / 2, (3 / 4 + 4 / 10) / 2])
    assert crowding_distance(Y[:2]).tolist() == [np.inf, np.inf]


def test_the_most_crowded_leaves() -> None:
    f = np.array([0.0, 0.48, 0.5, 0.75, 1.0])
    assert thinned(np.column_stack([f, 1 - f]), 4).tolist() in ([0, 1, 3, 4], [0, 2, 3, 4])
    assert thinned(np.column_stack([f, 1 - f]), 9).tolist() == [0, 1, 2, 3, 4]
