"""This file is what is known before the start: rows of a CSV or of an earlier campaign, in this campaign's terms."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eutectic.campaigns.analysis.pareto import unreached
from eutectic.campaigns.errors import CampaignFileError, Complaint, unknown
from eutectic.campaigns.loop.routing import needed
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.journal import Entry
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.record.settings import rung_of, standing
from eutectic.optimizers.base import Array
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.membership import member
from eutectic.oracles.base import Value
from eutectic.oracles.tables.sheet import read
from eutectic.oracles.user.answer import SUFFIX

WITHIN = 1e-3
"""How far fractions that are known may sum beside 1, and any variable lie beyond the space."""


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


def known_rows(problem: Problem) -> list[dict[str, Any]]:
    """The rows of a `known` event, source by source, each with where it comes from.

    CampaignFileError with file, line and column of what cannot be read.
    """
    found: list[dict[str, Any]] = []
    for k, source in enumerate(problem.spec.sources):
        path = ("history", k, "file") if isinstance(problem.spec.history, tuple) else ("history", "file")
        try:
            found += _rows(problem, source.file)
        except (ValueError, OSError) as error:
            if isinstance(error, CampaignFileError):
                raise
            raise problem.spec.refuse([Complaint(path, str(error))]) from error
    return found


def warnings_of(problem: Problem) -> list[str]:
    """What the files of the space and the rows known before the start say against the campaign.

    Rows of a pool that are one candidate; a reference point that nothing known reaches.
    """
    rows, goals = known_rows(problem), problem.spec.goals
    record = Record(problem.spec, str(problem.folder), {})
    record.apply([Entry(1, 0.0, "known", None, {"rows": rows})] if rows else [])
    given = [goal.reference_loss for goal in goals]
    reference = [loss for loss in given if loss is not None]
    text = unreached(problem.spec, reference if len(reference) == len(goals) else None, list(record.outcomes.values()))
    said = (*getattr(problem.generator, "remarks", ()), text, outside_space(problem, tuple(record.outcomes.values())))
    return [note for note in said if note]


def outside_space(problem: Problem, outcomes: Sequence[Outcome]) -> str:
    """What is to be said of what is known and the space does not hold; "" where it holds all."""
    known = [o for o in outcomes if o.number <= 0]
    X = np.array([o.x for o in known], dtype=float).reshape(len(known), problem.space.d)
    outside = np.flatnonzero(~member(problem.space, X, WITHIN))
    if not len(outside):
        return ""
    first = known[int(outside[0])].origin.removeprefix("history: ")
    return (
        f"{len(outside)} of {len(known)} rows of the history lie outside the space (such as {first}): they are learned "
        "from, and the best of them count for the front"
    )


def _rows(problem: Problem, given: str) -> list[dict[str, Any]]:
    """The rows of one source, a path as the campaign file gives it."""
    folder = (problem.folder / given).is_dir()
    rows = list(_of_campaign(problem, given) if folder else _of_table(problem, given))
    X = np.array([coordinates(problem, row) for row in rows], dtype=float).reshape(len(rows), problem.space.d)
    candidates = problem.generator.generate(X, np.random.default_rng([problem.spec.seed])) if rows else []
    return [
        {
            "id": candidate.id,
            "x": x.tolist(),
            "candidate": candidate.to_json(),
            "reason": {"proposer": "history"},
            "origin": f"history: {row.place}",
            "source": dict(row.source),
            "values": dict(row.values),
            "errors": dict(row.errors),
            **standing(problem, row.rung),
        }
        for row, x, candidate in zip(rows, X, candidates, strict=True)
    ]


def _of_campaign(problem: Problem, given: str) -> Iterator[Row]:
    """The finished outcomes of an earlier campaign."""
    names, ledger = required_names(problem), read_ledger(problem.folder / given)
    for outcome in ledger.finished:
        missing = [name for name in names if name not in outcome.variables]
        if missing:
            raise ValueError(f"{given}: its candidates have no variable '{missing[0]}'")
        values = {k: v for k, v in outcome.values.items() if math.isfinite(v)}
        source = {"folder": given, "campaign": ledger.spec.name, "id": outcome.id, "origin": outcome.origin}
        rung = rung_of(problem, outcome)
        yield Row(f"{given}: {outcome.id}", source, outcome.variables, values, outcome.errors, rung)


def _of_table(problem: Problem, given: str) -> Iterator[Row]:
    """The rows of a CSV: a column a variable, a column a property, `{property}_std` for standard errors."""
    sheet = read(str(problem.folder / given), None, ",")
    for name in required_names(problem):
        if name not in sheet.columns:
            raise ValueError(
                f"{given}:1: no column for the variable '{name}': {unknown('column', name, sheet.columns)}"
            )
    if not set(needed(problem)) & set(sheet.columns):
        raise ValueError(f"{given}:1: no column is one of the properties {', '.join(needed(problem))}")
    returned = {p for named in problem.oracles for p in named.oracle.properties or ()}
    wanted = [p for p in sheet.columns if p in {*needed(problem), *returned}]
    names = tuple(name for name in variable_names(problem) if name in sheet.columns)
    needless = {*names} - {*required_names(problem)}
    for line, cells in zip(sheet.lines, sheet.cells, strict=True):
        row = dict(zip(sheet.columns, cells, strict=True))
        there = tuple(name for name in names if row[name] or name not in needless)
        yield _row({"file": given, "line": line}, row, there, wanted, problem.ladder.top)


def required_names(problem: Problem) -> list[str]:
    """The variables that a row cannot do without: not those that are fixed, follow from others or are conditional."""
    optional: frozenset[str] = getattr(problem.generator, "optional", frozenset())
    return [name for name in variable_names(problem) if name not in optional]


def variable_names(problem: Problem) -> tuple[str, ...]:
    """What a candidate's variables are called: of a pool of formulas, not as the space's columns are."""
    own: tuple[str, ...] | None = getattr(problem.generator, "names", None)
    if own is not None:
        return own
    rng = np.random.default_rng([problem.spec.seed])
    return tuple(problem.generator.generate(region.sample(problem.space, 1, rng), rng)[0].variables)


def _row(
    source: Mapping[str, Value], cells: Mapping[str, str], names: tuple[str, ...], wanted: list[str], rung: int
) -> Row:
    """One line; an empty cell of a property says nothing, an empty cell of a variable is refused."""
    place, empty = f"{source['file']}:{source['line']}", [name for name in names if not cells[name]]
    if empty:
        raise ValueError(f"{place}: column '{empty[0]}' is empty")
    values = {p: number for p in wanted if (number := _number(place, p, cells[p])) is not None}
    errors = {
        p: number for p in values if (number := _number(place, p + SUFFIX, cells.get(p + SUFFIX, ""))) is not None
    }
    return Row(place, source, {name: cells[name] for name in names}, values, errors, rung)


def _number(place: str, column: str, cell: str) -> float | None:
    """A finite number, None for an empty cell; ValueError for anything else."""
    if not cell:
        return None
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{place}: column '{column}' is '{cell}', not a finite number")
    return number


def coordinates(problem: Problem, row: Row) -> Array:
    """Coordinates (d,) of a row."""
    try:
        x = problem.generator.coordinates(row.variables)
    except ValueError as error:
        raise ValueError(f"{row.place}: {error}") from None
    for mixture in problem.space.mixtures:
        own, total = [problem.space.names[j] for j in mixture.members], float(x[list(mixture.members)].sum())
        if abs(total - 1) > WITHIN:
            percent = "; are these per cent?" if abs(total - 100) <= 1 else ""
            raise ValueError(f"{row.place}: the fractions of {', '.join(own)} sum to {total:g}, not to 1{percent}")
    return x
