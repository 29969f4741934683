"""This file is a result that was never suggested: checked, given its place in the record, and learned from."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from eutectic.campaigns.errors import unknown
from eutectic.campaigns.hand.verbs import measurable, person, require_measurable, said, tell, told_under
from eutectic.campaigns.hand.words import number, told
from eutectic.campaigns.loop.offering import offers
from eutectic.campaigns.loop.prior_data import WITHIN, coordinates
from eutectic.campaigns.loop.prior_rows import Row
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.record.steps import OPEN
from eutectic.optimizers.base import Array
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.membership import member
from eutectic.oracles.base import Candidate, Value
from eutectic.oracles.user.answer import SUFFIX

SAMPLES = 64
"""Candidates looked at for the names of variables, some of which are not always there."""
CLOSE = 1e-9
"""How far the coordinates of the same candidate may differ, of each variable's range, dimensionless."""


def sorted_words(
    problem: Problem, pairs: Mapping[str, str]
) -> tuple[dict[str, Value], dict[str, float], dict[str, float]]:
    """Variables, values and standard errors of `NAME=VALUE` pairs; CampaignFileError for an unknown name."""
    names = variable_names(problem)
    properties = measurable(problem)
    for name in pairs:
        if name not in names and name.removesuffix(SUFFIX) not in properties and name not in properties:
            raise said(unknown("variable or property", name, [*names, *properties]))
    numbers = {name: number(text, f"{name}={text}") for name, text in pairs.items() if name not in names}
    answer = told(numbers)
    return {name: pairs[name] for name in names if name in pairs}, dict(answer.values), dict(answer.errors)


def add(
    problem: Problem,
    logbook: Logbook,
    variables: Mapping[str, Value],
    values: Mapping[str, float],
    errors: Mapping[str, float],
    repeat: bool = False,
    by: str = "",
    note: str = "",
    key: str = "",
) -> Outcome:
    """Write down a result of something that was never suggested; it counts for no budget, and is learned from.

    Of what was suggested and is still open it is that candidate's result. CampaignFileError for variables that make no
    candidate, for what nobody can have measured, and for a candidate that has finished, unless `repeat` says that this
    is another measurement of it. key: the teller's own name of this telling; under it, it is written down once.
    """
    require_measurable(problem, values, errors)
    if key and (before := told_under(logbook, key, values, errors)) is not None:
        return before
    x, candidate = made(problem, variables)
    known = same(problem, logbook, x, candidate)
    if known is not None and (known.status in OPEN or repeat):
        return tell(problem, logbook, known.id, values, errors, repeat, by, note, key)
    if known is not None and known.status in ("finished", "failed", "refused"):
        raise said(
            f"this is candidate '{known.id}' (number {known.number}), which has ended ({known.status}); another "
            "measurement of it: --repeat; a wrong value: --correct",
            "conflict",
        )
    with logbook.transaction() as drafts:
        if key and (before := told_under(logbook, key, values, errors)) is not None:
            return before
        row = {
            "id": candidate.id,
            "x": x.tolist(),
            "candidate": candidate.to_json(),
            "reason": {"proposer": "added"},
            "origin": f"added by {by}" if by else "added",
            "values": dict(values),
            "errors": dict(errors),
        }
        if problem.ladder.rungs:
            row |= {"rung": problem.ladder.top, "fidelity": float(problem.ladder.top)}
        said_of_it = {key: text for key, text in (("by", by), ("note", note), ("key", key)) if text}
        body = {"row": row, "oracle": person(problem), **said_of_it}
        place = min([1, *logbook.record.outcomes]) - 1
        drafts.append(Draft("added", body, place))
    return logbook.record.outcomes[place]


def variable_names(problem: Problem) -> tuple[str, ...]:
    """What candidates' variables are called, those included that only some of them have."""
    if offers(problem.generator):
        names: tuple[str, ...] = problem.generator.names  # type: ignore[attr-defined]
        return names
    rng = np.random.default_rng([problem.spec.seed])
    candidates = problem.generator.generate(region.sample(problem.space, SAMPLES, rng), rng)
    return tuple(dict.fromkeys(name for candidate in candidates for name in candidate.variables))


def made(problem: Problem, variables: Mapping[str, Value]) -> tuple[Array, Candidate]:
    """Coordinates (d,) and candidate of these variables; CampaignFileError when they make none."""
    names = variable_names(problem)
    for name in variables:
        if name not in names:
            raise said(unknown("variable", name, names))
    try:
        x = coordinates(problem, Row("--add", {}, variables, {}, {}, 0))
    except ValueError as error:
        raise said(str(error)) from None
    if not all(math.isfinite(value) for value in x):
        raise said("a variable is no finite number")
    return x, problem.generator.generate(x[None, :], np.random.default_rng([problem.spec.seed]))[0]


def outside(problem: Problem, x: Sequence[float]) -> bool:
    """Do coordinates (d,) lie outside the space?"""
    return not bool(member(problem.space, np.array([x]), WITHIN)[0])


def same(problem: Problem, logbook: Logbook, x: Array, candidate: Candidate) -> Outcome | None:
    """The outcome that is this candidate: one that is open rather than one that has ended; what was known is none."""
    logbook.fold()
    width = np.where(problem.space.upper > problem.space.lower, problem.space.upper - problem.space.lower, 1.0)
    own = [o for o in logbook.record.outcomes.values() if o.number > 0 or o.measurements]
    X = np.array([o.x for o in own], dtype=float).reshape(len(own), problem.space.d)
    close = [bool(near) for near in np.all(np.abs(X - x) <= CLOSE * width, axis=1)]
    found = [
        o
        for o, near in zip(own, close, strict=True)
        if ((near and not o.aside) or o.id == candidate.id) and o.status != "returned"
    ]
    return min(found, key=lambda o: (o.status not in OPEN, o.number), default=None)
