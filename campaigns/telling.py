"""This file is the campaign's talk with a person: what to measure, and what came out, in words or in a table."""

import csv
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eutectic.campaigns.analysis.table import HEAD, columns
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.oracles.base import Value
from eutectic.oracles.user.answer import SUFFIX


@dataclass(frozen=True, slots=True)
class Told:
    """What was measured of one candidate."""

    id: str
    values: Mapping[str, float]
    """Properties, in the units their names say."""
    errors: Mapping[str, float]
    """Standard errors of some of them."""


def suggested(campaign: Campaign, n: int, context: Mapping[str, Value] | None = None) -> tuple[list[Outcome], str]:
    """Up to n candidates for a person, and why there are fewer: first those that wait for one, then new ones.

    Where no oracle is a person, whatever was proposed and never evaluated waits, unless a process runs the campaign.
    CampaignFolderError when nothing waits and another process runs the campaign, which then does the asking itself.
    """
    ready, running = campaign.waiting(), campaign.running
    if len(ready) < n and not (ready and running):
        ready += campaign.ask(n - len(ready), context)
    return ready[:n], "" if len(ready) >= n or running else campaign.why_fewer()


def from_words(id: str, words: Sequence[str]) -> Told:
    """`["yield_percent=71.5", "yield_percent_std=0.8"]`; CampaignFileError when a word says something else."""
    pairs = dict(_pair(word) for word in words)
    if not pairs:
        raise refusal("say what was measured: PROPERTY=VALUE")
    return _told(id, {name: _number(text, f"{name}={text}") for name, text in pairs.items()})


def from_csv(path: Path, others: Collection[str] = ()) -> list[Told]:
    """A row a candidate: a column `id`, the rest properties; empty cells say nothing. CampaignFileError otherwise.

    others: columns that may stand there and are passed over, such as the candidate's variables.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            rows, names = list(reader), reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise refusal(f"cannot be read: {error}", str(path)) from None
    if "id" not in names or len(names) < 2:
        raise refusal("a column `id` and a column a property are wanted", f"{path}:1")
    told = [{name: text for name, text in row.items() if name not in others} for row in rows]
    return [_row(row, f"{path}:{line}") for line, row in enumerate(told, start=2)]


def described(ledger: Ledger) -> set[str]:
    """The columns of the campaign's own table that say what a candidate is, not what was measured of it."""
    shape = columns(ledger)
    return {*HEAD[1:], *shape.variables, *shape.constraints, "error"} - {*shape.properties}


def new_to(ledger: Ledger, answers: Sequence[Told]) -> list[Told]:
    """The answers that the campaign does not hold already, so that a table can be told again after it grew."""
    held = {outcome.id: outcome.values for outcome in ledger.outcomes if outcome.status == "finished"}
    return [a for a in answers if any(held.get(a.id, {}).get(name) != value for name, value in a.values.items())]


def refusal(message: str, place: str = "") -> CampaignFileError:
    """The error that says one thing."""
    return CampaignFileError([Complaint((), message, place)])


def _row(row: Mapping[str | None, str | list[str] | None], place: str) -> Told:
    """One line of the table."""
    cells = {str(name): text.strip() for name, text in row.items() if isinstance(text, str) and text.strip()}
    if None in row or not cells.get("id"):
        raise refusal("more cells than columns" if None in row else "no id in this row", place)
    values = {name: _number(text, f"{place}: {name}") for name, text in cells.items() if name != "id"}
    if not values:
        raise refusal("this row measures nothing", place)
    return _told(cells["id"], values)


def _pair(word: str) -> tuple[str, str]:
    """A property's name and its value as text."""
    name, equals, text = word.partition("=")
    if not (name.strip() and equals):
        raise refusal(f"'{word}' is not PROPERTY=VALUE")
    return name.strip(), text.strip()


def _number(text: str, place: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        raise refusal(f"'{text}' is not a number", place) from None
    if not math.isfinite(value):
        raise refusal(f"'{text}' is not a finite number", place)
    return value


def _told(id: str, numbers: Mapping[str, float]) -> Told:
    """Split standard errors from values: a name is an error when the property it would belong to is told too."""
    errors = {
        n.removesuffix(SUFFIX): v
        for n, v in numbers.items()
        if n.endswith(SUFFIX) and n.removesuffix(SUFFIX) in numbers
    }
    return Told(
        id, {n: v for n, v in numbers.items() if n.removesuffix(SUFFIX) not in errors or not n.endswith(SUFFIX)}, errors
    )
