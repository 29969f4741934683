"""This file is the Bayesian optimizer: believe what was seen, then choose the batch expected to add most."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from optimizers import region
from optimizers.base import Array, History, Proposals, Reason, Space

if TYPE_CHECKING:
    from optimizers.belief import Belief
    from optimizers.multifidelity import MultiFidelity
    from surrogates.base import Surrogate

MOST_DRAWS = (0, 128, 128, 32, 16)
"""Draws by number of objectives (the last for all above): fronts of more objectives cost more to cut up."""


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
    recipes: tuple["Surrogate", ...] = field(default=(), init=False, repr=False)
    """One surrogate an objective and a constraint; a Gaussian process for each where empty."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name, least in (("draws", 1), ("samples", 1), ("starts", 1), ("iterations", 1), ("least", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")

    def using(self, recipes: "Sequence[Surrogate]") -> "Bayesian":
        """The same optimizer with one surrogate recipe an objective and a constraint, in that order."""
        other = replace(self)
        object.__setattr__(other, "recipes", tuple(recipes))
        return other

    def climbing(self, choosing: bool) -> "MultiFidelity":
        """The optimizer that takes this one's place where there is a ladder of oracles."""
        from optimizers.multifidelity import MultiFidelity

        other = MultiFidelity(choosing, self.draws, self.samples, self.starts, self.iterations)
        return other.using(self.recipes)

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """Like `ask`, with the acquisition value, prediction and probability of feasibility of each row."""
        finished = int(history.finished.sum())
        if finished < self.least:
            return uniform(space, history, n, rng, f"only {finished} finished evaluations: sampled uniformly")
        from optimizers.belief import learn
        from optimizers.incumbents import improvement
        from optimizers.maximize import choose, choose_from
        from optimizers.regimes import regimes
        from optimizers.scope import scope
        from optimizers.search import Effort

        view = scope(space, history, n, self.trust, rng)
        if view.restarts:
            return uniform(space, history, n, rng, view.notes[0])
        belief = learn(space, view.history, self.recipes)
        sought = regimes(space, view.history, self.recipes, belief)
        draws = min(self.draws, MOST_DRAWS[min(history.Y.shape[1], 4)])
        fronts = improvement(sought.belief, view.history, n, draws, rng)
        seen, effort = np.concatenate([history.X, history.pending]), Effort(self.samples, self.starts, self.iterations)
        if view.parts:
            batch = choose_from(fronts, space, view.parts, seen, rng, effort)
        else:
            batch = choose(fronts, space, seen, n, rng, effort)
        reasons = explained(belief, batch.X, batch.values)
        notes = (*belief.notes, *sought.notes, *view.notes, *batch.notes)
        return Proposals(batch.X, reasons, {**belief.state, **sought.state}, notes)


def uniform(space: Space, history: History, n: int, rng: np.random.Generator, note: str) -> Proposals:
    """Uniform points, none seen before where the space is finite."""
    from optimizers.ranking import unseen

    seen = np.concatenate([history.X, history.pending])
    points = region.enumerate_points(space)
    if points is None:
        X = region.sample(space, n, rng)
    else:
        left = np.flatnonzero(unseen(points, seen))
        X = points[rng.permutation(left)[:n]]
    return Proposals(X, tuple(Reason("bayesian") for _ in X), history.state, (note,))


def explained(belief: "Belief", X: Array, values: Array) -> tuple[Reason, ...]:
    """One reason a row of X (k, d) with log acquisition values (k,)."""
    if not len(X):
        return ()
    mean, std = belief.moments(X)
    chance = belief.feasibility(X)
    m = belief.m
    return tuple(
        Reason("bayesian", float(v), tuple(map(float, a[:m])), tuple(map(float, b[:m])), float(p))
        for v, a, b, p in zip(values, mean, std, chance, strict=True)
    )
