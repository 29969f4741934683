"""This file is the training of a policy: on the evaluations made, or on episodes that the posterior judges.

Everything is learned anew for each batch from the history alone, so that a resumed campaign goes on as if it had never
stopped.
"""

from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal, Protocol

import numpy as np

from eutectic.optimizers.base import Array, History, Proposals, Space
from eutectic.optimizers.evolutionary.breeding import sampled
from eutectic.optimizers.evolutionary.population import Plan, answered
from eutectic.optimizers.evolutionary.selection import Pool, violation
from eutectic.optimizers.evolutionary.surrogate_assisted import Judge, believed, diverse, explained, judged
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.policies.composition_walk import Walk, increments
from eutectic.optimizers.policies.decision_tree import gridded, tree
from eutectic.optimizers.policies.episodes import Environment, Episodes, Index, order, played, replayed
from eutectic.optimizers.policies.network import ChoiceNet
from eutectic.optimizers.policies.policy_gradient import Gradient
from eutectic.optimizers.policies.q_network import ActionValues
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import keys, remember

_DRAWS = 4
"""Random functions of `thompson` in one batch, at most."""
_ROUND = 128
"""Episodes on the posterior between two trainings."""
_STEPS = 6
"""Gradient steps of one there."""
_REPLAY = {"gradient": 4 * _ROUND, "dqn": 32 * _ROUND}
"""Latest episodes it learns from: importance ratios forget, action values need not."""
_COMPROMISES = 15
"""Weights of the objectives that the steps on the history are divided among."""
_TRIES = 10
"""Times a batch is played before what is missing is sampled."""
_HEAT = 1.4
"""Rise in temperature from one of these to the next."""


class Options(Protocol):
    """What a policy can be told (`policy.py` says it to users)."""

    @property
    def method(self) -> Literal["gradient", "dqn"]:
        """What is learned: probabilities of choices, or their values."""
        ...

    @property
    def constraint(self) -> Literal["mask", "penalty"]:
        """What known constraints do."""
        ...

    @property
    def weights(self) -> tuple[float, ...]:
        """One an objective, or none: random weights, told to the network."""
        ...

    @property
    def moves(self) -> int:
        """Moves of one increment from a good known composition; 0: points are built from nothing."""
        ...

    @property
    def levels(self) -> int:
        """Values a continuous variable is chosen from."""
        ...

    @property
    def increment(self) -> float:
        """Increment of a composition without a step, in atomic fraction."""
        ...

    @property
    def steps(self) -> int:
        """Gradient steps on the history a batch."""
        ...

    @property
    def episodes(self) -> int:
        """Episodes on the posterior a batch."""
        ...

    @property
    def hidden(self) -> int:
        """Width of the network's hidden layers."""
        ...

    @property
    def rate(self) -> float:
        """Learning rate."""
        ...

    @property
    def entropy(self) -> float:
        """Weight of the entropy of a choice (nats)."""
        ...

    @property
    def explore(self) -> float:
        """Random choices of an episode, on average."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """What is learned, where, and from which part of the history."""

    options: Options
    space: Space
    environment: Environment
    learner: Gradient | ActionValues
    past: Episodes
    """The history as episodes (r)."""
    Y: Array
    """(r, m) their losses, scaled by `scale`; NaN where the evaluation failed."""
    violation: Array
    """(r,)"""
    scale: tuple[Array, Array]
    """Lowest loss and range of the losses (m,)."""

    @property
    def conditions(self) -> int:
        """Weights of objectives that the network is told."""
        return 0 if self.options.weights or self.Y.shape[1] == 1 else self.Y.shape[1]

    def weights(self, rng: np.random.Generator) -> Array:
        """(m,) those given, or random ones."""
        if self.options.weights:
            return np.array(self.options.weights)
        return np.asarray(rng.dirichlet(np.ones(self.Y.shape[1])))

    def learn_once(
        self, episodes: Episodes, Y: Array, broken: Array, weights: Array, steps: int, rng: np.random.Generator
    ) -> None:
        """Learn from episodes with scaled losses Y (n, m) and violations (n,) under one set of weights (m,)."""
        context = episodes.context.copy()
        context[:, : self.conditions] = weights[: self.conditions]
        place = order(Y, broken, weights, bool(self.options.weights))
        self.learner.learn(replace(episodes, context=context), place, steps, rng)

    def learn(self, episodes: Episodes, Y: Array, broken: Array, rng: np.random.Generator) -> None:
        """All the steps on the history, or on more than that."""
        rounds = _COMPROMISES if self.conditions else 1
        if len(Y):
            for _ in range(rounds):
                self.learn_once(episodes, Y, broken, self.weights(rng), -(-self.options.steps // rounds), rng)

    def play(self, n: int, weights: Array, rng: np.random.Generator, heat: float = 1.0) -> Episodes:
        """N episodes under weights (n, m) or (m,); with heat above 1, more varied than was learned."""
        told = np.broadcast_to(weights, (n, self.Y.shape[1]))[:, : self.conditions]
        return played(self.environment, replace(self.learner, heat=heat), told, rng)


def trained_on_history(
    options: Options, plan: Plan, space: Space, history: History, n: int, rng: np.random.Generator
) -> Proposals:
    """A policy of the evaluations, and up to n new rows that it builds."""
    training, notes = prepared(options, space, history, rng)
    if training is None:
        X = sampled(space, _seen(history), n, rng)
        return answered(plan, X, n, notes)
    training.learn(training.past, training.Y, training.violation, rng)
    if options.constraint == "penalty" and space.known is not None:
        penalised(training, rng)
    X = gathered(training, _seen(history), n, rng)
    if len(X) < n:
        notes = (*notes, f"the policy built {len(X)} new points of {n}: the others were sampled evenly")
        X = np.concatenate([X, sampled(space, np.concatenate([_seen(history), X]), n - len(X), rng)])
    return answered(plan, X, n, notes)


def trained_on_posterior(
    options: Options, plan: Plan, space: Space, history: History, n: int, rng: np.random.Generator
) -> Proposals:
    """A policy of the posterior, once or for each random function, and a diverse batch of what it built."""
    belief = learn(space, history, plan.recipes)
    shares = np.array_split(np.arange(n), min(n, _DRAWS) if plan.acquire == "thompson" else 1)
    seen, found, notes = _seen(history), np.empty((0, space.d)), belief.notes
    for share in shares:
        training, more = prepared(options, space, history, rng)
        others = np.concatenate([seen, found])
        best = np.empty((0, space.d))
        if training is not None:
            judge = judged(belief, history, plan.acquire, space, rng)
            every = played_on_posterior(training, judge, options.episodes // len(shares), rng)
            best = diverse(space, every, others, found, len(share), rng) if every is not None else best
        if len(best) < len(share):
            best = np.concatenate([best, sampled(space, np.concatenate([others, best]), len(share) - len(best), rng)])
        notes, found = tuple(dict.fromkeys((*notes, *more))), np.concatenate([found, best])
    answer = answered(plan, found, n, notes)
    return Proposals(found, explained(plan.name, belief, found), belief.state, answer.notes)


def prepared(
    options: Options, space: Space, history: History, rng: np.random.Generator
) -> tuple[Training | None, tuple[str, ...]]:
    """Environment, fresh network and history as episodes; None, with a note, where there is nowhere to start from."""
    ended = history.finished | history.failed
    good = history.finished & ~history.failed
    Y = np.where(good[:, None], history.Y, np.nan)[ended]
    low = np.nanmin(Y, axis=0)
    width = np.nanmax(Y, axis=0) - low
    scale = low, np.where(width > 0, width, 1.0)
    Y = (Y - scale[0]) / scale[1]
    broken = np.where(good[ended], violation(np.nan_to_num(history.C[ended])), 0.0)
    environment = starting_environment(options, space, history.X[ended], Y, broken)
    if environment is None:
        return None, ("no known composition lies on the increments: sampled evenly",)
    told = 0 if options.weights or Y.shape[1] == 1 else Y.shape[1]
    past, whose = replayed(environment, history.X[ended], told, rng)
    net = ChoiceNet(environment.length, environment.tokens, past.context.shape[1], options.hidden, rng)
    learner = (
        Gradient.of(net, options.entropy, options.rate)
        if options.method == "gradient"
        else ActionValues.of(net, options.explore, options.rate)
    )
    return Training(options, space, environment, learner, past, Y[whose], broken[whose], scale), ()


def starting_environment(options: Options, space: Space, X: Array, Y: Array, broken: Array) -> Environment | None:
    """Decisions from nothing; or walks from the best rows X (n, d), None when none of these lies on the increments."""
    if not options.moves:
        return tree(space, options.levels, options.increment, options.constraint == "penalty")
    weights = np.array(options.weights) if options.weights else np.ones(Y.shape[1])
    best = X[np.argsort(order(Y, broken, weights, True))[: max(5, len(X) // 5)]]
    mixture = gridded(space, options.levels, options.increment).mixtures[0]
    assert mixture.divisions is not None
    starts = increments(best, mixture.divisions) / mixture.divisions
    starts = np.unique(starts[region.contains(space, starts)], axis=0)
    return Walk(space, mixture.divisions, options.moves, starts) if len(starts) else None


def penalised(training: Training, rng: np.random.Generator) -> None:
    """Let it play, learn what ended outside as the worst, and learn the history again."""
    weights = rng.dirichlet(np.ones(training.Y.shape[1]), 2 * _ROUND)
    trial = training.play(len(weights), weights, rng)
    outside = ~region.contains(training.space, trial.X)
    bad = trial.rows(np.flatnonzero(outside))
    Y = np.concatenate([training.Y, np.full((len(bad.X), training.Y.shape[1]), np.nan)])
    broken = np.concatenate([training.violation, np.zeros(len(bad.X))])
    training.learn(training.past.joined(bad), Y, broken, rng)


def gathered(training: Training, seen: Array, n: int, rng: np.random.Generator) -> Array:
    """Up to n rows (<= n, d) that the policy builds, inside the space, none seen, each once; each for other weights.

    Where that is too few, its choices become more varied, from try to try.
    """
    memory, own = remember(training.space, seen), dict[bytes, Array]()
    for attempt in range(_TRIES):
        weights = np.array([training.weights(rng) for _ in range(max(16, 4 * n))])
        X = training.play(len(weights), weights, rng, _HEAT**attempt).X
        fresh = X[region.contains(training.space, X) & ~memory.holds(X)]
        for key, x in zip(keys(training.space, fresh), fresh, strict=True):
            own.setdefault(key, x)
        if len(own) >= n:
            break
    return np.array(list(own.values())[:n]).reshape(-1, training.space.d)


def played_on_posterior(training: Training, judge: Judge, episodes: int, rng: np.random.Generator) -> Pool | None:
    """Play and learn on the posterior, after the history; the points built in the space, if any, as judged."""
    training.learn(training.past, training.Y, training.violation, rng)
    pools: list[Pool] = []
    replay: list[Judged] = []
    for batch in range(-(-episodes // _ROUND)):
        weights = training.weights(rng)
        fresh = training.play(_ROUND, weights, rng)
        inside = np.flatnonzero(region.contains(training.space, fresh.X))
        if not len(inside):
            continue
        pools.append(believed(fresh.X[inside], judge, batch * _ROUND))
        replay = [*replay, _judged(training, fresh, inside, pools[-1])][-_REPLAY[training.options.method] // _ROUND :]
        whole = reduce(Judged.joined, replay)
        training.learn_once(whole.episodes, whole.Y, whole.violation, weights, _STEPS, rng)
    return reduce(Pool.joined, pools) if pools else None


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Episodes with their scaled losses (n, m), NaN outside the space, and violations (n,)."""

    episodes: Episodes
    Y: Array
    violation: Array

    def joined(self, other: "Judged") -> "Judged":
        """Both, these first."""
        Y, broken = np.concatenate([self.Y, other.Y]), np.concatenate([self.violation, other.violation])
        return Judged(self.episodes.joined(other.episodes), Y, broken)


def _judged(training: Training, episodes: Episodes, inside: Index, pool: Pool) -> Judged:
    """Episodes with what is believed of those `inside` (k,) the space."""
    n, m = len(episodes.X), training.Y.shape[1]
    Y, broken = np.full((n, m), np.nan), np.zeros(n)
    Y[inside], broken[inside] = (pool.Y - training.scale[0]) / training.scale[1], pool.violation
    return Judged(episodes, Y, broken)


def _seen(history: History) -> Array:
    return np.concatenate([history.X, history.pending])
