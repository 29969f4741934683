"""This file is the portfolio: several optimizers on one pool of data, each batch shared by what they have gained.

Whoever proposed the rows that added most hypervolume per cost gets the larger share of the next batch, and nobody falls
below a floor (`portfolio/credit.py`). Everybody learns from all rows, and sees as pending what others propose in the
same batch. Who earned what is worked out anew from the history each time, so a resumed campaign goes on as if it had
never stopped.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from eutectic.optimizers.abilities import propose, refusal, using
from eutectic.optimizers.base import NO_OPTION, Array, History, Optimizer, Proposals, Reason, Space
from eutectic.optimizers.designs.uniform import Uniform
from eutectic.optimizers.part import checked
from eutectic.optimizers.portfolio.credit import Credit, counts, credited, shares
from eutectic.surrogates.base import Surrogate

CONTROL = "random (control)"
"""What the control arm is called."""
PREFIX = "portfolio: "
"""Before an arm's name in `Reason.proposer`."""
SHARED = "belief"
"""Where in a state the surrogates' own is."""


@checked
@dataclass(frozen=True, slots=True)
class Portfolio:
    """Several optimizers that share every batch by credited hypervolume gain per cost, each with a least share."""

    optimizers: tuple[dict[str, Any], ...] = ({"use": "bayesian"}, {"use": "nsga2"})
    """The arms: `{use: NAME, ...options}` each, asked in this order within a batch."""
    floor: float = 0.1
    """Least share of each arm, dimensionless."""
    discount: float = 0.8
    """How much a batch's gains count compared with those of the next batch, dimensionless."""
    control: bool = False
    """Keep an arm of uniformly random candidates at the least share, to compare with."""
    cost: Literal["evaluations", "seconds", "seconds and asking"] = "evaluations"
    """What a gain is divided by: the number of evaluations, their measured seconds, or these and the seconds the arm
    took to propose."""
    arms: tuple[tuple[str, Optimizer], ...] = field(default=(), repr=False, metadata=NO_OPTION)
    """The built arms by name."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if not self.optimizers:
            raise ValueError("optimizers: name at least one optimizer, such as {use: bayesian}")
        number = len(self.optimizers) + self.control
        if not 0 <= self.floor * number <= 1:
            raise ValueError(f"floor: {self.floor:g} for each of {number} arms is not between 0 and 1 in all")
        if not 0 < self.discount <= 1:
            raise ValueError(f"discount: {self.discount:g} must be above 0 and at most 1")

    def nested(self) -> dict[str, tuple[dict[str, Any], ...]]:
        """Kind of part, which is also the option -> the mappings that whoever reads a campaign file builds parts of."""
        return {"optimizers": self.optimizers}

    def holding(self, parts: Sequence[Optimizer]) -> "Portfolio":
        """The same with the built parts of the option `optimizers`, in its order, named by their `use`.

        ValueError for a portfolio among them: nobody could say which of the two earned the credit.
        """
        if any(isinstance(part, Portfolio) for part in parts):
            raise ValueError("optimizers: a portfolio cannot hold a portfolio; list its optimizers here")
        uses = [str(entry["use"]) for entry in self.optimizers]
        names = [use if use not in uses[:k] else f"{use} ({k + 1})" for k, use in enumerate(uses)]
        return replace(self, arms=tuple(zip(names, parts, strict=True)))

    def using(self, recipes: Sequence[Surrogate]) -> "Portfolio":
        """The same with one surrogate recipe an output in every arm that learns."""
        arms = tuple((name, using(arm, recipes)) for name, arm in self.arms)
        return replace(self, arms=arms)

    def refuse(self, space: Space, objectives: int, constraints: int) -> str | None:
        """What the first arm that cannot serve the problem says, with its name."""
        for name, arm in self.arms:
            reason = refusal(arm, space, objectives, constraints)
            if reason:
                return f"its optimizer '{name}' says: {reason}"
        return None

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """Like `ask`, each reason beginning with its arm, the arms' states, and their shares.

        What one arm does not find is left to the next ones, and in the end to those before it.
        """
        everyone = (*self.arms, (CONTROL, Uniform())) if self.control else self.arms
        share = self.share(history)
        goals = np.cumsum(counts(share, n, rng))
        belief = {SHARED: history.state[SHARED]} if SHARED in history.state else {}
        asked = _Asked(space, history, np.empty((0, space.d)), _part(history.state, "arms"), belief)
        for place, (name, arm) in enumerate([*everyone, *everyone]):
            goal = int(goals[place]) if place < len(goals) else n
            asked.take(name, arm, goal - len(asked.X), rng)
        each = {name: float(s) for (name, _), s in zip(everyone, share, strict=True)}
        state: dict[str, object] = {"arms": asked.arms, **asked.belief}
        if self.cost == "seconds and asking":
            before = _part(history.state, "asking_s")
            names = [name for name, _ in self.arms]
            state["asking_s"] = {
                name: self.discount * before.get(name, 0.0) + asked.seconds.get(name, 0.0) for name in names
            }
        return Proposals(asked.X, tuple(asked.reasons), state, tuple(asked.notes), shares=each)

    def share(self, history: History) -> Array:
        """Share (k,) of the next batch of each arm, and the control's last; sums to 1."""
        if not self.arms:
            raise ValueError("the portfolio holds no optimizers yet: build it from a campaign file, or use `holding`")
        kept = self.floor if self.control else 0.0
        share = shares(self.credit(history).rate, self.floor, 1.0 - kept)
        return np.append(share, kept) if self.control else share

    def credit(self, history: History) -> Credit:
        """What each arm (k,) has earned so far, the control left out."""
        rows = [[i for i, origin in enumerate(history.origin) if proposed_by(origin, name)] for name, _ in self.arms]
        cost = np.ones(len(history.X)) if self.cost == "evaluations" else history.cost
        credit = credited(history, rows, self.discount, cost)
        if self.cost != "seconds and asking":
            return credit
        spent = _part(history.state, "asking_s")
        return replace(credit, cost=credit.cost + [float(spent.get(name, 0.0)) for name, _ in self.arms])


def proposed_by(origin: str, arm: str) -> bool:
    """Did a portfolio's arm of this name propose what came from `origin`?"""
    return origin == PREFIX + arm or origin.startswith(f"{PREFIX}{arm}: ")


@dataclass(slots=True)
class _Asked:
    """A batch while it is put together."""

    space: Space
    history: History
    X: Array
    """(k, d) rows so far."""
    arms: dict[str, Mapping[str, object]]
    """Arm -> its own state after it was last asked."""
    belief: Mapping[str, object]
    """The state of the surrogates, the same for all arms: they learn from the same rows."""
    reasons: list[Reason] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    """Arm -> wall time of its asking."""

    def take(self, name: str, arm: Optimizer, n: int, rng: np.random.Generator) -> None:
        """Up to n more rows from an arm, which takes those so far for pending."""
        if n <= 0:
            return
        start = time.perf_counter()
        known = self.history.with_pending(np.concatenate([self.history.pending, self.X]))
        known = replace(known, state={**self.arms.get(name, {}), **self.belief})
        found = propose(arm, name, self.space, known, n, rng)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        self.X = np.concatenate([self.X, found.X])
        self.reasons += [replace(reason, proposer=PREFIX + _under(name, reason.proposer)) for reason in found.reasons]
        self.notes += [f"{name}: {note}" for note in found.notes]
        self.belief = {SHARED: found.state[SHARED]} if SHARED in found.state else self.belief
        self.arms[name] = {key: value for key, value in found.state.items() if key != SHARED}


def _under(name: str, proposer: str) -> str:
    """The arm's name, and what the arm itself says beyond it (`hybrid: offspring`)."""
    _, _, more = proposer.partition(": ")
    return f"{name}: {more}" if more else name


def _part(state: Mapping[str, object], key: str) -> dict[str, Any]:
    """A mapping within the state, empty where there is none."""
    inner = state.get(key)
    return dict(inner) if isinstance(inner, Mapping) else {}
