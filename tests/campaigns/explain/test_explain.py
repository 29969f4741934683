"""`campaign explain`: what it says of whole campaigns, what it writes, and how it is shown."""

import csv
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from eutectic.campaigns import cli
from eutectic.campaigns.analysis.explanation import coefficients, dumped, order
from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.parity import Parities
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.explain.charts import beeswarm, dependence, interactions, waterfalls
from eutectic.campaigns.explain.explain import CANDIDATES, FRONT, OTHERS, Wanted, explain
from eutectic.campaigns.explain.files import explanation_files, read_explanation, write_explanation
from eutectic.campaigns.explain.pictures import _waterfalls
from eutectic.campaigns.explain.text import added_up, changes, explanation_text, pair
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.report.page import page
from eutectic.campaigns.tracking import follower
from eutectic.optimizers.spaces import region
from eutectic.oracles.base import EngineMissing
from tests.campaigns import ledgers, trial_campaigns


@pytest.fixture(scope="module")
def alloy():
    ledger = ledgers.alloy(30)
    return ledger, explain(ledger)


@pytest.fixture(scope="module")
def process():
    ledger = ledgers.single(24)
    return ledger, explain(ledger)


def by_name(found, name):
    return next(one for one in found.properties if one.property == name)


def test_contributions_sum_to_the_prediction_and_rank_what_the_planted_model_depends_on(alloy):
    _, found = alloy
    fault = by_name(found, ledgers.USFE)
    swarm = fault.swarm
    np.testing.assert_allclose(swarm.base + np.sum(swarm.values, axis=1), swarm.predicted)
    assert "Cr" in [found.variables[j] for j in order(fault)[:2]]
    assert found.compositions == (ledgers.ELEMENTS,)
    assert swarm.exact


def test_counterfactuals_lie_in_the_space_and_reach_the_threshold(alloy):
    ledger, found = alloy
    space = build(ledger.spec, ".", engines=False).space
    told = [(one, c) for one in found.properties for c in one.counterfactuals if c.variables is not None]
    assert told
    for one, change in told:
        bound = float(re.search(r"at least ([\d.]+)", one.threshold)[1])
        x = np.array([[change.variables[name] for name in space.names]])
        assert region.contains(space, x, 1e-6).all()
        assert change.predicted >= bound - 0.05
        assert change.now < change.predicted
        assert change.distance == pytest.approx(
            np.linalg.norm(x[0] - [found.rows[change.number][name] for name in space.names])
        )
        assert 0.4 < change.chance <= 1
        assert set(change.others) == {p.property for p in found.properties} - {one.property}


def test_partial_dependence_runs_over_what_a_fraction_can_be(alloy):
    _, found = alloy
    curve = next(c for c in by_name(found, ledgers.USFE).curves if c.variable == "Cr")
    assert curve.x[0] == pytest.approx(0.05)
    assert curve.x[-1] == pytest.approx(0.35)
    known = [m for m in curve.mean if m is not None]
    assert known[-1] > known[0]


def test_categories_are_explained_by_their_labels(process):
    _, found = process
    one = found.properties[0]
    gas = next(c for c in one.curves if c.variable == "gas")
    assert set(gas.x) == set(ledgers.GASES)
    assert gas.mean[gas.x.index("air")] == max(gas.mean)
    passes = next(c for c in one.curves if c.variable == "passes")
    assert passes.x == (1, 2, 3, 4, 5)


def test_a_threshold_and_a_candidate_can_be_named(process):
    ledger, _ = process
    found = explain(ledger, Wanted(candidate="#3", thresholds={"porosity_percent": 2.0}))
    (change,) = found.properties[0].counterfactuals
    assert found.properties[0].threshold == "at most 2"
    assert change.number == 3
    assert change.predicted <= 2
    text = explanation_text(found)
    assert "#3 " in text
    assert "at most 2" in text


def test_naming_a_candidate_or_a_property_leaves_what_is_said_of_all_as_it_is(monkeypatch):
    module = sys.modules[explain.__module__]
    monkeypatch.setattr(module, "ROWS", 0)
    monkeypatch.setattr(module, "OTHERS", 4)
    ledger = ledgers.alloy(24)
    whole = explain(ledger)
    same = whole.properties[-1]
    other = next(o.number for o in ledger.finished if o.number not in same.swarm.numbers)
    alone = explain(ledger, Wanted(same.property, str(other)))
    (one,) = alone.properties
    assert one.ranking == same.ranking
    assert (one.swarm.base, one.swarm.interactions) == (same.swarm.base, same.swarm.interactions)
    assert one.swarm.numbers == (*same.swarm.numbers, other)
    assert one.swarm.values[:-1] == same.swarm.values
    assert alone.front == (other,)


def test_what_does_not_exist_is_refused_with_the_nearest_name(process):
    ledger, _ = process
    with pytest.raises(CampaignFileError, match="did you mean 'porosity_percent'"):
        explain(ledger, Wanted(property="porosity_percnt"))
    with pytest.raises(CampaignFileError, match="unknown candidate '99'"):
        explain(ledger, Wanted(candidate="99"))


def test_too_few_evaluations_are_said_to_explain_nothing():
    for ledger in (ledgers.empty(), ledgers.broken()):
        found = explain(ledger)
        assert found.properties == ()
        assert "nothing to explain yet" in explanation_text(found)


def test_a_front_without_feasible_candidates_leaves_the_rankings():
    ledger = ledgers.single(10)
    ledger = replace(ledger, outcomes=tuple(replace(o, feasible=False) for o in ledger.outcomes))
    found = explain(ledger)
    assert found.front == ()
    assert found.properties[0].swarm.numbers
    assert "none is explained alone" in explanation_text(found)


def test_a_surrogate_that_is_a_formula_gives_its_own():
    ledger = ledgers.single(20)
    content = {**ledger.spec.dump(), "surrogates": {"default": {"use": "sisso", "rungs": 1, "members": 2}}}
    found = explain(replace(ledger, spec=type(ledger.spec).from_content(content)))
    (said,) = found.properties[0].formulas
    assert said.own
    assert "temperature_k" in said.text
    assert said.left_out >= said.rmse * 0.99
    assert "the campaign's surrogate" in explanation_text(found)


def sisso(ledger, **options):
    """The ledger of a campaign whose surrogates are formulas."""
    content = {**ledger.spec.dump(), "surrogates": {"default": {"use": "sisso", "rungs": 1, "members": 0, **options}}}
    return replace(ledger, spec=type(ledger.spec).from_content(content))


def test_a_surrogate_of_several_tasks_gives_a_formula_a_task(tmp_path):
    found = explain(sisso(ledgers.single(24), task="gas", terms=1))
    said = found.properties[0].formulas
    assert {one.where for one in said} == {f"gas = {gas}" for gas in ledgers.GASES}
    assert all(one.own and one.rmse <= one.left_out for one in said)
    text = explanation_text(found)
    assert "fitted as an explanation only" not in text
    for one in said:
        assert f"formula where {one.where}: {one.text}" in text
    write_explanation(found, tmp_path)
    assert read_explanation(tmp_path) == found
    with (tmp_path / "explanation" / "formulas.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["where"] for row in rows] == [one.where for one in said]
    assert {row["is_the_surrogate"] for row in rows} == {"True"}
    shown = page(replace(ledgers.single(24), folder=str(tmp_path)), Parities())
    assert all(f"formula where {one.where}" in shown for one in said)


def test_a_formula_over_a_representation_is_the_surrogates_own():
    found = explain(sisso(ledgers.alloy(16), terms=1, representation="element_statistics"))
    for one in found.properties:
        (said,) = one.formulas
        assert said.own
        assert "mean_" in said.text
        assert len(said.ranges) == len(ledgers.ELEMENTS)


def test_a_sum_that_is_multiplied_stands_in_brackets():
    (said,) = explain(sisso(ledgers.single(12), terms=1)).properties[0].formulas
    first, second = said.coefficients
    told = replace(said, coefficients=(replace(first, value=1.5, unit="K"), replace(second, value=2.0, term="a + b")))
    assert coefficients(told) == "1.5 K; 2 times (a + b)"


def test_a_classifier_gives_its_rule_and_how_often_it_is_right(tmp_path):
    ledger = ledgers.single(24)
    middle = np.median([o.values["porosity_percent"] for o in ledger.finished])
    split = [
        replace(o, values={"porosity_percent": 1.0 + (o.values["porosity_percent"] > middle)}) if o.values else o
        for o in ledger.outcomes
    ]
    found = explain(sisso(replace(ledger, outcomes=tuple(split)), kind="classification", terms=1))
    (said,) = found.properties[0].formulas
    assert said.own
    assert (said.low, said.high) == (1.0, 2.0)
    assert 0.5 < said.right <= 1
    text = explanation_text(found)
    assert f"rule: 2 where {said.text}, else 1" in text
    assert f"right for {100 * said.right:.3g} % of the evaluations it learned from" in text
    assert "fitted from" not in text
    write_explanation(found, tmp_path)
    with (tmp_path / "explanation" / "formulas.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["rmse"], float(row["right"])) == ("", said.right)


def test_coefficients_carry_their_units_into_text_and_tables(tmp_path):
    options = {"units": {"temperature_k": "K"}, "terms": 1, "operators": ["*"]}
    ledger = ledgers.single(24)
    found = explain(sisso(ledger, **options, target_unit="percent"))
    (said,) = found.properties[0].formulas
    assert said.coefficients[0].unit == "percent"
    slope = said.coefficients[1]
    assert "K" in slope.unit
    text = explanation_text(found)
    assert f"{slope.unit} times {slope.term}" in text
    write_explanation(found, tmp_path)
    assert f"{slope.unit} times {slope.term}" in (tmp_path / "explanation" / "formulas.csv").read_text()
    assert json.loads(dumped(found))["properties"][0]["formulas"][0]["coefficients"][1]["unit"] == slope.unit
    unknown = explain(sisso(ledger, **options))
    assert [c.unit for c in unknown.properties[0].formulas[0].coefficients] == ["", ""]
    assert "times" not in explanation_text(unknown)


def test_a_property_without_a_unit_is_told_with_single_spaces():
    ledger = ledgers.single(12)
    (one,) = explain(ledger).properties
    bare = pair(explain(ledger), replace(one, property="roughness"))
    assert re.search(r", \S+ on average$", bare)
    assert "% on average" in pair(explain(ledger), one)


def test_a_sum_names_what_it_adds_up():
    found = explain(ledgers.single(12), Wanted(candidate="2"))
    text = added_up(found, found.properties[0], 2)
    head, terms = text.split(" = ")
    numbers = [float(n.replace("−", "-").replace(" ", "")) for n in re.findall(r"[+−]? ?[\d.]+(?:e[+-]\d+)?", terms)]
    assert sum(numbers) == pytest.approx(float(head.split()[-1]), rel=0.02, abs=0.02)


def test_files_hold_everything_and_are_read_back(alloy, tmp_path):
    _, found = alloy
    made = write_explanation(found, tmp_path)
    names = {path.name for path in made}
    assert {"explanation.json", "ranking.csv", "shap.csv", "counterfactuals.csv", "partial_dependence.csv"} <= names
    pictures = {f"{kind}.{ledgers.B}.png" for kind in ("shap", "interactions", "waterfalls", "partial_dependence")}
    assert pictures <= names
    assert sorted(made) == explanation_files(tmp_path)
    assert read_explanation(tmp_path) == found
    with (tmp_path / "explanation" / "shap.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * len(found.properties[0].swarm.numbers)
    whole = sum(float(rows[0][e]) for e in ledgers.ELEMENTS) + float(rows[0]["base"])
    assert whole == pytest.approx(float(rows[0]["predicted"]))


def test_the_report_shows_the_explanation_or_how_to_get_it(process, tmp_path):
    ledger, found = process
    ledger = replace(ledger, folder=str(tmp_path))
    assert f"campaign explain {tmp_path}" in page(ledger, Parities())
    (tmp_path / "explanation").mkdir()
    (tmp_path / "explanation" / "explanation.json").write_bytes(dumped(found))
    shown = page(ledger, Parities())
    figures = dict(re.findall(r'data-chart="(\w+)">(.*?)</script>', shown, flags=re.S))
    assert {"shap_0", "dependence_0", "interactions_0", "waterfalls_0"} <= set(figures)
    for text in figures.values():
        json.loads(text, parse_constant=pytest.fail)
    assert "Counterfactuals" in shown
    older = replace(found, evaluations=found.evaluations - 2)
    (tmp_path / "explanation" / "explanation.json").write_bytes(dumped(older))
    assert "2 evaluations finished since" in page(ledger, Parities())


def test_mlflow_gets_the_explanation_and_notices_a_new_one(tmp_path):
    assert follower.mark(tmp_path) == ""
    (tmp_path / "explanation").mkdir()
    (tmp_path / "explanation" / "explanation.json").write_text("{}")
    one = follower.mark(tmp_path)
    (tmp_path / "explanation" / "explanation.json").write_text("{ }")
    assert follower.mark(tmp_path) != one
    (tmp_path / "report.html").write_text("")
    sent = follower.written(replace(ledgers.empty(), folder=str(tmp_path)), tmp_path)
    assert (tmp_path / "explanation" / "explanation.json", "explanation") in sent


def run(folder, **sections):
    path = trial_campaigns.write(folder, **sections)
    (folder / "atoms.py").write_text(
        "def counted(v):\n    return {'a': v['count_1'] + 2.0 * (v['element_2'] == 'O')}\n"
    )
    with Campaign.from_yaml(path, folder / "run") as campaign:
        list(campaign.rounds())
    return folder / "run"


def test_the_command_prints_and_writes_without_touching_the_journal(tmp_path):
    folder = run(tmp_path, tracking={"enabled": False}, objectives={"a": "minimize"})
    before = (folder / "journal.sqlite").read_bytes()
    done = CliRunner().invoke(cli.app, ["explain", str(folder)])
    assert done.exit_code == 0, done.output
    assert "mean |SHAP|" in done.stdout
    found = read_explanation(folder)
    assert found.evaluations == len(read_ledger(folder).finished)
    assert {one.property for one in found.properties} == {"a"}
    assert "Counterfactuals" in (folder / "report.html").read_text()
    assert (folder / "journal.sqlite").read_bytes() == before
    told = CliRunner().invoke(cli.app, ["explain", str(folder), "--format", "json", "--property", "a"])
    assert [one["property"] for one in json.loads(told.stdout)["properties"]] == ["a"]
    wrong = CliRunner().invoke(cli.app, ["explain", str(folder), "--threshold", "a=high"])
    assert wrong.exit_code == 2


@pytest.mark.parametrize("kind", ["pool", "sequence"])
def test_lists_and_sequences_are_explained(kind, tmp_path):
    folder = run(tmp_path, tracking={"enabled": False}, **(SEQUENCE if kind == "sequence" else pool(tmp_path)))
    found = explain(read_ledger(folder))
    (one,) = found.properties
    np.testing.assert_allclose(one.swarm.base + np.sum(one.swarm.values, axis=1), one.swarm.predicted)
    assert found.compositions == ((("Fe", "Ni"),) if kind == "pool" else ())
    assert one.threshold.split(",")[0] in explanation_text(found)


SEQUENCE = {
    "space": {"use": "sequence", "elements": ["Fe", "Ni", "O"], "steps": 3, "counts": [1, 3]},
    "objectives": {"a": "minimize"},
    "oracles": [{"use": "python", "function": "atoms:counted"}],
}


def pool(folder):
    """A list of binary alloys and their values."""
    folder.mkdir(exist_ok=True)
    rows = ["Fe,Ni,note,a", *(f"{x / 20},{1 - x / 20},{'odd' if x % 2 else 'even'},{x * x}" for x in range(21))]
    (folder / "pool.csv").write_text("\n".join(rows) + "\n")
    return {
        "space": {"use": "pool", "file": "pool.csv", "features": ["Fe", "Ni", "note"]},
        "objectives": {"a": "maximize"},
        "oracles": [{"use": "table", "file": "pool.csv", "properties": ["a"]}],
    }


@pytest.fixture(scope="module")
def wide():
    """A campaign whose front has more candidates than are explained alone."""
    ledger = ledgers.many(60, 5)
    assert len(front(ledger)) > FRONT
    return ledger, explain(ledger, Wanted(property="property_1_gpa"))


def test_the_front_is_explained_by_shap_and_twelve_of_it_by_counterfactuals(wide):
    ledger, found = wide
    (one,) = found.properties
    best = [o.number for o in front(ledger)]
    assert len(found.front) == FRONT
    assert (found.front[0], found.front[-1]) == (best[0], best[-1])
    assert set(found.front) < set(one.swarm.numbers)
    assert len(one.swarm.numbers) == FRONT + min(OTHERS, len(ledger.finished) - FRONT)
    told = [change.number for change in one.counterfactuals]
    assert len(told) == CANDIDATES
    assert (told[0], told[-1]) == (best[0], best[-1])
    text = explanation_text(found)
    assert re.findall(r"^#(\d+) ", text, flags=re.M) == [str(number) for number in told]
    assert f"waterfalls: {FRONT}, evenly spaced, of the front's {len(best)} candidates; counterfactuals: 12" in text


def test_a_small_front_is_explained_whole_and_says_nothing_of_limits(alloy):
    ledger, found = alloy
    assert found.front == tuple(o.number for o in front(ledger))
    assert [c.number for c in found.properties[0].counterfactuals] == list(found.front)
    assert found.notes == ()


def test_every_candidate_of_the_front_has_its_waterfall_in_pages_of_six(wide, tmp_path):
    _, found = wide
    (one,) = found.properties
    some = replace(found, front=found.front[:14])
    pages = dict(_waterfalls(some, one))
    assert list(pages) == [f"waterfalls.property_1_gpa{end}" for end in ("", ".2", ".3")]
    titles = [axes.get_title().split(":")[0] for figure in pages.values() for axes in figure.axes]
    assert titles == [f"#{number}" for number in some.front]
    assert [len(figure.axes) for figure in pages.values()] == [6, 6, 2]
    write_explanation(some, tmp_path)
    assert len(list((tmp_path / "explanation").glob("waterfalls.*.png"))) == 3
    made = write_explanation(replace(found, front=found.front[:1]), tmp_path)
    assert [path.name for path in made if "waterfalls" in path.name] == [
        f"waterfalls.property_1_gpa.{kind}" for kind in ("png", "svg")
    ]
    assert sorted(made) == explanation_files(tmp_path)


def mlflow_of(folder):
    """The store of a campaign's own database, and the artifacts of its explanation."""
    from eutectic.campaigns.tracking.mlflow_store import Store
    from eutectic.campaigns.tracking.position import Positions

    positions = Positions.read(folder)
    client = Store(positions.uri, "other")._client
    artifacts = client.list_artifacts(positions.stores[positions.uri].run, "explanation")
    return positions.uri, {Path(artifact.path).name for artifact in artifacts}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # MLflow's own
def test_the_command_brings_the_explanation_to_mlflow_by_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = run(tmp_path, tracking={"uri": "sqlite:///mlf.db"}, objectives={"a": "minimize"})
    done = CliRunner().invoke(cli.app, ["explain", str(folder)])
    assert done.exit_code == 0, done.output
    assert "is up to date" in done.stderr
    assert "MLflow" not in done.stdout
    uri, names = mlflow_of(folder)
    assert uri == f"sqlite:///{tmp_path / 'mlf.db'}"
    assert names == {path.name for path in explanation_files(folder)}
    assert not (tmp_path / "mlflow.db").exists()


@pytest.fixture(scope="module")
def six():
    ledger = ledgers.single(6)
    return ledger, explain(ledger)


@pytest.mark.parametrize(
    ("state", "section", "told"),
    [("done", {}, True), ("stopped", {}, True), ("running", {}, False), ("done", {"enabled": False}, False)],
)
def test_mlflow_is_written_unless_it_is_off_or_the_campaign_runs(state, section, told, six, tmp_path, monkeypatch):
    ledger, found = six
    content = {**ledger.spec.dump(), "tracking": section}
    ledger = replace(ledger, spec=type(ledger.spec).from_content(content), folder=str(tmp_path), state=state)
    monkeypatch.setattr("eutectic.campaigns.commands.explain.read_ledger", lambda folder: ledger)
    monkeypatch.setattr("eutectic.campaigns.commands.explain.explain", lambda ledger, wanted, heard: found)
    asked = []

    def away(folder):
        asked.append(folder)
        raise EngineMissing("the store is away; when it is back: campaign sync")

    monkeypatch.setattr(follower, "sync", away)
    done = CliRunner().invoke(cli.app, ["explain", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert asked == ([tmp_path] if told else [])
    assert ("note: EngineMissing: the store is away" in done.stderr) == told
    assert read_explanation(tmp_path).evaluations == len(ledger.finished)
    CliRunner().invoke(cli.app, ["explain", str(tmp_path), "--candidate", "2"])
    assert len(asked) == told


def test_what_is_being_explained_is_said_while_it_is(process):
    ledger, _ = process
    heard = []
    explain(ledger, heard=heard.append)
    assert heard == ["fitting the surrogates", "porosity_percent, 1 of 1"]


def test_partial_dependence_is_drawn_over_each_variables_own_unit_and_its_categories(process):
    _, found = process
    (one,) = found.properties
    figure = dependence(found, one)
    axes = {key: value for key, value in figure["layout"].items() if key.startswith("xaxis")}
    titles = [axis["title"]["text"] for axis in axes.values()]
    assert sorted(titles) == ["Gas", "Passes", "Temperature (K)"]
    lines = {trace["xaxis"]: trace for trace in figure["data"] if trace["mode"] != "lines" or "line" in trace}
    drawn = {axes[f"xaxis{key[1:]}"]["title"]["text"]: trace["x"] for key, trace in lines.items()}
    assert set(drawn["Gas"]) == {"argon", "air", "vacuum"}
    curve = next(curve for curve in one.curves if curve.variable == "temperature_k")
    near = replace(curve, mean=tuple(0.5 + 0.1 * k for k in range(len(curve.x))), std=(0.4,) * len(curve.x))
    assert dependence(found, replace(one, curves=(near,)))["layout"]["yaxis"]["range"][0] == 0
    assert drawn["Temperature (K)"] == list(curve.x)
    assert len({tuple(axis["range"]) for key, axis in figure["layout"].items() if key.startswith("yaxis")}) == 1


def test_rows_of_a_history_go_by_their_source_everywhere(alloy, tmp_path):
    ledger, _ = alloy
    row = replace(front(ledger)[0], number=-2, round=-1, origin="history:known.csv:7", id="h7")
    rest = tuple(o for o in ledger.outcomes if o.number > 1)
    first = replace(ledger.outcomes[-1], neighbour=-2, distance=0.1)
    ledger = replace(ledger, outcomes=(row, *rest[:-1], first), folder=str(tmp_path))
    found = explain(ledger, Wanted(property=ledgers.USFE))
    assert -2 in found.front
    text = explanation_text(found)
    assert "history:known.csv:7 " in text
    assert "#-2" not in text
    write_explanation(found, tmp_path)
    html = page(ledger, Parities())
    assert "history:known.csv:7 at 0.1" in html
    assert "#-2" not in html
    for table in ("shap", "counterfactuals"):
        rows = csv.DictReader((tmp_path / "explanation" / f"{table}.csv").read_text().splitlines())
        assert "history:known.csv:7" in {row["candidate"] for row in rows}
    same = explain(ledger, Wanted(property=ledgers.USFE, candidate="history:known.csv:7"))
    assert same.front == (-2,)


def test_in_a_list_of_compounds_a_counterfactual_is_another_row(tmp_path):
    formulas = [f"{a}{b}{x}3" for a in ("Cs", "Rb", "K", "Tl") for b in ("Pb", "Sn", "Ge", "Ga") for x in ("I", "Br")]
    gaps = {name: 1.0 + 0.1 * k for k, name in enumerate(formulas)}
    (tmp_path / "list.csv").write_text("formula,gap\n" + "".join(f"{n},{g}\n" for n, g in gaps.items()))
    path = trial_campaigns.write(
        tmp_path,
        space={"use": "pool", "file": "list.csv", "features": ["formula"]},
        objectives={"gap": "minimize"},
        oracles=[{"use": "table", "file": "list.csv", "properties": ["gap"]}],
        optimizers=[{"use": "sobol"}],
        budget={"evaluations": 16, "batch": 8},
    )
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        list(campaign.events())
    worst = max(read_ledger(tmp_path / "run").finished, key=lambda o: o.values["gap"])
    found = explain(read_ledger(tmp_path / "run"), Wanted(candidate=str(worst.number), thresholds={"gap": 2.0}))
    (change,) = found.properties[0].counterfactuals
    assert change.candidate.partition(" ")[0] in gaps
    assert f"{worst.variables['formula']} → {change.candidate}" in explanation_text(found)


def test_logarithms_and_ordered_categories_are_told_in_their_own_units(tmp_path):
    grades = ["low", "mid", "top"]
    variables = {"time_h": {"low": 0.1, "high": 100, "scale": "log"}, "grade": {"choices": grades, "ordered": True}}
    path = trial_campaigns.write(
        tmp_path,
        space={"use": "parameters", "variables": variables},
        objectives={"a": "minimize"},
        oracles=[{"use": "person", "properties": ["a"]}],
        optimizers=[{"use": "sobol"}],
        budget={"evaluations": 12, "batch": 12},
        tracking={"enabled": False},
    )
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        for outcome in campaign.ask(12):
            rank = grades.index(outcome.variables["grade"])
            campaign.tell(outcome.id, {"a": float(np.log10(outcome.variables["time_h"])) + rank})
    ledger = read_ledger(tmp_path / "run")
    found = explain(ledger)
    assert found.variables == ("time_h", "grade")
    (one,) = found.properties
    (said,) = one.formulas
    assert "log10(time_h)" in said.text
    assert r"\log_{10}\left(\mathrm{time\_h}\right)" in said.latex
    assert said.codes == "grade: low 0, mid 1, top 2"
    assert "  where grade: low 0, mid 1, top 2" in explanation_text(found)
    curves = {curve.variable: curve.x for curve in one.curves}
    assert curves["grade"] == ("low", "mid", "top")
    assert (curves["time_h"][0], curves["time_h"][-1]) == pytest.approx((0.1, 100))
    for number, row in found.rows.items():
        told = next(o for o in ledger.outcomes if o.number == number).variables
        assert row["grade"] == told["grade"]
        assert row["time_h"] == pytest.approx(told["time_h"], rel=1e-4)
    axes = dependence(found, one)["layout"]
    kinds = {axis["title"]["text"]: axis.get("type") for key, axis in axes.items() if key.startswith("xaxis")}
    assert kinds == {"Time (h)": "log", "Grade": "category"}


def test_figures_and_what_they_say_when_pointed_at_name_variables_as_people_do(process):
    _, found = process
    (one,) = found.properties
    drawn = [beeswarm(found, one), dependence(found, one), interactions(found, one), waterfalls(found, one)]
    said = json.dumps(drawn, ensure_ascii=False)
    assert "temperature_k" not in said
    assert "Temperature (K)" in said
    assert re.search(r"<br>Temperature = \d+ K<br>adds", said)
    first = one.counterfactuals[0]
    moved = replace(first, variables={**found.rows[first.number], "temperature_k": 555.0})
    assert re.fullmatch(r"temperature [\d.]+ → 555 K", changes(found, moved))
    steps = [name for trace in drawn[3]["data"] for name in trace["y"]]
    assert any(re.fullmatch(r"Temperature = \d+ K", name) for name in steps)
