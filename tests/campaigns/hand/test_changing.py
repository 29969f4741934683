import pytest

from eutectic.campaigns.analysis.status import status_lines
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.ledger import read_ledger
from tests.campaigns.hand.test_asking import begun, measure

ALLOY = {"use": "composition", "elements": {"Cu": [0, 1], "Zn": [0, 1]}}


@pytest.fixture
def measured(tmp_path):
    """A campaign of a person's, ten asked for and measured, so that its budget is used up."""
    with begun(tmp_path) as campaign:
        for outcome in campaign.ask(10):
            measure(campaign, outcome)
        yield campaign


def test_a_larger_budget_goes_on_where_the_smaller_one_ended(measured, tmp_path):
    assert measured.ledger.state == "done"
    changed = measured.change(["budget.evaluations=12"], by="Eva")
    assert changed.differences == ("budget.evaluations: 10 -> 12",)
    assert measured.ledger.state == "stopped"
    assert len(measured.ask(5)) == 2
    ledger = read_ledger(tmp_path / "run")
    assert ledger.spec.budget.evaluations == 12
    assert [(c.by, c.differences, c.anew) for c in ledger.changes] == [("Eva", changed.differences, False)]
    assert "changed      after round 1 by Eva: budget.evaluations: 10 -> 12" in status_lines(ledger, 0.0)


def test_what_is_only_looked_at_is_not_written(measured):
    assert measured.change(["budget.evaluations=12"], check=True).differences
    assert measured.ledger.changes == ()


def test_narrower_bounds_name_what_lies_outside_and_learn_from_it(measured):
    changed = measured.change(["space.variables.x.high=0.5"])
    beyond = [o.number for o in measured.ledger.outcomes if o.x[0] > 0.5]
    assert changed.notes[0].startswith(f"candidates {', '.join(map(str, beyond[:5]))}")
    assert "outside the new space: learned from" in changed.notes[0]
    measured.change(["budget.evaluations=20"])
    assert max(o.x[0] for o in measured.ask(10)) <= 0.5
    assert len(history_of(measured.ledger, measured.problem.space).X) == 10


def test_an_element_more_is_absent_from_what_was_measured(tmp_path):
    with begun(tmp_path, space=ALLOY) as campaign:
        for k, outcome in enumerate(campaign.ask(4)):
            campaign.tell(outcome.id, {"a": k, "b": -k})
        before = campaign.ledger
        changed = campaign.change(["space.elements.Sn=[0, 0.5]"])
        assert changed.differences == ("space.elements.Sn: new, [0, 0.5]",)
        ledger = campaign.ledger
        assert [o.x for o in ledger.outcomes] == [(*o.x, 0.0) for o in before.outcomes]
        assert [o.id for o in ledger.outcomes] == [o.id for o in before.outcomes]
        more = campaign.ask(4)
        assert all(set(o.variables) == {"Cu", "Zn", "Sn"} for o in more)
    with Campaign.open(tmp_path / "run") as campaign:
        assert campaign.find("1") == ledger.outcomes[0]


def test_another_objective_begins_a_hypervolume_of_its_own(measured):
    before = measured.ledger
    changed = measured.change(["objectives.b=maximize"])
    assert "the reference point is chosen anew, and the hypervolume of all 1 rounds with it" in changed.notes
    ledger = measured.ledger
    assert [o.losses[1] for o in ledger.outcomes] == [-o.losses[1] for o in before.outcomes]
    assert ledger.reference is not None
    assert ledger.reference[1] <= 0
    assert ledger.hypervolume != before.hypervolume
    assert ledger.changes[-1].anew


def test_a_constraint_more_is_seen_in_every_round(measured):
    assert all(o.feasible for o in measured.ledger.outcomes)
    worst = max(o.values["a"] for o in measured.ledger.outcomes)
    measured.change([f"constraints.a.max={worst - 1e-6}"])
    assert [o.feasible for o in measured.ledger.outcomes].count(False) == 1


def test_other_optimizers_take_over(measured):
    measured.change(["budget.evaluations=14", "optimizers=[{use: random}]"])
    measured.ask(2)
    assert measured.ledger.batches[-1].optimizer == "random"


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["budget.evaluation=12"], "did you mean 'evaluations'"),
        (["budget.evaluations=10"], "this changes nothing"),
        (["seed=4"], "seed never changes"),
        (["name=other"], "name never changes"),
        (["space.variables.x.low=2"], "x"),
        (["space.variables.z={low: 0, high: 1}"], r"candidate 1 .* has no place in the new space: no variable 'z'"),
        (["space.variables={y: {low: 0, high: 1}}"], r"candidate 1 .* has x = .* the new space has no such variable"),
        (["objectives.c=minimize"], "no oracle returns 'c'"),
        (["optimizers=[{use: bayesan}]"], "did you mean 'bayesian'"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_and_nothing_is_written(measured, sets, said):
    before = measured._logbook.journal.since()[-1].seq
    with pytest.raises(CampaignFileError, match=said):
        measured.change(sets)
    assert measured._logbook.journal.since()[-1].seq == before
    assert measured.ledger.changes == ()


def test_a_change_that_empties_the_space_is_refused(tmp_path):
    with begun(tmp_path, space=ALLOY) as campaign:
        campaign.ask(1)
        with pytest.raises(CampaignFileError, match="space"):
            campaign.change(["space.elements.Cu=[0, 0.3]", "space.elements.Zn=[0, 0.3]"])


def test_an_oracles_settings_do_not_change_once_it_gave_values(tmp_path):
    oracles = [{"name": "model", "use": "python", "function": "trial:bowls"}]
    with begun(tmp_path, oracles=oracles, budget={"evaluations": 2}) as campaign:
        list(campaign.events())
        with pytest.raises(CampaignFileError, match=r"oracles.model has given this campaign values.*history"):
            campaign.change(["oracles.model.function=trial:noisy"])
        campaign.change(["executor.timeout_s=60", "budget.evaluations=3"])
        list(campaign.events())
        assert (campaign.ledger.state, len(campaign.ledger.finished)) == ("done", 3)


def test_a_running_campaign_is_not_changed(tmp_path):
    with begun(tmp_path) as campaign:
        stream = campaign.events()
        next(stream)
        with Campaign.open(tmp_path / "run") as other, pytest.raises(CampaignFolderError, match="in use"):
            other.change(["budget.evaluations=12"])
        stream.close()
