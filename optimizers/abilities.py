"""This file is what an optimizer may be able to do beside `ask`, and is asked for where it can.

Each ability is a `Protocol`; an optimizer has it by having its member, and declares nothing else. What every optimizer
has stands in `base.py`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, Self, runtime_checkable

import numpy as np

from eutectic.optimizers.base import Array, History, Optimizer, Proposals, Reason, Space
from eutectic.surrogates.base import Surrogate


@runtime_checkable
class Proposing(Protocol):
    """An optimizer that gives its reasons."""

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """Like `ask`, with a reason a row and the state of the fit."""
        ...


@runtime_checkable
class Learning(Protocol):
    """An optimizer that believes what surrogates say."""

    def using(self, recipes: Sequence[Surrogate]) -> Self:
        """The same with one surrogate recipe an objective and a constraint, in that order."""
        ...


@runtime_checkable
class Choosy(Protocol):
    """An optimizer that does not serve every problem."""

    def refuse(self, space: Space, objectives: int, constraints: int) -> str | None:
        """Why a problem is not for it, said before the run; None where it is."""
        ...


@runtime_checkable
class Laddered(Protocol):
    """An optimizer with one that takes its place where there is a ladder of oracles."""

    def for_ladder(self, choosing: bool) -> Optimizer:
        """That one; with `choosing` it picks the rung of each proposal, too (`Proposals.rungs`)."""
        ...


@runtime_checkable
class RungSeeing(Protocol):
    """An optimizer that may learn from every rung of a ladder."""

    @property
    def sees_rungs(self) -> bool:
        """True: its history has every rung's answers (`History.fidelity`) instead of the top's alone."""
        ...


@runtime_checkable
class Judging(Protocol):
    """An optimizer that only serves where objectives and constraints cost nothing."""

    def judging(self, judge: Callable[[Array], tuple[Array, Array]]) -> Self:
        """The same, told what candidates are worth: rows (n, d) -> losses (n, m) and excesses (n, c)."""
        ...


@runtime_checkable
class AtOnce(Protocol):
    """An optimizer that may have all its proposals ready in its first batch."""

    @property
    def at_once(self) -> bool:
        """True: they are all asked for in one batch, as far as the budget goes."""
        ...


def propose(
    optimizer: Optimizer, name: str, space: Space, history: History, n: int, rng: np.random.Generator
) -> Proposals:
    """Ask with reasons where the optimizer has them; `name` stands as proposer otherwise."""
    if isinstance(optimizer, Proposing):
        return optimizer.propose(space, history, n, rng)
    X = optimizer.ask(space, history, n, rng)
    return Proposals(X=X, reasons=tuple(Reason(proposer=name) for _ in X))


def using(optimizer: Optimizer, recipes: Sequence[Surrogate]) -> Optimizer:
    """The optimizer with these surrogates; one that learns nothing is as before."""
    return optimizer.using(recipes) if isinstance(optimizer, Learning) else optimizer


def refusal(optimizer: Optimizer, space: Space, objectives: int, constraints: int) -> str | None:
    """Why a problem is not for an optimizer, or None."""
    return optimizer.refuse(space, objectives, constraints) if isinstance(optimizer, Choosy) else None


def sees_rungs(optimizer: Optimizer) -> bool:
    """Does it learn from every rung of a ladder?"""
    return isinstance(optimizer, RungSeeing) and bool(optimizer.sees_rungs)


def at_once(optimizer: Optimizer) -> bool:
    """Are all its proposals asked for in one batch?"""
    return isinstance(optimizer, AtOnce) and bool(optimizer.at_once)
