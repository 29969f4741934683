"""This file is what sources of earlier knowledge say, row by row: a CSV, a campaign's export, a campaign's folder."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, cast

from eutectic.campaigns.analysis.amounts import other_units
from eutectic.campaigns.analysis.table import HEAD, NUMBER
from eutectic.campaigns.errors import unknown
from eutectic.campaigns.file.sections import Known
from eutectic.campaigns.loop.routing import needed
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.record.outcomes import ENDED, Ledger, Outcome
from eutectic.campaigns.record.settings import revised_of, rung_of
from eutectic.generators.abilities import formula_variables
from eutectic.generators.amounts import TOTAL, Unit, element_column
from eutectic.generators.representations.chemical_formulas import are_formulas
from eutectic.oracles.base import Evaluation, Value
from eutectic.oracles.tables.sheet import LARGEST, Sheet, objection, parse, read, unnamed
from eutectic.oracles.user.answer import SUFFIX

Stated = tuple[str, tuple[tuple[str, float], ...]]
"""What tells a measurement from another: where it was made first, and what it gave."""


class Strange(ValueError):
    """A row that says something this campaign has no words for."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is known."""

    place: str
    """Where it stands: `FILE:LINE`, or `FOLDER: ID`."""
    source: Mapping[str, Value]
    """The same as provenance: file and line, or folder, campaign, id and origin there."""
    variables: Mapping[str, Value]
    values: Mapping[str, float]
    errors: Mapping[str, float]
    rung: int
    """Of this campaign's ladder, 0 without one."""
    first: str = ""
    """Where it was measured first, however it came here."""
    status: str = "finished"
    """finished, failed or refused."""
    error: str = ""
    strange: str = ""
    """Why it cannot be taken."""
    revised: str = ""
    """What has changed in how its values are computed since it got them."""
    unit: Unit | None = None
    """Of amounts of elements, where the columns' titles name it."""

    @property
    def stated(self) -> Stated:
        """Equal for two ways on which one measurement comes here."""
        return self.first, tuple(sorted(self.values.items()))


def of_campaign(problem: Problem, known: Known, names: Sequence[str]) -> Iterator[Row]:
    """What an earlier campaign's candidates came to: finished, failed and refused ones."""
    ledger = read_ledger(problem.folder / known.file)
    unit = known.unit or _unit_there(problem, known, ledger)
    for outcome in ledger.outcomes:
        if outcome.status in ENDED and outcome.failure != "infrastructure":
            yield from (replace(row, unit=unit) for row in _of_outcome(problem, known, names, ledger, outcome))


def _unit_there(problem: Problem, known: Known, ledger: Ledger) -> Unit | None:
    """The unit of an earlier campaign's amounts, where it is not this one's; ValueError where none can be converted."""
    for name, (old, new) in other_units(ledger.spec, problem.spec).items():
        if not formula_variables(problem.generator) or not {old, new} <= TOTAL.keys():
            raise ValueError(f"{known.file}: {name} is in {old} there and in {new} here; give a table in {new}")
        return cast(Unit, old)
    return None


def _of_outcome(
    problem: Problem, known: Known, names: Sequence[str], ledger: Ledger, outcome: Outcome
) -> Iterator[Row]:
    """One row, or one a measurement where it has come to that campaign in several."""
    variables = {**(known.with_ or {}), **outcome.variables}
    lacking = [name for name in names if name not in variables]
    place = f"{known.file}: {outcome.id}"
    strange = f"{known.file}: {lacks(lacking[0], 'its candidates have')}" if lacking else ""
    rung = 0
    if not lacking and outcome.status == "finished":
        try:
            rung = rung_of(problem, outcome)
        except ValueError as error:
            strange = str(error)
    finished = outcome.status == "finished"
    source = {"folder": known.file, "campaign": ledger.spec.name, "id": outcome.id, "origin": outcome.origin}
    values = {k: v for k, v in outcome.values.items() if finished and math.isfinite(v)}
    whole = Row(
        place, source, variables, values, outcome.errors if finished else {}, rung if finished else problem.ladder.top,
        origin_of(ledger, outcome), outcome.status, outcome.error, strange,
        revised_of(problem, outcome) if finished else "",
    )  # fmt: skip
    repeats = [e.provenance["repeats"] for e in outcome.evaluations if e.provenance.get("repeats")]
    if not repeats or not finished:
        yield whole
        return
    for first, own, errors in json.loads(str(repeats[-1])):
        yield replace(whole, values=own, errors=errors, first=first)


def origin_of(ledger: Ledger, outcome: Outcome) -> str:
    """Where a campaign's outcome was measured first: there, or where that campaign has it from."""
    told: Sequence[Evaluation] = [e for e in outcome.evaluations if outcome.number <= 0]
    provenance = told[-1].provenance if told else {}
    return str(provenance.get("first") or named_first(provenance)) or f"{ledger.spec.name}: {outcome.id}"


def named_first(source: Mapping[str, Value]) -> str:
    """A source as the place where something was measured first; "" where it names none."""
    if "campaign" in source:
        return f"{source['campaign']}: {source.get('id')}"
    return f"{PurePath(str(source['file'])).name}:{source.get('line')}" if "file" in source else ""


def lacks(name: str, who: str) -> str:
    """What is said where a variable has no value."""
    return f"{who} no variable '{name}'; say which value it had then: `with: {{{name}: ...}}`"


def of_table(
    problem: Problem, known: Known, always: Sequence[str], names: Sequence[str], elements: Sequence[str]
) -> Iterator[Row]:
    """The rows of a CSV: a column a variable, a column a property, `{property}_std` for standard errors.

    always: variables that every candidate has, of names, all there are; elements: those of them that a column of
    formulas may stand for. A table that `campaign export` wrote says more: which
    rung a value is from, and what failed.
    """
    sheet = read(str(problem.folder / known.file), None, known.separator, known.decimal)
    exported = set(HEAD) <= set(sheet.columns)
    place_of = {name: _column(sheet, name, "variable", exported) for name in names}
    unit = _titled(place_of, sheet, known, elements)
    formula = _formula_column(sheet, known, [n for n in names if place_of[n] is None], elements)
    for name, column in place_of.items():
        told = name in (known.with_ or {}) or (formula and name in elements)
        if column is None and name in always and not told:
            raise ValueError(
                f"{known.file}:1: no column for the variable '{name}': {unknown('column', name, sheet.columns)}; or "
                f"say which value it had: `with: {{{name}: ...}}`"
            )
    returned = {p for named in problem.oracles for p in named.oracle.properties or ()}
    wanted = {
        p: column for p in [*needed(problem), *sorted(returned)] if (column := _column(sheet, p, "property", exported))
    }
    if not set(needed(problem)) & set(wanted):
        raise ValueError(f"{known.file}:1: no column is one of the properties {', '.join(needed(problem))}")
    rungs = _rungs(problem, sheet) if exported else None
    for i, (line, cells) in enumerate(zip(sheet.lines, sheet.cells, strict=True)):
        row = dict(zip(sheet.columns, cells, strict=True))
        if exported and row["status"] not in ENDED:
            continue
        rung = problem.ladder.top if rungs is None else rungs[i]
        if rung is not None:
            yield replace(_row(sheet, known, line, row, place_of, always, wanted, formula, rung), unit=unit)


def _titled(place_of: dict[str, str | None], sheet: Sheet, known: Known, elements: Sequence[str]) -> Unit | None:
    """The unit that titles of elements' columns name (`Fe (wt.%)`); the columns are theirs where none has their name.

    ValueError where two units, or another than the source's, are named.
    """
    units: dict[Unit, None] = {known.unit: None} if known.unit else {}
    for column in sheet.columns:
        element, unit = element_column(column)
        if element in elements and place_of.get(element, column) is None:
            place_of[element] = column
            units.update({unit: None} if unit else {})
    if len(units) > 1:
        raise ValueError(f"{known.file}:1: amounts are in {' and in '.join(units)}; give one unit")
    return next(iter(units), None)


def _column(sheet: Sheet, name: str, kind: str, exported: bool) -> str | None:
    """The column of a variable or property; in an export a name that its own columns have is marked by its kind."""
    marked = f"{name} ({kind})"
    if exported and marked in sheet.columns:
        return marked
    own = {*HEAD, *([NUMBER] if sheet.columns[len(HEAD) : len(HEAD) + 1] == (NUMBER,) else [])} if exported else set()
    return name if name in sheet.columns and name not in own else None


def _formula_column(sheet: Sheet, known: Known, lacking: Sequence[str], elements: Sequence[str]) -> str:
    """The one column of formulas that stands for variables without a column; "" where none has to."""
    if not lacking or not set(lacking) & set(elements):
        return ""
    found = [column for column in sheet.columns if are_formulas(sheet.text(column))]
    if len(found) > 1:
        raise ValueError(f"{known.file}:1: several columns of formulas ({', '.join(found)}); leave one in the table")
    return found[0] if found else ""


def _rungs(problem: Problem, sheet: Sheet) -> list[int | None]:
    """The rung (n,) of each row of an export: of its oracle where it has that name here, else of its fidelity.

    Without a ladder here the rows of the highest fidelity alone are values; None for the others.
    """
    levels = [parse(cell) for cell in sheet.text("fidelity")]
    top = max((x for x in levels if x is not None and math.isfinite(x)), default=0.0)
    if not problem.ladder.rungs:
        return [0 if x is None or not math.isfinite(x) or x == top else None for x in levels]
    here = {named.name: problem.ladder.rung(k) for k, named in enumerate(problem.oracles)}
    found: list[int | None] = []
    for i, (x, oracle) in enumerate(zip(levels, sheet.text("oracle"), strict=True)):
        named = [rung for name in oracle.split("+") if (rung := here.get(name)) is not None]
        own = max(named) if named else problem.ladder.top if x is None or not math.isfinite(x) else int(x)
        if not 0 <= own <= problem.ladder.top:
            raise ValueError(f"{sheet.place(i, 'fidelity')}: {x:g} is no rung of this campaign's ladder")
        found.append(own)
    return found


def _row(
    sheet: Sheet,
    known: Known,
    line: int,
    row: Mapping[str, str],
    place_of: Mapping[str, str | None],
    always: Sequence[str],
    wanted: Mapping[str, str],
    formula: str,
    rung: int,
) -> Row:
    """One line; a missing cell of a property says nothing, one of a variable is refused."""
    place, strange = f"{known.file}:{line}", ""
    variables: dict[str, Value] = dict(known.with_ or {})
    for name, column in place_of.items():
        if column is not None and not unnamed(row[column]):
            number = parse(row[column], sheet.decimal)
            text = number is None or math.isnan(number)
            variables[name] = row[column] if text or number is None else _plain(row[column], number)
        elif column is not None and name in always and name not in variables:
            strange = strange or f"{place}: column '{column}' is empty"
    if formula:
        variables[FORMULA] = row[formula]
    values = {p: x for p, column in wanted.items() if (x := _number(sheet, place, column, row[column])) is not None}
    errors = {}
    for p, column in wanted.items():
        said = f"{column}{SUFFIX}" if f"{column}{SUFFIX}" in row else f"{p}{SUFFIX}"
        error = _number(sheet, place, said, row.get(said, ""))
        if error is not None and error < 0:
            raise ValueError(f"{place}: column '{said}': {row[said]!r} is negative, and no standard error is")
        if p in values and error is not None:
            errors[p] = error
    status = row["status"] if set(HEAD) <= set(row) else "finished"
    source: dict[str, Value] = {"file": known.file, "line": line}
    first = named_first(source)
    if status != "finished":
        values, errors = {}, {}
    return Row(place, source, variables, values, errors, rung, first, status, row.get("error", ""), strange)


FORMULA = "\0formula"
"""Where a row's formula stands among its variables until it is taken apart."""


def _plain(cell: str, number: float) -> Value:
    """A number as it was written, with a full stop, so that `10` stays 10 where it is a choice."""
    return cell if cell.isascii() and "," not in cell else number


def _number(sheet: Sheet, place: str, column: str, cell: str) -> float | None:
    """A finite number, None for a missing cell; ValueError for anything else."""
    number = parse(cell, sheet.decimal)
    if number is None or abs(number) > LARGEST:
        raise ValueError(f"{place}: column '{column}': {objection(cell, sheet.decimal)}")
    return None if math.isnan(number) else number


def dropped(problem: Problem, known: Known, names: Sequence[str]) -> list[str]:
    """Variables of an earlier campaign that this one has not."""
    if not (problem.folder / known.file).is_dir():
        return []
    ledger: Any = read_ledger(problem.folder / known.file)
    return sorted({name for outcome in ledger.outcomes for name in outcome.variables} - set(names))
