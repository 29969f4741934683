"""This file is how events become the record: one function an event kind, the same for a live run and a resumed one."""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.attachments import Attachment
from eutectic.campaigns.record.columns import Columns
from eutectic.campaigns.record.facts import source_of
from eutectic.campaigns.record.journal import BY_HAND, SHARED, Entry
from eutectic.campaigns.record.leases import Telling, leased
from eutectic.campaigns.record.notes import read
from eutectic.campaigns.record.outcomes import Batch, Change, Ledger, Outcome, Round, Rounds, State
from eutectic.campaigns.record.steps import (
    OPEN,
    Body,
    added,
    corrected,
    counted,
    ended,
    gated,
    learned,
    measured_anew,
    of_history,
    proposed,
    remarked,
    reported,
    settled,
    started,
    told,
    validated,
)
from eutectic.campaigns.record.table import Outcomes
from eutectic.campaigns.record.volume import Front
from eutectic.oracles.base import Candidate, Evaluation

ReuseKey = tuple[str, str, str]
"""Candidate id, oracle name, settings hash with seed."""


@dataclass(slots=True)
class Record:
    """The journal, folded up to `seq`; changes with every event that is applied."""

    spec: CampaignSpec
    source: str
    """Folder that relative paths of the campaign file are taken from."""
    facts: Mapping[str, object]
    seq: int = 0
    outcomes: Outcomes = field(default_factory=Outcomes)
    candidates: MutableMapping[int, Candidate] = field(default_factory=dict)
    """By number, as they were proposed."""
    batches: list[Batch] = field(default_factory=list)
    ended: dict[int, tuple[float | None, Body]] = field(default_factory=dict)
    """Round -> hypervolume and diagnostics."""
    regrets: dict[int, float | None] = field(default_factory=dict)
    """Round -> share of the hypervolume that may be missing, where it was asked for."""
    reference: tuple[float, ...] | None = None
    state: State = "running"
    text: str = ""
    sessions: list[tuple[float, float]] = field(default_factory=list)
    """Unix time of the first and the last event of each session, s."""
    earlier_s: float = 0.0
    """What all sessions but the last took."""
    by_hand: bool = False
    """Was the last session one asking by hand, so that nobody computes?"""
    stop_asked: int = 0
    """Number of the event that asked this session to stop; 0 where nobody did."""
    wanted: int = 0
    """So many candidates somebody asked this session to have ready for people."""
    wanted_by: int = 0
    """Number of the event that did."""
    wanted_for: str = ""
    """Who makes them; "" where nobody said, and once they are asked for."""
    overhead_s: float = 0.0
    paid: MutableMapping[ReuseKey, Evaluation] = field(default_factory=dict)
    """Evaluations that need not be paid for again."""
    unsettled: set[int] = field(default_factory=set)
    by_id: MutableMapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Candidate id -> the numbers it was proposed under, in order."""
    stale: int | None = None
    """The first of the ended rounds whose hypervolume is to be seen again, since something it counted changed."""
    settings: dict[str, str] = field(default_factory=dict)
    """Oracle -> settings hash under which it gave its last values."""
    changes: list[Change] = field(default_factory=list)
    tellings: MutableMapping[str, Telling] = field(default_factory=dict)
    """Key -> what was told under it."""
    to_run: bool = False
    """Somebody asked for it to be run, and nobody to stop since."""
    chosen: tuple[int, ...] | None = None
    """Numbers of what is computed once more at the end; None until that begins."""
    front: Front = field(default_factory=Front, compare=False)
    """Of what was feasible before the rounds that are to end; no more than what the outcomes say, and all copies'."""

    def apply(self, entries: Iterable[Entry]) -> None:
        """Fold in what came after `seq`."""
        for entry in entries:
            assert entry.seq > self.seq
            before = self.outcomes.get(entry.number or 0)
            if self.sessions and self.state == "running" and entry.kind not in FOREIGN:
                first, last = self.sessions[-1]  # a clock that is set back takes no time back
                self.sessions[-1] = (first + min(0.0, entry.at - last), entry.at)
            if entry.kind in STEPS:
                assert entry.number is not None
                self.outcomes[entry.number] = STEPS[entry.kind](self.outcomes[entry.number], entry.body, entry.at)
            else:
                FOLDS[entry.kind](self, entry)
            outcome = None if entry.number is None else self.outcomes.get(entry.number)
            if outcome is not None:
                outcome = self.outcomes[outcome.number] = counted(before, outcome, entry.seq)
            if "key" in entry.body:
                self.tellings[str(entry.body["key"])] = Telling.of(outcome, entry.body)
            self.seq = entry.seq

    def rest(self, state: State) -> None:
        """Nothing runs any more, or yet: what was running is proposed again."""
        self.state = state
        for number in self.unsettled:
            if self.outcomes[number].status == "running":
                self.outcomes[number] = replace(self.outcomes[number], status="proposed")

    @property
    def columns(self) -> Columns:
        """A row an outcome, in the order in which they came; to be read before anything more is applied."""
        return self.outcomes.columns(self.spec)

    @property
    def proposed(self) -> int:
        """Candidates proposed so far, whatever became of them; those that were given back do not count."""
        return int(self.columns.proposed.sum())

    def copy(self) -> "Record":
        """Another record that says the same, to be folded on its own until this one is; outcomes never change."""
        other = copy(self)
        assert len(self.columns.number) == len(self.outcomes)  # in step, so that the copy need not be brought so
        other.outcomes = self.outcomes.copy()
        for name in ("ended", "regrets", "settings"):
            setattr(other, name, dict(getattr(self, name)))
        for name in ("candidates", "paid", "by_id", "tellings"):  # of these nothing is looked through
            setattr(other, name, ChainMap({}, getattr(self, name)))
        other.batches, other.sessions, other.unsettled = [*self.batches], [*self.sessions], {*self.unsettled}
        other.changes = [*self.changes]
        return other

    def supersede(self, before: Outcome, after: Outcome) -> None:
        """Put an outcome in the place of what it was; rounds that counted it are to be seen again."""
        self.outcomes[after.number] = after
        counted = (before.feasible, before.losses), (after.feasible, after.losses)
        first = max(0, after.round)
        if first in self.ended and counted[0] != counted[1] and (before.feasible or after.feasible):
            self.stale = first if self.stale is None else min(first, self.stale)

    @property
    def hours(self) -> float:
        """Wall hours over all sessions, up to the last event of each."""
        first, last = self.sessions[-1] if self.sessions else (0.0, 0.0)
        return (self.earlier_s + last - first) / 3600

    def members(self, index: int) -> tuple[Outcome, ...]:
        """The outcomes of one round."""
        own = self.outcomes.arrived()
        return tuple(own[place] for place in np.flatnonzero(self.columns.round == index))

    def round(self, index: int) -> Round:
        """A round that has ended."""
        hypervolume, diagnostics = self.ended[index]
        return Round(index, self.members(index), hypervolume, diagnostics, self.regrets.get(index))

    def ledger(self, folder: str, lasting: bool = True) -> Ledger:
        """A frozen copy; one that does not last is read before anything more is applied, and looks at the columns."""
        settled, outcomes, arrived = self.outcomes.settled(self.spec, lasting), *self.outcomes.both()
        return Ledger(
            spec=self.spec,
            folder=folder,
            state=self.state,
            outcomes=outcomes,
            batches=tuple(self.batches),
            rounds=Rounds(self.ended, self.regrets, arrived),
            reference=self.reference,
            facts={**self.facts, "source": source_of(Path(folder), self.source, self.facts)},
            overhead_s=self.overhead_s,
            hours=self.hours,
            reason=self.text,
            changes=tuple(self.changes),
            wanted=self.to_run,
            columns=settled,
            columns_of=outcomes,
        )


def begin(entries: Sequence[Entry]) -> Record:
    """A record of all events; the first one says what the campaign is."""
    body: Body = entries[0].body
    record = Record(CampaignSpec.from_content(body["spec"]), body["source"], body["facts"], seq=entries[0].seq)
    record.apply(entries[1:])
    return record


def _known(record: Record, entry: Entry) -> None:
    """Outcomes 0, -1, -2, ... from what was known before the start; the sanity gate is for them, too."""
    body: Body = entry.body
    for place, row in enumerate(body["rows"]):
        record.outcomes[-place] = of_history(row, -place, record.spec, entry.at)


def _added(record: Record, entry: Entry) -> None:
    """A result never suggested: numbered like what was known before, in the round that was on when it came."""
    assert entry.number is not None
    body: Body = entry.body
    row, number = body["row"], entry.number
    index = len(record.ended) if len(record.ended) < len(record.batches) else len(record.ended) - 1
    outcome = replace(proposed(row, number, index, entry.at), origin=row["origin"])
    record.by_id[row["id"]] = (*record.by_id.get(row["id"], ()), number)
    record.supersede(outcome, added(outcome, {"fidelity": 0.0, **row, **body}, record.spec, entry.at))


def _session(record: Record, entry: Entry) -> None:
    """What ran when the last session died will run again; what was asked since the lock was taken is asked of this."""
    record.rest("running")
    body: Body = entry.body
    heard = body.get("heard", entry.seq)
    first, last = record.sessions[-1] if record.sessions else (0.0, 0.0)
    record.earlier_s += last - first
    record.sessions.append((entry.at, entry.at))
    record.by_hand = body.get("pid") is None
    record.text = ""
    record.stop_asked = record.stop_asked if record.stop_asked > heard else 0
    record.wanted = record.wanted if record.wanted_by > heard else 0


def _asked(record: Record, entry: Entry) -> None:
    body: Body = entry.body
    batch = Batch(**{**read(body["batch"]), "asked_at": entry.at})
    record.batches.append(batch)
    record.wanted_for = ""
    for row in body["proposals"]:
        number = row["number"]
        outcome = record.outcomes[number] = proposed(row, number, batch.index, entry.at)
        record.candidates[number] = Candidate.from_json({**row["candidate"], "variables": outcome.variables})
        record.unsettled.add(number)
        record.by_id[outcome.id] = (*record.by_id.get(outcome.id, ()), number)


def _evaluated(record: Record, entry: Entry) -> None:
    """The last attempt of each oracle stands; values of a failed one do not count."""
    assert entry.number is not None
    body: Body = entry.body
    evaluation = Evaluation.from_json(body["evaluation"])
    if evaluation.status == "finished":
        record.settings[evaluation.oracle] = body["settings"].partition(":")[0]
    outcome = learned(record.outcomes[entry.number], evaluation)
    attempts = max(outcome.attempts, body["attempt"])
    record.outcomes[entry.number] = replace(outcome, cost_s=outcome.cost_s + evaluation.cost_s, attempts=attempts)
    if not body["again"] and evaluation.failure != "infrastructure":
        record.paid.setdefault((outcome.id, evaluation.oracle, body["settings"]), evaluation)


def _returned(record: Record, entry: Entry) -> None:
    """A candidate is not made: it counts for no budget, and is asked for again unless that is ruled out."""
    assert entry.number is not None
    body: Body = entry.body
    outcome = replace(record.outcomes[entry.number], status="returned", barred=body["never"], lease=None)
    outcome = replace(outcome, error=body["why"])
    said = f"returned{', never to be asked for again' if body['never'] else ''}"
    said += f": {body['why']}" if body["why"] else ""
    record.outcomes[entry.number] = remarked(outcome, said, body.get("by", ""), entry.at)
    record.unsettled.discard(entry.number)


def _chosen(record: Record, entry: Entry) -> None:
    record.chosen = tuple(entry.body["numbers"])  # type: ignore[arg-type]


def _settled(record: Record, entry: Entry) -> None:
    """Only the first settlement counts, except that what a person tells overrides a failure."""
    assert entry.number is not None
    body: Body = entry.body
    outcome = record.outcomes[entry.number]
    if outcome.status in OPEN or body.get("told"):
        at = entry.at if outcome.finished_at is None or outcome.status != "finished" else outcome.finished_at
        said = {"failure": body["failure"], "error": body["error"], "provisional": tuple(body.get("provisional", ()))}
        record.supersede(outcome, settled(outcome, body["status"], record.spec, at, said))
        (record.unsettled.add if body["status"] in OPEN else record.unsettled.discard)(entry.number)


def _reference(record: Record, entry: Entry) -> None:
    """The reference point, and the rounds before it seen again by its light."""
    body: Body = entry.body
    record.reference, record.stale = tuple(body["reference"]), None
    for index, hypervolume in body["hypervolumes"]:
        record.ended[index] = (hypervolume, record.ended[index][1])


def _round(record: Record, entry: Entry) -> None:
    body: Body = entry.body
    record.ended[body["index"]] = (body["hypervolume"], body["diagnostics"])
    record.regrets[body["index"]] = body.get("regret")
    record.overhead_s += body["overhead_s"]


def _wanted(record: Record, entry: Entry) -> None:
    body: Body = entry.body
    record.wanted, record.wanted_by, record.wanted_for = body["n"], entry.seq, body.get("holder", "")


def _start(record: Record, entry: Entry) -> None:
    del entry
    record.to_run = True


def _stop(record: Record, entry: Entry) -> None:
    record.stop_asked, record.to_run = entry.seq, False


def _changed(record: Record, entry: Entry) -> None:
    """Other sections from here on: what was measured is seen by their light, and what was fitted is forgotten."""
    body: Body = entry.body
    before, record.spec = record.spec, CampaignSpec.from_content(body["spec"])
    for number, x in body.get("x", {}).items():
        if int(number) in record.outcomes:
            own = replace(record.outcomes[int(number)], x=tuple(x), aside=int(number) in body.get("aside", ()))
            record.outcomes[int(number)] = replace(own, variables={**body.get("with", {}), **own.variables})
            candidate = record.candidates.get(int(number))
            if candidate is not None and body.get("with"):
                variables = {**body["with"], **candidate.variables}
                record.candidates[int(number)] = replace(candidate, variables=variables)
    for number, values in body.get("distances", {}).items():
        if int(number) in record.outcomes:
            record.outcomes[int(number)] = measured_anew(record.outcomes[int(number)], values)
    record.settings |= body.get("settings", {})
    anew = before.goals != record.spec.goals
    if anew or before.limits != record.spec.limits or before.windows != record.spec.windows:
        for number, outcome in record.outcomes.items():
            if outcome.status == "finished" or outcome.failure == "unphysical":
                assert outcome.finished_at is not None
                again = replace(outcome, failure="", error="")
                record.outcomes[number] = ended(again, record.spec, outcome.finished_at)
            elif outcome.finished_at is not None:
                record.outcomes[number] = settled(outcome, outcome.status, record.spec, outcome.finished_at)
        record.stale = 0 if record.ended else None
    record.reference = None if anew else record.reference
    record.batches = [replace(b, stage=min(b.stage, len(record.spec.optimizers) - 1)) for b in record.batches]
    if record.batches and before.model_copy(update=KEPT) != record.spec.model_copy(update=KEPT):
        record.batches[-1] = replace(record.batches[-1], state={})
    record.changes.append(Change(entry.at, body["by"], tuple(body["differences"]), len(record.ended), anew))
    record.state, record.text = ("stopped" if record.state == "done" else record.state), ""


def _note(record: Record, entry: Entry) -> None:
    if entry.number is not None:
        text, by = str(entry.body["text"]), str(entry.body.get("by", ""))
        file = Attachment.from_json(entry.body["file"]) if "file" in entry.body else None  # type: ignore[arg-type]
        record.outcomes[entry.number] = remarked(record.outcomes[entry.number], text, by, entry.at, file)


def _state(record: Record, entry: Entry) -> None:
    body: Body = entry.body
    record.rest(body["state"])
    record.text, record.overhead_s = body["text"], record.overhead_s + body["overhead_s"]


KEPT: Mapping[str, Any] = {"budget": None, "executor": None, "tracking": None, "cache": None, "validation": None}
"""Sections whose change leaves what was fitted as it is."""
FOREIGN = frozenset({*BY_HAND, *SHARED, "told", "stop", "session", "note"})
"""Kinds that any process may write, so that they say nothing of how long a session has lasted."""
FOLDS: Mapping[str, Callable[[Record, Entry], None]] = {
    "known": _known,
    "session": _session,
    "asked": _asked,
    "evaluated": _evaluated,
    "added": _added,
    "returned": _returned,
    "settled": _settled,
    "chosen": _chosen,
    "reference": _reference,
    "round": _round,
    "wanted": _wanted,
    "start": _start,
    "stop": _stop,
    "note": _note,
    "changed": _changed,
    "state": _state,
}
"""One for every kind of event but `begun` and those that are a step of one outcome."""
STEPS: Mapping[str, Callable[[Outcome, Body, float], Outcome]] = {
    "started": started,
    "told": told,
    "corrected": corrected,
    "reported": reported,
    "leased": leased,
    "gate": gated,
    "validated": validated,
}
"""The other kinds: an outcome, what the event says and when (Unix time, s) -> the outcome after it."""
