"""Functions to learn and rows of them."""

import numpy as np
import torch

from eutectic.optimizers.base import Space
from eutectic.surrogates.base import Domain
from eutectic.surrogates.gp.hyperparameters import Task
from eutectic.surrogates.gp.kernels import Kernel

FORMS = ("matern52", "matern32", "rbf", "additive", "composition")


def smooth(X):
    return np.stack([np.sin(4 * X[:, 0]) + X[:, 1] ** 2, X[:, 0] * X[:, 2] - X[:, 1]], 1)


def data(n=30, d=3, seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, d))
    return X, smooth(X) + noise * rng.normal(size=(n, 2))


def ones(n):
    return torch.ones(n, dtype=torch.float64)


UNIT = Domain(np.zeros(3), np.ones(3))


def task_of(X, y, kernel=None, shared=False):
    kernel = kernel or Kernel("matern52", tuple(range(X.shape[1])), ())
    return Task(kernel, torch.tensor(X), torch.tensor(y), ones(len(y)), (np.exp(-4.0),), 1.0, shared)


def box(d=3):
    return Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d))
