"""This file is the optimizer of a ladder of oracles: which candidate to ask, and on which rung, for its price."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from eutectic.optimizers.base import NO_OPTION, Array, History, Proposals, Space
from eutectic.optimizers.bayesian.own_limit import from_limits
from eutectic.optimizers.designs.uniform import uniform
from eutectic.optimizers.part import checked
from eutectic.surrogates.base import Surrogate
from eutectic.surrogates.gp.recipe import GaussianProcess


@checked
@dataclass(frozen=True, slots=True)
class MultiFidelity:
    """Co-kriging over all rungs; asks where the expected gain on the top rung is largest for its price.

    The gain of asking the top rung is the noisy expected (hypervolume) improvement, over its price. A lower rung is
    worth the gain its answer leads to where the top is asked after a promising one, over the price of both
    (`acquisition/cost_aware.py`). Under `gates`, or without a ladder, it asks like `bayesian`.
    """

    choosing: bool = True
    """Choose the rung of each proposal, too; otherwise all start on the lowest and go through the gates."""
    draws: int = 64
    """Joint draws of the known points' true values; the candidate's own values are integrated exactly."""
    samples: int = 512
    """Uniform points ranked before climbing (spaces too large to list)."""
    starts: int = 6
    """Points from which gradients or neighbour moves climb."""
    iterations: int = 40
    """Most L-BFGS steps of a climb."""
    least: int = 1
    """Candidates that must be known on the top rung before a gain is computed."""
    recipes: tuple[Surrogate, ...] = field(default=(), repr=False, metadata=NO_OPTION)
    """One surrogate an objective and a constraint, in whose place co-kriging stands."""

    sees_rungs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name in ("draws", "samples", "starts", "iterations", "least"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")

    def using(self, recipes: Sequence[Surrogate]) -> "MultiFidelity":
        """The same optimizer with one surrogate recipe an objective and a constraint, in that order."""
        return replace(self, recipes=tuple(recipes))

    def for_ladder(self, choosing: bool) -> "MultiFidelity":
        """The same optimizer; it chooses rungs only where the campaign's policy lets it."""
        return replace(self, choosing=choosing)

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """Like `ask`, with the rung, acquisition value, prediction and probability of feasibility of each row."""
        rungs = max(1, len(history.prices))
        known = history.finished & (history.fidelity == rungs - 1)
        if known.sum() < self.least:
            return self._first(space, history, n, rng)
        from eutectic.optimizers.bayesian.rung_choice import proposed

        limited = from_limits(history)
        found = limited.restored(proposed(self, self.choosing and rungs > 1, rungs, space, limited.history, n, rng))
        return replace(found, notes=(*self._replaced(), *found.notes))

    def _replaced(self) -> tuple[str, ...]:
        """The note that the file's surrogates are not used, where they are others than Gaussian processes."""
        others = any(not isinstance(recipe, GaussianProcess) for recipe in self.recipes)
        return ("on a ladder co-kriging takes the place of the surrogates in the file",) if others else ()

    def _first(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """Too little is known on the top rung: through the gates with new points."""
        drawn = uniform(space, history, n, rng, f"fewer than {self.least} values of the top rung: sampled uniformly")
        named = tuple(replace(reason, proposer="multifidelity") for reason in drawn.reasons)
        return replace(drawn, reasons=named)
