"""This file is the record as a table: which columns, and a row an evaluation."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.outcomes import HISTORY, Ledger, Outcome
from eutectic.generators.crystals.crystal import RECORD
from eutectic.oracles.base import Evaluation, Value

Cell = Value | None
HEAD = ("id", "round", "status", "oracle", "fidelity", "origin", "cost_s")
"""The columns every table starts with."""
NUMBER = "number"
"""The column after those: candidates as they were proposed, from 1; empty for what was never proposed."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a campaign's table, in order; names in one group never repeat."""

    variables: tuple[str, ...]
    properties: tuple[str, ...]
    constraints: tuple[str, ...]
    deviations: tuple[str, ...]
    """Properties of which some standard error is known; their columns end in `_std`."""

    @property
    def names(self) -> list[str]:
        """Every column's name; one that would repeat an earlier column's says what it is."""
        names = [*HEAD, NUMBER]
        names += [_unused(v, "variable", names) for v in self.variables]
        names += [_unused(p, "property", names) for p in self.properties]
        names += [_unused(c, "constraint", names) for c in self.constraints]
        names += [_unused(f"{p}_std", "deviation", names) for p in self.deviations]
        return [*names, _unused("error", "reason", names)]


def _unused(name: str, kind: str, taken: list[str]) -> str:
    return f"{name} ({kind})" if name in taken else name


def _ordered(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """All names, each where it first stands."""
    return tuple(dict.fromkeys(name for group in groups for name in group))


def variable_names(outcomes: Iterable[Outcome], space: Sequence[str] = ()) -> list[str]:
    """The variables that any of them has, for not all are active everywhere, in one order whichever comes first.

    It is the space's, where its variables are given, else that in which candidates have them.
    """
    rows = list(dict.fromkeys(tuple(outcome.variables) for outcome in outcomes))
    seen = {name for row in rows for name in row}
    found = [name for name in space if name in seen]
    for row in rows:
        place = len(found)
        for name in reversed(row):  # what is new stands before what follows it in its own row
            if name in found:
                place = found.index(name)
            else:
                found.insert(place, name)
    return found


def settings(spec: CampaignSpec, names: Iterable[str]) -> list[str]:
    """The variables of those names that somebody could set; not those by which a crystal is drawn again."""
    drawn = set(_drawn(spec.space.model_dump()))
    return [name for name in names if name not in drawn]


def _drawn(space: Mapping[str, Any]) -> Iterator[str]:
    """What a space of crystals writes down beside what was asked for, also where it is a part of another space."""
    if space.get("use") == "crystal":
        yield from RECORD
    if space.get("use") == "product":
        for part, own in space.get("parts", {}).items():
            yield from (text for name in _drawn(own) for text in (name, f"{part}.{name}"))


def columns(ledger: Ledger) -> Columns:
    """Variables, properties (objectives first), constraints (excess, <= 0 holds), and standard errors."""
    goals = [goal.name for goal in ledger.spec.goals]
    return Columns(
        variables=tuple(variable_names(ledger.outcomes)),
        properties=_ordered([goals, *(o.values for o in ledger.outcomes)]),
        constraints=tuple(limit.name for limit in ledger.spec.limits),
        deviations=_ordered(o.errors for o in ledger.outcomes),
    )


def table(ledger: Ledger) -> tuple[list[str], list[list[Cell]]]:
    """Column names and rows, a row an evaluation; oracles asked about different properties share the row.

    A rung of a ladder has a row of its own. Natural units; None where there is no value.
    """
    shape = columns(ledger)
    rows = [_row(outcome, group, shape) for outcome in ledger.outcomes for group in _rungs(outcome)]
    return shape.names, rows


def _rungs(outcome: Outcome) -> list[tuple[Evaluation, ...]]:
    """The outcome's evaluations by fidelity, cheapest first; one empty group when there are none."""
    levels = sorted({e.fidelity for e in outcome.evaluations})
    return [tuple(e for e in outcome.evaluations if e.fidelity == level) for level in levels] or [()]


def _row(outcome: Outcome, group: tuple[Evaluation, ...], shape: Columns) -> list[Cell]:
    last = not group or group[-1].fidelity == max(e.fidelity for e in outcome.evaluations)
    values, errors = (outcome.values, outcome.errors) if last else _said(group)
    excess = outcome.excess if last else ()
    head: list[Cell] = [
        outcome.id,
        outcome.round_number,
        outcome.status if last else _status(group),
        "+".join(dict.fromkeys(e.oracle for e in group)) or None,
        group[-1].fidelity if group else None,
        (outcome.name if outcome.origin.startswith(HISTORY) else outcome.origin) or None,
        sum(e.cost_s for e in group) if group else outcome.cost_s,
        outcome.proposal,
    ]
    return [
        *head,
        *(outcome.variables.get(name) for name in shape.variables),
        *(finite(values.get(name)) for name in shape.properties),
        *(finite(excess[i] if i < len(excess) else None) for i in range(len(shape.constraints))),
        *(finite(errors.get(name)) for name in shape.deviations),
        (outcome.error if last else " ".join(e.error for e in group)) or None,
    ]


def _said(group: tuple[Evaluation, ...]) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Values and standard errors of one rung."""
    values = {name: value for e in group for name, value in e.values.items()}
    return values, {name: error for e in group for name, error in e.errors.items()}


def _status(group: tuple[Evaluation, ...]) -> str:
    return "failed" if any(e.status == "failed" for e in group) else "finished"


def finite(value: float | None) -> float | None:
    """The value, None when there is none or it is NaN or infinite."""
    return value if value is not None and math.isfinite(value) else None
