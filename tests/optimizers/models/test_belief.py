"""Claims about the belief over all outputs and its diagnostics."""

from dataclasses import replace

import numpy as np
import pytest

from eutectic.generators.representations.catalogue import ElementEncoding
from eutectic.generators.representations.elements import SYMBOLS, table
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.models.diagnostics import crossvalidate
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.gp.recipe import GaussianProcess
from tests.surrogates.gp.functions import box, data, smooth


def test_crossvalidation_metrics_are_good_on_a_smooth_function_and_bad_on_noise():
    X, Y = data(40)
    Y[:, 1] = np.random.default_rng(5).normal(size=40)
    good, bad = (check.metrics for check in crossvalidate(History.observed(X, Y), box()))
    assert good["r2"] > 0.95
    assert good["spearman"] > 0.95
    assert good["coverage_95"] >= 0.85
    assert bad["r2"] < 0.3
    shares = {"coverage_50", "coverage_95", "miscalibration_area", "p_mean"}
    assert set(good) == {"n", "rmse", "mae", "r2", "spearman", "nlpd", *shares}


def test_crossvalidation_takes_the_recorded_state_and_leaves_failed_rows_out():
    X, Y = data(15)
    Y[3] = np.nan
    history = History.observed(X, Y, -np.ones((15, 1)))
    history = replace(history, C=np.where(history.failed[:, None], np.nan, X[:, :1] - 0.5))
    belief = learn(box(), history, ())
    checks = crossvalidate(history, box(), state=belief.state)
    assert [len(check.observed) for check in checks] == [14, 14, 14]


class Refitting:
    """A surrogate without a closed form: a Gaussian process that hides it."""

    def fit(self, X, Y, names=(), *, variance=None, domain=None, start=None, tune=True):
        fitted = GaussianProcess().fit(X, Y, domain=domain, start=start, tune=tune)

        class Plain:
            state = fitted.state
            posterior = staticmethod(fitted.posterior)
            notes = ()

        return Plain()


def test_surrogates_without_closed_form_are_refitted_in_folds():
    X, Y = data(25)
    folds = crossvalidate(History.observed(X, Y[:, :1]), box(), [Refitting()])[0]
    assert folds.metrics["r2"] > 0.9


def test_failures_are_learned_as_infeasible():
    rng = np.random.default_rng(0)
    X = rng.random((40, 3))
    Y = np.where(X[:, :1] > 0.5, np.nan, smooth(X)[:, :1])
    belief = learn(box(), History.observed(X, Y), ())
    T = rng.random((50, 3))
    chance = belief.feasibility(T)
    assert chance[T[:, 0] < 0.3].min() > 0.7
    assert chance[T[:, 0] > 0.7].max() < 0.3


def test_on_a_list_unexplained_noise_counts_as_the_designs_own_unless_it_was_told():
    X, Y = data(20, noise=0.2)
    history, listed = History.observed(X, Y), replace(box(), table=X)
    assert learn(box(), history, ()).own == ()
    belief = learn(listed, history, ())
    assert belief.own == pytest.approx([output.processes[0].noise_variance for output in belief.outputs])
    assert min(belief.own) > 0
    told = replace(history, noise=np.column_stack([np.full(20, 0.2), np.full(20, np.nan)]))
    own = learn(listed, told, ()).own
    assert own[0] == 0
    assert own[1] > 0


def test_failures_are_learned_from_what_the_surrogates_see():
    numbers = (3, 11, 19, 37, 55, 4, 12, 20, 38, 56, 21, 39, 57, 22, 40, 72, 23, 41, 73, 24, 42, 74)
    labels = tuple(SYMBOLS[number - 1] for number in numbers)
    X = np.arange(len(labels), dtype=float)[:, None]
    space = Space(("a",), ("categorical",), np.zeros(1), X.max(0), (labels,), table=X)
    radius = table(labels, ("covalent_radius_pm",))[:, 0]
    failed = radius > np.median(radius)
    seen = np.random.default_rng(1).permutation(len(X))[:14]
    values = np.where(failed, np.nan, 1.0)[seen, None]
    history = replace(History.observed(X[seen], values), failed=failed[seen])
    left = np.setdiff1d(np.arange(len(X)), seen)
    radii = ElementEncoding(("covalent_radius_pm",), one_hot=False).of(space)
    by_name, by_radius = (
        learn(space, history, [recipe]).feasibility(X[left])
        for recipe in (GaussianProcess(), Represented(GaussianProcess(), radii, lambda: X))
    )
    assert np.ptp(by_name) < 1e-6  # a name that was not seen tells nothing
    assert np.mean((by_radius - ~failed[left]) ** 2) < 0.12
