"""Claims about formulas that explain."""

import numpy as np
import pytest

from eutectic.surrogates.explain.formulas import equations_of, fitted_equation
from eutectic.surrogates.explain.inputs import Inputs
from eutectic.surrogates.sisso.recipe import SISSO
from tests.surrogates.explain.spaces import box, rows


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
