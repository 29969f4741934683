"""Claims about the diagnostics of surrogates: metrics with known answers, and warnings that mean something."""

from dataclasses import replace

import numpy as np
import pytest

from eutectic.campaigns.analysis.parity import Parities, Parity
from eutectic.campaigns.file.sections import SurrogatePart
from eutectic.campaigns.loop.rounds import MOST, diagnostics, doubtful
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.record.outcomes import Round
from eutectic.campaigns.report.page import page
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.models.diagnostics import Check, central, chance_of_gain, crossvalidate, doubts, miscalibration
from eutectic.surrogates.composite.stacked import Stacked
from eutectic.surrogates.sisso.recipe import SISSO
from eutectic.surrogates.trees.forest import Forest
from tests.campaigns import ledgers

BOX = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))


def honest(n, rng, spread=1.0):
    """Predictions that explain half the variance, with the right standard deviation where spread is 1."""
    mean = rng.normal(size=n)
    return Check(mean + rng.normal(size=n), mean, np.full(n, spread))


def test_the_metrics_of_a_few_numbers_are_known():
    check = Check(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.5, 2.5, 5.0]), np.array([1.0, 0.5, 1.0, 0.4]))
    found = check.metrics
    assert found["n"] == 4
    assert found["mae"] == pytest.approx(0.5)
    assert found["rmse"] == pytest.approx(np.sqrt(1.5 / 4))
    assert found["r2"] == pytest.approx(1 - 1.5 / 5)
    assert found["coverage_50"] == pytest.approx(0.5)  # errors of 0, 1, 0.5 and 2.5 standard deviations
    assert found["coverage_95"] == pytest.approx(0.75)


def test_the_miscalibration_area_is_the_integral_of_the_calibration_curves_distance_from_the_diagonal():
    rng = np.random.default_rng(0)
    level = (np.arange(200_000) + 0.5) / 200_000
    for z in (rng.normal(size=37), 3 * rng.normal(size=20), 0.2 * rng.normal(size=11)):
        within = central(z)
        curve = np.searchsorted(np.sort(within), level, side="right") / len(z)
        assert miscalibration(within) == pytest.approx(np.abs(curve - level).mean(), abs=1e-4)
    assert miscalibration(central(np.zeros(9))) == pytest.approx(0.5)
    assert miscalibration(central(np.full(9, 50.0))) == pytest.approx(0.5)
    assert miscalibration(central(rng.normal(size=20_000))) < 0.01


def test_the_gain_over_the_mean_is_the_paired_t_test():
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(0)
    y = rng.normal(size=25)
    error = y - (0.6 * y + 0.4 * rng.normal(size=25))
    others = (y.sum() - y) / 24
    expected = ttest_rel((y - others) ** 2, error**2, alternative="greater").pvalue
    assert chance_of_gain(y, error) == pytest.approx(expected)


def test_honest_surrogates_are_hardly_ever_doubted():
    rng = np.random.default_rng(1)
    found = [doubts(honest(n, rng).metrics) for n in (20, 60, 200) for _ in range(100)]
    assert sum("narrow" in kinds or "wide" in kinds for kinds in found) <= 0.04 * len(found) + 3
    assert not any("mean" in kinds for kinds in found[200:])


def test_intervals_that_lie_are_named_too_narrow_or_too_wide():
    rng = np.random.default_rng(2)
    assert list(doubts(honest(60, rng, 0.3).metrics)) == ["narrow"]
    assert list(doubts(honest(60, rng, 4.0).metrics)) == ["wide"]
    assert "too narrow intervals" in doubts(honest(60, rng, 0.3).metrics)["narrow"]
    assert doubts(honest(5, np.random.default_rng(0), 4.0).metrics).get("wide") is None  # five values prove little


def test_a_surrogate_no_better_than_the_mean_is_doubted_and_one_not_proven_is_said_to_be():
    rng = np.random.default_rng(3)
    y = rng.normal(size=30)
    useless = doubts(Check(y, rng.normal(size=30), np.full(30, 1.5)).metrics)
    assert useless["mean"].startswith("predicts no better than the mean")
    weak = doubts({"n": 12.0, "r2": 0.1, "p_mean": 0.3})
    assert weak["mean"] == "is not shown to predict better than the mean yet (p = 0.30 from 12 values)"
    assert doubts({"n": 12.0, "r2": 0.6, "p_mean": 0.01}) == {}
    assert doubts({}) == {}


def test_a_round_tells_only_what_the_round_before_did_not():
    bad = {"n": 20.0, "r2": -0.1, "coverage_95": 0.5}
    first, second = Round(0, (), None, {"y": {"n": 20.0, "r2": -0.2}}), Round(1, (), None, {"y": bad, "z": bad})
    assert doubtful([first]) == ["the surrogate of y predicts no better than the mean (R² -0.20)"]
    told = doubtful([first, second])
    assert len(told) == 3
    assert [text for text in told if "of y " in text] == [
        "the surrogate of y has too narrow intervals: 50 % of 20 values in the 95 % ones"
    ]
    assert doubtful([second, second]) == []


def test_the_report_shows_the_warnings_and_what_surrogates_say():
    ledger = ledgers.single()
    values = np.array([o.values[ledger.spec.goals[0].name] for o in ledger.finished])
    metrics = Check(values, np.full(len(values), values.mean() + 1), np.full(len(values), 1e-3)).metrics
    parity = Parity(ledger.spec.goals[0].name, values, values, values, metrics, ("gp in charge",))
    html = page(ledger, Parities((parity,)))
    assert "predicts no better than the mean" in html
    assert "has too narrow intervals" in html
    assert "gp in charge" in html


def test_crossvalidation_without_a_state_starts_from_the_historys():
    seen = []

    class Listening(Forest):
        def fit(self, X, Y, names=(), *, variance=None, domain=None, start=None, tune=True):
            seen.append((start, tune))
            return Forest(trees=10).fit(X, Y, names, variance=variance, domain=domain, start=start, tune=tune)

    rng = np.random.default_rng(0)
    X = rng.random((12, 2))
    history = History.observed(X, X[:, :1])
    belief = learn(BOX, history, [Listening()])
    crossvalidate(history, BOX, [Listening()], belief.state)
    assert seen[0] == (None, True)
    assert seen[1] == (belief.state["belief"][0], False)


@pytest.mark.parametrize(
    "recipe",
    [Forest(), SISSO(rungs=1, terms=2, members=8), Stacked(), Stacked(preset="published", iterations=200, folds=3)],
)
def test_ensembles_are_recalibrated_unless_told_otherwise(recipe):
    """A third of a function's variance is noise; 95 % intervals of new observations hold nearly that."""
    rng = np.random.default_rng(5)
    X, T = rng.random((70, 2)), rng.random((500, 2))

    def measured(Z):
        return (np.sin(4 * Z[:, :1]) + Z[:, 1:]) + 0.25 * rng.normal(size=(len(Z), 1))

    fitted = recipe.fit(X, measured(X), ("a", "b"))
    posterior = fitted.posterior(T)
    spread = np.sqrt(posterior.variance[:, 0] + getattr(fitted.outputs[0], "noise", 0.0))
    inside = (np.abs(measured(T) - posterior.mean)[:, 0] <= 1.959964 * spread).mean()
    assert 0.88 <= inside <= 0.995


def test_a_long_campaign_is_tested_on_rows_from_all_of_it(tmp_path):
    ledger = ledgers.single(MOST + 60)
    ledger = replace(ledger, batches=(replace(ledger.batches[-1], state={"belief": []}),))
    spec = ledger.spec.model_copy(update={"surrogates": {"default": SurrogatePart(use="polynomial")}})
    found = diagnostics(build(spec, tmp_path, engines=False), replace(ledger, spec=spec))
    assert 0.9 * MOST < found["porosity_percent"]["n"] <= MOST  # some gave no values
    assert found["porosity_percent"]["rmse"] > 0
