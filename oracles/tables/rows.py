"""This file is a table's file as rows of text cells: text with separators, or the first sheet of an Excel workbook."""

import csv
import datetime
import io
import zipfile
from pathlib import Path

WORKBOOKS = (".xlsx", ".xlsm")
"""Endings of the workbooks that are read."""
OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook or another Office file",
    b"PK\x03\x04": "a zipped file",
    b"%PDF": "a PDF",
}
"""First bytes of files that are no text -> what they are."""
LONGEST_CELL = 1_000_000
"""Characters of one cell, at most."""
Rows = list[tuple[int, list[str]]]


def rows(path: str, separator: str) -> tuple[Rows, bytes]:
    """Line (1 the first) and stripped cells of the rows that hold anything, and the file's bytes.

    A blank separator means any white space. OSError when the file cannot be read, ValueError when it is no table.
    """
    raw, name = Path(path).read_bytes(), Path(path).name
    if path.lower().endswith(WORKBOOKS):
        return _of_workbook(raw, name), raw
    try:
        return _of_text(raw.decode("utf-8-sig"), separator, name), raw
    except UnicodeDecodeError as error:
        kind = next((kind for start, kind in OTHERS.items() if raw.startswith(start)), "")
        cure = (
            f"{kind}; save the sheet as CSV or .xlsx"
            if kind
            else f"not UTF-8 text (byte {error.start}); save it as UTF-8"
        )
        raise ValueError(f"{name}: {cure}") from None


def _of_text(text: str, separator: str, name: str) -> Rows:
    if not separator.strip() and separator != "\t":
        return [(i, line.split()) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, skipinitialspace=True)
    csv.field_size_limit(LONGEST_CELL)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        long = "a cell is longer than a million characters" if "field limit" in str(error) else f"no table: {error}"
        raise ValueError(f"{name}, line {reader.line_num}: {long}; is a quotation mark left open?") from None
    return [(line, cells) for line, cells in lines if any(cells)]


def _of_workbook(raw: bytes, name: str) -> Rows:
    """The first sheet that holds anything; cells right of its last column of data do not count."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheets = ([[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)] for sheet in book)
        cells = next((sheet for sheet in sheets if any(any(row) for row in sheet)), [])
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name}: no Excel workbook that can be read: {error}") from error
    width = max((i + 1 for row in cells for i, cell in enumerate(row) if cell), default=0)
    full = [[*row, *[""] * (width - len(row))][:width] for row in cells]
    return [(i, row) for i, row in enumerate(full, 1) if any(row)]


def _cell(value: object) -> str:
    """A cell as a text file would have it; a formula is what it was computed to."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value).strip()
