import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.telling import suggested
from tests.campaigns.trial_campaigns import write

PERSON = [{"use": "person", "properties": ["a", "b"]}]
REFERENCE = {"a": {"goal": "minimize", "reference": 2.0}, "b": {"goal": "minimize", "reference": 2.0}}


def begun(folder, **sections):
    sections = {"oracles": PERSON, "budget": {"evaluations": 10, "batch": 4}, "objectives": REFERENCE, **sections}
    return Campaign.from_yaml(write(folder, **sections), folder / "run")


def measure(campaign, outcome):
    x, y = outcome.x
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
        assert suggested(campaign, 3) == ([], "the space is used up: every candidate is known")
        assert (campaign.ledger.state, campaign.ledger.reason) == ("done", "the space is used up")


def test_one_asking_is_one_transaction(tmp_path):
    with begun(tmp_path) as campaign:
        writes = []
        write_down = campaign._logbook.journal.write
        campaign._logbook.journal.write = lambda *drafts: (writes.append([d.kind for d in drafts]), write_down(*drafts))
        for outcome in suggested(campaign, 2)[0]:
            measure(campaign, outcome)
        suggested(campaign, 2)
    assert writes == [["session", "reference", "asked", "state"], ["session", "round", "asked", "state"]]


def test_what_is_to_be_validated_is_left_to_resume(tmp_path):
    oracles = [*PERSON, {"name": "model", "use": "python", "function": "trial:bowls", "search": False}]
    oracles[1]["properties"] = ["a", "b"]
    sections = {"oracles": oracles, "validate": {"oracle": "model", "top": 1}, "budget": {"evaluations": 2}}
    with begun(tmp_path, **sections) as campaign:
        for outcome in suggested(campaign, 2)[0]:
            measure(campaign, outcome)
        assert campaign.ledger.state == "stopped"
        assert f"computed once more: campaign resume {tmp_path / 'run'}" in suggested(campaign, 1)[1]
        list(campaign.events())
        assert campaign.ledger.state == "done"
        assert sum(o.validation is not None for o in campaign.ledger.outcomes) == 1


def test_nobody_asks_by_hand_while_a_process_runs_the_campaign(tmp_path):
    with begun(tmp_path) as campaign:
        stream = campaign.events()
        next(stream)
        with pytest.raises(CampaignFolderError), Campaign.open(tmp_path / "run") as other:
            other.ask(1)
        stream.close()
