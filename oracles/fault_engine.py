"""This file is what a stacking-fault calculation asks of an engine that holds one periodic crystal at a time."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Types = npt.NDArray[np.int64]


class FaultEngine(Protocol):
    """Cells (3, 3) lower triangular and positions (n, 3) in angstrom, types (n,) from 1, energies in eV."""

    def place(self, cell: Array, positions: Array, types: Types) -> None:
        """Replace the crystal."""
        ...

    def move(self, cell: Array, positions: Array) -> None:
        """Put the same atoms elsewhere."""
        ...

    def positions(self) -> Array:
        """Where the atoms are."""
        ...

    def energy(self) -> float:
        """Of the crystal as it stands."""
        ...

    def relax(self, tolerance: float, only_z: bool = False) -> float:
        """Energy after the positions (or their z alone) were relaxed to this force, eV/angstrom."""
        ...
