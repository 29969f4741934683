"""What events make of the record: hours, payments, attempts, settlements, gates, and what a session's end leaves."""

from collections.abc import Mapping
from typing import Any

import pytest

from eutectic.campaigns.record.fold import Record, begin
from eutectic.campaigns.record.journal import Entry
from eutectic.oracles.base import Candidate, Evaluation

SPEC: dict[str, object] = {
    "name": "fold",
    "space": {"use": "parameters", "variables": {"x": {"low": 0, "high": 1}}},
    "objectives": {"a": "minimize", "b": {"goal": "maximize", "valid": {"max": 100}}},
    "constraints": {"c": {"max": 1.0}},
    "oracles": [{"use": "python", "function": "trial:f"}],
    "optimizers": [{"use": "sobol"}],
    "budget": {"evaluations": 8},
}
GOOD = {"a": 1.0, "b": 2.0, "c": 0.5}


class RecordBuilder:
    """A record to which events are told one after the other, a second apart unless said otherwise."""

    def __init__(self, *before: tuple[str, Mapping[str, object]], spec: Mapping[str, object] = SPEC) -> None:
        begun = Entry(1, 0.0, "begun", None, {"spec": spec, "source": ".", "facts": {"seed": 1}})
        self.at = 100.0
        self.record: Record = begin([begun])
        for kind, body in before:
            self.say(kind, body)

    def say(self, kind: str, body: Mapping[str, object], number: int | None = None, at: float | None = None) -> None:
        self.at = self.at + 1 if at is None else at
        self.record.apply([Entry(self.record.seq + 1, self.at, kind, number, body)])

    def session(self, at: float | None = None) -> None:
        self.say("session", {"pid": 1, "host": "h"}, at=at)

    def ask(self, *numbers: int, index: int = 0, **row: object) -> None:
        batch = {"index": index, "stage": 0, "optimizer": "sobol", "ask_s": 0.1, "state": {}, "notes": []}
        rows = [{**proposal(number), **row} for number in numbers]
        self.say("asked", {"batch": batch, "proposals": rows})

    def evaluate(self, number: int, values: Mapping[str, float] | None = None, **other: Any) -> Evaluation:
        """One evaluation; `settings`, `attempt` and `again` are of the event, all else of what the oracle said."""
        body = {"settings": "abc", "attempt": 1, "again": False}
        body |= {name: other.pop(name) for name in list(other) if name in body}
        own = self.record.outcomes[number].id
        said = Evaluation(own, **{"oracle": "md", "values": values or {}, "cost_s": 2.0, **other})
        self.say("evaluated", {**body, "evaluation": said.to_json()}, number)
        return said

    def settle(self, number: int, status: str = "finished", at: float | None = None, **body: object) -> None:
        self.say("settled", {"status": status, "failure": "", "error": "", "told": False, **body}, number, at)


def proposal(number: int) -> dict[str, object]:
    candidate = Candidate({"x": 0.1 * number}, origin="sobol")
    reason = {"proposer": "sobol", "acquisition": None, "mean": None, "std": None, "feasibility": None}
    return {
        "number": number,
        "id": candidate.id,
        "x": [0.1 * number],
        "candidate": candidate.to_json(),
        "reason": reason,
    }


@pytest.fixture
def builder() -> RecordBuilder:
    one = RecordBuilder()
    one.session()
    one.ask(1, 2)
    return one


def test_half_an_hour_is_0_5_hours_whatever_lies_between_sessions() -> None:
    one = RecordBuilder()
    one.session(at=0.0)
    one.say("state", {"state": "stopped", "text": "", "overhead_s": 0.0}, at=900.0)
    one.session(at=100_000.0)
    one.say("state", {"state": "stopped", "text": "", "overhead_s": 0.0}, at=100_900.0)
    assert one.record.hours == pytest.approx(0.5)
    assert one.record.ledger("d").hours == pytest.approx(0.5)


def test_a_clock_that_is_set_back_gives_no_hours_back() -> None:
    one = RecordBuilder()
    one.session(at=10_000.0)
    one.ask(1)
    one.say("started", {"oracle": "md", "attempt": 1}, 1, at=13_600.0)  # an hour
    one.say("started", {"oracle": "md", "attempt": 2}, 1, at=6_400.0)  # two hours back
    assert one.record.hours == pytest.approx(1.0)
    one.say("started", {"oracle": "md", "attempt": 3}, 1, at=10_000.0)
    assert one.record.hours == pytest.approx(2.0)


@pytest.mark.parametrize("kind", ["told", "stop", "note"])
def test_what_other_processes_write_does_not_make_a_session_longer(builder: RecordBuilder, kind: str) -> None:
    before = builder.record.hours
    body = {"oracle": "lab", "values": {"a": 1.0}, "errors": {}} if kind == "told" else {"text": "x"}
    builder.say(kind, body, 1 if kind == "told" else None, at=builder.at + 7200)
    assert builder.record.hours == before
    builder.say("started", {"oracle": "md", "attempt": 1}, 1, at=builder.at)
    assert builder.record.hours > 2


def test_what_happens_after_a_session_has_ended_is_none_of_its_hours(builder: RecordBuilder) -> None:
    builder.say("state", {"state": "stopped", "text": "", "overhead_s": 0.0})
    before = builder.record.hours
    builder.settle(1, at=builder.at + 3600)
    assert builder.record.hours == before


def test_what_was_paid_for_is_not_paid_for_again(builder: RecordBuilder) -> None:
    first = builder.evaluate(1, GOOD)
    builder.evaluate(1, {"a": 9.0})
    key = (builder.record.outcomes[1].id, "md", "abc")
    assert builder.record.paid == {key: first}  # the first answer stays the answer
    builder.evaluate(1, {"a": 3.0}, settings="other")
    assert builder.record.paid[key[0], "md", "other"].values == {"a": 3.0}


@pytest.mark.parametrize(
    ("other", "paid"),
    [
        ({"status": "failed", "failure": "infrastructure"}, False),
        ({"status": "failed", "failure": "crash", "again": True}, False),
        ({"status": "failed", "failure": "crash"}, True),
        ({"status": "failed", "failure": "unphysical"}, True),
    ],
)
def test_a_failure_of_the_infrastructure_or_one_that_is_tried_again_answers_nothing(
    builder: RecordBuilder, other: dict[str, Any], paid: bool
) -> None:
    builder.evaluate(1, **other)
    assert bool(builder.record.paid) == paid


def test_settings_are_those_of_the_oracle_without_what_it_was_given(builder: RecordBuilder) -> None:
    builder.evaluate(1, GOOD, settings="0123abcd:ffff")
    assert builder.record.settings == {"md": "0123abcd"}
    builder.evaluate(2, settings="4567:ffff", status="failed", failure="error")
    assert builder.record.settings == {"md": "0123abcd"}  # what failed gave no value


def test_attempts_are_the_most_of_any_oracle_and_costs_add_up(builder: RecordBuilder) -> None:
    builder.evaluate(1, {"a": 1.0}, attempt=3, cost_s=2.0)
    builder.evaluate(1, {"b": 1.0}, oracle="dft", attempt=1, cost_s=5.0)
    assert builder.record.outcomes[1].attempts == 3
    assert builder.record.outcomes[1].cost_s == 7.0


def test_of_each_oracle_the_last_attempt_stands_and_a_failed_one_has_no_values(builder: RecordBuilder) -> None:
    builder.evaluate(1, {"a": 1.0}, errors={"a": 0.1})
    builder.evaluate(1, {"b": 5.0}, oracle="dft")
    builder.evaluate(1, {"a": 2.0})
    assert builder.record.outcomes[1].values == {"a": 2.0, "b": 5.0}
    assert builder.record.outcomes[1].errors == {}
    builder.evaluate(1, {"a": 3.0}, status="failed", failure="error")
    assert builder.record.outcomes[1].values == {"b": 5.0}
    assert [e.oracle for e in builder.record.outcomes[1].evaluations] == ["dft", "md"]


def test_a_higher_rung_overrules_a_lower_one_however_late_that_answers(builder: RecordBuilder) -> None:
    builder.evaluate(1, {"a": 7.0}, oracle="high", fidelity=1.0, errors={"a": 0.5})
    builder.evaluate(1, {"a": 1.0, "b": 2.0}, oracle="low", fidelity=0.0, errors={"b": 0.2})
    assert builder.record.outcomes[1].values == {"a": 7.0, "b": 2.0}
    assert builder.record.outcomes[1].errors == {"a": 0.5, "b": 0.2}


def test_a_value_has_the_standard_error_of_who_gave_it(builder: RecordBuilder) -> None:
    builder.evaluate(1, {"a": 1.0, "b": 2.0}, oracle="low", errors={"a": 0.1, "b": 0.2})
    builder.evaluate(1, {"a": 7.0}, oracle="high", fidelity=1.0)
    assert builder.record.outcomes[1].errors == {"b": 0.2}


def test_the_first_settlement_counts_except_for_what_a_person_tells(builder: RecordBuilder) -> None:
    builder.evaluate(1, GOOD)
    builder.settle(1, "failed", failure="timeout", error="late", at=200.0)
    builder.settle(1, "finished", at=300.0)
    assert (builder.record.outcomes[1].status, builder.record.outcomes[1].error) == ("failed", "late")
    assert builder.record.outcomes[1].finished_at == 200.0
    builder.settle(1, "finished", told=True, at=400.0)
    assert builder.record.outcomes[1].status == "finished"
    assert builder.record.outcomes[1].finished_at == 400.0
    builder.settle(1, "finished", told=True, at=500.0)
    assert builder.record.outcomes[1].finished_at == 400.0
    assert builder.record.unsettled == {2}


def test_losses_and_excess_are_those_of_a_finished_outcome_alone(builder: RecordBuilder) -> None:
    builder.evaluate(1, GOOD)
    builder.evaluate(2, {**GOOD, "c": 1.5})
    assert builder.record.outcomes[1].losses == ()
    builder.settle(1)
    builder.settle(2)
    one, other = builder.record.outcomes[1], builder.record.outcomes[2]
    assert (one.losses, one.excess, one.feasible) == ((1.0, -2.0), (-0.5,), True)
    assert (other.excess, other.feasible) == ((0.5,), False)
    builder.ask(3, 4, index=1)
    builder.evaluate(3, GOOD)
    builder.settle(3, "refused", failure="unphysical")
    assert not builder.record.outcomes[3].feasible
    assert all(loss != loss for loss in builder.record.outcomes[3].losses)  # NaN
    builder.evaluate(4, GOOD)
    builder.settle(4, provisional=["a"])
    assert not builder.record.outcomes[4].feasible
    assert builder.record.outcomes[4].losses[1] == -2.0


def test_what_ran_when_a_session_died_is_proposed_again(builder: RecordBuilder) -> None:
    builder.say("started", {"oracle": "md", "attempt": 1}, 1)
    assert builder.record.outcomes[1].status == "running"
    builder.say("stop", {})
    assert builder.record.stop_asked
    builder.session()
    assert builder.record.outcomes[1].status == "proposed"
    assert not builder.record.stop_asked
    assert len(builder.record.sessions) == 2
    builder.evaluate(1, GOOD)
    builder.settle(1)
    builder.say("started", {"oracle": "md", "attempt": 2}, 1)
    assert builder.record.outcomes[1].status == "finished"  # a late start changes nothing


def test_what_is_asked_between_the_lock_and_the_session_is_asked_of_that_session(builder: RecordBuilder) -> None:
    builder.say("stop", {})
    builder.say("wanted", {"n": 6})
    heard = builder.record.seq - 1  # the wish came after the lock was taken, the stop before it
    builder.say("session", {"pid": 1, "host": "h", "heard": heard})
    assert (builder.record.stop_asked, builder.record.wanted) == (0, 6)
    builder.say("stop", {})
    builder.say("session", {"pid": 1, "host": "h", "heard": builder.record.seq - 1})
    assert (builder.record.stop_asked > 0, builder.record.wanted) == (True, 0)


def test_overhead_is_that_of_all_rounds_and_of_the_last_stretch(builder: RecordBuilder) -> None:
    end = {"hypervolume": 1.0, "diagnostics": {}, "regret": 0.5}
    builder.say("round", {"index": 0, "overhead_s": 1.5, **end})
    builder.say("round", {"index": 1, "overhead_s": 0.25, **end})
    builder.say("state", {"state": "done", "text": "enough", "overhead_s": 0.75})
    assert builder.record.overhead_s == 2.5
    assert (builder.record.state, builder.record.text) == ("done", "enough")
    assert builder.record.regrets == {0: 0.5, 1: 0.5}


def test_a_reference_puts_volumes_of_rounds_before_it_in_their_place(builder: RecordBuilder) -> None:
    builder.say("round", {"index": 0, "hypervolume": None, "diagnostics": {"a": {"r2": 0.5}}, "overhead_s": 0.0})
    builder.say("reference", {"reference": [3.0, 4.0], "hypervolumes": [[0, 0.75]]})
    assert builder.record.reference == (3.0, 4.0)
    assert builder.record.ended == {0: (0.75, {"a": {"r2": 0.5}})}
    assert builder.record.round(0).hypervolume == 0.75


def test_a_gate_lifts_who_passes_by_one_rung(builder: RecordBuilder) -> None:
    builder.say("gate", {"rung": 0, "passed": True, "chance": 0.9, "reason": "best"}, 1)
    builder.say("gate", {"rung": 0, "passed": False, "chance": 0.1, "reason": "worst"}, 2)
    assert (builder.record.outcomes[1].rung, builder.record.outcomes[2].rung) == (1, 0)
    builder.say("gate", {"rung": 1, "passed": False, "chance": 0.2, "reason": "not here"}, 1)
    assert builder.record.outcomes[1].rung == 1
    assert [gate.passed for gate in builder.record.outcomes[1].gates] == [True, False]


def test_what_was_known_before_passes_the_sanity_gate_like_all_else() -> None:
    row = {**proposal(0), "values": GOOD, "errors": {}, "origin": "earlier", "source": {"file": "old.csv"}}
    bad = {**proposal(1), "values": {**GOOD, "b": 101.0}, "errors": {}}
    one = RecordBuilder(("known", {"rows": [row, bad]}))
    good, insane = one.record.outcomes[0], one.record.outcomes[-1]
    assert (good.status, good.round, good.origin, good.losses) == ("finished", -1, "earlier", (1.0, -2.0))
    assert good.evaluations[0].provenance == {"file": "old.csv"}
    assert (insane.status, insane.failure) == ("refused", "unphysical")
    assert one.record.proposed == 0
    assert not one.record.unsettled


def test_validation_changes_no_value_and_counts_when_it_is_the_last_attempt(builder: RecordBuilder) -> None:
    builder.evaluate(1, GOOD)
    builder.settle(1)
    said = Evaluation(builder.record.outcomes[1].id, "dft", {"a": 50.0}).to_json()
    builder.say("chosen", {"numbers": [1]})
    builder.say("validated", {"settings": "v", "attempt": 1, "again": True, "evaluation": said}, 1)
    assert builder.record.outcomes[1].validation is None
    builder.say("validated", {"settings": "v", "attempt": 2, "again": False, "evaluation": said}, 1)
    assert builder.record.outcomes[1].validation is not None
    assert builder.record.outcomes[1].values == GOOD
    assert builder.record.chosen == (1,)


def test_events_are_applied_once_and_in_order(builder: RecordBuilder) -> None:
    with pytest.raises(AssertionError):
        builder.record.apply([Entry(builder.record.seq, 1.0, "note", None, {"text": "again"})])


def test_a_ledger_is_all_of_it_in_order_of_numbers() -> None:
    one = RecordBuilder()
    one.session()
    one.ask(3, 1, index=0)
    one.ask(2, index=1)
    one.say("round", {"index": 0, "hypervolume": 0.5, "diagnostics": {}, "overhead_s": 0.0})
    ledger = one.record.ledger("runs/x")
    assert [o.number for o in ledger.outcomes] == [1, 2, 3]
    assert [o.number for o in ledger.rounds[0].outcomes] == [3, 1]
    assert (ledger.folder, ledger.state, ledger.facts["seed"]) == ("runs/x", "running", 1)
    assert one.record.proposed == 3
