"""This file is the references of a convex hull: formulas and energies read from a CSV or a Materials Project JSON."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from eutectic.oracles.elements.chemical_formulas import amounts, checked
from eutectic.oracles.suggestions import unknown
from eutectic.oracles.tables.sheet import read, stamp

Kind = Literal["formation", "total"]
MOST_EV_PER_ATOM = 10.0
"""No compound's formation energy is farther from 0 than this: such a number is of a formula unit, or a total energy."""
_ELEMENT_BELOW_EV = 1e-6
"""Rounding of an element's formation energy, eV/atom, which is 0 by definition."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file of references is read."""

    file: str
    formula: str
    """Column of formulas (CSV)."""
    energy: str
    """Column of energies (CSV), eV."""
    per: Literal["atom", "formula"]
    """What the CSV's energies are of."""
    kind: Kind | None
    """None: total energies for computed entries, formation energies for everything else."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One known phase."""

    name: str
    """Its formula or entry id, for people."""
    amounts: tuple[tuple[str, float], ...]
    """Elements and numbers of atoms."""
    energy_ev: float
    """Of all these atoms."""

    @property
    def elements(self) -> frozenset[str]:
        """Its elements."""
        return frozenset(e for e, _ in self.amounts)

    @property
    def ev_per_atom(self) -> float:
        """Its energy per atom."""
        return self.energy_ev / sum(n for _, n in self.amounts)


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """All known phases of a file."""

    name: str
    """File name, for messages."""
    kind: Kind
    phases: tuple[Reference, ...]
    sha256: str
    """First 16 hex digits of the file's hash."""

    def known(self) -> frozenset[str]:
        """Elements that have a reference: a pure phase, or, for formation energies, any phase that holds them.

        By definition the formation energy of an element in its reference state is 0, so it need not stand there.
        """
        able = (p for p in self.phases if self.kind == "formation" or len(p.elements) == 1)
        return frozenset().union(*(p.elements for p in able))

    def lacking(self, elements: Iterable[str]) -> str:
        """`Xx, Yy`, those of the elements without a reference; empty when all have one."""
        return ", ".join(sorted(set(elements) - self.known()))


def load(reading: Reading) -> References:
    """The references in a file, read again only when it changed; ValueError says what is wrong and where."""
    return _load(reading, *stamp(reading.file, "file: "))


@lru_cache(maxsize=8)
def _load(reading: Reading, mtime_ns: int, size: int) -> References:
    """`load` behind its cache."""
    del mtime_ns, size
    path = Path(reading.file)
    kind, phases = _json(reading) if path.suffix.lower() == ".json" else _csv(reading)
    if not phases:
        raise ValueError(f"{path.name}: no phases in it")
    return References(path.name, kind, tuple(phases), hashlib.sha256(path.read_bytes()).hexdigest()[:16])


def _csv(reading: Reading) -> tuple[Kind, list[Reference]]:
    """Kind and phases of a CSV of formulas and energies."""
    sheet = read(reading.file, None, ",")
    formulas, energies = sheet.text(reading.formula), sheet.number(reading.energy)
    kind: Kind = reading.kind or "formation"
    phases = []
    for i, (formula, energy) in enumerate(zip(formulas, energies, strict=True)):
        try:
            found = amounts(formula)
        except ValueError as error:
            raise ValueError(f"{sheet.place(i, reading.formula)}: {error}") from None
        whole = energy * (sum(found.values()) if reading.per == "atom" else 1.0)
        phases.append(_sound(Reference(formula, tuple(found.items()), whole), kind, sheet.place(i, reading.energy)))
    return kind, phases


def _json(reading: Reading) -> tuple[Kind, list[Reference]]:
    """Kind and phases of computed entries, or of Materials Project documents."""
    name = Path(reading.file).name
    try:
        content = json.loads(Path(reading.file).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{name}: not JSON ({error})") from None
    rows = list(_rows(content, name))
    entries = [row for row in rows if "composition" in row and "energy" in row]
    kind: Kind = reading.kind or ("total" if entries and len(entries) == len(rows) else "formation")
    phases = []
    for i, row in enumerate(rows):
        place = f"{name}, entry {i + 1}"
        phases.append(_sound(_phase(row, kind, place), kind, place))
    return kind, phases


def _rows(content: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """The entries of a list, of an object's `entries` or `data`, or of an object that names each."""
    if isinstance(content, Mapping):
        content = content.get("entries", content.get("data", list(content.values())))
    if not isinstance(content, Sequence) or isinstance(content, str):
        raise ValueError(f"{name}: a list of entries is expected, as Materials Project gives it")
    for i, row in enumerate(content):
        if not isinstance(row, Mapping):
            raise ValueError(f"{name}, entry {i + 1}: {str(row)[:60]!r} is no entry (an object with its energy)")
        yield row


def _phase(row: Mapping[str, Any], kind: Kind, place: str) -> Reference:
    """One entry (`composition`, `energy`, `correction`) or document (`formula_pretty` and an energy per atom)."""
    try:
        if isinstance(row.get("composition"), Mapping):
            found = checked({str(e): float(x) for e, x in row["composition"].items()}, str(row["composition"]))
        else:
            found = amounts(str(row.get("formula_pretty", row.get("formula", row.get("composition", "")))))
        energy = _whole(row, kind, sum(found.values()))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place}: {error}") from None
    formula = "".join(f"{e}{n:g}" if n != 1 else e for e, n in found.items())
    name = row.get("formula_pretty") or formula
    identity = row.get("entry_id") or row.get("material_id")
    return Reference(f"{name} ({identity})" if identity else str(name), tuple(found.items()), energy)


def _whole(row: Mapping[str, Any], kind: Kind, atoms: float) -> float:
    """Energy of all atoms of an entry, corrections included, eV; ValueError when there is none of that kind."""
    if "energy" in row:
        return float(row["energy"]) + float(row.get("correction") or 0.0)
    key = "formation_energy_per_atom" if kind == "formation" else "energy_per_atom"
    if key not in row:
        raise ValueError(unknown("key", key, list(row)))
    return float(row[key]) * atoms


def _sound(phase: Reference, kind: Kind, place: str) -> Reference:
    """The phase itself; ValueError when its energy cannot be what it is said to be."""
    energy = phase.ev_per_atom
    if not math.isfinite(energy):
        raise ValueError(f"{place}: the energy of {phase.name} is no finite number")
    if kind == "formation" and abs(energy) > MOST_EV_PER_ATOM:
        raise ValueError(
            f"{place}: {energy:g} eV/atom is no formation energy of {phase.name}; say `per: formula` if it is that of "
            "a formula unit, or `reference: total`"
        )
    if kind == "formation" and len(phase.elements) == 1 and energy < -_ELEMENT_BELOW_EV:
        raise ValueError(
            f"{place}: the formation energy of the element {phase.name} is {energy:g} eV/atom; it cannot be below 0 "
            "(`reference: total` if these are total energies)"
        )
    return phase
