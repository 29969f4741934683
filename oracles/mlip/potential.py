"""This file is a learned potential as an oracle needs it: found, hashed, loaded once, and checked for its elements."""

import functools
import hashlib
import importlib.util
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eutectic.oracles.base import EngineMissing
from eutectic.oracles.mlip import calculators, weights
from eutectic.oracles.suggestions import unknown

ENGINES = calculators.ENGINES


class Unphysical(Exception):
    """The crystal left what the calculation is about; the message says how."""


class Unconverged(Exception):
    """A limit of steps was reached; the message says what was left."""


@dataclass(frozen=True, slots=True)
class Potential:
    """Which potential, and where it runs."""

    calculator: str
    model: str = ""
    """A name or a file; empty: the calculator's default."""
    python: str = ""
    """Interpreter of another environment; empty: this one."""
    device: str = "cpu"
    together: bool = False
    """Many crystals in one call, through torch-sim."""

    @property
    def called(self) -> str:
        """`chgnet 0.3.0`."""
        return f"{self.calculator} {Path(self.model).name or ENGINES[self.calculator].model}".strip()


def require_together(calculator: str) -> None:
    """ValueError when torch-sim has no model of this calculator's, with those it has."""
    able = [name for name, engine in ENGINES.items() if engine.together is not None]
    if calculator not in able:
        raise ValueError(f"batched: torch-sim cannot be had for {calculator}, only for {', '.join(able)}")


def require_known(calculator: str) -> None:
    """ValueError for a name that is no calculator, with the nearest one."""
    if calculator not in ENGINES:
        raise ValueError(f"calculator: {unknown('calculator', calculator, ENGINES)}")


def require_model(potential: Potential, trusted: bool = False) -> None:
    """ValueError when `model` looks like a file and is none, or is none that holds weights and weights alone."""
    path = Path(potential.model)
    if potential.model and path.exists():
        weights.require(potential.calculator, path, trusted)
        return
    names = [name for name, _ in ENGINES[potential.calculator].weights]
    if len(path.parts) > 1:
        raise ValueError(f"model: there is no file {path}")
    if potential.calculator == "chgnet" and potential.model and potential.model not in names:
        raise ValueError(f"model: {unknown('model or file', potential.model, names)}")


def version(potential: Potential) -> str:
    """The package's version, without importing it; EngineMissing with the cure."""
    if potential.python:
        return _elsewhere(potential.python, ENGINES[potential.calculator].distribution)
    try:
        return calculators.version(potential.calculator)
    except calculators.Missing as missing:
        raise EngineMissing(str(missing)) from missing


@functools.cache
def _elsewhere(python: str, distribution: str) -> str:
    """A distribution's version in another environment; EngineMissing with the line that installs it there."""
    code = f"import ase, importlib.metadata as m; print(m.version({distribution!r}))"
    try:
        asked = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    except OSError as error:
        raise EngineMissing(f"python: {python} cannot be started ({error.strerror}); ls -l {python}") from error
    if asked.returncode:
        last = (asked.stderr.strip().splitlines() or [f"exit code {asked.returncode}"])[-1]
        raise EngineMissing(f"python: {last}; cure: {python} -m pip install ase {distribution}")
    return asked.stdout.strip()


@functools.cache
def digest(potential: Potential) -> str:
    """SHA-256 of the weights where they are known, else of package, version and model name."""
    engine = ENGINES[potential.calculator]
    if potential.model and Path(potential.model).exists():
        return weights.digest(Path(potential.model))
    inside = dict(engine.weights).get(potential.model or engine.model, "")
    spec = None if potential.python or not inside else importlib.util.find_spec(engine.package)
    if spec is not None:
        return weights.digest(Path(str(spec.origin)).parent / inside)
    text = f"{potential.calculator}|{potential.model or engine.model}|{version(potential)}"
    return hashlib.sha256(text.encode()).hexdigest()


_kept: dict[tuple[Potential, int], Any] = {}


def load(potential: Potential) -> Any:
    """The ASE calculator, loaded once a process; a forked process finds what its parent loaded.

    With `together` it is what takes crystals and gives their answers.

    A program in another environment, or a model on a GPU, belongs to the process that started it. EngineMissing when
    the package or the model cannot be had.
    """
    own = potential.python or potential.device != "cpu"
    key = (potential, os.getpid() if own else 0)
    if key not in _kept:
        _kept[key] = _fresh(potential)
    return _kept[key]


def _fresh(potential: Potential) -> Any:
    if potential.python:
        from eutectic.oracles.mlip.remote import start  # it is an ASE calculator, and ase is heavy

        wanted = (potential.calculator, potential.model, potential.device, potential.together)
        remote = start(potential.python, *wanted)
        return remote.together if potential.together else remote
    make = calculators.together if potential.together else calculators.make
    try:
        return make(potential.calculator, potential.model, potential.device)
    except calculators.Missing as missing:
        raise EngineMissing(str(missing)) from missing
