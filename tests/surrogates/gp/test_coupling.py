"""Claims about outputs that are learned together."""

from dataclasses import replace

import numpy as np

from eutectic.generators.representations.catalogue import Columns
from eutectic.optimizers.base import History
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.models.belief import learn, together
from eutectic.optimizers.models.diagnostics import crossvalidate
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.gp.recipe import GaussianProcess
from tests.surrogates.gp.functions import UNIT, box, data, smooth


def test_a_well_measured_output_helps_a_badly_measured_one_it_is_coupled_to():
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(3):
        X, T = rng.random((25, 3)), rng.random((200, 3))
        clean = smooth(X)[:, 0]
        Y = np.column_stack([clean, -clean + 0.5 * rng.normal(size=25)])
        variance = np.column_stack([np.full(25, 1e-4), np.full(25, 0.25)])
        error = []
        for coupling in ("none", "icm"):
            fitted = GaussianProcess(coupling=coupling).fit(X, Y, domain=UNIT, variance=variance)
            error.append(np.abs(fitted.posterior(T).mean[:, 1] + smooth(T)[:, 0]).mean())
        gains.append(error[1] / error[0])
        correlation = fitted.processes[0].kernel.correlation(fitted.processes[0].lengths)
        assert float(correlation[0, 1]) < -0.5
    assert np.mean(gains) < 0.6


def test_coupled_outputs_taken_apart_stay_what_they_were():
    X, Y = data(12)
    fitted = GaussianProcess(coupling="icm").fit(X, Y, domain=UNIT)
    for j, part in enumerate(fitted.split()):
        assert (part.posterior(X).mean[:, 0] == fitted.posterior(X).mean[:, j]).all()
        assert part.leave_one_out().mean.shape == (12, 1)


def test_outputs_that_share_a_coupled_recipe_are_learned_together():
    coupled, alone = GaussianProcess(coupling="icm"), GaussianProcess()
    assert together([coupled, alone, coupled, alone]) == [[0, 2], [1], [3]]
    assert together([coupled, replace(coupled, kernel="rbf")]) == [[0], [1]]
    X, Y = data(20, noise=0.05)
    Y[4] = np.nan
    history = History.observed(X, Y, X[:, :1] - 0.5)
    recipes = [coupled, alone, coupled]
    belief = learn(box(), history, recipes)
    assert [output.processes[0].kernel.outputs for output in belief.outputs] == [2, 1, 2, 1]
    again = learn(box(), replace(history, state=belief.state), recipes)
    assert np.allclose(again.moments(X)[0], belief.moments(X)[0], atol=0.05)
    batch = Bayesian(draws=8, samples=32, starts=2, iterations=5).using(recipes)
    proposals = batch.propose(box(), replace(history, state=belief.state), 2, np.random.default_rng(0))
    assert proposals.X.shape == (2, 3)
    assert len(crossvalidate(history, box(), recipes, belief.state)) == 3


def test_outputs_over_a_representation_are_learned_together_too():
    X, Y = data(20, noise=0.05)
    seen = Represented(GaussianProcess(coupling="icm"), Columns().of(box()), lambda: X)
    assert together([seen, seen]) == [[0, 1]]
    history = History.observed(X, Y)
    belief, plain = (learn(box(), history, [recipe] * 2) for recipe in (seen, seen.recipe))
    assert [output.inner.processes[0].kernel.outputs for output in belief.outputs] == [2, 2]
    assert np.allclose(belief.moments(X)[0], plain.moments(X)[0], atol=0.02)
    assert len(crossvalidate(history, box(), [seen] * 2, belief.state)) == 2
