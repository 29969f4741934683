"""What is told of one sample in parts: a refusal put right, a context, results added, failures undone."""

import threading

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.record.ledger import read_ledger
from tests.campaigns.hand.test_asking import begun
from tests.campaigns.hand.test_sheet import campaign as command
from tests.campaigns.loop.test_shared_and_given import begin as with_context


def test_a_refused_sample_that_was_told_in_part_is_open_again_when_it_is_put_right(tmp_path):
    home, physical = tmp_path / "run", {"a": {"goal": "minimize", "reference": 2.0, "valid": {"min": 0}}}
    with begun(tmp_path, objectives={**physical, "b": {"goal": "minimize", "reference": 2.0}}) as campaign:
        campaign.ask(2)
        assert campaign.tell(1, {"a": -5.0}).status == "refused"
    assert command("tell", home, "--id", "1", "--correct", "a=5").strip().endswith("; not known yet: b")
    with Campaign.open(home) as campaign:
        alone, outcome = campaign.find(1), campaign.ledger.outcomes[0]
        assert alone == outcome
        assert (outcome.status, outcome.error, outcome.finished_at) == ("proposed", "", None)
        assert [o.number for o in campaign.waiting()] == [1, 2]
        assert campaign.tell(1, {"b": 1.0}).status == "finished"
        assert campaign.ledger.outcomes[0].losses == (5.0, 1.0)


def test_a_run_waits_again_for_what_a_correction_has_opened(tmp_path):
    goal = {"goal": "minimize", "reference": 2.0}
    with begun(
        tmp_path, objectives={"a": {**goal, "valid": {"min": 0}}, "b": goal}, budget={"evaluations": 2, "batch": 2}
    ) as campaign:

        def say(verb, number, values):
            with Campaign.open(tmp_path / "run") as other:
                getattr(other, verb)(number, values)

        seen = []
        for event in campaign.events():
            seen.append((event.kind, event.number))
            if event.kind == "waiting":
                say("tell", 1, {"a": -5.0})
            elif seen[-1] == ("failed", 1):
                say("correct", 1, {"a": 5.0})
            elif seen[-1] == ("note", 1):
                say("tell", 2, {"a": 1.0, "b": 1.0})
            elif seen[-1] == ("finished", 2):
                threading.Timer(0.6, say, ("tell", 1, {"b": 1.0})).start()
        assert ("finished", 1) in seen


def test_what_was_measured_in_another_context_is_another_sample_also_without_repeat(tmp_path):
    with with_context(tmp_path) as campaign:
        (made,) = campaign.ask(1)
        campaign.tell(made.id, {"hardness": 3.0, "humidity": 41.0})
        for values in ({"cost": 1.0}, {"hardness": 3.0}):
            with pytest.raises(CampaignFileError, match=r"humidity is 42.* was 41.*another sample: --add"):
                campaign.tell(made.id, {**values, "humidity": 42.0})
        assert campaign.ledger.outcomes[0].variables["humidity"] == 41
        assert campaign.tell(made.id, {"cost": 1.0, "humidity": 41.0}).status == "finished"


def test_a_sample_that_failed_and_was_made_again_may_have_another_context(tmp_path):
    with with_context(tmp_path) as campaign:
        (made,) = campaign.ask(1)
        campaign.tell(made.id, {"hardness": 3.0, "humidity": 41.0})
        campaign.fail(made.id, "cracked")
        with pytest.raises(CampaignFileError, match="another sample"):
            campaign.tell(made.id, {"cost": 1.0, "humidity": 42.0})
        after = campaign.tell(made.id, {"hardness": 4.0, "cost": 1.0, "humidity": 42.0})
        assert (after.status, after.variables["humidity"]) == ("finished", 42)


def test_a_result_added_in_part_says_what_is_missing_and_is_completed_without_repeat(tmp_path):
    home, point = tmp_path / "run", ("x=0.5", "y=0.25")
    begun(tmp_path).close()
    assert command("tell", home, "--add", *point, "a=1").strip().endswith("; not known yet: b")
    assert "not known" not in command("tell", home, "--add", *point, "b=0.5")
    assert "has ended (finished)" in command("tell", home, "--add", *point, "b=0.75")
    (outcome,) = read_ledger(home).outcomes
    assert (outcome.values, outcome.losses, outcome.feasible) == ({"a": 1.0, "b": 0.5}, (1.0, 0.5), True)
    assert len(outcome.measurements) == 1


def test_what_is_learned_last_of_a_sample_counts_while_something_else_is_still_missing(tmp_path):
    goal = {"goal": "minimize", "reference": 2.0}
    person = [{"use": "person", "properties": ["a", "b", "c"]}]
    with begun(tmp_path, oracles=person, objectives={"a": goal, "b": goal, "c": goal}) as campaign:
        campaign.add({"x": 0.5, "y": 0.5}, {"a": 1.0})
        campaign.add({"x": 0.5, "y": 0.5}, {"b": 0.5})
        assert campaign.ledger.outcomes[0].losses[:2] == (1.0, 0.5)


def test_of_a_row_that_repeats_what_is_known_only_the_new_objective_is_told(tmp_path):
    home, person = tmp_path / "run", [{"use": "person", "properties": ["a", "b", "c"]}]
    with begun(tmp_path, oracles=person) as campaign:
        first, second, _ = campaign.ask(3)
        campaign.tell(first.id, {"a": 1.0, "b": 1.0}, {"a": 0.1})
        campaign.tell(first.id, {"a": 2.0}, repeat=True)
        campaign.tell(second.id, {"a": 1.0, "b": 2.0})
    with Campaign.open(home) as campaign:
        campaign.change(["objectives.c.goal=minimize"], given={})
        told = campaign.tell(first.id, {"a": 1.5, "b": 1.0, "c": 3.0}, key="k")
        assert [dict(m.values) for m in told.measurements] == [{"a": 1.0, "b": 1.0}, {"a": 2.0, "c": 3.0}]
        assert campaign.tell(first.id, {"a": 1.5, "b": 1.0, "c": 3.0}, key="k") == told
    form = tmp_path / "sheet.csv"
    form.write_text("number,a,b,c\n1,1.5,1,3\n2,1,2,4\n3,1,,\n2,9,2,4\n")
    said = command("tell", home, "--csv", form)
    assert "sheet.csv:5: " in said
    assert "; the 2 rows told before it stay told" in said
    second = read_ledger(home).outcomes[1]
    assert (second.values, len(second.measurements)) == ({"a": 1.0, "b": 2.0, "c": 4.0}, 1)


def test_a_failure_that_is_undone_is_named_by_id_and_in_a_sheet(tmp_path):
    home, form = tmp_path / "run", tmp_path / "sheet.csv"
    with begun(tmp_path) as campaign:
        campaign.ask(2)
        campaign.fail(1, "cracked")
        campaign.fail(2, "melted")
    said = command("tell", home, "--id", "1", "a=1", "b=1")
    assert said.strip().endswith("; #1 had failed (cracked); it is finished now")
    form.write_text("number,a,b\n2,1,1\n")
    assert "; #2 had failed (melted); it is finished now" in command("tell", home, "--csv", form)
    assert "failed" not in command("tell", home, "--csv", form)


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (lambda c: c.tell(1, {"a": 1.0}, errors={"a": "0.1"}), "the standard error of a is '0.1', not a number"),
        (lambda c: c.tell(1, {"a": 1.0}, errors={"a": None}), "the standard error of a is None, not a number"),
        (lambda c: c.add({"x": 0.5, "y": 0.5}, {"a": 1.0}, errors={"a": "0.1"}), "the standard error of a is '0.1'"),
        (lambda c: c.add({"x": None, "y": 0.5}, {"a": 1.0}), "x is None, neither a number nor text"),
        (lambda c: c.add({"x": [0.1], "y": 0.5}, {"a": 1.0}), r"x is \[0\.1\], neither"),
        (lambda c: c.tell(1, {"a": True}), "a is True, not a number"),
        (lambda c: c.correct(2, {"a": None}), "a is None, not a number"),
        (lambda c: c.ask("2"), "n is '2', not a whole number"),
        (lambda c: c.ask(2.5), r"n is 2\.5, not a whole number"),
    ],
)
def test_what_is_no_number_is_refused_with_its_name_and_value(tmp_path, say, message):
    with begun(tmp_path) as campaign:
        campaign.ask(2)
        campaign.tell(2, {"a": 1.0})
        last = campaign.logbook.journal.last()
        with pytest.raises(CampaignFileError, match=message):
            say(campaign)
        assert campaign.logbook.journal.last() == last
