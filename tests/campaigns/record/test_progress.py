"""When a campaign is done: budgets of hours, cost, evaluations, stall and regret, and what has come due of rounds."""

import math
from dataclasses import replace
from typing import Any

import pytest

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.outcomes import Batch, Outcome
from eutectic.campaigns.record.progress import (
    enough,
    exhausted,
    left,
    ready,
    reference_event,
    spent,
    unvalidated,
    volumes,
    why_done,
)
from eutectic.campaigns.record.table import Outcomes
from tests.campaigns.climbers import outcome, said


def record(*outcomes: Outcome, optimizers: Any = ({"use": "sobol"},), **sections: Any) -> Record:
    spec = CampaignSpec.from_content(
        {
            "name": "progress",
            "space": {"use": "parameters", "variables": {"x": {"low": 0, "high": 1}}},
            "objectives": {"a": "minimize", "b": "minimize"},
            "oracles": [
                {"name": "md", "use": "python", "function": "m:f", "cost": 10.0},
                {"name": "dft", "use": "python", "function": "m:g"},
            ],
            "optimizers": list(optimizers),
            "budget": {"evaluations": 8},
            **sections,
        }
    )
    made = Record(spec, ".", {})
    made.outcomes = Outcomes(outcomes)
    made.unsettled = {o.number for o in outcomes if o.status in ("proposed", "running")}
    made.batches = [Batch(i, 0, "sobol", 0.0, 0.0) for i in range(1 + max((o.round for o in outcomes), default=-1))]
    return made


def done(number: int, a: float, b: float, index: int = 0, feasible: bool = True) -> Outcome:
    return replace(outcome(number, index=index, status="finished"), losses=(a, b), feasible=feasible)


def test_a_budget_of_hours_is_one_of_hours() -> None:
    lab = record(budget={"hours": 2.0})
    assert enough(lab, 1.99) is None
    assert enough(lab, 2.0) == "the budget of 2 hours is used up"
    assert left(lab) == math.inf


def test_a_budget_of_cost_counts_what_is_stated_else_seconds_and_nothing_that_was_reused() -> None:
    known = outcome(0, said("dft", {}, cost_s=1000.0))
    one = outcome(1, said("md", {}, cost_s=3.0), said("dft", {}, cost_s=7.0))
    other = outcome(2, said("md", {}, cost_s=3.0, provenance={"reused": 1}), said("dft", {}, cost_s=5.0))
    lab = record(known, one, other, budget={"cost": 22.0})
    assert spent(lab) == 10 + 7 + 5
    assert enough(lab, 0.0) == "the budget of cost 22 is used up"
    assert enough(record(known, one, other, budget={"cost": 22.5}), 0.0) is None


def test_a_stalled_campaign_ends_after_so_many_rounds_without_gain() -> None:
    lab = record(budget={"evaluations": 99, "stall": 2})
    lab.ended = {0: (1.0, {}), 1: (1.0, {})}
    assert enough(lab, 0.0) is None
    lab.ended[2] = (1.0, {})
    assert enough(lab, 0.0) == "2 rounds without gain in hypervolume"


def test_regret_must_be_small_in_the_last_three_rounds_and_known_in_all_of_them() -> None:
    lab = record(budget={"evaluations": 99, "regret": 0.05})
    lab.ended = dict.fromkeys(range(4), (1.0, {}))
    lab.regrets = {0: 0.9, 1: 0.01, 2: 0.04, 3: 0.02}
    assert exhausted(lab) == 0.04
    assert enough(lab, 0.0) == "at most 4 % of the hypervolume may be missing (3 rounds in a row)"
    lab.regrets[2] = 0.06
    assert enough(lab, 0.0) is None
    lab.regrets[2] = None
    assert exhausted(lab) == 1.0


def test_candidates_in_flight_count_as_proposed_and_the_end_is_said() -> None:
    lab = record(*(outcome(k) for k in range(1, 9)))
    assert left(lab) == 0
    assert why_done(lab, 0.0) == "the budget of evaluations is used up"
    almost = record(*(outcome(k) for k in range(1, 8)))
    assert left(almost) == 1
    assert why_done(almost, 0.0) is None
    given_back = record(*(outcome(k) for k in range(1, 8)), outcome(8, status="returned"))
    assert left(given_back) == 1


def test_rounds_end_in_order_and_only_when_nothing_of_them_is_open() -> None:
    lab = record(outcome(1, status="finished"), outcome(2, index=1), outcome(3, index=2, status="finished"))
    assert list(ready(lab)) == [0]
    lab.ended = {0: (None, {})}
    assert list(ready(lab)) == []
    assert list(ready(record(outcome(1, status="finished"), outcome(2, index=1, status="failed")))) == [0, 1]


def test_the_hypervolume_of_a_round_is_that_of_all_up_to_it() -> None:
    rows = [done(1, 1, 1), done(2, 0, 0, 1, feasible=False), done(3, 0, 1, 2), done(4, 5, 5, 2), done(-0, 1, 0, -1)]
    lab = record(*rows)
    assert volumes(lab, range(3)) == [[0, None], [1, None], [2, None]]
    lab.reference = (2.0, 2.0)
    assert volumes(lab, range(3)) == [[0, 2.0], [1, 2.0], [2, 3.0]]
    assert volumes(lab, range(2, 3)) == [[2, 3.0]]
    assert volumes(lab, range(1), (3.0, 3.0)) == [[0, 6.0]]


def test_a_reference_point_that_was_given_is_fixed_at_once() -> None:
    given = {"a": {"goal": "minimize", "reference": 3.0}, "b": {"goal": "maximize", "reference": 4.0}}
    body = reference_event(record(objectives=given), "beginning")
    assert body == {"reference": [3.0, -4.0], "hypervolumes": []}


@pytest.mark.parametrize(("finished", "chosen"), [(7, False), (8, True)])
def test_the_only_stage_chooses_one_when_eight_have_finished(finished: int, chosen: bool) -> None:
    lab = record(*(done(k, float(k), -float(k)) for k in range(1, finished + 1)))
    assert (reference_event(lab, "asking") is not None) == chosen
    assert reference_event(lab, "beginning") is None
    assert reference_event(lab, "end") is not None
    lab.reference = (1.0, 1.0)
    assert reference_event(lab, "end") is None


def test_a_later_stage_chooses_one_when_it_asks_first() -> None:
    two = ({"use": "sobol", "evaluations": 4}, {"use": "random"})
    lab = record(done(1, 1.0, 2.0), done(2, 2.0, 1.0), optimizers=two)
    assert reference_event(lab, "asking", 0) is None
    body = reference_event(lab, "asking", 1)
    assert body is not None
    assert body["reference"] == pytest.approx([2.1, 2.1])


def test_of_the_chosen_those_without_a_validation_are_still_to_be_computed() -> None:
    assert not unvalidated(record())
    lab = record(outcome(1), outcome(2), validate={"oracle": "dft", "top": 1})
    assert unvalidated(lab)
    lab.chosen = (1,)
    assert unvalidated(lab)
    lab.outcomes[1] = replace(lab.outcomes[1], validation=said("dft", {}))
    assert not unvalidated(lab)
