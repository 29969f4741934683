"""This file is the journal read back: the ledger for people, the history for optimizers."""

import sqlite3
from pathlib import Path

from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.record.fold import Record, begin
from eutectic.campaigns.record.journal import Draft, Entry, Journal
from eutectic.campaigns.record.lock import in_use
from eutectic.campaigns.record.outcomes import Ledger


def read_ledger(folder: str | Path) -> Ledger:
    """Everything the journal says, also while another process runs the campaign; CampaignFolderError without one.

    A campaign whose process died without a word is `stopped`.
    """
    path = Path(folder)
    journal = Journal.open(path)
    try:
        record = read_record(journal)
    finally:
        journal.close()
    if record.state == "running" and not in_use(path):
        record.rest("stopped")
    return record.ledger(str(path))


def read_record(journal: Journal) -> Record:
    """The journal, folded; CampaignFolderError when its events cannot be understood."""
    try:
        return begin(journal.since())
    except (sqlite3.DatabaseError, KeyError, IndexError, TypeError, ValueError) as error:
        raise CampaignFolderError(f"{journal.path}: damaged ({type(error).__name__}: {error})") from error


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
