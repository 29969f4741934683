"""This file is how parents become children: crossover and mutation of numbers, steps, categories and mixtures.

All operators act on the whole population at once and draw from the generator given. Numbers in steps are varied as
real numbers and put back on their steps; a mutation changes them by one step at least. Children obey bounds, steps and
mixtures; linear and known constraints are the business of `breeding.py`.

Which variables change sides in a crossover follows from which of them hang together in the population (`linkage`). A
constrained front, or one in rotated variables, is a curve through several variables: a child that takes one of them
from one parent and one from the other falls off it. Variables that do not hang together are best mixed freely. Both
are read from the population itself, so no problem needs a setting. Links that are not monotonic are not seen.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Index, Mask, Space
from eutectic.optimizers.evolutionary.mixture_variation import blends, mend, on_grid, polynomial, transfer
from eutectic.optimizers.spaces.activity import settled


@dataclass(frozen=True, slots=True)
class Rates:
    """How strongly children differ from their parents; dimensionless."""

    crossover: float = 0.9
    """Probability that a pair is crossed."""
    eta_crossover: float = 15.0
    """Distribution index of simulated binary crossover: larger, nearer to the parents."""
    mutation: float | None = None
    """Probability that a variable is mutated; None: 1/d."""
    eta_mutation: float = 20.0
    """Distribution index of polynomial mutation."""

    def __post_init__(self) -> None:
        """Raise ValueError when a rate lies outside its range."""
        for name, value in (("crossover", self.crossover), ("mutation", self.mutation)):
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} is a probability, between 0 and 1, not {value}")
        for name, value in (("eta_crossover", self.eta_crossover), ("eta_mutation", self.eta_mutation)):
            if value < 0:
                raise ValueError(f"{name} must not be negative, not {value}")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which columns are numbers outside mixtures, which are categories."""

    numbers: Index
    grain: Array
    """Increment of each number; 0 where continuous."""
    highest: Array
    """Largest value of each number, on its steps."""
    codes: Index


@lru_cache(maxsize=64)
def layout(space: Space) -> Layout:
    """The columns of a space by the operators they take; cached by space. Rows of a table are varied as if free."""
    tied = {int(column) for blend in blends(space) for column in blend.columns}
    codes = [j for j, kind in enumerate(space.kinds) if kind == "categorical"]
    numbers = [j for j in range(space.d) if j not in tied and j not in codes]
    listed = space.table is not None
    steps = space.steps or (None,) * space.d
    integer = np.array([space.kinds[j] == "integer" for j in numbers], dtype=bool)
    grain = np.array([0.0 if listed or steps[j] is None else steps[j] for j in numbers], dtype=float)
    grain = np.where(integer & (grain == 0) & (not listed), 1.0, grain)
    low, high = space.lower[numbers], space.upper[numbers]
    unit = np.where(grain > 0, grain, 1.0)
    highest = np.where(grain > 0, low + unit * np.floor((high - low) / unit + 1e-9), high)
    return Layout(np.array(numbers, dtype=np.int64), grain, highest, np.array(codes, dtype=np.int64))


def offspring(
    space: Space, A: Array, B: Array, rates: Rates, rng: np.random.Generator, among: Array | None = None
) -> Array:
    """Two children of each pair A[i], B[i] (n, d): the (2n, d) first children first, crossed and mutated.

    `among` (p, d) is the population by whose linkage numbers change sides, if they do; see `cross`.
    """
    C, D = A.copy(), B.copy()
    crossed = np.flatnonzero(rng.random(len(A)) < rates.crossover)
    C[crossed], D[crossed] = cross(space, A[crossed], B[crossed], rates.eta_crossover, rng, among)
    both = settle(space, np.concatenate([C, D]), rng)
    chance = 1.0 / space.d if rates.mutation is None else rates.mutation
    return mutate(space, both, rng.random(both.shape) < chance, rates.eta_mutation, rng)


def couples(
    space: Space, A: Array, B: Array, k: int, rates: Rates, rng: np.random.Generator, among: Array | None = None
) -> tuple[Array, Array]:
    """The first k children (k, d) of the pairs A[i], B[i] (n, d), and the parent (k, d) each is nearer to."""
    return offspring(space, A, B, rates, rng, among)[:k], np.concatenate([A, B])[:k]


def cross(
    space: Space, A: Array, B: Array, eta: float, rng: np.random.Generator, among: Array | None = None
) -> tuple[Array, Array]:
    """Both children (n, d) of each pair; mixtures and steps are still to be settled.

    Without `among`, a number that is crossed goes to either child by itself and the others stay, as in the program of
    NSGA-II. With a population (p, d) every number, crossed or not, comes from the side of either parent, and numbers
    that hang together in that population from the same side.
    """
    plan = layout(space)
    C, D = A.copy(), B.copy()
    own = plan.numbers
    first, second = sbx(A[:, own], B[:, own], space.lower[own], plan.highest, eta, rng, beside=among is not None)
    if among is not None:
        over = sides(linkage(among[:, own]), len(A), rng)
        over ^= 2 * over.sum(1, keepdims=True) > over.shape[1]  # the first child keeps most of A, as in mixtures
        first, second = np.where(over, second, first), np.where(over, first, second)
    C[:, own], D[:, own] = first, second
    codes = plan.codes
    swap = rng.random((len(A), len(codes))) < 0.5
    C[:, codes], D[:, codes] = np.where(swap, B[:, codes], A[:, codes]), np.where(swap, A[:, codes], B[:, codes])
    for blend in blends(space):
        members = blend.columns
        F, G = A[:, members], B[:, members]
        beta = spread(rng.random((len(A), 1)), np.inf, eta)
        middle, gap = (F + G) / 2, (F - G) / 2
        low = np.where(blend.optional, 0.0, blend.lower)
        single = sbx(F, G, low, blend.upper, eta, rng)
        along = rng.random((len(A), 1)) < 0.5  # on the line through both parents, where the sum stays one
        C[:, members] = np.where(along, middle + beta * gap, single[0])
        D[:, members] = np.where(along, middle - beta * gap, single[1])
    return C, D


def linkage(X: Array) -> Array:
    """(k, k) how much the k variables of a population X (n, k) hang together: squared rank correlations, 0 to 1.

    In n rows unlinked variables have 1/(n - 1) by chance, so all are shrunk by (n - 2)/(n - 1): two rows link nothing.
    The matrix is positive definite, for the square, entry by entry, of a correlation matrix is semidefinite (Schur's
    product theorem) and the shrinking adds a share of the identity.
    """
    from scipy.stats import rankdata

    n, k = X.shape
    if n <= 2 or k == 0:
        return np.eye(k)
    centred = rankdata(X, axis=0) - (n + 1) / 2
    length = np.sqrt((centred**2).sum(0))
    unit = centred / np.where(length > 0, length, 1.0)
    linked: Array = (unit.T @ unit) ** 2 * (n - 2) / (n - 1)
    np.fill_diagonal(linked, 1.0)
    return linked


def sides(linked: Array, n: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n, k) which of k variables change sides, each with probability 1/2, linked ones together.

    The signs of normal numbers with covariance `linked` (k, k): two variables with entry r go the same way with
    probability 1/2 + arcsin(r) / pi (Sheppard 1899, doi 10.1098/rsta.1899.0003).
    """
    changed: NDArray[np.bool_] = rng.standard_normal((n, len(linked))) @ np.linalg.cholesky(linked).T < 0
    return changed


def sbx(
    A: Array, B: Array, low: Array, high: Array, eta: float, rng: np.random.Generator, beside: bool = False
) -> tuple[Array, Array]:
    """Simulated binary crossover within bounds, each variable (n, k) with probability 1/2.

    Either child may get either value of a variable; `beside`: the first those on A's side, the second those on B's.
    Deb and Agrawal, Simulated binary crossover for continuous search space, Complex Systems 9, 115-148 (1995); the
    bounds enter as in the NSGA-II program of Deb et al. 2002, doi 10.1109/4235.996017 (section V).
    """
    first, last = np.minimum(A, B), np.maximum(A, B)
    gap = last - first
    apart = gap > 1e-14 * np.maximum(high - low, np.maximum(np.abs(low), np.abs(high)))
    width = np.where(apart, gap, 1.0)
    u, middle = rng.random(A.shape), (first + last) / 2
    down = np.clip(middle - 0.5 * gap * spread(u, 1 + 2 * (first - low) / width, eta), low, high)
    up = np.clip(middle + 0.5 * gap * spread(u, 1 + 2 * (high - last) / width, eta), low, high)
    chosen = (rng.random(A.shape) < 0.5) & apart
    swap = A > B if beside else rng.random(A.shape) < 0.5
    C, D = np.where(swap, up, down), np.where(swap, down, up)
    return np.where(chosen, C, A), np.where(chosen, D, B)


def spread(u: Array, limit: Array | float, eta: float) -> Array:
    """Spread factor beta of SBX for uniform u, no larger than `limit` (the child on the bound)."""
    alpha = 2.0 - np.maximum(limit, 1.0) ** -(eta + 1.0)
    inner = u * alpha
    beta: Array = np.where(inner <= 1, inner, 1 / np.maximum(2 - inner, 1e-300)) ** (1 / (eta + 1))
    return beta


def mutate(space: Space, X: Array, chosen: Mask, eta: float, rng: np.random.Generator) -> Array:
    """X (n, d) with the chosen (n, d) variables changed; a chosen member of a mixture is one transfer in it."""
    plan = layout(space)
    X = X.copy()
    low = np.broadcast_to(space.lower[plan.numbers], (len(X), len(plan.numbers)))
    high = np.broadcast_to(plan.highest, low.shape)
    at = chosen[:, plan.numbers]
    before = X[:, plan.numbers]
    after = before.copy()
    after[at] = polynomial(before[at], low[at], high[at], eta, rng)
    stepped = at & (plan.grain > 0)
    grain = np.broadcast_to(plan.grain, low.shape)[stepped]
    after[stepped] = _stepped(before[stepped], after[stepped], grain, low[stepped], high[stepped])
    X[:, plan.numbers] = after
    codes = chosen[:, plan.codes]
    labels = np.broadcast_to(space.upper[plan.codes] + 1, codes.shape)[codes]
    jump = 1 + np.floor(rng.random(len(labels)) * np.maximum(labels - 1, 0))
    values = X[:, plan.codes]
    values[codes] = np.mod(values[codes] + jump, labels)
    X[:, plan.codes] = values
    for blend in blends(space):
        events = chosen[:, blend.columns].sum(1)
        for event in range(int(events.max(initial=0))):
            rows = np.flatnonzero(events > event)
            X[:, blend.columns] = transfer(blend, X[:, blend.columns], rows, eta, rng)
    return settled(space, X)


def _stepped(before: Array, after: Array, grain: Array, low: Array, high: Array) -> Array:
    """At least one step from `before`, to the other side where the bound is in the way."""
    value = on_grid(before, after, grain, low)
    mirrored = 2 * before - value
    outside = (value > high + 1e-9 * grain) | (value < low - 1e-9 * grain)
    return np.clip(np.where(outside, mirrored, value), low, high)


def settle(space: Space, X: Array, rng: np.random.Generator) -> Array:
    """X (n, d) inside its bounds, on its steps, categories and mixtures (the nearest of each, column by column)."""
    plan = layout(space)
    X = X.copy()
    low = space.lower[plan.numbers]
    unit = np.where(plan.grain > 0, plan.grain, 1.0)
    values = np.clip(X[:, plan.numbers], low, plan.highest)
    place = np.round((values - low) / unit, 9)  # half-way between two steps whatever the unit's rounding
    X[:, plan.numbers] = np.where(plan.grain > 0, low + unit * np.round(place), values)
    X[:, plan.codes] = np.clip(np.round(X[:, plan.codes]), 0, space.upper[plan.codes])
    for blend in blends(space):
        part = X[:, blend.columns]
        if blend.divisions is not None or blend.selective or not _inside(part, blend.lower, blend.upper):
            X[:, blend.columns] = mend(blend, part, rng)
    return settled(space, X)


def _inside(F: Array, low: Array, high: Array) -> bool:
    return bool(((low <= F) & (high >= F)).all() and (np.abs(F.sum(1) - 1) < 1e-12).all())
