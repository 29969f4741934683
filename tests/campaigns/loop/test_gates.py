"""Gates by hand: who is waited for, who goes on, and what constraints, errors and room have to do with it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eutectic.campaigns.file.goals import Goal, Limit
from eutectic.campaigns.loop.gates import chances, crowding, decisions, ordered, ripe
from eutectic.campaigns.loop.rung_relation import Quantity, quantities
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.outcomes import Gate, Outcome
from eutectic.campaigns.record.table import Outcomes
from tests.campaigns.climbers import named, outcome, problem, said

A = Quantity("a", Goal("a", "minimize"), None, laddered=True)
C = Quantity("c", None, Limit("c", "max", 1.0), laddered=True)


def ladder(seed: int = 1, policy: str = "gates", keep: float = 0.25, spot_check: float = 0.0) -> Problem:
    fidelity = {"policy": policy, "keep": keep, "spot_check": spot_check}
    return problem(
        named("low", "a", "c"), named("high", "a", "c"), seed=seed, constraints={"c": {"max": 1.0}}, fidelity=fidelity
    )


def low(number: int, a: float, c: float = 0.0, error: float = 0.0, **other: Any) -> Outcome:
    evaluation = said("low", {"a": a, "c": c}, errors={"a": error} if error else {}, **other)
    return outcome(number, evaluation, until=1)


def record(whole: Problem, *outcomes: Outcome) -> Record:
    made = Record(whole.spec, ".", {})
    made.outcomes = Outcomes(outcomes)
    made.unsettled = {o.number for o in outcomes if o.status in ("proposed", "running")}
    return made


def passed(whole: Problem, outcomes: list[Outcome], numbers: list[int]) -> list[int]:
    drafts = decisions(whole, record(whole, *outcomes), 0, numbers)
    return sorted(d.number or 0 for d in drafts if d.kind == "gate" and d.body["passed"])


def test_a_gate_waits_for_everybody_of_its_round_who_is_still_to_answer_there() -> None:
    whole = ladder()
    answered, slow = low(1, 0.1), outcome(2, until=1)
    assert ripe(record(whole, answered, slow), [1]) == []
    assert ripe(record(whole, answered, outcome(2, until=1, status="failed")), [1]) == [(0, [1])]
    assert ripe(record(whole, answered, outcome(2, until=1, index=1)), [1]) == [(0, [1])]
    assert ripe(record(whole, answered, low(2, 0.2)), [2, 1]) == [(0, [1, 2])]


def test_a_gate_does_not_wait_for_who_was_sent_straight_up_or_stays_below() -> None:
    whole = ladder()
    assert ripe(record(whole, low(1, 0.1), outcome(2, rung=1, until=1)), [1]) == [(0, [1])]
    assert ripe(record(whole, low(1, 0.1), outcome(2, rung=0, until=0)), [1]) == [(0, [1])]


def test_the_best_fraction_goes_on_and_the_others_end_with_their_reason() -> None:
    whole = ladder()
    outcomes = [low(k, float(k)) for k in range(1, 9)]
    drafts = decisions(whole, record(whole, *outcomes), 0, list(range(1, 9)))
    gates = {d.number: d.body for d in drafts if d.kind == "gate"}
    up = sorted(n or 0 for n, body in gates.items() if body["passed"])
    assert up == [1, 2]
    ended = {d.number: d.body for d in drafts if d.kind == "settled"}
    assert sorted(n or 0 for n in ended) == [3, 4, 5, 6, 7, 8]
    assert ended[8]["provisional"] == ["a", "c"]
    assert str(ended[8]["error"]).startswith("finished at rung 1 of 2 ('low'): rank ")
    assert gates[1]["chance"] > 0.6 > gates[8]["chance"]  # type: ignore[operator]
    assert str(gates[1]["reason"]).startswith("rank 1 of 8, the best 2 go on (probability ")


def test_a_gate_counts_all_who_ever_answered_there() -> None:
    earlier = [outcome(k, said("low", {"a": float(k), "c": 0.0}), status="finished") for k in range(1, 8)]
    assert passed(ladder(), [*earlier, low(8, 3.5)], [8]) == []
    assert passed(ladder(), [*earlier, low(8, -9.0)], [8]) == [8]


def test_who_breaks_a_constraint_goes_on_after_all_who_keep_it() -> None:
    outcomes = [low(1, -95.0, c=60.0), low(2, 1.0), low(3, 90.0), low(4, 95.0)]
    assert passed(ladder(), outcomes, [1, 2, 3, 4]) == [2]
    both = chances([A, C], outcomes, 0, 1, 1, [1])
    assert (both.argmin(), both.argmax()) == (0, 1)
    assert chances([A], outcomes, 0, 1, 1, [1])[0] > 0.7


def test_slack_in_a_constraint_is_worth_nothing() -> None:
    slack = [low(1, 1.0, c=0.0), low(2, 2.0, c=-80.0), low(3, 3.0, c=-90.0), low(4, 9.0, c=-100.0)]
    chance = chances([A, replace(C, laddered=False)], slack, 0, 1, 1, [1])
    assert chance.tolist() == chances([A], slack, 0, 1, 1, [1]).tolist()
    assert chance.argmax() == 0


def test_what_is_known_at_the_top_is_not_guessed() -> None:
    climbed = [
        outcome(k, said("low", {"a": float(k)}), said("high", {"a": float(-k)}, 1), rung=1, until=1)
        for k in range(1, 5)
    ]
    chance = chances([A], climbed, 0, 1, 1, [1])
    assert chance.tolist() == [0, 0, 0, 1]


def test_the_draws_are_those_of_the_campaigns_seed() -> None:
    outcomes = [low(k, 0.1 * k) for k in range(1, 13)]

    def likely(seed: int) -> list[object]:
        whole = ladder(seed)
        drafts = decisions(whole, record(whole, *outcomes), 0, list(range(1, 13)))
        return [d.body["chance"] for d in sorted(drafts, key=lambda d: d.number or 0) if d.kind == "gate"]

    assert likely(1) == likely(1)
    assert likely(1) != likely(2)


def test_where_the_optimizer_chooses_rungs_no_more_than_the_fraction_ever_goes_on() -> None:
    before = [
        outcome(k, said("low", {"a": float(k), "c": 0.0}), rung=1, status="finished", gates=[Gate(0, True, 0.9, "")])
        for k in range(1, 3)
    ]
    now = [low(3, -8.0), low(4, -9.0), *[low(k, 50.0 + k) for k in range(5, 9)]]
    numbers = [3, 4, 5, 6, 7, 8]
    # the best two of eight are 3 and 4; two have gone already
    assert passed(ladder(policy="gates"), [*before, *now], numbers) == [3, 4]
    assert passed(ladder(policy="multifidelity"), [*before, *now], numbers) == []
    assert passed(ladder(policy="multifidelity"), [before[0], *now], numbers) == [4]


def test_a_spot_check_sends_anybody_up_and_says_so() -> None:
    whole = ladder(spot_check=1.0)
    outcomes = [low(k, float(k)) for k in range(1, 5)]
    drafts = decisions(whole, record(whole, *outcomes), 0, [1, 2, 3, 4])
    reasons = {d.number: str(d.body["reason"]) for d in drafts}
    assert all(d.body["passed"] for d in drafts)
    assert not reasons[1].startswith("spot check; ")
    assert all(reasons[k].startswith("spot check; rank ") for k in (2, 3, 4))


def test_what_a_rung_cannot_judge_goes_up() -> None:
    whole = ladder()
    strange = low(4, 99.0, provenance={"out_of_domain": "no such element"})
    drafts = decisions(whole, record(whole, *[low(k, float(k)) for k in range(1, 4)], strange), 0, [1, 2, 3, 4])
    (body,) = [d.body for d in drafts if d.number == 4]
    assert body["passed"]
    assert str(body["reason"]).startswith("out of the domain of rung 1, so that the next is to tell; rank ")


def test_the_fraction_is_rounded_up() -> None:
    assert len(passed(ladder(keep=0.25), [low(k, 99.0 * k) for k in range(1, 6)], [1, 2, 3, 4, 5])) == 2
    assert len(passed(ladder(keep=0.25), [low(k, 99.0 * k) for k in range(1, 5)], [1, 2, 3, 4])) == 1
    assert len(passed(ladder(keep=1.0), [low(k, 99.0 * k) for k in range(1, 4)], [1, 2, 3])) == 3


def test_quantities_are_the_objectives_and_then_the_limits() -> None:
    goal, limit = quantities(ladder())
    assert (goal.property, goal.limit, goal.laddered) == ("a", None, True)
    assert (limit.property, limit.goal, limit.laddered) == ("c", None, True)
    aside = problem(named("low", "a"), named("high", "a"), named("price", "c"), constraints={"c": {"max": 1.0}},
                    fidelity={"policy": "gates"})  # fmt: skip
    assert [q.laddered for q in quantities(aside)] == [True, False]


def test_the_order_is_by_violation_then_front_then_room() -> None:
    loss = np.array([[0.0, 3.0], [0.9, 1.9], [1.0, 1.0], [3.0, 0.0], [2.0, 2.0], [0.0, 0.0]])
    assert ordered(loss, np.array([0.0, 0, 0, 0, 0, 1])).tolist()[:2] == [0, 3]
    assert ordered(loss, np.array([0.0, 0, 0, 0, 0, 1])).tolist()[-2:] == [4, 5]
    assert ordered(np.array([[3.0], [1.0], [2.0]]), np.array([0.0, 0.5, 0.0])).tolist() == [2, 0, 1]


def test_room_is_measured_in_shares_of_each_objectives_range() -> None:
    loss = np.array([[0.0, 1000.0], [1.0, 700.0], [4.0, 0.0]])
    assert crowding(loss, np.zeros(3)).tolist() == [np.inf, pytest.approx(2.0), np.inf]
