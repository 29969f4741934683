"""This file is how a pool's CSV becomes columns of text or numbers; a bad cell is named by row and column."""

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from eutectic.oracles.tables.rows import rows as text_rows

MISSING = frozenset({"", "nan"})
_NOTHING = MISSING | {"na", "n/a", "null", "none", "-"}


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A CSV's text cells by column, stripped."""

    name: str
    """File name, for messages."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    """Line of each row in the file, 1 the first."""

    def cells(self, column: str) -> list[str]:
        """Text cells (n,) of a column; ValueError with the nearest name when there is none, or at an empty cell."""
        if column not in self.columns:
            raise ValueError(f"{self.name}: no column {column!r}{hint(column, self.columns)}")
        place = self.columns.index(column)
        found = [row[place] for row in self.rows]
        for i, cell in enumerate(found):
            if cell.lower() in MISSING:
                raise ValueError(f"{self.place(i, column)}: {cell!r} is missing; fill the cell or leave out the row")
        return found

    def numbers(self, column: str) -> list[float] | None:
        """The column as numbers, None when most cells are text; ValueError at a cell that is no finite number."""
        place = self.columns.index(column)
        cells = [row[place] for row in self.rows]
        read = [_number(cell) for cell in cells]
        told = [x for x, cell in zip(read, cells, strict=True) if cell.lower() not in _NOTHING]
        if 2 * sum(x is not None for x in told) <= len(told):
            return None
        for i, (x, cell) in enumerate(zip(read, cells, strict=True)):
            if x is None or not math.isfinite(x):
                raise ValueError(f"{self.place(i, column)}: {cell!r} is no finite number")
        return [x for x in read if x is not None]

    def place(self, row: int, column: str) -> str:
        """Where a cell is, for a person; row counts from 0 here and from 1 in the text."""
        return f"{self.name}, row {row + 1} (line {self.lines[row]}), column {column!r}"


def hint(given: str, known: Iterable[str]) -> str:
    """`; did you mean 'yield'?`, or the names there are."""
    names = list(known)
    near = [n for n in names if n.lower() == given.lower()] or difflib.get_close_matches(given, names, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(names)}"


def read(path: str, columns: tuple[str, ...] | None, separator: str) -> Sheet:
    """The sheet in a file; `columns` names them where it has no header row. ValueError says what is wrong with it."""
    name = Path(path).name
    try:
        rows, _ = text_rows(path, separator)
    except OSError as error:
        raise ValueError(f"file: {path} cannot be read ({error.strerror})") from None
    if columns is None and rows:
        columns = tuple(rows.pop(0)[1])
    if not rows or columns is None:
        raise ValueError(f"{name}: the pool is empty: the file has no rows of data")
    doubled = [c for c in columns if columns.count(c) > 1]
    if doubled:
        raise ValueError(f"{name}: column {doubled[0]!r} stands there {columns.count(doubled[0])} times")
    for i, (line, cells) in enumerate(rows, 1):
        if len(cells) != len(columns):
            raise ValueError(f"{name}, row {i} (line {line}): {len(cells)} cells for {len(columns)} columns")
    return Sheet(name, columns, tuple(tuple(cells) for _, cells in rows), tuple(line for line, _ in rows))


def _number(cell: str) -> float | None:
    try:
        return math.nan if cell.lower() in _NOTHING else float(cell)
    except ValueError:
        return None
