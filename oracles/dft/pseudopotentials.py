"""This file is the pseudopotentials of Quantum ESPRESSO: which file serves an element, and what its header says."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from eutectic.oracles.suggestions import unknown

DEBIAN = "/usr/share/espresso/pseudo"
"""Where Debian's quantum-espresso-data puts its files."""
WORDS = {
    "PBE": ("PBE", "SLA PW PBE PBE", "SLA PW PBX PBC"),
    "PBEsol": ("PBESOL", "SLA PW PSX PSC"),
    "LDA": ("LDA", "PZ", "PW", "SLA PZ NOGX NOGC", "SLA PW NOGX NOGC", "SLA PZ"),
}
"""Functional -> how headers write it."""
HEADER_BYTES = 400_000
"""A long PP_INFO may stand before the header."""
SOURCES = "SSSP (https://www.materialscloud.org/discover/sssp) or PseudoDojo (http://www.pseudo-dojo.org)"


@dataclass(frozen=True, slots=True)
class Pseudopotential:
    """One file."""

    path: Path
    functional: str
    """As its header writes it, in capitals; empty when it says nothing."""
    valence: float
    """Electrons."""
    cutoff_ry: float
    """For plane waves as its author suggests; 0 when he does not."""
    full_relativity: bool
    """With spin-orbit coupling, which these calculations have not."""
    sha256: str

    def made_for(self, functional: str) -> bool:
        """Whether its header names this functional."""
        return self.functional in WORDS[functional]


def default_folder() -> str:
    """$ESPRESSO_PSEUDO, or Debian's folder."""
    return os.environ.get("ESPRESSO_PSEUDO", DEBIAN)


def choose(element: str, functional: str, folder: Path, named: Mapping[str, str]) -> Pseudopotential:
    """The element's file: the one named, or the only one in the folder that is made for the functional.

    ValueError says which element, where was looked and what is there.
    """
    if element in named:
        return _named(element, functional, folder, named[element])
    there = _candidates(element, folder)
    fitting = [one for one in there if one.made_for(functional) and not one.full_relativity]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " or ".join(one.path.name for one in fitting)
        raise ValueError(
            f"{folder} has {len(fitting)} {functional} pseudopotentials of {element}; choose one: "
            f"pseudopotentials: {{{element}: {fitting[0].path.name}}} ({names})"
        )
    raise ValueError(f"no {functional} pseudopotential of {element} in {_contents(element, folder, there)}")


def _named(element: str, functional: str, folder: Path, name: str) -> Pseudopotential:
    path = folder / name
    if not path.is_file():
        known = [one.path.name for one in _candidates(element, folder)]
        raise ValueError(f"pseudopotential of {element}: {unknown('file', name, known)} in {folder}")
    found = read(path)
    if found.functional and not found.made_for(functional):
        raise ValueError(f"pseudopotential of {element}: {path} was made for {found.functional}, not {functional}")
    return found


def _candidates(element: str, folder: Path) -> list[Pseudopotential]:
    """All readable UPF files of an element; its symbol is the first word of the name in any case."""
    pattern = re.compile(rf"{element}[._-].*upf", re.IGNORECASE)
    paths = sorted(p for p in folder.glob("*") if pattern.fullmatch(p.name)) if folder.is_dir() else []
    found = []
    for path in paths:
        try:
            found.append(read(path))
        except ValueError:
            continue  # a file of another format is no candidate; naming it says what is wrong with it
    return found


def _contents(element: str, folder: Path, there: Sequence[Pseudopotential]) -> str:
    if not folder.is_dir():
        return f"{folder}, which is not there; give pseudopotential_folder, e.g. of {SOURCES}"
    files = ", ".join(f"{one.path.name} ({one.functional or 'unnamed functional'})" for one in there)
    upf = {p.name.split(".")[0] for p in folder.glob("*") if p.suffix.lower() == ".upf"}
    others = ", ".join(sorted(e for e in upf if re.fullmatch("[A-Z][a-z]?", e)))
    return (
        f"{folder}: of {element} there is {files or 'nothing'}, of others: {others or 'none'}; get one from {SOURCES}"
    )


def read(path: Path) -> Pseudopotential:
    """What the header of a UPF file says; ValueError when it is not one."""
    status = path.stat()
    return _read(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=512)
def _read(path: Path, size: int, changed_ns: int) -> Pseudopotential:
    del size, changed_ns  # a changed file is read again
    content = path.read_bytes()
    text = content[:HEADER_BYTES].decode(errors="replace")
    start = text.find("<PP_HEADER")
    if start < 0:
        raise ValueError(f"{path} is no pseudopotential in UPF: it has no PP_HEADER")
    if b"</PP_MESH>" not in content or b"</PP_RHOATOM>" not in content:
        raise ValueError(f"{path} is truncated: its end is missing")
    header = text[start : start + 4000]
    return Pseudopotential(
        path,
        " ".join(_functional(header).upper().split()),
        _valence(header),
        max(_number(_attribute(header, "wfc_cutoff")), _suggested(text[:start])),
        "Fully-Relativistic" in text[:start] or _attribute(header, "has_so").lower().strip(".")[:1] == "t",
        hashlib.sha256(content).hexdigest(),
    )


def _attribute(header: str, name: str) -> str:
    found = re.search(rf'\b{name}\s*=\s*"([^"]*)"', header)
    return found.group(1).strip() if found else ""


def _functional(header: str) -> str:
    """UPF 2 has an attribute, UPF 1 a line that ends in `Exchange-Correlation functional`."""
    old = re.search(r"^\s*(.*?)\s+\S*\s*Exchange-Correlation", header, re.MULTILINE)
    return _attribute(header, "functional") or (old.group(1) if old else "")


def _valence(header: str) -> float:
    old = re.search(r"([\d.E+-]+)\s+Z valence", header)
    return _number(_attribute(header, "z_valence")) or _number(old.group(1) if old else "")


def _suggested(information: str) -> float:
    found = re.search(r"minimum cutoff for wavefunctions:\s*([\d.]+)", information)
    return _number(found.group(1)) if found else 0.0


def _number(text: str) -> float:
    return float(text.upper().replace("D", "E")) if text else 0.0
