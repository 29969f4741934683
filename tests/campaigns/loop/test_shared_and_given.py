"""Campaigns whose samples share a furnace or are made in a humidity that nobody chooses; steps that are left out."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eutectic.campaigns.analysis.summary import title
from eutectic.campaigns.analysis.table import table
from eutectic.campaigns.analysis.table import variable_names as shown_names
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.cli import app
from eutectic.campaigns.commands.printing import suggestions
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.hand.adding import variable_names
from eutectic.campaigns.hand.sheet import read, sheet
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.report.page import write_report
from eutectic.campaigns.service.bodies import Observation
from eutectic.campaigns.service.laboratory import observed
from eutectic.campaigns.telling import suggested, tell_row

FILE = """
name: furnace
seed: 3
space:
  use: product
  parts:
    alloy: {use: composition, elements: {Cr: [10, 25], Ni: [0, 20]}, unit: wt.%, balance: Fe, step: 0.5}
    furnace:
      use: parameters
      variables:
        temperature_k: {low: 800, high: 1400, per: batch}
        time_h: {low: 0.1, high: 100, scale: log}
        place: {choices: [left, right], per: [plate, 3]}
        step_2: {choices: [none, anneal]}
        temperature_2_k: {low: 400, high: 700, when: {step_2: anneal}}
        humidity: {low: 20, high: 80, context: true, DEFAULT}
        pressure_gpa: 0
  constraints: ["temperature_k * time_h <= 40000"]
objectives: {hardness: maximize, cost: minimize}
oracles: [{use: python, function: "oracle:measured", properties: [hardness, cost]}]
optimizers: [{use: sobol, evaluations: 8}, {use: OPTIMIZER}]
budget: {evaluations: 16, batch: 4}
tracking: {enabled: false}
"""
ORACLE = """
def measured(v):
    late = (v.get("temperature_2_k", 300) - 550) / 100
    return {"hardness": v["Cr"] + v["time_h"] ** 0.1 - late * late - v["humidity"] / 50, "cost": v["Ni"] + v["Cr"]}
"""


POWDERS = """
name: powders
space: {use: parameters, variables: {x: [0, 1], powder: {choices: [A7, B2], context: true}}}
objectives: {hardness: maximize}
oracles: [{use: person, properties: [hardness]}]
optimizers: [{use: sobol}]
budget: {evaluations: 6}
tracking: {enabled: false}
"""


BAKED = """
name: baked
space: {use: parameters, variables: {oven_k: {low: 300, high: 900, per: batch}, x: [0, 1]}}
objectives: {hardness: maximize}
oracles: [{use: person, properties: [hardness]}]
optimizers: [{use: sobol, evaluations: 3}, {use: random}]
budget: {evaluations: 30, batch: 4}
tracking: {enabled: false}
"""


def begin(folder: Path, default: str = "default: 50", optimizer: str = "bayesian") -> Campaign:
    text = FILE.replace("DEFAULT", default).replace("OPTIMIZER", optimizer).replace(", }", "}")
    (folder / "oracle.py").write_text(ORACLE, encoding="utf-8")
    (folder / "campaign.yaml").write_text(text, encoding="utf-8")
    return Campaign.from_yaml(folder / "campaign.yaml", folder / "run")


@pytest.mark.parametrize("optimizer", ["bayesian", "nsga2"])
def test_a_campaign_keeps_what_a_batch_shares_and_reports_what_was_active(tmp_path: Path, optimizer: str) -> None:
    with begin(tmp_path, optimizer=optimizer) as campaign:
        list(campaign.rounds())
        ledger = campaign.ledger
        outcomes = ledger.outcomes
        assert len(outcomes) == 16
        assert ledger.state == "done"
        for index in range(4):
            assert len({o.variables["temperature_k"] for o in outcomes if o.round == index}) == 1
        for first in range(0, 16, 3):
            assert len({o.variables["place"] for o in outcomes[first : first + 3]}) == 1
        for o in outcomes:
            assert o.variables["humidity"] == 50
            assert o.variables["pressure_gpa"] == 0
            assert ("temperature_2_k" in o.variables) == (o.variables["step_2"] == "anneal")
            assert 2 * float(o.variables["Cr"]) == round(2 * float(o.variables["Cr"]))
        names, rows = table(ledger)
        cells = [row[names.index("temperature_2_k")] for row in rows]
        assert [cell is None for cell in cells] == [o.variables["step_2"] == "none" for o in outcomes]
        write_report(ledger, tmp_path / "report.html")


def ovens(outcomes: Sequence[Outcome]) -> list[float]:
    """The temperatures of these, each once, in order."""
    return list(dict.fromkeys(float(o.variables["oven_k"]) for o in outcomes))


def test_what_is_asked_for_before_the_batch_was_made_joins_it(tmp_path: Path) -> None:
    with Campaign.from_text(BAKED, tmp_path / "run") as campaign:
        six = [*suggested(campaign, 2)[0], *campaign.ask(4)]  # in two goes, and over the end of a stage
        assert [len(ovens(six)), len(campaign.ledger.batches)] == [1, 3]
        assert campaign.ledger.batches[-1].notes == ["made together with #1 to #3: they share what is set for a batch"]
        campaign.return_("5")
        assert ovens(campaign.ask(1)) == ovens(six)
        campaign.tell("2", {"hardness": 1.0})
        later = [*campaign.ask(1), *campaign.ask(1)]
        assert len(ovens(later)) == 1
        assert ovens(later) != ovens(six)
        campaign.fail("9", "cracked")
        assert ovens(campaign.ask(1)) != ovens(later)
        campaign.change(["space.variables.oven_k.high=800"])
        assert campaign.ask(1)[0].variables["oven_k"] != campaign.find("10").variables["oven_k"]
        assert campaign.ledger.batches[-1].together is None


def test_whoever_holds_a_batch_is_given_more_of_it_and_nobody_else(tmp_path: Path) -> None:
    with Campaign.from_text(BAKED, tmp_path / "run") as campaign:
        first = suggested(campaign, 2, holder="furnace_1")[0]
        more = suggested(campaign, 3, holder="furnace_1")[0]
        other = suggested(campaign, 2, holder="furnace_2")[0]
        again = suggested(campaign, 4, holder="furnace_1")[0]
        assert campaign.ledger.batches[-1].notes == ["made together with #1 to #3: they share what is set for a batch"]
    assert ovens(more) == ovens(again) == ovens(first)
    assert len(ovens(other)) == 1
    assert ovens(other) != ovens(first)


def test_a_batch_of_which_nothing_is_left_is_followed_by_another(tmp_path: Path) -> None:
    text = BAKED.replace("{low: 300, high: 900, per: batch}", "{low: 300, high: 900, step: 300, per: batch}")
    text = text.replace("x: [0, 1]", "x: [left, right]")
    with Campaign.from_text(text, tmp_path / "run") as campaign:
        six = campaign.ask(6)
        assert (len(six), len(ovens(six)), len({o.id for o in six})) == (6, 3, 6)


def test_a_context_is_given_with_the_question_or_the_question_is_refused(tmp_path: Path) -> None:
    with begin(tmp_path, "") as campaign:
        with pytest.raises(CampaignFileError, match=r"no value for humidity \(20 to 80\)"):
            campaign.ask(2)
        with pytest.raises(CampaignFileError, match="humidity is 90, out of its range, 20 to 80"):
            campaign.ask(2, {"humidity": 90})
        with pytest.raises(CampaignFileError, match="'humidty' is no variable with `context: true`; did you mean"):
            campaign.ask(2, {"humidty": 40})
        made = campaign.ask(2, {"humidity": "40"})
        assert [o.variables["humidity"] for o in made] == [40.0, 40.0]
        assert campaign.ledger.batches[-1].notes[0] == "context: humidity = 40"
        assert json.dumps(campaign.ledger.outcomes[0].variables)


def test_a_campaign_that_only_people_can_lead_is_refused_before_it_runs(tmp_path: Path) -> None:
    begin(tmp_path, "").close()
    file, cure = str(tmp_path / "campaign.yaml"), r"lead it by hand: campaign suggest FILE --context humidity=\.\.\."
    done = CliRunner().invoke(app, ["validate", file])
    assert (done.exit_code, re.search(cure, done.output) is not None) == (0, True)
    with pytest.raises(CampaignFileError, match=cure):
        CliRunner().invoke(app, ["run", file, "--dir", str(tmp_path / "other")], catch_exceptions=False)
    assert not (tmp_path / "other").exists()
    with Campaign.open(tmp_path / "run") as campaign, pytest.raises(CampaignFileError, match=cure):
        list(campaign.rounds())
    with Campaign.open(tmp_path / "run") as campaign:
        campaign.change(["space.parts.furnace.variables.humidity.default=40"])
        assert len(next(iter(campaign.rounds())).outcomes) == 4


def test_a_context_of_words_is_asked_for_and_told_as_words(tmp_path: Path) -> None:
    (tmp_path / "powders.yaml").write_text(POWDERS, encoding="utf-8")
    home, words = str(tmp_path / "run"), ["--context", "powder=A7"]

    def campaign(*given: str) -> str:
        done = CliRunner().invoke(app, given)
        return str(done.exception) if isinstance(done.exception, CampaignFileError) else done.stdout

    assert "A7" in campaign("suggest", str(tmp_path / "powders.yaml"), "--dir", home, "-n", "2", *words)
    campaign("tell", home, "--id", "1", "hardness=3", "powder=B2")
    said = campaign("tell", home, "--id", "1", "hardness=4", "powder=A7", "--repeat")
    assert re.search("powder is A7 here and was B2 when candidate .* was measured", said)
    assert "measured 2 times" in campaign("tell", home, "--id", "1", "hardness=4", "powder=B2", "--repeat")
    said = campaign("suggest", home, "-n", "3", "--context", "powder=C9")
    assert "powder is 'C9', not one of A7, B2; a new one is added to its `choices`" in said
    with Campaign.open(home) as held:
        assert [o.variables["powder"] for o in held.ledger.outcomes] == ["B2", "A7"]
        held.change(["space.variables.powder.choices=[A7, B2, C9]"])
        assert held.ask(1, {"powder": "C9"})[0].variables["powder"] == "C9"
        held.tell("2", {"hardness": 3.0, "powder": "C9"})
        assert held.find("#2").x[1] == 2


def test_a_candidate_is_called_by_its_composition_and_what_was_done_to_it(tmp_path: Path) -> None:
    with begin(tmp_path) as campaign:
        (made,) = campaign.ask(1)
    name = title(made)
    assert name.startswith("Fe-")
    assert ", temperature " in name
    assert ", temperature 2 = " in name
    assert "humidity 50" in name
    assert "Fe " not in name


def test_tables_say_in_which_unit_amounts_are(tmp_path: Path) -> None:
    with begin(tmp_path) as campaign:
        made = campaign.ask(1)
        head = suggestions(made, campaign.problem.spec, {}).splitlines()[0]
    assert head.split()[:2] == ["candidate", "id"]
    assert "Cr (wt.%)" in head
    assert "Fe (wt.%)" in head
    assert "temperature_k (" not in head
    once, twice, other = (
        replace(made[0], variables=dict.fromkeys(names, 1.0))
        for names in (("a", "d"), ("a", "c", "d"), ("a", "b", "d"))
    )
    assert shown_names([once, twice]) == shown_names([twice, once]) == ["a", "c", "d"]
    assert shown_names([twice, other], "abcd") == shown_names([other, twice], "abcd") == ["a", "b", "c", "d"]
    heads = [suggestions(rows, campaign.problem.spec, {}, (), "abcd") for rows in ([twice, other], [other, twice])]
    assert {tuple(head.split()[2:6]) for head in heads} == {("a", "b", "c", "d")}
    text = sheet([twice, replace(other, variables={"time_h": 1.0, "Cr": 2.0})], campaign.problem)
    assert text.startswith("number,id,Cr,time_h,")


def test_a_context_that_was_measured_replaces_the_one_that_was_asked_for(tmp_path: Path) -> None:
    with begin(tmp_path) as campaign:
        (made,) = campaign.ask(1)
        with pytest.raises(CampaignFileError, match="humidity is 99"):
            campaign.tell(made.id, {"hardness": 3.0, "cost": 1.0, "humidity": 99.0})
        after = campaign.tell(made.id, {"hardness": 3.0, "cost": 1.0, "humidity": 41.0})
        column = campaign.problem.space.names.index("humidity")
        assert after.variables["humidity"] == 41
        assert after.values == {"hardness": 3.0, "cost": 1.0}
        assert [a == b for a, b in zip(after.x, made.x, strict=True)].count(False) == 1
        assert after.x[column] == 41
    with Campaign.open(tmp_path / "run") as campaign:
        assert campaign.ledger.outcomes[0].x == after.x
        assert history_of(campaign.ledger, campaign.problem.space).X[0, column] == 41
        with pytest.raises(CampaignFileError, match="humidity is 99"):
            campaign.correct(made.id, {"humidity": 99})
        right = campaign.correct(made.id, {"humidity": 44, "hardness": 4.0}, why="misread", by="Eva")
        remark = right.remarks[-1]
        assert (remark.text, remark.by) == ("corrected hardness 3 -> 4, humidity 41.0 -> 44.0 (misread)", "Eva")
    for word in ("humidity=44", "humidity=45"):  # the first is what stands there
        arguments = ["tell", str(tmp_path / "run"), "--id", made.id, "--correct", "--measurement", "1", word]
        said = CliRunner().invoke(app, arguments)
    assert said.stdout == "candidate 1 corrected humidity 44.0 -> 45.0\n"
    with Campaign.open(tmp_path / "run") as campaign:
        said_so = Observation(id="1", context={"humidity": 46}, correct=True)
        assert observed(campaign, said_so, "Eva", "").variables["humidity"] == 46
        outcome = campaign.ledger.outcomes[0]
        assert (outcome.status, outcome.values) == ("finished", {"hardness": 4.0, "cost": 1.0})
        assert history_of(campaign.ledger, campaign.problem.space).X[0, column] == 46
        corrected = campaign.logbook.journal.of_kind("corrected")
        assert [entry.body["context_before"]["humidity"] for entry in corrected] == [41, 44, 45]


def test_a_history_may_leave_out_what_is_not_active_fixed_or_the_rest(tmp_path: Path) -> None:
    (tmp_path / "earlier.csv").write_text(
        "Cr,Ni,Fe,temperature_k,time_h,place,step_2,temperature_2_k,humidity,hardness,cost\n"
        "12,8,80,900,1,left,none,,40,5,1\n14,6,80,1000,10,right,anneal,500,60,6,2\n",
        encoding="utf-8",
    )
    text = FILE.replace("DEFAULT", "").replace("OPTIMIZER", "sobol").replace(", }", "}")
    (tmp_path / "oracle.py").write_text(ORACLE, encoding="utf-8")
    (tmp_path / "campaign.yaml").write_text(text + "history: {file: earlier.csv}\n", encoding="utf-8")
    with Campaign.from_yaml(tmp_path / "campaign.yaml", tmp_path / "run") as campaign:
        second, first = (o.variables for o in campaign.ledger.outcomes)
    assert "temperature_2_k" not in first
    assert second["temperature_2_k"] == 500
    assert first["pressure_gpa"] == 0
    (tmp_path / "earlier.csv").write_text(
        "Cr,Ni,Fe,temperature_k,time_h,place,step_2,humidity,hardness,cost\n12,8,70,900,1,left,none,40,5,1\n",
        encoding="utf-8",
    )
    with pytest.raises(CampaignFileError, match=r"earlier\.csv:2: the amounts of Cr, Ni, Fe sum to 90, not to 100"):
        Campaign.from_yaml(tmp_path / "campaign.yaml", tmp_path / "other")


def test_a_sheet_may_say_another_context_than_was_asked_for(tmp_path: Path) -> None:
    with begin(tmp_path) as campaign:
        (made,) = campaign.ask(1)
        lines = [line.split(",") for line in sheet([made], campaign.problem).splitlines()]
        for name, text in (("humidity", "37"), ("hardness", "4"), ("cost", "2")):
            lines[1][lines[0].index(name)] = text
        (tmp_path / "sheet.csv").write_text("\n".join(",".join(line) for line in lines), encoding="utf-8")
        rows = read(tmp_path / "sheet.csv", variable_names(campaign.problem))
        assert [tell_row(campaign, row) for row in rows] == [True]
        assert campaign.ledger.outcomes[0].variables["humidity"] == 37
        assert [tell_row(campaign, row) for row in rows] == [False]
