"""What an evaluation under way brings home: an answer, or whose fault it is that there is none."""

import time
from concurrent.futures import Future
from typing import Any

import pytest

from eutectic.campaigns.execution.flight import Flight
from eutectic.campaigns.execution.local import EvaluationLost
from eutectic.oracles.base import Candidate, EngineMissing, Evaluation, Failure

CANDIDATE = Candidate({"x": 0.25})


def flight(result: Any) -> Flight:
    """One that began ten seconds ago and has landed."""
    future: Future[Any] = Future()
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
    return Flight(0, "md", CANDIDATE, [1], time.monotonic() - 10.0, future)


def test_an_answer_is_the_evaluation_with_its_own_cost() -> None:
    said = Evaluation(CANDIDATE.id, "md", {"a": 1.0}, cost_s=3.0)
    assert flight({"evaluation": said.to_json()}).landing() == said


@pytest.mark.parametrize(
    ("error", "failure", "sentence"),
    [
        (EvaluationLost("memory", "over 10 MB", "tail"), "memory", "over 10 MB"),
        (EvaluationLost("infrastructure", "the worker died"), "infrastructure", "the worker died"),
        (TimeoutError("after 5 s"), "timeout", "after 5 s"),
        (TimeoutError(), "timeout", "timed out"),
        (OSError("disk full"), "infrastructure", "OSError: disk full"),
    ],
)
def test_what_did_not_come_back_says_whose_fault_it_is(error: Exception, failure: Failure, sentence: str) -> None:
    said = flight(error).landing()
    assert (said.candidate_id, said.oracle, said.status) == (CANDIDATE.id, "md", "failed")
    assert (said.failure, said.error) == (failure, sentence)
    assert said.cost_s == pytest.approx(10.0, abs=1.0)
    assert dict(said.artifacts) == ({"output": "tail"} if failure == "memory" else {})


def test_an_engine_that_is_missing_stops_the_campaign() -> None:
    with pytest.raises(EngineMissing, match="md: pip install it"):
        flight({"missing": "md: pip install it"}).landing()
