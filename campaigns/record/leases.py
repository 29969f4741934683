"""This file is who makes which candidate: leases that lapse by the clock, and tellings that count once under their key.

Nothing watches the clock: whether a lease has lapsed is seen when somebody asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from eutectic.campaigns.record.outcomes import Lease, Outcome


@dataclass(frozen=True, slots=True)
class Telling:
    """What was told under a key."""

    number: int | None
    """The outcome it is about."""
    values: Mapping[str, float] | None
    """None where it was something without values."""
    errors: Mapping[str, float]

    @classmethod
    def of(cls, outcome: Outcome | None, body: Mapping[str, Any]) -> "Telling":
        """What an event's body says of an outcome, as the outcome has it where it does; of the rest nothing is kept."""
        content = body.get("said") or body.get("row", body)
        values, errors = content.get("values"), content.get("errors", {})
        last = outcome.measurements[-1] if outcome is not None and outcome.measurements else None
        if last is not None and (last.values, last.errors) == (values, errors):
            values, errors = last.values, last.errors
        return cls(outcome.number if outcome is not None else None, values, errors)

    def says(self, values: Mapping[str, float], errors: Mapping[str, float]) -> bool:
        """Does it say just these values and standard errors?"""
        return self.values == values and self.errors == errors


def leased(outcome: Outcome, body: Mapping[str, Any], at: float) -> Outcome:
    """The outcome in the hands of whom an event names; in nobody's when that is nobody."""
    del at
    return replace(outcome, lease=Lease(body["holder"], body["until"]) if body["holder"] else None)


def another(outcome: Outcome, holder: str, now: float) -> bool:
    """Has somebody else than `holder` taken it, and not let it lapse by `now` (Unix time, s)?"""
    return outcome.lease is not None and outcome.lease.holder != holder and outcome.lease.until > now


def offered(outcomes: Iterable[Outcome], holder: str, now: float) -> list[Outcome]:
    """What may be handed to a holder: their own first, then what nobody has or somebody let lapse, each in order."""
    free = [outcome for outcome in outcomes if not another(outcome, holder, now)]
    return sorted(free, key=lambda outcome: not (holder and outcome.lease and outcome.lease.holder == holder))
