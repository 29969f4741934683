"""Whose turn it is: stages that end by count, by stall, or when enough candidates satisfy."""

from typing import Any

import numpy as np
import pytest

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.outcomes import Batch, Outcome
from eutectic.campaigns.record.stages import Turn, stalled, turn_of
from tests.campaigns.climbers import outcome


def spec(*optimizers: dict[str, Any], **sections: Any) -> CampaignSpec:
    return CampaignSpec.from_content(
        {
            "name": "stages",
            "space": {"use": "parameters", "variables": {"x": {"low": 0, "high": 1}}},
            "objectives": {"a": "minimize", "b": "minimize"},
            "oracles": [{"use": "python", "function": "m:f"}],
            "optimizers": list(optimizers),
            "budget": {"evaluations": 50},
            **sections,
        }
    )


def batches(*stages: int) -> list[Batch]:
    return [Batch(index, stage, "sobol", 0.0, 0.0) for index, stage in enumerate(stages)]


def of_round(index: int, *numbers: int, status: str = "finished") -> list[Outcome]:
    return [outcome(number, index=index, status=status) for number in numbers]


def turn(spec: Any, outcomes: list[Outcome], asked: list[Batch], volumes: dict[int, float | None]) -> Turn:
    proposed = [o.round for o in outcomes if o.number > 0 and o.status != "returned"]
    return turn_of(spec, outcomes, asked, volumes, lambda: np.array(proposed, dtype=np.int64))


TWO = ({"use": "sobol", "evaluations": 4}, {"use": "random"})


def test_a_stage_asks_for_its_evaluations_and_hands_over() -> None:
    assert turn(spec(*TWO), [], [], {}).stage == 0
    begun = turn(spec(*TWO), of_round(0, 1, 2, 3), batches(0), {})
    assert (begun.stage, begun.room) == (0, 1)
    after = turn(spec(*TWO), of_round(0, 1, 2, 3, 4), batches(0), {})
    assert (after.stage, after.room, after.ended) == (1, float("inf"), ())


def test_what_was_given_back_and_what_was_known_before_do_not_count() -> None:
    outcomes = [*of_round(0, 1, 2, 3), *of_round(0, 4, status="returned"), *of_round(-1, 0, -1)]
    assert turn(spec(*TWO), outcomes, batches(0), {}).room == 1


def test_evaluations_of_another_stage_do_not_count_and_no_stage_comes_back() -> None:
    three = ({"use": "sobol", "evaluations": 2}, {"use": "random", "evaluations": 5}, {"use": "sobol"})
    outcomes = [*of_round(0, 1, 2), *of_round(1, 3, 4)]
    now = turn(spec(*three), outcomes, batches(0, 1), {})
    assert (now.stage, now.room) == (1, 3)


def test_the_last_stage_ends_with_its_evaluations() -> None:
    one = spec({"use": "sobol", "evaluations": 2}, budget={"evaluations": 2})
    assert turn(one, of_round(0, 1, 2), batches(0), {}).room == 0


def test_a_stage_that_gains_nothing_ends_and_says_so() -> None:
    stalling = spec({"use": "sobol", "stall": 2}, {"use": "random"})
    volumes = {0: 1.0, 1: 1.5, 2: 1.5}
    assert turn(stalling, [], batches(0, 0, 0), volumes).stage == 0
    ended = turn(stalling, [], batches(0, 0, 0, 0), {**volumes, 3: 1.5})
    assert (ended.stage, [*map(str, ended.ended)]) == (
        1,
        ["stage 1 (sobol) has ended: 2 rounds without gain in hypervolume"],
    )
    # rounds without gain of an earlier stage are not held against the next
    second = spec({"use": "sobol", "evaluations": 1}, {"use": "random", "stall": 2}, {"use": "sobol"})
    assert turn(second, of_round(0, 1), batches(0, 1), {0: 1.0, 1: 1.0}).stage == 1


@pytest.mark.parametrize(
    ("volumes", "rounds"),
    [
        ([1.0, 1.0, 1.0], 2),
        ([1.0, 1.0, 1.0 + 1e-12], 2),  # no gain worth the name
        ([1.0, 1.0, 1.0 + 1e-6], 0),
        ([1.0, 2.0, 1.5, 2.0], 2),
        ([0.0, 0.0, 0.0], 0),
        ([None, None, 1.0, 1.0], 1),
        ([1e-30, 1e-30, 1.1e-30], 0),
        ([], 0),
    ],
)
def test_rounds_without_gain_are_counted_from_the_last_gain(volumes: list[float | None], rounds: int) -> None:
    assert stalled(dict(enumerate(volumes))) == rounds


def test_only_the_rounds_of_a_stage_are_counted() -> None:
    assert stalled(dict.fromkeys(range(5), 1.0), {3, 4}) == 2
    assert stalled({0: 1.0, 1: 1.0, 2: 3.0, 3: 3.0}, {0, 1}) == 0
