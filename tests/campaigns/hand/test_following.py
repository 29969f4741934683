"""A campaign that is led by hand: what follows from what people say, and samples that cannot have been made."""

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.plugins import build
from eutectic.campaigns.hand.adding import OutsideSpace, variable_names
from eutectic.campaigns.hand.sheet import Dialect, read
from eutectic.campaigns.record.fold import begin
from eutectic.campaigns.record.journal import Journal
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.telling import tell_row

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


STEEL = {
    "use": "product",
    "parts": {
        "alloy": {
            "use": "composition", "unit": "wt.%", "balance": "Fe", "step": 0.1,
            "elements": {"Cr": [0, 30], "Al": [0, 12], "Y": {"low": 1e-4, "high": 0.5, "scale": "log"}},
        },
        "route": {
            "use": "parameters",
            "variables": {
                "made": ["cast", "powder"],
                "press_mpa": {"low": 100, "high": 800, "when": {"made": "powder"}},
            },
        },
    },
    "constraints": ["Cr / Al >= 2"],
}  # fmt: skip
CAST = {"Cr": 12, "Al": 4, "Y": 0.1, "made": "cast"}


@pytest.fixture
def steel(tmp_path):
    content = {
        **{name: CONTENT[name] for name in ("optimizers", "budget", "tracking")},
        "name": "steel",
        "space": STEEL,
        "objectives": {"a": "maximize"},
        "oracles": [{"use": "person", "properties": ["a"]}],
    }
    with Campaign.from_dict(content, tmp_path / "run", tmp_path) as campaign:
        yield campaign


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"Cr": 90, "Al": 20}, "the amounts of Cr, Al, Y sum to 110.1, more than 100"),
        ({"Cr": -1}, "Cr is -1: an amount is not negative"),
        ({"Fe": 50}, "the amounts of Cr, Al, Y, Fe sum to 66.1, not to 100"),
        ({"press_mpa": 300}, "press_mpa is 300, and such a candidate has none .*some values of made alone"),
    ],
)
def test_a_sample_that_cannot_have_been_made_is_refused(steel, variables, said):
    with pytest.raises(CampaignFileError, match=said):
        steel.add({**CAST, **variables}, {"a": 1.0})


def test_what_was_weighed_beside_the_steps_keeps_its_amounts(steel):
    outcome = steel.add({**CAST, "Cr": 12.03}, {"a": 1.0})  # inside the bounds: no warning, which would be an error
    assert (outcome.variables["Cr"], outcome.variables["Fe"]) == (12.03, pytest.approx(83.87))
    mass = {"Cr": 51.9961, "Al": 26.9815, "Y": 88.9058, "Fe": 55.845}
    moles = {e: outcome.variables[e] / mass[e] for e in mass}
    assert outcome.composition == {e: pytest.approx(n / sum(moles.values()), rel=1e-5) for e, n in moles.items()}


def test_a_broken_constraint_between_variables_is_outside_the_space(steel):
    with pytest.warns(OutsideSpace):
        steel.add({**CAST, "Cr": 4}, {"a": 1.0})


def test_the_balance_takes_what_the_others_leave_also_where_all_amounts_are_steps(tmp_path):
    space = {"use": "composition", "unit": "wt.%", "elements": {"Cr": [0, 30], "Al": [0, 12]}, "balance": "Fe"}
    part = build("generators", space, tmp_path)
    assert part.coordinates({"Cr": 12, "Al": 4}) == pytest.approx([0.12, 0.04, 0.84])
    with pytest.raises(ValueError, match="sum to 104, more than 100"):
        part.coordinates({"Cr": 92, "Al": 12})


def test_a_row_of_a_sheet_without_id_needs_no_cell_for_what_such_a_sample_has_not(steel, tmp_path):
    sheet = tmp_path / "own.csv"
    sheet.write_text(
        "id;Cr;Al;Y;Fe;made;press_mpa;a\n;12,0;4,0;0,1;83,9;cast;;4,5\n;12,0;4,0;0,1;83,9;powder;300,0;5\n"
    )
    rows = read(sheet, variable_names(steel.problem), (), Dialect(";", ","))
    assert [tell_row(steel, row) for row in rows] == [True, True]
    assert [tell_row(steel, row) for row in rows] == [False, False]
    assert [(o.variables.get("press_mpa"), o.values["a"]) for o in steel.ledger.outcomes] == [(300.0, 5.0), (None, 4.5)]
    sheet.write_text("id;Cr;Al;Y;Fe;made;press_mpa;a\n;12,0;4,1;0,1;83,8;powder;;4,5\n")
    (row,) = read(sheet, variable_names(steel.problem), (), Dialect(";", ","))
    with pytest.raises(CampaignFileError, match=r"own\.csv:2.*no variable 'press_mpa'"):
        tell_row(steel, row)


def test_an_objective_that_was_added_is_told_of_what_had_finished(steel):
    one = steel.ask(1)[0]
    steel.tell(one.id, {"a": 1.0})
    person = '[{"use": "person", "properties": ["a", "b"]}]'
    changed = steel.change(['objectives.b="minimize"', f"oracles={person}"])
    assert changed.notes[0] == "no value of b is known of #1: tell it (campaign tell), or they count for no front"
    assert not steel.find(1).feasible
    outcome = steel.tell(one.id, {"b": 3.0})
    assert (outcome.losses, outcome.feasible, len(outcome.measurements)) == ((-1.0, 3.0), True, 1)
    with pytest.raises(CampaignFileError, match="has finished already"):
        steel.tell(one.id, {"b": 3.5})


def test_an_element_more_was_absent_before_in_every_unit(tmp_path):
    space = {"use": "composition", "unit": "wt.%", "elements": {"Cr": [0, 30], "Al": [0, 12]}, "balance": "Fe"}
    content = {**CONTENT, "space": {"use": "product", "parts": {"alloy": {**space, "step": 0.5}}}}
    content |= {"objectives": {"a": "maximize"}, "constraints": {}, "oracles": [{"use": "person", "properties": ["a"]}]}
    with Campaign.from_dict(content, tmp_path / "run", tmp_path) as campaign:
        before = campaign.tell(campaign.ask(1)[0].id, {"a": 1.0})
        campaign.change(["space.parts.alloy.elements.Ni=[0, 5]"])
        after = campaign.find(before.number)
        assert len(after.x) == len(before.x) + 1
        assert (after.aside, after.variables, sorted(after.x)[0]) == (False, before.variables, 0.0)


def test_what_is_told_is_a_number_and_of_a_curve_its_distance(tmp_path):
    (tmp_path / "target.csv").write_text("x,y\n0,1\n1,2\n2,1\n")
    content = {**CONTENT, "space": {"use": "parameters", "variables": {"x": [0, 1]}}, "constraints": {}}
    content |= {"objectives": {"dos": {"target": "target.csv", "distance": "rms"}}}
    content |= {"oracles": [{"use": "person", "properties": ["dos"]}]}
    with Campaign.from_dict(content, tmp_path / "run", tmp_path) as campaign:
        id = campaign.ask(1)[0].id
        with pytest.raises(CampaignFileError, match="dos: it has 2 points, the target 3"):
            campaign.tell(id, {"dos": [0.5, 1.0]})
        for wrong in ("many", None):
            with pytest.raises(CampaignFileError, match=r"dos is .*, not a number"):
                campaign.add({"x": 0.25}, {"dos": wrong})
        assert campaign.tell(id, {"dos": 0.5}).losses == (0.5,)


def test_a_table_of_points_needs_no_column_for_what_follows_or_is_not_there(steel, tmp_path):
    table = tmp_path / "points.csv"
    table.write_text("Cr,Al,Y,made\n12,4,0.1,cast\n12,4,0.1,powder\n")
    points = [row.variables for row in read(table, variable_names(steel.problem))]
    with pytest.raises(CampaignFileError, match="point 2: no variable 'press_mpa'"):
        steel.predict(points)
    with pytest.raises(CampaignFileError, match="0 values of a, at least 4 are wanted"):
        steel.predict(points[:1])
