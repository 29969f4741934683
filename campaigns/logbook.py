"""This file is the journal with its record beside it: what is written is folded in by the same code as on resume."""

from campaigns.fold import Record
from campaigns.journal import Draft, Entry, Journal
from campaigns.ledger import read_record
from campaigns.records import Ledger


class Logbook:
    """A journal and its record, in step."""

    def __init__(self, journal: Journal, folder: str) -> None:
        self.journal = journal
        self.record: Record = read_record(journal)
        self.folder = folder
        self._foreign: list[Entry] = []

    def write(self, *drafts: Draft) -> None:
        """Write events in one transaction and fold them in."""
        self.journal.write(*drafts)
        self.fold()

    def refresh(self) -> list[Entry]:
        """Fold in what other processes have written; what they told since this was last called."""
        if self.journal.touched():
            self.fold()
        told, self._foreign = self._foreign, []
        return told

    def ledger(self) -> Ledger:
        """A frozen copy of the record."""
        return self.record.ledger(self.folder)

    def fold(self) -> None:
        """Fold in what has been written since."""
        entries = self.journal.since(self.record.seq)
        self.record.apply(entries)
        self._foreign += [entry for entry in entries if entry.kind == "told"]
