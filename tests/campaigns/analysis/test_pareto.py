import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eutectic.campaigns.record.volume import hypervolume, nondominated, sensible_reference

LOSSES = st.integers(1, 3).flatmap(
    lambda m: arrays(float, st.tuples(st.integers(1, 12), st.just(m)), elements=st.integers(0, 5).map(float))
)


@given(LOSSES)
def test_nondominated_rows_are_those_no_other_row_beats(losses):
    for keep, row in zip(nondominated(losses), losses, strict=True):
        beaten = any((other <= row).all() and (other < row).any() for other in losses)
        assert keep == (not beaten)


def test_hypervolume_of_a_staircase_is_the_area_under_it():
    losses = np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 0.0], [2.0, 2.0]])
    assert hypervolume(losses, [3.0, 3.0]) == 3 + 2 + 1


def test_hypervolume_of_one_objective_is_the_gain_over_the_reference():
    assert hypervolume(np.array([[2.0], [0.5]]), [3.0]) == 2.5


def test_hypervolume_counts_nothing_beyond_the_reference():
    assert hypervolume(np.array([[4.0, 0.0], [3.0, 0.0]]), [3.0, 3.0]) == 0.0
    assert hypervolume(np.empty((0, 2)), [3.0, 3.0]) == 0.0


@given(LOSSES)
def test_the_reference_lies_beyond_the_best_of_every_objective(losses):
    assert (sensible_reference(losses) > losses.min(0)).all()


def test_one_wild_value_does_not_stretch_the_reference():
    losses = np.array([[0.0], [1.0], [2.0], [1e9]])
    assert sensible_reference(losses)[0] < 10
    assert sensible_reference(np.array([[0.0], [1.0], [2.0]]))[0] == 2.2
