"""Between a proposal and its end, by hand: an executor that answers what it is told, when it is told to."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.execution.cache import Cache
from eutectic.campaigns.execution.local import EvaluationLost
from eutectic.campaigns.loop.evaluating import Evaluating
from eutectic.campaigns.loop.loop import Loop
from eutectic.campaigns.loop.stopwatch import Stopwatch
from eutectic.campaigns.problem.definition import Stage
from eutectic.campaigns.record.journal import Draft
from eutectic.oracles.base import Evaluation
from tests.campaigns.trial_campaigns import write

BROKEN = EvaluationLost("infrastructure", "the node is gone")


@dataclass
class Desk:
    """An executor that keeps what it is given until `answer`, or answers at once with what stands in `script`."""

    script: list[Any] = field(default_factory=list)
    tasks: list[Mapping[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    futures: list["Future[Any]"] = field(default_factory=list)
    closed: list[bool] = field(default_factory=list)

    def submit(self, function: str, task: Mapping[str, Any], /, **asked: Any) -> "Future[Any]":
        assert function == "eutectic.campaigns.execution.job:run"
        self.tasks.append(json.loads(json.dumps(task)))
        self.keys.append(asked["key"])
        self.futures.append(Future())
        if self.script:
            self.answer(len(self.tasks) - 1, self.script.pop(0))
        return self.futures[-1]

    def answer(self, k: int, answer: Any = None) -> None:
        """Let the k-th evaluation land: an exception, values, or a failure's class."""
        if isinstance(answer, Exception):
            self.futures[k].set_exception(answer)
            return
        state = {"values": {"a": 1.0, "b": 2.0} if answer is None else answer}
        if isinstance(answer, str):
            state = {"status": "failed", "failure": answer, "error": answer}
        said = Evaluation("id", self.tasks[k]["name"], **state)
        self.futures[k].set_result({"evaluation": replace(said, cost_s=3.0).to_json()})

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.closed.append(cancel_futures)


@dataclass(frozen=True)
class Constant:
    """Always asks for the same point."""

    def ask(self, space: Any, history: Any, n: int, rng: Any) -> Any:
        return np.full((n, space.d), 0.5)


@dataclass(frozen=True)
class Triplets:
    """Asks for one point three times, then for another."""

    def ask(self, space: Any, history: Any, n: int, rng: Any) -> Any:
        return np.array([[0.5] * space.d] * 3 + [[0.25] * space.d])[:n]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Any]:
    """Makes a campaign with so many candidates asked for, and the desk and the queue they are on."""
    opened = []

    def make(n: int, *script: Any, asker: Any = None, cache: Cache | None = None, **sections: Any) -> Any:
        folder = tmp_path / str(len(opened))
        campaign = Campaign.from_yaml(write(folder, **sections), folder / "run")
        opened.append(campaign)
        if asker is not None:
            campaign.problem = replace(campaign.problem, stages=(Stage("asker", asker, None),))
        numbers = [o.number for o in campaign.ask(n)] if n else []
        work, desk = Evaluating(campaign.problem, campaign.logbook, Stopwatch(), cache), Desk(list(script))
        work.executor = desk  # type: ignore[assignment]
        work.queue.extend(numbers)
        return campaign, work, desk

    yield make
    for campaign in opened:
        campaign.close()


def kinds(events: Any) -> list[tuple[str, int | None]]:
    return [(event.kind, event.number) for event in events]


def settle(work: Evaluating) -> list[tuple[str, int | None]]:
    """Everything that happens until nothing more can."""
    seen = []
    while work.startable or work.flights:
        seen += kinds(work.launch() if work.startable else work.collect(0.5))
    return seen


def test_what_the_infrastructure_lost_comes_again_before_anything_else(started: Any) -> None:
    campaign, work, desk = started(2, BROKEN, BROKEN, None, None, executor={"workers": 1, "retries": 2})
    assert settle(work) == [
        ("started", 1), ("retry", 1), ("started", 1), ("retry", 1), ("started", 1), ("finished", 1),
        ("started", 2), ("finished", 2),
    ]  # fmt: skip
    first = campaign.ledger.outcomes[0]
    assert (first.attempts, first.status) == (3, "finished")
    assert len({json.dumps(task) for task in desk.tasks[:3]}) == 1  # with the same seed


def test_after_so_many_retries_it_has_failed(started: Any) -> None:
    campaign, work, _ = started(1, BROKEN, BROKEN, executor={"workers": 1, "retries": 1})
    assert settle(work)[-1] == ("failed", 1)
    assert (campaign.ledger.outcomes[0].failure, campaign.ledger.outcomes[0].attempts) == ("infrastructure", 2)


def test_one_candidate_under_several_numbers_is_sent_once_and_its_result_used_for_all(started: Any) -> None:
    campaign, work, desk = started(3, asker=Constant(), executor={"workers": 2})
    assert kinds(work.launch()) == [("started", 1)]
    assert not work.startable
    assert kinds(work.launch()) == []
    assert list(work.queue) == [2, 3]  # in their order
    desk.answer(0)
    assert settle(work) == [("finished", 1), ("finished", 2), ("finished", 3)]
    assert len(desk.tasks) == 1
    marks = [o.evaluations[-1] for o in campaign.ledger.outcomes]
    assert [e.cost_s for e in marks] == [3.0, 0.0, 0.0]
    assert ["reused" in e.provenance for e in marks] == [False, True, True]


def test_who_waits_for_its_twin_keeps_its_place_while_others_start(started: Any) -> None:
    _, work, _ = started(4, asker=Triplets(), executor={"workers": 2})
    assert kinds([*work.launch(), *work.launch()]) == [("started", 1), ("started", 4)]
    assert list(work.queue) == [2, 3]


def test_no_more_are_under_way_than_there_are_workers(started: Any) -> None:
    _, work, desk = started(3, executor={"workers": 2})
    assert kinds([*work.launch(), *work.launch(), *work.launch()]) == [("started", 1), ("started", 2)]
    assert (work.full, work.startable, list(work.queue)) == (True, False, [3])
    desk.answer(1)
    assert kinds(work.collect(0.5)) == [("finished", 2)]
    assert not work.full


def test_an_evaluation_is_written_with_its_settings_and_what_it_was_given(started: Any) -> None:
    campaign, work, desk = started(1, None)
    settle(work)
    (said,) = campaign.ledger.outcomes[0].evaluations
    named = campaign.problem.oracles[0]
    assert said.provenance["settings"] == named.settings_hash[:16]
    assert desk.tasks[0]["name"] == named.name
    seed = desk.tasks[0]["seed"]
    assert seed[0] == campaign.problem.spec.seed
    assert int(campaign.ledger.outcomes[0].id, 16) in seed


def test_what_a_cache_holds_is_neither_sent_nor_paid(started: Any, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c.sqlite", "here")
    one, work, _ = started(2, None, None, cache=cache, seed=4)
    settle(work)
    other, again, desk = started(2, cache=cache, seed=4)
    assert one.problem.oracles[0].settings_hash == other.problem.oracles[0].settings_hash
    assert settle(again) == [("finished", 1), ("finished", 2)]
    assert desk.tasks == []
    assert [o.cost_s for o in other.ledger.outcomes] == [0.0, 0.0]
    cache.close()


def test_a_failure_of_the_candidates_own_is_not_tried_again(started: Any) -> None:
    campaign, work, desk = started(1, "unphysical", executor={"workers": 1, "retries": 3})
    assert settle(work) == [("started", 1), ("failed", 1)]
    assert len(desk.tasks) == 1
    assert campaign.ledger.outcomes[0].failure == "unphysical"


def test_what_lands_after_somebody_ended_it_is_dropped(started: Any) -> None:
    campaign, work, desk = started(1)
    list(work.launch())
    ended = {"status": "failed", "failure": "error", "error": "spilt", "told": True}
    campaign.logbook.write(Draft("settled", ended, 1))
    desk.answer(0)
    assert kinds(work.collect(0.5)) == []
    assert campaign.ledger.outcomes[0].error == "spilt"
    assert work.flights == {}


def test_whoever_wakes_it_ends_the_waiting_and_nothing_else(started: Any) -> None:
    _, work, _ = started(1)
    list(work.launch())
    work.wake()
    assert kinds(work.collect(60.0)) == []
    assert list(work.flights) == [1]


def test_the_later_oracle_gets_what_the_earlier_said_and_the_candidate_stays_in_front(started: Any) -> None:
    oracles = [
        {"name": "first", "use": "python", "function": "trial:noisy", "properties": ["a"]},
        {"name": "second", "use": "python", "function": "trial:sum_of", "properties": ["b"]},
    ]
    script = ({"a": 1.0}, {"b": 2.0}, {"a": 3.0}, {"b": 4.0})
    campaign, work, desk = started(2, *script, oracles=oracles, executor={"workers": 1})
    assert settle(work) == [
        ("started", 1),
        ("started", 1),
        ("finished", 1),
        ("started", 2),
        ("started", 2),
        ("finished", 2),
    ]
    assert [task["name"] for task in desk.tasks] == ["first", "second", "first", "second"]
    assert desk.tasks[1]["candidate"]["known"] == {"a": 1.0}
    assert [o.values for o in campaign.ledger.outcomes] == [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}]


# a whole session over the same desk


def session(campaign: Any, desk: Desk) -> Loop:
    return Loop(campaign.problem, campaign.logbook, lambda: desk, 0)  # type: ignore[arg-type,return-value]


def test_hours_are_counted_while_a_session_runs(started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_800_000_000.0]
    monkeypatch.setattr("time.time", lambda: clock[0])

    class Slow(Desk):
        def submit(self, function: str, task: Mapping[str, Any], /, **asked: Any) -> "Future[Any]":
            clock[0] += 600.0
            return super().submit(function, task, **asked)

    campaign, _, _ = started(0, budget={"hours": 0.4, "batch": 1}, executor={"workers": 1})
    *_, last = session(campaign, Slow([None] * 9)).events()
    assert (last.kind, last.text) == ("done", "the budget of 0.4 hours is used up")
    assert len(campaign.ledger.finished) == 3  # 0.5 h
    assert campaign.logbook.record.hours == pytest.approx(0.5)


def test_hours_go_on_while_nothing_happens(started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_800_000_000.0]

    def later() -> float:
        clock[0] += 20.0
        return clock[0]

    monkeypatch.setattr("time.time", later)
    monkeypatch.setattr("eutectic.campaigns.loop.loop.POLL_S", 0.01)
    person = [{"name": "lab", "use": "person", "properties": ["a", "b"]}]
    campaign, _, _ = started(0, oracles=person, budget={"hours": 1.0, "batch": 1})
    events = session(campaign, Desk()).events()
    begin = clock[0]
    *_, last = (event for _, event in zip(range(20), events, strict=False))
    assert "the budget of 1 hours is used up" in last.text
    assert 3600.0 <= clock[0] - begin < 5400.0


def test_an_executor_is_closed_with_what_it_runs_and_none_is_opened_for_nothing(started: Any) -> None:
    campaign, _, _ = started(0, budget={"evaluations": 2, "batch": 2}, executor={"workers": 1})
    desk = Desk()
    events = session(campaign, desk).events()
    assert [event.kind for _, event in zip(range(2), events, strict=False)] == ["asked", "started"]
    events.close()
    assert desk.closed == [True]
    assert campaign.ledger.reason == "interrupted"
    again = Desk([None, None])
    assert [e.kind for e in session(campaign, again).events()][-1] == "done"
    assert [int(task["seed"][1]) for task in again.tasks] == [int(o.id, 16) for o in campaign.ledger.outcomes]
    never = Desk()
    assert [e.kind for e in session(campaign, never).events()] == ["done"]
    assert never.closed == []


def test_time_that_is_not_the_campaigns_own_is_left_out(started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    class Thinker(Constant):
        def ask(self, space: Any, history: Any, n: int, rng: Any) -> Any:
            clock[0] += 50.0
            return super().ask(space, history, n, rng)

    campaign, _, _ = started(0, budget={"evaluations": 1, "batch": 1})
    campaign.problem = replace(campaign.problem, stages=(Stage("thinker", Thinker(), None),))
    list(session(campaign, Desk([None])).events())
    assert campaign.ledger.batches[0].ask_s == pytest.approx(50.0)
    assert campaign.ledger.overhead_s == pytest.approx(0.0)


def test_people_who_are_waited_for_count_as_part_of_the_batch_and_are_named_once(started: Any) -> None:
    person = [{"name": "lab", "use": "person", "properties": ["a", "b"]}]
    campaign, _, _ = started(0, oracles=person, budget={"evaluations": 9, "batch": 3})
    loop, said = session(campaign, Desk()), []
    for event in loop.events():
        said.append((event.kind, event.text))
        if event.kind == "waiting" and len(said) < 4:
            campaign.tell(campaign.ledger.outcomes[0].id, {"a": 1.0, "b": 1.0})
        elif [kind for kind, _ in said].count("waiting") == 2:
            loop.drain()
    asked = [text for kind, text in said if kind == "asked"]
    assert asked == ["3 from sobol", "1 from sobol"]
    assert [kind for kind, _ in said].count("waiting") == 2
    assert said[-1][0] == "stopped"


def test_a_batch_ends_with_its_stage_and_with_the_budget(started: Any) -> None:
    stages = [{"use": "sobol", "evaluations": 3}, {"use": "random"}]
    campaign, _, _ = started(0, optimizers=stages, budget={"evaluations": 5, "batch": 4}, executor={"workers": 1})
    events = list(session(campaign, Desk([None] * 5)).events())
    assert [event.text for event in events if event.kind == "asked"] == ["3 from sobol", "2 from random"]


def test_a_failure_of_our_own_is_written_before_it_is_raised(started: Any) -> None:
    campaign, _, _ = started(0)

    class Wrong(Constant):
        def ask(self, space: Any, history: Any, n: int, rng: Any) -> Any:
            raise RuntimeError("no idea")

    campaign.problem = replace(campaign.problem, stages=(Stage("wrong", Wrong(), None),))
    with pytest.raises(RuntimeError, match="no idea"):
        list(session(campaign, Desk()).events())
    assert (campaign.ledger.state, campaign.ledger.reason) == ("failed", "RuntimeError: no idea")
