"""This file is changing one's mind with the data kept: what a change says, what it would break, and its event."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.campaigns.analysis.amounts import other_units
from eutectic.campaigns.errors import CampaignFileError, unknown
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.hand.curve_change import distances, moved, rehashed
from eutectic.campaigns.hand.words import refusal
from eutectic.campaigns.loop.outside import outside
from eutectic.campaigns.loop.prior_data import coordinates, variables_of
from eutectic.campaigns.loop.prior_rows import Row
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.journal import Journal
from eutectic.campaigns.record.ledger import Logbook, read_record
from eutectic.campaigns.record.lock import FolderLock
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.record.progress import Plan, close, reference_event, seen_again
from eutectic.campaigns.record.steps import OPEN
from eutectic.generators.base import NoPlaceError
from eutectic.generators.representations.elements import SYMBOLS
from eutectic.optimizers.base import Array
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


def considered(
    problem: Problem, record: Record, overrides: Sequence[str], by: str = "", given: Mapping[str, Value] | None = None
) -> Changed:
    """A change of the campaign's sections (`KEY=VALUE`, as `--set` has them), checked against what is known.

    given: values that new variables had in what was proposed so far. What was measured where the new space has no place
    is kept, named, and not learned from.

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
    changed = build(spec, problem.folder, begun=True)
    _require_units(record, spec)
    rehash = rehashed(problem, changed, record)
    _require_comparable(problem, changed, record, rehash)
    given = given or {}
    if given and spec.space == record.spec.space:
        raise refusal(f"the space does not change, so nobody asks what {', '.join(given)} was")
    rows = _placed(changed, record, given) if spec.space != record.spec.space else {}
    body: dict[str, Any] = {
        "set": list(overrides),
        "by": by,
        "spec": spec.dump(secrets=True),
        "differences": list(differences),
    }
    if rows:
        body["x"] = {str(number): x.tolist() for number, (x, _) in rows.items()}
        body["aside"] = [number for number, (_, why) in rows.items() if why]
        body["with"] = _typed(changed, [x for x, why in rows.values() if not why], given)
    if wanted := moved(problem, changed):
        body |= {"distances": distances(wanted, record), "settings": rehash}
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


def edited(folder: Path) -> tuple[str, ...]:
    """What the file that is kept in a campaign's folder says otherwise than the campaign, since somebody edited it.

    () where nobody did, or where a change has said the same since; the campaign goes by its journal, not by that file.
    """
    path = folder / "campaign.yaml"
    if not path.is_file():
        return ()
    journal = Journal.open(folder)
    try:
        begun: Mapping[str, Any] = journal.of_kind("begun")[0].body
        current = read_record(journal).spec.dump()
    finally:
        journal.close()
    try:
        now = CampaignSpec.from_file(path, begun["facts"].get("overrides", ())).dump()
    except CampaignFileError as error:
        return (f"it cannot be read: {error}",)
    kept = CampaignSpec.from_content(begun["spec"]).dump()
    return () if now in (kept, current) else tuple(_differences(_flat(current), _flat(now)))


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


def _require_units(record: Record, spec: CampaignSpec) -> None:
    """CampaignFileError where amounts that are on record would be read in another unit than theirs."""
    if not record.outcomes:
        return
    for name, (old, new) in other_units(record.spec, spec).items():
        if any(name in outcome.variables for outcome in record.outcomes.values()):
            text = f"the amounts of {len(record.outcomes)} candidates on record are in {old}"
            cure = f"begin another campaign in {new} with `history: {{file: DIR}}`, which converts them"
            raise refusal(f"{name} would be in {new}, and {text}: {cure}", "space.unit")
    kept, wanted = (_flat(s.space.model_dump(), "space") for s in (record.spec, spec))
    for key in wanted:
        uses = [space.get(f"{key.rpartition('.')[0]}.use") for space in (kept, wanted)]
        if key.endswith(".unit") and uses == ["pool", "pool"] and kept.get(key) != wanted[key]:
            text = f"the candidates on record are made of amounts in {kept.get(key)}"
            raise refusal(f"{key} would be {wanted[key]}, and {text}: begin another campaign", key)


def _require_comparable(problem: Problem, changed: Problem, record: Record, rehash: Mapping[str, str]) -> None:
    """CampaignFileError when values computed before and after could not be compared."""
    settings = {named.name: named for named in changed.oracles}
    for name, before in record.settings.items():
        named = settings.get(name)
        same = named is None or name in rehash or before == named.settings_hash or before in named.earlier
        if not same:
            message = f"oracles.{name} has given this campaign values; under other settings they could not be compared"
            raise refusal(f"{message}: {WAY_OUT}")
    ladders = [[p.oracles[k].name for k in p.ladder.rungs] for p in (problem, changed)]
    if record.settings and ladders[0] != ladders[1]:
        old, new = (", ".join(names) or "none" for names in ladders)
        raise refusal(f"the ladder would be {new} instead of {old}, and what is known stands on other rungs: {WAY_OUT}")


def _placed(changed: Problem, record: Record, given: Mapping[str, Value]) -> dict[int, tuple[Array, str]]:
    """Number -> new coordinates (d,) of every outcome, and why it has no place in the new space; "" where it has.

    An element that a candidate has not is 0 in it; `given`: what new variables were before. CampaignFileError where
    nobody says, and where a variable that was varied is gone.
    """
    always, names = variables_of(changed)
    known = {*names, *changed.space.names}
    shares = [n for n, kind in zip(changed.space.names, changed.space.kinds, strict=True) if kind == "fraction"]
    elements = changed.space.amounts.labels if changed.space.amounts is not None else ()
    fractions = dict.fromkeys((*(n.partition(" (")[0] for n in shares), *elements), 0.0)
    for name in given:
        if name not in known:
            raise refusal(unknown("variable", name, known), f"--with {name}")
    found = {}
    for number, outcome in record.outcomes.items():
        place = f"candidate {number} ({outcome.id})" if number > 0 else outcome.name
        gone = [name for name, value in outcome.variables.items() if name not in known and value not in (0, 0.0)]
        for name in gone:
            if name.rpartition(".")[2] not in SYMBOLS:
                text = f"{place} has {name} = {outcome.variables[name]}, and the new space has no such variable"
                raise refusal(f"{text}; fix it in place of leaving it out: `{name}: VALUE`")
        variables: dict[str, Value] = {**fractions, **given, **outcome.variables}
        for name in always:
            if name not in variables:
                raise refusal(f"{place} has no variable '{name}'; say which value it had then: --with {name}=VALUE")
        why = f"{gone[0]} is {outcome.variables[gone[0]]}, and the space has none" if gone else ""
        found[number] = _place(changed, place, {n: v for n, v in variables.items() if n not in gone}, why)
    return found


def _typed(changed: Problem, X: Sequence[Array], given: Mapping[str, Value]) -> dict[str, Value]:
    """What was typed of new variables, as candidates have it."""
    if not X or not given:
        return dict(given)
    made = changed.generator.generate(np.array(X[:1]), np.random.default_rng([changed.spec.seed]))[0]
    return {name: made.variables.get(name, value) for name, value in given.items()}


def _place(changed: Problem, place: str, variables: Mapping[str, Value], why: str) -> tuple[Array, str]:
    """Coordinates (d,) of these variables and "", or the middle of the space and why they have none."""
    middle = (changed.space.lower + changed.space.upper) / 2
    if why:
        return middle, why
    try:
        return coordinates(changed, Row(place, {}, variables, {}, {}, 0)), ""
    except NoPlaceError as error:
        return middle, str(error)
    except ValueError as error:
        if isinstance(error.__context__, NoPlaceError):
            return middle, str(error.__context__)
        cure = "begin another campaign with what is known as a table (`campaign export`) completed by hand"
        raise refusal(f"{place} has no place in the new space: {error}; {cure}") from None


def _notes(changed: Problem, record: Record, rows: Mapping[int, tuple[Array, str]]) -> Iterator[str]:
    """What has no place in the new space or lies outside, and where the reference point changes."""
    aside = [(record.outcomes[n], why) for n, (_, why) in rows.items() if why]
    if aside:
        reason = f"(such as: {aside[0][1]})"
        yield f"{_named([o for o, _ in aside])} where the new space has no place {reason}: kept, and not learned from"
    placed = {n: x for n, (x, why) in rows.items() if not why}
    if placed:
        X = np.array(list(placed.values()), dtype=float).reshape(len(placed), changed.space.d)
        beyond = [record.outcomes[n] for n, out in zip(placed, outside(changed, X), strict=True) if out]
        ended = [o for o in beyond if o.finished_at is not None]
        waiting = [o for o in beyond if o.status in OPEN]
        if ended:
            yield f"{_named(ended)} outside the new space: learned from, and the best of them count for the front"
        if waiting:
            yield f"{_named(waiting)} outside the new space and still to be measured; not wanted: campaign return"
    for name in changed.spec.objectives if changed.spec.goals != record.spec.goals else ():
        own = [o.name for o in record.outcomes.values() if o.status == "finished" and name not in o.values]
        if own:
            shown = f"{', '.join(own[:SHOWN])}{f' and {len(own) - SHOWN} more' if len(own) > SHOWN else ''}"
            yield f"no value of {name} is known of {shown}: tell it (campaign tell), or they count for no front"
    plan = Plan(record.copy())
    close(plan)
    if changed.spec.goals != record.spec.goals and plan.record.ended:
        yield f"the reference point is chosen anew, and the hypervolume of all {len(plan.record.ended)} rounds with it"


def _named(outcomes: Sequence[Outcome]) -> str:
    """`candidates 7, 11, history:known.csv:2 lie`: what was proposed first, by its number."""
    first = sorted(outcomes, key=lambda o: (o.number <= 0, abs(o.number)))[:SHOWN]
    numbers = sum(o.number > 0 for o in first)
    names = ", ".join(o.name.removeprefix("#") for o in first)
    more = f" and {len(outcomes) - SHOWN} more" if len(outcomes) > SHOWN else ""
    said = f"candidate{'s' if numbers > 1 else ''} {names}" if numbers else names
    return f"{said}{more} lie{'' if len(outcomes) > 1 else 's'}"


def apply(
    problem: Problem,
    logbook: Logbook,
    lock: FolderLock,
    overrides: Sequence[str],
    by: str,
    check: bool,
    given: Mapping[str, Value] | None = None,
) -> Changed:
    """Consider a change under the folder's lock and, unless only looking (`check`), write it down."""
    held = lock.held
    lock.acquire()
    try:
        logbook.fold()
        changed = considered(problem, logbook.record, overrides, by, given)
        if not check:
            change(logbook, changed)
    finally:
        if not held:
            lock.release()
    return changed
