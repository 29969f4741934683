"""This file is GPAW, called as a program under the Python that has it; nothing of it enters this process."""

import json
import shlex
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.oracles.base import EngineMissing
from eutectic.oracles.dft.calculation import Calculation, Computed, Crystal, DftFailed
from eutectic.oracles.process import Conversation, converse

CURE = "apt install gpaw gpaw-data (then python: /usr/bin/python3), or conda install -c conda-forge gpaw"
SCRIPT = Path(__file__).with_name("gpaw_script.py")
OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024
"""Bytes of GPAW's answer, at most: 16 MiB."""
TAIL_CHARACTERS = 1500
"""Characters of the end of a log that an error shows."""
PROBE = """
import json, ase, gpaw
print(json.dumps([gpaw.__version__, ase.__version__, [str(p) for p in gpaw.setup_paths]]))
"""


@dataclass(frozen=True, slots=True)
class Gpaw:
    """GPAW with plane waves."""

    python: str = "/usr/bin/python3"
    mpi: str = ""
    """Words before it, such as `mpirun -np 4`."""
    functional: str = "PBE"
    folder: str = ""
    """Of setups to look in first; empty: GPAW's own."""

    def version(self) -> str:
        """`GPAW 22.8.0 (ASE 3.22.1)`; EngineMissing when it does not import."""
        launcher = shlex.split(self.mpi)[:1]
        if launcher and shutil.which(launcher[0]) is None:
            raise EngineMissing(f"mpi: there is no program {launcher[0]!r} in PATH; apt install openmpi-bin")
        gpaw, ase, _ = _probe(self._path())
        return f"GPAW {gpaw} (ASE {ase})"

    def missing(self, elements: Sequence[str]) -> str | None:
        """Which setups are not there."""
        for element in elements:
            if self._setup(element) is None:
                looked = ", ".join(str(folder) for folder in self._folders())
                return (
                    f"no {self.functional} setup of {element}: {element}.{self.functional}[.gz] is not in {looked}; "
                    f"{self._there(element)}; gpaw install-data FOLDER, or apt install gpaw-data"
                )
        return None

    def files(self, elements: Sequence[str]) -> dict[str, str]:
        """Name and checksum of each element's setup; DftFailed when one is missing."""
        absent = self.missing(elements)
        if absent:
            raise DftFailed("bad_input", absent)
        found = {element: self._setup(element) for element in elements}
        return {element: f"{path.name} {_checksum(path)}" for element, path in found.items() if path is not None}

    def density(self, folder: Path) -> Path | None:
        """None: plane-wave densities of another cell are of no use to it; finished calculations are reused."""
        del folder
        return None

    def run(self, calculation: Calculation, folder: Path, density: Path | None) -> Computed:
        """One run of the script; DftFailed with the tail of GPAW's text."""
        assert density is None
        folder = folder.resolve()
        task = {**asdict(calculation), "functional": self.functional, "setups": self.folder}
        (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
        (folder / "answer.json").unlink(missing_ok=True)
        began = time.perf_counter()
        argv = [*shlex.split(self.mpi), self._path(), str(SCRIPT), str(folder)]
        heard = converse(argv, str(folder), "", OUTPUT_LIMIT_BYTES)
        said = _read(folder / "answer.json")
        if said is None or said["failure"]:
            raise _refusal(said, heard, folder)
        cell = np.array(calculation.crystal.cell if calculation.freedom != "cell" else said["cell"])
        crystal = Crystal.of(calculation.crystal.symbols, cell, said["positions"], calculation.crystal.moments)
        return Computed(said["energy_ev"], crystal, said["moment"], time.perf_counter() - began)

    def _path(self) -> str:
        found = shutil.which(str(Path(self.python).expanduser()))
        if found is None:
            raise EngineMissing(f"python: there is no {self.python!r} that can be run; {CURE}")
        return found

    def _folders(self) -> list[Path]:
        own = [Path(folder) for folder in _probe(self._path())[2]]
        return [Path(self.folder).expanduser(), *own] if self.folder else own

    def _setup(self, element: str) -> Path | None:
        names = (f"{element}.{self.functional}", f"{element}.{self.functional}.gz")
        paths = (folder / name for folder in self._folders() for name in names)
        return next((path for path in paths if path.is_file()), None)

    def _there(self, element: str) -> str:
        names = sorted({path.name for folder in self._folders() for path in folder.glob(f"{element}.*")})
        return f"of {element} there is {', '.join(names) or 'nothing'}"


@lru_cache(maxsize=8)
def _probe(python: str) -> tuple[str, str, tuple[str, ...]]:
    """Versions of GPAW and ASE, and its folders of setups."""
    heard = converse([python, "-c", PROBE], "/tmp", "", OUTPUT_LIMIT_BYTES)
    if heard.exit_code:
        last = (heard.complaints.strip().splitlines() or [f"exit status {heard.exit_code}"])[-1]
        raise EngineMissing(f"python: GPAW does not import under {python} ({last}); {CURE}")
    gpaw, ase, folders = json.loads(heard.output.strip().splitlines()[-1])
    return gpaw, ase, tuple(folders)


@lru_cache(maxsize=256)
def _checksum(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _refusal(said: object, heard: Conversation, folder: Path) -> DftFailed:
    """What became of a run without an answer."""
    log = folder / "gpaw.txt"
    text = log.read_text(encoding="utf-8", errors="replace").strip() if log.exists() else ""
    end = f"{text[-TAIL_CHARACTERS:]}\n{heard.complaints.strip()[-TAIL_CHARACTERS // 3 :]}".strip()
    if isinstance(said, dict):
        return DftFailed(said["failure"], f"GPAW: {said['error']}\n{end}", bool(said["gentler"]))
    if "MemoryError" in heard.complaints:
        return DftFailed("memory", f"GPAW: out of memory\n{end}")
    if heard.exit_code < 0:
        return DftFailed("crash", f"GPAW was ended by signal {-heard.exit_code}\n{end}")
    return DftFailed("error", f"GPAW: exit status {heard.exit_code} and no answer\n{end}")
