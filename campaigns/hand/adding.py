"""This file is a result that was never suggested: checked, given its place in the record, and learned from."""

import math
import time
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from eutectic.campaigns.errors import unknown
from eutectic.campaigns.hand.advice import CORRECT, REPEAT
from eutectic.campaigns.hand.following import following
from eutectic.campaigns.hand.measurable import measurable, require_measurable
from eutectic.campaigns.hand.observation import Observation
from eutectic.campaigns.hand.on_record import adds_only
from eutectic.campaigns.hand.verbs import (
    fail,
    person,
    require_reason,
    said,
    tell,
    told_under,
)
from eutectic.campaigns.hand.words import PLAIN, Dialect, measured, measured_values, pointed
from eutectic.campaigns.loop.context import told_curves, told_number
from eutectic.campaigns.loop.offering import offers
from eutectic.campaigns.loop.outside import WITHIN, outside
from eutectic.campaigns.loop.prior_data import as_measured, coordinates
from eutectic.campaigns.loop.prior_rows import Row
from eutectic.campaigns.loop.routing import Verdict, settlement
from eutectic.campaigns.problem.curves import Measured
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.columns import RETURNED
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.outcomes import ENDED, Outcome
from eutectic.campaigns.record.steps import OPEN, added, proposed
from eutectic.generators.abilities import Termed
from eutectic.generators.terms import extent
from eutectic.optimizers.base import Array
from eutectic.optimizers.spaces import region
from eutectic.oracles.base import Candidate, Value
from eutectic.oracles.user.answer import SUFFIX

SAMPLES = 64
"""Candidates looked at for the names of variables, some of which are not always there."""
PLACE = "what is added"
"""Where something is wrong with such a result."""
ADDED = "added"
"""Who proposed what nobody did."""
OUTSIDE = "it lies outside the space and is learned from all the same"
"""What is said of such a result."""
CLOSE = 1e-9
"""How far the coordinates of the same candidate may differ, of each variable's range, dimensionless."""


def sorted_words(
    problem: Problem, pairs: Mapping[str, str], dialect: Dialect = PLAIN
) -> tuple[dict[str, Value], dict[str, Measured], dict[str, float]]:
    """Variables, values and standard errors of `NAME=VALUE` pairs; CampaignFileError for an unknown name."""
    names = variable_names(problem)
    properties = measurable(problem)
    for name in pairs:
        if name not in names and name.removesuffix(SUFFIX) not in properties and name not in properties:
            raise said(unknown("variable or property", name, [*names, *properties]))
    numbers = {name: measured(text, f"{name}={text}", dialect) for name, text in pairs.items() if name not in names}
    answer = measured_values(numbers)
    variables: dict[str, Value] = {name: pointed(pairs[name], dialect.decimal) for name in names if name in pairs}
    return variables, dict(answer.values), dict(answer.errors)


def put_in(
    problem: Problem, logbook: Logbook, variables: Mapping[str, Value], observation: Observation, running: bool
) -> Outcome:
    """`add`, or `add_failed` where it gave no values; warned of where it lies outside the space.

    running: a process runs the campaign.
    """
    if observation.failed:
        outcome = add_failed(problem, logbook, variables, observation)
    else:
        outcome = add(problem, logbook, variables, observation, running)
    if outcome.number <= 0 and outside(problem, np.array([outcome.x], dtype=float))[0]:
        warnings.warn(f"{outcome.name}: {OUTSIDE}{_which(problem, outcome)}", OutsideSpace, stacklevel=3)
    return outcome


def add(
    problem: Problem, logbook: Logbook, variables: Mapping[str, Value], observation: Observation, running: bool = False
) -> Outcome:
    """Write down a result of something that was never suggested; it counts for no budget, and is learned from.

    Of what was suggested and is still open it is that candidate's result, and of what has finished what was never
    measured of it. CampaignFileError for variables that make no candidate, for what nobody can have measured, and for
    a candidate that has finished and has such values, unless the observation repeats it.
    """
    values = {name: told_number(problem, name, value) for name, value in observation.values.items()}
    require_measurable(problem, values, observation.errors)
    if (before := told_under(logbook, observation.key, values, observation.errors)) is not None:
        return before
    x, candidate = made(problem, variables)
    known = same(problem, logbook, x, candidate)
    completed = known is not None and adds_only(known, values, observation.errors)
    if known is not None and (known.status in OPEN or observation.repeat or completed):
        return tell(problem, logbook, known.id, observation, running)
    if known is not None and known.status in ENDED:
        raise said(
            f"this is {_called(known)}, which has ended ({known.status}); {REPEAT}; a wrong value of "
            f"{known.id[:8]}: {CORRECT}",
            "conflict",
        )
    with logbook.transaction() as drafts:
        if (before := told_under(logbook, observation.key, values, observation.errors)) is not None:
            return before
        place = _place(logbook)
        body = _body(problem, x, candidate, observation, values)
        drafts += [Draft("added", body, place), *_follow(problem, body, place)]
    return logbook.record.outcomes[place]


def _follow(problem: Problem, body: Mapping[str, Any], number: int) -> list[Draft]:
    """What follows from an added result at once: screens, and what is worked out from its values."""
    row, now = body["row"], time.time()
    outcome = added(proposed(row, number, 0, now), {"fidelity": 0.0, **row, **body}, problem.spec, now)
    if outcome.status != "finished":
        return []
    _, drafts, _ = following(problem, outcome, row["values"], row.get("fidelity", 0.0), running=False)
    return [*drafts, settlement(number, Verdict("finished"), told=True)] if drafts else []


def add_failed(problem: Problem, logbook: Logbook, variables: Mapping[str, Value], observation: Observation) -> Outcome:
    """Write down that a sample of what was never suggested gave no values; it is never asked for.

    Of what was suggested and is still open it is that candidate's failure; told twice it counts once. CampaignFileError
    for variables that make no candidate, without a reason, and for a candidate that has ended otherwise.
    """
    why = observation.failed
    require_reason(why)
    x, candidate = made(problem, variables)
    before = same(problem, logbook, x, candidate)
    if before is not None and before.status == "failed" and before.error == why:
        return before
    if before is not None and before.status in OPEN:
        return fail(problem, logbook, before.id, why, by=observation.by, note=observation.note)
    if before is not None:
        raise said(
            f"this is {_called(before)}, which has ended ({before.status}): it cannot fail any more",
            "conflict",
        )
    with logbook.transaction() as drafts:
        place = _place(logbook)
        drafts.append(Draft("added", _body(problem, x, candidate, observation, {}) | {"failed": why}, place))
    return logbook.record.outcomes[place]


def _called(outcome: Outcome) -> str:
    """What an outcome is called in a refusal; what was never suggested has no number."""
    return f"candidate '{outcome.id}' (number {outcome.number})" if outcome.number > 0 else outcome.name


def _place(logbook: Logbook) -> int:
    """The number of what is added next."""
    return int(logbook.record.columns.number.min(initial=1)) - 1


def _body(
    problem: Problem, x: Array, candidate: Candidate, observation: Observation, values: Mapping[str, float]
) -> dict[str, Any]:
    """The body of an `added` event; values: those of the observation, with distances of its curves."""
    row: dict[str, object] = {
        "id": candidate.id,
        "x": x.tolist(),
        "candidate": candidate.to_json(),
        "reason": {"proposer": ADDED},
        "origin": f"added by {observation.by}" if observation.by else "added",
        "values": values,
        "errors": dict(observation.errors),
    }
    curves = told_curves(problem, observation.values)
    row |= {"curves": curves} if curves else {}
    if problem.ladder.rungs:
        row |= {"rung": problem.ladder.top, "fidelity": float(problem.ladder.top)}
    return {"row": row, "oracle": person(problem), **observation.words}


def variable_names(problem: Problem) -> tuple[str, ...]:
    """What candidates' variables are called, those included that only some of them have."""
    if offers(problem.generator):
        names: tuple[str, ...] = problem.generator.names  # type: ignore[attr-defined]
        return names
    rng = np.random.default_rng([problem.spec.seed])
    candidates = problem.generator.generate(region.sample(problem.space, SAMPLES, rng), rng)
    return tuple(dict.fromkeys(name for candidate in candidates for name in candidate.variables))


def made(problem: Problem, variables: Mapping[str, Value], place: str = PLACE) -> tuple[Array, Candidate]:
    """Coordinates (d,) and candidate of these variables; CampaignFileError, naming the place, when they make none."""
    names = variable_names(problem)
    for name in variables:
        if name not in names:
            raise said(unknown("variable", name, names))
        if not isinstance(variables[name], str | int | float | np.number | np.bool_):
            raise said(f"{name} is {variables[name]!r}, neither a number nor text")
    row = Row(place, {}, variables, {}, {}, 0)
    try:
        x = coordinates(problem, row)
    except ValueError as error:
        raise said(str(error)) from None
    if not all(math.isfinite(value) for value in x):
        raise said("a variable is no finite number")
    candidate = problem.generator.generate(x[None, :], np.random.default_rng([problem.spec.seed]))[0]
    for name, given in variables.items():
        if name not in candidate.variables and str(given).strip() not in ("", "0", "0.0"):
            raise said(f"{name} is {given}, and such a candidate has none ({_why_none(problem, name)}); leave it out")
    return x, as_measured(candidate, row)


def _why_none(problem: Problem, name: str) -> str:
    """Why some candidates have no value of a variable."""
    names = problem.space.names
    parents = [names[c.parent] for c in problem.space.conditions if names[c.column] in (name, f"log10({name})")]
    return f"it belongs to some values of {' and '.join(parents)} alone" if parents else "it has no meaning there"


class OutsideSpace(UserWarning):
    """What was added lies outside the space."""


def _which(problem: Problem, outcome: Outcome) -> str:
    """` (Cr is 40, and the space has 10 to 25)` of the first variable beyond its bounds; "" where none is alone."""
    terms = problem.generator.terms if isinstance(problem.generator, Termed) else {}
    for name, term in terms.items():
        (low, high), value = extent(term, problem.space), outcome.variables.get(name)
        slack = WITHIN * (high - low)
        if isinstance(value, int | float) and value != 0 and not low - slack <= value <= high + slack:
            return f" ({name} is {value:g}, and the space has {low:g} to {high:g})"
    return ""


def same(problem: Problem, logbook: Logbook, x: Array, candidate: Candidate) -> Outcome | None:
    """The outcome that is this candidate: one that is open rather than one that has ended; what was known is none."""
    logbook.fold()
    if not logbook.record.outcomes:
        return None
    width = np.where(problem.space.upper > problem.space.lower, problem.space.upper - problem.space.lower, 1.0)
    rows = logbook.record.columns
    own = ((rows.number > 0) | (rows.proposer == ADDED)) & (rows.status != RETURNED)
    near = own & ~rows.aside & (np.abs(rows.x - x) <= CLOSE * width).all(1)
    alike = own & (rows.name == hash(candidate.id))
    found = [logbook.record.outcomes[int(number)] for number in rows.number[near]]
    named = [logbook.record.outcomes[int(number)] for number in rows.number[alike]]
    found += [outcome for outcome in named if outcome.id == candidate.id]
    return min(found, key=lambda o: (o.status not in OPEN, o.number), default=None)
