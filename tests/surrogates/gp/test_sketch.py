"""A sketched process: nearly the same posterior from fewer rows."""

import numpy as np
import torch

from eutectic.surrogates.base import Domain
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.gp.sketch import RANK, sketched

BOX = Domain(np.zeros(3), np.ones(3))


def data(n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.random((n, 3))
    return X, (np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] + noise * rng.normal(size=n))[:, None]


def test_means_variances_and_covariances_are_nearly_those_of_all_rows() -> None:
    X, Y = data(300, 0.05)
    fitted = GaussianProcess().fit(X, Y, domain=BOX)
    (process,) = fitted.processes
    (few,) = fitted.sketched().processes
    assert len(few.rows) <= RANK < len(process.rows)
    Z = torch.tensor(np.random.default_rng(1).random((400, 3)))
    (mean, variance), (other, about) = process.moments(Z), few.moments(Z)
    assert float((mean - other).abs().max()) < 0.01 * float(mean.std())
    assert float((about / variance - 1).abs().max()) < 0.1
    one, two = (p.covariance(Z[:5], Z[5:9]) for p in (process, few))
    assert float((one - two).abs().max()) < 0.05 * float(variance.max())


def test_few_rows_are_not_sketched() -> None:
    X, Y = data(40, 0.05)
    (process,) = GaussianProcess().fit(X, Y, domain=BOX).processes
    assert sketched(process) is process


def test_rows_that_say_the_same_are_taken_once() -> None:
    X, Y = data(30, 0.05)
    X, Y = np.tile(X, (5, 1)), np.tile(Y, (5, 1))
    (process,) = GaussianProcess().fit(X, Y, domain=BOX).processes
    few = sketched(process)
    assert len(few.rows) <= 30
    Z = torch.tensor(np.random.default_rng(1).random((50, 3)))
    assert torch.allclose(few.moments(Z)[0], process.moments(Z)[0], atol=1e-3 * float(Y.std()))
