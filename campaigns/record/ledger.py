"""This file is the journal read back: the ledger for people, the record for who leads, one candidate for who tells."""

import gc
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.record.fold import FOREIGN, Record, begin
from eutectic.campaigns.record.journal import Draft, Entry, Journal
from eutectic.campaigns.record.lock import in_use
from eutectic.campaigns.record.lookup import bare, called
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.record.progress import up_to_date

T = TypeVar("T")
LOOKUPS = 2
"""How often a candidate is looked up in the journal before all of it is folded."""


def read_ledger(folder: str | Path) -> Ledger:
    """Everything the journal says, also while another process runs the campaign; CampaignFolderError without one."""
    with closing(Reader(Path(folder))) as reader:
        return reader.ledger()


def seen(record: Record, folder: Path, running: bool) -> Ledger:
    """The record as it stands; of a campaign that no process runs, with everything that has come due.

    A campaign whose process died without a word is `stopped`.
    """
    if running:
        return record.ledger(str(folder))
    if record.state == "running":
        record = record.copy()  # its session may go on, and nothing of what is folded depends on who looked
        record.rest("stopped")
    return up_to_date(record).ledger(str(folder))


def read_record(journal: Journal) -> Record:
    """The journal, folded; CampaignFolderError when its events cannot be understood.

    Python's collector rests meanwhile: nothing of a record is a circle, and looking for some takes half of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return understood(journal, lambda: begin(journal.since()))
    finally:
        if collecting:
            gc.enable()


def understood(journal: Journal, read: Callable[[], T]) -> T:
    """What is read from a journal; CampaignFolderError when its events cannot be understood."""
    try:
        return read()
    except (sqlite3.DatabaseError, KeyError, IndexError, TypeError, ValueError) as error:
        raise CampaignFolderError(f"{journal.path}: damaged ({type(error).__name__}: {error})") from error


class Logbook:
    """A journal and its record, in step; the record is folded when it is first needed."""

    def __init__(self, journal: Journal, folder: str) -> None:
        self.journal = journal
        self.folder = folder
        self._record: Record | None = None
        self._heard = 0  # up to this event, of what others said
        self._news = False  # did somebody say something since?
        self._lookups = 0

    @property
    def record(self) -> Record:
        """Everything that was folded so far."""
        if self._record is None:
            self._record = read_record(self.journal)
            self._heard = self._record.seq
        return self._record

    def bare(self) -> Record:
        """A record that knows the spec and where it came from; of outcomes maybe nothing."""
        return self._record or understood(self.journal, lambda: bare(self.journal))

    def write(self, *drafts: Draft) -> None:
        """Write events in one transaction and fold them in."""
        self.journal.write(*drafts)
        self.fold()

    @contextmanager
    def transaction(self) -> Iterator[list[Draft]]:
        """Hold the write lock: what is read inside stays true until the events that were listed are written.

        Only what was written since is folded, here and at the end.
        """
        with self.journal.transaction():
            self.fold()
            drafts: list[Draft] = []
            yield drafts
            for draft in drafts:
                self.journal.append(draft)
        self.fold()

    def called(self, text: str) -> list[Outcome]:
        """The outcomes with this number, or whose id begins so, in order.

        Asked once or twice it looks them up in the journal; who asks on has the whole record folded, to answer from.
        """
        if self._record is None and self._lookups < LOOKUPS:
            self._lookups += 1
            if found := understood(self.journal, lambda: called(self.journal, text)):
                return found
        return named(self.record, text)

    def latest(self, outcome: Outcome) -> Outcome:
        """An outcome as the record has it now, or as it was worked out where the record is not folded."""
        return outcome if self._record is None else self._record.outcomes[outcome.number]

    def refresh(self) -> list[Entry]:
        """Fold in what other processes have written; what people said of candidates since this was last called."""
        if self.journal.touched():
            self.fold()
        if self._record is None or not self._news:
            return []
        said = [entry for entry in self.journal.since(self._heard) if _foreign(entry)]
        self._heard, self._news = self._record.seq, False
        return [entry for entry in said if entry.seq <= self._heard]

    def ledger(self) -> Ledger:
        """A frozen copy of the record."""
        return self.record.ledger(self.folder)

    def fold(self) -> None:
        """Fold in what has been written since, if anything was folded before."""
        if self._record is None:
            return
        entries = self.journal.since(self._record.seq)
        self._record.apply(entries)
        self._news = self._news or any(map(_foreign, entries))


class Reader:
    """A journal that is looked at again and again, each time from where it was left; use it from one thread."""

    def __init__(self, folder: Path) -> None:
        """CampaignFolderError when there is no journal that can be read."""
        self.folder = folder
        self._logbook = Logbook(Journal.open(folder), str(folder))

    def ledger(self) -> Ledger:
        """Everything the journal says now; CampaignFolderError when its events cannot be understood."""
        book = self._logbook
        understood(book.journal, book.fold)
        return seen(book.record, self.folder, in_use(self.folder))

    def close(self) -> None:
        """Let go of the journal."""
        self._logbook.journal.close()


def _foreign(entry: Entry) -> bool:
    """Is it something that any process may have said of a candidate?"""
    return entry.kind in FOREIGN and entry.number is not None


def named(record: Record, text: str) -> list[Outcome]:
    """The outcomes with this number, or whose id begins so, in order; not what was known before the start."""
    number = text.removeprefix("#")
    if number.isdecimal() and int(number) in record.outcomes and int(number) > 0:
        return [record.outcomes[int(number)]]
    exact = record.by_id.get(text)
    if exact is not None:
        return [record.outcomes[n] for n in exact]
    ids = [] if text.startswith("#") else [id for id in record.by_id if id.startswith(text)]
    return [record.outcomes[n] for id in ids for n in record.by_id[id]]
