"""This file is where an embedded-atom potential comes from: built in, a file, or the NIST repository."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

RECORD = re.compile(r"^\d{4}--[\w.+-]+--LAMMPS--ipr\d+$")

TO_FCC = {"fcc": 1.0, "bcc": 2 ** (1 / 3), "hcp": 2**0.5, "diamond": 2 ** (-1 / 3), "sc": 4 ** (1 / 3)}
"""fcc lattice constant over that of another crystal of the same atomic volume (hcp: ideal)."""


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
    """fcc lattice constants by element as the file's headers have them, angstrom: starting points."""
    sha256: str
    """Of the file; of the parameters for the built-in one."""


def is_record(potential: str) -> bool:
    """Whether this looks like the id of a NIST record."""
    return bool(RECORD.match(potential))


def describe(name: str, path: Path) -> PotentialFile:
    """Read the headers of a setfl file, plain or of Finnis-Sinclair form; ValueError when it is neither."""
    raw = path.read_bytes()
    styles = ("eam/fs", "eam/alloy") if path.suffix == ".fs" else ("eam/alloy", "eam/fs")
    problems = []
    for style in styles:
        try:
            elements, lattice = _headers(raw.decode("latin-1").splitlines(), style)
        except (ValueError, IndexError) as problem:
            problems.append(f"{style}: {problem}")
        else:
            return PotentialFile(name, path, style, elements, lattice, hashlib.sha256(raw).hexdigest())
    raise ValueError(f"{path}: no setfl table ({'; '.join(problems)})")


def _headers(lines: list[str], style: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Elements, and the fcc lattice constant (angstrom) of the atomic volume that each one's header states."""
    elements = tuple(lines[3].split()[1:])
    if not elements or int(lines[3].split()[0]) != len(elements):
        raise ValueError("line 4 does not name its elements")
    densities, _, radii = (float(word) for word in lines[4].split()[:3])
    numbers = int(densities) + int(radii) * (len(elements) if style == "eam/fs" else 1)
    lattice, row = [], 5
    for _ in elements:
        _, _, constant, crystal = lines[row].split()[:4]
        lattice.append(float(constant) * TO_FCC.get(crystal.lower(), 1.0))
        row = _after(lines, row + 1, numbers)
    return elements, tuple(lattice)


def _after(lines: list[str], row: int, numbers: int) -> int:
    """The row behind so many numbers; ValueError when a row holds some that belong together with what follows."""
    while numbers > 0:
        numbers -= len(lines[row].split())
        row += 1
    if numbers < 0:
        raise ValueError(f"the table that ends in line {row} is too long")
    return row
