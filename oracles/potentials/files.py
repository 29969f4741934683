"""This file is where an embedded-atom potential comes from: built in, a file, or the NIST repository."""

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path

RECORD = re.compile(r"^\d{4}--[\w.+-]+--LAMMPS--ipr\d+$")

MASS = 0.05
"""Relative difference up to which a mass is its element's."""
BEYOND = 1.01
"""How far the cutoff may lie beyond the tables, as a share of their length."""
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
    """Elements, and the fcc lattice constant (angstrom) of the atomic volume that each one's header states.

    ValueError when a table has another number of values than line 5 says, or anything follows the last table.
    """
    if len(lines) < 6:
        raise ValueError(f"it has {len(lines)} lines")
    elements = tuple(lines[3].split()[1:])
    if not elements or int(lines[3].split()[0]) != len(elements):
        raise ValueError("line 4 does not name its elements")
    _check_elements(elements)
    densities, radii = _grid(lines[4])
    many = len(elements) if style == "eam/fs" else 1
    lattice, row = [], 5
    for element in elements:
        header = _line(lines, row, f"of {element}").split()
        if len(header) < 3:
            raise ValueError(f"line {row + 1} is to be the header of {element} and holds {len(header)} values")
        crystal = header[3] if len(header) > 3 else "fcc"
        _check_header(element, header, row + 1)
        lattice.append(float(header[2]) * TO_FCC.get(crystal.lower(), 1.0))
        row = _after(lines, row + 1, densities, f"the embedding function of {element}")
        for k in range(many):
            of = element if many == 1 else f"{element} for {elements[k]}"
            row = _after(lines, row, radii, f"the density of {of}")
    for first in range(len(elements)):
        for second in range(first + 1):
            row = _after(lines, row, radii, f"the pair function of {elements[first]} and {elements[second]}")
    rest = next((i for i in range(row, len(lines)) if lines[i].strip()), None)
    if rest is not None:
        raise ValueError(
            f"line {rest + 1} follows its last table: values too many, or a file of another style (eam/cd, adp)"
        )
    return elements, tuple(lattice)


def _check_elements(elements: tuple[str, ...]) -> None:
    """ValueError where one is no element, or stands there twice."""
    from ase.data import atomic_numbers

    strange = [element for element in elements if not atomic_numbers.get(element)]
    if strange:
        raise ValueError(f"line 4: {strange[0]!r} is no element")
    if len(set(elements)) < len(elements):
        raise ValueError(f"line 4: an element stands there twice ({' '.join(elements)})")


def _grid(line: str) -> tuple[int, int]:
    """Numbers of densities and of radii; ValueError where steps or cutoff are not positive, or it lies beyond."""
    numbers = [_number(word, 5, "the sizes of its tables") for word in line.split()[:5]]
    if len(numbers) < 5 or not all(0 < x < math.inf for x in numbers):
        raise ValueError(f"line 5 is to hold two numbers of values, their steps and the cutoff, not {line.strip()!r}")
    densities, _, radii, step, cutoff = numbers
    if cutoff > BEYOND * radii * step:
        raise ValueError(f"line 5: its cutoff of {cutoff:g} lies beyond its tables, which end at {radii * step:g}")
    return int(densities), int(radii)


def _check_header(element: str, header: list[str], line: int) -> None:
    """ValueError where the mass is not the element's, or the lattice constant is none."""
    from ase.data import atomic_masses, atomic_numbers

    mass, lattice = (_number(word, line, f"the header of {element}") for word in header[1:3])
    own = float(atomic_masses[atomic_numbers[element]])
    if not abs(mass / own - 1) <= MASS:
        raise ValueError(f"line {line}: a mass of {mass:g} is not that of {element}, {own:.5g}")
    if not 0 < lattice < math.inf:
        raise ValueError(f"line {line}: {lattice:g} is no lattice constant")


def _number(word: str, line: int, what: str) -> float:
    """A word as a number; ValueError says where it stands."""
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"line {line}, in {what}: {word!r} is no number") from None


def _line(lines: list[str], row: int, what: str) -> str:
    """A line of the file; ValueError when it has ended before."""
    if row >= len(lines):
        raise ValueError(f"the file ends in line {len(lines)}, before the tables {what}: it is truncated")
    return lines[row]


def _after(lines: list[str], row: int, numbers: int, what: str) -> int:
    """The row behind so many numbers; ValueError when they are no numbers, too few, or a row holds one too many."""
    start = row
    while numbers > 0:
        for word in _line(lines, row, f"({what})").split():
            if not math.isfinite(_number(word, row + 1, what)):
                raise ValueError(f"line {row + 1}, in {what}: {word!r} is no finite number")
            numbers -= 1
        row += 1
    if numbers < 0:
        raise ValueError(f"{what}, lines {start + 1} to {row}, holds {-numbers} values too many")
    return row
