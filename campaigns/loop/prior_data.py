"""This file is what is known before the start, in this campaign's terms: a row a candidate, with all measurements."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

import numpy as np

from eutectic.campaigns.analysis.pareto import unreached
from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.file.sections import Known
from eutectic.campaigns.loop.context import unattended
from eutectic.campaigns.loop.offering import offers
from eutectic.campaigns.loop.outside import outside
from eutectic.campaigns.loop.prior_rows import FORMULA, Row, Strange, dropped, lacks, named_first, of_campaign, of_table
from eutectic.campaigns.loop.routing import needed
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.problem.free import advice
from eutectic.campaigns.problem.unread import unread
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.journal import Entry
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.record.settings import rung_fields
from eutectic.campaigns.record.volume import estimated
from eutectic.generators import abilities
from eutectic.generators.abilities import formula_variables
from eutectic.generators.amounts import TOTAL, moles
from eutectic.optimizers.base import Array
from eutectic.optimizers.spaces import region
from eutectic.oracles.abilities import Screening
from eutectic.oracles.base import Candidate, Value
from eutectic.oracles.elements.chemical_formulas import amounts

BESIDE = 0.01
"""How far fractions that are known may sum beside 1: they are divided by their sum, and that is said."""
SAMPLES = 64
"""Candidates of which one is asked what its variables are called."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known before the start."""

    rows: tuple[dict[str, Any], ...]
    """Of a `known` event, a row a candidate."""
    notes: tuple[str, ...]
    """What was done with the sources that a reader would want to know."""


def known_rows(problem: Problem) -> list[dict[str, Any]]:
    """The rows of a `known` event; CampaignFileError with file, line and column of what cannot be read."""
    return list(prior(problem).rows)


def prior(problem: Problem) -> Prior:
    """All sources together: each measurement once, repeats of a candidate as one with mean and standard error.

    CampaignFileError with file, line and column of what cannot be read.
    """
    always, names = variables_of(problem)
    found: list[tuple[Row, Array, Candidate]] = []
    notes: list[str] = []
    for k, source in enumerate(problem.spec.sources):
        path = ("history", k, "file") if isinstance(problem.spec.history, tuple) else ("history", "file")
        try:
            rows, said = _rows(problem, source, always, names)
        except (ValueError, OSError) as error:
            if isinstance(error, CampaignFileError):
                raise
            raise problem.spec.refuse([Complaint(path, str(error))]) from error
        found, notes = [*found, *rows], [*notes, *said]
    kept = list({row.stated if row.values else (row.place, ()): (row, x, c) for row, x, c in found}.values())
    if len(kept) < len(found):
        notes.append(f"{len(found) - len(kept)} measurements stand in the history more than once, and count once")
    together: dict[str, list[tuple[Row, Array, Candidate]]] = {}
    for entry in kept:
        together.setdefault(entry[2].id, []).append(entry)
    return Prior(tuple(_body(problem, own) for own in together.values()), tuple(notes))


def warnings_of(problem: Problem) -> list[str]:
    """What the files of the space and the rows known before the start say against the campaign.

    Rows of a pool that are one candidate; an estimated hypervolume; a reference point that nothing known reaches;
    variables that no oracle reads.
    """
    known, goals = prior(problem), problem.spec.goals
    record = Record(problem.spec, str(problem.folder), {})
    record.apply([Entry(1, 0.0, "known", None, {"rows": known.rows})] if known.rows else [])
    given = [goal.reference_loss for goal in goals]
    reference = [loss for loss in given if loss is not None]
    rows = record.columns
    text = unreached(problem.spec, reference if len(reference) == len(goals) else None, rows.losses[rows.feasible])
    beyond = outside_space(problem, tuple(record.outcomes.values()))
    said = (advice(problem), estimated(len(goals)), str(text or ""), beyond, unattended(problem), unread(problem))
    return [note for note in (*abilities.remarks(problem.generator), *known.notes, *said) if note]


def outside_space(problem: Problem, outcomes: Sequence[Outcome]) -> str:
    """What is to be said of what is known and the space does not hold; "" where it holds all."""
    known = [o for o in outcomes if o.number <= 0]
    X = np.array([o.x for o in known], dtype=float).reshape(len(known), problem.space.d)
    beyond = np.flatnonzero(outside(problem, X))
    if not len(beyond):
        return ""
    first = known[int(beyond[0])].name
    return (
        f"{len(beyond)} of {len(known)} rows of the history lie outside the space (such as {first}): they are learned "
        "from, and the best of them count for the front"
    )


def variables_of(problem: Problem) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a candidate's variables are called: those that no row can do without, and all that any has.

    Of a pool of formulas they are not called as the space's columns are.
    """
    if offers(problem.generator):
        given: Any = problem.generator
        return tuple(name for name in given.names if name not in given.optional), given.names
    rng, free = np.random.default_rng([problem.spec.seed]), replace(problem.space, known=None)
    some = [c.variables for c in problem.generator.generate(region.sample(free, SAMPLES, rng), rng)]
    names = abilities.names(problem.generator) or tuple(dict.fromkeys(name for variables in some for name in variables))
    optional = abilities.optional(problem.generator)  # fixed, derived or conditional
    return tuple(n for n in names if n not in optional and all(n in variables for variables in some)), names


def _rows(
    problem: Problem, known: Known, always: Sequence[str], names: Sequence[str]
) -> tuple[list[tuple[Row, Array, Candidate]], list[str]]:
    """The rows of one source with coordinates and candidates, and what is to be said of them."""
    if (problem.folder / known.file).is_dir():
        rows = list(of_campaign(problem, known, always))
    else:
        rows = list(of_table(problem, known, always, names, formula_variables(problem.generator)))
    counts, found = Counter[str](), list[tuple[Row, Array]]()
    strange: list[str] = []
    for row in rows:
        if row.status == "finished" and not set(row.values) & set(needed(problem)):
            counts["say nothing of what is wanted, and are passed over"] += 1
            continue
        try:
            if row.strange:
                raise Strange(row.strange)
            x, beside = _coordinates(problem, known, row, always)
        except Strange as error:
            if known.strange == "refuse":
                raise ValueError(f"{error}; or leave such rows out: `strange: pass_over`") from None
            strange.append(row.place)
            continue
        counts[row.revised] += bool(row.revised)
        counts["have fractions that do not quite sum to 1, and were divided by their sum"] += beside
        found.append((row, x))
    X = np.array([x for _, x in found], dtype=float).reshape(len(found), problem.space.d)
    made = problem.generator.generate(X, np.random.default_rng([problem.spec.seed])) if found else []
    notes = [f"{known.file}: {count} of {len(rows)} rows {what}" for what, count in counts.items() if count]
    if strange:
        notes.append(f"{known.file}: {len(strange)} of {len(rows)} rows are left out, such as {strange[0]}")
    if gone := dropped(problem, known, names):
        notes.append(
            f"{known.file}: its {', '.join(gone)} is no variable here: candidates that differ in it alone become one, "
            "and their values repeats of one another"
        )
    measured = [(row, x, as_measured(c, row)) for (row, x), c in zip(found, made, strict=True)]
    whole, said = completed(problem, measured)
    return whole, [*notes, *(f"{known.file}: {text}" for text in said)]


def completed(
    problem: Problem, rows: Sequence[tuple[Row, Array, Candidate]]
) -> tuple[list[tuple[Row, Array, Candidate]], list[str]]:
    """The finished rows with what they lack of the wanted properties and a screen computes for nothing; what was done.

    A campaign that wants one property more than an earlier one then has all of its candidates.
    """
    whole, said = list(rows), []
    for named in problem.oracles:
        if not named.inline or not isinstance(named.oracle, Screening):
            continue
        own = [
            p for p in needed(problem) if p in (named.oracle.properties or ()) and p not in problem.ladder.properties
        ]
        places = [
            k
            for k, (row, _, _) in enumerate(whole)
            if row.status == "finished" and any(p not in row.values for p in own)
        ]
        lacking = [p for p in own if any(p not in whole[k][0].values for k in places)]
        columns = named.oracle.screen([whole[k][2] for k in places]) if places else {}
        for i, k in enumerate(places):
            row, x, candidate = whole[k]
            new = {p: columns[p][i] for p in own if p not in row.values and math.isfinite(columns[p][i])}
            whole[k] = (replace(row, values={**row.values, **new}), x, candidate)
        if places:
            said.append(f"{len(places)} of {len(rows)} rows are completed by '{named.name}' ({', '.join(lacking)})")
    return whole, said


def as_measured(candidate: Candidate, row: Row) -> Candidate:
    """The candidate with the numbers that were measured, where the space would round them to others."""
    odd: dict[str, Value] = {}
    for name, value in candidate.variables.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and name in row.variables:
            try:
                given = float(row.variables[name])
            except ValueError:
                continue
            if isinstance(value, int) and given != value:
                odd[name] = given
    return replace(candidate, variables={**candidate.variables, **odd}) if odd else candidate


def _body(problem: Problem, own: Sequence[tuple[Row, Array, Candidate]]) -> dict[str, Any]:
    """The row of one candidate in a `known` event, of all that was measured of it."""
    row, x, candidate = own[0]
    measured = [r for r, _, _ in own if r.status == "finished"]
    rung = max((r.rung for r in measured), default=row.rung)
    said = []
    for level in sorted({r.rung for r in measured}):
        there = [r for r in measured if r.rung == level]
        values, errors = repeated(there)
        said.append({"rung": level, "values": values, "errors": errors, "source": _provenance(there)})
    body = {
        "id": candidate.id,
        "x": x.tolist(),
        "candidate": candidate.to_json(),
        "reason": {"proposer": "history"},
        "origin": f"history: {row.place}",
        "source": dict(row.source),
        "values": said[-1]["values"] if said else {},
        "errors": said[-1]["errors"] if said else {},
        "said": said,
        **rung_fields(problem, rung),
    }
    return body if said else {**body, "status": row.status, "error": row.error}


def repeated(rows: Sequence[Row]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean of each property over repeats of one candidate, and its standard error.

    The error of several is that of their scatter, or of the errors they came with, whichever is larger.
    """
    values, errors = {}, {}
    for name in dict.fromkeys(name for row in rows for name in row.values):
        own = [row for row in rows if name in row.values]
        cells = [row.values[name] for row in own]
        values[name] = fmean(cells)
        told = [row.errors[name] for row in own if name in row.errors]
        scatter = stdev(cells) / math.sqrt(len(cells)) if len(cells) > 1 else 0.0
        stated = math.sqrt(sum(e * e for e in told)) / len(cells) if told else 0.0
        if scatter > 0 or told:
            errors[name] = max(scatter, stated)
    return values, errors


def _provenance(rows: Sequence[Row]) -> dict[str, Value]:
    """Where values come from; of several with what each was, so that they stay several wherever they go."""
    found: dict[str, Value] = dict(rows[0].source)
    if rows[0].first != named_first(found):
        found["first"] = rows[0].first
    if len(rows) > 1:
        found["repeats"] = json.dumps([[row.first, dict(row.values), dict(row.errors)] for row in rows])
    return found


def coordinates(problem: Problem, row: Row) -> Array:
    """Coordinates (d,) of a row in the space's own unit; ValueError where it makes no candidate."""
    return _coordinates(problem, Known(file=row.place), row, ())[0]


def _coordinates(problem: Problem, known: Known, row: Row, always: Sequence[str]) -> tuple[Array, bool]:
    """Coordinates (d,) of a row, and whether its fractions were divided by their sum."""
    variables, beside = _amounts(problem, known, row)
    absent = [name for name in always if name not in variables]
    if absent:
        raise Strange(f"{row.place}: {lacks(absent[0], 'it has')}")
    try:
        x = problem.generator.coordinates(variables)
    except ValueError as error:
        raise Strange(f"{row.place}: {error}") from None
    for mixture in problem.space.mixtures:
        members = list(mixture.members)
        own, total = [problem.space.names[j] for j in members], float(x[members].sum())
        if abs(total - 1) > BESIDE:
            percent = "; are these per cent? Say `unit: at.%` or `unit: wt.%`" if abs(total - 100) <= 1 else ""
            raise ValueError(f"{row.place}: the fractions of {', '.join(own)} sum to {total:g}, not to 1{percent}")
        if abs(total - 1) > 1e-9:
            x = x.copy()
            x[members] /= total
            beside = True
    return x, beside


def _amounts(problem: Problem, known: Known, row: Row) -> tuple[dict[str, Value], bool]:
    """The row's variables, and whether amounts were divided by their sum, which was not quite the whole.

    Amounts of elements come from its formula, or from the unit its file has, in the space's unit.
    """
    variables = {name: value for name, value in row.variables.items() if name != FORMULA}
    elements, part = formula_variables(problem.generator), problem.generator
    if not elements:
        return variables, False
    unit: Any = part.unit  # type: ignore[attr-defined]
    stated, beside = known.unit or row.unit, False
    numbers = {} if FORMULA in row.variables else {e: _amount(row, e) for e in elements if e in variables}
    negative = next((e for e, x in numbers.items() if x < 0), None)
    if negative is not None:
        raise Strange(f"{row.place}: {negative} is {row.variables[negative]}: an amount is not negative")
    if FORMULA not in row.variables and stated is None:
        total = sum(numbers.values()) / TOTAL.get(unit, math.inf)
        beside = len(numbers) == len(elements) and 1e-9 < abs(total - 1) <= BESIDE
        return ({**variables, **{e: x / total for e, x in numbers.items()}} if beside else variables), beside
    if unit not in TOTAL:
        raise ValueError(f"{row.place}: amounts cannot be turned into {unit}; give a column an element, in {unit}")
    if FORMULA in row.variables:
        try:
            atoms = amounts(str(row.variables[FORMULA]))
        except ValueError as error:
            raise ValueError(f"{row.place}: {error}") from None
        strangers = sorted(set(atoms) - set(elements))
        if strangers:
            raise Strange(f"{row.place}: {row.variables[FORMULA]!r} holds {strangers[0]}, which the space has not")
    else:
        assert stated is not None
        total, wanted = sum(numbers.values()), TOTAL[stated]
        beside = abs(total / wanted - 1) > 1e-9
        if abs(total / wanted - 1) > BESIDE:
            raise ValueError(
                f"{row.place}: the amounts of {', '.join(numbers)} sum to {total:g} {stated}, not to {wanted}"
            )
        atoms = {e: x * moles(e, stated) for e, x in numbers.items()}
    weights = {e: atoms.get(e, 0.0) / moles(e, unit) for e in elements}
    total = sum(weights.values())
    return {**variables, **{e: w / total * TOTAL[unit] for e, w in weights.items()}}, beside


def _amount(row: Row, element: str) -> float:
    try:
        return float(row.variables[element])
    except ValueError:
        raise ValueError(f"{row.place}: {element} is {row.variables[element]!r}, not a finite number") from None
