"""This file is the solids and ions of a Pourbaix diagram, read from a CSV or a JSON of pymatgen's Pourbaix entries."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from eutectic.oracles.elements.chemical_formulas import amounts, checked
from eutectic.oracles.tables.sheet import read, stamp

WATER = frozenset({"O", "H"})
"""Elements that water supplies and takes up."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the file is read."""

    file: str
    formula: str
    """Column of formulas (CSV)."""
    energy: str
    """Column of energies (CSV), eV a formula as written."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One solid or dissolved species."""

    name: str
    amounts: tuple[tuple[str, float], ...]
    """Elements and numbers of atoms."""
    charge: int | None
    """Elementary charges of what is dissolved; None for a solid."""
    energy_ev: float
    """Free energy of formation of all these atoms from the elements (H2 and O2 gas), eV."""

    @property
    def elements(self) -> frozenset[str]:
        """Its elements other than hydrogen and oxygen."""
        return frozenset(e for e, _ in self.amounts) - WATER

    @property
    def pure(self) -> bool:
        """Is it a solid of one element only, without hydrogen and oxygen?"""
        return self.charge is None and len(self.amounts) == 1


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """All species of a file."""

    name: str
    """File name, for messages."""
    all: tuple[Phase, ...]
    sha256: str
    """First 16 hex digits of the file's hash."""

    def lacking(self, elements: Iterable[str], pure: bool) -> str:
        """`Xx, Yy`, those of the elements without any species, or with `pure`, without the element's own solid."""
        able = frozenset().union(*(p.elements for p in self.all if p.pure or not pure))
        return ", ".join(sorted(set(elements) - WATER - able))


def load(reading: Reading) -> Phases:
    """The species in a file, read again only when it changed; ValueError says what is wrong and where."""
    return _load(reading, *stamp(reading.file, "file: "))


@lru_cache(maxsize=8)
def _load(reading: Reading, mtime_ns: int, size: int) -> Phases:
    """`load` behind its cache."""
    del mtime_ns, size
    path = Path(reading.file)
    phases = _json(path) if path.suffix.lower() == ".json" else _csv(reading)
    if not phases:
        raise ValueError(f"{path.name}: no solids and no ions in it")
    return Phases(path.name, tuple(phases), hashlib.sha256(path.read_bytes()).hexdigest()[:16])


def _csv(reading: Reading) -> list[Phase]:
    """Species of a CSV of formulas and energies."""
    sheet = read(reading.file, None, ",")
    energies, phases = sheet.number(reading.energy), []
    for i, text in enumerate(sheet.text(reading.formula)):
        try:
            phases.append(species(text, energies[i]))
        except ValueError as error:
            raise ValueError(f"{sheet.place(i, reading.formula)}: {error}") from None
    return phases


def species(text: str, energy_ev: float) -> Phase:
    """The species of `Zn[2+]`, `HZnO2[-]`, `Zn(OH)2(aq)`, `ZnO(s)` or `ZnO`; ValueError for any other form."""
    found = re.fullmatch(r"(.+?)(?:\[([0-9]*)([+-])\]|(\(aq\))|\(s\))?", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no chemical formula")
    formula, number, sign, dissolved = found.groups()
    if re.search(r"[+\-\[]", formula):
        raise ValueError(f"{text!r} is no species; write charges as in Zn[2+], MnO4[-]")
    charge = int(f"{sign}{number or 1}") if sign else (0 if dissolved else None)
    return Phase(text.strip(), tuple(amounts(formula).items()), charge, energy_ev)


def _json(path: Path) -> list[Phase]:
    """Species of a list of `PourbaixEntry.as_dict()`."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path.name}: not JSON ({error})") from None
    if not isinstance(rows, list):
        raise ValueError(f"{path.name}: a list of Pourbaix entries is expected")
    phases = []
    for i, row in enumerate(rows):
        try:
            phases.append(_entry(row))
        except (KeyError, TypeError, ValueError) as error:
            said = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{path.name}, entry {i + 1}: no Pourbaix entry ({said})") from None
    return phases


def _entry(row: Mapping[str, Any]) -> Phase:
    """One solid (with `composition`) or ion (with `ion`, its `charge` among the amounts)."""
    entry = row["entry"]
    dissolved = row["entry_type"] == "Ion"
    content = dict(entry["ion"] if dissolved else entry["composition"])
    charge = round(float(content.pop("charge"))) if dissolved else None
    found = checked({str(e): float(n) for e, n in content.items() if not str(e).startswith("@")}, str(content))
    energy = float(entry["energy"]) + float(entry.get("correction") or 0.0)
    if not math.isfinite(energy):
        raise ValueError(f"its energy is {energy}")
    formula = "".join(f"{e}{n:g}" if n != 1 else e for e, n in found.items())
    return Phase(str(entry.get("name") or row.get("entry_id") or formula), tuple(found.items()), charge, energy)
