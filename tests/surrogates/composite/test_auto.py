"""Claims about the automatic choice among surrogates."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml

from eutectic.campaigns.analysis.parity import leave_one_out
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.file import plugins
from eutectic.campaigns.report.page import page
from eutectic.campaigns.tracking.projection import measurements
from eutectic.surrogates import abilities
from eutectic.surrogates.composite import registry
from eutectic.surrogates.composite.auto import Auto, Verdict, beats, decided
from eutectic.surrogates.composite.registry import recipe
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.posteriors.joint_moments import joint_moments
from eutectic.surrogates.trees.forest import Forest
from tests.surrogates.composite.choices import UNIT, Flat, rows, smooth

PAIR = ({"use": "gp", "iterations": 20}, {"use": "polynomial"})


def steps(X):
    return 3.0 * (X[:, :1] > 0.5) + (X[:, 1:] > 0.3)


def test_the_surrogate_that_suits_the_function_is_chosen():
    X = rows(40)
    among = ({"use": "gp", "iterations": 15}, {"use": "forest", "trees": 20})
    assert Auto(among).fit(X, steps(X), domain=UNIT).verdict.choice == "forest"
    assert Auto(among[::-1]).fit(X, smooth(X), domain=UNIT).verdict.choice == "gp"


def test_the_first_is_in_charge_until_there_are_enough_rows():
    fitted = Auto(PAIR).fit(rows(9), smooth(rows(9)), domain=UNIT)
    assert fitted.verdict.choice == "gp"
    assert fitted.notes[0] == "gp in charge: too few rows to compare"


def test_what_optimizers_use_of_a_gaussian_process_is_there_when_it_is_in_charge():
    X = rows(20)
    fitted = Auto(PAIR).fit(X, smooth(X), domain=UNIT)
    alone = GaussianProcess(iterations=20).fit(X, smooth(X), domain=UNIT)
    assert fitted.verdict.choice == "gp"
    known = abilities.leaving_out(fitted)
    assert known is not None
    assert np.array_equal(known.leave_one_out().mean, alone.leave_one_out().mean)
    assert np.array_equal(abilities.noise(fitted), alone.noise)
    assert abilities.embedded(fitted)[0].state == alone.processes[0].state()
    fixed = torch.tensor(X[:3])
    for one, other in zip(joint_moments(fitted, fixed)(fixed), alone.joint_moments(fixed)(fixed), strict=True):
        assert torch.equal(one, other)


def test_differences_within_their_standard_error_change_nothing():
    rng = np.random.default_rng(0)
    held = rng.normal(size=50)
    alike = held + 0.1 * rng.normal(size=50)
    auto = Auto(PAIR)
    assert not beats(alike - alike.mean() + held.mean() + 0.01, held, 1.0)
    assert decided(auto, Verdict("gp"), {"gp": held, "polynomial": alike - 0.01}, 50).choice == "gp"
    assert decided(auto, Verdict("polynomial"), {"gp": held, "polynomial": alike - 0.01}, 50).choice == "polynomial"
    better = decided(auto, Verdict("gp"), {"gp": held, "polynomial": alike + 0.5}, 50)
    assert (better.choice, better.before) == ("polynomial", "gp")
    assert decided(replace(auto, margin=100), Verdict("gp"), {"gp": held, "polynomial": alike + 0.5}, 50).choice == "gp"


def test_one_row_predicted_badly_is_no_reason_to_change():
    held = np.zeros(30)
    held[7] = -1000.0
    assert not beats(np.full(30, -0.1), held, 1.0)


def test_the_choice_is_examined_again_only_after_enough_new_rows():
    counted: list[int] = []
    auto = Auto(({"use": "gp"}, {"use": "forest"}), every=10, folds=5).holding((Flat(1.0, seen=counted), Flat(2.0)))
    state = None
    fits = []
    for n in (10, 14, 19, 20, 29, 30):
        counted.clear()
        state = auto.fit(rows(n), smooth(rows(n)), start=state).state
        fits.append(len(counted) - 1)
    assert fits == [5, 0, 0, 5, 0, 5]


def test_a_choice_taken_up_from_its_state_goes_on_as_if_it_had_never_stopped():
    X, T = rows(40), rows(5, seed=9)
    Y = steps(X)
    auto = Auto(({"use": "gp", "iterations": 10}, {"use": "forest", "trees": 10}), folds=3)
    state = None
    for n in (12, 18, 30):
        fitted = auto.fit(X[:n], Y[:n], domain=UNIT, start=state)
        again = auto.fit(X[:n], Y[:n], domain=UNIT, start=json.loads(json.dumps(state)))
        assert np.array_equal(fitted.posterior(T).mean, again.posterior(T).mean)
        assert again.state == fitted.state
        state = fitted.state
    assert state["choice"] == "forest"
    assert set(state["scores"]) == {"gp", "forest"}


def test_a_state_about_other_surrogates_is_not_taken():
    X = rows(12)
    state = Auto(PAIR).fit(X, smooth(X), domain=UNIT).state
    other = Auto(({"use": "forest", "trees": 10}, {"use": "polynomial"}))
    assert state["choice"] == "gp"
    assert other.fit(X, smooth(X), domain=UNIT, start=state).verdict.choice in other.labels
    with pytest.raises(ValueError, match="earlier choice among forest, polynomial"):
        other.fit(X, smooth(X), start=state, tune=False)


def test_one_that_cannot_learn_the_rows_is_shown_and_not_chosen():
    X = rows(20)
    auto = Auto(({"use": "gp"}, {"use": "forest"})).holding((Flat(100.0), Flat(1.0, bears=3)))
    fitted = auto.fit(X, smooth(X))
    assert fitted.verdict.choice == "gp"
    assert fitted.state["scores"]["forest"] is None
    assert "forest failed" in fitted.notes[0]
    swapped = Auto(({"use": "forest"}, {"use": "gp"})).holding((Flat(1.0, bears=3), Flat(100.0)))
    assert swapped.fit(X, smooth(X)).verdict.choice == "gp"


def test_another_option_leaves_the_recipes_that_are_held():
    parts = (Flat(1.0), Flat(2.0))
    auto = replace(Auto(({"use": "gp"}, {"use": "forest"})).holding(parts), every=3)
    assert auto.recipes == parts
    with pytest.raises(ValueError, match="2 recipes are built for 3 of among"):
        replace(auto, among=(*auto.among, {"use": "sisso"}))


def test_the_recipes_that_are_held_are_no_option_of_a_file():
    assert "built" not in [option.name for option in plugins.manual("surrogates", "auto")]
    with pytest.raises(ValueError, match="has no option 'built'"):
        recipe({"use": "auto", "built": ()})


def test_units_reach_those_who_ask_for_them():
    auto = Auto(({"use": "gp"}, {"use": "sisso", "rungs": 1})).with_units(("eV", "angstrom"))
    assert auto.built[1].units == ("eV", "angstrom")


def test_two_of_a_name_are_told_apart():
    assert Auto(({"use": "gp"}, {"use": "sisso"}, {"use": "sisso", "rungs": 1})).labels == ("gp", "sisso", "sisso 2")


# options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"among": [{"use": "gp"}]}, "name two surrogates or more"),
        ({"among": [{"use": "gp"}, {}]}, "names no surrogate"),
        ({"among": [{"use": "gp"}, {"use": "auto"}]}, "auto cannot choose itself"),
        ({"among": [{"use": "gp"}, {"use": "sizzo"}]}, r"among.1.use: unknown surrogate 'sizzo'; did you mean 'sisso'"),
        ({"among": [{"use": "gp"}, {"use": "forest", "treez": 3}]}, r"among.1.treez: .*did you mean 'trees'"),
        ({"among": [{"use": "gp"}, {"use": "forest", "trees": 1}]}, r"among.1.trees: .*at least 2"),
        ({"every": 0}, "must be at least 1"),
        ({"folds": 1}, "must be at least 2"),
        ({"margin": -1.0}, "must be at least 0"),
    ],
)
def test_bad_options_are_refused_where_they_stand(options, message):
    built, complaints = plugins.examine("surrogates", {"use": "auto", **options})
    assert built is None
    with pytest.raises(AssertionError, match=message):
        raise AssertionError("; ".join(map(str, complaints)))


def test_a_campaign_files_list_becomes_recipes_with_their_options():
    among = [{"use": "gp"}, {"use": "sisso", "rungs": 1, "operators": ["+", "*"]}]
    built, complaints = plugins.examine("surrogates", {"use": "auto", "among": among})
    assert complaints == []
    assert built.built[1].operators == ("+", "*")
    alone = recipe(among[1])
    assert alone == built.built[1]


def test_a_name_within_python_is_refused_with_the_nearest(monkeypatch):
    X = rows(5)
    with pytest.raises(ValueError, match="unknown surrogate 'forrest'; did you mean 'forest'"):
        Auto(({"use": "gp"}, {"use": "forrest"})).fit(X, smooth(X))
    with pytest.raises(ValueError, match="no option 'treez'; did you mean 'trees'"):
        Auto(({"use": "gp"}, {"use": "forest", "treez": 3})).fit(X, smooth(X))
    entry = SimpleNamespace(name="theirs", value="eutectic.surrogates.trees.forest:Forest")
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == registry.GROUP else [])
    assert recipe({"use": "theirs", "trees": 7}) == Forest(trees=7)


# a whole campaign


def test_a_campaign_with_auto_records_choice_and_scores_and_shows_them(tmp_path: Path):
    (tmp_path / "steps.py").write_text("def f(v):\n    return {'y': 3.0 * (v['a'] > 0.5) + (v['b'] > 0.3)}\n")
    content = {
        "name": "steps",
        "space": {"use": "parameters", "variables": {"a": [0.0, 1.0], "b": [0.0, 1.0]}},
        "objectives": {"y": "minimize"},
        "oracles": [{"use": "python", "function": "steps:f"}],
        "surrogates": {"default": {"use": "auto", "among": [{"use": "gp"}, {"use": "forest", "trees": 10}]}},
        "optimizers": [{"use": "sobol", "evaluations": 16}, {"use": "bayesian", "samples": 64}],
        "budget": {"evaluations": 20, "batch": 4},
        "tracking": {"enabled": False},
    }
    (tmp_path / "steps.yaml").write_text(yaml.safe_dump(content))
    campaign = Campaign.from_yaml(tmp_path / "steps.yaml", tmp_path / "run")
    notes = [event.text for event in campaign.events() if event.kind == "note"]
    ledger = campaign.ledger
    campaign.close()
    state = json.loads(json.dumps(ledger.batches[-1].state))["belief"][0]
    assert state["examined"] == 16
    assert any("in charge" in note and "log predictive density at 16 rows" in note for note in notes)
    logged = {m.key: m.value for m in measurements(ledger, len(ledger.rounds) - 1)}
    assert logged["cv.log_density.gp.y"] == pytest.approx(state["scores"]["gp"])
    assert logged["cv.choice.y"] == 1 + ["gp", "forest"].index(state["choice"])
    assert f"{state['choice']} in charge" in page(ledger, leave_one_out(ledger))
