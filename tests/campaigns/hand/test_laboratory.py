"""The bundled laboratory example, led by hand as docs/commands.md says, to its end."""

from eutectic.campaigns.analysis.parity import leave_one_out
from eutectic.campaigns.analysis.status import status_lines
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.exports.export import to_csv, to_json
from eutectic.campaigns.file import examples
from eutectic.campaigns.report.blocks import Table
from eutectic.campaigns.report.overview import head
from eutectic.campaigns.report.page import page
from eutectic.campaigns.report.search import stages
from eutectic.campaigns.telling import suggested

NAME = "conductivity_siemens_per_cm"


def test_the_laboratory_example_with_a_failure_a_repetition_and_a_correction(tmp_path):
    path = examples.write("laboratory", tmp_path)[0]
    sets = ["tracking.enabled=false", "budget.evaluations=6", "optimizers.sobol.evaluations=5"]
    with Campaign.from_yaml(path, tmp_path / "run", sets) as campaign:
        suggested(campaign, 4)
        campaign.tell("1", {NAME: 12.5}, {NAME: 0.4}, by="Eva")
        campaign.tell("1", {NAME: 13.1}, repeat=True)
        campaign.fail("2", "cracked on cooling")
        campaign.fail("3", "furnace off", infrastructure=True)
        campaign.correct("1", {NAME: 13.5}, why="misread", measurement=2)
        campaign.return_("4", never=True, why="no such powder")
        campaign.add({"Cu": 0.4, "Zn": 0.4, "Sn": 0.2}, {NAME: 9.8})
        while outcomes := suggested(campaign, 2)[0]:
            for outcome in outcomes:
                campaign.tell(outcome.id, {NAME: 20 * outcome.variables["Cu"]})
        ledger = campaign.ledger
    assert (ledger.state, ledger.reason) == ("done", "the budget of evaluations is used up")
    assert [o.status for o in ledger.outcomes[:5]] == ["finished", "finished", "failed", "finished", "returned"]
    assert sum(o.number > 0 and o.status != "returned" for o in ledger.outcomes) == 6
    assert ledger.outcomes[1].values[NAME] == 13.0
    assert len({o.id for o in ledger.outcomes}) == len(ledger.outcomes)
    assert ledger.hypervolume is not None
    assert "cracked on cooling" in to_csv(ledger)
    assert "corrected conductivity_siemens_per_cm 13.1 -> 13.5 (misread)" in to_json(ledger)
    written = page(ledger, leave_one_out(ledger))
    assert "misread" in written
    assert "campaign suggest laboratory.yaml\n# what people measured is not measured again" in written
    assert "oracle time" not in written.lower()  # nobody knows how long people took
    assert not [line for line in status_lines(ledger, 0.0) if line.startswith("cost")]
    rows = next(block for block in stages(ledger).blocks if isinstance(block, Table)).rows
    assert [row[5] for row in rows] == [5, 1]  # without the one that was given back


def test_a_campaign_that_people_lead_has_not_ended_while_they_lead_it(tmp_path):
    path = examples.write("laboratory", tmp_path)[0]
    with Campaign.from_yaml(path, tmp_path / "run", ["tracking.enabled=false"]) as campaign:
        campaign.tell(suggested(campaign, 2)[0][0].id, {NAME: 12.5})
        first, _, waiting, *_ = status_lines(campaign.ledger, 0.0)
        assert first == "laboratory: stopped (led by hand)"
        assert waiting == "waiting      1 candidate without a result yet"
        assert "Ended" not in head(campaign.ledger, campaign.pareto()).lead
