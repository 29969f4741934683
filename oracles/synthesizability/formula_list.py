"""This file is a list of formulas read from a CSV column or a text file with one a line."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from eutectic.oracles.elements.chemical_formulas import amounts
from eutectic.oracles.tables.sheet import read, stamp


@dataclass(frozen=True, slots=True, eq=False)
class FormulaList:
    """The formulas of a file, each composition once, as atomic fractions."""

    name: str
    """File name, for messages."""
    formulas: tuple[dict[str, float], ...]
    sha256: str
    """First 16 hex digits of the file's hash."""


def load(file: str, column: str) -> FormulaList:
    """The list, read again only when the file changed; ValueError says what is wrong and where."""
    return _load(file, column, *stamp(file))


@lru_cache(maxsize=8)
def _load(file: str, column: str, mtime_ns: int, size: int) -> FormulaList:
    """`load` behind its cache."""
    del mtime_ns, size
    path = Path(file)
    found: dict[tuple[tuple[str, float], ...], dict[str, float]] = {}
    for place, text in _lines(path) if path.suffix.lower() == ".txt" else _cells(file, column):
        try:
            content = amounts(text)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        total = sum(content.values())
        formula = {e: x / total for e, x in sorted(content.items())}
        found.setdefault(tuple((e, round(x, 6)) for e, x in formula.items()), formula)
    return FormulaList(path.name, tuple(found.values()), hashlib.sha256(path.read_bytes()).hexdigest()[:16])


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """(place, formula) of the lines that hold one; `#` begins a remark."""
    for i, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if text := line.partition("#")[0].strip():
            yield f"{path.name}, line {i}", text


def _cells(file: str, column: str) -> Iterator[tuple[str, str]]:
    """(place, formula) of a CSV's column."""
    sheet = read(file, None, ",")
    for i, text in enumerate(sheet.text(column)):
        yield sheet.place(i, column), text
