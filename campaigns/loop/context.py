"""This file is what an asking cannot choose: the context that was measured, and what a group of samples shares."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.problem.curves import Points, Told, is_curve, told_points
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.record.table import columns
from eutectic.generators import abilities
from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.sharing import Made
from eutectic.optimizers.spaces.activity import hold
from eutectic.oracles.base import Value

NEW_CHOICE = "; a new one is added to its `choices` with `campaign change`"
"""What is said of a choice that the space has not."""


def situated(problem: Problem, context: Mapping[str, Value]) -> tuple[Space, list[str]]:
    """The space with its context held, and that as a note; CampaignFileError when any is missing or out of range."""
    generator: Any = problem.generator
    if not problem.space.context:
        if context:
            given = ", ".join(context)
            raise _refusal(f"this campaign has no context: {given} is none of its variables with `context: true`")
        return problem.space, []
    try:
        values: dict[int, float] = generator.situation(context)
    except ValueError as error:
        cure = "; give one, or ask by hand with `campaign suggest DIR --context VARIABLE=VALUE`"
        cure = cure if "has no `default`" in str(error) else NEW_CHOICE if "not one of" in str(error) else ""
        raise _refusal(f"{error}{cure}") from None
    shown = {**abilities.defaults(generator), **context}
    return hold(problem.space, values), [f"context: {', '.join(f'{name} = {value}' for name, value in shown.items())}"]


def unattended(problem: Problem) -> str:
    """Why a campaign cannot ask by itself: what is measured and not chosen, and has no default; "" when it can."""
    if not problem.space.context:
        return ""
    generator: Any = problem.generator
    missing = [name for name in generator.contexts if name not in generator.defaults]
    if not missing:
        return ""
    given = " ".join(f"--context {name}=..." for name in missing)
    return (
        f"nobody is there to say what {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} (`context: true` "
        f"without `default`), so the campaign cannot run by itself; give a `default`, or lead it by hand: campaign "
        f"suggest FILE {given}"
    )


def require_attended(problem: Problem) -> None:
    """CampaignFileError when a campaign cannot ask by itself."""
    if reason := unattended(problem):
        raise _refusal(reason)


def observed(
    problem: Problem, outcome: Outcome, values: Mapping[str, Told], repeat: bool = False
) -> tuple[dict[str, float], dict[str, Any]]:
    """What was measured as a property, and the context that was measured with it: variables and coordinates.

    CampaignFileError when that is out of its range, for a property that is no number, and for another context than that
    of values which stay.
    """
    names = abilities.contexts(problem.generator)
    seen: dict[str, Any] = {name: value for name, value in values.items() if name in names}
    rest: dict[str, float] = {}
    for name in values.keys() - seen.keys():
        rest[name] = told_number(problem, name, values[name])
    rest = {name: rest[name] for name in values if name in rest}
    if not seen:
        return rest, {}
    context = _situation(problem, outcome, seen)
    shown = context["variables"]
    remade = outcome.status in ("failed", "refused") and not repeat
    if any(not remade or measurement.values.keys() - rest.keys() for measurement in outcome.measurements):
        for name, value in shown.items():
            if value != outcome.variables[name]:
                raise _refusal(
                    f"{name} is {value} here and was {outcome.variables[name]} when candidate '{outcome.id}' was "
                    "measured; what was measured in another context is another sample: --add (in Python `add`); a "
                    "context that was told wrong: --correct (`correct`)"
                )
    return rest, {"context": context}


def put_right(
    problem: Problem, outcome: Outcome, values: Mapping[str, Told]
) -> tuple[dict[str, Told], dict[str, dict[str, Any]]]:
    """What a correction says of properties, and of the context: as it should have been told, and as it was.

    Nothing of the context where that was told so already; CampaignFileError when it is out of its range.
    """
    names = abilities.contexts(problem.generator)
    seen: dict[str, Any] = {name: value for name, value in values.items() if name in names}
    rest = {name: value for name, value in values.items() if name not in seen}
    if not seen:
        return rest, {}
    context = _situation(problem, outcome, seen)
    before = {name: outcome.variables[name] for name, value in context["variables"].items()
              if value != outcome.variables[name]}  # fmt: skip
    return rest, {"context": context, "context_before": before} if before else {}


def _situation(problem: Problem, outcome: Outcome, seen: Mapping[str, Any]) -> dict[str, Any]:
    """A sample's context with what was seen of it: variables, and coordinates by column."""
    generator: Any = problem.generator
    known = {name: outcome.variables[name] for name in abilities.contexts(generator)}
    try:
        columns = generator.situation({**known, **seen})
    except ValueError as error:
        raise _refusal(f"{error}{NEW_CHOICE if 'not one of' in str(error) else ''}") from None
    shown = {name: _as(outcome.variables[name], value) for name, value in seen.items()}
    return {"variables": shown, "x": {str(column): x for column, x in columns.items()}}


def told_number(problem: Problem, name: str, value: object) -> float:
    """What somebody tells of a property, and of a curve its distance from the target; CampaignFileError for text.

    And for a curve that the target cannot be compared with.
    """
    if is_curve(value):
        points = _points(problem, name, value)
        return problem.curves[name].of(points)
    if not is_number(value):
        raise _refusal(f"{name} is {value!r}, not a number")
    return float(value)  # type: ignore[arg-type]


def told_curves(problem: Problem, values: Mapping[str, object]) -> dict[str, list[float]]:
    """The curves among what somebody tells, at the points of their targets; errors are those of `told_number`."""
    return {name: _points(problem, name, value).tolist() for name, value in values.items() if is_curve(value)}


def _points(problem: Problem, name: str, told: Points) -> Array:
    """A curve at the points of its target."""
    if name not in problem.curves:
        raise _refusal(f"{name} is no curve; tell one number of it, not {len(told)}")
    try:
        return told_points(problem.curves[name], told)
    except ValueError as error:
        raise _refusal(f"{name}: {error}") from None


def is_number(value: object) -> bool:
    """Is it a real number, and no truth value?"""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _as(before: Value, given: Value) -> Value:
    """A value as the variable has it: text where that is text, else a number."""
    return str(given) if isinstance(before, str) else type(before)(float(given))


def made_before(ledger: Ledger, space: Space, together: Array | None = None) -> Made | None:
    """What was proposed before, as far as groups of samples want it; None where nothing is shared.

    together: rows (k, d) of those that are made together with what is asked for now.
    """
    if not space.shared:
        return None
    every = columns(ledger)
    rows = every.x[every.number > 0].reshape(-1, space.d)
    largest = max(shared.size or 0 for shared in space.shared)
    return Made(len(rows), rows[len(rows) - min(largest, len(rows)) :], together)


def context_of(words: Sequence[str]) -> dict[str, Value]:
    """`["humidity=40"]` as values, text as it is; CampaignFileError when a word says something else."""
    found: dict[str, Value] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (name.strip() and equals and text.strip()):
            raise _refusal(f"'{word}' is not VARIABLE=VALUE")
        found[name.strip()] = text.strip()
    return found


def _refusal(message: str) -> CampaignFileError:
    return CampaignFileError([Complaint((), message)])
