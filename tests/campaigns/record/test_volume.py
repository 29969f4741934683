"""The hypervolume: exact for few objectives, an estimate in bearable time for many, in any unit."""

import time

import numpy as np
import pytest

from eutectic.campaigns.record.volume import EXACT, hypervolume, sensible_reference


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
