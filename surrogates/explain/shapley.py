"""This file is SHAP: what each input adds to a prediction, alone and in pairs (Lundberg and Lee 2017).

The worth of a set S of inputs of a row x is the mean prediction of rows that have x in S and a background row elsewhere
(arXiv:1705.07874, eq. 9 and 11: interventional). Where fractions sum to one, the background's other fractions share
what S leaves (`inputs.closed`), so every row predicted is a composition. If the proportions of the others are
independent of the fractions in S, complete neutrality, which Dirichlet-distributed compositions have (Connor and
Mosimann 1969, doi 10.1080/01621459.1969.10500963), this worth is the conditional expectation that Aas, Jullum and
Loland 2021 ask for dependent inputs (doi 10.1016/j.artint.2021.103502).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np

from eutectic.surrogates.base import Array
from eutectic.surrogates.explain.inputs import Inputs, Mask, joined

Predict = Callable[[Array], Array]
"""Rows (n, d) -> prediction (n,) in the property's unit."""
EXACT = 8
"""Inputs up to which every subset is asked."""
CHUNK = 8192
"""Rows predicted at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Shapley:
    """What inputs add to the predictions of n rows; all in the property's unit."""

    base: float
    """Mean prediction of the background; base + values.sum(1) is the prediction."""
    values: Array
    """(n, d)."""
    interactions: Array
    """(n, d, d) Shapley interaction indices, symmetric, 0 on the diagonal; NaN for pairs not looked at."""


def shapley(predict: Predict, X: Array, background: Array, inputs: Inputs, rng: np.random.Generator) -> Shapley:
    """Explain the rows of X (n, d) by background (b, d); exact for up to 8 inputs, else from permutations."""
    base = float(predicted(predict, background).mean())
    explain = _exact if inputs.d <= EXACT else _sampled
    rows = [explain(_game(predict, x, background, inputs), inputs.d, rng) for x in X]
    values = np.array([v for v, _ in rows]).reshape(len(X), inputs.d)
    return Shapley(base, values, np.array([p for _, p in rows]).reshape(len(X), inputs.d, inputs.d))


def predicted(predict: Predict, X: Array) -> Array:
    """Predictions (n,) of X (n, d), in chunks."""
    if not len(X):
        return np.empty(0)
    return np.concatenate([predict(X[i : i + CHUNK]) for i in range(0, len(X), CHUNK)])


Game = Callable[[Mask], Array]
"""Sets of inputs (k, d) -> their worth (k,)."""


def _game(predict: Predict, x: Array, background: Array, inputs: Inputs) -> Game:
    def worth(masks: Mask) -> Array:
        rows = joined(x, background, masks, inputs)
        means: Array = predicted(predict, rows).reshape(len(masks), len(background)).mean(1)
        return means

    return worth


def _exact(game: Game, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Values (d,) and pair interactions (d, d) from all 2^d sets."""
    del rng
    masks = subsets(d)
    worth, size = game(masks), masks.sum(1)
    # Shapley 1953: weight of a set without i is |S|! (d - |S| - 1)! / d!
    weight = np.array([factorial(s) * factorial(d - s - 1) / factorial(d) if s < d else 0.0 for s in range(d + 1)])
    place = 1 << np.arange(d)
    code = masks @ place
    values, pairs = np.empty(d), np.zeros((d, d))
    for i in range(d):
        out = np.flatnonzero(~masks[:, i])
        values[i] = (weight[size[out]] * (worth[code[out] + place[i]] - worth[code[out]])).sum()
    # Grabisch and Roubens 1999, doi 10.1007/s001820050125: |S|! (d - |S| - 2)! / (d - 1)! of the second difference
    second = np.array(
        [factorial(s) * factorial(d - s - 2) / factorial(d - 1) if s < d - 1 else 0 for s in range(d + 1)]
    )
    for i, j in combinations(range(d), 2):
        out = np.flatnonzero(~masks[:, i] & ~masks[:, j])
        change = worth[code[out] + place[i] + place[j]] - worth[code[out] + place[i]]
        change = change - worth[code[out] + place[j]] + worth[code[out]]
        pairs[i, j] = pairs[j, i] = (second[size[out]] * change).sum()
    return values, pairs


def subsets(d: int) -> Mask:
    """(2^d, d) every set of d inputs, row k the bits of k."""
    bits: Mask = (np.arange(1 << d)[:, None] >> np.arange(d)) & 1 == 1
    return bits


PERMUTATIONS = 3
"""Random orders, each gone through forwards and backwards."""
PAIRED = 4
"""Inputs with the largest values whose pairs are looked at."""
DRAWS = 6
"""Random sets at which the second difference of a pair is taken."""


def _sampled(game: Game, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The same from antithetic permutations (Mitchell et al. 2022, arXiv:2104.12199); values add up exactly."""
    forwards = [rng.permutation(d) for _ in range(PERMUTATIONS)]
    orders = [order for there in forwards for order in (there, there[::-1])]
    masks = np.concatenate([np.tri(d + 1, d, -1, dtype=bool)[:, np.argsort(order)] for order in orders])
    worth = game(masks).reshape(len(orders), d + 1)
    values = np.zeros(d)
    for order, steps in zip(orders, np.diff(worth, axis=1), strict=True):
        values[order] += steps / len(orders)
    return values, _pairs(game, np.argsort(-np.abs(values))[:PAIRED].tolist(), d, rng)


def _pairs(game: Game, chosen: list[int], d: int, rng: np.random.Generator) -> Array:
    """Mean second difference of each pair of the chosen inputs over sets drawn as the index weighs them."""
    found = np.full((d, d), np.nan)
    np.fill_diagonal(found, 0.0)
    pairs = list(combinations(chosen, 2))
    sets = np.empty((len(pairs), DRAWS, 4, d), dtype=bool)
    for k, (i, j) in enumerate(pairs):
        # a size drawn evenly from 0 to d - 2, then a set of that size among the others
        keys = rng.random((DRAWS, d))
        keys[:, [i, j]] = 2.0
        sets[k] = (keys.argsort(1).argsort(1) < rng.integers(0, d - 1, (DRAWS, 1)))[:, None, :]
        sets[k, :, :, i] = [True, True, False, False]
        sets[k, :, :, j] = [True, False, True, False]
    worth = game(sets.reshape(-1, d)).reshape(len(pairs), DRAWS, 4)
    for (i, j), change in zip(pairs, (worth * [1, -1, -1, 1]).sum(2).mean(1), strict=True):
        found[i, j] = found[j, i] = change
    return found
