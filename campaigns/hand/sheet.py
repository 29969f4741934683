"""This file is the sheet a person takes to the laboratory: printed with empty columns, read back as far as filled."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eutectic.campaigns.analysis.table import HEAD
from eutectic.campaigns.hand.words import number, refusal, told
from eutectic.campaigns.loop.routing import needed, waits
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.oracles.base import Value

OWN = ("number", "id")
"""The columns that say which candidate a row is about."""
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
    values: Mapping[str, float]
    errors: Mapping[str, float]
    failed: str = ""
    note: str = ""
    by: str = ""

    @property
    def empty(self) -> bool:
        """Was nothing filled in?"""
        return not (self.values or self.failed or self.note)


def measured_names(problem: Problem) -> list[str]:
    """The properties a person is asked for; where nobody is, those without which a candidate has not finished."""
    own = [name for n in problem.oracles if n.search and waits(n) for name in n.oracle.properties or ()]
    return list(dict.fromkeys(own)) or needed(problem)


def sheet(outcomes: Sequence[Outcome], problem: Problem) -> str:
    """Candidates as CSV: number, id, variables, an empty column a property, and columns for what went wrong and notes.

    What was told of a candidate already stands in its row.
    """
    variables = list(dict.fromkeys(name for o in outcomes for name in o.variables))
    properties = measured_names(problem)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*OWN, *variables, *properties, *REMARKS[:2]])
    for o in outcomes:
        cells = [o.variables.get(name, "") for name in variables]
        writer.writerow([o.number, o.id, *cells, *(o.values.get(name, "") for name in properties), "", ""])
    return stream.getvalue()


def read(path: Path, variables: Sequence[str], others: Sequence[str] = ()) -> list[Row]:
    """The rows of a sheet: columns `id` or `number`, variables, properties, `failed`, `note`, `by`.

    Empty cells say nothing. others: columns that may stand there and are passed over. CampaignFileError for what
    cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            lines, names = list(reader), [name.strip() for name in reader.fieldnames or []]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise refusal(f"cannot be read: {error}", str(path)) from None
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise refusal(f"the column '{doubled[0]}' stands there twice", f"{path}:1")
    if not {*OWN} & {*names} and not {*variables} <= {*names}:
        raise refusal("a column `id` (or `number`), or one for every variable, is wanted", f"{path}:1")
    if len(names) < 2:
        raise refusal("a column a property is wanted", f"{path}:1")
    return [_row(line, f"{path}:{k}", variables, others) for k, line in enumerate(lines, start=2)]


def _row(
    line: Mapping[str | None, str | list[str] | None], place: str, variables: Sequence[str], others: Sequence[str]
) -> Row:
    """One line of the table."""
    if None in line:
        raise refusal("more cells than columns", place)
    cells = {str(n).strip(): t.strip() for n, t in line.items() if isinstance(t, str) and t.strip()}
    id = cells.get("id") or cells.get("number") or ""
    words = {name: cells.get(name, "") for name in REMARKS}
    skipped = {*OWN, *REMARKS, *variables, *HEAD[1:], *others}
    numbers = {name: number(text, f"{place}: {name}") for name, text in cells.items() if name not in skipped}
    answer = told(numbers)
    given = {name: cells[name] for name in variables if name in cells}
    row = Row(place, id, given, answer.values, answer.errors, words["failed"], words["note"], words["by"])
    if not id and not row.empty and len(given) < len(variables):
        raise refusal("no id in this row, and not every variable of one that was never suggested", place)
    if row.failed and row.values:
        raise refusal("this row has values and says that the sample failed", place)
    return row


def contradiction(row: Row, outcome: Outcome, problem: Problem) -> str | None:
    """The sentence that says which variable of a row is not the candidate's, or None."""
    space = problem.space
    widths = dict(zip(space.names, (space.upper - space.lower).tolist(), strict=True))
    given = getattr(problem.generator, "contexts", ())  # measured with the sample, and told with it
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
