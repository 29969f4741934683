"""This file is what every generator does: it owns a space and makes its rows materials."""

from typing import Protocol

import numpy as np

from optimizers.base import Array, Space
from oracles.base import Candidate


class Generator(Protocol):
    """Coordinates -> candidates."""

    @property
    def space(self) -> Space:
        """The space it can make candidates from; ValueError when its options leave nothing."""
        ...

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:
        """Candidate i from row i of X (n, d)."""
        ...


class FiledGenerator(Generator, Protocol):
    """A generator that reads files named in the campaign file."""

    def located(self, folder: str) -> "Generator":
        """The same generator with relative paths taken from `folder`."""
        ...
