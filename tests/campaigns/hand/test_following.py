"""A campaign that is led by hand: screens and distances from hulls follow from what people say, without a run."""

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.record.fold import begin
from eutectic.campaigns.record.journal import Journal
from eutectic.campaigns.record.ledger import read_ledger

PHASES = "formula,energy\nCu,0\nZn,0\nCuZn,-0.2\n"
CONTENT = {
    "name": "following",
    "space": {"use": "composition", "elements": {"Cu": [0, 1], "Zn": [0, 1]}, "step": 0.25},
    "objectives": {"energy_above_hull_ev_per_atom": {"goal": "minimize", "reference": 1}},
    "constraints": {"price_usd_per_kg": {"max": 100}},
    "oracles": [
        {"use": "screens", "properties": ["price_usd_per_kg"]},
        {"name": "calorimeter", "use": "person", "properties": ["formation_energy_ev_per_atom"]},
        {"use": "hull", "file": "phases.csv"},
    ],
    "optimizers": [{"use": "sobol"}],
    "budget": {"evaluations": 8, "batch": 2},
    "tracking": {"enabled": False},
}
HALF = {"Cu": 0.5, "Zn": 0.5}


@pytest.fixture
def campaign(tmp_path):
    (tmp_path / "phases.csv").write_text(PHASES)
    with Campaign.from_dict(CONTENT, tmp_path / "run", tmp_path) as campaign:
        yield campaign


def below_hull(composition):
    """The hull of Cu, CuZn at -0.2 eV/atom and Zn: two straight lines."""
    return -0.4 * min(composition["Cu"], composition["Zn"])


def test_what_follows_from_a_telling_is_known_at_once(campaign):
    outcome = campaign.tell(campaign.ask(2)[0].id, {"formation_energy_ev_per_atom": -0.1})
    assert outcome.status == "finished"
    assert outcome.values["energy_above_hull_ev_per_atom"] == pytest.approx(-0.1 - below_hull(outcome.variables))
    assert outcome.values["price_usd_per_kg"] > 0
    kinds = [entry.kind for entry in campaign.logbook.journal.about(outcome.number)]
    assert kinds == ["told", "evaluated", "evaluated", "settled"]
    assert read_ledger(campaign.folder).outcomes == campaign.ledger.outcomes


def test_a_distance_follows_the_energy_that_is_measured_again_or_corrected(campaign):
    first = campaign.ask(1)[0]
    before = campaign.tell(first.id, {"formation_energy_ev_per_atom": -0.1})
    again = campaign.tell(first.id, {"formation_energy_ev_per_atom": -0.2}, repeat=True)
    name = "energy_above_hull_ev_per_atom"
    assert again.values[name] - before.values[name] == pytest.approx(-0.05)
    assert again.losses == (again.values[name],)
    after = campaign.correct(first.id, {"formation_energy_ev_per_atom": 0.2}, measurement=2)
    assert after.values[name] - before.values[name] == pytest.approx(0.15)
    record = begin(Journal.open(campaign.folder).since())
    assert record.outcomes[first.number] == after


def test_what_follows_from_a_result_never_suggested_is_known_too(campaign):
    outcome = campaign.add(HALF, {"formation_energy_ev_per_atom": -0.15})
    assert outcome.values["energy_above_hull_ev_per_atom"] == pytest.approx(0.05)
    assert (outcome.losses, outcome.feasible) == ((outcome.values["energy_above_hull_ev_per_atom"],), True)


def test_what_people_told_is_not_computed_over(campaign):
    id = campaign.ask(1)[0].id
    assert campaign.tell(id, {"price_usd_per_kg": 7.0}).status == "proposed"
    assert campaign.tell(id, {"formation_energy_ev_per_atom": 0.0}).values["price_usd_per_kg"] == 7.0


def test_a_remark_beside_a_failure_or_a_correction_is_kept(campaign):
    one, two = campaign.ask(2)
    failed = campaign.fail(one.id, "cracked", by="Eva", note="crucible 7")
    assert [(r.text, r.by) for r in failed.remarks] == [("failed: cracked", "Eva"), ("crucible 7", "Eva")]
    campaign.tell(two.id, {"formation_energy_ev_per_atom": -0.1})
    right = campaign.correct(two.id, {"formation_energy_ev_per_atom": -0.2}, note="see page 12")
    assert [r.text for r in right.remarks][-1] == "see page 12"
    same = campaign.correct(two.id, {"formation_energy_ev_per_atom": -0.2}, note="checked again")
    assert [r.text for r in same.remarks][-1] == "checked again"
