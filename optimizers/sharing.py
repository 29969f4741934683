"""This file is batches whose candidates have some columns in common, such as the one temperature of a furnace.

Any optimizer serves them: it is asked for one candidate with every column free, then for the others with the shared
columns held at that candidate's values. The first candidate of a group thus chooses for all, as in split-plot designs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Optimizer, Proposals, Shared, Space, active
from eutectic.optimizers.spaces.activity import hold


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What was proposed before, for groups that reach over several batches."""

    number: int = 0
    """Candidates proposed so far."""
    latest: Array | None = None
    """(k, d) the latest of them, in order; None: none."""
    together: Array | None = None
    """(k, d) those that are made together with what is asked for now, with all columns of a batch; None: none."""


def propose_shared(
    optimizer: Optimizer,
    name: str,
    space: Space,
    history: History,
    n: int,
    rng: np.random.Generator,
    made: Made | None = None,
) -> Proposals:
    """Like `propose`, every group with its shared columns in common; fewer rows when the space is used up.

    made: what was proposed before; None: nothing was.
    """
    if not space.shared:
        return propose(optimizer, name, space, history, n, rng)
    made = made or Made()
    history = replace(history, kept=[])
    before = np.empty((0, space.d)) if made.latest is None else made.latest
    batch = np.empty((0, space.d)) if made.together is None else made.together
    answers: list[Proposals] = []
    X = np.empty((0, space.d))
    while len(X) < n:
        groups = [_held_by_group(shared, made.number + len(X), len(batch) + len(X)) for shared in space.shared]
        rows, own = np.concatenate([before, X]), np.concatenate([batch, X])
        values = {
            c: v
            for s, k in zip(space.shared, groups, strict=True)
            for c, v in _common(space, s, own if s.size is None else rows, k).items()
        }
        room = min(n - len(X), *(s.size - k for s, k in zip(space.shared, groups, strict=True) if s.size), n)
        wanted = room if values.keys() == {c for shared in space.shared for c in shared.columns} else 1
        known = _pending(history, X)
        answer = propose(optimizer, name, hold(space, values), known, wanted, rng)
        answers.append(answer)
        X = np.concatenate([X, answer.X])
        if len(answer.X) < wanted:
            break
    return _joined(X, answers)


def held_alike(space: Space, X: Array) -> Space | None:
    """The space with its shared columns held as all rows of X (n, d) have them; None where they differ."""
    columns = [column for shared in space.shared for column in shared.columns]
    if not columns:
        return space
    if not len(X) or np.ptp(X[:, columns], axis=0).any():
        return None
    return hold(space, {column: float(X[0, column]) for column in columns})


def _held_by_group(shared: Shared, number: int, own: int) -> int:
    """How many candidates the group holds already that the next one belongs to."""
    return own if shared.size is None else number % shared.size


def _common(space: Space, shared: Shared, rows: Array, count: int) -> dict[int, float]:
    """Values of the shared columns among the latest `count` of rows (k, d), as far as they are active there."""
    group = rows[len(rows) - min(count, len(rows)) :]
    awake = active(space, group)
    latest = {c: np.flatnonzero(awake[:, c]) for c in shared.columns}
    return {c: float(group[places[-1], c]) for c, places in latest.items() if len(places)}


def _pending(history: History, X: Array) -> History:
    """The history with rows X (k, d) pending, too, on the lowest rung where there is a ladder."""
    if not len(X):
        return history
    rungs = history.pending_rung
    more = None if rungs is None else np.concatenate([rungs, np.zeros(len(X), dtype=np.int64)])
    return replace(history, pending=np.concatenate([history.pending, X]), pending_rung=more)


def _joined(X: Array, answers: Sequence[Proposals]) -> Proposals:
    """Answers one after the other, with the state of the last fit."""
    rungs = [answer.rungs for answer in answers if answer.rungs is not None]
    return Proposals(
        X=X,
        reasons=tuple(reason for answer in answers for reason in answer.reasons),
        state=answers[-1].state,
        notes=tuple(dict.fromkeys(note for answer in answers for note in answer.notes)),
        rungs=np.concatenate(rungs) if len(rungs) == len(answers) else None,
        shares=answers[-1].shares,
    )
