"""This file is CMOQLMT: a population that keeps to constraints, helped by whichever of three others has helped most.

Ming, Gong and Gao 2023, doi 10.1109/MCI.2023.3245719, after the authors' program in PlatEMO; the populations are those
of `auxiliary_tasks.py`. Which helps is learned by Q-learning: states and actions are the helpers, the reward is the
share of a helper's candidates that survive in the main population. In the first half of `horizon` all four breed,
in the second half the main one and the helper chosen. Differences: all begin with the same candidates; objectives are
divided by their range, violations are sums of excesses over their means; children of a batch are shared out among the
populations that breed, two of five going to the helper that breeds by differential evolution.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from eutectic.optimizers.base import Array, History, Index, Proposals, Reason, Space
from eutectic.optimizers.evolutionary.auxiliary_tasks import DIGITS, indicated, penalised, strong
from eutectic.optimizers.evolutionary.breeding import bred
from eutectic.optimizers.evolutionary.generation import sampled_first
from eutectic.optimizers.evolutionary.lineage import Lineage, candidates, digests, recalled
from eutectic.optimizers.evolutionary.pocea import scaled
from eutectic.optimizers.evolutionary.population import Plan, answered
from eutectic.optimizers.evolutionary.selection import Pool, pool, tournament
from eutectic.optimizers.evolutionary.variation import Rates, couples, layout, mutate, settle
from eutectic.optimizers.part import checked

TASKS = ("main", "penalised", "unconstrained", "indicator")
RATE, DISCOUNT, GREEDY = 0.8, 0.9, 0.9
"""Learning rate, discount and probability of the best action in the Q-learning (the program's)."""
NEAR, AFAR = 10, 0.3
"""Neighbours by angle that differences are taken from; probability that the second one comes from anywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What Q-learning knows."""

    values: Array
    """(3, 3) worth of each action in each state."""
    state: int
    action: int

    def content(self) -> dict[str, object]:
        """As JSON values."""
        return {"values": self.values.tolist(), "state": self.state, "action": self.action}

    def rewarded(self, reward: float) -> "Learned":
        """After the last action; it is the state now."""
        values, s, a = self.values.copy(), self.state, self.action
        values[s, a] += RATE * (reward + DISCOUNT * values[a].max() - values[s, a])
        return Learned(values, a, a)

    def chosen(self, rng: np.random.Generator) -> "Learned":
        """With the next action."""
        own = self.values[self.state]
        random = rng.random() > GREEDY or np.ptp(own) == 0
        return replace(self, action=int(rng.integers(3)) if random else int(own.argmax()))


@dataclass(frozen=True, slots=True, eq=False)
class Tribe:
    """One population and its fitness, the smaller the better."""

    pool: Pool
    names: frozenset[str]


@checked
@dataclass(frozen=True, slots=True)
class CMOQLMT:
    """Constrained multi-objective optimisation by multitasking and Q-learning, for two objectives or more."""

    population: int | None = None
    """Candidates of each of four populations; none: the largest batch asked for, at least 20."""
    horizon: int = 200
    """Generations that the run is meant to have: all populations breed in its first half, and penalties grow."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        self._plan()
        if self.horizon < 1:
            raise ValueError(f"horizon must be at least 1, not {self.horizon}")

    def _plan(self) -> Plan:
        return Plan("cmoqlmt", "oracle", "mean", 1, self.population)

    def refuse(self, space: Space, objectives: int, constraints: int) -> str | None:
        """Why this problem is not for it, or None."""
        del space, constraints
        return "its populations need two objectives or more" if objectives < 2 else None

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n new rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """The rows of `ask`, each with its population, and what was learned as state."""
        plan, finished = self._plan(), pool(history)
        size, total = plan.size(history, n), len(history.X) + len(history.pending)
        seen = np.concatenate([history.X, history.pending])
        if len(finished) < 4 or total < size:
            return sampled_first(plan, space, seen, len(finished), size, n, rng)
        share = min(total / size / self.horizon, 1.0)
        lineage, kept = recalled(history, "cmoqlmt", len(TASKS))
        tribes, learned = self.folded(finished, lineage, learned_of(kept, rng), size, share)
        learned = learned.chosen(rng)
        tasks = shared_out(n, learned.action, share < 0.5)
        breeding = Breeding(space, tribes, tasks, 1 - share, rng)
        X = bred(space, breeding.breed, seen, n, rng)
        evaluated = set(digests(finished.X))
        asked = {name: task for name, task in lineage.asked.items() if name not in evaluated}
        asked |= dict(zip(digests(X), tasks[: len(X)].tolist(), strict=True))
        state = Lineage(tuple(tribe.names for tribe in tribes), asked, len(history.X)).state()
        reasons = tuple(Reason(f"cmoqlmt: {TASKS[task]}") for task in tasks[: len(X)])
        whole = {"cmoqlmt": {**state, "learned": learned.content()}}
        return replace(answered(plan, X, n, ()), reasons=reasons, state=whole)

    def folded(
        self, finished: Pool, lineage: Lineage, learned: Learned, size: int, share: float
    ) -> tuple[list[Tribe], Learned]:
        """The populations after the last batch, and what is known of the helpers."""
        names = digests(finished.X)
        rows = [candidates(finished, names, lineage, task) for task in range(len(TASKS))]
        helper = learned.action + 1
        main = np.union1d(rows[0], rows[helper])
        tribes = [selected(finished, names, main, 0, size, share, 0.0)]
        if lineage.populations:
            kept = set(tribes[0].pool.place.tolist())
            own = finished.place[np.setdiff1d(rows[helper], rows[0])]
            learned = learned.rewarded(sum(int(p) in kept for p in own) / max(len(rows[helper]), 1))
        together = lineage.populations[1] & tribes[0].names if lineage.populations else frozenset[str]()
        for task in (1, 2, 3):
            tribes.append(selected(finished, names, rows[task], task, size, share, len(together) / size))
        return tribes, learned


def learned_of(kept: Mapping[str, object], rng: np.random.Generator) -> Learned:
    """What was learned until the last batch; nothing, and any state, where that is not known."""
    content = kept.get("learned")
    if isinstance(content, Mapping):
        return Learned(np.array(content["values"], dtype=float), int(content["state"]), int(content["action"]))
    state = int(rng.integers(3))
    return Learned(np.zeros((3, 3)), state, state)


def selected(finished: Pool, names: list[str], rows: Index, task: int, size: int, share: float, shared: float) -> Tribe:
    """The survivors of some rows (k,) by a task's own order."""
    own = finished.rows(rows)
    F, broken = scaled(own.Y), own.violation
    broken = np.round(broken / max(float(broken.max()), 1.0), DIGITS)
    if task == 1:
        best, merit = penalised(F, broken, size, share, shared)
    elif task == 3:
        best, merit = indicated(F, broken, size)
    else:
        best, merit = strong(F, broken if task == 0 else np.zeros(len(own)), size)
    return Tribe(own.rows(best).judged(merit), frozenset(names[int(rows[i])] for i in best))


def shared_out(n: int, action: int, early: bool) -> Index:
    """(n,) task of each child: in the first half all breed, later the main population and the helper chosen."""
    turns = (0, 3, 1, 3, 2) if early else (0, action + 1)
    return np.resize(np.array(turns, dtype=np.int64), n)


class Breeding:
    """Children of several populations."""

    __slots__ = ("afar", "rng", "space", "tasks", "tribes")

    def __init__(self, space: Space, tribes: list[Tribe], tasks: Index, afar: float, rng: np.random.Generator) -> None:
        self.space, self.tribes, self.tasks, self.afar, self.rng = space, tribes, tasks, afar, rng

    def breed(self, wanted: Index) -> tuple[Array, Array]:
        """A child of each of the wanted numbers (k,), by its task's population, and a parent of each (k, d)."""
        X, parents = np.empty((2, len(wanted), self.space.d))
        for task in np.unique(self.tasks[wanted]):
            own = np.flatnonzero(self.tasks[wanted] == task)
            make = self.differences if task == 3 else self.crossed
            X[own], parents[own] = make(self.tribes[task].pool, len(own))
        return X, parents

    def crossed(self, parents: Pool, k: int) -> tuple[Array, Array]:
        """Children (k, d) by simulated binary crossover of tournament winners."""
        A, B = (parents.X[tournament(parents.merit, k, self.rng)] for _ in range(2))
        return couples(self.space, A, B, k, Rates(1.0, 20.0, None, 20.0), self.rng)

    def differences(self, parents: Pool, k: int) -> tuple[Array, Array]:
        """Children (k, d) by differential evolution of candidates at like angles, some of the main population."""
        rng, main = self.rng, self.tribes[0].pool
        from_main = min(round((1 - self.afar) * len(parents)), len(main))
        mates = parents.rows(rng.permutation(len(parents))[: max(len(parents) - from_main, 2)])
        mates = mates.joined(main.rows(rng.permutation(len(main))[:from_main]))
        F = scaled(mates.Y)
        length = np.linalg.norm(F, axis=1)
        unit = F / np.where(length > 0, length, 1.0)[:, None]
        first = rng.integers(0, len(mates), k)
        angle = np.round(unit[first] @ unit.T, DIGITS)
        angle[np.arange(k), first] = -np.inf
        near = np.argsort(-angle, axis=1, kind="stable")[:, : min(NEAR, len(mates) - 1)]
        second, third = (near[np.arange(k), rng.integers(0, near.shape[1], k)] for _ in range(2))
        third = np.where(rng.random(k) < AFAR, rng.integers(0, len(mates), k), third)
        bold = rng.random() < 0.5
        taken = rng.random((k, self.space.d)) < (0.5 if bold else 1.0)
        base = mates.X[first]
        X = np.where(taken, base + 0.5 * (mates.X[second] - mates.X[third]), base)
        codes = layout(self.space).codes
        X[:, codes] = np.where(rng.random((k, len(codes))) < 0.5, mates.X[second][:, codes], base[:, codes])
        X = settle(self.space, X, rng)
        stirred = rng.random(X.shape) < (0.5 if bold else 1.0) / self.space.d
        return mutate(self.space, X, stirred, 0.75 if bold else 20.0, rng), base
