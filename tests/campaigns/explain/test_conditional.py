"""A campaign with a second step that is not always made: nothing is said of it where it is not."""

import csv
import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from eutectic.campaigns import cli
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.explain.explain import explain
from eutectic.campaigns.explain.files import read_explanation, write_explanation
from eutectic.campaigns.explain.text import explanation_text
from eutectic.campaigns.record.ledger import read_ledger
from tests.campaigns import trial_campaigns

HOLD = "hold_2_k"


@pytest.fixture(scope="module")
def annealed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("annealed")
    path = trial_campaigns.write(
        folder,
        space={
            "use": "parameters",
            "variables": {
                "bake_k": [600, 900],
                "step_2": ["none", "anneal"],
                HOLD: {"low": 400, "high": 800, "when": {"step_2": "anneal"}},
            },
        },
        objectives={"strength_mpa": "maximize"},
        oracles=[{"use": "python", "function": "furnace:strength"}],
        optimizers=[{"use": "sobol"}],
        budget={"evaluations": 40, "batch": 40},
        tracking={"enabled": False},
    )
    (folder / "furnace.py").write_text(
        "def strength(v):\n    return {'strength_mpa': v['bake_k'] / 10 + 0.2 * (v.get('hold_2_k', 700) - 700)}\n"
    )
    with Campaign.from_yaml(path, folder / "run") as campaign:
        list(campaign.rounds())
    return folder / "run", explain(read_ledger(folder / "run"))


def test_nothing_is_attributed_to_a_variable_where_it_is_not_active(annealed):
    _, found = annealed
    (one,) = found.properties
    j = found.variables.index(HOLD)
    values = dict(zip(one.swarm.numbers, np.array(one.swarm.values), strict=True))
    without = [n for n, row in found.rows.items() if row["step_2"] == "none"]
    assert len(without) > 5
    for number, row in found.rows.items():
        assert (row[HOLD] is None) == (number in without)
        assert (values[number][j] == 0) == (number in without)
        assert np.sum(values[number]) + one.swarm.base == pytest.approx(trial(row), abs=2)


def trial(row):
    return row["bake_k"] / 10 + (0.2 * (row[HOLD] - 700) if row[HOLD] is not None else 0)


def test_dependence_and_formulas_speak_of_candidates_in_which_it_is_active(annealed):
    _, found = annealed
    (one,) = found.properties
    curve = next(c for c in one.curves if c.variable == HOLD)
    assert curve.mean[-1] - curve.mean[0] == pytest.approx(80, rel=0.1)
    formulas = {said.where: said.text for said in one.formulas}
    assert set(formulas) == {"step_2 = none", "step_2 = anneal"}
    assert HOLD not in formulas["step_2 = none"]
    assert HOLD in formulas["step_2 = anneal"]


def test_no_view_names_it_there(annealed, tmp_path):
    folder, found = annealed
    (one,) = found.properties
    ledger = read_ledger(folder)
    best = {o.number: o for o in ledger.finished}[found.front[0]]
    told = explanation_text(found).split("\n\n")
    (mine,) = [part for part in told if part.startswith(f"#{best.number} ")]
    assert (HOLD in mine) == (best.variables["step_2"] == "anneal")
    for change in one.counterfactuals:
        assert change.variables is None or (change.variables[HOLD] is None) == (change.variables["step_2"] == "none")
    worst = min((o for o in ledger.finished if o.variables["step_2"] == "none"), key=lambda o: o.number)
    alone = CliRunner().invoke(cli.app, ["explain", str(folder), "--candidate", str(worst.number), "--format", "json"])
    assert json.loads(alone.stdout)["rows"][str(worst.number)][HOLD] is None
    write_explanation(found, tmp_path)
    assert read_explanation(tmp_path) == found
    (page,) = (tmp_path / "explanation").glob("shap.csv")
    shap = {int(row["candidate"]): row for row in csv.DictReader(page.read_text().splitlines())}
    assert float(shap[worst.number][HOLD]) == 0
    assert CliRunner().invoke(cli.app, ["explain", str(folder)]).exit_code == 0
    shown = (folder / "report.html").read_text()
    figures = re.findall(r'data-chart="\w+">(.*?)</script>', shown, flags=re.S)
    assert figures
    for text in figures:
        json.loads(text, parse_constant=pytest.fail)
        assert "not active" not in text
