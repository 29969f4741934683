"""Claims that every surrogate keeps."""

import json

import numpy as np
import pytest
import torch
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.models import ModelList
from botorch.sampling.get_sampler import get_sampler

from eutectic.optimizers.acquisition.baseline import improvement
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.models.diagnostics import crossvalidate
from eutectic.optimizers.search.batch import choose
from eutectic.optimizers.search.global_search import Effort
from eutectic.surrogates import BUILTIN
from eutectic.surrogates.abilities import leaving_out
from eutectic.surrogates.base import Domain
from eutectic.surrogates.composite.stacked import Stacked
from eutectic.surrogates.polynomial.recipe import Polynomial
from eutectic.surrogates.sisso.recipe import SISSO
from eutectic.surrogates.trees.forest import Forest
from tests.surrogates.functions import UNIT, fitted, recipe, toy

NAMES = [*sorted(BUILTIN), "published"]


def slope(X):
    return (X[:, :1] - 0.9) ** 2 + X[:, 1:]


# contracts


@pytest.mark.parametrize("name", NAMES)
def test_a_posterior_has_a_row_a_point_and_a_column_an_output(name):
    X, y = toy(8)
    both = recipe(name).fit(X, np.hstack([y, -2 * y]), ("a", "b"), domain=UNIT)
    T = np.random.default_rng(1).random((5, 2))
    posterior = both.posterior(T)
    assert posterior.mean.shape == posterior.variance.shape == (5, 2)
    assert np.isfinite(posterior.mean).all()
    assert np.isfinite(posterior.variance).all()
    assert (posterior.variance > 0).all()
    with torch.no_grad():
        assert both.model.posterior(torch.tensor(T)[:, None]).mean.shape == (5, 1, 2)


@pytest.mark.parametrize("name", NAMES)
def test_a_state_is_json_and_restores_the_fit_exactly(name):
    X, y = toy()
    state = json.loads(json.dumps(fitted(name).state))
    again = recipe(name).fit(X, y, ("a", "b"), domain=UNIT, start=state, tune=False)
    T = np.random.default_rng(1).random((7, 2))
    assert np.array_equal(fitted(name).posterior(T).mean, again.posterior(T).mean)
    assert np.array_equal(fitted(name).posterior(T).variance, again.posterior(T).variance)
    assert json.dumps(again.state) == json.dumps(state)


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_and_data_give_equal_fits(name):
    again = recipe(name).fit(*toy(), ("a", "b"), domain=UNIT)
    T = np.random.default_rng(1).random((7, 2))
    assert np.array_equal(fitted(name).posterior(T).mean, again.posterior(T).mean)
    assert np.array_equal(fitted(name).posterior(T).variance, again.posterior(T).variance)


@pytest.mark.parametrize("name", NAMES)
def test_restoring_without_a_state_is_refused(name):
    X, y = toy()
    with pytest.raises(ValueError, match="state"):
        recipe(name).fit(X, y, ("a", "b"), tune=False)


@pytest.mark.parametrize("name", NAMES)
def test_the_botorch_model_says_what_the_posterior_says(name):
    T = np.random.default_rng(2).random((6, 2))
    expected = fitted(name).posterior(T)
    with torch.no_grad():
        joint = fitted(name).model.posterior(torch.tensor(T))
        single = fitted(name).model.posterior(torch.tensor(T)[:, None])
    assert joint.mean[:, 0].numpy() == pytest.approx(expected.mean[:, 0], rel=1e-6, abs=1e-8)
    assert single.mean[:, 0, 0].numpy() == pytest.approx(expected.mean[:, 0], rel=1e-6, abs=1e-8)
    assert single.variance[:, 0, 0].numpy() == pytest.approx(expected.variance[:, 0], rel=1e-3, abs=1e-10)
    assert single.rsample(torch.Size([3])).shape == (3, 6, 1, 1)


# equal rows, and more rows than terms, have a singular covariance: what its factor takes of jitter is said, and small
@pytest.mark.filterwarnings("ignore:A not p.d., added jitter:linear_operator.utils.warnings.NumericalWarning")
@pytest.mark.parametrize("name", NAMES)
def test_the_botorch_model_serves_any_acquisition_also_where_a_candidate_has_been_measured(name):
    seen, new = torch.tensor(toy()[0]), torch.tensor(np.random.default_rng(2).random((3, 2)))
    model = fitted(name).model
    posterior = model.posterior(torch.cat([seen, seen[:2]]))
    draws = get_sampler(posterior, torch.Size([256]), seed=0)(posterior)
    assert torch.isfinite(draws).all()
    assert ((draws.mean(0) - posterior.mean).abs() < 0.5 * posterior.variance.sqrt() + 1e-3).all()
    both = ModelList(model, fitted("gp").model)
    for ours in (
        qLogNoisyExpectedImprovement(model, seen),
        qLogNoisyExpectedHypervolumeImprovement(both, [0.0, 0.0], seen),
    ):
        candidates = torch.cat([seen[:3], new])[:, None].requires_grad_()
        value = ours(candidates)
        value.sum().backward()
        assert torch.isfinite(value).all()
        assert torch.isfinite(candidates.grad).all()
        assert torch.isfinite(ours(torch.stack([new, seen[:3]]))).all()


# the reason is the same
@pytest.mark.filterwarnings("ignore:A not p.d., added jitter:linear_operator.utils.warnings.NumericalWarning")
@pytest.mark.parametrize("kind", [Polynomial, Stacked, Forest])
def test_a_model_of_several_outputs_has_draws_at_the_rows_it_has_seen(kind):
    X = np.random.default_rng(0).random((30, 3))
    Y = np.column_stack([X @ [1.0, 2.0, 3.0], X[:, 0] * X[:, 1]])
    for values in (Y[:, :1], Y):
        posterior = kind().fit(X, values).model.posterior(torch.tensor(X))
        assert torch.isfinite(posterior.rsample(torch.Size([4]))).all()
        assert posterior.mean.shape == values.shape


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_is_finite_even_where_there_is_none(name):
    T = torch.tensor(np.random.default_rng(2).random((4, 2)), requires_grad=True)
    posterior = fitted(name).model.posterior(T[:, None])
    (posterior.mean.sum() + posterior.variance.sum()).backward()
    assert torch.isfinite(T.grad).all()
    assert (T.grad.abs().sum() > 0) == getattr(fitted(name), "differentiable", True)


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_output_is_predicted_as_it_is_and_noted(name):
    X, _ = toy(9)
    flat = recipe(name).fit(X, np.full((9, 1), 5.0), ("a", "b"), domain=UNIT)
    posterior = flat.posterior(np.random.default_rng(1).random((4, 2)))
    assert posterior.mean == pytest.approx(5.0, abs=1e-6)
    assert (posterior.variance > 0).all()
    assert any("constant output" in note for note in flat.notes)


@pytest.mark.parametrize("name", NAMES)
def test_duplicates_and_few_rows_are_survived(name):
    X, y = toy(6)
    noisy = np.concatenate([y, y + 0.1])
    for rows, values in ((np.concatenate([X, X]), noisy), (X[:1], y[:1]), (X[:2], y[:2]), (X[:4], y[:4])):
        posterior = recipe(name).fit(rows, values, ("a", "b"), domain=UNIT).posterior(X)
        assert np.isfinite(posterior.mean).all()
        assert (posterior.variance > 0).all()
        assert np.isfinite(posterior.variance).all()


@pytest.mark.parametrize("name", NAMES)
def test_missing_values_and_lengths_that_differ_are_refused(name):
    X, y = toy(8)
    broken = X.copy()
    broken[3, 1] = np.nan
    with pytest.raises(ValueError, match="X has nan in row 3, column 'b'"):
        recipe(name).fit(broken, y, ("a", "b"))
    with pytest.raises(ValueError, match="Y has inf in row 0, column 'output 1'"):
        recipe(name).fit(X, np.where(y == y[0], np.inf, y), ("a", "b"))
    with pytest.raises(ValueError, match=r"."):
        recipe(name).fit(X, y[:5], ("a", "b"))


@pytest.mark.parametrize("name", NAMES)
def test_constant_collinear_and_repeated_inputs_change_little(name):
    X, y = toy()
    wide = np.column_stack([X, np.full(len(X), 0.4), X[:, 0], 1 - X.sum(1)])
    posterior = recipe(name).fit(wide, y, tuple("abcde")).posterior(wide)
    assert np.isfinite(posterior.mean).all()
    assert (posterior.variance > 0).all()
    assert np.abs(posterior.mean - y).mean() < 1.2 * np.abs(y - y.mean()).mean()


@pytest.mark.parametrize("name", NAMES)
def test_known_noise_that_differs_between_rows_is_taken(name):
    X, y = toy(10)
    variance = np.full((10, 1), 1e-4)
    variance[2], variance[3] = 1.0, np.nan
    y = y.copy()
    y[2] += 2.0
    heard = recipe(name).fit(X, y, ("a", "b"), domain=UNIT, variance=variance)
    assert np.isfinite(heard.posterior(X).mean).all()


@pytest.mark.parametrize("name", NAMES)
def test_rows_left_out_are_predicted_worse_than_rows_seen(name):
    _, y = toy()
    left = leaving_out(fitted(name)).leave_one_out()
    assert left.mean.shape == left.variance.shape == (14, 1)
    assert (left.variance > 0).all()
    inside = fitted(name).posterior(toy()[0]).mean
    assert ((left.mean - y) ** 2).mean() > 0.9 * ((inside - y) ** 2).mean()


@pytest.mark.parametrize("name", NAMES)
def test_categories_are_told_apart(name):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random(24), rng.integers(0, 3, 24)])
    y = np.array([0.0, 5.0, 1.0])[X[:, 1].astype(int)][:, None]
    domain = Domain(np.zeros(2), np.array([1.0, 2.0]), (1,))
    own = {"published": Stacked(preset="published", iterations=150, folds=2), "sisso": SISSO(rungs=1, task="kind")}
    chosen = own.get(name) or recipe(name)
    mean = chosen.fit(X, y, ("a", "kind"), domain=domain).posterior(np.array([[0.5, 0], [0.5, 1], [0.5, 2]])).mean
    assert mean[:, 0] == pytest.approx([0, 5, 1], abs=0.8)


@pytest.mark.parametrize("name", NAMES)
def test_a_campaign_over_a_pool_finds_its_best_sooner_than_chance(name):
    axis = np.linspace(0, 1, 9)
    pool = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    space = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2), steps=(0.125, 0.125))
    rng = np.random.default_rng(3)
    X = pool[rng.choice(len(pool), 8, replace=False)]
    optimizer = Bayesian(draws=8).using([recipe(name)])
    for i in range(3):
        history = History.observed(X, slope(X))
        X = np.concatenate([X, optimizer.ask(space, history, 2, np.random.default_rng([0, i]))])
    assert len(np.unique(X, axis=0)) == 14
    assert slope(X).min() <= np.sort(slope(pool)[:, 0])[4]


@pytest.mark.parametrize("name", ["forest", "stacked"])
def test_a_continuous_space_is_searched_with_and_without_gradients(name):
    space = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))
    history = History.observed(*toy(12))
    rng = np.random.default_rng(0)
    ours = improvement(learn(space, history, [recipe(name)]), history, 1, 16, rng)
    batch = choose(ours, space, history.X, 1, rng, Effort(64, 2, 10))
    sampled = ours.value(torch.tensor(np.random.default_rng(5).random((200, 2))))
    assert batch.values[0] >= float(sampled.quantile(0.97).log())


@pytest.mark.parametrize("name", ["cnn", "forest", "polynomial", "published", "stacked"])
def test_covariances_that_the_acquisition_uses_are_those_of_the_model(name):
    F, T = (torch.tensor(np.random.default_rng(s).random((4, 2))) for s in (1, 2))
    _, variance, cross = fitted(name).joint_moments(F)(T)
    with torch.no_grad():
        for i in range(4):
            joint = fitted(name).model.posterior(torch.cat([T[i : i + 1], F])).distribution.covariance_matrix
            assert cross[i].numpy() == pytest.approx(joint[0, 1:].numpy(), rel=1e-9, abs=1e-12)
            assert float(variance[i]) == pytest.approx(float(joint[0, 0]))
            assert float(torch.linalg.eigvalsh(joint)[0]) > -1e-9 * float(joint.diagonal().max())


@pytest.mark.parametrize("name", NAMES)
def test_every_surrogate_can_be_crossvalidated(name):
    space = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))
    (check,) = crossvalidate(History.observed(*toy()), space, [recipe(name)])
    assert 0.5 <= check.metrics["coverage_95"] <= 1
    assert np.isfinite(check.metrics["nlpd"])


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (Stacked, {"members": ("gp", "florest")}, "did you mean 'forest'"),
        (Stacked, {"members": ()}, "at least one"),
        (Stacked, {"folds": 1}, "folds must be at least 2"),
        (Forest, {"trees": 1}, "trees must be at least 2"),
        (Forest, {"features": 0.0}, "features must be above 0"),
        (Polynomial, {"degree": 4}, "degree must be 1, 2 or 3"),
    ],
)
def test_options_out_of_range_are_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options)
