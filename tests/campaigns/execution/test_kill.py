import pytest

from benchmarks.kills import compare


def test_kills_lose_nothing_double_nothing_and_change_no_proposal(tmp_path):
    tally = compare(2, 6, "sobol", 5, tmp_path)
    assert tally.faults == []
    assert tally.kills == 2


@pytest.mark.slow
def test_thirty_kills_lose_nothing_double_nothing_and_change_no_proposal(tmp_path):
    tally = compare(30, 45, "bayesian", 0, tmp_path)
    assert tally.faults == []
    assert tally.kills == 30
