"""This file is the properties of one candidate under a learned potential: what they need, their means and errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.units import GPa
from pymatgen.io.ase import AseAtomsAdaptor

from eutectic.oracles.base import Candidate
from eutectic.oracles.mlip import batching, competing_phases, crystals, dynamics, elasticity, phonons
from eutectic.oracles.mlip.faults import FaultPlan, fault_energies
from eutectic.oracles.mlip.options import Options
from eutectic.oracles.mlip.potential import Unphysical
from eutectic.oracles.mlip.references import References
from eutectic.oracles.mlip.relaxation import Cell, Limits, farthest, quiet, relaxed
from eutectic.oracles.physics import solid_solution
from eutectic.oracles.physics.decorations import Decorated
from eutectic.oracles.physics.elasticity import NAMES
from eutectic.oracles.physics.measured import AMU_PER_ANGSTROM3_IN_G_PER_CM3, Measured, summarise
from eutectic.oracles.physics.stacking_faults import FAULTS
from eutectic.oracles.structures.disorder import ordered
from eutectic.oracles.structures.orientation import Axes

if TYPE_CHECKING:
    from pymatgen.core import Structure

LATTICE = "lattice_constant_angstrom"
BULK = "bulk_modulus_gpa"
FORMATION = "formation_energy_ev_per_atom"
MIXING = "mixing_enthalpy_ev_per_atom"
TENSOR = {*NAMES, "shear_modulus_gpa", "young_modulus_gpa", "pugh_ratio", "poisson_ratio"}
PHONONS = {"lowest_phonon_thz", "imaginary_phonons"}
DYNAMICS = {"npt_volume_drift_percent", "npt_mean_square_displacement_angstrom2"}
OF_ALLOYS = {MIXING, *FAULTS}
"""Properties of a composition on its lattice, not of a structure."""


@dataclass(frozen=True, slots=True)
class Task:
    """One candidate and what is used for it."""

    options: Options
    calculator: Any
    references: References
    candidate: Candidate
    seed: int

    @property
    def alloy(self) -> Mapping[str, float] | None:
        """Atomic fractions where the candidate is a composition without a structure."""
        if self.candidate.structure is not None or not self.candidate.composition:
            return None
        return {symbol: share for symbol, share in self.candidate.composition.items() if share > 0.0}

    @property
    def temperature_k(self) -> float:
        """Of its molecular dynamics: the candidate's own, else that of the options."""
        return self._own("temperature_k", self.options.temperature_k)

    @property
    def pressure_gpa(self) -> float:
        """Of its relaxations and its molecular dynamics: the candidate's own, else that of the options."""
        return self._own("pressure_gpa", self.options.pressure_gpa)

    def _own(self, name: str, otherwise: float) -> float:
        given = self.candidate.variables.get(name)
        return otherwise if given is None or name in self.options.ignores else float(given)

    @property
    def structure(self) -> "Structure":
        """The candidate's own crystal, which may be disordered; ValueError when it cannot be read."""
        assert self.candidate.structure is not None
        return crystals.from_structure(self.candidate.structure)

    @property
    def axes(self) -> Axes:
        """In which tensors are stated: of an alloy's lattice, or the standard ones of a structure as it was given."""
        return elasticity.axes_of(self.options.lattice if self.alloy is not None else self.structure)

    @property
    def cell(self) -> Cell:
        """What of the cell relaxes: an alloy's volume alone, all of a structure's, unless the options say."""
        if self.options.cell != "auto":
            return self.options.cell
        return "free" if self.alloy is None else "volume"

    @property
    def limits(self) -> Limits:
        """Of its relaxations."""
        o = self.options
        return Limits(
            o.force_tolerance_ev_per_angstrom,
            o.stress_tolerance_gpa,
            o.steps,
            o.keep_symmetry,
            o.largest_force_ev_per_angstrom,
            o.nearest_over_radii,
            o.volume_window,
            pressure_gpa=self.pressure_gpa,
            escape=0.0 if self.alloy is None else 0.5,
        )


def starts(task: Task) -> list[Atoms]:
    """The unrelaxed crystals, one a decoration; ValueError when the candidate makes none for what is asked."""
    o, alloy = task.options, task.alloy
    require_conditions(task)
    if alloy is None and task.candidate.structure is None:
        raise ValueError("the candidate has neither a composition nor a structure")
    unfit = sorted(OF_ALLOYS & {*o.properties}) if alloy is None else []
    if unfit and o.compute is not None:
        raise ValueError(f"{unfit[0]} is of random alloys, and the candidate is a structure")
    if alloy is None:
        crystal = task.structure
        rng = np.random.default_rng([task.seed, 0])
        own = (
            [crystal] if crystal.is_ordered else ordered(crystal, o.decorations, o.order, o.composition_tolerance, rng)
        )
        ideal = [crystals.atoms_of(one) for one in own]
    else:
        _require_held(o, alloy)
        rng = np.random.default_rng([task.seed, 0])
        constant = crystals.start_constant(o.lattice, alloy)
        ideal = [crystals.decorated(o.lattice, o.cells, alloy, constant, rng) for _ in range(o.decorations)]
    for atoms in ideal:
        atoms.calc = task.calculator
    return ideal


def require_conditions(task: Task) -> None:
    """ValueError when the candidate's own temperature or pressure cannot be."""
    if not 0.0 < task.temperature_k <= 10000.0:
        raise ValueError(f"temperature_k is {task.temperature_k:g}; it must be above 0 and at most 10000")
    if not np.isfinite(task.pressure_gpa):
        raise ValueError(f"pressure_gpa is {task.pressure_gpa}, no finite number")


def _require_held(o: Options, alloy: Mapping[str, float]) -> None:
    """ValueError when a crystal, or the slab of a fault that is asked for, cannot hold the composition."""
    elements, total = list(alloy), sum(alloy.values())
    shares = np.array([alloy[symbol] / total for symbol in elements])
    edge = crystals.sites(o.lattice, 1).count
    reason = solid_solution.unheld(elements, shares, lambda n: edge * n**3, o.cells, o.composition_tolerance)
    if reason:
        raise ValueError(reason)
    slab = solid_solution.slab(*o.fault_cells).count
    faults = o.compute is not None and {*FAULTS} & {*o.properties}
    if faults and solid_solution.unheld(elements, shares, lambda _: slab, 1, o.composition_tolerance):
        raise ValueError(f"fault_cells {list(o.fault_cells)}: {slab} sites do not hold the composition; make it larger")


def measure(task: Task) -> tuple[Measured, list[Atoms]]:
    """Means and errors over the decorations, and the relaxed crystals.

    Unphysical and Unconverged with the reason, ValueError when the candidate does not suit.
    """
    wanted = {*task.options.properties} - (OF_ALLOYS if task.alloy is None else set())
    starting = list(enumerate(starts(task)))
    found = batching.each(task.calculator, lambda start: _of_start(start[1], task, wanted, start[0]), starting)
    relaxed_crystals = [crystal for crystal, _ in found]
    samples = {name: [values[name] for _, values in found] for name in found[0][1]}
    lattice = float(np.mean(samples[LATTICE]))
    o, faults = task.options, wanted & {*FAULTS}
    decorated = [_decorated(relaxed_crystals, task.alloy, [name for name in o.properties if name in samples])]
    if faults and task.alloy is not None:
        plan = FaultPlan(o.fault_cells, o.fault_decorations, o.fault, o.steps)
        faulted, planes = fault_energies(task.calculator, plan, task.alloy, lattice, faults, task.seed)
        samples |= faulted
        decorated.append(planes)
    chosen = {name: samples[name] for name in o.properties if name in wanted}
    return summarise(chosen, lattice, decorated if task.alloy else ()), relaxed_crystals


def _decorated(occupied: Sequence[Atoms], alloy: Mapping[str, float] | None, names: Sequence[str]) -> Decorated:
    """The elements on the sites of an alloy's crystals, numbered as in the alloy."""
    order = list(alloy or ())
    types = [np.array([order.index(symbol) + 1 for symbol in crystal.symbols]) for crystal in occupied] if alloy else []
    return Decorated(tuple(names), types)


def _of_start(start: Atoms, task: Task, wanted: set[str], index: int) -> tuple[Atoms, dict[str, float]]:
    """One decoration: the relaxed crystal and its values."""
    crystal = _relaxed(start, task)
    lies = task.axes if wanted & TENSOR else None
    return crystal, _of_crystal(crystal, lies, task, wanted, index) | {LATTICE: _constant(start, crystal, task)}


def _constant(start: Atoms, crystal: Atoms, task: Task) -> float:
    """Lattice constant, angstrom: of an alloy's cube, or the first edge of a structure's conventional cell.

    The average cell of a disordered structure grows as its ordered one does; 0 for a structure where nobody asks.
    """
    if task.alloy is not None:
        return float((crystals.SITES_OF_A_CUBE[task.options.lattice] * crystal.get_volume() / len(crystal)) ** (1 / 3))
    if LATTICE not in task.options.properties:
        return 0.0
    given = task.structure
    if given.is_ordered:
        return crystals.conventional_constant(AseAtomsAdaptor.get_structure(crystal))
    growth = float(crystal.get_volume() / start.get_volume())
    return float(crystals.conventional_constant(given) * growth ** (1 / 3))


def _relaxed(start: Atoms, task: Task) -> Atoms:
    """The crystal relaxed; Unphysical when an alloy's atoms left their sites."""
    limits = task.limits
    crystal = relaxed(start, limits, task.cell)
    moved = farthest(crystal, start) if limits.escape and len(crystal) > 1 else 0.0
    if moved > limits.escape:
        raise Unphysical(f"an atom moved {moved:.2f} nearest-neighbour distances: the crystal is no longer its own")
    return crystal


def _of_crystal(crystal: Atoms, lies: Axes | None, task: Task, wanted: set[str], index: int) -> dict[str, float]:
    """All that is wanted of one relaxed crystal, by name."""
    o, limits = task.options, task.limits
    found = _at_rest(crystal, task.pressure_gpa)
    if BULK in wanted:
        found[BULK] = elasticity.bulk_modulus(crystal, limits, o.strain)
    if lies is not None:
        found |= elasticity.moduli(elasticity.tensor(crystal, lies, limits, o.strain))
    if FORMATION in wanted:
        found[FORMATION] = found["energy_ev_per_atom"] - _unmixed(crystal, task.references.energy, task.calculator)
    if competing_phases.ABOVE in wanted:
        formation = competing_phases.formation_energy(
            crystal, found["energy_ev_per_atom"], task.references, task.calculator
        )
        found[competing_phases.ABOVE] = competing_phases.above(
            crystal, formation, o.competing, task.references, task.calculator
        )
    if MIXING in wanted:
        on_lattice = partial(task.references.on_lattice, o.lattice)
        found[MIXING] = found["energy_ev_per_atom"] - _unmixed(crystal, on_lattice, task.calculator)
    if wanted & PHONONS:
        found |= phonons.phonons(crystal, o.phonon_length_angstrom, o.phonon_displacement_angstrom)
    if wanted & DYNAMICS:
        run = dynamics.Run(task.temperature_k, task.pressure_gpa, o.npt_ps, o.timestep_fs)
        found |= dynamics.survive(crystal, run, limits, np.random.default_rng([task.seed, 2, index]))
    return found


def _at_rest(crystal: Atoms, pressure_gpa: float) -> dict[str, float]:
    """What the relaxed crystal itself says; the enthalpy is E + P V."""
    volume, number = crystal.get_volume(), len(crystal)
    with quiet():
        energy = float(crystal.get_potential_energy()) / number
    return {
        "energy_ev_per_atom": energy,
        "enthalpy_ev_per_atom": float(energy + pressure_gpa * GPa * volume / number),
        "volume_angstrom3_per_atom": float(volume / number),
        "density_g_per_cm3": float(crystal.get_masses().sum() / volume * AMU_PER_ANGSTROM3_IN_G_PER_CM3),
    }


def _unmixed(crystal: Atoms, energy_of: Callable[[str, Any], float], calculator: Any) -> float:
    """Energy of the pure elements in the crystal's own proportions, eV/atom."""
    symbols = crystal.get_chemical_symbols()
    total = sum(symbols.count(s) * energy_of(s, calculator) for s in sorted({*symbols}))
    return float(total / len(symbols))


def disagreement(crystal: Atoms, other: Any, displacement_angstrom: float, rng: np.random.Generator) -> float:
    """Root-mean-square difference of two potentials' forces, eV/angstrom, atoms displaced at random from a crystal."""
    shaken = crystal.copy()
    shaken.positions += rng.normal(0.0, displacement_angstrom, shaken.positions.shape)
    forces = []
    with quiet():
        for calculator in (crystal.calc, other):
            shaken.calc = calculator
            forces.append(np.array(shaken.get_forces()))
    return float(np.sqrt(((forces[0] - forces[1]) ** 2).sum(axis=1).mean()))
