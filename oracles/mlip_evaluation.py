"""This file is one evaluation under a learned potential: what fails and how, and where its values come from."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

from oracles import mlip_properties
from oracles.alloy_properties import Measured
from oracles.base import Candidate, Evaluation, Value, failed
from oracles.mlip_crystals import cif
from oracles.mlip_engine import (
    ENGINES,
    Potential,
    Unconverged,
    Unphysical,
    digest,
    load,
    require_model,
    strangers,
    version,
)
from oracles.mlip_references import References, lacking

if TYPE_CHECKING:
    from oracles.mlip import Mlip

SHAKEN_ANGSTROM = 0.05
"""Standard deviation of the displacements at which the guard compares forces."""


def evaluate(options: "Mlip", candidate: Candidate, seed: int) -> Evaluation:
    """One candidate's evaluation; EngineMissing when the package or the model is not there."""
    began = time.perf_counter()
    try:
        require_model(options.potential)
        calculator = load(options.potential)
        references = References(digest(options.potential), options.references)
        task = mlip_properties.Task(options, calculator, references, candidate, seed)
        symbols = sorted({symbol for start in mlip_properties.starts(task) for symbol in start.symbols})
        reason = unfit(options, symbols)
    except ValueError as problem:
        reason = str(problem)
    if reason:
        return failed(candidate, "mlip", "bad_input", reason)
    return _measured(task, began)


def unfit(options: "Mlip", symbols: Sequence[str]) -> str | None:
    """Which of these elements the model does not cover, or have no reference state where one is needed; or None."""
    for potential in (options.potential, *([Potential(options.guard)] if options.guard else [])):
        reason = strangers(potential, symbols)
        if reason:
            return reason
    wanted = mlip_properties.FORMATION in options.properties
    return lacking(list(symbols), options.references) if wanted else None


def _measured(task: mlip_properties.Task, began: float) -> Evaluation:
    """The values, or the class and reason of a failure."""
    try:
        measured, crystals = mlip_properties.measure(task)
        doubt = _doubt(task, crystals[0])
    except Unphysical as problem:
        return failed(task.candidate, "mlip", "unphysical", str(problem))
    except Unconverged as problem:
        return failed(task.candidate, "mlip", "not_converged", str(problem))
    except (RuntimeError, ValueError, ArithmeticError, np.linalg.LinAlgError) as problem:  # a stranger's calculator's
        return failed(task.candidate, "mlip", "error", f"{type(problem).__name__}: {problem}")
    return Evaluation(
        task.candidate.id,
        "mlip",
        values=measured.values,
        errors=measured.errors,
        cost_s=time.perf_counter() - began,
        artifacts=_artifacts(measured, crystals),
        provenance={**_provenance(task.options, task.seed), "crystal": str(crystals[0].symbols)[:200], **doubt},
    )


def _artifacts(measured: Measured, crystals: Sequence[Atoms]) -> dict[str, str]:
    return {"decorations.json": json.dumps(measured.samples), "relaxed.cif": cif(crystals[0])}


def _doubt(task: mlip_properties.Task, crystal: Atoms) -> dict[str, Value]:
    """What the guard says of the first relaxed crystal."""
    o = task.options
    if not o.guard:
        return {}
    other = Potential(o.guard, device=o.device)
    rng = np.random.default_rng([task.seed, 3])
    rms = mlip_properties.disagreement(crystal, load(other), SHAKEN_ANGSTROM, rng)
    found: dict[str, Value] = {"guard": other.called, "guard_force_difference_ev_per_angstrom": rms}
    if rms > o.guard_limit_ev_per_angstrom:
        limit = f"{o.guard_limit_ev_per_angstrom:g}"
        found["out_of_domain"] = f"its forces and those of {other.called} differ by {rms:.2f} eV/angstrom, over {limit}"
    return found


def _provenance(options: "Mlip", seed: int) -> dict[str, Value]:
    potential = options.potential
    settings = {name: value for name, value in asdict(options).items() if name not in ("compute", "python", "device")}
    text = json.dumps({**settings, "model": digest(potential)}, sort_keys=True, default=dict)
    return {
        "engine": f"{potential.calculator} {version(potential)}",
        "potential": potential.called,
        "potential_sha256": digest(potential),
        "functional": ENGINES[potential.calculator].functional,
        "strain_window": options.strain,
        "settings_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "seed": seed,
    }
