"""This file is a table's file as rows of text cells: text with separators, or the first sheet of an Excel workbook."""

import codecs
import csv
import datetime
import gzip
import io
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

WORKBOOKS = (".xlsx", ".xlsm")
"""Endings of the workbooks that are read."""
OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook or another Office file",
    b"PK\x03\x04": "a zipped file",
    b"%PDF": "a PDF",
}
"""First bytes of files that are no text -> what they are."""
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""First bytes of text in other encodings, as spreadsheets write it."""
UNSEEN = str.maketrans("", "", "\u200b\u200c\u200d\u2060\ufeff\u00ad")
"""Characters without width, which are left out of cells."""
LONGEST_CELL = 1_000_000
"""Characters of one cell, at most."""
Rows = list[tuple[int, list[str]]]


def titled(path: str) -> tuple[list[str], list[dict[str, str]]]:
    """The titles of a table with commas, and its rows by them, cells as they stand; "" where a row is short.

    For tables whose cells are texts of files, such as CIF. OSError when the file cannot be read, ValueError when it is
    no table.
    """
    found, _ = rows(path, ",", stripped=False)
    titles = [_clean(cell) for cell in found[0][1]] if found else []
    return titles, [dict(zip(titles, [*cells, *[""] * len(titles)], strict=False)) for _, cells in found[1:]]


def rows(path: str, separator: str, stripped: bool = True) -> tuple[Rows, bytes]:
    """Line (1 the first) and cells of the rows that hold anything, and the file's bytes.

    stripped: without blanks around cells. A blank separator means any white space. OSError when the file cannot be
    read, ValueError when it is no table.
    """
    raw, name = Path(path).read_bytes(), Path(path).name
    if path.lower().endswith(WORKBOOKS):
        return _of_workbook(raw, name), raw
    try:
        text = _decoded(gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{name}: a gzipped file that is broken ({error})") from None
    except UnicodeDecodeError as error:
        kind = next((kind for start, kind in OTHERS.items() if raw.startswith(start)), "")
        cure = (
            f"{kind}; save the sheet as CSV or .xlsx"
            if kind
            else f"not UTF-8 text (byte {error.start}); save it as UTF-8"
        )
        raise ValueError(f"{name}: {cure}") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(f"{name}, line {line}: a character of no text (NUL); save it as UTF-8")
    return _of_text(text, separator, name, stripped), raw


def _decoded(raw: bytes) -> str:
    """The text, in UTF-8 unless its first bytes say otherwise."""
    return raw.decode(next((encoding for mark, encoding in MARKS if raw.startswith(mark)), "utf-8-sig"))


def _of_text(text: str, separator: str, name: str, stripped: bool) -> Rows:
    if not separator.strip() and separator != "\t":
        return [(i, line.split()) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, skipinitialspace=stripped)
    csv.field_size_limit(LONGEST_CELL)
    try:
        lines = [(reader.line_num, [_clean(cell) for cell in row] if stripped else row) for row in reader]
    except csv.Error as error:
        long = "a cell is longer than a million characters" if "field limit" in str(error) else f"no table: {error}"
        raise ValueError(f"{name}, line {reader.line_num}: {long}; is a quotation mark left open?") from None
    return [(line, cells) for line, cells in lines if any(cells)]


def _clean(cell: str) -> str:
    """A cell without blanks around it and characters without width in it."""
    return (cell if cell.isascii() else cell.translate(UNSEEN)).strip()


def _of_workbook(raw: bytes, name: str) -> Rows:
    """The first sheet that holds anything; cells right of its last column of data do not count."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheets = ((sheet.title, [[_cell(cell) for cell in row] for row in sheet.iter_rows()]) for sheet in book)
        title, cells = next(((title, sheet) for title, sheet in sheets if any(any(row) for row in sheet)), ("", []))
        if any(not cell for row in cells for cell in row):
            _refuse_uncomputed(load_workbook(io.BytesIO(raw), read_only=True)[title], cells)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name}: no Excel workbook that can be read: {error}") from error
    width = max((i + 1 for row in cells for i, cell in enumerate(row) if cell), default=0)
    full = [[*row, *[""] * (width - len(row))][:width] for row in cells]
    return [(i, row) for i, row in enumerate(full, 1) if any(row)]


def _refuse_uncomputed(sheet: "ReadOnlyWorksheet", cells: list[list[str]]) -> None:
    """ValueError at a formula that no spreadsheet has computed, as a program writes it: its cell would be empty."""
    for i, row in enumerate(sheet.iter_rows(values_only=True)):
        for value, cell in zip(row, cells[i], strict=False):
            if not cell and isinstance(value, str) and value.startswith("="):
                raise ValueError(
                    f"{value} in line {i + 1} was never computed; open the file in a spreadsheet and save it"
                )


def _cell(cell: Any) -> str:
    """A cell as a text file would have it: what a formula was computed to, a share shown in per cent with its sign."""
    value = cell.value
    if value is None:
        return ""
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and str(cell.number_format).rstrip().endswith("%")
    ):
        return f"{100 * value:.12g}%"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return _clean(str(value))
