"""This file is a learned potential as an oracle needs it: found, hashed, loaded once, and checked for its elements."""

import functools
import hashlib
import importlib.util
import os
import subprocess
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracles import mlip_calculators
from oracles.base import EngineMissing
from oracles.names import unknown

ENGINES = mlip_calculators.ENGINES


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

    @property
    def called(self) -> str:
        """`chgnet 0.3.0`."""
        return f"{self.calculator} {Path(self.model).name or ENGINES[self.calculator].model}".strip()


def require_known(calculator: str) -> None:
    """ValueError for a name that is no calculator, with the nearest one."""
    if calculator not in ENGINES:
        raise ValueError(f"calculator: {unknown('calculator', calculator, ENGINES)}")


def require_model(potential: Potential) -> None:
    """ValueError when `model` looks like a file and is none, or is none that holds weights."""
    path = Path(potential.model)
    if not path.is_file():
        names = [name for name, _ in ENGINES[potential.calculator].weights]
        if len(path.parts) > 1:
            raise ValueError(f"model: there is no file {path}")
        if potential.calculator == "chgnet" and potential.model and potential.model not in names:
            raise ValueError(f"model: {unknown('model or file', potential.model, names)}")
        return
    with path.open("rb") as file:
        start = file.read(2)
    if start not in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise ValueError(f"model: {path} holds no weights: it is neither a torch archive nor a pickle")
    if start == b"PK" and not zipfile.is_zipfile(path):
        raise ValueError(f"model: {path} is truncated: its archive has no end")


def version(potential: Potential) -> str:
    """The package's version, without importing it; EngineMissing with the cure."""
    if potential.python:
        return _elsewhere(potential.python, ENGINES[potential.calculator].distribution)
    try:
        return mlip_calculators.version(potential.calculator)
    except mlip_calculators.Missing as missing:
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
    """SHA-256 of the weights where their file is known, else of package, version and model name."""
    engine = ENGINES[potential.calculator]
    path = Path(potential.model)
    if not path.is_file():
        inside = dict(engine.weights).get(potential.model or engine.model, "")
        spec = None if potential.python or not inside else importlib.util.find_spec(engine.package)
        path = Path(str(spec.origin)).parent / inside if spec is not None else path
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    text = f"{potential.calculator}|{potential.model or engine.model}|{version(potential)}"
    return hashlib.sha256(text.encode()).hexdigest()


def strangers(potential: Potential, symbols: Iterable[str]) -> str | None:
    """The sentence that names elements the model does not cover, and those it does; None when it covers them."""
    known = mlip_calculators.elements(potential.calculator, potential.model or ENGINES[potential.calculator].model)
    lacking = [] if known is None else [symbol for symbol in symbols if symbol not in known]
    if not lacking or known is None:
        return None
    listed = ", ".join(known)
    return f"{potential.called} does not cover {', '.join(lacking)}; it covers {listed}"


_kept: dict[tuple[Potential, int], Any] = {}


def load(potential: Potential) -> Any:
    """The ASE calculator, loaded once a process; a forked process finds what its parent loaded.

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
        from oracles import mlip_remote

        return mlip_remote.start(potential.python, potential.calculator, potential.model, potential.device)
    try:
        return mlip_calculators.make(potential.calculator, potential.model, potential.device)
    except mlip_calculators.Missing as missing:
        raise EngineMissing(str(missing)) from missing
