"""This file is episodes: points built by choices, each with its path, what else was offered, and how likely it was.

Rewards are ranks: nothing but their order is learned from objectives and constraints, so that no unit, outlier or
missing value reaches a network.
"""

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array

Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Environment(Protocol):
    """How points are built."""

    @property
    def length(self) -> int:
        """Choices of an episode."""
        ...

    @property
    def tokens(self) -> int:
        """Different choices there are."""
        ...

    def begin(self, n: int, rng: np.random.Generator) -> Index:
        """States (n, ...) before the first choice."""
        ...

    def context(self, state: Index) -> Array:
        """What a network is told of them (n, f)."""
        ...

    def options(self, t: int, state: Index, path: Index) -> Mask:
        """(n, tokens) what choice t may be after path (n, t)."""
        ...

    def step(self, t: int, state: Index, token: Index) -> Index:
        """The states after it."""
        ...

    def rows(self, state: Index, path: Index, rng: np.random.Generator) -> Array:
        """The points (n, d) of finished paths (n, T)."""
        ...

    def replay(self, X: Array, rng: np.random.Generator) -> tuple[Index, Index, Index]:
        """Paths (r, T) that end at points X (n, d), the states they begin in, and whose they are (r,)."""
        ...


class Chooser(Protocol):
    """What chooses: a policy, or action values."""

    def choose(
        self, t: int, path: Index, context: Array, options: Mask, rng: np.random.Generator
    ) -> tuple[Index, Array]:
        """A token (n,) among the options (n, tokens) after path (n, t), and the logarithm of its probability (n,)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Episodes:
    """n finished episodes."""

    path: Index
    """(n, T) tokens."""
    options: Mask
    """(n, T, tokens)"""
    likely: Array
    """(n, T) logarithm of the probability that whoever chose gave to the choice."""
    context: Array
    """(n, f) what a network is told: weights of the objectives, then the start."""
    X: Array
    """(n, d) the points."""

    def rows(self, index: Index | slice) -> "Episodes":
        """These of them."""
        return Episodes(*(getattr(self, field.name)[index] for field in fields(self)))

    def joined(self, other: "Episodes") -> "Episodes":
        """Both, these first."""
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return Episodes(*(np.concatenate(pair) for pair in pairs))


def played(environment: Environment, chooser: Chooser, weights: Array, rng: np.random.Generator) -> Episodes:
    """One episode for each row of weights (n, w)."""
    n, start = len(weights), environment.begin(len(weights), rng)
    state, context = start, np.hstack([weights, environment.context(start)])
    path = np.empty((n, environment.length), dtype=np.int64)
    options = np.empty((n, environment.length, environment.tokens), dtype=bool)
    likely = np.empty((n, environment.length))
    for t in range(environment.length):
        options[:, t] = environment.options(t, state, path[:, :t])
        path[:, t], likely[:, t] = chooser.choose(t, path[:, :t], context, options[:, t], rng)
        state = environment.step(t, state, path[:, t])
    return Episodes(path, options, likely, context, environment.rows(state, path, rng))


def replayed(environment: Environment, X: Array, weights: int, rng: np.random.Generator) -> tuple[Episodes, Index]:
    """Points X (n, d) as if even chances had built them, and whose each episode is; weights are left at 0."""
    path, start, whose = environment.replay(X, rng)
    n, state = len(whose), start
    options = np.empty((n, environment.length, environment.tokens), dtype=bool)
    for t in range(environment.length):
        options[:, t] = environment.options(t, state, path[:, :t])
        options[np.arange(n), t, path[:, t]] = True  # earlier data may lie where nothing is offered
        state = environment.step(t, state, path[:, t])
    context = np.hstack([np.zeros((n, weights)), environment.context(start)])
    return Episodes(path, options, -np.log(options.sum(2)), context, X[whose]), whose


def order(Y: Array, violation: Array, weights: Array, fixed: bool) -> Index:
    """(n,) place of each row, 0 the best: by scalarised losses, then by violation; NaN losses come last of all.

    Y (n, m) losses scaled to 0 to 1 or about; violation (n,), 0 where all constraints hold. weights (m,): a weighted
    sum where `fixed`, else the augmented Chebyshev function (Knowles 2006, doi 10.1109/TEVC.2005.851274, eq. 2).
    """
    scaled = Y * weights
    loss = scaled.sum(1) if fixed else scaled.max(1) + 0.05 * scaled.sum(1)
    return np.asarray(np.argsort(np.lexsort((loss, violation, np.isnan(loss))), kind="stable"))


def utilities(place: Index) -> Array:
    """(n,) advantages of mean 0 from places: the best half counts, the best most of all.

    Wierstra et al. 2014, Journal of Machine Learning Research 15, 949-980, section 3.1, times n.
    """
    n = len(place)
    raw = np.maximum(0.0, np.log(n / 2 + 1) - np.log(place + 1))
    total = raw.sum()
    return np.asarray(n * raw / total - 1) if total > 0 else np.zeros(n)


def rewards(place: Index) -> Array:
    """(n,) rewards from -1 (the last place) to 1 (the first)."""
    return np.asarray(1 - 2 * place / max(1, len(place) - 1))
