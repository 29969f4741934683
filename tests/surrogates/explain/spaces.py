"""Inputs to explain and rows of them."""

import numpy as np

from eutectic.optimizers.base import Mixture, Space
from eutectic.surrogates.explain.inputs import Inputs

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
