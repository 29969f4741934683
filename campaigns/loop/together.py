"""This file is which candidates are made together: those of one asking, and what is asked for before they are made."""

import time
from dataclasses import dataclass

import numpy as np

from eutectic.campaigns.loop.routing import waits
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.leases import another
from eutectic.campaigns.record.outcomes import Batch, Ledger, Outcome
from eutectic.campaigns.record.steps import OPEN
from eutectic.campaigns.record.table import columns
from eutectic.optimizers.base import Space


@dataclass(frozen=True, slots=True)
class Together:
    """Candidates that were asked for and not made yet, whose furnace has room."""

    batch: int
    """Index of the first batch of them."""
    numbers: tuple[int, ...]
    """All that were proposed in it and after it, those given back included."""

    @property
    def note(self) -> str:
        """What is said of candidates that join them."""
        first, last = self.numbers[0], self.numbers[-1]
        others = f"#{first}" if first == last else f"#{first} to #{last}"
        return f"made together with {others}: they share what is set for a batch"


def open_group(problem: Problem, ledger: Ledger, space: Space, holder: str = "") -> Together | None:
    """What the next candidates are made together with; None where they begin a batch of their own.

    That is where no variable of the space is set for a batch, when anything of the last batch was measured (or failed,
    or is being computed where nobody measures), while somebody else than `holder` has any of it, and after a change of
    the space.
    """
    if not ledger.batches or all(shared.size is not None for shared in space.shared):
        return None
    last = ledger.batches[-1]
    if _changed_since(ledger, last):
        return None
    first = last.index if last.together is None else last.together
    every, now = columns(ledger), time.time()
    own = [ledger.outcomes[place] for place in np.flatnonzero((every.number > 0) & (every.round >= first))]
    alive = [outcome for outcome in own if outcome.status != "returned"]
    if not any(outcome.status in OPEN for outcome in alive):
        return None
    if any(_made(problem, outcome) or another(outcome, holder, now) for outcome in alive):
        return None
    return Together(first, tuple(outcome.number for outcome in own))


def _changed_since(ledger: Ledger, batch: Batch) -> bool:
    """Was the space changed after a batch was asked for?"""
    return any(
        change.at >= batch.asked_at and any(line.startswith("space") for line in change.differences)
        for change in ledger.changes
    )


def _made(problem: Problem, outcome: Outcome) -> bool:
    """Has somebody made it: a person who said what came of it, or, where nobody is asked, whoever computes it?"""
    people = {named.name for named in problem.oracles if named.search and waits(named)}
    if outcome.measurements or any(not people or e.oracle in people for e in outcome.evaluations):
        return True
    return not people and outcome.status != "proposed"
