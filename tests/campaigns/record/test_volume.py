"""The hypervolume: exact for few objectives, an estimate in bearable time for many, in any unit."""

import time
from dataclasses import replace

import numpy as np
import pytest

from eutectic.campaigns.file.goals import Goal
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.record.volume import (
    EXACT,
    estimated,
    feasible,
    hypervolume,
    losses_of,
    nondominated,
    satisfying,
    sensible_reference,
)
from tests.campaigns.climbers import outcome


def test_a_box_has_its_volume() -> None:
    assert hypervolume(np.array([[1.0, 2.0]]), [3.0, 5.0]) == pytest.approx(6.0)
    assert hypervolume(np.full((1, EXACT + 1), 0.5), [1.0] * (EXACT + 1)) == pytest.approx(0.5 ** (EXACT + 1), rel=0.02)


def test_many_objectives_take_no_days_and_never_less_for_more_points() -> None:
    losses = np.random.default_rng(0).random((200, 12))
    start = time.process_time()
    few, all_of_them = hypervolume(losses[:50], [1.1] * 12), hypervolume(losses, [1.1] * 12)
    assert time.process_time() - start < 5
    assert 0 < few <= all_of_them
    assert hypervolume(losses, [1.1] * 12) == all_of_them


def test_the_reference_of_equal_losses_has_their_unit() -> None:
    losses = np.full((3, 2), 4.0)
    np.testing.assert_allclose(sensible_reference(losses * 2.0**-50) * 2.0**50, sensible_reference(losses))


def test_only_what_beats_the_reference_in_everything_has_volume() -> None:
    losses = np.array([[1.0, 1.0], [0.0, 9.0], [9.0, 0.0], [1.5, 0.5]])
    assert hypervolume(losses, [2.0, 2.0]) == pytest.approx(1.0 + 0.5 * 0.5)
    assert hypervolume(losses[1:3], [2.0, 2.0]) == 0.0
    assert hypervolume(np.empty((0, 2)), [2.0, 2.0]) == 0.0
    assert hypervolume(np.array([[3.0], [1.0], [7.0]]), [5.0]) == 4.0


def test_ties_stay_on_the_front_and_the_dominated_do_not() -> None:
    losses = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 3.0], [0.0, 9.0]])
    assert nondominated(losses).tolist() == [True, True, False, True]
    assert nondominated(np.empty((0, 2))).tolist() == []


def test_the_reference_lies_a_tenth_of_the_range_beyond_the_worst() -> None:
    losses = np.array([[0.0, 10.0], [1.0, 20.0], [2.0, 30.0]])
    np.testing.assert_allclose(sensible_reference(losses), [2.2, 32.0])


def test_one_wild_value_is_cut_off_before_it_stretches_the_volume() -> None:
    losses = np.array([[0.0], [1.0], [2.0], [1000.0]])  # median 1.5: cut off at 1.5 + 3 * 1.5
    np.testing.assert_allclose(sensible_reference(losses), [6.0 + 0.6])


def made(number: int, *losses: float, held: bool = True) -> Outcome:
    return replace(outcome(number), losses=losses, feasible=held)


def test_the_feasible_have_all_losses() -> None:
    good, broken, blind = made(1, 1.0, 2.0), made(2, 1.0, 2.0, held=False), made(3, 1.0, float("nan"))
    assert feasible([good, broken, blind]) == [good]
    assert losses_of([good, broken], 2).tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert losses_of([], 2).shape == (0, 2)


def test_who_lies_inside_every_window_counts_once() -> None:
    goals = [Goal("a", "target", 1.0, 0.5), Goal("b", "minimize"), Goal("c", "target", 2.0)]
    inside, again = made(1, 0.0, 5.0, 3.0), replace(made(4, 0.0, 5.0, 3.0), id=made(1).id)
    outside, broken = made(2, 0.1, 0.0, 0.0), made(3, 0.0, 0.0, 0.0, held=False)
    assert satisfying(goals, [inside, outside, broken, again]) == [inside]


def test_what_is_estimated_is_said() -> None:
    assert estimated(EXACT) == ""
    assert f"of {EXACT + 1} objectives is estimated" in estimated(EXACT + 1)
