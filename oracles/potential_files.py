"""This file is where an embedded-atom potential comes from: built in, a file, or the NIST repository."""

import functools
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from oracles import eam_potential

RECORD = re.compile(r"^\d{4}--[\w.+-]+--LAMMPS--ipr\d+$")


@dataclass(frozen=True, slots=True)
class PotentialFile:
    """A potential LAMMPS can read."""

    name: str
    """As the user named it."""
    path: Path
    style: str
    """LAMMPS' pair style, `eam/alloy` or `eam/fs`."""
    elements: tuple[str, ...]
    """In the order of the file; type i+1 of LAMMPS is element i."""
    lattice: tuple[float, ...]
    """Lattice constants by element as the file states them, angstrom (of any crystal: a starting point)."""
    sha256: str
    """Of the file; of the parameters for the built-in one."""


def is_record(potential: str) -> bool:
    """Whether this looks like the id of a NIST record."""
    return bool(RECORD.match(potential))


@functools.cache
def resolve(potential: str, sha256: str = "") -> PotentialFile:
    """Find `builtin`, a path, or a NIST record id.

    ValueError for what cannot be read or has another checksum than the one given, EngineMissing when offline.
    """
    found = _find(potential, sha256)
    if sha256 and sha256 != found.sha256:
        raise ValueError(f"potential {potential!r}: the checksum is {found.sha256}, wanted is {sha256}")
    return found


def _find(potential: str, sha256: str) -> PotentialFile:
    if potential == "builtin":
        path, digest = builtin()
        return replace(describe("builtin", path), sha256=digest)
    if is_record(potential) and not Path(potential).exists():
        from oracles import nist

        path, style = nist.fetch(potential, cache_folder(), sha256)
        return replace(describe(potential, path), style=style)
    path = Path(potential).expanduser()
    if not path.is_file():
        raise ValueError(
            f"potential {potential!r} is no file; known are 'builtin', the path of a setfl file (eam/alloy or eam/fs), "
            "and a NIST record id such as '2018--Farkas-D--Fe-Ni-Cr-Co-Cu--LAMMPS--ipr2'"
        )
    return describe(potential, path.resolve())


def describe(name: str, path: Path) -> PotentialFile:
    """Read the header of a setfl file, of Finnis-Sinclair form if its name ends in .fs; ValueError when it is none."""
    raw = path.read_bytes()
    try:
        elements, lattice = _header(raw.decode().splitlines())
    except (UnicodeDecodeError, ValueError, IndexError) as problem:
        raise ValueError(f"{path}: not a setfl table (eam/alloy or eam/fs): {problem}") from problem
    style = "eam/fs" if path.suffix == ".fs" else "eam/alloy"
    return PotentialFile(name, path, style, elements, lattice, hashlib.sha256(raw).hexdigest())


def _header(lines: list[str]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Elements and lattice constants (angstrom) of a setfl file."""
    elements = tuple(lines[3].split()[1:])
    if not elements or int(lines[3].split()[0]) != len(elements):
        raise ValueError("line 4 does not name its elements")
    wanted = re.compile(r"^\s*\d+\s+[\d.eE+-]+\s+[\d.eE+-]+\s+[A-Za-z]\w*\s*$")
    lattice = tuple(float(line.split()[2]) for line in lines[5:] if wanted.match(line))
    if len(lattice) != len(elements):
        raise ValueError(f"{len(elements)} elements, but {len(lattice)} headers of elements")
    return elements, lattice


@functools.cache
def builtin() -> tuple[Path, str]:
    """The built-in potential's setfl file (written on first use) and the checksum of its parameters."""
    potential = eam_potential.load()
    path = cache_folder() / f"eutectic_fenicrcocu-{potential.sha256[:12]}.eam.alloy"
    if not path.exists():
        write(path, eam_potential.setfl(potential).encode())
    return path, potential.sha256


def write(path: Path, content: bytes) -> None:
    """Write whole or not at all, so that two processes at once do no harm."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)


@functools.cache
def cache_folder() -> Path:
    """The user's cache, or a temporary folder where that cannot be written."""
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("eutectic")) / "potentials"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="eutectic-"))
    return folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="eutectic-"))
