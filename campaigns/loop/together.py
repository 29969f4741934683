"""This file is which candidates are made together: those of one asking, and what is asked for before they are made."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.campaigns.loop.routing import waits
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.columns import RETURNED
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.leases import another
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.record.table import columns
from eutectic.optimizers.base import Array, Space

RESERVED_S = 60.0
"""Seconds within which whoever had a batch asked for takes it."""


@dataclass(frozen=True, slots=True)
class Together:
    """Candidates that were asked for and not made yet, whose furnace has room."""

    batch: int
    """Index of the first batch of them."""
    numbers: tuple[int, ...]
    """All that were proposed in it and joined it, those given back included."""
    rows: Array
    """(k, d) their coordinates."""

    @property
    def note(self) -> str:
        """What is said of candidates that join them."""
        first, last = self.numbers[0], self.numbers[-1]
        several = f"#{first} to #{last}" if last - first == len(self.numbers) - 1 else _listed(self.numbers)
        return f"made together with {f'#{first}' if first == last else several}: they share what is set for a batch"


def open_group(problem: Problem, ledger: Ledger, space: Space, holder: str = "") -> Together | None:
    """What the next candidates are made together with; None where they begin a batch of their own.

    That is the holder's own batch, else the latest that is in nobody's hands, of which nothing was measured (or failed,
    or is being computed where nobody measures), and which was asked for after the last change of the space. None where
    no variable of the space is set for a batch.
    """
    if not ledger.batches or all(shared.size is not None for shared in space.shared):
        return None
    every, now, changed = columns(ledger), time.time(), _changed_at(ledger)
    waiting = {int(index) for index in every.round[(every.number > 0) & ~every.ended & (every.status != RETURNED)]}
    roots = {batch.index: batch.index if batch.together is None else batch.together for batch in ledger.batches}
    asked_at = {batch.index: batch.asked_at for batch in ledger.batches}
    free: Together | None = None
    for root in sorted({roots[index] for index in waiting}, reverse=True):
        rounds = [index for index, own in roots.items() if own == root]
        own = [ledger.outcomes[place] for place in np.flatnonzero((every.number > 0) & np.isin(every.round, rounds))]
        alive = [outcome for outcome in own if outcome.status != "returned"]
        if asked_at[root] <= changed or any(_made(problem, o) or another(o, holder, now) for o in alive):
            continue
        group = Together(root, tuple(o.number for o in own), np.array([o.x for o in own], dtype=float))
        if holder and any(o.lease is not None and o.lease.holder == holder for o in alive):
            return group
        free = free or group
    return free


def reserved(problem: Problem, numbers: Sequence[int], holder: str) -> list[Draft]:
    """The events that leave a batch to whom it was asked for, until they take it; [] where nothing is set for one."""
    if not holder or all(shared.size is not None for shared in problem.space.shared):
        return []
    body = {"holder": holder, "until": time.time() + RESERVED_S}
    return [Draft("leased", body, number) for number in numbers]


def _listed(numbers: Sequence[int]) -> str:
    """`#1, #2 and #7`."""
    return ", ".join(f"#{number}" for number in numbers[:-1]) + f" and #{numbers[-1]}"


def _changed_at(ledger: Ledger) -> float:
    """Unix time of the last change of the space, s; minus infinity without any."""
    times = [c.at for c in ledger.changes if any(line.startswith("space") for line in c.differences)]
    return max(times, default=-math.inf)


def _made(problem: Problem, outcome: Outcome) -> bool:
    """Has somebody made it: a person who said what came of it, or, where nobody is asked, whoever computes it?"""
    people = {named.name for named in problem.oracles if named.search and waits(named)}
    if outcome.measurements or any(not people or e.oracle in people for e in outcome.evaluations):
        return True
    return not people and outcome.status != "proposed"
