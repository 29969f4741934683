"""This file is evolution-guided Bayesian optimisation: offspring and climbed points compete for the batch.

Low, Mekki-Berrada, Gupta, Ostudin, Xie, Vissol-Gaudin, Lim, Li, Ong, Khan and Hippalgaonkar 2024,
doi 10.1038/s41524-024-01274-x. One generation of offspring is bred from the evaluated candidates and scored by the
acquisition that gradients climb; it keeps the batch near what is known to be feasible where the climb finds nothing.
Differences from the paper: parents win tournaments by constraint-domination and crowding (NSGA-II) in place of niches
(U-NSGA-III); the batch is filled one by one, each choice pending for the next; the acquisition is that of
optimizers/acquisition/nehvi.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from eutectic.optimizers.base import NO_OPTION, Array, History, Index, Proposals, Reason, Space
from eutectic.optimizers.bayesian.own_limit import from_limits
from eutectic.optimizers.evolutionary.breeding import bred, sampled
from eutectic.optimizers.evolutionary.selection import crowded, domination_tournament, pool
from eutectic.optimizers.evolutionary.variation import Rates, couples
from eutectic.optimizers.part import checked
from eutectic.surrogates.base import Surrogate


@checked
@dataclass(frozen=True, slots=True)
class Hybrid:
    """Evolution-guided Bayesian optimisation: evolutionary offspring and climbed points under one acquisition."""

    offspring: int = 512
    """Children of one generation that compete (spaces too large to list)."""
    parents: int = 50
    """Evaluated candidates, by constraint-domination and crowding, that children are bred from."""
    draws: int = 64
    """Joint draws of the known points' true values; the candidate's own values are integrated exactly."""
    samples: int = 512
    """Uniform points ranked before climbing (spaces too large to list)."""
    starts: int = 6
    """Points from which gradients or neighbour moves climb."""
    iterations: int = 40
    """Most L-BFGS steps of a climb."""
    least: int = 2
    """Even sampling until so many evaluations have finished."""
    recipes: tuple[Surrogate, ...] = field(default=(), repr=False, metadata=NO_OPTION)
    """One surrogate an objective and a constraint; a Gaussian process for each where empty."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name in ("offspring", "parents", "draws", "samples", "starts", "iterations", "least"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")

    def using(self, recipes: Sequence[Surrogate]) -> "Hybrid":
        """The same optimizer with one surrogate recipe an objective and a constraint, in that order."""
        return replace(self, recipes=tuple(recipes))

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """Like `ask`, with the proposer that won each place, its acquisition value and its prediction."""
        seen, finished = np.concatenate([history.X, history.pending]), int(history.finished.sum())
        if finished < self.least:
            X = sampled(space, seen, n, rng)
            count = "1 finished evaluation" if finished == 1 else f"{finished} finished evaluations"
            note = f"only {count}: sampled evenly"
            return Proposals(X, tuple(Reason("hybrid") for _ in X), history.state, (note,))
        from eutectic.optimizers.bayesian.proposal import competed

        limited = from_limits(history)
        children = partial(self.children, space, history, rng)
        return limited.restored(competed(self, children, space, limited.history, n, rng))

    def children(self, space: Space, history: History, rng: np.random.Generator) -> Array:
        """One generation of new children (<= offspring, d) of the evaluated candidates, none without any."""
        evaluated = pool(history)
        if not len(evaluated):
            return np.empty((0, space.d))
        best = crowded(evaluated, self.parents)

        def breed(wanted: Index) -> tuple[Array, Array]:
            pairs = (len(wanted) + 1) // 2
            A, B = (best.X[domination_tournament(best, pairs, rng)] for _ in range(2))
            return couples(space, A, B, len(wanted), Rates(), rng)

        return bred(space, breed, np.concatenate([history.X, history.pending]), self.offspring, rng)
