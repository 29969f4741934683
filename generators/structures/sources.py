"""This file is known crystals from where people keep them: a folder, a file of one or many, a table with a column."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from eutectic.generators.hints import hint
from eutectic.oracles.structures.files import of_text, read, read_all
from eutectic.oracles.tables.rows import titled

if TYPE_CHECKING:
    from pymatgen.core import Structure

FILES = (".cif", ".mcif", ".vasp", ".poscar", ".extxyz", ".xyz", ".json")
"""Endings of files in a folder that are read, also with `.gz` behind."""
TABLES = (".csv", ".csv.gz")
COLUMNS = ("cif", "structure", "poscar", "file", "path")
"""Columns of a table that are taken for its structures where none is named, in this order."""
NAMES = ("material_id", "id", "name")
"""Columns of a table that a structure is called by, in this order."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One known crystal."""

    name: str
    structure: "Structure"
    values: dict[str, float]
    """Numbers that stand beside it in a table, by column."""


def known_crystals(source: str, column: str = "") -> tuple[Known, ...]:
    """The ordered crystals in a folder, a structure file or a CSV; ValueError says which file or row is wrong, and why.

    column: of a CSV, the one that holds a structure as text (CIF, POSCAR) or the path of a file beside it.
    """
    return _crystals(source, column, fingerprint(source))


@lru_cache(maxsize=4)
def _crystals(source: str, column: str, state: str) -> tuple[Known, ...]:
    del state  # tells one state of the files from the next
    found = tuple(_of_table(Path(source), column) if source.endswith(TABLES) else _of_files(Path(source)))
    if not found:
        raise ValueError(f"{source} holds no structures; wanted: a folder or file of {', '.join(FILES)}, or a CSV")
    for crystal in found:
        if not crystal.structure.is_ordered:
            raise ValueError(f"{crystal.name} is disordered: order it first, or leave it out")
    return found


def fingerprint(source: str) -> str:
    """SHA-256 of what the files hold; ValueError where there are none."""
    digest = hashlib.sha256()
    for path in files_of(Path(source)):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def files_of(source: Path) -> list[Path]:
    """The files of a source, in order; ValueError where it does not exist."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise ValueError(f"{source} is neither a folder nor a file")
    return sorted(path for path in source.rglob("*") if path.is_file() and _is_structure(path))


def relative(source: str, folder: str) -> str:
    """A source's path as from `folder`; "" stays."""
    return str(Path(folder) / source) if source else ""


def _is_structure(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    return name.endswith(FILES) or name.startswith(("poscar", "contcar"))


def _of_files(source: Path) -> Iterator[Known]:
    for path in files_of(source):
        crystals = read_all(str(path))
        for i, structure in enumerate(crystals):
            yield Known(f"{path.name}@{i}" if len(crystals) > 1 else path.name, structure, {})


def _of_table(path: Path, column: str) -> Iterator[Known]:
    try:
        titles, rows = titled(str(path))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    wanted = column or next((title for title in COLUMNS if title in titles), "")
    if wanted not in titles:
        said = f"it has no column {wanted!r}{hint(wanted, titles)}" if wanted else f"name its column of {titles}"
        raise ValueError(f"{path}: {said}" if wanted else f"{path}: no column is called {COLUMNS}; {said}")
    label = next((title for title in NAMES if title in titles), "")
    for number, row in enumerate(rows, start=1):
        name = row[label] if label else f"{path.name} row {number}"
        try:
            yield Known(name, _structure(row[wanted], path.parent), _numbers(row, wanted))
        except ValueError as error:
            raise ValueError(f"{path}, row {number} ({name}): {error}") from None


def _structure(cell: str, folder: Path) -> "Structure":
    """The structure in a cell: text of a file (CIF, POSCAR, JSON), or the path of one."""
    text = cell.replace("\\n", "\n")
    if not text.strip():
        raise ValueError("no structure")
    if "\n" not in text.strip() and not text.lstrip().startswith(("{", "[")):
        return read(str(folder / text.strip()))
    return of_text(text)


def _numbers(row: dict[str, str], wanted: str) -> dict[str, float]:
    """The cells that are numbers, by their column."""
    found = {}
    for title, cell in row.items():
        if title and title != wanted:
            try:
                found[title] = float(cell)
            except ValueError:
                continue
    return found
