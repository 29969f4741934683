"""This file is changing one's mind with the data kept: what a change says, what it would break, and its event."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.campaigns.hand.adding import variable_names
from eutectic.campaigns.hand.words import refusal
from eutectic.campaigns.loop.prior_data import WITHIN
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.lock import FolderLock
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.record.progress import Plan, close, reference_event, seen_again
from eutectic.campaigns.record.steps import OPEN
from eutectic.optimizers.base import Array
from eutectic.optimizers.spaces.membership import member
from eutectic.oracles.base import Value

FIXED = {
    "name": "the campaign is known by it; begin another with `history: {file: DIR}`",
    "seed": "what was computed went out from it; begin another campaign with `history: {file: DIR}`",
    "history": "it is read once, at the start; add results with `campaign tell DIR --add` or `--csv`",
}
"""Sections that never change, and what to do instead."""
WAY_OUT = "begin another campaign with `history: {file: DIR}`; a ladder there puts what is known on its rung"
SHOWN = 5
"""Candidates named at most."""
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that was checked."""

    problem: Problem
    """As it is afterwards."""
    differences: tuple[str, ...]
    """`budget.evaluations: 60 -> 120`, one a value."""
    notes: tuple[str, ...]
    """What a reader should know: rows outside the new space, where the reference point changes."""
    body: Mapping[str, Any]
    """Of the `changed` event."""


def considered(problem: Problem, record: Record, overrides: Sequence[str], by: str = "") -> Changed:
    """A change of the campaign's sections (`KEY=VALUE`, as `--set` has them), checked against what is known.

    CampaignFileError for what cannot be: sections that never change, options that do not fit, an empty space, values
    that could not be compared any more, measured candidates that the new space has no coordinates for.
    """
    spec = record.spec.changed(overrides)
    before, after = _flat(record.spec.dump()), _flat(spec.dump())
    differences = tuple(_differences(before, after))
    if not differences:
        raise refusal("this changes nothing")
    for section, cure in FIXED.items():
        if any(line.split(":")[0].split(".")[0] == section for line in differences):
            raise refusal(f"{section} never changes: {cure}")
    changed = build(spec, Path(record.source))
    _require_comparable(problem, changed, record)
    rows = dict(_coordinates(changed, record)) if spec.space != record.spec.space else {}
    body: dict[str, Any] = {"set": list(overrides), "by": by, "spec": spec.dump(), "differences": list(differences)}
    if rows:
        body["x"] = {str(number): x.tolist() for number, x in rows.items()}
    return Changed(changed, differences, tuple(_notes(changed, record, rows)), body)


def change(logbook: Logbook, changed: Changed) -> None:
    """Write a change down, and with it the reference point and the volumes that it makes new."""
    plan = Plan(logbook.record.copy())
    close(plan)
    plan.add("changed", changed.body)
    again = seen_again(plan.record)
    if plan.record.reference is None and plan.record.ended:
        again = reference_event(plan.record, "end")
    if again is not None:
        plan.add("reference", again)
    logbook.write(*plan.drafts)


def _flat(content: object, path: str = "") -> dict[str, object]:
    """Path -> value of everything that is no mapping and no list of mappings."""
    if isinstance(content, Mapping) and content:
        return {k: v for key, value in content.items() for k, v in _flat(value, f"{path}.{key}".lstrip(".")).items()}
    if isinstance(content, list) and content and all(isinstance(item, Mapping) for item in content):
        names = [str(item.get("name", item.get("use", k))) for k, item in enumerate(content)]
        unique = names if len(set(names)) == len(names) else [str(k) for k in range(len(content))]
        return {
            k: v
            for name, item in zip(unique, content, strict=True)
            for k, v in _flat(item, f"{path}.{name}".lstrip(".")).items()
        }
    return {path: content}


def _differences(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key, ABSENT), after.get(key, ABSENT)
        if old is ABSENT:
            yield f"{key}: new, {new}"
        elif new is ABSENT:
            yield f"{key}: {old} -> not given"
        elif old != new:
            yield f"{key}: {old} -> {new}"


def _require_comparable(problem: Problem, changed: Problem, record: Record) -> None:
    """CampaignFileError when values computed before and after could not be compared."""
    settings = {named.name: named for named in changed.oracles}
    for name, before in record.settings.items():
        named = settings.get(name)
        if named is not None and before != named.settings_hash and before not in named.earlier:
            message = f"oracles.{name} has given this campaign values; under other settings they could not be compared"
            raise refusal(f"{message}: {WAY_OUT}")
    ladders = [[p.oracles[k].name for k in p.ladder.rungs] for p in (problem, changed)]
    if record.settings and ladders[0] != ladders[1]:
        old, new = (", ".join(names) or "none" for names in ladders)
        raise refusal(f"the ladder would be {new} instead of {old}, and what is known stands on other rungs: {WAY_OUT}")


def _coordinates(changed: Problem, record: Record) -> Iterator[tuple[int, Array]]:
    """Number and new coordinates (d,) of every outcome; an element that a candidate has not is 0 in it."""
    names = {*variable_names(changed), *changed.space.names}
    fractions = {n: 0.0 for n, kind in zip(changed.space.names, changed.space.kinds, strict=True) if kind == "fraction"}
    for number, outcome in record.outcomes.items():
        lost = [n for n, value in outcome.variables.items() if n not in names and value not in (0, 0.0)]
        if lost:
            given = f"candidate {number} ({outcome.id}) has {lost[0]} = {outcome.variables[lost[0]]}"
            raise refusal(f"{given}, and the new space has no such variable; keep it, with narrow bounds")
        known: dict[str, Value] = {**fractions, **outcome.variables}
        try:
            yield number, changed.generator.coordinates(known)
        except ValueError as error:
            message = f"candidate {number} ({outcome.id}) has no place in the new space: {error}"
            cure = "begin another campaign with what is known as a table (`campaign export`) completed by hand"
            raise refusal(f"{message}; {cure}") from None


def _notes(changed: Problem, record: Record, rows: Mapping[int, Array]) -> Iterator[str]:
    """What lies outside the new space, and where the reference point changes."""
    if rows:
        X = np.array(list(rows.values()), dtype=float).reshape(len(rows), changed.space.d)
        inside = member(changed.space, X, WITHIN)
        beyond = [record.outcomes[n] for n, held in zip(rows, inside, strict=True) if not held]
        ended = [o for o in beyond if o.finished_at is not None]
        waiting = [o for o in beyond if o.status in OPEN]
        if ended:
            yield f"{_named(ended)} outside the new space: learned from, and the best of them count for the front"
        if waiting:
            yield f"{_named(waiting)} outside the new space and still to be measured; not wanted: campaign return"
    plan = Plan(record.copy())
    close(plan)
    if changed.spec.goals != record.spec.goals and plan.record.ended:
        yield f"the reference point is chosen anew, and the hypervolume of all {len(plan.record.ended)} rounds with it"


def _named(outcomes: Sequence[Outcome]) -> str:
    numbers = ", ".join(str(o.number) for o in outcomes[:SHOWN])
    more = f" and {len(outcomes) - SHOWN} more" if len(outcomes) > SHOWN else ""
    return f"candidate{'s' if len(outcomes) > 1 else ''} {numbers}{more} lie{'' if len(outcomes) > 1 else 's'}"


def apply(
    problem: Problem, logbook: Logbook, lock: FolderLock, overrides: Sequence[str], by: str, check: bool
) -> Changed:
    """Consider a change under the folder's lock and, unless only looking (`check`), write it down."""
    held = lock.held
    lock.acquire()
    try:
        logbook.fold()
        changed = considered(problem, logbook.record, overrides, by)
        if not check:
            change(logbook, changed)
    finally:
        if not held:
            lock.release()
    return changed
