"""This file is evolution on the posterior: generations that cost no evaluation, and a diverse batch of their best.

The population starts from the best evaluated candidates and uniform samples, is judged by what the surrogates believe
(mean, optimistic bound or a random function), and the batch is taken from all that was bred and never evaluated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from eutectic.optimizers.base import Array, History, Index, Proposals, Reason, Space
from eutectic.optimizers.evolutionary.breeding import bred
from eutectic.optimizers.evolutionary.population import Acquire, Plan, Strategy, answered
from eutectic.optimizers.evolutionary.selection import Pool, pool, violation
from eutectic.optimizers.models.belief import Belief, learn
from eutectic.optimizers.pareto import ranked, thinned
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.scale import widths
from eutectic.optimizers.spaces.seen import once, unseen

Judge = Callable[[Array], tuple[Array, Array]]
"""X (n, d) -> believed losses (n, m) and constraints (n, c)."""
_KAPPA = 2.0
"""Standard deviations of optimism of `ucb` (dimensionless)."""
_DRAWS = 4
"""Random functions of `thompson` in one batch, at most."""
_FEATURES = 128
"""Cosines in a random function."""
_SIZE = 100
"""Least population on the posterior: it costs no evaluation."""


def evolve_on_posterior(
    strategy: Strategy, plan: Plan, space: Space, history: History, n: int, rng: np.random.Generator
) -> Proposals:
    """Evolve on the belief, once or for each random function, and send a diverse batch."""
    belief = learn(space, history, plan.recipes)
    shares = np.array_split(np.arange(n), min(n, _DRAWS) if plan.acquire == "thompson" else 1)
    seen, found = np.concatenate([history.X, history.pending]), np.empty((0, space.d))
    size = max(_SIZE, plan.size(history, n))
    for share in shares:
        judge = judged(belief, history, plan.acquire, space, rng)
        others = np.concatenate([seen, found])
        last = evolved(strategy, plan.generations, space, pool(history), judge, size, rng)
        best = diverse(space, last, others, found, len(share), rng)
        if len(best) < len(share):
            short = len(share) - len(best)
            best = np.concatenate(
                [best, more_children(strategy, space, last, np.concatenate([others, best]), short, rng)]
            )
        found = np.concatenate([found, best])
    answer = answered(plan, found, n, belief.notes)
    return Proposals(found, explained(plan.name, belief, found), belief.state, answer.notes)


def evolved(
    strategy: Strategy, generations: int, space: Space, start: Pool, judge: Judge, size: int, rng: np.random.Generator
) -> Pool:
    """The last population and the last children, judged by belief."""
    first = strategy.keep(start, size // 2, rng).X[: size // 2]
    X = np.concatenate([first, region.sample(space, size - len(first), rng)])
    every = believed(X, judge, 0)
    for generation in range(1, generations + 1):
        parents = strategy.keep(every, size, rng)
        places = generation * size + np.arange(size)
        children = _bred(strategy, space, parents, places, size, rng)
        every = parents.joined(believed(children, judge, generation * size))
    return every


def _bred(strategy: Strategy, space: Space, parents: Pool, places: Index, size: int, rng: np.random.Generator) -> Array:
    """New children (<= size, d) of these parents, for the places (size,)."""

    def breed(wanted: Index) -> tuple[Array, Array]:
        return strategy.children(space, parents, places[wanted], size, rng)

    return bred(space, breed, parents.X, size, rng)


def more_children(strategy: Strategy, space: Space, last: Pool, seen: Array, n: int, rng: np.random.Generator) -> Array:
    """More children of the last population (<= n, d), where too few of it were new."""
    parents = strategy.keep(last, max(_SIZE, n), rng)

    def breed(wanted: Index) -> tuple[Array, Array]:
        return strategy.children(space, parents, wanted, max(_SIZE, n), rng)

    return bred(space, breed, seen, n, rng)


def believed(X: Array, judge: Judge, first: int) -> Pool:
    """Rows X as if they had been evaluated, at the places from `first`; those without a finite belief are left out."""
    Y, C = judge(X)
    known = np.flatnonzero(np.isfinite(Y).all(1) & np.isfinite(C).all(1))
    return Pool(X[known], Y[known], violation(C[known], np.ones(C.shape[1])), first + known, np.zeros(len(known)))


def judged(belief: Belief, history: History, acquire: Acquire, space: Space, rng: np.random.Generator) -> Judge:
    """What is minimised on the posterior; targets as their loss, constraints in units of their spread."""
    m, tolerance = belief.m, history.tolerance
    wave = random_function(space, len(belief.outputs), rng) if acquire == "thompson" else None
    spread = np.nanstd(history.C, axis=0) if len(history.C) and history.C.shape[1] else np.empty(0)
    scale = np.ones(len(belief.outputs) - m)
    scale[: len(spread)] = np.where(spread > 0, spread, 1.0)

    def judge(X: Array) -> tuple[Array, Array]:
        mean, std = belief.moments(X)
        value = mean if wave is None else mean + std * wave(X)
        bonus = _KAPPA * std[:, :m] if acquire == "ucb" else np.zeros((len(X), m))
        target = np.maximum(np.abs(value[:, :m]) - np.nan_to_num(tolerance) - bonus, 0.0)
        loss = np.where(np.isnan(tolerance), value[:, :m] - bonus, target)
        return loss, value[:, m:] / scale

    return judge


@dataclass(frozen=True, slots=True, eq=False)
class FourierFunction:
    """Smooth random functions with variance one everywhere: sums of cosines (Rahimi and Recht 2007)."""

    frequency: Array
    """(k, _FEATURES, d) per natural unit."""
    phase: Array
    """(k, _FEATURES) radians."""

    def __call__(self, X: Array) -> Array:
        """Values (n, k) at X (n, d)."""
        pairs = zip(self.frequency, self.phase, strict=True)
        values: Array = np.stack([sqrt(2 / _FEATURES) * np.cos(X @ w.T + b).sum(1) for w, b in pairs], axis=1)
        return values


def random_function(space: Space, outputs: int, rng: np.random.Generator) -> FourierFunction:
    """Mean + std * this is a draw with the posterior's mean and variance, correlated over half of the space's width.

    (Not a joint draw of the posterior, which only some surrogates can give at thousands of points.)
    """
    frequency = rng.normal(size=(outputs, _FEATURES, space.d)) / (0.5 * sqrt(space.d) * widths(space))
    return FourierFunction(frequency, rng.uniform(0, 2 * np.pi, (outputs, _FEATURES)))


def diverse(space: Space, last: Pool, seen: Array, found: Array, n: int, rng: np.random.Generator) -> Array:
    """Up to n rows (<= n, d), none in `seen`: with one objective apart in X, and from `found`; else apart in Y."""
    new = unseen(space, last.X, seen)
    own = last.rows(np.flatnonzero(new)[once(space, last.X[new])])
    if not len(own):
        return own.X
    rank = ranked(own.Y, own.violation)
    if own.Y.shape[1] == 1:
        return spread_out(space, own.X[np.argsort(rank, kind="stable")], n, found)
    front = np.flatnonzero(rank == 0)
    enough = len(front) >= n
    rows = rng.permutation(front[thinned(own.Y[front], n)]) if enough else np.argsort(rank, kind="stable")[:n]
    return own.rows(rows).X


def spread_out(space: Space, X: Array, n: int, found: Array) -> Array:
    """N rows of X (k, d), best first, a tenth of the space from the others and `found`; nearer where that fails."""
    width = widths(space)
    kept: list[int] = []
    for radius in (0.1, 0.03, 0.01, 0.0):
        for i in range(len(X)):
            if len(kept) == n:
                break
            gap = np.sqrt((((np.concatenate([X[kept], found]) - X[i]) / width) ** 2).mean(1))
            if i not in kept and (gap >= radius).all():
                kept.append(i)
    return X[kept]


def explained(name: str, belief: Belief, X: Array) -> tuple[Reason, ...]:
    """Each row's predicted outputs and probability of feasibility."""
    if not len(X):
        return ()
    mean, std = belief.moments(X)
    m = belief.m
    return tuple(
        Reason(name, None, tuple(map(float, a[:m])), tuple(map(float, b[:m])), float(p))
        for a, b, p in zip(mean, std, belief.feasibility(X), strict=True)
    )
