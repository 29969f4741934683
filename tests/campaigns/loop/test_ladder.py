import json
import math
from dataclasses import replace

import numpy as np
import pytest

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.rungs import costs
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop.gates import chances, ordered
from eutectic.campaigns.loop.ladder_history import climbing, prices
from eutectic.campaigns.loop.rung_relation import Quantity, carried
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.definition import Stage
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.optimizers.base import Proposals, Reason
from tests.campaigns.ladders import BOTH, asked, climb, rung
from tests.campaigns.trial_campaigns import proposals


def run(path, folder):
    with Campaign.from_yaml(path, folder) as campaign:
        kinds = [event.kind for event in campaign.events()]
        return kinds, campaign.ledger, campaign.problem


@pytest.fixture(scope="module")
def gated(tmp_path_factory):
    """A whole campaign of two rungs under gates: its folder, ledger and problem."""
    folder = tmp_path_factory.mktemp("gated")
    _, ledger, problem = run(climb(folder, budget={"evaluations": 16, "batch": 4}), folder / "run")
    return folder, ledger, problem


def test_a_gate_lets_the_best_fraction_pass_and_the_others_end_on_their_rung(gated):
    folder, ledger, _ = gated
    assert ledger.state == "done"
    assert asked(folder, "low") == 16
    up = [o for o in ledger.outcomes if o.rung == 1]
    assert asked(folder, "high") == len(up)
    assert 4 <= len(up) <= 9
    for outcome in ledger.outcomes:
        assert outcome.status == "finished"
        assert len(outcome.gates) == 1
        assert outcome.gates[0].passed == (outcome.rung == 1)
    held = next(o for o in ledger.outcomes if o.rung == 0)
    assert held.error.startswith("finished at rung 1 of 2 ('low'): rank ")
    assert "go on (probability " in held.gates[0].reason


def test_only_values_of_the_top_rung_count(gated):
    _, ledger, problem = gated
    for outcome in ledger.outcomes:
        if outcome.rung == 0:
            assert all(map(math.isnan, outcome.losses))
            assert not outcome.feasible
            assert outcome.provisional == ("a", "b")
            assert outcome.values == outcome.evaluations[0].values
        else:
            x, y = outcome.x
            assert outcome.losses == pytest.approx([(x - 0.3) ** 2 + y, (y - 0.7) ** 2 + x])
            assert outcome.errors == {}, "the standard error of a lower rung says nothing of the higher one's value"
            assert [e.fidelity for e in outcome.evaluations] == [0.0, 1.0]
            assert outcome.evaluations[0].values["a"] == pytest.approx(0.8 * outcome.values["a"] + 0.3)
    assert {o.rung for o in front(ledger)} == {1}
    plain = history_of(ledger, problem.space)
    assert len(plain.X) == 16
    assert plain.finished.sum() == sum(o.rung for o in ledger.outcomes)
    assert not plain.failed.any()


def test_a_history_that_climbs_has_a_row_a_rung(gated):
    _, ledger, problem = gated
    history = climbing(problem, ledger, history_of(ledger, problem.space))
    up = sum(o.rung for o in ledger.outcomes)
    assert (history.fidelity == 0).sum() == 16
    assert (history.fidelity == 1).sum() == up
    assert np.isfinite(history.Y).all()
    low = history.Y[history.fidelity == 0]
    assert low[0] == pytest.approx([ledger.outcomes[0].evaluations[0].values[name] for name in BOTH])
    assert (history.noise[history.fidelity == 0, 0] == 0.01).all()
    assert len(history.prices) == 2
    assert min(history.prices) > 0


def test_three_rungs_are_climbed_one_after_the_other(tmp_path):
    path = climb(tmp_path, ("low", "middle", "high"), fidelity={"policy": "gates", "keep": 0.5})
    _, ledger, _ = run(path, tmp_path / "run")
    counts = [asked(tmp_path, name) for name in ("low", "middle", "high")]
    assert counts[0] == 8 > counts[1] > counts[2] > 0
    assert [sum(o.rung >= k for o in ledger.outcomes) for k in range(3)] == counts
    assert next(o for o in ledger.outcomes if o.rung == 1).error.startswith("finished at rung 2 of 3 ('middle')")


def test_a_campaign_on_a_ladder_goes_on_as_if_it_never_was_stopped(tmp_path, gated):
    _, straight, _ = gated
    path = climb(tmp_path, budget={"evaluations": 16, "batch": 4})
    Campaign.from_yaml(path, tmp_path / "run").close()
    for events in (3, 2, 9, 1, 5, 6, 99):
        with Campaign.open(tmp_path / "run") as campaign:
            stream = campaign.events()
            for _ in zip(range(events), stream, strict=False):
                pass
            stream.close()
    ledger = read_ledger(tmp_path / "run")
    assert ledger.state == "done"
    assert proposals(ledger) == proposals(straight)
    assert [o.gates for o in ledger.outcomes] == [o.gates for o in straight.outcomes]
    assert [r.hypervolume for r in ledger.rounds] == [r.hypervolume for r in straight.rounds]


def test_two_workers_climb_without_a_deadlock(tmp_path):
    path = climb(tmp_path, ("low", "middle", "high"), executor={"workers": 2}, budget={"evaluations": 9, "batch": 3})
    kinds, ledger, _ = run(path, tmp_path / "run")
    assert kinds[-1] == "done"
    assert all(o.status == "finished" for o in ledger.outcomes)
    assert len(ledger.rounds) == 3


def test_spot_checks_send_a_share_of_those_held_back_up(tmp_path):
    path = climb(tmp_path, fidelity={"policy": "gates", "keep": 0.25, "spot_check": 1.0})
    _, ledger, _ = run(path, tmp_path / "run")
    assert all(o.rung == 1 for o in ledger.outcomes)
    assert sum("spot check" in o.gates[0].reason for o in ledger.outcomes) >= 4


def test_what_is_out_of_a_rungs_domain_goes_up(tmp_path, monkeypatch):
    from eutectic.oracles.user.python import Python

    told = Python.evaluate

    def doubtful(self, candidates, rng):
        mark = {"out_of_domain": "far from the training set"} if self.function == "rungs:low" else {}
        return [replace(e, provenance={**e.provenance, **mark}) for e in told(self, candidates, rng)]

    monkeypatch.setattr(Python, "inline", True, raising=False)
    monkeypatch.setattr(Python, "evaluate", doubtful)
    _, ledger, _ = run(climb(tmp_path), tmp_path / "run")
    assert all(o.rung == 1 for o in ledger.outcomes)
    assert any(o.gates[0].reason.startswith("out of the domain of rung 1") for o in ledger.outcomes)


def test_a_failure_on_a_high_rung_leaves_what_the_low_one_said(tmp_path):
    oracles = [rung("low"), rung("high", "fragile")]
    path = climb(tmp_path, oracles=oracles, fidelity={"policy": "gates", "keep": 1.0})
    _, ledger, problem = run(path, tmp_path / "run")
    lost = [o for o in ledger.outcomes if o.status == "failed"]
    assert lost
    assert all(o.x[0] >= 0.5 and o.rung == 1 for o in lost)
    history = climbing(problem, ledger, history_of(ledger, problem.space))
    assert history.failed.sum() == len(lost)
    assert set(history.fidelity[history.failed]) == {1.0}
    assert (history.fidelity == 0).sum() == 8


def test_oracles_off_the_ladder_are_asked_once_and_those_that_follow_on_every_rung(tmp_path, monkeypatch):
    from eutectic.oracles.user.python import Python

    monkeypatch.setattr(
        Python, "needs", property(lambda self: ("a",) if self.function.endswith("sum") else ()), raising=False
    )
    oracles = [
        {"name": "price", "use": "python", "function": "rungs:price", "properties": ["c"]},
        rung("low"),
        {"name": "sum", "use": "python", "function": "rungs:sum", "properties": ["d"]},
        rung("high"),
    ]
    goals = {"a": "minimize", "b": "minimize", "c": "minimize", "d": "minimize"}
    path = climb(tmp_path, oracles=oracles, objectives=goals)
    with (tmp_path / "rungs.py").open("a") as file:
        file.write("\ndef sum(v, known):\n    count('sum')\n    return {'d': known['a'] + 1}\n")
    _, ledger, problem = run(path, tmp_path / "run")
    assert problem.ladder.rungs == (1, 3)
    assert problem.ladder.followers == (2,)
    up = asked(tmp_path, "high")
    assert (asked(tmp_path, "price"), asked(tmp_path, "sum")) == (8, 8 + up)
    for outcome in ledger.outcomes:
        assert outcome.values["d"] == pytest.approx(outcome.values["a"] + 1)
        assert math.isfinite(outcome.losses[2])
        assert math.isfinite(outcome.losses[3]) == (outcome.rung == 1)


def test_what_a_person_tells_counts_at_the_top(tmp_path):
    with Campaign.from_yaml(climb(tmp_path), tmp_path / "run") as campaign:
        first = campaign.ask(2)[0]
        told = campaign.tell(first.id, {"a": 0.1, "b": 0.2})
        assert told.status == "finished"
        assert told.losses == (0.1, 0.2)
        assert told.provisional == ()
        list(campaign.events())
        assert campaign.ledger.outcomes[0].values == {"a": 0.1, "b": 0.2}


def test_costs_are_stated_or_measured_or_guessed_from_below(gated):
    _, ledger, problem = gated
    assert len(prices(problem, ledger.outcomes)) == 2
    assert prices(problem, ()) == (1.0, 10.0)
    stated = [replace(n, cost=c) for n, c in zip(problem.oracles, (0.1, 3.0), strict=True)]
    assert prices(replace(problem, oracles=tuple(stated)), ledger.outcomes) == (0.1, 3.0)


def test_a_line_between_rungs_is_learned_from_those_known_on_both():
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1, 12)
    y = np.full(12, np.nan)
    before = carried(np.tile(x, (2000, 1)), y, 2000, rng)
    assert before.mean(0) == pytest.approx(x, abs=0.05)
    y[:10] = 3 - 2 * x[:10]
    after = carried(np.tile(x, (2000, 1)), y, 2000, rng)
    assert after.mean(0)[10:] == pytest.approx(3 - 2 * x[10:], abs=0.2)
    assert after.std(0)[11] < before.std(0)[11]


def test_a_rung_that_disagrees_turns_the_order_round(gated):
    _, ledger, problem = gated
    quantity = Quantity("a", problem.spec.goals[0], None, laddered=True)

    def say(outcome, low, high):
        first = replace(outcome.evaluations[0], values={"a": low}, errors={})
        more = [replace(first, fidelity=1.0, values={"a": high})] if high is not None else []
        return replace(outcome, evaluations=(first, *more))

    both = [say(o, k, 20 - k) for k, o in enumerate(ledger.outcomes[:10])]
    new = [say(ledger.outcomes[10], -1, None), say(ledger.outcomes[11], 11, None)]
    chance = chances([quantity], [*both, *new], 0, 1, 2, [1])
    assert chance[11] > 0.5 > chance[10]


def test_the_order_is_by_violation_then_front_then_crowding():
    loss = np.array([[0.0, 3.0], [1.0, 1.0], [3.0, 0.0], [2.0, 2.0], [0.0, 0.0]])
    assert list(ordered(loss, np.array([0.0, 0, 0, 0, 1]))) == [0, 2, 1, 3, 4]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"fidelity": None},
            "'low' and 'high' both return 'a'; let only one do so, or say `fidelity: {policy: gates}`",
        ),
        ({"oracles": [rung("low", cost=-1), rung("high")]}, "oracles.0.cost: must be > 0, not -1"),
        ({"oracles": [rung("low", cost=5), rung("high", cost=2)]}, "'low' before it costs 5, this 2"),
        (
            {"oracles": [rung("low"), rung("high") | {"properties": ["a"]}]},
            "the top rung does not return 'b', which 'low' returns",
        ),
        (
            {"oracles": [rung("low") | {"properties": ["a"]}, rung("high") | {"properties": ["b"]}]},
            "no two oracles return the same wanted property: 'low' a; 'high' b",
        ),
        (
            {"oracles": [rung("low") | {"properties": None}, rung("high")]},
            "'low' (only asking can tell: list them in its `properties`); 'high' a, b",
        ),
        (
            {"oracles": [rung("low"), rung("high", search=False)]},
            "nobody would ask 'high': `validate` does not name it",
        ),
        ({"validate": {"oracle": "hihg"}}, "unknown oracle 'hihg'; did you mean 'high'?"),
        ({"fidelity": {"policy": "gates", "keep": 0}}, "fidelity.keep: must be > 0"),
        ({"validate": {"oracle": "high", "options": {"cost": 3}}}, "`cost` is said in `oracles`"),
    ],
)
def test_ladders_that_cannot_be_climbed_are_refused(tmp_path, changes, says):
    path = climb(tmp_path, **changes)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
    with pytest.raises(CampaignFileError) as caught:
        Campaign.from_yaml(path, tmp_path / "run")
    assert says in str(caught.value)


def test_the_report_says_what_each_rung_cost_how_rungs_agree_and_why_who_went_up(gated):
    from eutectic.campaigns.analysis.parity import Parities
    from eutectic.campaigns.analysis.rungs import agreements
    from eutectic.campaigns.report.page import page

    _, ledger, _ = gated
    low, high = costs(ledger)
    up = sum(o.rung for o in ledger.outcomes)
    assert (low.oracle, low.asked, high.oracle, high.asked) == ("low", 16, "high", up)
    a, b = agreements(ledger)
    assert (a.property, a.n, b.property, b.n) == ("a", up, "b", up)
    assert a.correlation == pytest.approx(1)
    gaps = [o.values["b"] - o.evaluations[0].values["b"] for o in ledger.outcomes if o.rung]
    assert b.bias == pytest.approx(np.mean(gaps))
    text = page(ledger, Parities())
    assert 'id="ladder"' in text
    assert "low → high" in text
    assert "held back" in text
    assert "promoted" in text
    assert "the best 1 go on" in text


def test_a_search_that_never_comes_back_to_the_top_rung_is_warned_of(gated):
    from eutectic.campaigns.analysis.parity import Parities
    from eutectic.campaigns.analysis.rungs import unclimbed
    from eutectic.campaigns.report.page import page

    _, ledger, _ = gated
    assert unclimbed(ledger) == ""
    low = [replace(o, provisional=("a", "b")) if o.number > 8 else o for o in ledger.outcomes]
    late = replace(ledger, outcomes=tuple(low))
    assert "of 16 evaluations none of the last 8 was on the top rung" in unclimbed(late)
    assert "none of the last 8 was on the top rung" in page(late, Parities())
    assert "top rung, whose" not in page(ledger, Parities())


class Lowly:
    """Asks for random points, all on the lowest rung."""

    sees_rungs = True

    def propose(self, space, history, n, rng):
        X = rng.uniform(space.lower, space.upper, (n, space.d))
        return Proposals(X, tuple(Reason("lowly") for _ in X), rungs=np.zeros(n, dtype=np.int64))


def test_a_run_that_never_asked_the_top_rung_ends_with_the_warning(tmp_path):
    path = climb(tmp_path, fidelity={"policy": "multifidelity"}, budget={"evaluations": 8, "batch": 4})
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        campaign.problem = replace(campaign.problem, stages=(Stage("lowly", Lowly(), None),))
        notes = [event.text for event in campaign.events() if event.kind == "note"]
        ledger = campaign.ledger
    assert asked(tmp_path, "high") == 0
    assert any("of 8 evaluations none of them was on the top rung" in note for note in notes)
    assert [(c.oracle, c.asked) for c in costs(ledger)] == [("low", 8)]


def test_the_table_has_a_row_a_rung(gated):
    from eutectic.campaigns.analysis.table import table

    _, ledger, _ = gated
    names, rows = table(ledger)
    up = sum(o.rung for o in ledger.outcomes)
    assert len(rows) == 16 + up
    assert sorted({row[names.index("fidelity")] for row in rows}) == [0.0, 1.0]


@pytest.mark.parametrize("laddered", [True, False])
def test_an_optimizer_of_ladders_is_proposed_only_where_there_is_one(tmp_path, laddered):
    path = climb(tmp_path, optimizers=[{"use": "evolution"}])
    if not laddered:
        content = json.loads(path.read_text())
        del content["fidelity"], content["oracles"][1]
        path.write_text(json.dumps(content))
    with pytest.raises(CampaignFileError, match="'evolution' cannot serve this") as caught:
        build(CampaignSpec.from_file(path), tmp_path)
    able = str(caught.value).partition("those that can: ")[2].split(", ")
    assert "bayesian" in able
    assert ("multifidelity" in able) == laddered


def test_the_status_says_what_each_rung_was_asked_and_took(gated):
    from eutectic.campaigns.analysis.status import status_json, status_lines

    _, ledger, _ = gated
    oracles = tuple(o.model_copy(update={"cost": 5.0}) if o.called == "high" else o for o in ledger.spec.oracles)
    ledger = replace(ledger, spec=ledger.spec.model_copy(update={"oracles": oracles}))
    up = sum(o.rung for o in ledger.outcomes)
    text = "\n".join(status_lines(ledger, 0.0))
    assert "cost         rung 1 'low' 16 evaluations, " in text
    assert f"cost         rung 2 'high' {up} evaluations, " in text
    assert f", cost {5 * up}" in text
    low, high = status_json(ledger, 0.0)["rungs"]
    assert (low["rung"], low["oracle"], low["evaluations"]) == (1, "low", 16)
    assert (high["evaluations"], high["cost"]) == (up, 5.0 * up)
