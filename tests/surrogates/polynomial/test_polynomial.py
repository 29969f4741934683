"""Claims about Bayesian polynomials."""

import numpy as np
import pytest
import torch

from eutectic.surrogates.polynomial.recipe import Polynomial
from tests.surrogates.functions import UNIT

# polynomial


def test_a_planted_cubic_is_found_with_its_coefficients():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.uniform(-1, 3, 60), rng.uniform(10, 12, 60)])
    y = 2 - X[:, 0] + 0.5 * X[:, 0] ** 2 * X[:, 1] + 0.3 * X[:, 1] ** 3
    found = Polynomial().fit(X, y, ("a", "b"))
    assert found.outputs[0].solved.degree == 3
    planted = {"1": 2.0, "a": -1.0, "a*a*b": 0.5, "b*b*b": 0.3}
    T = np.column_stack([rng.uniform(-1, 3, 9), rng.uniform(10, 12, 9)])
    said = found.outputs[0].coefficients(found.names)
    for key, value in said.items():
        assert value == pytest.approx(planted.get(key, 0.0), abs=2e-2)
    exact = 2 - T[:, 0] + 0.5 * T[:, 0] ** 2 * T[:, 1] + 0.3 * T[:, 1] ** 3
    assert found.posterior(T).mean[:, 0] == pytest.approx(exact, rel=1e-6)


def test_the_degree_with_the_most_evidence_is_taken():
    rng = np.random.default_rng(0)
    X = rng.random((40, 3))
    line = X @ np.array([1.0, -2, 0.5]) + 0.1 * rng.normal(size=40)
    assert Polynomial().fit(X, line).outputs[0].solved.degree == 1
    assert Polynomial(choose=False).fit(X, line).outputs[0].solved.degree == 3
    fine = Polynomial(most=10).fit(X, line)
    assert any("monomials" in note for note in fine.notes)


def test_the_polynomials_variance_and_leave_one_out_are_the_closed_forms():
    rng = np.random.default_rng(1)
    X, T = rng.random((15, 2)), rng.random((6, 2))
    y = np.sin(4 * X[:, 0]) + X[:, 1] + 0.1 * rng.normal(size=15)
    one = Polynomial().fit(X, y, domain=UNIT)
    out = one.outputs[0]
    s = out.solved

    def design(Z):
        return (s.terms(torch.tensor(Z)).numpy() - s.center) / s.size

    precision = (design(X).T @ design(X) + out.ratio * np.eye(len(s.center))) / out.level
    variance = (design(T) @ np.linalg.inv(precision) * design(T)).sum(1) + out.level / 15
    assert one.posterior(T).variance[:, 0] == pytest.approx(out.scale**2 * variance, rel=1e-6)
    left = one.leave_one_out()
    kept = np.arange(15) != 4
    D = np.column_stack([design(X)[kept], np.ones(14)])
    ridge = np.diag([out.ratio] * len(s.center) + [0.0])
    weights = np.linalg.solve(D.T @ D + ridge, D.T @ y[kept])
    row = np.append(design(X)[4], 1.0)
    assert left.mean[4, 0] == pytest.approx(row @ weights, rel=1e-6)
    wide = out.noise + out.scale**2 * out.level * row @ np.linalg.inv(D.T @ D + ridge) @ row
    assert left.variance[4, 0] == pytest.approx(wide, rel=1e-6)
