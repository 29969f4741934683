"""This file is one candidate found in the journal and folded alone, so that telling of it does not read everything."""

from dataclasses import replace

from eutectic.campaigns.record.fold import Record, begin
from eutectic.campaigns.record.journal import Entry, Journal
from eutectic.campaigns.record.outcomes import Outcome


def bare(journal: Journal) -> Record:
    """The record of how the campaign began and was changed since, without a single outcome."""
    return begin(journal.of_kind("begun", "changed"))


def called(journal: Journal, text: str) -> list[Outcome]:
    """The outcomes with this number, or whose id begins so, as the whole fold would have them; [] when none does.

    What was known before the start is not looked for.
    """
    number = text.removeprefix("#")
    if number.isdecimal() and (entries := journal.asked(f'"number":{int(number)},')):
        return [_alone(journal, entry, int(number)) for entry in entries]
    if text.startswith("#"):
        return []
    rows = [
        (entry, row["number"])
        for entry in journal.asked(f'"id":"{text}')
        for row in entry.body["proposals"]  # type: ignore[attr-defined]
        if row["id"].startswith(text)
    ]
    return [_alone(journal, entry, number) for entry, number in rows]


def _alone(journal: Journal, asked: Entry, number: int) -> Outcome:
    """One outcome from the events about it; what was running when a session ended is proposed again."""
    own = journal.about(number)
    proposals = [row for row in asked.body["proposals"] if row["number"] == number]  # type: ignore[attr-defined]
    proposal = replace(asked, body={**asked.body, "proposals": proposals})
    entries = [*journal.of_kind("begun", "changed"), proposal, *own]
    outcome = begin(sorted(entries, key=lambda entry: entry.seq)).outcomes[number]
    started = [entry.seq for entry in own if entry.kind == "started"]
    if outcome.status == "running" and any(e.seq > started[-1] for e in journal.of_kind("session", "state")):
        return replace(outcome, status="proposed")
    return outcome
