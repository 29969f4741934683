"""A dry run checks every engine, tries every oracle once and forecasts time and cost, writing nothing."""

import os

import numpy as np
import pytest

from eutectic.campaigns.file import plugins
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop import dry_run
from eutectic.campaigns.loop.dry_run import Trial, check_and_forecast, forecast
from eutectic.campaigns.problem import build as problem
from eutectic.optimizers.spaces import region
from tests.campaigns import fakes

GOOD = """\
name: alloy
seed: 3
space: {use: square, side: 2.0}
objectives: {hardness_gpa: maximize}
oracles:
  - {use: sieve}
  - {use: anything}
optimizers:
  - {use: dice, evaluations: 12}
  - {use: dice}
budget: {evaluations: 60, batch: 4}
executor: {workers: 2}
"""


@pytest.fixture(autouse=True)
def _fake_parts(monkeypatch):
    for kind, table in fakes.TABLES.items():
        monkeypatch.setitem(plugins.KINDS, kind, table)


@pytest.fixture
def build(tmp_path):
    """The problem of the good file with overrides."""

    def make(*overrides):
        path = tmp_path / "c.yaml"
        path.write_text(GOOD)
        return problem.build(CampaignSpec.from_file(path, overrides), tmp_path, engines=False)

    return make


def python_oracle(tmp_path, source):
    """Overrides for a campaign with this function as its oracle."""
    (tmp_path / "mine.py").write_text(source)
    return "oracles=[{use: python, function: 'mine:f'}]"


@pytest.fixture
def _python(monkeypatch):
    """The built-in python oracle beside the fakes; in a worker it is built in anyway."""
    monkeypatch.setitem(
        plugins.KINDS, "oracles", {**fakes.TABLES["oracles"], "python": "eutectic.oracles.user.python:Python"}
    )


def test_a_good_campaign_passes_the_dry_run(build):
    built = build()
    found = check_and_forecast(built)
    assert found.ok
    assert found.points is None
    assert [check.message for check in found.checks] == ["", ""]
    assert [trial.oracle for trial in found.trials] == ["sieve", "anything"]
    total = sum(found.candidate.variables.values())
    assert found.trials[0].values == {"total": pytest.approx(total)}
    assert found.trials[1].values == {"hardness_gpa": 1.0}
    assert found.forecast.evaluations == 60
    assert found.lines()[0] == "space: 2 variables, infinitely many candidates"
    assert found.lines()[-1].startswith("forecast: 60 evaluations in about ")


def test_the_tried_candidate_is_the_seeds_and_lies_in_the_space(build):
    built = build()
    one, two, other = check_and_forecast(built), check_and_forecast(built), check_and_forecast(build("seed=4"))
    assert one.candidate == two.candidate != other.candidate
    assert region.contains(built.space, np.array([list(one.candidate.variables.values())])).all()


def test_a_missing_engine_is_a_line_with_its_cure(build, monkeypatch):
    monkeypatch.setattr(fakes.Probe, "inline", True, raising=False)
    found = check_and_forecast(build("oracles=[{use: probe, broken: pip install it}, {use: sieve}]"))
    assert not found.ok
    assert found.lines()[1] == "probe: pip install it"
    assert [trial.oracle for trial in found.trials] == ["sieve"]


def test_an_objective_nobody_returned_is_a_line(build):
    found = check_and_forecast(build("objectives={hardnes_gpa: maximize}"))
    assert not found.ok
    assert (
        "no oracle returned 'hardnes_gpa'; did you mean 'hardness_gpa'? returned: total, hardness_gpa" in found.lines()
    )


def test_a_value_outside_its_window_is_a_line(build):
    found = check_and_forecast(build("objectives={hardness_gpa: {goal: maximize, valid: {min: 2}}}"))
    assert found.complaints == ("hardness_gpa is 1, outside its valid window 2 to inf",)


@pytest.mark.usefixtures("_python")
def test_a_users_function_is_tried_in_a_process_of_its_own(build, tmp_path):
    good = "import os\ndef f(values):\n    return {'hardness_gpa': sum(values.values()), 'pid': os.getpid()}\n"
    found = check_and_forecast(build(python_oracle(tmp_path, good)))
    assert found.ok
    assert found.trials[0].values["hardness_gpa"] == pytest.approx(sum(found.candidate.variables.values()))
    assert found.trials[0].values["pid"] != os.getpid()


@pytest.mark.usefixtures("_python")
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise RuntimeError('no such alloy')", "no such alloy"),
        ("import os; os._exit(3)", "failed after"),
        ("import time; time.sleep(60)", "5 s"),
        ("return {'hardness_gpa': float('nan')}", "hardness_gpa is nan, not a finite number"),
    ],
)
def test_a_users_function_that_fails_is_a_line(build, tmp_path, body, says):
    overrides = python_oracle(tmp_path, f"def f(values):\n    {body}\n")
    found = check_and_forecast(build(overrides, "executor.timeout_s=5"))
    assert not found.ok
    assert any(says in line for line in found.lines()[2:-1])


TRIALS = (Trial("sieve", cost_s=0.0), Trial("anything", cost_s=10.0))


def test_time_is_evaluations_over_workers_plus_askings(build):
    told = forecast(build(), TRIALS, ask_s=2.0)
    assert (told.evaluations, told.evaluation_s) == (60, 10.0)
    assert told.total_s == pytest.approx(60 * 10 / 2 + 15 * 2)
    assert told.cost == pytest.approx(600)


def test_workers_beyond_the_batch_do_not_help(build):
    assert forecast(build("executor.workers=64"), TRIALS, 0.0).total_s == pytest.approx(60 * 10 / 4)


def test_a_declared_cost_counts_instead_of_seconds(build):
    assert forecast(build("oracles.anything.cost=3"), TRIALS, 0.0).cost == pytest.approx(180)


@pytest.mark.parametrize(
    ("budget", "evaluations"),
    [
        ("{hours: 1, batch: 4}", 720),
        ("{cost: 45}", 4),
        ("{evaluations: 60, cost: 45}", 4),
        ("{evaluations: 3, hours: 9}", 3),
    ],
)
def test_the_first_budget_to_run_out_ends_the_forecast(build, budget, evaluations):
    assert forecast(build(f"budget={budget}", "optimizers=[{use: dice}]"), TRIALS, 0.0).evaluations == evaluations


PERSON = "oracles=[{name: lab, use: person, properties: [hardness_gpa]}]"


@pytest.mark.parametrize(("cost", "said"), [("", ""), (", cost: 50", ", cost 3000")])
def test_how_long_a_person_takes_is_not_known(build, monkeypatch, cost, said):
    person = {"person": "eutectic.oracles.user.person:Person"}
    monkeypatch.setitem(plugins.KINDS, "oracles", {**fakes.TABLES["oracles"], **person})
    lines = check_and_forecast(build(PERSON.replace("]}]", f"]{cost}}}]"))).lines()
    assert "lab: waited for (`campaign suggest`, `campaign tell`)" in lines
    assert lines[-1] == f"forecast: 60 evaluations; how long lab will take is not known{said}"


def test_a_budget_of_hours_says_nothing_of_how_often_a_person_answers(build, monkeypatch):
    person = {"person": "eutectic.oracles.user.person:Person"}
    monkeypatch.setitem(plugins.KINDS, "oracles", {**fakes.TABLES["oracles"], **person})
    told = forecast(build(PERSON, "budget={hours: 1}", "optimizers=[{use: dice}]"), (), 0.5)
    assert (told.evaluations, told.total_s, told.cost) == (None, None, None)
    assert dry_run._forecast_line(told) == "forecast: evaluations; how long lab will take is not known"


def test_a_forecast_that_cannot_be_made_says_so(build):
    told = forecast(build("budget={hours: 1}", "optimizers=[{use: dice}]"), (), 0.0)
    assert told.total_s is None
    assert "cannot be said" in dry_run._forecast_line(told)
