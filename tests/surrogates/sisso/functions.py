"""Planted formulas and rows of them."""

import numpy as np
import sympy

from eutectic.surrogates.sisso.features import Grammar, grow, primary
from eutectic.surrogates.sisso.recipe import SISSO

NAMES = ("a", "b", "c", "d")


QUICK = SISSO(screened=15, members=4)


GRAMMAR = Grammar(("+", "-", "|-|", "*", "/", "inv", "sq", "sqrt", "log"), 20, 1e8)


def inputs(n=60, d=4, seed=0):
    return np.random.default_rng(seed).uniform(0.5, 3.0, (n, d))


def bank_of(X, rungs=1, grammar=GRAMMAR):
    bank = primary(X, np.zeros((X.shape[1], 0)), range(X.shape[1]))
    for _ in range(rungs):
        bank = grow(bank, grammar, 10**6, lambda values: values[:, 0])
    return bank


def same(expression, truth, names=NAMES):
    symbols = [sympy.Symbol(name, real=True) for name in names]
    f, g = (
        sympy.lambdify(symbols, sympy.sympify(e, locals=dict(zip(names, symbols, strict=True))))
        for e in (expression, truth)
    )
    X = inputs(200, len(names), seed=99)
    expected = g(*X.T)
    return np.allclose(f(*X.T), expected, rtol=0, atol=1e-6 * np.std(expected))


def noisy(seed=0, n=60):
    X = inputs(n, seed=seed)
    Y = np.column_stack([X[:, 0] / X[:, 1] + X[:, 2], X[:, 3] * X[:, 0]])
    return X, Y + 0.2 * np.random.default_rng(seed).normal(size=Y.shape)


DEEP = SISSO(rungs=1, terms=1, kind="classification", operators=("+", "-", "*", "/"), screened=10)
