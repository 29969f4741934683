"""This file is the properties of one composition: which calculations they need, and their means and errors."""

import numpy as np
import numpy.typing as npt

from eutectic.oracles.lammps import statics
from eutectic.oracles.lammps.options import AtRest
from eutectic.oracles.lammps.session import Session, Unphysical
from eutectic.oracles.physics import elasticity, solid_solution, stacking_faults
from eutectic.oracles.physics.decorations import Decorated
from eutectic.oracles.physics.measured import STIFFNESS, Measured, summarise

Array = npt.NDArray[np.float64]
MIXING = "mixing_enthalpy_ev_per_atom"
BULK = "bulk_modulus_gpa"
BCC = "fcc_bcc_energy_difference_ev_per_atom"


def measure(session: Session, options: AtRest, fractions: Array, seed: int) -> Measured:
    """The properties that the options ask for of fractions (k,), in the order of the session's elements.

    Bulk, slabs and the bcc crystal draw from streams of their own, so that asking for less changes no value.
    """
    protocol = statics.Protocol(options.strain, options.force_tolerance_ev_per_angstrom)
    start = options.lattice_start_angstrom or float(fractions @ np.array(session.potential.lattice))
    wanted = set(options.properties)
    rng = np.random.default_rng([seed, 0])
    sites = solid_solution.fcc(options.cells)
    samples: dict[str, list[float]] = {}
    bulk = [solid_solution.decorate(fractions, sites.count, rng) for _ in range(options.decorations)]
    for types in bulk:
        relaxed = statics.relax(session, sites, types, start, protocol)
        found = {
            "lattice_constant_angstrom": relaxed.lattice_angstrom,
            "cohesive_energy_ev_per_atom": -relaxed.energy_ev_per_atom,
            **_elasticity(session, relaxed, protocol, wanted),
        }
        for name, value in found.items():
            samples.setdefault(name, []).append(value)
    if MIXING in wanted:
        unmixed = float(fractions @ statics.pure_crystals(session, fractions > 0)[:, 1])
        samples[MIXING] = [-binding - unmixed for binding in samples["cohesive_energy_ev_per_atom"]]
    crystals = [Decorated(tuple(name for name in options.properties if name in samples), bulk)]
    lattice = float(np.mean(samples["lattice_constant_angstrom"]))
    if BCC in wanted:
        samples[BCC] = _bcc_less_fcc(session, options, fractions, lattice, samples["cohesive_energy_ev_per_atom"], seed)
    if wanted & {*stacking_faults.FAULTS}:
        faulted, planes = _faults(session, options, fractions, lattice, seed)
        samples.update(faulted)
        crystals.append(Decorated(tuple(faulted), planes))
    return summarise({name: samples[name] for name in options.properties}, lattice, crystals)


def _elasticity(
    session: Session, relaxed: statics.Relaxed, protocol: statics.Protocol, wanted: set[str]
) -> dict[str, float]:
    """Elastic properties: two strained crystals for the bulk modulus, twelve more for the rest.

    The bulk modulus is always that of the two, so that it does not depend on what else is asked for.
    """
    found: dict[str, float] = {}
    if wanted & STIFFNESS.keys() - {BULK}:
        cubic = elasticity.cubic_average(statics.stiffness_matrix(session, relaxed, protocol))
        if not cubic.stable:
            raise Unphysical(f"the crystal is elastically unstable: {cubic}")
        found = {name: formula(cubic) for name, formula in STIFFNESS.items()}
    if BULK in wanted:
        found[BULK] = statics.bulk_modulus(session, relaxed, protocol)
        if found[BULK] <= 0.0:
            raise Unphysical(f"the bulk modulus is {found[BULK]:.3g} GPa: the crystal is unstable")
    return found


def _bcc_less_fcc(
    session: Session, options: AtRest, fractions: Array, lattice: float, cohesive: list[float], seed: int
) -> list[float]:
    """Energy of the relaxed random bcc crystal above the fcc one, eV/atom, one a decoration."""
    protocol = statics.Protocol(options.strain, options.force_tolerance_ev_per_angstrom, escape=np.inf)
    rng = np.random.default_rng([seed, 2])
    sites = solid_solution.bcc(max(1, round(options.cells * 2 ** (1 / 3))))
    energies = []
    for binding in cohesive:
        types = solid_solution.decorate(fractions, sites.count, rng)
        relaxed = statics.relax(session, sites, types, lattice * 2 ** (-1 / 3), protocol)
        energies.append(relaxed.energy_ev_per_atom + binding)
    return energies


def _faults(
    session: Session, options: AtRest, fractions: Array, lattice: float, seed: int
) -> tuple[dict[str, list[float]], list[solid_solution.Types]]:
    """Unstable and intrinsic fault energies, mJ/m2, one a slab, and the elements beside the faults of each.

    The shift of the unstable fault is found on the first slab; the curve is flat there, and where its top lies
    hardly depends on the decoration.
    """
    rng = np.random.default_rng([seed, 1])
    sites = solid_solution.slab(*options.fault_cells)
    beside = stacking_faults.beside(sites, lattice, options.fault)
    shifts = [stacking_faults.INTRINSIC_SHIFT] if stacking_faults.INTRINSIC in options.properties else []
    slabs = [solid_solution.decorate(fractions, sites.count, rng) for _ in range(options.fault_decorations)]
    energies = []
    for index, types in enumerate(slabs):
        slab = stacking_faults.Slab(sites, types, lattice, options.fault, options.fault_ions)
        if index == 0 and stacking_faults.UNSTABLE in options.properties:
            curve = stacking_faults.fault_energies(session, slab, stacking_faults.PEAK)
            shifts.append(stacking_faults.peak(stacking_faults.PEAK, curve))
        energies.append(stacking_faults.fault_energies(session, slab, shifts))
    names = [name for name in stacking_faults.FAULTS if name in options.properties]
    found = {name: [float(row[i]) for row in energies] for i, name in enumerate(names)}
    return found, [types[beside] for types in slabs]
