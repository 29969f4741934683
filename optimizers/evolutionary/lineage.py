"""This file is what a population method remembers of a batch: its survivors, by a digest of each row's coordinates.

A method that compares parents with their children alone must know which of a history's rows those are. They are told in
the state that is recorded with a batch; where it is missing, or names other rows, every row counts as new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from eutectic.optimizers.base import Array, History, Index
from eutectic.optimizers.evolutionary.selection import Pool


@dataclass(frozen=True, slots=True)
class Lineage:
    """The state of a population method."""

    populations: tuple[frozenset[str], ...] = ()
    """Digests of the survivors, a set a population."""
    asked: Mapping[str, int] = field(default_factory=dict)
    """Digest of a row that was asked for and has not been judged -> its population."""
    rows: int = 0
    """Rows of the history that had been judged."""

    def state(self) -> dict[str, object]:
        """The same as JSON values."""
        return {"populations": [sorted(own) for own in self.populations], "asked": dict(self.asked), "rows": self.rows}


def recalled(history: History, name: str, count: int) -> tuple[Lineage, Mapping[str, object]]:
    """What the method of that name kept with the last batch, and its state; an empty lineage where it kept none."""
    kept = history.state.get(name)
    if not isinstance(kept, Mapping):
        return Lineage(), {}
    populations, asked, rows = kept.get("populations"), kept.get("asked"), kept.get("rows")
    if not isinstance(populations, list) or len(populations) != count or not isinstance(asked, Mapping):
        return Lineage(), {}
    return Lineage(tuple(map(frozenset, populations)), dict(asked), int(rows) if isinstance(rows, int) else 0), kept


def digests(X: Array) -> list[str]:
    """(n,) one a row of X (n, d); -0.0 is 0.0."""
    rows = np.ascontiguousarray(X, dtype=float) + 0.0
    return [blake2b(row.tobytes(), digest_size=6).hexdigest() for row in rows]


def candidates(pool: Pool, names: Sequence[str], lineage: Lineage, population: int) -> Index:
    """Rows (k,) of a pool, called `names` (n,), among which a population's next survivors are chosen.

    Its survivors, what was asked for it, and what came from elsewhere since; every row where none of these is known.
    """
    known = lineage.populations[population] if lineage.populations else frozenset[str]()
    every = frozenset[str]().union(*lineage.populations) | lineage.asked.keys()
    chosen = [
        i
        for i, name in enumerate(names)
        if name in known
        or lineage.asked.get(name) == population
        or (name not in every and int(pool.place[i]) >= lineage.rows)
    ]
    return np.array(chosen, dtype=np.int64) if len(chosen) > 1 else np.arange(len(pool))
