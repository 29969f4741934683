"""This file is reinforcement learning: a policy that builds points choice by choice and learns from how they end.

After Karpovich, Pan and Olivetti 2024, doi 10.1038/s41524-024-01474-5, who write formulas in five steps, each an
element and a count, with a reward at the end, by policy gradient and by deep Q-network.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from eutectic.optimizers.base import NO_OPTION, Array, History, Proposals, Space
from eutectic.optimizers.evolutionary.breeding import sampled
from eutectic.optimizers.evolutionary.population import Acquire, Plan, Search, answered
from eutectic.optimizers.part import checked
from eutectic.optimizers.policies.composition_walk import one_composition
from eutectic.optimizers.policies.decision_tree import tree
from eutectic.surrogates.base import Surrogate


@checked
@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that builds a point variable by variable, or walks a composition; any space, objectives, constraints."""

    method: Literal["gradient", "dqn"] = "gradient"
    """`gradient`: probabilities of choices by policy gradient; `dqn`: their values by a deep Q-network."""
    search: Search = "oracle"
    """`oracle`: learn from the evaluations alone; `surrogate`: from episodes judged by the posterior, then a diverse
    batch of the best."""
    acquire: Acquire = "ucb"
    """What `surrogate` minimises: mean, mean - 2 standard deviations, or random functions of that spread."""
    constraint: Literal["mask", "penalty"] = "mask"
    """What known constraints do: `mask` looks ahead before the last choice, so that it ends inside where it can;
    `penalty` lets episodes end outside and learns them as the worst. Neither proposes a point outside."""
    weights: tuple[float, ...] = ()
    """One an objective, for a reward that is their weighted sum (losses scaled to their range); none: the policy is
    told random weights and learns all compromises."""
    moves: int = 0
    """Moves of one increment from a good known composition; 0: points are built from nothing."""
    levels: int = 21
    """Values a continuous variable is first chosen from, then refined at random by half a level; bins of a pool's."""
    increment: float = 0.05
    """Increment of a composition that has no `step`, in atomic fraction."""
    start: int | None = None
    """Evaluations sampled evenly before it learns; none: 2 d + 2, at most 20."""
    steps: int = 80
    """Gradient steps on the history a batch."""
    episodes: int = 1500
    """Episodes on the posterior a batch."""
    hidden: int = 64
    """Width of the network's two hidden layers."""
    rate: float = 0.003
    """Learning rate."""
    entropy: float = 0.3
    """Weight of the entropy of a choice (nats) in `gradient`: larger, more varied."""
    explore: float = 2.0
    """Choices of an episode that `dqn` makes at random, on average."""
    recipes: tuple[Surrogate, ...] = field(default=(), repr=False, metadata=NO_OPTION)
    """One surrogate an objective and a constraint, for `surrogate`; a Gaussian process for each where empty."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name, least in (("moves", 0), ("levels", 2), ("steps", 1), ("episodes", 1), ("hidden", 1), ("start", 2)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")
        if not 0 < self.increment <= 0.5:
            raise ValueError(f"increment must lie above 0 and at most at 0.5, not {self.increment:g}")
        if not self.rate > 0:
            raise ValueError(f"rate must lie above 0, not {self.rate:g}")
        for name in ("entropy", "explore"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name):g}")
        if any(not weight >= 0 for weight in self.weights) or (self.weights and not sum(self.weights) > 0):
            raise ValueError(f"weights must be at least 0 and not all 0, not {list(self.weights)}")

    def using(self, recipes: Sequence[Surrogate]) -> "Policy":
        """The same optimizer with one surrogate recipe an objective and a constraint, in that order."""
        return replace(self, recipes=tuple(recipes))

    def refuse(self, space: Space, objectives: int, constraints: int) -> str | None:
        """Why this problem is not for it, or None."""
        del constraints
        if self.weights and len(self.weights) != objectives:
            return f"it has {len(self.weights)} weights for {objectives} objectives: give one for each"
        if self.moves and not one_composition(space):
            return "`moves` walks a composition, and this space is not one; without it points are built from nothing"
        try:
            tree(space, self.levels, self.increment, False)
        except ValueError as error:
            return str(error)
        return None

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n new rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """The rows of `ask`, with what the surrogates predict where they were used."""
        plan = Plan("policy", self.search, self.acquire, 1, None, self.recipes)
        wanted = min(20, 2 * space.d + 2) if self.start is None else self.start
        finished, total = int((history.finished & ~history.failed).sum()), len(history.X) + len(history.pending)
        if finished < 2 or total < wanted:
            seen = np.concatenate([history.X, history.pending])
            note = f"{finished} finished evaluations of {wanted}: sampled evenly"
            return answered(plan, sampled(space, seen, n, rng), n, (note,))
        from eutectic.optimizers.policies.training import trained_on_history, trained_on_posterior

        train = trained_on_posterior if self.search == "surrogate" else trained_on_history
        return train(self, plan, space, history, n, rng)
