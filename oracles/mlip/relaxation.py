"""This file is the relaxation of a crystal under an ASE calculator, watched: an exploded one is no answer."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.calculators.calculator import CalculatorError
from ase.constraints import FixSymmetry
from ase.data import covalent_radii
from ase.filters import FrechetCellFilter
from ase.neighborlist import neighbor_list
from ase.optimize import LBFGS
from ase.units import GPa

from eutectic.oracles.mlip.potential import Unconverged, Unphysical

Array = npt.NDArray[np.float64]
Cell = Literal["free", "volume", "fixed"]


@dataclass(frozen=True, slots=True)
class Limits:
    """When a crystal is relaxed, and when it is none any more."""

    force_ev_per_angstrom: float = 0.02
    stress_gpa: float = 0.1
    steps: int = 300
    keep_symmetry: bool = False
    largest_force_ev_per_angstrom: float = 100.0
    nearest_over_radii: float = 0.5
    """Least distance of two atoms over the sum of their covalent radii."""
    volume_window: tuple[float, float] = (0.6, 1.6)
    """Volume over that of the start."""
    pressure_gpa: float = 0.0
    """What the cell is under; no cell that is fixed."""
    escape: float = 0.5
    """In an alloy, the farthest an atom may go from its site, in nearest-neighbour distances; 0: anywhere."""


def relaxed(atoms: Atoms, limits: Limits, cell: Cell) -> Atoms:
    """A relaxed copy with the same calculator. cell: all of it, its volume alone, or not at all.

    Unconverged when the steps are used up, Unphysical when the crystal explodes, collapses or falls apart.
    """
    crystal = atoms.copy()
    crystal.calc = atoms.calc
    with quiet():
        if limits.keep_symmetry:
            crystal.set_constraint(FixSymmetry(crystal))
        require_physical(crystal, atoms, limits)
        target: Any = crystal
        if cell != "fixed":
            pressure = limits.pressure_gpa * GPa
            target = FrechetCellFilter(crystal, hydrostatic_strain=cell == "volume", scalar_pressure=pressure)
        optimizer = LBFGS(target, logfile=None, maxstep=0.1)
        for _ in optimizer.irun(fmax=0.0, steps=limits.steps):
            require_physical(crystal, atoms, limits)
            force, stress = left(crystal, cell, limits.pressure_gpa)
            if force <= limits.force_ev_per_angstrom and stress <= limits.stress_gpa:
                return _free(crystal)
    raise Unconverged(
        f"after {limits.steps} steps a force of {force:.3g} eV/angstrom (limit {limits.force_ev_per_angstrom:g}) and a "
        f"stress of {stress:.3g} GPa (limit {limits.stress_gpa:g}) are left"
    )


def _free(crystal: Atoms) -> Atoms:
    """The same crystal without constraints."""
    crystal.set_constraint()
    return crystal


def left(crystal: Atoms, cell: Cell, pressure_gpa: float = 0.0) -> tuple[float, float]:
    """Largest force, eV/angstrom, and stress beside the pressure, GPa, that the relaxation has not removed yet."""
    force = float(np.linalg.norm(crystal.get_forces(), axis=1).max())
    if cell == "fixed":
        return force, 0.0
    stress = crystal.get_stress() / GPa + pressure_gpa * np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    return force, float(abs(stress[:3].mean()) if cell == "volume" else np.abs(stress).max())


def require_physical(crystal: Atoms, start: Atoms, limits: Limits) -> None:
    """Unphysical with the reason when a crystal is not one any more."""
    growth = crystal.get_volume() / start.get_volume()
    low, high = limits.volume_window
    if not low <= growth <= high:
        raise Unphysical(f"the volume went to {growth:.2f} of its start, outside {low:g} to {high:g}")
    _require_apart(crystal, limits.nearest_over_radii)
    force = float(np.linalg.norm(crystal.get_forces(), axis=1).max())
    if not force <= limits.largest_force_ev_per_angstrom or not np.isfinite(crystal.get_potential_energy()):
        raise Unphysical(f"a force reached {force:.3g} eV/angstrom, over {limits.largest_force_ev_per_angstrom:g}")


def _require_apart(crystal: Atoms, least: float) -> None:
    radii = covalent_radii[crystal.numbers]
    first, second, distance = neighbor_list("ijd", crystal, 2.0 * least * float(radii.max()))
    if not len(distance):
        return
    ratio = distance / (radii[first] + radii[second])
    worst = int(np.argmin(ratio))
    if ratio[worst] < least:
        pair = f"{crystal.symbols[first[worst]]} and {crystal.symbols[second[worst]]}"
        raise Unphysical(
            f"{pair} are {distance[worst]:.2f} angstrom apart, under {least:g} of the sum of their covalent radii"
        )


def farthest(crystal: Atoms, start: Atoms) -> float:
    """Largest step of an atom from its site, the crystal's drift apart, in nearest-neighbour distances."""
    steps = crystal.get_scaled_positions(wrap=False) - start.get_scaled_positions(wrap=False)
    steps = (steps - np.round(steps)) @ crystal.cell.array
    return float(np.linalg.norm(steps - steps.mean(axis=0), axis=1).max() / nearest(start))


def nearest(crystal: Atoms) -> float:
    """Shortest distance between two atoms, angstrom."""
    reach = 1.5 * (crystal.get_volume() / len(crystal)) ** (1 / 3)
    while True:
        found = neighbor_list("d", crystal, reach)
        if len(found):
            return float(found.min())
        reach *= 1.5


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of packages about each other; a calculator that gives up is Unphysical."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except CalculatorError as error:
            raise Unphysical(f"the calculator gave up: {error}") from error
