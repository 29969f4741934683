"""This file is the sheet a person takes to the laboratory: printed with empty columns, read back as far as filled."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eutectic.campaigns.analysis.table import HEAD, variable_names
from eutectic.campaigns.hand.words import PLAIN, Dialect, as_option, measured, measured_values, pointed, refusal
from eutectic.campaigns.loop.routing import needed, waits
from eutectic.campaigns.problem.curves import Measured
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.generators.abilities import contexts, names
from eutectic.oracles.base import Value
from eutectic.oracles.tables import sheet as tables
from eutectic.oracles.tables.sheet import missing, unnamed

OWN = ("number", "id")
"""The columns that say which candidate a row is about."""
VALIDATION = "validation"
"""The column that says which rows are about one of the best, measured once more at the end: `yes`."""
REMARKS = ("failed", "note", "by")
"""The columns of words."""
SAME = 1e-6
"""How far a variable in a row may lie from the candidate's own, of the variable's range, dimensionless."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a sheet."""

    place: str
    """`FILE:LINE`."""
    id: str
    """Id or number of the candidate; "" when the row is about one that was never suggested."""
    variables: Mapping[str, str]
    values: Mapping[str, Measured]
    errors: Mapping[str, float]
    failed: str = ""
    note: str = ""
    by: str = ""
    validation: bool = False
    """Is it about one of the best, measured once more at the end?"""

    @property
    def empty(self) -> bool:
        """Was nothing filled in?"""
        return not (self.values or self.failed or self.note)


def measured_names(problem: Problem) -> list[str]:
    """The properties a person is asked for; where nobody is, those without which a candidate has not finished."""
    own = [name for n in problem.oracles if n.search and waits(n) for name in n.oracle.properties or ()]
    return list(dict.fromkeys(own)) or needed(problem)


def sheet(outcomes: Sequence[Outcome], problem: Problem, dialect: Dialect = PLAIN) -> str:
    """Candidates as CSV: number, id, variables, an empty column a property, and columns for what went wrong and notes.

    What was told of a candidate already stands in its row.
    """
    variables = variable_names(outcomes, names(problem.generator) or ())
    properties = measured_names(problem)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", delimiter=dialect.separator)
    again = [VALIDATION] if any(o.status == "finished" for o in outcomes) else []
    writer.writerow([*OWN, *again, *variables, *properties, *REMARKS[:2]])
    for o in outcomes:
        told_before = {} if o.status == "finished" else o.values
        cells = [*(o.variables.get(name, "") for name in variables), *(told_before.get(p, "") for p in properties)]
        mark = ["yes" if o.status == "finished" else "" for _ in again]
        writer.writerow([o.number, o.id, *mark, *(_written(cell, dialect.decimal) for cell in cells), "", ""])
    return stream.getvalue()


def _written(cell: Value, decimal: str) -> Value:
    return str(cell).replace(".", decimal) if isinstance(cell, float) and decimal != "." else cell


def read(path: Path, variables: Sequence[str], others: Sequence[str] = (), dialect: Dialect = PLAIN) -> list[Row]:
    """The rows of a sheet or workbook: columns `id` or `number`, variables, properties, `failed`, `note`, `by`.

    Empty cells say nothing. others: columns that may stand there and are passed over. CampaignFileError for what
    cannot be read.
    """
    try:
        table = tables.read(str(path), None, dialect.separator, dialect.decimal)
    except ValueError as error:
        told = str(error).removeprefix(str(path)).removeprefix(path.name).removeprefix(":").removeprefix(",").strip()
        raise refusal(f"cannot be read: {as_option(told)}", str(path)) from None
    columns = table.columns
    if not {*OWN, *variables} & {*columns}:
        other = next((mark for mark in ";\t|" if mark != dialect.separator and mark in "".join(columns)), "")
        cure = f"; if {other!r} stands between cells, say `--separator {other!r}`" if other else ""
        raise refusal(f"a column `id` (or `number`), or columns of the variables, are wanted{cure}", f"{path}:1")
    if len(columns) < 2:
        raise refusal("a column a property is wanted", f"{path}:1")
    return [
        _row(dict(zip(columns, cells, strict=True)), path, line, variables, others, dialect, table.decimal)
        for line, cells in zip(table.lines, table.cells, strict=True)
    ]


def _row(
    line: Mapping[str, str],
    path: Path,
    number: int,
    variables: Sequence[str],
    others: Sequence[str],
    dialect: Dialect,
    decimal: str,
) -> Row:
    """One line of the table, whose numbers have `decimal`; files of curves (`@scan.csv`) are found from the sheet."""
    place = f"{path}:{number}"
    cells = {name: text for name, text in line.items() if not (unnamed(text) if name in variables else missing(text))}
    id = cells.get("id") or cells.get("number") or ""
    words = {name: cells.get(name, "") for name in REMARKS}
    skipped = {*OWN, VALIDATION, *REMARKS, *variables, *HEAD[1:], *others}
    told = {name: text for name, text in cells.items() if name not in skipped}
    numbers = {
        name: measured(
            text, f"{place}: {name}", dialect if text.startswith("@") else Dialect(decimal=decimal), path.parent
        )
        for name, text in told.items()
    }
    answer = measured_values(numbers)
    given = {name: pointed(cells[name], decimal) for name in variables if name in cells}
    row = Row(place, id, given, answer.values, answer.errors, words["failed"], words["note"], words["by"])
    row = replace(row, validation=VALIDATION in cells)
    if not id and not row.empty and not given:
        raise refusal("no id in this row, and no variables of one that was never suggested", place)
    if row.failed and row.values:
        raise refusal("this row has values and says that the sample failed", place)
    return row


def contradiction(row: Row, outcome: Outcome, problem: Problem) -> str | None:
    """The sentence that says which variable of a row is not the candidate's, or None."""
    space = problem.space
    widths = dict(zip(space.names, (space.upper - space.lower).tolist(), strict=True))
    given = contexts(problem.generator)  # measured with the sample, and told with it
    for name, text in row.variables.items():
        value = None if name in given else outcome.variables.get(name)
        if value is not None and not _same(text, value, widths.get(name, 0.0)):
            return (
                f"{name} is {text} here and {value} for candidate '{outcome.id}'; a sample that was made otherwise is "
                "another one: give this back (campaign return) and add the other (--add)"
            )
    return None


def _same(text: str, value: Value, width: float) -> bool:
    if isinstance(value, str):
        return text == value
    try:
        return abs(float(text) - value) <= SAME * max(width, abs(value) * SAME)
    except ValueError:
        return False
