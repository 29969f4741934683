"""This file is the campaign's talk with a person: what to measure, and what came out, said in words or in a sheet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.hand.adding import PLACE
from eutectic.campaigns.hand.leasing import LEASE_S, in_other_hands
from eutectic.campaigns.hand.on_record import on_record_of
from eutectic.campaigns.hand.sheet import Row, contradiction
from eutectic.campaigns.hand.words import refusal
from eutectic.campaigns.loop.context import told_curves, told_number
from eutectic.campaigns.problem.curves import Told
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.sharing import batches, lease
from eutectic.generators.abilities import contexts
from eutectic.oracles.base import Value

TRIES = 30
"""How often new candidates are asked for, when others take them first."""


Ask = Callable[[int, Mapping[str, Value] | None], object]


def suggested(
    campaign: Campaign,
    n: int,
    context: Mapping[str, Value] | None = None,
    holder: str = "",
    lease_s: float = LEASE_S,
    by: str = "",
    ask: Ask | None = None,
) -> tuple[list[Outcome], str]:
    """Up to n candidates for a person, and why there are fewer: first those that wait for one, then new ones.

    At the end the best to be measured once more, where the file asks for it: those have finished.

    With a holder they are theirs for `lease_s` seconds: their own come first, and nobody gets what another holds.
    Where no oracle is a person, whatever was proposed and never evaluated waits, unless a process runs the campaign.
    A process that runs the campaign does the asking; CampaignFolderError when that asks nothing of people. Else `ask`
    proposes (so many, in this context), in this process when it is not given.
    """
    ready, running = lease(campaign, n, holder, lease_s, by), campaign.running
    for _ in range(TRIES):
        if len(ready) >= n:
            break
        before, new = batches(campaign), list[Outcome]()
        if running and ask is None:
            campaign.want(n + in_other_hands(campaign.waiting(), holder), by=by, holder=holder)
        elif ask is not None:
            ask(n - len(ready), context)
        else:
            new = campaign.ask(n - len(ready), context, by, holder)
        ready = lease(campaign, n, holder, lease_s, by)
        if not holder:  # also what a program would be asked of first
            ready += [outcome for outcome in new if outcome.number not in {o.number for o in ready}]
        if batches(campaign) == before or not holder:  # nothing new, which others could have been quicker to take
            break
    return ready, "" if len(ready) >= n or running else campaign.why_fewer()


def tell_once(
    campaign: Campaign,
    id: str,
    values: Mapping[str, Told],
    errors: Mapping[str, float] | None = None,
    repeat: bool = False,
    by: str = "",
    note: str = "",
    key: str = "",
) -> Outcome:
    """Tell what was measured of a candidate, whoever holds it, also when it was given back meanwhile.

    What the record holds already is not written down again. CampaignFileError as `Campaign.tell` has it.
    """
    row = Row("", id, {}, {n: v for n, v in values.items() if not isinstance(v, str)}, errors or {})
    outcome = campaign.find(id)
    if not repeat and not note and outcome.status not in ("failed", "refused") and held(campaign, outcome, row):
        return outcome
    if outcome.status == "returned":
        numbers = {name: value for name, value in row.values.items() if name not in outcome.variables}
        return campaign.add({**outcome.variables}, numbers, errors, repeat, by, note, key)
    return campaign.tell(id, values, errors, repeat, by, note, key)


def tell_row(campaign: Campaign, row: Row, repeat: bool = False, by: str = "") -> bool:
    """Tell what one line says; False when the campaign holds it already, or the line says nothing.

    So a sheet may be told again after it grew. CampaignFileError with the line's place.
    """
    if row.empty:
        return False
    try:
        return _tell(campaign, replace(row, by=row.by or by), repeat)
    except CampaignFileError as error:
        own = [replace(c, message=c.message.removeprefix(f"{PLACE}: ")) for c in error.complaints]
        complaints = [replace(c, place=c.place or row.place) for c in own]
        raise CampaignFileError(complaints) from None


def undone(before: Outcome, after: Outcome) -> str:
    """`; #3 had failed (cracked); it is finished now`, where that is what a telling has done; else ""."""
    over = before.status == "failed" and before.number == after.number and after.status != "failed"
    return f"; {after.name} had failed ({before.error}); it is {after.status} now" if over else ""


def tell_rows(campaign: Campaign, rows: Sequence[Row], repeat: bool = False, by: str = "") -> tuple[int, list[str]]:
    """Tell what all lines say; how many said something new, and which failures that has undone.

    CampaignFileError with the place of the first that cannot be told, and how many were told before it, which stay.
    """
    news, failures = 0, list[str]()
    for row in rows:
        try:
            before = campaign.find(row.id) if row.id and row.values else None
            new = tell_row(campaign, row, repeat, by)
            news += new
            if before is not None and new:
                failures.append(undone(before, campaign.logbook.record.outcomes[before.number]))
        except CampaignFileError as error:
            first, *others = error.complaints
            so_far = f"the {news} rows told before it stay" if news > 1 else "the row told before it stays"
            stay = f"; {so_far} told, and the sheet can be told again" if news else "; no row before it was new"
            raise CampaignFileError([replace(first, message=first.message + stay), *others]) from None
    return news, failures


def _context(campaign: Campaign, row: Row) -> dict[str, Value]:
    """What a line says of variables that were measured with the sample and not chosen."""
    given = contexts(campaign.problem.generator)
    return {name: row.variables[name] for name in given if row.variables.get(name)}


def _tell(campaign: Campaign, row: Row, repeat: bool) -> bool:
    if not row.id:
        return _add(campaign, row, repeat)
    outcome = campaign.find(row.id)
    wrong = contradiction(row, outcome, campaign.problem)
    if wrong is not None:
        raise refusal(wrong)
    if row.validation:
        if outcome.validation is not None or not (row.values or row.failed):
            return False
        campaign.tell_validation(row.id, row.values, row.errors, row.failed, row.by, row.note)
        return True
    if row.failed:
        if outcome.barred and outcome.error == row.failed:
            return _noted(campaign, row, outcome)
        campaign.fail(row.id, row.failed, by=row.by, note=row.note)
    elif row.values and not held(campaign, outcome, row):
        campaign.tell(row.id, {**row.values, **_context(campaign, row)}, row.errors, repeat, row.by, row.note)
    else:
        return _noted(campaign, row, outcome)
    return True


def _noted(campaign: Campaign, row: Row, outcome: Outcome) -> bool:
    """Write down a line's note, unless the record has it; is it new?"""
    if not row.note or row.note in (remark.text for remark in outcome.remarks):
        return False
    campaign.note(row.id, row.note, row.by)
    return True


def _add(campaign: Campaign, row: Row, repeat: bool) -> bool:
    """Add what was never suggested, unless that was done."""
    if not (row.failed or row.values):
        raise refusal("a line without an id is a result never suggested, and needs its values, or why it failed")
    before = campaign.same(row.variables)
    if before is not None and (before.error == row.failed if row.failed else held(campaign, before, row)):
        return False
    campaign.add(row.variables, row.values, row.errors, repeat, row.by, row.note, failed=row.failed)
    return True


def held(campaign: Campaign, outcome: Outcome, row: Row) -> bool:
    """Does the record hold what a line says: as one of the measurements, or as the values?"""
    curves = told_curves(campaign.problem, row.values)
    if curves and not any(_within(curves, m.curves) for m in outcome.measurements):
        return False
    said = {n: told_number(campaign.problem, n, v) if n in curves else v for n, v in row.values.items()}
    known = on_record_of(outcome)
    return any(_within(said, values) and _within(row.errors, errors) for values, errors in known)


def _within(some: Mapping[str, object], all_of_them: Mapping[str, object]) -> bool:
    return all(all_of_them.get(name) == value for name, value in some.items())


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
