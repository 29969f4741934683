import csv
import io
import json
from dataclasses import replace

import pytest

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.table import table
from eutectic.campaigns.exports.export import FORMATS, natural_reference, pareto_json, to_cif, to_csv, to_json, to_pwd
from eutectic.oracles.base import Evaluation
from tests.campaigns import ledgers
from tests.campaigns.crystal_campaigns import answered, campaign

CIF = "data_Cu\n_cell_length_a 3.6\nloop_\n_atom_site_label\nCu1\n"


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv_has_a_row_an_evaluation_with_the_promised_columns():
    ledger = ledgers.alloy()
    found = rows(to_csv(ledger))
    assert len(found) == 40
    head = ["id", "round", "status", "oracle", "fidelity", "origin", "cost_s", "number", *ledgers.ELEMENTS]
    assert list(found[0])[:13] == head
    assert list(found[0])[13:17] == [ledgers.B, ledgers.USFE, ledgers.VEC, f"{ledgers.VEC}_min"]


def test_candidates_and_rounds_count_from_one_in_every_export():
    ledger = ledgers.alloy()
    found, content = rows(to_csv(ledger)), json.loads(to_json(ledger))
    assert [row["number"] for row in found] == [str(k) for k in range(1, 41)]
    assert {row["round"] for row in found} == {str(r.index + 1) for r in ledger.rounds}
    assert [r["round"] for r in content["rounds"]] == [r.number for r in ledger.rounds] == [*range(1, 11)]
    assert [d["number"] for d in content["decisions"]] == [*range(1, 41)]
    assert content["decisions"][11]["name"] == "#12"


def test_what_was_known_before_is_named_by_its_source_in_exports():
    ledger = ledgers.alloy(4)
    known = replace(ledger.outcomes[0], number=-3, round=-1, origin="history: known.csv:12")
    hand = replace(ledger.outcomes[1], number=-4, origin="added by Eva")
    told = replace(ledger, outcomes=(known, hand, replace(ledger.outcomes[2], neighbour=-3), *ledger.outcomes[3:]))
    first, second = rows(to_csv(told))[:2]
    assert (first["number"], first["round"], first["origin"]) == ("", "0", "history:known.csv:12")
    assert (second["number"], second["origin"]) == ("", "added by Eva")
    decisions = json.loads(to_json(told))["decisions"]
    assert [d["number"] for d in decisions[:2]] == [None, None]
    assert [d["name"] for d in decisions[:2]] == ["history:known.csv:12", f"added by Eva ({hand.id[:8]})"]
    assert decisions[2]["neighbour"] == "history:known.csv:12"


def test_csv_values_are_natural_and_exact():
    ledger = ledgers.alloy()
    outcome = ledger.outcomes[0]
    row = rows(to_csv(ledger))[0]
    assert float(row[ledgers.B]) == outcome.values[ledgers.B]
    assert float(row["Cu"]) == outcome.variables["Cu"]
    assert float(row[f"{ledgers.VEC}_min"]) == outcome.excess[0]
    assert float(row[f"{ledgers.B}_std"]) == outcome.errors[ledgers.B]


def test_a_failed_evaluation_keeps_its_row_its_reason_and_empty_values():
    row = rows(to_csv(ledgers.alloy()))[5]
    assert row["status"] == "failed"
    assert row[ledgers.B] == ""
    assert "600 s" in row["error"]


def test_refused_values_are_shown():
    row = rows(to_csv(ledgers.alloy()))[22]
    assert row["status"] == "refused"
    assert float(row[ledgers.B]) == 9.9e9


def test_a_ladder_has_a_row_a_rung():
    ledger = ledgers.single(1)
    first = ledger.outcomes[0]
    cheap = Evaluation(first.id, "cheap", {"porosity_percent": 9.0}, fidelity=0.0, cost_s=1.0)
    dear = Evaluation(first.id, "dear", dict(first.values), fidelity=1.0, cost_s=50.0)
    names, found = table(replace(ledger, outcomes=(replace(first, evaluations=(cheap, dear)),)))
    seen = [dict(zip(names, row, strict=True)) for row in found]
    assert [(r["oracle"], r["fidelity"], r["cost_s"]) for r in seen] == [("cheap", 0.0, 1.0), ("dear", 1.0, 50.0)]
    assert [r["porosity_percent"] for r in seen] == [9.0, first.values["porosity_percent"]]


def test_a_variable_and_a_property_of_one_name_get_columns_of_their_own():
    ledger = ledgers.single(2)
    twins = tuple(replace(o, values={**o.values, "passes": 2.0, "id": 1.0}) for o in ledger.outcomes)
    names, _ = table(replace(ledger, outcomes=twins))
    assert len(names) == len(set(names))


def test_awkward_text_survives_csv():
    ledger = ledgers.single(2)
    said = 'line one\nline "two", with commas'
    odd = tuple(replace(o, error=said, status="failed") for o in ledger.outcomes)
    assert rows(to_csv(replace(ledger, outcomes=odd)))[0]["error"] == said


@pytest.mark.parametrize("make", [ledgers.alloy, ledgers.single, ledgers.many, ledgers.broken, ledgers.empty])
def test_json_is_standard_json_whatever_the_campaign(make):
    ledger = make()
    content = json.loads(to_json(ledger), parse_constant=pytest.fail)
    assert len(content["evaluations"]) == len(ledger.outcomes)
    assert content["campaign"]["name"] == ledger.spec.name


def test_json_holds_why_each_candidate_was_proposed():
    ledger = ledgers.alloy()
    decision = json.loads(to_json(ledger))["decisions"][20]
    reason = ledger.outcomes[20].reason
    assert decision["proposer"] == "bayesian"
    assert decision["predicted_mean"] == list(reason.mean)
    assert decision["neighbour"] == f"#{ledger.outcomes[20].neighbour}"


def test_a_reference_is_a_value_of_the_property_also_for_a_target():
    ledger = ledgers.many()
    goal, loss = ledger.spec.goals[0], ledger.reference[0]
    assert natural_reference(ledger)[0] == pytest.approx(goal.target + goal.tolerance + loss)
    assert goal.loss(goal.signed(natural_reference(ledger)[0])) == pytest.approx(loss)


def test_pareto_json_is_as_promised():
    ledger = ledgers.alloy()
    content = json.loads(pareto_json(ledger))
    assert list(content) == ["objectives", "reference", "hypervolume", "candidates"]
    assert content["objectives"] == [ledgers.B, ledgers.USFE]
    assert content["reference"] == [155.0, 320.0]
    assert content["hypervolume"] == ledger.hypervolume
    best = front(ledger)
    assert [c["id"] for c in content["candidates"]] == [o.id for o in best]
    assert list(content["candidates"][0]) == ["id", "variables", "values", "feasible", "errors", "number", "name"]
    assert [c["errors"] for c in content["candidates"]] == [dict(o.errors) for o in best]
    assert any(o.errors for o in best)
    assert all(c["feasible"] for c in content["candidates"])


@pytest.mark.parametrize("make", [ledgers.infeasible, ledgers.broken, ledgers.empty])
def test_pareto_json_of_a_campaign_without_a_front_has_no_candidates(make):
    assert json.loads(pareto_json(make()))["candidates"] == []


def test_cif_gathers_every_recorded_structure_under_its_own_name():
    ledger = ledgers.alloy(4)
    given = tuple(
        replace(o, evaluations=(replace(o.evaluations[0], artifacts={"relaxed.cif": CIF, "log": "x"}),))
        for o in ledger.outcomes
    )
    text = to_cif(replace(ledger, outcomes=given))
    names = [line for line in text.splitlines() if line.startswith("data_")]
    assert len(names) == len(set(names)) == 4
    assert names[0] == f"data_1_{given[0].id}_md_relaxed"


def test_cif_of_a_candidate_that_nobody_relaxed_is_what_was_proposed(tmp_path):
    with campaign(tmp_path) as running:
        answered(running, 2)
        ledger = running.ledger
    text = to_cif(ledger)
    assert text.count("_cell_length_a") == 2
    assert f"data_1_{ledger.outcomes[0].id}_proposed" in text


def test_cif_of_a_campaign_without_structures_is_refused_with_a_reason():
    with pytest.raises(ValueError, match="no evaluation of this campaign recorded a structure"):
        to_cif(ledgers.alloy(4))


def test_the_workflow_is_a_graph_whose_edges_meet_nodes():
    ledger = ledgers.alloy()
    graph = json.loads(to_pwd(ledger))
    assert graph["version"] == "0.1.0"
    ids = [node["id"] for node in graph["nodes"]]
    assert ids == list(range(len(ids)))
    assert all({edge["source"], edge["target"]} <= set(ids) for edge in graph["edges"])
    functions = [n for n in graph["nodes"] if n["type"] == "function"]
    assert len(functions) == len(front(ledger)) + 1
    assert [n["type"] for n in graph["nodes"]].count("output") == 1
    for node in functions[:-1]:
        ports = {e["targetPort"] for e in graph["edges"] if e["target"] == node["id"]}
        assert ports == {"campaign", "folder", "seed", "variables"}


def test_a_campaign_without_a_front_has_no_workflow():
    with pytest.raises(ValueError, match="no feasible candidate"):
        to_pwd(ledgers.broken())


def test_running_the_workflow_gives_the_front_its_values_again(tmp_path):
    (tmp_path / "model.py").write_text("def f(v):\n    return {'y': v['a'] ** 2 + len(v['b'])}\n")
    content = {
        "name": "again",
        "seed": 3,
        "space": {
            "use": "parameters",
            "variables": {"a": {"low": 0.0, "high": 2.0}, "b": {"choices": ["x", "yy"]}},
        },
        "objectives": {"y": "minimize"},
        "oracles": [{"use": "python", "function": "model:f"}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 2, "batch": 2},
    }

    def model(x, rng):
        return {"y": float(x["a"]) ** 2 + len(str(x["b"]))}, {}

    ledger = ledgers.campaign(content, [{"a": 0.5, "b": "yy"}, {"a": 1.5, "b": "yy"}], model)
    ledger = replace(ledger, facts={**ledger.facts, "source": str(tmp_path)})
    assert run(json.loads(to_pwd(ledger))) == {"candidate_1": {"y": 2.25}}


def test_the_formats_own_reader_takes_the_workflow_writes_it_back_and_runs_it(tmp_path, monkeypatch):
    models = pytest.importorskip("python_workflow_definition.models")
    from python_workflow_definition.purepython import load_workflow_json

    (tmp_path / "rule.py").write_text("def f(v):\n    return {'y': v['a'] ** 2 + v['b'], 'z': v['b']}\n")
    content = {
        "name": "again",
        "space": {"use": "parameters", "variables": {n: {"low": 0.0, "high": 2.0} for n in "ab"}},
        "objectives": {"y": "minimize", "z": "maximize"},
        "oracles": [{"use": "python", "function": "rule:f"}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 2, "batch": 2},
    }
    rows = [{"a": 0.5, "b": 1.0}, {"a": 0.5, "b": 0.25}]
    ledger = ledgers.campaign(content, rows, lambda x, rng: ({"y": x["a"] ** 2 + x["b"], "z": x["b"]}, {}))
    text = to_pwd(replace(ledger, facts={**ledger.facts, "source": str(tmp_path)}))
    file = tmp_path / "workflow.json"
    file.write_text(text)
    read = models.PythonWorkflowDefinitionWorkflow.model_validate_json(text)
    assert json.loads(read.dump_json()) == json.loads(text)
    assert load_workflow_json(str(file)) == {
        "candidate_1": {"y": 1.25, "z": 1.0},
        "candidate_2": {"y": 0.5, "z": 0.25},
    }


def run(graph):
    """What python-workflow-definition's own runner does, in a few lines."""
    from importlib import import_module

    values = {n["id"]: n.get("value") for n in graph["nodes"] if n["type"] == "input"}
    for node in (n for n in graph["nodes"] if n["type"] == "function"):
        arguments = {e["targetPort"]: values[e["source"]] for e in graph["edges"] if e["target"] == node["id"]}
        module, name = node["value"].rsplit(".", 1)
        gathers = node["value"] == "python_workflow_definition.shared.get_dict"
        values[node["id"]] = arguments if gathers else getattr(import_module(module), name)(**arguments)
    (output,) = [n["id"] for n in graph["nodes"] if n["type"] == "output"]
    (edge,) = [e for e in graph["edges"] if e["target"] == output]
    return values[edge["source"]]


def test_every_format_of_the_command_line_is_there():
    assert set(FORMATS) == {"csv", "json", "cif", "pymatgen", "pwd"}
