"""This file is how a CSV becomes columns of text and numbers, with every bad cell named by row and column."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from eutectic.oracles.suggestions import unknown
from eutectic.oracles.tables.rows import WORKBOOKS
from eutectic.oracles.tables.rows import rows as text_rows


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A CSV as read: text cells by column."""

    name: str
    """File name, for messages."""
    columns: tuple[str, ...]
    """Column names, unique."""
    cells: tuple[tuple[str, ...], ...]
    """n rows of text cells, stripped."""
    lines: tuple[int, ...]
    """n line numbers in the file, 1 the first."""
    sha256: str
    """First 16 hex digits of the file's hash."""
    numbers: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Columns already read as numbers."""
    whole: set[str] = field(default_factory=set)
    """Columns already seen to have a finite number in every cell."""

    def index(self, column: str) -> int:
        """Position of a column; ValueError with the nearest name when there is none."""
        if column not in self.columns:
            raise ValueError(f"{self.name}: {unknown('column', column, self.columns)}")
        return self.columns.index(column)

    def text(self, column: str) -> list[str]:
        """The n cells of a column."""
        position = self.index(column)
        return [row[position] for row in self.cells]

    def place(self, row: int, column: str) -> str:
        """`data.csv, row 3 (line 4), column 'y'`; row counts from 0 here and from 1 in the text."""
        return f"{self.name}, row {row + 1} (line {self.lines[row]}), column {column!r}"

    def number(self, column: str, allow_missing: bool = False) -> tuple[float, ...]:
        """The n cells of a column as numbers, NaN for missing ones; ValueError names the first bad cell."""
        if column not in self.numbers:
            self.numbers[column] = tuple(self._parse(i, column, cell) for i, cell in enumerate(self.text(column)))
        if not allow_missing and column not in self.whole:
            for i, value in enumerate(self.numbers[column]):
                if not math.isfinite(value):
                    raise ValueError(f"{self.place(i, column)}: {self.text(column)[i]!r} is no finite number")
            self.whole.add(column)
        return self.numbers[column]

    def _parse(self, row: int, column: str, cell: str) -> float:
        """One cell; an empty one and the usual words for nothing are NaN."""
        if cell.lower() in {"", "na", "n/a", "nan", "null", "none", "-"}:
            return math.nan
        try:
            return float(cell)
        except ValueError:
            raise ValueError(f"{self.place(row, column)}: {cell!r} is no number") from None


def read(path: str, columns: Sequence[str] | None, separator: str) -> Sheet:
    """The sheet in a file, read again only when the file changed; ValueError says what is wrong with it."""
    try:
        state = Path(path).stat()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}){_beside(Path(path))}") from None
    names = None if columns is None else tuple(columns)
    return _read(path, names, separator, state.st_mtime_ns, state.st_size)


def stamp(file: str, said: str = "") -> tuple[int, int]:
    """Time of the last change (ns) and size (bytes) of a file; ValueError, `said` first, when it cannot be read."""
    try:
        state = Path(file).stat()
    except OSError as error:
        raise ValueError(f"{said}{file}: cannot be read ({error.strerror})") from None
    return state.st_mtime_ns, state.st_size


def _beside(path: Path) -> str:
    """The nearest name among the files of the same folder."""
    if not path.parent.is_dir():
        return f"; there is no folder {path.parent}"
    known = sorted(p.name for p in path.parent.iterdir() if p.suffix in {".csv", ".tsv", ".dat", ".txt", *WORKBOOKS})
    return f"; {unknown('file', path.name, known)}" if known else ""


@lru_cache(maxsize=16)
def _read(path: str, columns: tuple[str, ...] | None, separator: str, mtime_ns: int, size: int) -> Sheet:
    """`read` behind its cache; mtime_ns and size only tell one state of the file from the next."""
    del mtime_ns, size
    name = Path(path).name
    rows, raw = text_rows(path, separator)
    if columns is None:
        if not rows:
            raise ValueError(f"{name}: the file is empty")
        columns = tuple(rows.pop(0)[1])
    _check(name, columns, rows)
    digest = hashlib.sha256(raw).hexdigest()[:16]
    return Sheet(name, columns, tuple(tuple(r) for _, r in rows), tuple(line for line, _ in rows), digest)


def _check(name: str, columns: tuple[str, ...], rows: list[tuple[int, list[str]]]) -> None:
    """ValueError on doubled or empty column names, ragged rows and a table without rows."""
    doubled = sorted({c for c in columns if columns.count(c) > 1})
    if doubled:
        raise ValueError(f"{name}: column {doubled[0]!r} stands there {columns.count(doubled[0])} times")
    if not rows:
        raise ValueError(f"{name}: no rows below the header")
    for i, (line, cells) in enumerate(rows, 1):
        if len(cells) != len(columns):
            known = f"{len(columns)} columns ({', '.join(columns[:8])}{', ...' if len(columns) > 8 else ''})"
            raise ValueError(f"{name}, row {i} (line {line}): {len(cells)} cells for {known}")
