"""This file is the Bayesian optimizer: believe what was seen, then choose the batch expected to add most."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from eutectic.optimizers.base import NO_OPTION, Array, History, Proposals, Space
from eutectic.optimizers.bayesian.multifidelity import MultiFidelity
from eutectic.optimizers.bayesian.own_limit import from_limits
from eutectic.optimizers.designs.uniform import uniform
from eutectic.optimizers.part import checked
from eutectic.surrogates.base import Surrogate


@checked
@dataclass(frozen=True, slots=True)
class Bayesian:
    """Noisy expected (hypervolume) improvement, feasibility-weighted, over Gaussian processes or any surrogate."""

    draws: int = 64
    """Joint draws of the known points' true values; the candidate's own values are integrated exactly."""
    samples: int = 512
    """Uniform points ranked before climbing (spaces too large to list)."""
    starts: int = 6
    """Points from which gradients or neighbour moves climb."""
    iterations: int = 40
    """Most L-BFGS steps of a climb."""
    least: int = 2
    """Uniform sampling until so many evaluations have finished."""
    trust: Literal["auto", "always", "never"] = "auto"
    """Search in trust regions around the best: `auto` above 20 variables or 1,000 finished evaluations."""
    recipes: tuple[Surrogate, ...] = field(default=(), repr=False, metadata=NO_OPTION)
    """One surrogate an objective and a constraint; a Gaussian process for each where empty."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name, least in (("draws", 1), ("samples", 1), ("starts", 1), ("iterations", 1), ("least", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")

    def using(self, recipes: Sequence[Surrogate]) -> "Bayesian":
        """The same optimizer with one surrogate recipe an objective and a constraint, in that order."""
        return replace(self, recipes=tuple(recipes))

    def for_ladder(self, choosing: bool) -> MultiFidelity:
        """The optimizer that takes this one's place where there is a ladder of oracles."""
        other = MultiFidelity(choosing, self.draws, self.samples, self.starts, self.iterations)
        return other.using(self.recipes)

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """Like `ask`, with the acquisition value, prediction and probability of feasibility of each row."""
        finished = int(history.finished.sum())
        if finished < self.least:
            count = "1 finished evaluation" if finished == 1 else f"{finished} finished evaluations"
            return uniform(space, history, n, rng, f"only {count}: sampled uniformly")
        from eutectic.optimizers.bayesian.proposal import proposed

        limited = from_limits(history)
        return limited.restored(proposed(self, self.trust, space, limited.history, n, rng))
