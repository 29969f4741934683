"""Tables are read from text and from Excel workbooks; what is neither is named."""

import datetime
import gzip

import numpy as np
import pytest
from openpyxl import Workbook

from eutectic.generators.pool import Pool
from eutectic.oracles.tables.sheet import read
from eutectic.oracles.tables.table import Table


def book(path, *sheets):
    made = Workbook()
    made.remove(made.active)
    for rows in sheets:
        sheet = made.create_sheet()
        for row in rows:
            sheet.append(row)
    made.save(path)
    return str(path)


def test_a_workbook_is_its_first_sheet_with_anything_in_it(tmp_path):
    rows = [["formula", "hv", None], [None, None, None], ["Fe2O3", 12.5], ["NiO", 3.0], [" MgO ", None]]
    sheet = read(book(tmp_path / "data.xlsx", [], rows, [["other"]]), None, ",")
    assert sheet.columns == ("formula", "hv")
    assert sheet.text("formula") == ["Fe2O3", "NiO", "MgO"]
    assert list(sheet.number("hv", allow_missing=True))[:2] == [12.5, 3.0]
    assert sheet.place(0, "hv") == "data.xlsx, row 1 (line 3), column 'hv'"


def test_pool_and_table_find_each_other_in_one_workbook(tmp_path):
    path = book(tmp_path / "data.xlsx", [["Composition", "hv"], ["Fe50Ni50", 200.0], ["Fe40Ni60", 210.5]])
    pool = Pool(path, ("Composition",))
    found = Table(path, ("hv",)).evaluate(pool.generate(pool.space.table, np.random.default_rng(0)), None)
    assert [e.values["hv"] for e in found] == [200.0, 210.5]


def test_dates_and_whole_numbers_are_text_as_in_a_file(tmp_path):
    rows = [["day", "n", "yes"], [datetime.date(2024, 3, 1), 4.0, True]]
    (row,) = read(book(tmp_path / "d.xlsx", rows), None, ",").cells
    assert row == ("2024-03-01T00:00:00", "4", "True")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("data.xlsx", b"PK\x03\x04 broken", "no Excel workbook that can be read"),
        ("data.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\xff", "an old Excel workbook.*save the sheet as CSV or .xlsx"),
        ("data.csv", b"PK\x03\x04\xff\xfe", "a zipped file"),
        ("data.csv", b"a,b\n\xe9,1\n", r"not UTF-8 text \(byte 4\)"),
        ("data.xlsx", b"", "no Excel workbook"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=said):
        read(str(tmp_path / name), None, ",")


TEXT = "m,y\nFe2O3,1\nNiO,2\n"


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("utf-8-sig"),
        gzip.compress(TEXT.encode(), mtime=0),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace("NiO", " N\u200biO\u00a0").replace("y", "\u2060y").encode(),
    ],
)
def test_text_is_read_whatever_encodes_it(tmp_path, raw):
    (tmp_path / "t.csv").write_bytes(raw)
    sheet = read(str(tmp_path / "t.csv"), None, ",")
    assert sheet.columns == ("m", "y")
    assert sheet.text("m") == ["Fe2O3", "NiO"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (TEXT.encode("utf-16-le"), r"t.csv, line 1: a character of no text \(NUL\)"),
        (b"m,y\nFe2O3,1\nNi\0O,2\n", r"t.csv, line 3: a character of no text"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], "gzipped file that is broken"),
        (TEXT.replace(",", ";").encode(), "the header is one cell, 'm;y'; if ';' stands between cells"),
        (TEXT.replace(",", "\t").encode(), r'say `separator: "\\t"`'),
        (b"m,y\nFe2O3,1\nNi\xb5,2\n", r"not UTF-8 text \(byte 14\)"),
    ],
)
def test_text_that_is_not_as_it_seems_is_refused_by_file_and_line(tmp_path, raw, said):
    (tmp_path / "t.csv").write_bytes(raw)
    with pytest.raises(ValueError, match=said):
        read(str(tmp_path / "t.csv"), None, ",")


def test_cells_that_a_workbook_shows_in_per_cent_have_their_sign(tmp_path):
    made = Workbook()
    for row in (["m", "y"], ["Fe2O3", 0.12], ["NiO", 0.155]):
        made.active.append(row)
    made.active["B2"].number_format, made.active["B3"].number_format = "0%", "0.0%"
    made.save(tmp_path / "t.xlsx")
    sheet = read(str(tmp_path / "t.xlsx"), None, ",")
    assert sheet.text("y") == ["12%", "15.5%"]
    with pytest.raises(ValueError, match="'12%' is no number: write the number alone"):
        sheet.number("y")


def test_a_formula_that_was_never_computed_is_not_an_empty_cell(tmp_path):
    path = book(tmp_path / "t.xlsx", [["m", "y"], ["Fe2O3", "=1+1"], ["NiO", 2]])
    with pytest.raises(ValueError, match=r"=1\+1 in line 2 was never computed"):
        read(path, None, ",")


def test_texts_of_a_workbook_take_the_decimal_sign_that_is_said(tmp_path):
    path = book(tmp_path / "t.xlsx", [["m", "y"], ["Fe2O3", "1,5"], ["NiO", 2.25]])
    assert read(path, None, ";", ",").number("y") == (1.5, 2.25)
