"""This file is stacking faults of random fcc alloys under an ASE calculator, by the same protocol as with LAMMPS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.constraints import FixedLine
from ase.optimize import LBFGS

from eutectic.oracles.mlip.potential import Unconverged
from eutectic.oracles.mlip.relaxation import quiet
from eutectic.oracles.physics import solid_solution, stacking_faults
from eutectic.oracles.physics.decorations import Decorated

Array = npt.NDArray[np.float64]
Types = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Slabs and how they are faulted."""

    cells: tuple[int, int, int]
    """Rectangles along [1-10] and [11-2], and (111) planes."""
    decorations: int
    fault: Literal["rigid", "relaxed"]
    steps: int
    """Most steps of a relaxation."""


@dataclass(slots=True)
class Holder:
    """One slab at a time, as a `FaultEngine`."""

    calculator: Any
    symbols: tuple[str, ...]
    steps: int
    atoms: Atoms = field(default_factory=Atoms)

    def place(self, cell: Array, positions: Array, types: Types) -> None:
        """Replace the slab."""
        self.atoms = Atoms([self.symbols[int(kind) - 1] for kind in types], positions, cell=cell, pbc=True)
        self.atoms.calc = self.calculator

    def move(self, cell: Array, positions: Array) -> None:
        """Put the same atoms elsewhere."""
        self.atoms.set_constraint()
        self.atoms.set_cell(cell)
        self.atoms.set_positions(positions)

    def positions(self) -> Array:
        """Where the atoms are."""
        return np.array(self.atoms.get_positions(), dtype=float)

    def energy(self) -> float:
        """Of the slab as it stands."""
        return float(self.atoms.get_potential_energy())

    def relax(self, tolerance: float, only_z: bool = False) -> float:
        """Energy after relaxation to this force; Unconverged when the steps are used up."""
        if only_z:
            self.atoms.set_constraint([FixedLine(range(len(self.atoms)), [0, 0, 1])])
        if not LBFGS(self.atoms, logfile=None, maxstep=0.1).run(fmax=tolerance, steps=self.steps):
            raise Unconverged(f"a slab was not relaxed to {tolerance:g} eV/angstrom after {self.steps} steps")
        return self.energy()


def fault_energies(
    calculator: Any, plan: FaultPlan, fractions: Mapping[str, float], lattice: float, names: set[str], seed: int
) -> tuple[dict[str, list[float]], Decorated]:
    """Unstable and intrinsic fault energies by name, mJ/m2, one a slab, and the elements beside the faults of each.

    Lattice constant in angstrom. The shift of the unstable fault is found on the first slab, as with LAMMPS.
    """
    rng = np.random.default_rng([seed, 1])
    places, symbols = solid_solution.slab(*plan.cells), tuple(fractions)
    shares = np.array([fractions[symbol] for symbol in symbols])
    beside = stacking_faults.beside(places, lattice, plan.fault)
    shifts = [stacking_faults.INTRINSIC_SHIFT] if stacking_faults.INTRINSIC in names else []
    rows, planes = [], []
    with quiet():
        for index in range(plan.decorations):
            holder = Holder(calculator, symbols, plan.steps)
            types = solid_solution.decorate(shares, places.count, rng)
            planes.append(types[beside])
            slab = stacking_faults.Slab(places, types, lattice, plan.fault, force_ev_per_angstrom=0.01)
            if index == 0 and stacking_faults.UNSTABLE in names:
                curve = stacking_faults.fault_energies(holder, slab, stacking_faults.PEAK)
                shifts.append(stacking_faults.peak(stacking_faults.PEAK, curve))
            rows.append(stacking_faults.fault_energies(holder, slab, shifts))
    wanted = tuple(name for name in stacking_faults.FAULTS if name in names)
    return {name: [float(row[i]) for row in rows] for i, name in enumerate(wanted)}, Decorated(wanted, planes)
