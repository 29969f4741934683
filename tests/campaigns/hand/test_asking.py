import json

import pytest
from typer.testing import CliRunner

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.cli import app
from eutectic.campaigns.commands.printing import suggestions
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.hand.sheet import read, sheet
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.telling import suggested, tell_row
from tests.campaigns.trial_campaigns import write

PERSON = [{"use": "person", "properties": ["a", "b"]}]
REFERENCE = {"a": {"goal": "minimize", "reference": 2.0}, "b": {"goal": "minimize", "reference": 2.0}}


def begun(folder, **sections):
    sections = {"oracles": PERSON, "budget": {"evaluations": 10, "batch": 4}, "objectives": REFERENCE, **sections}
    return Campaign.from_yaml(write(folder, **sections), folder / "run")


def measure(campaign, outcome):
    x, y = outcome.x[:2]
    return campaign.tell(outcome.id, {"a": (x - 0.3) ** 2 + y, "b": (y - 0.7) ** 2 + x})


def test_a_campaign_led_by_hand_has_rounds_a_hypervolume_and_an_end(tmp_path):
    with begun(tmp_path) as campaign:
        for _ in range(8):
            for outcome in suggested(campaign, 2)[0]:
                measure(campaign, outcome)
        ledger = campaign.ledger
        more, note = suggested(campaign, 2)
    assert (ledger.state, ledger.reason) == ("done", "the budget of evaluations is used up")
    assert len(ledger.finished) == 10
    assert [r.index for r in ledger.rounds] == [0, 1, 2, 3, 4]
    volumes = [r.hypervolume for r in ledger.rounds]
    assert volumes == sorted(volumes)
    assert volumes[-1] == pytest.approx(ledger.hypervolume)
    assert more == []
    assert note == f"the budget of 10 evaluations is used up; to go on: campaign change {tmp_path / 'run'} " + (
        "--set budget.evaluations=..."
    )
    again = read_ledger(tmp_path / "run")
    assert (again.state, again.rounds, again.reference) == (ledger.state, ledger.rounds, ledger.reference)


def test_the_same_by_hand_and_in_a_run_ends_with_the_same_rounds(tmp_path):
    with begun(tmp_path / "hand") as campaign:
        while outcomes := suggested(campaign, 4)[0]:
            for outcome in outcomes:
                measure(campaign, outcome)
        by_hand = campaign.ledger
    computed = [{"use": "python", "function": "trial:bowls"}]
    with begun(tmp_path / "run", oracles=computed) as campaign:
        list(campaign.rounds())
        by_itself = campaign.ledger
    assert [o.x for o in by_hand.outcomes] == [o.x for o in by_itself.outcomes]
    assert by_hand.reference == by_itself.reference
    assert [r.hypervolume for r in by_hand.rounds] == pytest.approx([r.hypervolume for r in by_itself.rounds])


def test_asking_goes_on_while_others_are_pending(tmp_path):
    with begun(tmp_path) as campaign:
        six, note = suggested(campaign, 6)
        assert (len(six), note) == (6, "")
        measure(campaign, six[3])
        again, _ = suggested(campaign, 6)
        assert [o.number for o in again] == [1, 2, 3, 5, 6, 7]
        assert [len(r.outcomes) for r in campaign.ledger.rounds] == []  # the first round still waits for five
        for outcome in six[:3] + six[4:]:
            measure(campaign, outcome)
        assert [len(r.outcomes) for r in campaign.ledger.rounds] == [6]


def test_suggesting_within_what_is_left_says_why_there_are_fewer(tmp_path):
    with begun(tmp_path) as campaign:
        outcomes, note = suggested(campaign, 12)
        assert len(outcomes) == 10
        assert note.startswith("the budget of 10 evaluations is used up")
        assert campaign.ledger.state == "stopped"


def test_what_an_asking_has_to_say_is_said_where_somebody_asks(tmp_path):
    begun(tmp_path, optimizers=[{"use": "bayesian"}]).close()
    asked = CliRunner().invoke(app, ["suggest", str(tmp_path / "run"), "-n", "2"])
    assert "note: only 0 finished evaluations: sampled uniformly" in asked.stderr
    assert "note" not in CliRunner().invoke(app, ["suggest", str(tmp_path / "run"), "-n", "2"]).stderr


def test_the_tests_of_a_round_that_a_telling_has_ended_are_exported_before_anybody_asks_again(tmp_path):
    with begun(tmp_path, optimizers=[{"use": "sobol", "evaluations": 8}, {"use": "bayesian"}]) as campaign:
        for n in (8, 1):
            for outcome in campaign.ask(n):
                measure(campaign, outcome)
        assert campaign.ledger.rounds[-1].diagnostics == {}  # which telling does not wait for
        told = json.loads(campaign.export("json"))["rounds"][-1]["diagnostics"]
        campaign.ask(1)
        written = campaign.ledger.rounds[-1].diagnostics
    assert set(told) == {"a", "b"}
    assert told["a"] == pytest.approx(written["a"])


def test_stages_hand_over_within_one_asking(tmp_path):
    stages = [{"use": "sobol", "evaluations": 3}, {"use": "random"}]
    with begun(tmp_path, optimizers=stages) as campaign:
        suggested(campaign, 5)
        assert [(b.stage, b.optimizer) for b in campaign.ledger.batches] == [(0, "sobol"), (1, "random")]
        assert [o.round for o in campaign.ledger.outcomes] == [0, 0, 0, 1, 1]


def test_a_stall_ends_a_campaign_led_by_hand(tmp_path):
    with begun(tmp_path, budget={"evaluations": 30, "batch": 1, "stall": 3}) as campaign:
        for _ in range(4):
            for outcome in suggested(campaign, 1)[0]:
                campaign.tell(outcome.id, {"a": 1.0, "b": 1.0})
        assert (campaign.ledger.state, campaign.ledger.reason) == ("done", "3 rounds without gain in hypervolume")
        assert "--set budget.stall=..." in suggested(campaign, 1)[1]


def test_a_space_that_is_used_up_ends_a_campaign_led_by_hand(tmp_path):
    (tmp_path / "pool.csv").write_text("x,y\n0,0\n1,1\n")
    space = {"use": "pool", "file": "pool.csv", "features": ["x", "y"]}
    with begun(tmp_path, space=space) as campaign:
        for outcome in suggested(campaign, 3)[0]:
            campaign.tell(outcome.id, {"a": 1.0, "b": 1.0})
        assert (campaign.ledger.state, campaign.ledger.reason) == ("done", "the space is used up")
        assert suggested(campaign, 3) == ([], "the space is used up: every candidate is known")
        assert (campaign.ledger.state, campaign.ledger.reason) == ("done", "the space is used up")


def test_one_asking_is_one_transaction(tmp_path):
    with begun(tmp_path) as campaign:
        writes = []
        write_down = campaign.logbook.journal.write
        campaign.logbook.journal.write = lambda *drafts: (writes.append([d.kind for d in drafts]), write_down(*drafts))
        for outcome in suggested(campaign, 2)[0]:
            measure(campaign, outcome)
        suggested(campaign, 2)
    assert writes == [["session", "reference", "asked", "state"], ["session", "round", "asked", "state"]]


MODEL = {"name": "model", "use": "python", "function": "trial:bowls", "search": False, "properties": ["a", "b"]}


def validated_by(folder, oracle, **sections):
    """Four measured by hand, the two best of which are to be measured once more."""
    oracles = [*PERSON, MODEL] if oracle == "model" else PERSON
    sections = {"validate": {"oracle": oracle, "top": 2}, "budget": {"evaluations": 4}, "oracles": oracles, **sections}
    campaign = begun(folder, **sections)
    for outcome in suggested(campaign, 4)[0]:
        measure(campaign, outcome)
    return campaign


@pytest.mark.parametrize("oracle", ["person", "model"])
def test_what_is_to_be_validated_is_suggested_told_and_then_the_campaign_is_done(tmp_path, oracle):
    with validated_by(tmp_path, oracle) as campaign:
        used_up = "the budget of evaluations is used up"
        ledger = read_ledger(tmp_path / "run")
        assert (ledger.state, ledger.reason) == ("stopped", f"{used_up}; the best are still to be measured once more")
        outcomes, note = suggested(campaign, 4)
        assert [o.status for o in outcomes] == ["finished", "finished"]
        assert "tell of them with --validation" in note
        assert f"validation of #{outcomes[0].number} ({oracle})" in suggestions(outcomes, campaign.problem.spec, {})
        other = next(o for o in campaign.ledger.outcomes if o not in outcomes)
        with pytest.raises(CampaignFileError, match=rf"is not to be validated; those are: #{outcomes[0].number}, #"):
            campaign.tell_validation(other.id, {"a": 1.0, "b": 1.0})
        with pytest.raises(CampaignFileError, match="b is missing"):
            campaign.tell_validation(outcomes[0].id, {"a": 1.0})
        with pytest.raises(CampaignFileError, match="when it was validated: --validation"):
            campaign.tell(outcomes[0].id, {"a": 1.0, "b": 1.0})
        campaign.tell_validation(outcomes[0].id, {"a": 1.0, "b": 1.0}, by="Eva")
        with pytest.raises(CampaignFileError, match="was validated already"):
            campaign.tell_validation(outcomes[0].id, {"a": 1.0, "b": 1.0})
        assert suggested(campaign, 4)[0] == outcomes[1:]
        campaign.tell_validation(outcomes[1].id, {}, failed="cracked")
        assert suggested(campaign, 4)[0] == []
        ledger = read_ledger(tmp_path / "run")
    assert (ledger.state, ledger.reason) == ("done", used_up)
    after = {o.number: o for o in ledger.outcomes}
    assert [after[o.number].validation.status for o in outcomes] == ["finished", "failed"]
    assert [after[o.number].values for o in outcomes] == [o.values for o in outcomes]
    assert after[outcomes[0].number].validation.provenance["by"] == "Eva"


def test_what_is_to_be_validated_goes_out_and_comes_back_in_a_sheet(tmp_path):
    with validated_by(tmp_path, "person") as campaign:
        outcomes = suggested(campaign, 4)[0]
        (tmp_path / "sheet.csv").write_text(sheet(outcomes, campaign.problem).replace(",,,,", ",1,1,,"))
        rows = read(tmp_path / "sheet.csv", ["x", "y"])
        assert [tell_row(campaign, row) for row in rows] == [True, True]
        assert [tell_row(campaign, row) for row in rows] == [False, False]
        assert campaign.ledger.state == "done"


def test_resume_computes_what_is_still_to_be_validated(tmp_path):
    with validated_by(tmp_path, "model") as campaign:
        first, second = suggested(campaign, 2)[0]
        campaign.tell_validation(first.id, {"a": 1.0, "b": 1.0})
        list(campaign.events())
        ledger = campaign.ledger
    assert ledger.state == "done"
    after = {o.number: o.validation for o in ledger.outcomes}
    assert after[second.number].values == second.values
    assert after[first.number].values == {"a": 1.0, "b": 1.0}


def test_a_run_waits_for_the_person_who_validates(tmp_path):
    with validated_by(tmp_path, "person") as campaign:
        for event in campaign.events():
            if event.kind == "waiting":
                with Campaign.open(tmp_path / "run") as other:
                    for outcome in other.waiting():
                        other.tell_validation(outcome.id, {"a": 1.0, "b": 1.0})
        assert campaign.ledger.state == "done"


@pytest.mark.parametrize("holder", ["", "ann"])
def test_a_sample_that_is_never_told_holds_back_no_round_no_stop_rule_and_no_end(tmp_path, holder):
    with begun(tmp_path, budget={"evaluations": 8, "batch": 2}) as campaign:
        lost, first = suggested(campaign, 2, holder=holder)[0]
        measure(campaign, first)
        assert campaign.ledger.rounds == ()  # nothing of a later batch has ended
        while (outcomes := suggested(campaign, 2, holder=holder)[0])[1:]:
            measure(campaign, outcomes[1])
        ledger = campaign.ledger
        assert (ledger.state, ledger.reason) == ("done", "the budget of evaluations is used up")
        assert [[o.number for o in r.outcomes] for r in ledger.rounds] == [[1, 2], [3], [4], [5], [6], [7], [8]]
        before = [r.hypervolume for r in ledger.rounds]
        campaign.tell(lost.id, {"a": 0.0, "b": 0.0})
        after = campaign.ledger
    assert after.state == "done"
    assert all(now > then for now, then in zip([r.hypervolume for r in after.rounds], before, strict=True))


def test_a_stall_counts_although_a_sample_is_never_told(tmp_path):
    with begun(tmp_path, budget={"evaluations": 30, "batch": 1, "stall": 3}) as campaign:
        suggested(campaign, 1)
        for _ in range(5):
            for outcome in suggested(campaign, 2)[0][1:]:
                campaign.tell(outcome.id, {"a": 1.0, "b": 1.0})
        assert (campaign.ledger.state, campaign.ledger.reason) == ("done", "3 rounds without gain in hypervolume")


def test_a_run_ends_although_a_sample_is_never_told(tmp_path):
    with begun(tmp_path, budget={"evaluations": 5, "batch": 2}) as campaign:
        for event in campaign.events():
            if event.kind == "waiting":
                with Campaign.open(tmp_path / "run") as other:
                    for outcome in other.waiting()[1:]:
                        measure(other, outcome)
        ledger = campaign.ledger
    assert (ledger.state, [o.status for o in ledger.outcomes]) == ("done", ["proposed", *["finished"] * 4])


def test_nobody_asks_by_hand_while_a_process_runs_the_campaign(tmp_path):
    with begun(tmp_path) as campaign:
        stream = campaign.events()
        next(stream)
        with pytest.raises(CampaignFolderError), Campaign.open(tmp_path / "run") as other:
            other.ask(1)
        stream.close()
