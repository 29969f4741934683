"""This file is what is known before the start: rows of a CSV or of an earlier campaign, in this campaign's terms."""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from campaigns.errors import CampaignFileError, Complaint, unknown
from campaigns.ledger import read_ledger
from campaigns.passage import needed
from campaigns.problem import Problem

STD = "_std"
"""`{property}_std` is a property's standard error."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is known."""

    place: str
    """Where it stands."""
    variables: Mapping[str, object]
    values: Mapping[str, float]
    errors: Mapping[str, float]


def known_rows(problem: Problem) -> list[dict[str, Any]]:
    """The rows of a `known` event; CampaignFileError with file, line and column of what cannot be read."""
    if problem.spec.history is None:
        return []
    path = problem.folder / problem.spec.history.file
    try:
        rows = list(_of_campaign(problem, path) if path.is_dir() else _of_table(problem, path))
        X = np.array([_coordinates(problem, row) for row in rows], dtype=float).reshape(len(rows), problem.space.d)
        candidates = problem.generator.generate(X, np.random.default_rng([problem.spec.seed])) if rows else []
    except (ValueError, OSError) as error:
        if isinstance(error, CampaignFileError):
            raise
        raise problem.spec.refuse([Complaint(("history", "file"), str(error))]) from error
    return [
        {
            "id": candidate.id,
            "x": x.tolist(),
            "candidate": candidate.to_json(),
            "reason": {"proposer": "history"},
            "values": dict(row.values),
            "errors": dict(row.errors),
        }
        for row, x, candidate in zip(rows, X, candidates, strict=True)
    ]


def _of_campaign(problem: Problem, folder: Path) -> Iterator[Row]:
    """The finished outcomes of an earlier campaign."""
    for outcome in read_ledger(folder).finished:
        missing = [name for name in problem.space.names if name not in outcome.variables]
        if missing:
            raise ValueError(f"{folder}: its candidates have no variable '{missing[0]}'")
        values = {k: v for k, v in outcome.values.items() if math.isfinite(v)}
        yield Row(f"{folder}: {outcome.id}", outcome.variables, values, outcome.errors)


def _of_table(problem: Problem, path: Path) -> Iterator[Row]:
    """The rows of a CSV: a column a variable, a column a property, `{property}_std` for standard errors."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        columns = [name.strip() for name in reader.fieldnames or []]
        reader.fieldnames = columns
        _check(problem, path, columns)
        for line, cells in enumerate(reader, start=2):
            yield _row(problem, f"{path.name}:{line}", cells)


def _check(problem: Problem, path: Path, columns: list[str]) -> None:
    """ValueError when a variable has no column, or no wanted property has one."""
    for name in problem.space.names:
        if name not in columns:
            raise ValueError(f"{path.name}:1: no column for the variable '{name}': {unknown('column', name, columns)}")
    wanted = needed(problem)
    if not set(wanted) & set(columns):
        raise ValueError(f"{path.name}:1: no column is one of the properties {', '.join(wanted)}")


def _row(problem: Problem, place: str, cells: Mapping[str, str]) -> Row:
    """One line; an empty cell of a property says nothing, an empty cell of a variable is refused."""
    wanted = set(needed(problem)) | {p for named in problem.oracles for p in named.oracle.properties or ()}
    values = {p: number for p in wanted if (number := _number(place, p, cells.get(p))) is not None}
    errors = {p: number for p in values if (number := _number(place, p + STD, cells.get(p + STD))) is not None}
    return Row(place, {name: cells[name] for name in problem.space.names}, values, errors)


def _number(place: str, column: str, cell: str | None) -> float | None:
    """A finite number, None for an empty cell or no column; ValueError for anything else."""
    if cell is None or not cell.strip():
        return None
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{place}: column '{column}' is '{cell}', not a finite number")
    return number


def _coordinates(problem: Problem, row: Row) -> list[float]:
    """Coordinates (d,) of a row: numbers as they are, labels by their index."""
    space, x = problem.space, []
    for column, name in enumerate(space.names):
        labels = space.categories[column] if space.categories else ()
        given = row.variables[name]
        if labels:
            if str(given).strip() not in labels:
                raise ValueError(f"{row.place}: {name}: {unknown('label', str(given), labels)}")
            x.append(float(labels.index(str(given).strip())))
        else:
            number = _number(row.place, name, str(given))
            if number is None:
                raise ValueError(f"{row.place}: column '{name}' is empty")
            x.append(number)
    return x
