import pytest

from eutectic.campaigns.analysis.status import status_lines
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.commands.printing import suggestions, suggestions_json
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.hand.changing import edited
from eutectic.campaigns.loop.outside import left_outside
from eutectic.campaigns.loop.prior_data import outside_space
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
    assert (measured.ledger.state, measured.ledger.reason) == ("stopped", "led by hand")
    last = measured.ask(5)
    assert len(last) == 2
    used_up = "the budget of evaluations is used up"
    assert measured.ledger.reason == f"{used_up}; what was asked for is still to be told"
    ledger = read_ledger(tmp_path / "run")
    assert ledger.spec.budget.evaluations == 12
    assert [(c.by, c.differences, c.anew) for c in ledger.changes] == [("Eva", changed.differences, False)]
    assert "changed      after round 1 by Eva: budget.evaluations: 10 -> 12" in status_lines(ledger, 0.0)
    measured.return_(last[1].id)
    assert measured.ledger.reason == "led by hand"  # a place is free again
    measured.change(["budget.evaluations=11"])
    assert measured.ledger.reason == f"{used_up}; what was asked for is still to be told"
    measure(measured, last[0])
    assert (measured.ledger.state, measured.ledger.reason) == ("done", used_up)


def test_a_change_of_a_moved_campaign_is_checked_with_the_files_that_moved_with_it(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    (first / "known.csv").write_text("x,y,a,b\n0.2,0.5,1,2\n")
    begun(first, history={"file": "known.csv"}).close()
    first.rename(second)
    with Campaign.open(second / "run") as campaign:
        changed = campaign.change(["budget.evaluations=12"])
        assert changed.problem.folder == campaign.problem.folder == second
        assert len(campaign.ask(12)) == 12


def test_an_edited_copy_of_the_file_is_said_to_change_nothing_until_a_change_says_the_same(measured, tmp_path):
    kept = tmp_path / "run" / "campaign.yaml"
    assert edited(tmp_path / "run") == ()
    kept.write_text(kept.read_text().replace('"evaluations": 10', '"evaluations": 12'))
    assert edited(tmp_path / "run") == ("budget.evaluations: 10 -> 12",)
    assert measured.ledger.spec.budget.evaluations == 10
    measured.change(["budget.evaluations=12"])
    assert edited(tmp_path / "run") == ()
    kept.write_text("name: [")
    (said,) = edited(tmp_path / "run")
    assert said.startswith("it cannot be read: ")
    kept.unlink()
    assert edited(tmp_path / "run") == ()


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


def test_what_was_known_is_named_by_where_it_is_from_and_beside_the_steps_is_not_outside(tmp_path):
    two = {"use": "composition", "unit": "at.%", "elements": {"Cu": [50, 90]}, "balance": "Zn", "step": 10}
    (tmp_path / "known.csv").write_text("Cu,Zn,a,b\n65,35,1,2\n95,5,2,1\n")
    with begun(tmp_path, space=two, history={"file": "known.csv"}, budget={"evaluations": 9, "batch": 2}) as campaign:
        assert outside_space(campaign.problem, campaign.ledger.outcomes).startswith("1 of 2 rows of the history")
        campaign.add({"Cu": 74, "Zn": 26}, {"a": 1.0, "b": 1.0}, by="Eva")
        (asked,) = campaign.ask(1)
        assert campaign.change(["space.elements.Sn=[0, 10]"], check=True).notes == (
            "history:known.csv:3 lies outside the new space: learned from, and the best of them count for the front",
        )
        bounds = [80, 90] if asked.variables["Cu"] < 80 else [50, 70]
        notes = campaign.change([f"space.elements.Cu={bounds}"]).notes
        assert "candidate 1 lies outside the new space and still to be measured" in notes[1]
        beyond = left_outside(campaign.problem, campaign.logbook.record, campaign.waiting())
        shown = suggestions(campaign.waiting(), campaign.problem.spec, {}, beyond)
        assert "(outside the space)" in shown
        assert '"outside_space": true' in suggestions_json(campaign.waiting(), campaign.problem.spec, {}, beyond)


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


def test_a_variable_that_is_fixed_leaves_aside_what_was_measured_elsewhere(tmp_path):
    flow = {"low": 1, "high": 5, "when": {"gas": "air"}}
    gases = {"use": "parameters", "variables": {"x": [0, 1], "y": [0, 1], "gas": ["argon", "air"], "flow": flow}}
    with begun(tmp_path, space=gases | {"constraints": ["flow <= 5 - x"]}) as campaign:
        for outcome in campaign.ask(8):
            measure(campaign, outcome)
        before = campaign.ledger
        changed = campaign.change(["space.variables.gas=argon"])
        elsewhere = [o.number for o in before.outcomes if o.variables["gas"] == "air"]
        assert 0 < len(elsewhere) < 8
        numbers = ", ".join(map(str, elsewhere[:5]))
        assert f"{numbers} lie where the new space has no place" in changed.notes[0].replace(" and 1 more", "")
        assert "gas is 'air', and the space has it fixed at 'argon'): kept, and not learned from" in changed.notes[0]
        ledger = campaign.ledger
        assert [o.number for o in ledger.outcomes if o.aside] == elsewhere
        assert [o.values for o in ledger.outcomes] == [o.values for o in before.outcomes]
        assert [o.variables for o in ledger.outcomes] == [o.variables for o in before.outcomes]
        assert len(history_of(ledger, campaign.problem.space).X) == 8 - len(elsewhere)
        assert len({len(o.x) for o in ledger.outcomes}) == 1
        (more,) = campaign.ask(1)
        assert more.variables["gas"] == "argon"
        assert "flow" not in more.variables  # it belongs to air alone
        campaign.change(["space.variables.gas=[argon, air]"])
        assert [o.x for o in campaign.ledger.outcomes[:8]] == [o.x for o in before.outcomes]
        assert not any(o.aside for o in campaign.ledger.outcomes)
    with Campaign.open(tmp_path / "run") as campaign:
        assert campaign.find("1") == campaign.ledger.outcomes[0]


def test_an_element_less_and_a_choice_less_leave_aside_what_has_them(tmp_path):
    three = {"use": "composition", "elements": {"Cu": [0, 1], "Zn": [0, 1], "Sn": [0, 0.5]}, "step": 0.25}
    with begun(tmp_path, space=three) as campaign:
        for k, outcome in enumerate(campaign.ask(8)):
            campaign.tell(outcome.id, {"a": k, "b": -k})
        campaign.change(["space.elements={Cu: [0, 1], Zn: [0, 1]}"])
        ledger = campaign.ledger
        assert [o.aside for o in ledger.outcomes] == [o.variables["Sn"] > 0 for o in ledger.outcomes]
        assert set(campaign.ask(1)[0].variables) == {"Cu", "Zn"}


def test_a_new_variable_has_the_value_it_had_so_far(measured):
    with pytest.raises(CampaignFileError, match="--with zz: unknown variable 'zz'; did you mean 'z'"):
        measured.change(["space.variables.z={low: 0, high: 2}"], given={"zz": 1})
    with pytest.raises(CampaignFileError, match="the space does not change, so nobody asks what z was"):
        measured.change(["budget.evaluations=12"], given={"z": 1})
    measured.change(["budget.evaluations=12"])
    (waiting,) = measured.ask(1)
    measured.change(["space.variables.z={low: 0, high: 2}"], given={"z": "0.5"})
    ledger = measured.ledger
    assert {o.variables["z"] for o in ledger.outcomes} == {0.5}
    assert {o.x[2] for o in ledger.outcomes} == {0.5}
    assert measured.logbook.record.candidates[waiting.number].variables["z"] == 0.5
    measure_two(measured, measured.ask(1)[0])
    with Campaign.open(measured.folder) as campaign:
        assert campaign.find("1") == campaign.ledger.outcomes[0]


def measure_two(campaign, outcome):
    assert len(outcome.x) == 3
    campaign.tell(outcome.id, {"a": outcome.x[0], "b": outcome.x[2]})


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


def test_a_sample_that_failed_has_as_many_losses_and_limits_as_the_changed_campaign(tmp_path):
    oracles = [{"use": "person", "properties": ["a", "b", "c"]}]
    with begun(tmp_path, oracles=oracles) as campaign:
        first, second, *_ = campaign.ask(4)
        campaign.fail(first.id, "cracked")
        campaign.tell(second.id, {"a": 1.0, "b": 1.0, "c": 0.5})
        campaign.change(["objectives.c=minimize", "constraints.c.max=1"])
        assert [(len(o.losses), len(o.excess)) for o in campaign.ledger.outcomes[:2]] == [(3, 1), (3, 1)]
        assert len(campaign.ask(1)) == 1


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
        (
            ["space.variables.z={low: 0, high: 1}"],
            r"candidate 1 .* has no variable 'z'; say which value it had then: --with z=VALUE",
        ),
        (
            ["space.variables={y: {low: 0, high: 1}}"],
            r"candidate 1 .* has x = .* the new space has no such variable; fix it .*: `x: VALUE`",
        ),
        (["objectives.c=minimize"], "no oracle returns 'c'"),
        (["optimizers=[{use: bayesan}]"], "did you mean 'bayesian'"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_and_nothing_is_written(measured, sets, said):
    before = measured.logbook.journal.since()[-1].seq
    with pytest.raises(CampaignFileError, match=said):
        measured.change(sets)
    assert measured.logbook.journal.since()[-1].seq == before
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


STEEL = {"use": "composition", "unit": "wt.%", "elements": {"Cr": [5, 30], "Ni": [2, 10]}, "balance": "Fe"}
PLACE = {"use": "parameters", "variables": {"t": {"low": 0, "high": 1}}}


@pytest.mark.parametrize(
    ("space", "sets", "said"),
    [
        (STEEL, ["space.unit=at.%"], r"Cr would be in at.%, and the amounts of 2 candidates on record are in wt.%"),
        (
            {"use": "product", "parts": {"alloy": STEEL, "furnace": PLACE}},
            ["space.parts.alloy.unit=at.%"],
            r"Cr would be in at.%, .* in wt.%: begin another campaign in at.% with `history: \{file: DIR\}`",
        ),
        (
            ALLOY,
            ["space={use: composition, unit: at.%, elements: {Cu: [0, 100], Zn: [0, 100]}}"],
            "Cu would be in at.%, .* in fraction",
        ),
    ],
)
def test_amounts_on_record_keep_their_unit(tmp_path, space, sets, said):
    with begun(tmp_path, space=space) as campaign:
        campaign.ask(2)
        before = campaign.logbook.journal.since()[-1].seq
        with pytest.raises(CampaignFileError, match=said):
            campaign.change(sets)
        assert campaign.logbook.journal.since()[-1].seq == before


def test_a_history_from_a_folder_in_another_unit_is_converted(tmp_path):
    """25 g Cr, 7 g Ni and 68 g Fe of 51.9961, 58.6934 and 55.845 g/mol (IUPAC) are 26.451, 6.561 and 66.988 at.%."""
    with begun(tmp_path, space=STEEL) as campaign:
        campaign.add({"Cr": 25, "Ni": 7}, {"a": 1.0, "b": 1.0})
    at = {**STEEL, "unit": "at.%"}
    with begun(tmp_path / "new", space=at, history={"file": str(tmp_path / "run")}) as campaign:
        (row,) = campaign.ledger.outcomes
    assert row.variables == pytest.approx({"Cr": 26.4509, "Ni": 6.5612, "Fe": 66.9879}, abs=2e-4)
    product = {"use": "product", "parts": {"alloy": at, "furnace": PLACE}}
    history = {"file": str(tmp_path / "run"), "with": {"t": 0.5}}
    with pytest.raises(CampaignFileError, match=r"Cr is in wt.% there and in at.% here; give a table in at.%"):
        begun(tmp_path / "product", space=product, history=history)
