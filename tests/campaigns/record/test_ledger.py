"""A journal and its record in step: what others wrote, what is said once, and what is refused as damaged."""

import gc
import sqlite3
from dataclasses import asdict
from pathlib import Path

import pytest

from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.record.journal import Draft, Entry, Journal
from eutectic.campaigns.record.ledger import Logbook, Reader, read_ledger, read_record, seen
from eutectic.campaigns.record.lock import FolderLock
from tests.campaigns.record.test_fold import SPEC, proposal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A campaign with two candidates that somebody runs."""
    journal = Journal.create(tmp_path, {"spec": SPEC, "source": ".", "facts": {"seed": 1}})
    batch = {"index": 0, "stage": 0, "optimizer": "sobol", "ask_s": 0.1, "state": {}, "notes": []}
    journal.write(
        Draft("session", {"pid": 1, "host": "h"}),
        Draft("asked", {"batch": batch, "proposals": [proposal(1), proposal(2)]}),
    )
    journal.close()
    return tmp_path


def logbook(folder: Path) -> Logbook:
    return Logbook(Journal.open(folder), str(folder))


def settled(number: int) -> Draft:
    return Draft("settled", {"status": "failed", "failure": "error", "error": "x", "told": True}, number)


NOTE = Draft("note", {"text": "cracked", "by": "Ann"}, 2)


def test_what_is_written_is_folded_at_once(folder: Path) -> None:
    book = logbook(folder)
    assert sorted(book.record.unsettled) == [1, 2]
    book.write(settled(1))
    assert sorted(book.record.unsettled) == [2]
    assert [o.status for o in book.ledger().outcomes] == ["failed", "proposed"]


def test_a_reader_reads_every_event_once_and_says_what_a_fresh_reading_says(folder: Path, monkeypatch) -> None:
    read: list[int] = []

    def entries(self: Journal, where: str, *values: object) -> list[Entry]:
        found = whole(self, where, *values)
        read.extend(entry.seq for entry in found)
        return found

    whole = Journal._entries
    reader, other = Reader(folder), logbook(folder)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_entries", entries)
        assert [o.status for o in reader.ledger().outcomes] == ["proposed", "proposed"]
        other.write(settled(1))
        assert [o.status for o in reader.ledger().outcomes] == ["failed", "proposed"]
        other.write(NOTE)
        reader.ledger()
    assert read == [1, 2, 3, 4, 5]
    assert repr(asdict(reader.ledger())) == repr(asdict(read_ledger(folder)))
    reader.close()


def test_what_other_processes_say_of_candidates_is_told_once(folder: Path) -> None:
    book, other = logbook(folder), logbook(folder)
    assert book.record.outcomes[2].remarks == ()
    assert book.refresh() == []
    other.write(NOTE, Draft("wanted", {"n": 3}))
    entries = book.refresh()
    assert [(entry.kind, entry.number) for entry in entries] == [("note", 2)]  # `wanted` is of nobody
    assert book.record.outcomes[2].remarks[0].text == "cracked"
    assert book.record.wanted == 3
    assert book.refresh() == []
    other.write(settled(1))  # no person's word: folded, not told
    assert book.refresh() == []
    assert sorted(book.record.unsettled) == [2]


def entries_alive() -> int:
    gc.collect()
    return sum(type(thing) is Entry for thing in gc.get_objects())


def test_what_was_said_is_not_kept_until_somebody_asks_for_it(folder: Path) -> None:
    book, other = logbook(folder), logbook(folder)
    assert book.record.outcomes[2].remarks == ()
    before = entries_alive()
    other.write(*[NOTE] * 50)
    book.fold()
    assert entries_alive() <= before, "a service that nobody refreshes grows"
    book.write(NOTE)  # said by this process
    assert [entry.kind for entry in book.refresh()] == ["note"] * 51
    assert book.refresh() == []


def test_inside_a_transaction_stands_what_others_wrote_before(folder: Path) -> None:
    book, other = logbook(folder), logbook(folder)
    assert sorted(book.record.unsettled) == [1, 2]
    other.write(settled(1))
    with book.transaction() as drafts:
        assert sorted(book.record.unsettled) == [2]
        drafts.append(settled(2))
    assert sorted(book.record.unsettled) == []
    assert [entry.kind for entry in Journal.open(folder).since()][-2:] == ["settled", "settled"]


def test_nothing_is_written_of_a_transaction_that_fails(folder: Path) -> None:
    book = logbook(folder)

    def fail() -> None:
        with book.transaction() as drafts:
            drafts.append(settled(2))
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail()
    assert sorted(book.record.unsettled) == sorted(logbook(folder).record.unsettled) == [1, 2]


def test_a_campaign_whose_process_died_without_a_word_is_stopped(folder: Path) -> None:
    assert read_ledger(folder).state == "stopped"
    lock = FolderLock(folder)
    lock.acquire()
    try:
        assert read_ledger(folder).state == "running"
    finally:
        lock.release()
    journal = Journal.open(folder)
    assert seen(read_record(journal), folder, running=True).state == "running"
    journal.write(Draft("state", {"state": "failed", "text": "boom", "overhead_s": 1.0}))
    assert seen(read_record(journal), folder, running=False).state == "failed"


def test_a_candidate_is_looked_up_by_number_or_the_beginning_of_its_id_also_before_anything_is_folded(
    folder: Path,
) -> None:
    first = str(proposal(1)["id"])
    book = logbook(folder)
    for _ in range(4):  # the first two from the journal, the others from the record
        assert [o.number for o in book.called(first[:9])] == [o.number for o in book.called("1")] == [1]
    assert book.latest(book.called("1")[0]) == book.record.outcomes[1]
    assert book.called("77") == []
    assert logbook(folder).bare().spec.name == "fold"


def test_a_journal_that_cannot_be_understood_is_damaged_not_a_traceback(folder: Path) -> None:
    connection = sqlite3.connect(folder / "journal.sqlite")
    connection.execute("UPDATE events SET body = '{}' WHERE kind = 'asked'")
    connection.commit()
    connection.close()
    with pytest.raises(CampaignFolderError, match="damaged \\(KeyError"):
        read_ledger(folder)
