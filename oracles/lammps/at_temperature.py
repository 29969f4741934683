"""This file is the properties of one composition at a temperature: which runs they need, their means and errors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from eutectic.oracles.lammps import dynamics, statics
from eutectic.oracles.lammps.dynamics import BLOCKS, Plan, State
from eutectic.oracles.lammps.options import AtTemperature
from eutectic.oracles.lammps.session import Session, Unphysical, forget, session
from eutectic.oracles.physics import short_range_order, solid_solution
from eutectic.oracles.physics.decorations import Decorated
from eutectic.oracles.physics.elasticity import Cubic
from eutectic.oracles.physics.measured import AMU_PER_ANGSTROM3_IN_G_PER_CM3, STIFFNESS, Measured
from eutectic.oracles.physics.solid_solution import Sites
from eutectic.oracles.potentials.files import PotentialFile

Array = npt.NDArray[np.float64]
SURVIVED = 0.5
"""Least share of atoms in fcc surroundings of what still is the crystal."""
OF_ANY_PHASE = {"density_g_per_cm3", "mean_square_displacement_angstrom2", "fcc_fraction"}
"""Properties that a melt has, too."""
EXPANSION = "thermal_expansion_per_k"
ORDER = "warren_cowley"
BULK = "bulk_modulus_gpa"
Sample = dict[str, tuple[float, float]]
"""Property -> value and standard error (NaN: not known) of one decoration."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One decorated crystal and what it is measured with."""

    session: Session
    options: AtTemperature
    sites: Sites
    seeds: npt.NDArray[np.int64]
    """One for each run, whether it is made or not, so that asking for less changes no value."""

    def plan(self, run: int, step_k: float = 0.0) -> Plan:
        """The run of that number at the options' conditions, or so much hotter."""
        o = self.options
        return Plan(
            o.temperature_k + step_k,
            o.pressure_gpa,
            o.timestep_fs,
            o.equilibration_steps,
            o.production_steps,
            int(self.seeds[run]),
        )


def measure(potential: PotentialFile, options: AtTemperature, fractions: Array, seed: int) -> Measured:
    """The properties that the options ask for of fractions (k,) in the order of the potential's elements.

    Each decoration gets a LAMMPS of its own, for trajectories repeat to the last bit only from the same beginning.
    Unphysical when a property of the crystal is asked for and the crystal is gone.
    """
    rng = np.random.default_rng([seed, 3])
    sites = solid_solution.fcc(options.cells)
    found: list[Sample] = []
    drawn = []
    for _ in range(options.decorations):
        types = solid_solution.decorate(fractions, sites.count, rng)
        drawn.append(types)
        seeds = rng.integers(1, 2**31 - 1, size=16)
        forget()
        bench = Bench(session(potential), options, sites, seeds)
        found.append(_decoration(bench, types, fractions))
    forget()
    # Exchanges move elements to other sites, one set at each temperature of the runs.
    crystals = [] if options.swaps else [Decorated(options.properties, drawn)]
    return _summary(found, options.properties, crystals)


def _decoration(bench: Bench, types: solid_solution.Types, fractions: Array) -> Sample:
    """What is wanted of one decoration."""
    o, engine, wanted = bench.options, bench.session, set(bench.options.properties)
    start = o.lattice_start_angstrom or float(fractions @ np.array(engine.potential.lattice))
    protocol = statics.Protocol(force_ev_per_angstrom=1e-2, stress_gpa=0.1)
    statics.relax(engine, bench.sites, types, start, protocol)
    dynamics.swap(engine, bench.plan(0), o.swaps)
    trace = dynamics.run(engine, bench.sites, replace(bench.plan(1), warm=1.0 if o.swaps else 2.0))
    state = dynamics.state(engine)
    lattices = np.cbrt(4.0 * trace.volume / bench.sites.count)
    weight = float(engine.masses()[state.types - 1].sum()) * AMU_PER_ANGSTROM3_IN_G_PER_CM3
    fcc = dynamics.fcc_fraction(engine)
    found: Sample = {
        "lattice_constant_angstrom": _mean(lattices),
        "density_g_per_cm3": _mean(weight / trace.volume),
        "mean_square_displacement_angstrom2": _mean(trace.square),
        "fcc_fraction": (fcc, float("nan")),
    }
    if not wanted - OF_ANY_PHASE:
        return found
    _require_crystal(fcc, o.temperature_k)
    if ORDER in wanted:
        found[ORDER] = (short_range_order.warren_cowley(bench.sites, state.types), float("nan"))
    lattice = found["lattice_constant_angstrom"][0]
    return {**found, **_expansion(bench, state, lattice), **_elasticity(bench, state, lattice)}


def _require_crystal(fcc: float, temperature_k: float) -> None:
    if fcc < SURVIVED:
        raise Unphysical(
            f"the crystal did not survive {temperature_k:g} K: {100 * fcc:.0f} % of its atoms have fcc surroundings, "
            f"and properties of the crystal need {100 * SURVIVED:.0f} %"
        )


def _expansion(bench: Bench, state: State, lattice: float) -> Sample:
    """(a(T + d) - a(T - d)) / (2 d a(T)) in 1/K, linear, of two more runs."""
    if EXPANSION not in bench.options.properties:
        return {}
    step = min(bench.options.expansion_step_k, 0.5 * bench.options.temperature_k)
    blocks = []
    for run, sign in ((2, 1.0), (3, -1.0)):
        plan = bench.plan(run, sign * step)
        _place(bench, state, np.eye(3) * lattice * bench.options.cells)
        trace = dynamics.run(bench.session, bench.sites, plan)
        if sign > 0.0:
            _require_crystal(dynamics.fcc_fraction(bench.session), plan.temperature_k)
        blocks.append(_blocks(np.cbrt(4.0 * trace.volume / bench.sites.count)))
    return {EXPANSION: _mean((blocks[0] - blocks[1]) / (2.0 * step * lattice))}


def _elasticity(bench: Bench, state: State, lattice: float) -> Sample:
    """Isothermal elastic properties by central differences of the mean stress over finite strains.

    Three directions hold all that a cubic crystal has: the volume, x against z, and the three shears at once. Under
    pressure these are the coefficients between stress and strain (Barron and Klein 1965, 10.1088/0370-1328/85/3/313).
    """
    wanted = STIFFNESS.keys() & set(bench.options.properties)
    if not wanted:
        return {}
    size = bench.options.thermal_strain
    swelling = _response(bench, state, lattice, np.eye(3), 4)
    bulk = swelling[:, :3].mean(axis=1) / (3.0 * np.log((1.0 + size) / (1.0 - size)))
    if wanted == {BULK}:
        return {BULK: _mean(bulk)}
    pull = _response(bench, state, lattice, np.diag([1.0, 0.0, -1.0]), 6)
    soft = (pull[:, 0] - pull[:, 2]) / (4.0 * size)
    shear = _response(bench, state, lattice, 2.0 * np.tri(3, k=-1), 8)
    stiff = shear[:, 3:].mean(axis=1) / (4.0 * size)
    mean = _cubic(float(bulk.mean()), float(soft.mean()), float(stiff.mean()))
    if not mean.stable:
        raise Unphysical(f"the crystal is elastically unstable: {mean}")
    parts = [_cubic(*row) for row in zip(bulk.tolist(), soft.tolist(), stiff.tolist(), strict=True)]
    return {
        name: (STIFFNESS[name](mean), _error(np.array([STIFFNESS[name](part) for part in parts]))) for name in wanted
    }


def _cubic(bulk: float, soft: float, c44: float) -> Cubic:
    """From B, C11 - C12 and C44 in GPa."""
    return Cubic(bulk + 2.0 * soft / 3.0, bulk - soft / 3.0, c44)


def _response(bench: Bench, state: State, lattice: float, direction: Array, run: int) -> Array:
    """Stress (BLOCKS, 6) in GPa under a strain along the direction, less that under the opposite strain."""
    stresses = []
    for place, sign in enumerate((1.0, -1.0)):
        strain = np.eye(3) + sign * bench.options.thermal_strain * direction
        _place(bench, state, lattice * bench.options.cells * strain)
        plan = bench.plan(run + place)
        fixed = replace(plan, pressure_gpa=None, settle=plan.settle // 3)
        stresses.append(_blocks(dynamics.run(bench.session, bench.sites, fixed).stress))
    return np.asarray(stresses[0] - stresses[1])


def _place(bench: Bench, state: State, cell: Array) -> None:
    bench.session.place(cell, state.fractions @ cell, state.types)


def _blocks(trace: Array) -> Array:
    """Means (BLOCKS, ...) of consecutive equal parts of a recorded quantity (s, ...)."""
    return np.asarray(trace.reshape(BLOCKS, -1, *trace.shape[1:]).mean(axis=1))


def _mean(trace: Array) -> tuple[float, float]:
    """Mean of a recorded quantity (s,), and its standard error from blocks."""
    return float(trace.mean()), _error(_blocks(trace))


def _error(blocks: Array) -> float:
    """Standard error of the mean of independent blocks (b,)."""
    return float(np.std(blocks, ddof=1) / np.sqrt(len(blocks)))


def _summary(found: list[Sample], names: tuple[str, ...], crystals: Sequence[Decorated]) -> Measured:
    """Means over decorations; errors from their scatter or from time blocks, whichever is larger."""
    values, errors, number = {}, {}, len(found)
    for name in names:
        sample = np.array([one[name] for one in found])
        values[name] = float(sample[:, 0].mean())
        known = [float(np.sqrt((sample[:, 1] ** 2).sum()) / number)]
        if number > 1:
            known.append(_error(sample[:, 0]))
        finite = [error for error in known if np.isfinite(error)]
        if finite:
            errors[name] = max(finite)
    fcc = min(one["fcc_fraction"][0] for one in found)
    lattice = float(np.mean([one["lattice_constant_angstrom"][0] for one in found])) if fcc >= SURVIVED else 0.0
    samples = {name: [one[name][0] for one in found] for name in names}
    return Measured(values, errors, samples, lattice, tuple(crystals))
