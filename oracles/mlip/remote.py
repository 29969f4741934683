"""This file is an ASE calculator that runs in another Python environment, a child program that speaks JSON lines."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, CalculatorError, all_changes

from eutectic.oracles.base import EngineMissing
from eutectic.oracles.mlip import calculators

START = "import runpy, sys; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
"""Run the file without putting our folder on the other interpreter's path."""


def start(python: str, name: str, model: str, device: str, together: bool = False) -> "Remote":
    """The calculator (`together`: of many crystals in one call), its program running.

    EngineMissing when there is no such interpreter or it lacks the package.
    """
    folder, complaints = tempfile.gettempdir(), tempfile.TemporaryFile()  # noqa: SIM115 (the program's, closed with it)
    argv = [python, "-c", START, str(Path(calculators.__file__).resolve()), name, model, device]
    argv += ["together"] if together else []
    try:
        process = subprocess.Popen(
            argv, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, env=_environment()
        )
    except OSError as error:
        raise EngineMissing(f"python: {python} cannot be started ({error.strerror}); ls -l {python}") from error
    remote = Remote(process, complaints)
    greeting = remote.read()
    if "version" not in greeting:
        said = greeting.get("missing") or greeting.get("error")
        remote.close()
        raise EngineMissing(f"python {python}: {said}")
    remote.version = greeting["version"]
    return remote


class Remote(Calculator):  # type: ignore[misc]  # ase is untyped
    """Energy, forces and stress from the program at the other end."""

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, process: "subprocess.Popen[bytes]", complaints: IO[bytes]) -> None:
        super().__init__()
        self._process, self._complaints = process, complaints
        self.version = ""

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Ask; CalculatorError with what the program said when it has no answer."""
        super().calculate(atoms, properties, system_changes)
        found = self._asked(_described(self.atoms))
        self.results = {"energy": found["energy"], "free_energy": found["energy"]}
        self.results |= {name: np.array(found[name], dtype=float) for name in ("forces", "stress")}

    def together(self, crystals: Sequence[Atoms]) -> list[dict[str, Any]]:
        """Energy, forces and stress of each crystal, by one call; CalculatorError when there is no answer."""
        answers: list[dict[str, Any]] = self._asked({"crystals": [_described(crystal) for crystal in crystals]})[
            "answers"
        ]
        return answers

    def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        """The program's answer; CalculatorError with what it said when it has none."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as broken:
            raise CalculatorError(self._last_words()) from broken
        found = self.read()
        if "error" in found:
            raise CalculatorError(str(found["error"]))
        return found

    def read(self) -> dict[str, Any]:
        """The program's next line; its last words as `error` when it has none."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            return {"error": self._last_words()}
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        """End the program."""
        for stream in (self._process.stdin, self._process.stdout, self._complaints):
            assert stream is not None
            stream.close()
        self._process.wait()

    def _last_words(self) -> str:
        code = self._process.wait()
        self._complaints.seek(0)
        return f"its program ended (code {code}): {self._complaints.read().decode(errors='replace')[-1500:].strip()}"


def _described(crystal: Atoms) -> dict[str, Any]:
    """A crystal as the program takes it."""
    lists = {"positions": crystal.positions.tolist(), "cell": crystal.cell.array.tolist()}
    return {"numbers": crystal.numbers.tolist(), **lists}


def _environment() -> dict[str, str]:
    """Ours, single-threaded, without what would lead the other interpreter to our packages."""
    mine = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return {**mine, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
