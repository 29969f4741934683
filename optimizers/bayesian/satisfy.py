"""This file is the goal `satisfy`: any optimizer turned to finding candidates inside every property window.

Where a design must meet requirements on many properties, looking for what meets them all finds the first such
candidate earlier than looking for a Pareto front: Maguire, Hardcastle, Hastings, Arróyave and Vela 2026,
doi 10.1039/d5dd00517e. Windows are the outcome constraints and the tolerances of target objectives. The Bayesian
optimizer maximises the probability that all windows hold (`satisfaction.py`); any other one minimises the
total violation in place of the objectives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eutectic.optimizers.abilities import propose, refusal, using
from eutectic.optimizers.base import Array, History, Optimizer, Proposals, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.designs.farthest import apart
from eutectic.optimizers.evolutionary.selection import violation
from eutectic.surrogates.base import Surrogate

STATE = "satisfy"
"""Where the state of an optimizer that minimises the violation is kept: it has learned another thing than the next."""


@dataclass(frozen=True, slots=True)
class Satisfy:
    """An optimizer under the goal of satisfying every window."""

    inner: Optimizer
    name: str
    """What the campaign calls the optimizer."""

    def using(self, recipes: Sequence[Surrogate]) -> "Satisfy":
        """The same with one surrogate recipe an output; for what minimises the violation, the one they all have.

        Where outputs have different recipes, a Gaussian process learns the violation.
        """
        inner = self.inner
        if isinstance(inner, Bayesian):
            return replace(self, inner=inner.using(recipes))
        same = bool(recipes) and all(recipe == recipes[0] for recipe in recipes)
        return replace(self, inner=using(inner, recipes[:1])) if same else self

    def refuse(self, space: Space, objectives: int, constraints: int) -> str | None:
        """What the optimizer says of a single objective (Bayesian: of this problem)."""
        own = (objectives, constraints) if isinstance(self.inner, Bayesian) else (1, 0)
        return refusal(self.inner, space, *own)

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """Like `ask`, with reasons whose proposer ends in `: satisfy`."""
        if not isinstance(self.inner, Bayesian):
            found = propose(self.inner, self.name, space, violated(history), n, rng)
            found = replace(found, state={STATE: dict(found.state)})
        elif history.finished.sum() < self.inner.least and not history.failed.any():
            found = self.inner.propose(space, history, n, rng)
        elif not history.finished.any():
            found = apart(space, history, n, rng)
        else:
            from eutectic.optimizers.bayesian.satisfaction import find

            found = find(space, history, n, rng, self.inner.recipes, self.inner.samples)
        reasons = tuple(replace(reason, proposer=f"{reason.proposer}: satisfy") for reason in found.reasons)
        return replace(found, reasons=reasons)


def excesses(history: History) -> Array:
    """(n, c + t) by how much each window is missed, holding where <= 0: constraints, then targets with a tolerance."""
    return np.concatenate([history.C, history.Y[:, history.tolerance > 0]], axis=1)


def violated(history: History) -> History:
    """The history with one objective, the total violation: each window's excess over its mean where it is missed."""
    excess = excesses(history)
    known = np.isfinite(excess).all(1) & ~history.failed
    Y = np.full((len(excess), 1), np.nan)
    Y[known, 0] = violation(excess[known])
    none, unknown, state = np.empty((len(Y), 0)), np.full_like(Y, np.nan), history.state.get(STATE)
    return replace(
        history,
        Y=Y,
        signed=Y,
        noise=unknown,
        C=none,
        C_noise=none,
        tolerance=np.full(1, np.nan),
        reference=None,
        replicas=(),
        curves={},
        state=state if isinstance(state, Mapping) else {},
    )
