"""Explanations of a prediction: known answers, and rows that stay compositions."""

import warnings

import numpy as np
import pytest

from eutectic.optimizers.base import Mixture, Space
from eutectic.optimizers.spaces import region
from eutectic.surrogates.explain.counterfactuals import distances, nearest_beyond
from eutectic.surrogates.explain.formulas import equations_of, fitted_equation
from eutectic.surrogates.explain.importance import dependence, lasso, permutation
from eutectic.surrogates.explain.inputs import Inputs, closed, joined, moved, reach
from eutectic.surrogates.explain.shapley import shapley, subsets
from eutectic.surrogates.sisso.recipe import SISSO

MIX = Space(("a", "b", "c", "d", "e"), ("fraction",) * 5, np.full(5, 0.05), np.full(5, 0.35),
            mixtures=(Mixture((0, 1, 2, 3, 4), (False,) * 5),))  # fmt: skip
FRACTIONS = Inputs(MIX.names, MIX.lower, MIX.upper, groups=((0, 1, 2, 3, 4),))
WEIGHTS = np.array([5.0, 1.0, 0.0, -1.0, -2.0])


def rng():
    return np.random.default_rng(4)


def box(d):
    return Inputs(tuple(f"x{j}" for j in range(d)), np.zeros(d), np.linspace(1.0, 3.0, d))


def rows(inputs, n):
    return inputs.lower + rng().random((n, inputs.d)) * (inputs.upper - inputs.lower)


def on_simplex(X):
    """A model that refuses whatever is no composition of the space."""
    np.testing.assert_allclose(X.sum(1), 1, atol=1e-9)
    assert X.min() >= 0.05 - 1e-9
    assert X.max() <= 0.35 + 1e-9
    return X @ WEIGHTS + 10 * X[:, 0] * X[:, 1]


@pytest.mark.parametrize("d", [3, 12])
def test_shap_of_a_linear_model_is_coefficient_times_distance_from_the_background_mean(d):
    inputs, weights = box(d), np.arange(1.0, d + 1)
    X = rows(inputs, 20)
    found = shapley(lambda Z: Z @ weights, X[:4], X, inputs, rng())
    np.testing.assert_allclose(found.values, weights * (X[:4] - X.mean(0)), atol=1e-9)
    np.testing.assert_allclose(np.nan_to_num(found.interactions), 0, atol=1e-9)


@pytest.mark.parametrize("d", [4, 12])
def test_shap_finds_the_planted_interaction_and_adds_up_to_the_prediction(d):
    def model(Z):
        return 3 * Z[:, 1] + 8 * (Z[:, 0] - 0.5) * (Z[:, 2] - 0.5)

    inputs = box(d)
    X = rows(inputs, 16)
    X[0, [0, 2]] = inputs.upper[[0, 2]]
    found = shapley(model, X[:1], X, inputs, rng())
    np.testing.assert_allclose(found.base + found.values.sum(1), model(X[:1]))
    pairs = np.nan_to_num(np.abs(found.interactions[0]))
    assert set(np.argwhere(pairs > 1e-9).ravel()) == {0, 2}
    gap = X[0, [0, 2]] - X[:, [0, 2]]
    np.testing.assert_allclose(pairs[0, 2], abs(8 * gap.prod(1).mean()))


def test_shap_of_compositions_never_leaves_the_simplex_and_adds_up():
    X = region.sample(MIX, 30, rng())
    found = shapley(on_simplex, X[:5], X[5:], FRACTIONS, rng())
    np.testing.assert_allclose(found.base + found.values.sum(1), on_simplex(X[:5]))
    assert found.base == pytest.approx(on_simplex(X[5:]).mean())


def test_shap_of_compositions_does_not_see_a_constant_added_to_every_coefficient():
    X = region.sample(MIX, 20, rng())
    one = shapley(lambda Z: Z @ WEIGHTS, X[:3], X, FRACTIONS, rng())
    other = shapley(lambda Z: Z @ (WEIGHTS + 7), X[:3], X, FRACTIONS, rng())
    np.testing.assert_allclose(one.values, other.values, atol=1e-9)


@pytest.mark.slow
def test_shap_is_what_the_shap_package_computes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package's colour maps, at import
        import shap
    X = region.sample(MIX, 12, rng())

    def masker(mask, x):
        return (joined(x, X, np.asarray(mask, dtype=bool)[None], FRACTIONS),)

    theirs = shap.ExactExplainer(on_simplex, masker)(X[:3]).values
    np.testing.assert_allclose(shapley(on_simplex, X[:3], X, FRACTIONS, rng()).values, theirs, atol=1e-9)


def test_joined_rows_keep_what_is_known_and_the_ratios_of_the_rest():
    free = Inputs(("a", "b", "c", "d"), np.zeros(4), np.ones(4), groups=((0, 1, 2, 3),))
    x, background = np.array([0.4, 0.3, 0.2, 0.1]), np.array([[0.1, 0.2, 0.3, 0.4]])
    found = joined(x, background, np.array([[True, False, False, False]]), free)[0]
    np.testing.assert_allclose(found, [0.4, 0.6 * 2 / 9, 0.6 * 3 / 9, 0.6 * 4 / 9])
    whole = joined(x, background, subsets(4)[[0, 15]], free)
    np.testing.assert_allclose(whole, [background[0], x])


def test_closing_pours_over_the_bounds_when_they_are_in_the_way():
    fixed = np.array([[True, True, False, False, False]])
    found = closed(np.array([[0.35, 0.35, 0.3, 0.05, 0.001]]), fixed, FRACTIONS)[0]
    np.testing.assert_allclose(found, [0.35, 0.35, 0.2, 0.05, 0.05], atol=1e-9)
    absent = Inputs(("a", "b", "c"), np.zeros(3), np.full(3, 0.5), groups=((0, 1, 2),))
    rest = closed(np.array([[0.1, 1.0, 0.0]]), np.array([[True, False, False]]), absent)[0]
    np.testing.assert_allclose(rest, [0.1, 0.5, 0.4], atol=1e-9)


def test_a_moved_fraction_leaves_the_others_their_ratios_and_stops_where_they_end():
    found = moved(np.array([[0.2, 0.1, 0.2, 0.2, 0.3]]), 0, np.array([0.28]), FRACTIONS)[0]
    np.testing.assert_allclose(found, [0.28, 0.09, 0.18, 0.18, 0.27])
    narrow = Inputs(("a", "b"), np.array([0.0, 0.4]), np.array([1.0, 0.7]), groups=((0, 1),))
    assert reach(0, narrow) == pytest.approx((0.3, 0.6))


def test_permutation_and_lasso_rank_the_planted_input_first():
    inputs = box(5)
    X = rows(inputs, 40)
    y = 4 * X[:, 3] + 0.3 * X[:, 1]
    rise, error = permutation(lambda Z: 4 * Z[:, 3] + 0.3 * Z[:, 1], X, y, inputs, rng())
    assert np.argsort(-rise)[:2].tolist() == [3, 1]
    np.testing.assert_allclose(rise[[0, 2, 4]], 0, atol=1e-12)
    assert error[3] > 0
    found = lasso(X, y, inputs)
    assert np.argsort(-np.abs(found))[:2].tolist() == [3, 1]
    assert found[3] == pytest.approx(4 * X[:, 3].std(), rel=0.05)


def test_lasso_takes_categories_and_says_nothing_of_what_does_not_vary():
    inputs = Inputs(("gas", "t"), np.zeros(2), np.array([2.0, 1.0]), categorical=(0,))
    X = np.stack([rng().integers(0, 3, 40).astype(float), np.full(40, 0.5)], 1)
    found = lasso(X, np.where(X[:, 0] == 1, 3.0, 0.0), inputs)
    assert found[0] > 1
    assert found[1] == 0
    assert not lasso(X, np.ones(40), inputs).any()


def test_partial_dependence_of_a_composition_stays_in_the_space_and_follows_the_ray():
    X = region.sample(MIX, 20, rng())
    curve = dependence(lambda Z: (on_simplex(Z), Z[:, 0]), X, 0, FRACTIONS, lambda Z: region.contains(MIX, Z, 1e-6))
    assert curve.x[0] == pytest.approx(0.05)
    assert curve.x[-1] == pytest.approx(0.35)
    assert (np.diff(curve.mean) > 0).all()
    np.testing.assert_allclose(curve.std, curve.x)


def test_partial_dependence_leaves_out_what_lies_outside_the_space():
    inputs = box(2)
    X = rows(inputs, 6)
    curve = dependence(lambda Z: (Z[:, 0], Z[:, 0]), X, 0, inputs, lambda Z: Z[:, 0] < 0.5)
    np.testing.assert_array_equal(np.isnan(curve.mean), curve.x >= 0.5)
    np.testing.assert_allclose(curve.mean[curve.x < 0.5], curve.x[curve.x < 0.5])


def test_counterfactual_of_a_linear_model_lies_at_the_known_distance():
    inputs, weights = box(3), np.array([1.0, 2.0, 0.0])
    x = np.full(3, 0.2)

    def lacking(Z):
        return 2.0 - Z @ weights

    found = nearest_beyond(lacking, x, rows(inputs, 300), inputs, lambda Z: np.clip(Z, 0, inputs.upper), rng())
    assert found.distance == pytest.approx(lacking(x[None])[0] / np.linalg.norm(weights * inputs.width), rel=1e-3)
    assert lacking(found.x[None])[0] <= 0
    assert found.x[2] == pytest.approx(0.2)


def test_counterfactual_of_a_composition_lies_in_the_space_at_the_known_distance():
    x = np.array([0.2, 0.2, 0.2, 0.2, 0.2])

    def lacking(Z):
        return 0.9 - Z @ WEIGHTS

    pool = region.sample(MIX, 300, rng())
    found = nearest_beyond(lacking, x, pool, FRACTIONS, lambda Z: region.snap(MIX, Z), rng())
    slope = WEIGHTS - WEIGHTS.mean()
    assert found.distance == pytest.approx(lacking(x[None])[0] / np.linalg.norm(slope), rel=1e-3)
    assert region.contains(MIX, found.x[None]).all()


def test_counterfactual_on_a_list_is_the_nearest_of_it_and_none_where_nothing_will_do():
    inputs = Inputs(("x", "gas"), np.zeros(2), np.array([10.0, 2.0]), categorical=(1,))
    pool = np.array([[9.0, 0.0], [3.0, 0.0], [2.0, 2.0]])
    x = np.array([2.0, 0.0])
    found = nearest_beyond(lambda Z: 2.5 - Z[:, 0], x, pool, inputs, None, rng())
    assert found.x.tolist() == [3.0, 0.0]
    assert found.distance == pytest.approx(0.1)
    assert nearest_beyond(lambda Z: 99 - Z[:, 0], x, pool, inputs, None, rng()).x is None
    np.testing.assert_allclose(distances(pool, x, inputs), [0.7, 0.1, 1.0])


def test_counterfactual_gives_needless_changes_back():
    inputs = Inputs(("x", "gas", "n"), np.zeros(3), np.array([10.0, 2.0, 4.0]), categorical=(1,), whole=(2,))
    space = Space(inputs.names, ("continuous", "categorical", "integer"), inputs.lower, inputs.upper,
                  (("",), ("air", "argon", "vacuum"), ("",)))  # fmt: skip
    x = np.array([2.0, 0.0, 1.0])
    pool = np.array([[8.0, 2.0, 4.0]])
    found = nearest_beyond(lambda Z: 5 - Z[:, 0], x, pool, inputs, lambda Z: region.snap(space, Z), rng())
    np.testing.assert_allclose(found.x, [5.0, 0.0, 1.0], rtol=1e-2)


def test_a_small_formula_explains_what_a_sisso_surrogate_is_itself():
    inputs = box(3)
    X = rows(inputs, 25)
    y = 2 * X[:, 0] * X[:, 1] + 1
    found = fitted_equation(X, y, inputs, X)
    assert "x0*x1" in found.text
    assert not found.own
    assert found.rmse < 1e-8
    assert (found.low, found.high) == (y.min(), y.max())
    fitted = SISSO(rungs=1, terms=1, members=0).fit(X, -y[:, None] + 3, inputs.names)
    (mine,) = equations_of(fitted, -1.0, 3.0, X, 3 - y, X)
    assert mine.own
    assert "2.0*x0*x1" in mine.text
    assert equations_of(object(), 1.0, 0.0, X, y, X) == ()


def test_no_formula_is_fitted_to_too_little():
    inputs = Inputs(("gas",), np.zeros(1), np.ones(1), categorical=(0,))
    assert fitted_equation(np.tile([[0.0], [1.0]], (5, 1)), np.arange(10.0), inputs, np.zeros((1, 1))) is None
    assert fitted_equation(rows(box(2), 5), np.arange(5.0), box(2), rows(box(2), 5)) is None


def test_a_formula_that_has_no_value_everywhere_says_where():
    X = np.random.default_rng(0).uniform(1, 4, (40, 2))
    points = np.array([[2.0, 0.0], [2.0, 1.0], [3.0, 2.0], [1.0, 0.0]])
    fitted = SISSO(rungs=1, terms=1, members=0, operators=("/",)).fit(X, (X[:, 0] / X[:, 1])[:, None], ["a", "b"])
    (found,) = equations_of(fitted, 1.0, 0.0, X, X[:, 0] / X[:, 1], points)
    assert found.undefined == 0.5


def two_tasks():
    X = np.stack([np.tile(np.linspace(1, 4, 12), 2), np.repeat([0.0, 2.0], 12)], 1)
    return X, np.where(X[:, 1] == 0, 2 * X[:, 0] + 1, 5 - 3 * X[:, 0] ** 2)


def test_every_task_has_its_own_formula_errors_and_ranges():
    X, y = two_tasks()
    X[12:, 0] += 2
    y[12:] = 5 - 3 * X[12:, 0] + np.tile([0.3, -0.3], 6)
    recipe = SISSO(rungs=1, terms=1, members=0, operators=("*",), task="q")
    one, other = equations_of(recipe.fit(X, -y[:, None], ["a", "q"]), -1.0, 0.0, X, -y, X)
    assert (one.task, other.task) == (("q", 0.0), ("q", 2.0))
    assert one.text == "2.0*a + 1.0"
    assert one.rmse < 1e-9 < 0.25 < other.rmse < other.left_out
    assert one.ranges == ((1.0, 4.0), (0.0, 0.0))
    assert other.ranges == ((3.0, 6.0), (2.0, 2.0))
    assert (one.low, one.high) == (3.0, 9.0)
    assert [c.term for c in other.coefficients] == ["", "a"]
    assert other.coefficients[1].value == pytest.approx(-3, abs=0.1)


def test_points_without_a_value_are_counted_within_their_task():
    X, _ = two_tasks()
    X = np.column_stack([X, np.tile([1.0, 2.0, 4.0], 8)])
    y = X[:, 0] / X[:, 2] * np.where(X[:, 1] == 0, 1, -1)
    fitted = SISSO(rungs=1, terms=1, members=0, operators=("/",), task="q").fit(X, y[:, None], ["a", "q", "b"])
    points = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 1.0], [1.0, 2.0, 1.0], [1.0, 2.0, 2.0]])
    assert [e.undefined for e in equations_of(fitted, 1.0, 0.0, X, y, points)] == [0.5, 0.0]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_classifiers_rule_holds_for_the_larger_value_and_says_how_often_it_is_right(sign):
    X = np.linspace(0.0, 1.0, 20)[:, None]
    natural = np.where(X[:, 0] > 0.52, 7.0, 3.0)
    natural[0] = 7.0
    signed = sign * (natural - 2.0)
    fitted = SISSO(kind="classification", rungs=0, terms=1).fit(X, signed[:, None], ["a"])
    (found,) = equations_of(fitted, sign, 2.0, X, signed, X)
    assert found.text.endswith(" > 0")
    assert found.latex.endswith(" > 0")
    assert (found.low, found.high) == (3.0, 7.0)
    assert found.right == 0.95
    assert found.rmse is found.left_out is None
    rule = [eval(found.text, {"a": float(a)}) for a in X[1:, 0]]
    np.testing.assert_array_equal(np.where(rule, found.high, found.low), natural[1:])
    slope, intercept = found.coefficients[1].value, found.coefficients[0].value
    np.testing.assert_array_equal(slope * X[1:, 0] + intercept > 0, rule)


def test_coefficients_have_units_where_these_are_known():
    X = np.random.default_rng(1).uniform(1, 4, (20, 2))
    y = 3 * X[:, 0] * X[:, 1] + 5
    recipe = SISSO(rungs=1, terms=1, members=0, units={"t": "K", "e": "eV"}, target_unit="GPa")
    (found,) = equations_of(recipe.fit(X, -y[:, None], ["t", "e"]), -1.0, 0.0, X, -y, X)
    first, second = found.coefficients
    assert (first.term, first.unit, second.term, second.unit) == ("", "GPa", "e*t", "GPa*K^-1*eV^-1")
    assert (first.value, second.value) == pytest.approx((5, 3))
    plain = SISSO(rungs=1, terms=1, members=0).fit(X, y[:, None], ["t", "e"])
    assert [c.unit for c in equations_of(plain, 1.0, 0.0, X, y, X)[0].coefficients] == ["", ""]
