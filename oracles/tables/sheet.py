"""This file is the one reader of tables: text and numbers by column, every bad cell named by row and column."""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from eutectic.oracles.suggestions import unknown
from eutectic.oracles.tables.rows import WORKBOOKS
from eutectic.oracles.tables.rows import rows as text_rows

MISSING = frozenset({"", "na", "n/a", "#n/a", "#na", "nan", "null", "none", "-", "--", "–", "—"})
"""Cells (lower case) that say that there is no value."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity)", re.IGNORECASE)
LARGEST = 1e100
"""Numbers beyond are a slip, or cannot be computed with: their squares are no numbers."""
DASHES = str.maketrans(dict.fromkeys("−–—‒‐‑﹣－", "-"))
"""What stands for a minus in texts."""
_NEARLY = re.compile(r"\s*[<>≤≥~≈±+\-−–—‒‐‑﹣－]*\s*[$€£¥]?\d")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[ '’.,\u00a0\u202f\u2009]\d{3})+(?:[.,]\d+)?")
_DATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}-[A-Za-z]{3}\.?(-\d+)?|[A-Za-z]{3}-\d+|"
    r"\d{1,2} (Jan|Feb|M[aä]r|Mrz|A[pv]r|Ma[iy]|Ju[nl]|Aug|Sep|O[ck]t|Nov|De[cz])\.?( \d+)?"
)
_DECIMAL_COMMA = re.compile(r"^([+-]?\d+),(\d+(?:[eE][+-]?\d+)?)$")
_RANGE = re.compile(r"\d[\d.,]*\s*(-|to|\.\.+)\s*\d[\d.,]*")
_UNCERTAIN = re.compile(r".*\d\s*(±|\+/-|\+-)\s*\d.*|.*\d\(\d+\).*")


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A table as read: text cells by column."""

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
    decimal: str = "."
    """What stands before the decimals of a number."""
    parsed: dict[str, tuple[float | None, ...]] = field(default_factory=dict)
    """Columns already read: numbers, NaN where missing, None where neither."""
    checked: dict[tuple[str, bool], tuple[float, ...]] = field(default_factory=dict)
    """What `number` has answered."""

    def index(self, column: str) -> int:
        """Position of a column; ValueError with the nearest name when there is none."""
        if column not in self.columns:
            raise ValueError(f"{self.name}: {unknown('column', column, self.columns)}")
        return self.columns.index(column)

    def text(self, column: str) -> list[str]:
        """The n cells of a column."""
        position = self.index(column)
        return [row[position] for row in self.cells]

    def filled(self, column: str) -> list[str]:
        """The n cells of a column; ValueError at a missing one."""
        cells = self.text(column)
        for i, cell in enumerate(cells):
            if unnamed(cell):
                raise ValueError(f"{self.place(i, column)}: {cell!r} is missing; fill the cell or leave out the row")
        return cells

    def place(self, row: int, column: str) -> str:
        """`data.csv, row 3 (line 4), column 'y'`; row counts from 0 here and from 1 in the text."""
        return f"{self.name}, row {row + 1} (line {self.lines[row]}), column {column!r}"

    def number(self, column: str, allow_missing: bool = False) -> tuple[float, ...]:
        """The n cells of a column as numbers, NaN for missing ones; ValueError names the first bad cell and why."""
        if (column, allow_missing) not in self.checked:
            found = tuple(math.nan if x is None else x for x in self._parsed(column))
            for i, (x, cell) in enumerate(zip(found, self.text(column), strict=True)):
                if not abs(x) <= LARGEST and not (allow_missing and missing(cell)):
                    raise ValueError(f"{self.place(i, column)}: {objection(cell, self.decimal)}")
            self.checked[column, allow_missing] = found
        return self.checked[column, allow_missing]

    def numbers(self, column: str) -> tuple[float, ...] | None:
        """The column as finite numbers, None where most of its cells are text; ValueError at an odd or missing cell."""
        told = [x for x, cell in zip(self._parsed(column), self.text(column), strict=True) if not missing(cell)]
        if 2 * sum(x is not None for x in told) <= len(told):
            return None
        return self.number(column)

    def nearly_numbers(self, column: str) -> str:
        """Why a column of text looks like numbers that cannot be read, naming the first such cell; "" where not.

        That is where most of its cells begin with a digit, or with a sign or bound before one.
        """
        cells = self.text(column)
        odd = [i for i, cell in enumerate(cells) if _NEARLY.match(cell)]
        if 2 * len(odd) <= len(cells):
            return ""
        first = next((i for i in odd if parse(cells[i], self.decimal) is None), odd[0])
        return f"{self.place(first, column)}: {objection(cells[first], self.decimal)}"

    def _parsed(self, column: str) -> tuple[float | None, ...]:
        if column not in self.parsed:
            self.parsed[column] = tuple(parse(cell, self.decimal) for cell in self.text(column))
        return self.parsed[column]


def missing(cell: str) -> bool:
    """Does this cell say that there is no value?"""
    return cell.lower() in MISSING


def unnamed(cell: str) -> bool:
    """Is this cell missing where names stand? `none` and `-` may be names there: no gas is a gas."""
    return missing(cell) and cell.lower() not in ("none", "-")


def parse(cell: str, decimal: str = ".") -> float | None:
    """A cell as a number, NaN where it is missing, None where it is neither."""
    if missing(cell):
        return math.nan
    text = cell if cell.isascii() else cell.translate(DASHES)
    if decimal != ".":
        text = "" if "." in text else text.replace(decimal, ".")
    return float(text) if _NUMBER.fullmatch(text) else None


def objection(cell: str, decimal: str = ".") -> str:
    """Why a cell is not a finite number, and what to write instead."""
    if missing(cell):
        return f"{cell!r} is no finite number: nothing stands here"
    other = "," if decimal == "." else "."
    text = cell.translate(DASHES)
    if parse(cell, decimal) is not None:
        return (
            f"{cell!r} is no {'finite number' if math.isinf(parse(cell, decimal) or 0.0) else 'number to compute with'}"
        )
    if _THOUSANDS.fullmatch(text) and not re.fullmatch(rf"[+-]?\d+\{other}\d+", text):
        return f"{cell!r} is no number: leave out what parts thousands"
    if re.fullmatch(rf"[+-]?\d{{1,3}}\{other}\d{{3}}", text):
        return (
            f"{cell!r} is no number; if '{other}' stands before decimals, say `decimal: '{other}'`, and if it parts "
            "thousands, leave it out"
        )
    if re.fullmatch(rf"[+-]?\d+\{other}\d+([eE][+-]?\d+)?", text):
        return f"{cell!r} is no number; if '{other}' stands before decimals, say `decimal: '{other}'`"
    if _UNCERTAIN.fullmatch(cell):
        return f"{cell!r} is no number: write a value, and its standard error in a column of its own (NAME_std)"
    if re.match(r"\s*[<>≤≥~≈]", cell):
        return f"{cell!r} is no number: a bound is no value; leave the cell empty, or write what is to count"
    if _DATE.fullmatch(text):
        return f"{cell!r} is no number but a date, which spreadsheets make of some numbers; write the number"
    if _RANGE.fullmatch(text):
        return f"{cell!r} is no number: a range is no value; write one, such as its middle"
    if re.match(r"[+-]?[$€£¥]?\d[\d.,]*\s*([^\d.,\s]|$)", text):
        return f"{cell!r} is no number: write the number alone, the unit in the column's name"
    if re.fullmatch(r"(bal|balance|rest|rem|remainder)\.?", cell.lower()):
        return f"{cell!r} is no number: write what remains of the whole"
    return f"{cell!r} is no number"


def read(path: str, columns: Sequence[str] | None, separator: str, decimal: str = ".") -> Sheet:
    """The sheet in a file, read again only when the file changed; ValueError says what is wrong with it."""
    try:
        state = Path(path).stat()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}){_beside(Path(path))}") from None
    names = None if columns is None else tuple(columns)
    return _read(path, names, separator, decimal, state.st_mtime_ns, state.st_size)


def refuse_dialect(separator: str, decimal: str) -> None:
    """ValueError where these cannot be a table's separator and decimal sign."""
    if len(separator) != 1:
        raise ValueError(f"separator: {separator!r} is not one character")
    if decimal not in (".", ","):
        raise ValueError(f"decimal: {decimal!r} is neither '.' nor ','")
    if decimal == separator:
        raise ValueError(f"decimal: {decimal!r} is also the separator; say the other one, such as `separator: ';'`")


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
def _read(path: str, columns: tuple[str, ...] | None, separator: str, decimal: str, mtime_ns: int, size: int) -> Sheet:
    """`read` behind its cache; mtime_ns and size only tell one state of the file from the next."""
    del mtime_ns, size
    name = Path(path).name
    try:
        rows, raw = text_rows(path, separator)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    if columns is None:
        if not rows:
            raise ValueError(f"{name}: the file is empty")
        columns = tuple(rows.pop(0)[1])
    _check(name, columns, rows, separator)
    digest = hashlib.sha256(raw).hexdigest()[:16]
    cells, lines = tuple(tuple(r) for _, r in rows), tuple(line for line, _ in rows)
    own = "." if path.lower().endswith(WORKBOOKS) else decimal  # a workbook knows its numbers, but for those in texts
    if own != decimal:
        cells = tuple(tuple(_DECIMAL_COMMA.sub(r"\1.\2", cell) for cell in row) for row in cells)
    return Sheet(name, columns, cells, lines, digest, own)


def _check(name: str, columns: tuple[str, ...], rows: list[tuple[int, list[str]]], separator: str) -> None:
    """ValueError on doubled or empty column names, ragged rows and a table without rows."""
    doubled = sorted({c for c in columns if columns.count(c) > 1}) if len(set(columns)) < len(columns) else []
    if doubled:
        raise ValueError(f"{name}: column {doubled[0]!r} stands there {columns.count(doubled[0])} times")
    first = columns[0] if len(columns) == 1 else ""
    mark = next((m for m in (";", "\t", "|", ",") if m != separator and m in first), "")
    if mark and all(len(cells) == 1 and mark in cells[0] for _, cells in rows):
        raise ValueError(
            f"{name}: the header is one cell, {columns[0]!r}; if {mark!r} stands between cells, say "
            f"`separator: {_quoted(mark)}`"
        )
    if not rows:
        raise ValueError(f"{name}: no rows below the header: the table is empty")
    for i, (line, cells) in enumerate(rows, 1):
        if len(cells) != len(columns):
            known = f"{len(columns)} columns ({', '.join(columns[:8])}{', ...' if len(columns) > 8 else ''})"
            raise ValueError(
                f"{name}, row {i} (line {line}): {len(cells)} cells for {known}{_other(columns, separator)}"
            )


def _other(columns: tuple[str, ...], separator: str) -> str:
    """What to say where the header looks as if something else stood between its cells."""
    other = next((mark for mark in (";", "\t", "|") if mark != separator and mark in "".join(columns)), "")
    return f"; if {other!r} stands between cells, say `separator: {_quoted(other)}`" if other else ""


def _quoted(mark: str) -> str:
    """A separator as it is written in YAML."""
    return '"\\t"' if mark == "\t" else repr(mark)
