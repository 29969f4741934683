"""This file is one evaluation under a learned potential: what fails and how, and where its values come from."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from ase import Atoms

from eutectic.oracles.base import Candidate, Evaluation, Value, failed
from eutectic.oracles.mlip import batching, competing_phases, phonons, properties
from eutectic.oracles.mlip.coverage import unfit
from eutectic.oracles.mlip.crystals import cif, from_file
from eutectic.oracles.mlip.options import Options
from eutectic.oracles.mlip.potential import (
    ENGINES,
    Potential,
    Unconverged,
    Unphysical,
    digest,
    load,
    require_model,
    version,
)
from eutectic.oracles.mlip.references import References
from eutectic.oracles.mlip.relaxation import quiet
from eutectic.oracles.physics import decorations
from eutectic.oracles.physics.measured import Measured

SHAKEN_ANGSTROM = 0.05
"""Standard deviation of the displacements at which the guard compares forces."""


def check(options: Options) -> None:
    """EngineMissing when a package that is asked for is not installed, ValueError when a file cannot be used."""
    if options.compute is not None and properties.PHONONS & {*options.properties}:
        phonons.require()
    for given in options.references.values():
        if isinstance(given, str):
            from_file(given)
    if options.competing:
        competing_phases.phases(options.competing)


def evaluate(options: Options, candidates: Sequence[Candidate], seeds: Sequence[int]) -> list[Evaluation]:
    """One evaluation a candidate, in order; EngineMissing when the package or the model is not there."""
    began = time.perf_counter()
    together = options.batched == "torch-sim"
    calculator = _calculator(options)
    ready = [_prepared(options, calculator, c, seed) for c, seed in zip(candidates, seeds, strict=True)]
    tasks = [task for task in ready if isinstance(task, properties.Task)]
    with quiet():  # its threads share what is done about warnings
        found = batching.each(calculator, _attempt, tasks)
    done = iter([_concluded(task, outcome) for task, outcome in zip(tasks, found, strict=True)])
    evaluations = [item if isinstance(item, Evaluation) else next(done) for item in ready]
    share = (time.perf_counter() - began) / len(tasks) if together and tasks else 0.0
    return [replace(e, cost_s=share) if together and e.cost_s else e for e in evaluations]


def _calculator(options: Options) -> Any:
    """The calculator of the potential, or one that many threads may ask; None when the model cannot be used."""
    try:
        require_model(options.potential, options.trust_model)
    except ValueError:
        return None  # each candidate's preparation says so
    loaded = load(options.engine)
    if options.batched == "none":
        return loaded
    most = batching.ATOMS_AT_ONCE[options.device]
    return batching.Asking(batching.LockStep(loaded, most))


def _prepared(options: Options, calculator: Any, candidate: Candidate, seed: int) -> properties.Task | Evaluation:
    """What is to be measured, or why the candidate cannot be."""
    try:
        require_model(options.potential, options.trust_model)
        references = References(digest(options.potential), options.references)
        task = properties.Task(options, calculator, references, candidate, seed)
        symbols = sorted({symbol for start in properties.starts(task) for symbol in start.symbols})
        reason = unfit(options, symbols)
    except ValueError as problem:
        reason = str(problem)
    return failed(candidate, "mlip", "bad_input", reason) if reason else task


Outcome = tuple[Measured, list[Atoms], float] | Evaluation
"""Values, relaxed crystals and seconds, or a failed evaluation."""


def _attempt(task: properties.Task) -> Outcome:
    """The values, or the class and reason of a failure."""
    began = time.perf_counter()
    try:
        measured, crystals = properties.measure(task)
    except Unphysical as problem:
        return failed(task.candidate, "mlip", "unphysical", str(problem))
    except Unconverged as problem:
        return failed(task.candidate, "mlip", "not_converged", str(problem))
    except (RuntimeError, ValueError, ArithmeticError, np.linalg.LinAlgError) as problem:  # a stranger's calculator's
        return failed(task.candidate, "mlip", "error", f"{type(problem).__name__}: {problem}")
    return measured, crystals, time.perf_counter() - began


def _concluded(task: properties.Task, outcome: Outcome) -> Evaluation:
    """The evaluation, with what the guard says and where its values come from."""
    if isinstance(outcome, Evaluation):
        return outcome
    measured, crystals, seconds = outcome
    began = time.perf_counter()
    try:
        doubt = _doubt(task, crystals[0])
    except (Unphysical, RuntimeError, ValueError) as problem:
        return failed(task.candidate, "mlip", "error", f"guard: {type(problem).__name__}: {problem}")
    return Evaluation(
        task.candidate.id,
        "mlip",
        values=measured.values,
        errors=measured.errors,
        cost_s=seconds + time.perf_counter() - began,
        artifacts={**_artifacts(measured, crystals), **decorations.artifact(list(task.alloy or ()), measured.crystals)},
        provenance={
            **_provenance(task.options, task.seed),
            "crystal": str(crystals[0].symbols)[:200],
            "composition": _composition(crystals[0]),
            **_axes(task),
            **_conditions(task),
            **doubt,
        },
    )


def _composition(crystal: Atoms) -> str:
    """The atomic fractions of what was computed, as JSON."""
    counted = Counter(crystal.get_chemical_symbols())
    return json.dumps({symbol: round(n / len(crystal), 6) for symbol, n in sorted(counted.items())})


def _axes(task: properties.Task) -> dict[str, Value]:
    """What axes the elastic constants are stated in, where any are."""
    if not properties.TENSOR & {*task.options.properties}:
        return {}
    if task.alloy is not None:
        return {"elastic_axes": f"of the {task.options.lattice} lattice, mean over its symmetry"}
    return {"elastic_axes": f"IEEE 1987, {task.axes.system}"}


def _conditions(task: properties.Task) -> dict[str, Value]:
    """The conditions that are the candidate's own."""
    own = [n for n in ("temperature_k", "pressure_gpa") if n in task.candidate.variables]
    return {name: getattr(task, name) for name in own if name not in task.options.ignores}


def _artifacts(measured: Measured, crystals: Sequence[Atoms]) -> dict[str, str]:
    return {decorations.SAMPLES: json.dumps(measured.samples), "relaxed.cif": cif(crystals[0])}


def _doubt(task: properties.Task, crystal: Atoms) -> dict[str, Value]:
    """What the guard says of the first relaxed crystal."""
    o = task.options
    if not o.guard:
        return {}
    other = Potential(o.guard, device=o.device)
    rng = np.random.default_rng([task.seed, 3])
    rms = properties.disagreement(crystal, load(other), SHAKEN_ANGSTROM, rng)
    found: dict[str, Value] = {"guard": other.called, "guard_force_difference_ev_per_angstrom": rms}
    if rms > o.guard_limit_ev_per_angstrom:
        limit = f"{o.guard_limit_ev_per_angstrom:g}"
        found["out_of_domain"] = f"its forces and those of {other.called} differ by {rms:.2f} eV/angstrom, over {limit}"
    return found


def _provenance(options: Options, seed: int) -> dict[str, Value]:
    potential = options.potential
    text = json.dumps({**options.settings, "model": digest(potential)}, sort_keys=True, default=dict)
    return {
        "engine": f"{potential.calculator} {version(potential)}",
        "potential": potential.called,
        "potential_sha256": digest(potential),
        "functional": ENGINES[potential.calculator].functional,
        "strain_window": options.strain,
        "settings_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "seed": seed,
    }
