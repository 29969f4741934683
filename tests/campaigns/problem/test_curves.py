"""Objectives that are curves: read, measured, learned, reported; and what is refused."""

import numpy as np
import pytest
import torch
import yaml

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.parity import leave_one_out
from eutectic.campaigns.analysis.status import status_json, status_lines
from eutectic.campaigns.analysis.summary import findings
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.commands.predictions import predictions
from eutectic.campaigns.commands.printing import pareto_table, suggestions
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.exports.export import to_csv
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem import build
from eutectic.campaigns.problem.curves import with_distances
from eutectic.campaigns.record.fold import begin
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.report.page import page, write_report
from eutectic.campaigns.tracking.surrogate_file import final_surrogates, restore
from eutectic.oracles.base import Evaluation
from eutectic.surrogates.composite.curve_distance import Target
from eutectic.surrogates.posteriors.joint_moments import joint_moments

MODULE = """
import numpy as np
X = np.linspace(0, 1, 21)

def spectrum(v):
    if v["height"] > 1.9:
        return {"spectrum": X[:-1]}
    return {"spectrum": v["height"] * np.exp(-((X - v["place"]) / 0.2) ** 2)}
"""


def write(folder, **changed):
    (folder / "light.py").write_text(MODULE)
    x = np.linspace(0, 1, 21)
    rows = [f"{a:.3f},{1.2 * np.exp(-(((a - 0.6) / 0.2) ** 2)):.6f}" for a in x]
    (folder / "wanted.csv").write_text("\n".join(["position,spectrum", *rows]) + "\n")
    content = {
        "name": "light",
        "seed": 1,
        "space": {
            "use": "parameters",
            "variables": {"height": {"low": 0.5, "high": 2.0}, "place": {"low": 0.0, "high": 1.0}},
        },
        "objectives": {"spectrum": {"target": "wanted.csv"}},
        "oracles": [{"name": "lamp", "use": "python", "function": "light:spectrum"}],
        "optimizers": [{"use": "sobol", "evaluations": 6}, {"use": "bayesian"}],
        "budget": {"evaluations": 14, "batch": 2},
        "tracking": {"enabled": False},
    } | changed
    path = folder / "light.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def test_a_campaign_finds_the_curve_and_its_record_holds_curves_and_distances(tmp_path):
    with Campaign.from_yaml(write(tmp_path), folder=tmp_path / "run") as campaign:
        list(campaign.rounds())
        (best,) = campaign.pareto()
        ledger = campaign.logbook.ledger()
        space = campaign.problem.space
    assert best.values["spectrum"] < 0.03
    assert best.variables["place"] == pytest.approx(0.6, abs=0.03)
    history = history_of(ledger, space)
    assert history.curves[0].shape == (len(history.X), 21)
    measured = np.isfinite(history.curves[0]).all(1)
    assert measured.sum() == (~history.failed).sum()
    wanted = build.build(ledger.spec, tmp_path).curves["spectrum"]
    distances = [wanted.of(curve) for curve in history.curves[0][measured]]
    assert distances == pytest.approx(history.Y[measured, 0])
    short = [o for o in ledger.outcomes if o.failure]
    assert all("spectrum: it has 20 points, the target 21" in o.error for o in short)
    page = write_report(ledger, tmp_path / "page.html").read_text()
    assert "root of the mean squared difference over the points, to wanted.csv" in page
    assert page.count('"name": "wanted"') == 1


def test_another_distance_is_taken_of_every_curve_on_record_and_the_campaign_goes_on(tmp_path):
    path = write(tmp_path, optimizers=[{"use": "sobol"}], budget={"evaluations": 6, "batch": 2})
    with Campaign.from_yaml(path, folder=tmp_path / "run") as campaign:
        list(campaign.rounds())
        before = {o.number: o.values["spectrum"] for o in campaign.ledger.finished}
        changed = campaign.change(["objectives.spectrum.distance=wasserstein", "budget.evaluations=8"])
        assert "objectives.spectrum.distance: new, wasserstein" in " ".join(changed.differences)
        ledger, wanted = campaign.ledger, campaign.problem.curves["spectrum"]
        assert wanted.distance == "wasserstein"
        for outcome in ledger.finished:
            curve = np.array(outcome.evaluations[-1].curves["spectrum"])
            assert outcome.values["spectrum"] == outcome.losses[0] == pytest.approx(wanted.of(curve))
            assert outcome.values["spectrum"] != before[outcome.number]
        assert len(before) == len(ledger.finished)
        list(campaign.rounds())  # the oracle is the same: what it gives now is comparable
        assert len(campaign.ledger.finished) > len(before)
        assert campaign.logbook.record == begin(campaign.logbook.journal.since())
        there = campaign.ledger
    with Campaign.open(tmp_path / "run") as again:
        assert again.ledger.finished == there.finished


def test_a_curve_of_another_length_or_a_number_without_its_curve_is_no_distance_to_a_new_target(tmp_path):
    (tmp_path / "short.csv").write_text("position,spectrum\n0,1\n1,2\n")
    path = write(tmp_path, optimizers=[{"use": "sobol"}], budget={"evaluations": 4, "batch": 2})
    with Campaign.from_yaml(path, folder=tmp_path / "run") as campaign:
        list(campaign.rounds())
        with pytest.raises(CampaignFileError, match=r"spectrum of candidate #\d .*: it has 21 points, the target 2"):
            campaign.change(["objectives.spectrum.target=short.csv"])
        campaign.add({"height": 1.23, "place": 0.45}, {"spectrum": 0.5})
        with pytest.raises(CampaignFileError, match="is a distance without its curve"):
            campaign.change(["objectives.spectrum.distance=cosine"])


def test_a_kept_surrogate_of_a_curve_predicts_as_the_campaigns_own(tmp_path):
    import json

    import pandas as pd

    with Campaign.from_yaml(write(tmp_path), folder=tmp_path / "run") as campaign:
        list(campaign.rounds())
        ledger = campaign.logbook.ledger()
    (content,) = final_surrogates(ledger)
    path = tmp_path / "surrogate.json"
    path.write_text(json.dumps(content))
    best = min(ledger.finished, key=lambda o: o.values["spectrum"])
    predicted = restore(path).predict(pd.DataFrame([dict(best.variables)]))
    assert predicted["spectrum"][0] == pytest.approx(best.values["spectrum"], abs=0.03)


def test_one_number_where_a_curve_is_wanted_is_a_failed_evaluation():
    target = Target(np.arange(3.0), np.array([1.0, 2.0, 3.0]), "rms")
    told = with_distances(Evaluation("x", "lamp", {"spectrum": 1.0}), {"spectrum": target})
    assert told.status == "failed"
    assert told.error == "spectrum is one number, where a curve of 3 points is wanted"


def test_another_target_is_another_setting(tmp_path):
    one = build.build(CampaignSpec.from_file(write(tmp_path)), tmp_path).oracles[0].settings_hash
    (tmp_path / "wanted.csv").write_text("spectrum\n1\n2\n")
    other = build.build(CampaignSpec.from_file(tmp_path / "light.yaml"), tmp_path).oracles[0].settings_hash
    assert one != other


@pytest.mark.parametrize(
    ("objective", "table", "says"),
    [
        ({"target": "absent.csv"}, None, "absent.csv"),
        ({"target": "wanted.csv"}, "a,b,c\n1,2,3\n2,3,4\n", "wanted.csv has 3 columns"),
        ({"target": "wanted.csv"}, "a,b\n1,2\n1,3\n", "the axis of a target curve must increase"),
        ({"target": "wanted.csv"}, "b\n1\n", "at least 2 points"),
        ({"target": "wanted.csv"}, "b\n1\nx\n", "'x' is no number"),
        ({"target": "wanted.csv", "distance": "wasserstein"}, "b\n1\n-1\n", "no point below 0"),
        ({"target": "wanted.csv", "tolerance": 0.1}, None, "`tolerance` has no meaning beside a target curve"),
        ({"target": "wanted.csv", "goal": "maximize"}, None, "`goal` has no meaning beside a target curve"),
        ({"target": 3.0, "distance": "rms"}, None, "`distance` is for a property that is a curve"),
        ({"target": "wanted.csv", "distance": "euclid"}, None, "'euclid'"),
    ],
)
def test_a_target_curve_that_cannot_be_is_refused_with_its_place(tmp_path, objective, table, says):
    path = write(tmp_path, objectives={"spectrum": objective})
    if table is not None:
        (tmp_path / "wanted.csv").write_text(table)
    with pytest.raises(CampaignFileError) as refused:
        build.build(CampaignSpec.from_file(path), tmp_path)
    assert says in str(refused.value)
    assert "objectives.spectrum" in str(refused.value)


def test_everywhere_people_read_it_a_curve_s_value_is_called_a_distance_and_its_key_stays(tmp_path):
    with Campaign.from_yaml(write(tmp_path), folder=tmp_path / "run") as campaign:
        list(campaign.rounds())
        campaign.change(["space.variables.place.high=0.9", "budget.evaluations=15"])
        (asked_for,) = campaign.ask(1)
        spec, ledger, shown = campaign.problem.spec, campaign.ledger, "Spectrum (rms distance)"
        (predicted,) = campaign.predict([{"height": 1.2, "place": 0.6}])
        told = campaign.tell(asked_for.id, {"spectrum": 0.5})
    assert 0 <= predicted.properties["spectrum"].mean < 0.2
    assert told.values == {"spectrum": 0.5}
    assert shown in predictions([predicted], spec.goals)
    assert shown in suggestions([asked_for], spec, {})
    assert shown in pareto_table(ledger, front(ledger))
    assert f"best         {shown} 0.0" in "\n".join(status_lines(ledger, 0.0))
    assert list(status_json(ledger, 0.0)["best"]) == ["spectrum"]
    assert f"{shown} falls to" in findings(ledger, front(ledger))[1]
    text = page(ledger, leave_one_out(ledger))
    assert text.count(shown) > 8
    assert f"Measured: {shown}" in text
    assert "<th>Spectrum</th>" not in text
    assert "spectrum" in to_csv(ledger).splitlines()[0].split(",")


ALLOY = {"use": "composition", "elements": {"Cu": [0, 1], "Ni": [0, 1], "Fe": [0, 1]}}


@pytest.mark.parametrize("surrogate", ["gp", "forest"])
def test_a_curve_is_learned_over_a_representation_as_over_the_columns_themselves(tmp_path, surrogate):
    seen = {"default": {"use": surrogate, "representation": "element_statistics"}}
    path = write(tmp_path, space=ALLOY, surrogates=seen)
    problem = build.build(CampaignSpec.from_file(path), tmp_path)
    X = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    curves = X[:, :1] * np.exp(-(((np.linspace(0, 1, 21) - X[:, 1:2]) / 0.3) ** 2))
    target = problem.curves["spectrum"]
    Y = np.sqrt(((curves - target.values) ** 2).mean(1))[:, None]
    fitted = problem.recipes[0].measured(X, curves).fit(X, Y, problem.space.names)
    assert fitted.posterior(X).mean == pytest.approx(Y, abs=0.15)
    assert np.corrcoef(fitted.posterior(X).mean[:, 0], Y[:, 0])[0, 1] > 0.9
    mean, _, cross = joint_moments(fitted, torch.tensor(X[:2]))(torch.tensor(X[:5]))
    assert mean.detach().numpy() == pytest.approx(fitted.posterior(X[:5]).mean[:, 0])
    assert cross.shape == (5, 2)


@pytest.mark.parametrize("surrogate", ["sisso", "auto"])
def test_a_surrogate_that_cannot_learn_a_curve_is_refused_with_those_that_can(tmp_path, surrogate):
    path = write(tmp_path, surrogates={"default": {"use": surrogate}})
    with pytest.raises(CampaignFileError, match=f"'{surrogate}' cannot learn the curve 'spectrum'; .*forest, gp"):
        build.build(CampaignSpec.from_file(path), tmp_path)
