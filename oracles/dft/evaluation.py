"""This file is the way from one candidate to one evaluation by density-functional theory."""

import hashlib
import json
import math
import time
from dataclasses import asdict, replace
from pathlib import Path

from eutectic.oracles.base import Candidate, Evaluation
from eutectic.oracles.dft.calculation import Crystal, DftFailed
from eutectic.oracles.dft.cells import Subject, composition_of, subject
from eutectic.oracles.dft.espresso import RYDBERG_EV
from eutectic.oracles.dft.options import Options
from eutectic.oracles.dft.presets import settings
from eutectic.oracles.dft.properties import CURVED, Measured, Plan, formation_energy, measure, reference_energies
from eutectic.oracles.dft.pseudopotentials import choose, default_folder
from eutectic.oracles.dft.runs import Workshop, alone


def evaluation(oracle: Options, candidate: Candidate, seed: int, began: float) -> Evaluation:
    """All that is wanted of the candidate; DftFailed when it cannot be had, EngineMissing without the engine."""
    plan = replace(plan_of(oracle), pressure_gpa=pressure_of(oracle, candidate))
    asked = subject(
        candidate,
        oracle.lattice,
        oracle.cells,
        oracle.composition_tolerance,
        oracle.lattice_start_angstrom,
        seed,
        oracle.order,
    )
    if asked.cubic_atoms is None and "lattice_constant_angstrom" in oracle.properties:
        raise DftFailed("bad_input", "the structure is not cubic and has no one lattice constant")
    files = plan.engine.files(asked.crystal.elements)
    identity = {"engine": plan.engine.version(), "files": files, "settings": asdict(plan.settings), "relax": plan.relax}
    settings_hash = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    name = f"{candidate.id}-{_short(asked.crystal)}"
    workshop = Workshop(plan.engine, Path(oracle.workdir) / settings_hash[:12] / name, plan.retries)
    with alone(workshop.folder):
        measured = measure(plan, asked.crystal, workshop, any(name in oracle.properties for name in CURVED))
    values = _values(measured, asked)
    if "formation_energy_ev_per_atom" in oracle.properties and not plan.pressure_gpa:
        energies = reference_energies(plan, asked.crystal.elements, oracle.references, _cache(oracle))
        values["formation_energy_ev_per_atom"] = formation_energy(measured.crystal, measured.energy_ev, energies)
    return Evaluation(
        candidate.id,
        "dft",
        values={name: values[name] for name in oracle.properties if name in values},
        cost_s=time.perf_counter() - began,
        artifacts={"relaxed.cif": _cif(measured.crystal), "calculations.json": _story(workshop)},
        provenance={
            "engine": plan.engine.version(),
            "functional": oracle.functional,
            "pseudopotentials": json.dumps(files),
            "settings_sha256": settings_hash,
            "seed": seed,
            **({"pressure_gpa": plan.pressure_gpa} if plan.pressure_gpa else {}),
            "composition": json.dumps(composition_of(asked.crystal.symbols)),
            "folder": str(workshop.folder),
            "reused": workshop.reused() or "nothing",
            **_too_low(oracle, plan, asked.crystal),
        },
    )


def pressure_of(oracle: Options, candidate: Candidate) -> float:
    """The candidate's own pressure, GPa, else that of the options; DftFailed where it cannot be."""
    given = candidate.variables.get("pressure_gpa")
    if given is None or "pressure_gpa" in oracle.ignores or oracle.relax != "volume":
        return oracle.pressure_gpa
    try:
        pressure = float(given)
    except ValueError:
        pressure = math.nan
    if not math.isfinite(pressure):
        raise DftFailed("bad_input", f"pressure_gpa is {given}, no finite number")
    return pressure


def plan_of(oracle: Options) -> Plan:
    """The oracle's options as the calculations know them."""
    in_ev = {
        "cutoff_ev": oracle.cutoff_ev or (oracle.cutoff_ry and oracle.cutoff_ry * RYDBERG_EV),
        "density_cutoff_ev": oracle.density_cutoff_ry and oracle.density_cutoff_ry * RYDBERG_EV,
    }
    same = (
        "k_spacing_per_angstrom",
        "smearing",
        "smearing_width_ev",
        "force_tolerance_ev_per_angstrom",
        "mixing_beta",
        "scf_steps",
        "relaxation_steps",
    )
    chosen = settings(
        oracle.engine, oracle.preset, oracle.functional, in_ev | {name: getattr(oracle, name) for name in same}
    )
    return Plan(oracle.program_of(), chosen, oracle.relax, oracle.retries, oracle.spin, oracle.moments)


def _values(measured: Measured, asked: Subject) -> dict[str, float]:
    """Everything that was measured, by property."""
    count = len(measured.crystal.symbols)
    values = {
        "energy_ev_per_atom": measured.energy_ev / count,
        "enthalpy_ev_per_atom": measured.enthalpy_ev / count,
        "volume_angstrom3_per_atom": measured.crystal.volume / count,
        "magnetic_moment_bohr_magnetons_per_atom": (measured.moment_bohr_magnetons or 0.0) / count,
    }
    if measured.fit is not None:
        values["bulk_modulus_gpa"] = measured.fit.bulk_modulus_gpa
        if asked.cubic_atoms is not None:
            values["lattice_constant_angstrom"] = (measured.fit.volume / count * asked.cubic_atoms) ** (1 / 3)
    return values


def _cache(oracle: Options) -> Path:
    from platformdirs import user_cache_path

    return Path(oracle.reference_cache) if oracle.reference_cache else user_cache_path("eutectic") / "dft"


def _short(crystal: Crystal) -> str:
    return hashlib.sha256(json.dumps(asdict(crystal)).encode()).hexdigest()[:12]


def _story(workshop: Workshop) -> str:
    """What each calculation took."""
    return json.dumps(
        {
            name: {"energy_ev": c.energy_ev, "seconds": c.seconds, "attempts": c.attempts, "reused": c.reused}
            for name, c in workshop.done
        }
    )


def _cif(crystal: Crystal) -> str:
    from pymatgen.core import Structure

    structure = Structure(crystal.cell, list(crystal.symbols), crystal.positions, coords_are_cartesian=True)
    return str(structure.to(fmt="cif"))


def _too_low(oracle: Options, plan: Plan, crystal: Crystal) -> dict[str, str]:
    """Pseudopotentials whose authors suggest a higher cut-off."""
    if oracle.engine != "espresso":
        return {}
    folder = Path(oracle.pseudopotential_folder or default_folder())
    found = [choose(element, oracle.functional, folder, oracle.pseudopotentials) for element in crystal.elements]
    low = [
        f"{one.path.name} {one.cutoff_ry:.0f} Ry"
        for one in found
        if one.cutoff_ry * RYDBERG_EV > plan.settings.cutoff_ev + 1
    ]
    return {"cutoff_below_suggested": ", ".join(low)} if low else {}
