"""This file is outcomes as arrays: what is asked of all of them at once, whether there are ten or ten thousand."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Mask

Index = NDArray[np.int64]
STATUSES = ("proposed", "running", "finished", "failed", "refused", "returned")
"""What `Columns.status` numbers."""
PROPOSED, RUNNING, FINISHED, FAILED, REFUSED, RETURNED = range(6)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A row an outcome (n); NaN where something is unknown."""

    number: Index
    round: Index
    status: Index
    """(n,) places in `STATUSES`."""
    name: Index
    """(n,) hashes of the ids, the same for the same id within a process and hardly ever for two."""
    ended: Mask
    """(n,) has it come to its end?"""
    aside: Mask
    barred: Mask
    lost: Mask
    """(n,) did it fail by no fault of its own?"""
    feasible: Mask
    """(n,) finished, every loss known, every constraint held."""
    replicated: Mask
    """(n,) has any of its evaluations files beside its values, which may hold what a value is the mean of?"""
    x: Array
    """(n, d) coordinates; NaN where it was made outside the space of today."""
    losses: Array
    """(n, m)"""
    signed: Array
    """(n, m) what surrogates model of an objective."""
    noise: Array
    """(n, m) standard errors of that."""
    excess: Array
    """(n, c)"""
    excess_noise: Array
    """(n, c)"""
    fidelity: Array
    """(n,) the highest rung that answered, 0 where none did."""
    cost: Array
    """(n,) wall seconds of all its evaluations."""
    price: Array
    """(n,) what it took from a budget of cost."""
    proposer: NDArray[np.object_]
    """(n,) who proposed it."""

    def rows(self, places: Index | Mask | slice) -> "Columns":
        """Some of the rows."""
        return Columns(*(getattr(self, name)[places] for name in NAMES))

    def first(self, n: int) -> "Columns":
        """The first n rows, in arrays to be looked at and not written to."""
        found = self.rows(slice(n))
        for name in NAMES:
            getattr(found, name).flags.writeable = False
        return found

    def copy(self) -> "Columns":
        """The same in arrays of its own."""
        return Columns(*(getattr(self, name).copy() for name in NAMES))

    def longer(self, n: int) -> "Columns":
        """The same with room for n rows."""
        arrays = [getattr(self, name) for name in NAMES]
        more = [np.empty((n - len(array), *array.shape[1:]), dtype=array.dtype) for array in arrays]
        return Columns(*(np.concatenate(pair) for pair in zip(arrays, more, strict=True)))

    def put(self, places: Sequence[int], other: "Columns") -> None:
        """Write another's rows (k) to these places (k,)."""
        for name in NAMES:
            getattr(self, name)[places] = getattr(other, name)

    @property
    def proposed(self) -> Mask:
        """(n,) those that count as proposed: whatever became of them, unless they were given back."""
        return np.asarray((self.number > 0) & (self.status != RETURNED))

    @property
    def pending(self) -> Mask:
        """(n,) those that something more will happen to."""
        return np.asarray((self.status == PROPOSED) | (self.status == RUNNING))


NAMES = tuple(field.name for field in fields(Columns))
