"""This file is the user's own encoder and decoder: a function of theirs, and what it gives checked."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from eutectic.generators.latent.table import Table
from eutectic.optimizers.base import Array
from eutectic.oracles.user.module import load


class Model(Protocol):
    """What writes materials as coordinates and back."""

    @property
    def spread(self) -> Array:
        """(f,) standard deviation of each feature over the table; 1 where it is constant."""
        ...

    def encode(self, fractions: Array, numbers: Array) -> Array:
        """(n, d) coordinates of (n, e) atomic fractions and (n, f) features."""
        ...

    def decode(self, Z: Array) -> tuple[Array, Array]:
        """(n, e) atomic fractions and (n, f) features of (n, d)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Codec:
    """The user's."""

    made: Any
    """What the function returned."""
    name: str
    table: Table
    dimensions: int

    @property
    def spread(self) -> Array:
        """(f,) of the table's features."""
        spread = self.table.numbers.std(axis=0)
        return np.asarray(np.where(spread > 0, spread, 1.0))

    def encode(self, fractions: Array, numbers: Array) -> Array:
        """(n, d); ValueError where the user's encoder gives anything else."""
        return self._checked("encode", self.made.encode(fractions, numbers), (len(fractions), self.dimensions))

    def decode(self, Z: Array) -> tuple[Array, Array]:
        """(n, e) and (n, f), fractions scaled to sum to 1; ValueError where the user's decoder gives anything else."""
        answer = self.made.decode(np.asarray(Z))
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise ValueError(f"codec: decode of {self.name} gives no pair (fractions, features)")
        fractions = self._checked("decode", answer[0], (len(Z), len(self.table.elements)))
        numbers = self._checked("decode", answer[1], (len(Z), len(self.table.features)))
        if (fractions < 0).any() or not (fractions.sum(axis=1) > 0).all():
            raise ValueError(f"codec: decode of {self.name} gives fractions that are negative or all 0")
        return fractions / fractions.sum(axis=1, keepdims=True), numbers

    def _checked(self, part: str, given: Any, shape: tuple[int, int]) -> Array:
        values = np.asarray(given, dtype=float)
        if values.shape != shape:
            raise ValueError(f"codec: {part} of {self.name} gives numbers of shape {values.shape}, not {shape}")
        if not np.isfinite(values).all():
            raise ValueError(f"codec: {part} of {self.name} gives numbers that are not finite")
        return values


def codec(function: str, folder: str, table: Table, dimensions: int) -> Codec:
    """Call the user's `function(fractions, features, dimensions)` for what has `encode` and `decode`.

    EngineMissing where it cannot be imported; ValueError where what it returns lacks one of them.
    """
    build, _ = load(function, folder)
    made = build(table.fractions, table.numbers, dimensions)
    for part in ("encode", "decode"):
        if not callable(getattr(made, part, None)):
            raise ValueError(f"codec: what {function} returns has no {part}")
    return Codec(made, function, table, dimensions)
