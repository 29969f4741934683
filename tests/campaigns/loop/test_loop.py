import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.problem.definition import Stage
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.oracles.base import EngineMissing
from tests.campaigns.trial_campaigns import MOODS, calls, proposals, write

MOOD = {"use": "parameters", "variables": {"mood": {"low": 0, "high": MOODS - 1, "integer": True}}}


def run(path, folder):
    with Campaign.from_yaml(path, folder) as campaign:
        kinds = [event.kind for event in campaign.events()]
        return kinds, campaign.ledger, campaign.problem


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """An uninterrupted run of the trial: its folder."""
    folder = tmp_path_factory.mktemp("straight")
    run(write(folder), folder / "run")
    return folder / "run"


def test_a_campaign_runs_from_a_file_to_a_front(tmp_path):
    kinds, ledger, _ = run(write(tmp_path), tmp_path / "run")
    assert kinds == [*["asked", *["started", "finished"] * 4, "round"] * 2, "done"]
    assert ledger.state == "done"
    assert [o.number for o in ledger.finished] == list(range(1, 9))
    assert all(o.feasible and o.cost_s > 0 and o.attempts == 1 for o in ledger.outcomes)
    assert [o.neighbour is None for o in ledger.outcomes] == [True] * 4 + [False] * 4
    assert all(o.reason.proposer == o.origin == "sobol" for o in ledger.outcomes)
    assert calls(tmp_path) == 8
    assert 0 < ledger.overhead_s < 10
    again = read_ledger(tmp_path / "run")
    assert proposals(again) == proposals(ledger)
    assert again.rounds == ledger.rounds


def test_the_reference_is_chosen_once_and_gives_earlier_rounds_their_hypervolume(straight):
    ledger = read_ledger(straight)
    assert ledger.reference is not None
    volumes = [r.hypervolume for r in ledger.rounds]
    assert volumes == sorted(volumes)
    assert volumes[0] > 0


def test_a_given_reference_is_kept_in_losses(tmp_path):
    goals = {"a": {"goal": "maximize", "reference": -2}, "b": {"goal": "minimize", "reference": 3}}
    _, ledger, _ = run(write(tmp_path, objectives=goals), tmp_path / "run")
    assert ledger.reference == (2.0, 3.0)
    assert all(r.hypervolume is not None for r in ledger.rounds)


def test_every_misbehaviour_costs_its_own_evaluation_only(tmp_path):
    path = write(
        tmp_path,
        space=MOOD,
        objectives={"a": {"goal": "minimize", "valid": {"max": 100}}},
        oracles=[{"use": "python", "function": "trial:moody"}],
        budget={"evaluations": 50, "batch": 5},
        executor={"workers": 2, "timeout_s": 3, "retries": 1},
    )
    kinds, ledger, problem = run(path, tmp_path / "run")
    by_mood = {int(o.variables["mood"]): o for o in ledger.outcomes}
    ended = {mood: (o.status, o.failure) for mood, o in sorted(by_mood.items())}
    good, bad = ("finished", ""), ("failed", "error")
    insane, crash = ("refused", "unphysical"), ("failed", "crash")
    expected = [
        good,
        bad,
        insane,
        insane,
        bad,
        bad,
        good,
        good,
        ("failed", "timeout"),
        crash,
        crash,
        bad,
        crash,
        insane,
    ]
    assert ended == dict(enumerate(expected))
    assert (ledger.state, kinds[-1], kinds.count("retry")) == ("done", "done", 3)
    assert "ZeroDivisionError" in by_mood[1].error
    assert by_mood[2].error == "a is nan, not a finite number"
    assert by_mood[13].error == "a is 1e+06, outside its valid window -inf to 100"
    assert math.isinf(by_mood[3].values["a"])
    assert by_mood[9].attempts == 2
    history = history_of(ledger, problem.space)
    assert history.failed.sum() == 11
    assert np.isnan(history.Y[history.failed]).all()
    assert [o.number for o in ledger.outcomes if o.feasible] == sorted(by_mood[m].number for m in (0, 6, 7))


def test_a_run_that_is_stopped_anywhere_goes_on_as_if_it_never_was(tmp_path, straight):
    path = write(tmp_path)
    Campaign.from_yaml(path, tmp_path / "run").close()
    for events in (1, 2, 5, 6, 7, 99):
        with Campaign.open(tmp_path / "run") as campaign:
            stream = campaign.events()
            for _ in zip(range(events), stream, strict=False):
                pass
            stream.close()
    ledger = read_ledger(tmp_path / "run")
    assert ledger.state == "done"
    assert proposals(ledger) == proposals(read_ledger(straight))
    assert [r.hypervolume for r in ledger.rounds] == [r.hypervolume for r in read_ledger(straight).rounds]


def test_a_second_process_is_refused_while_one_runs(tmp_path):
    with Campaign.from_yaml(write(tmp_path), tmp_path / "run") as first, Campaign.open(tmp_path / "run") as second:
        next(stream := first.events())
        with pytest.raises(RuntimeError, match="in use by process"):
            next(second.events())
        with pytest.raises(RuntimeError, match="in use by process"):
            second.ask(1)
        stream.close()
        assert next(second.events()).kind == "started"


def test_two_workers_ask_with_what_runs_as_pending(tmp_path):
    path = write(
        tmp_path,
        oracles=[{"use": "python", "function": "trial:slow"}],
        budget={"evaluations": 6, "batch": 3},
        executor={"workers": 2},
    )
    running, most, asked_with = set(), 0, []
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        for event in campaign.events():
            if event.kind == "asked":
                asked_with.append(len(running))
            elif event.kind == "started":
                running.add(event.number)
            elif event.kind == "finished":
                running.discard(event.number)
            most = max(most, len(running))
    assert most == 2
    assert asked_with == [0, 1]


@dataclass(frozen=True)
class Constant:
    """Always asks for the same point."""

    def ask(self, space, history, n, rng):
        return np.full((n, space.d), 0.5)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_evaluation_is_never_paid_for_twice(tmp_path, workers):
    path = write(
        tmp_path,
        objectives={"a": "minimize"},
        oracles=[{"use": "python", "function": "trial:noisy"}],
        executor={"workers": workers},
    )
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        campaign.problem = replace(campaign.problem, stages=(Stage("constant", Constant(), None),))
        list(campaign.events())
        outcomes = campaign.ledger.outcomes
    assert calls(tmp_path) == 1
    assert len({o.values["a"] for o in outcomes}) == 1
    assert [o.cost_s > 0 for o in outcomes] == [True] + [False] * 7


def test_an_evaluations_seed_does_not_depend_on_what_came_before(tmp_path):
    path = write(tmp_path, objectives={"a": "minimize"}, oracles=[{"use": "python", "function": "trial:noisy"}])
    _, one, _ = run(path, tmp_path / "one")
    _, other, _ = run(path, tmp_path / "other")
    assert proposals(one) == proposals(other)
    assert one.outcomes[0].errors == {"a": 1.0}


def test_later_oracles_know_what_earlier_ones_returned(tmp_path):
    oracles = [
        {"name": "first", "use": "python", "function": "trial:noisy", "properties": ["a"]},
        {"name": "second", "use": "python", "function": "trial:sum_of", "properties": ["b"]},
    ]
    _, ledger, _ = run(write(tmp_path, oracles=oracles), tmp_path / "run")
    assert all(o.values["b"] == o.values["a"] + 1 for o in ledger.finished)
    assert [e.oracle for e in ledger.outcomes[0].evaluations] == ["first", "second"]


def test_what_a_cheap_oracle_rules_out_does_not_reach_an_expensive_one(tmp_path):
    (tmp_path / "table.csv").write_text("mood,price\n" + "".join(f"{k},{k}\n" for k in range(MOODS)))
    path = write(
        tmp_path,
        space=MOOD,
        objectives={"a": "minimize"},
        constraints={"price": {"max": 0.5}},
        oracles=[
            {"use": "table", "file": "table.csv", "properties": ["price"]},
            {"use": "python", "function": "trial:moody", "properties": ["a"]},
        ],
        budget={"evaluations": 50},
    )
    kinds, ledger, _ = run(path, tmp_path / "run")
    assert kinds.count("started") == 1
    out = [o for o in ledger.outcomes if o.variables["mood"] != 0]
    assert {(o.status, o.feasible) for o in out} == {("finished", False)}
    assert all("screened out: price" in o.error and math.isnan(o.losses[0]) and o.excess[0] > 0 for o in out)
    assert [o.values["a"] for o in ledger.outcomes if o.feasible] == [1.0]


def test_a_worker_that_dies_costs_nothing_but_time(tmp_path):
    path = write(tmp_path, oracles=[{"use": "python", "function": "trial:kill_worker_once"}])
    kinds, ledger, _ = run(path, tmp_path / "run")
    assert kinds.count("retry") == 1
    assert len(ledger.finished) == 8


def test_a_missing_engine_stops_the_campaign_and_it_can_be_resumed(tmp_path):
    path = write(tmp_path)
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        good = (tmp_path / "trial.py").read_text()
        (tmp_path / "trial.py").write_text("import no_such_module_anywhere")
        with pytest.raises(EngineMissing, match="pip install no_such_module_anywhere"):
            list(campaign.events())
        assert campaign.ledger.state == "failed"
    (tmp_path / "trial.py").write_text(good)
    with Campaign.open(tmp_path / "run") as campaign:
        list(campaign.events())
        assert (campaign.ledger.state, len(campaign.ledger.finished)) == ("done", 8)


@pytest.mark.parametrize(
    ("budget", "evaluations", "reason"),
    [
        ({"evaluations": 5, "batch": 4}, 5, "budget of evaluations"),
        ({"cost": 3, "batch": 2}, 3, "budget of cost 3"),
        ({"hours": 1e-9, "batch": 2}, 0, "hours is used up"),
        ({"evaluations": 50, "stall": 1, "batch": 1}, 2, "1 rounds without gain"),
    ],
)
def test_stop_rules_stop(tmp_path, budget, evaluations, reason):
    goals = {"a": {"goal": "minimize", "reference": 9}}
    path = write(
        tmp_path,
        objectives=goals,
        oracles=[{"use": "python", "function": "trial:moody", "cost": 1}],
        space={"use": "parameters", "variables": {"mood": {"low": 0, "high": 0.5}}},
        budget=budget,
    )
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        last = list(campaign.events())[-1]
        assert (last.kind, reason in last.text) == ("done", True), last
        assert len(campaign.ledger.finished) == evaluations


def test_a_space_that_is_used_up_ends_the_campaign(tmp_path):
    oracles = [{"use": "table", "file": "t.csv", "properties": ["a"]}]
    budget = {"evaluations": 99, "batch": 4}
    path = write(tmp_path, space=MOOD, objectives={"a": "minimize"}, oracles=oracles, budget=budget)
    (tmp_path / "t.csv").write_text("mood,a\n" + "".join(f"{k},{k}\n" for k in range(MOODS)))
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        last = list(campaign.events())[-1]
        assert (last.kind, last.text) == ("done", "the space is used up")
        assert sorted(o.values["a"] for o in campaign.ledger.finished) == list(range(MOODS))


def test_draining_finishes_what_runs_and_starts_nothing_more(tmp_path):
    path = write(tmp_path, oracles=[{"use": "python", "function": "trial:slow"}], executor={"workers": 2})
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        kinds = []
        for event in campaign.events():
            kinds.append(event.kind)
            if kinds.count("started") == 2:
                campaign.drain()
        assert kinds == ["asked", "started", "started", "finished", "finished", "stopped"]
        assert campaign.ledger.state == "stopped"
        assert [o.status for o in campaign.ledger.outcomes] == ["finished"] * 2 + ["proposed"] * 2


def test_a_property_that_nobody_returns_ends_the_campaign_before_its_budget(tmp_path):
    path = write(tmp_path, constraints={"aa": {"max": 1}}, budget={"evaluations": 40, "batch": 2})
    with (
        Campaign.from_yaml(path, tmp_path / "run") as campaign,
        pytest.raises(CampaignFileError, match=r"constraints\.aa: no oracle returned it in 5 .* 'a'\? returned: a, b"),
    ):
        list(campaign.rounds())
    ledger = read_ledger(tmp_path / "run")
    assert ledger.state == "failed"
    assert len(ledger.outcomes) < 8
    with Campaign.open(tmp_path / "run") as campaign:  # whoever resumes knows better
        list(campaign.rounds())
        assert len(campaign.ledger.outcomes) == 40
