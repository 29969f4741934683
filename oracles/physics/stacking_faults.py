"""This file is stacking faults of fcc crystals: energies along the easy slip of (111) planes, and the engine they need.

The engine holds one periodic crystal at a time; LAMMPS and every ASE calculator are one (`FaultEngine`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from eutectic.oracles.physics.solid_solution import PARTIAL, SPACING, Sites, Types

Array = npt.NDArray[np.float64]
MJ_PER_M2 = 16021.766208
"""One eV per square angstrom in mJ/m2."""
REACH_ANGSTROM = 7.0
"""Longest cutoff of a potential that the distance between faults and surfaces allows for."""
PEAK = (0.44, 0.5, 0.56, 0.62)
"""Shifts, in partials, between which the unstable fault lies."""
INTRINSIC_SHIFT = 1.0
"""Shift of the intrinsic fault: one whole partial."""
UNSTABLE = "unstable_stacking_fault_energy_mj_per_m2"
INTRINSIC = "intrinsic_stacking_fault_energy_mj_per_m2"
FAULTS = (INTRINSIC, UNSTABLE)
"""The properties, in the order of their shifts."""


class FaultEngine(Protocol):
    """What a stacking-fault calculation asks of an engine that holds one periodic crystal at a time.

    Cells (3, 3) lower triangular and positions (n, 3) in angstrom, types (n,) from 1, energies in eV.
    """

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


@dataclass(frozen=True, slots=True)
class Slab:
    """A decorated (111) slab at a lattice constant, and how its faults are made."""

    sites: Sites
    types: Types
    lattice_angstrom: float
    fault: Literal["rigid", "relaxed"]
    ions: Literal["ideal", "relaxed"] = "ideal"
    """Where the atoms of a rigid fault's perfect slab are: on lattice sites or relaxed."""
    force_ev_per_angstrom: float = 1e-3
    """Largest force left by a relaxation."""

    @property
    def area(self) -> float:
        """Of the plane, square angstrom."""
        return float(self.sites.cell[0, 0] * self.sites.cell[1, 1]) * self.lattice_angstrom**2


def require_cells(cells: tuple[int, int, int]) -> None:
    """ValueError when a slab of so many rectangles and planes is none (option `fault_cells`)."""
    along, across, layers = cells
    if along < 1 or across < 1 or layers < 9 or layers % 3:
        raise ValueError(f"fault_cells is {list(cells)}: its planes must be a multiple of 3, 9 or more")


def directions(fault: Literal["rigid", "relaxed"]) -> Array:
    """Unit vectors (m, 3) of the easy <112> slips that are averaged: all three where they cost an energy only."""
    angles = np.radians([0.0, 120.0, 240.0] if fault == "rigid" else [0.0])
    return np.stack([-np.sin(angles), np.cos(angles), np.zeros_like(angles)], axis=1)


def block_layers(lattice: float) -> int:
    """Fewest planes between two faults at which neither feels the other, a multiple of 3."""
    reach = int(REACH_ANGSTROM / (SPACING * lattice))
    return 3 * int(np.ceil(2 * reach / 3))


def fault_energies(session: FaultEngine, slab: Slab, shifts: Sequence[float]) -> Array:
    """Energies (len(shifts),) in mJ/m2 of shifts in partials, against the perfect slab; mean over faults and ways."""
    measure = _rigid if slab.fault == "rigid" else _relaxed
    return measure(session, slab, shifts)


def peak(shifts: Sequence[float], energies: Array) -> float:
    """The shift of the highest energy, by the cubic through four points; the best of them if it has no peak there."""
    polynomial = np.polynomial.Polynomial.fit(shifts, energies, 3)
    roots = polynomial.deriv().roots()
    real = np.real(roots[np.abs(np.imag(roots)) < 1e-9])
    inside = [float(x) for x in real if min(shifts) <= x <= max(shifts) and polynomial.deriv(2)(x) < 0]
    return inside[0] if inside else float(shifts[int(np.argmax(energies))])


def faults(layers: int, lattice: float) -> int:
    """How many rigid faults a slab of so many planes holds at once."""
    return max(1, layers // block_layers(lattice))


def beside(sites: Sites, lattice: float, fault: Literal["rigid", "relaxed"]) -> npt.NDArray[np.int64]:
    """Sites (s,) of the two planes at each fault, plane by plane: their elements make most of its energy."""
    layers = int(sites.layer.max()) + 1
    above = [(layers + 1) // 2]
    if fault == "rigid":
        count = faults(layers, lattice)
        above = [block * (layers // count) for block in range(count)]
    planes = [plane % layers for first in above for plane in (first - 1, first)]
    return np.concatenate([np.flatnonzero(sites.layer == plane) for plane in planes])


def _rigid(session: FaultEngine, slab: Slab, shifts: Sequence[float]) -> Array:
    """Unrelaxed slide: blocks of planes slide over each other, each by one shift more than the block below.

    The tilt of the periodic cell makes the last fault like the others. Energies of faults this far apart add up.
    """
    sites, a = slab.sites, slab.lattice_angstrom
    layers = int(sites.layer.max()) + 1
    count = faults(layers, a)
    block = np.minimum(sites.layer // (layers // count), count - 1)[:, None]
    session.place(sites.cell * a, sites.positions * a, slab.types)
    perfect = session.energy() if slab.ions == "ideal" else session.relax(slab.force_ev_per_angstrom)
    start = session.positions()
    energies = np.zeros(len(shifts))
    ways = directions("rigid")
    for way in ways:
        for i, shift in enumerate(shifts):
            step = shift * PARTIAL * a * way
            cell = sites.cell * a
            cell[2] += count * step
            session.move(cell, start + block * step)
            energies[i] += session.energy() - perfect
    return energies * (MJ_PER_M2 / (slab.area * count * len(ways)))


def _relaxed(session: FaultEngine, slab: Slab, shifts: Sequence[float]) -> Array:
    """Relaxed along z: one fault in the middle of a slab with two free surfaces, whose energies cancel."""
    sites, a = slab.sites, slab.lattice_angstrom
    upper = (sites.layer > int(sites.layer.max()) // 2)[:, None]
    cell = sites.cell * a
    cell[2, 2] += 2.0 * REACH_ANGSTROM
    lifted = sites.positions * a + [0.0, 0.0, REACH_ANGSTROM]
    session.place(cell, lifted, slab.types)
    perfect = session.relax(slab.force_ev_per_angstrom, only_z=True)
    calm = session.positions()
    energies = np.zeros(len(shifts))
    for i, shift in enumerate(shifts):
        session.move(cell, calm + upper * (shift * PARTIAL * a * directions("relaxed")[0]))
        energies[i] = session.relax(slab.force_ev_per_angstrom, only_z=True) - perfect
    return energies * (MJ_PER_M2 / slab.area)
