"""This file is the campaign's talk with a person: what to measure, and what came out, said in words or in a sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.hand.sheet import Row, contradiction
from eutectic.campaigns.hand.words import refusal
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.oracles.base import Value


def suggested(campaign: Campaign, n: int, context: Mapping[str, Value] | None = None) -> tuple[list[Outcome], str]:
    """Up to n candidates for a person, and why there are fewer: first those that wait for one, then new ones.

    Where no oracle is a person, whatever was proposed and never evaluated waits, unless a process runs the campaign.
    A process that runs the campaign does the asking; CampaignFolderError when that asks nothing of people.
    """
    ready, running = campaign.waiting(), campaign.running
    if len(ready) < n and running:
        ready = campaign.want(n)
    elif len(ready) < n:
        ready += campaign.ask(n - len(ready), context)
    return ready[:n], "" if len(ready) >= n or running else campaign.why_fewer()


def tell_row(campaign: Campaign, row: Row, repeat: bool = False, by: str = "") -> bool:
    """Tell what one line says; False when the campaign holds it already, or the line says nothing.

    So a sheet may be told again after it grew. CampaignFileError with the line's place.
    """
    if row.empty:
        return False
    try:
        return _tell(campaign, replace(row, by=row.by or by), repeat)
    except CampaignFileError as error:
        complaints = [Complaint(c.path, c.message, c.place or row.place) for c in error.complaints]
        raise CampaignFileError(complaints) from None


def _context(campaign: Campaign, row: Row) -> dict[str, Value]:
    """What a line says of variables that were measured with the sample and not chosen."""
    given: tuple[str, ...] = getattr(campaign.problem.generator, "contexts", ())
    return {name: row.variables[name] for name in given if row.variables.get(name)}


def _tell(campaign: Campaign, row: Row, repeat: bool) -> bool:
    if not row.id:
        return _add(campaign, row, repeat)
    outcome = campaign.find(row.id)
    wrong = contradiction(row, outcome, campaign.problem)
    if wrong is not None:
        raise refusal(wrong)
    if row.failed:
        if outcome.barred and outcome.error == row.failed:
            return False
        campaign.fail(row.id, row.failed, by=row.by)
    elif row.values and not held(outcome, row):
        campaign.tell(row.id, {**row.values, **_context(campaign, row)}, row.errors, repeat, row.by, row.note)
    elif row.note and row.note not in (remark.text for remark in outcome.remarks):
        campaign.note(row.id, row.note, row.by)
    else:
        return False
    return True


def _add(campaign: Campaign, row: Row, repeat: bool) -> bool:
    """Add what was never suggested, unless that was done."""
    if row.failed or not row.values:
        raise refusal("a line without an id is a result that was never suggested, and needs its values")
    known = campaign.same(row.variables)
    if known is not None and held(known, row):
        return False
    campaign.add(row.variables, row.values, row.errors, repeat, row.by, row.note)
    return True


def held(outcome: Outcome, row: Row) -> bool:
    """Does the record hold what a line says: as one of the measurements, or as the values?"""
    known = [outcome.values, *(m.values for m in outcome.measurements)]
    return any(all(values.get(name) == value for name, value in row.values.items()) for values in known)


def checked(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows; CampaignFileError when two of them say different things of what one candidate is made of."""
    first: dict[str, Row] = {}
    for row in rows:
        other = first.setdefault(row.id, row) if row.id else row
        for name, text in row.variables.items():
            before = other.variables.get(name, text)
            if before != text:
                message = f"{name} of candidate '{row.id}' is {text} here and {before} in {other.place}"
                raise refusal(f"{message}; measurements of one sample share its variables", row.place)
    return rows
