"""This file is other candidates in place of those asked for before under other coordinates.

A formula can be written in many sequences. An optimizer sees rows and asks for none of them twice; that two rows are
one candidate, only the generator knows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from campaigns.records import Ledger
from optimizers import region
from optimizers.base import Array, History, Proposals, Reason, Space
from oracles.base import Candidate

Ask = Callable[[History, int], Proposals]
Generate = Callable[[Array], Sequence[Candidate]]
TRIES = 4
"""How often an optimizer is asked again for what is missing, before that is sampled."""
SAMPLES = 2000
"""Rows looked through for new candidates where a space cannot be listed."""


def renewed(
    ledger: Ledger,
    space: Space,
    history: History,
    first: Proposals,
    ask: Ask,
    generate: Generate,
    rng: np.random.Generator,
) -> tuple[Proposals, Sequence[Candidate]]:
    """The first proposals and candidates; those known under other coordinates are replaced, if new ones are found.

    The optimizer is asked again with them as pending, then rows are sampled. A row that stood before just
    so stays: the optimizer meant it. Where an optimizer climbs a ladder, nothing is replaced.
    """
    known = {(outcome.id, _key(np.array(outcome.x))) for outcome in ledger.outcomes}
    chosen = _Chosen({name for name, _ in known})
    wanted = len(first.X)
    candidates = generate(first.X)
    for x, reason, candidate in zip(first.X, first.reasons, candidates, strict=True):
        if candidate.id not in chosen.ids or (candidate.id, _key(x)) in known:
            known.add((candidate.id, _key(x)))
            chosen.add(x, reason, candidate)
    if len(chosen.rows) == wanted or history.pending_rung is not None:
        return first, candidates
    others = [history.pending, first.X]
    for _ in range(TRIES):
        again = ask(history.with_pending(np.concatenate(others)), wanted - len(chosen.rows))
        chosen.take(again, generate(again.X), wanted)
        others.append(again.X)
        if len(chosen.rows) == wanted:
            return chosen.proposals(first), chosen.candidates
    by_method = len(chosen.rows)
    X = region.sample(space, SAMPLES, rng)
    name = first.reasons[0].proposer
    chosen.take(Proposals(X, tuple(Reason(name) for _ in X)), generate(X), wanted)
    told = (
        f"{wanted - by_method} of {wanted} were known under other coordinates: {len(chosen.rows) - by_method} sampled"
    )
    return chosen.proposals(first, told), chosen.candidates


@dataclass(slots=True)
class _Chosen:
    """Rows gathered, with their reasons."""

    ids: set[str]
    """Candidates known, or gathered already."""
    rows: list[Array] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)

    def take(self, proposals: Proposals, candidates: Sequence[Candidate], most: int) -> None:
        """Add what is new, up to `most` in all."""
        for x, reason, candidate in zip(proposals.X, proposals.reasons, candidates, strict=True):
            if len(self.rows) < most and candidate.id not in self.ids:
                self.add(x, reason, candidate)

    def add(self, x: Array, reason: Reason, candidate: Candidate) -> None:
        """Add one."""
        self.ids.add(candidate.id)
        self.rows.append(x)
        self.reasons.append(reason)
        self.candidates.append(candidate)

    def proposals(self, first: Proposals, *notes: str) -> Proposals:
        """What was gathered, with the state and the notes of the first asking."""
        X = np.array(self.rows).reshape(-1, first.X.shape[1])
        return replace(first, X=X, reasons=tuple(self.reasons), notes=(*first.notes, *notes))


def _key(x: Array) -> bytes:
    """A row (d,), to nine decimals."""
    return np.ascontiguousarray(np.round(x, 9) + 0.0).tobytes()
