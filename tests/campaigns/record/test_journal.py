import math
import sqlite3
import threading
from contextlib import closing

import pytest

from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.record import journal as journal_module
from eutectic.campaigns.record.fold import FOLDS
from eutectic.campaigns.record.journal import APPLICATION_ID, NAME, VERSION, Draft, Journal, holds_campaign
from eutectic.campaigns.record.lock import FolderLock, in_use

KINDS = {"begun", *FOLDS}


@pytest.fixture
def journal(tmp_path):
    journal = Journal.create(tmp_path, {"spec": {}, "source": ".", "facts": {}})
    yield journal
    journal.close()


def test_floats_come_back_bit_by_bit(journal):
    values = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, math.inf, -math.inf, math.nan]
    journal.write(Draft("note", {"values": values}))
    back = journal.since()[-1].body["values"]
    assert [v.hex() for v in back] == [v.hex() for v in values]


def test_events_of_one_transaction_are_written_all_or_none(journal):
    before = len(journal.since())
    with pytest.raises(TypeError):
        journal.write(Draft("note", {}), Draft("note", {"bad": object()}))
    assert len(journal.since()) == before
    journal.write(Draft("note", {}), Draft("note", {}, 7))
    assert [entry.number for entry in journal.since(before)] == [None, 7]


def test_a_reader_sees_what_another_connection_writes_while_it_writes(journal, tmp_path):
    reader = Journal.open(tmp_path)
    reader.touched()
    assert not reader.touched()
    with journal.transaction():
        journal.append(Draft("note", {}))
        assert len(reader.since()) == 1
    assert reader.touched()
    assert len(reader.since()) == 2
    reader.close()


def test_two_writers_wait_for_each_other(journal, tmp_path):
    def write():
        other = Journal.open(tmp_path)
        for _ in range(50):
            other.write(Draft("note", {}))
        other.close()

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.seq for entry in journal.since()] == list(range(1, 152))


def test_a_folder_with_a_campaign_is_not_begun_again(journal, tmp_path):
    with pytest.raises(CampaignFolderError, match=f"campaign resume {tmp_path}"):
        Journal.create(tmp_path, {})


def test_a_folder_without_a_campaign_is_not_opened(tmp_path):
    with pytest.raises(CampaignFolderError, match="holds no campaign"):
        Journal.open(tmp_path)
    with pytest.raises(CampaignFolderError, match="no such folder"):
        Journal.open(tmp_path / "nowhere")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / NAME).write_text("name: not a journal\n" * 100)
    for use in (Journal.open, lambda folder: Journal.create(folder, {})):
        with pytest.raises(CampaignFolderError, match="cannot be read as a journal"):
            use(tmp_path)


def _database(folder, application, version):
    connection = sqlite3.connect(folder / NAME)
    connection.execute("CREATE TABLE runs (id INTEGER)")
    connection.execute(f"PRAGMA application_id={application}")
    connection.execute(f"PRAGMA user_version={version}")
    connection.commit()
    connection.close()


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    _database(tmp_path, 0, 0)
    before = (tmp_path / NAME).read_bytes()
    for use in (Journal.open, lambda folder: Journal.create(folder, {})):
        with pytest.raises(CampaignFolderError, match="another program"):
            use(tmp_path)
    assert (tmp_path / NAME).read_bytes() == before


def test_a_later_versions_journal_is_refused_with_the_cure(tmp_path):
    _database(tmp_path, APPLICATION_ID, VERSION + 1)
    with pytest.raises(CampaignFolderError, match="pip install --upgrade"):
        Journal.open(tmp_path)


def test_a_damaged_journal_is_refused(journal, tmp_path):
    journal.write(*[Draft("note", {"text": "x" * 500}) for _ in range(100)])
    journal.close()
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes()[:1000] + b"\0" * 4000)
    with pytest.raises(CampaignFolderError, match="cannot be read"):
        Journal.open(tmp_path)


def test_a_creation_that_was_killed_leaves_room_for_another(tmp_path):
    (tmp_path / NAME).touch()
    assert not holds_campaign(tmp_path)
    Journal.create(tmp_path, {}).close()
    assert holds_campaign(tmp_path)


def test_the_lock_is_held_by_one_and_named(tmp_path):
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    assert not in_use(tmp_path)
    first.acquire()
    assert in_use(tmp_path)
    with pytest.raises(CampaignFolderError, match=r"in use by process \d+"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()
    assert not in_use(tmp_path)


def test_results_and_proposals_are_flushed_to_the_disk_before_anything_goes_on(journal):
    """SQLite's `synchronous`: 2 is FULL (survives a power failure), 1 is NORMAL."""
    seen = {}

    def modes(statement):
        if statement.startswith("INSERT"):
            (seen["now"],) = journal._connection.execute("PRAGMA synchronous").fetchone()

    for kind in sorted(KINDS):
        journal._connection.set_trace_callback(modes)
        journal.write(Draft(kind, {}))
        journal._connection.set_trace_callback(None)
        assert seen.pop("now") == (1 if kind in {"started", "note", "session"} else 2), kind
    journal.write(Draft("started", {}))
    journal.write(Draft("started", {}), Draft("evaluated", {}))  # together they need it all the same
    assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    journal.write(Draft("note", {}))
    with journal.transaction():
        assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_journal_is_in_wal_mode_from_its_first_event(tmp_path):
    made = Journal.create(tmp_path, {"spec": {}, "source": ".", "facts": {}})
    made.close()
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_its_first_event_is_flushed_and_written_under_the_lock(tmp_path, monkeypatch):
    statements = []

    def traced(path, mode):
        connection = connect(path, mode)
        connection.set_trace_callback(statements.append)
        return connection

    connect = journal_module._connect
    monkeypatch.setattr(journal_module, "_connect", traced)
    Journal.create(tmp_path, {"spec": {}}, {"rows": []}).close()
    order = [s.split("(")[0] for s in statements if not s.startswith("SELECT")]
    begin = order.index("BEGIN IMMEDIATE")  # not later, at the first insertion, when another process may have begun too
    assert order.index("PRAGMA journal_mode=WAL") < order.index("PRAGMA synchronous=FULL") < begin
    assert begin < order.index(next(s for s in order if s.startswith("CREATE TABLE"))) < order.index("COMMIT")
    assert sum(s.startswith("INSERT") for s in order[begin:]) == 2


def test_two_processes_that_begin_one_journal_at_once_leave_one_campaign(tmp_path):
    for k in range(20):
        folder = tmp_path / str(k)
        folder.mkdir()
        barrier, made, refused = threading.Barrier(3), [], []

        def begin(folder=folder, barrier=barrier, made=made, refused=refused):
            barrier.wait()
            try:
                made.append(Journal.create(folder, {"spec": {}, "source": ".", "facts": {}}))
            except CampaignFolderError as error:
                refused.append(error)

        threads = [threading.Thread(target=begin) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for journal in made:
            entries = journal.since()
            journal.close()
        assert (len(made), len(refused)) == (1, 2)
        assert [entry.kind for entry in entries] == ["begun"]


def test_a_writer_holds_the_lock_from_the_beginning_of_its_transaction(journal, tmp_path):
    with (
        closing(sqlite3.connect(tmp_path / NAME, timeout=0.05)) as other,
        journal.transaction(),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_transaction_that_is_broken_off_leaves_nothing(journal):
    def broken_off():
        with journal.transaction():
            journal.append(Draft("note", {}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()
    assert len(journal.since()) == 1


def test_events_are_found_by_number_kind_and_place(journal):
    journal.write(
        Draft("asked", {"id": "abc"}), Draft("started", {}, 1), Draft("settled", {}, 1), Draft("started", {}, 2)
    )
    assert [e.kind for e in journal.about(1)] == ["started", "settled"]
    assert [e.number for e in journal.of_kind("started")] == [1, 2]
    assert [e.kind for e in journal.since(3)] == ["settled", "started"]
    assert [e.kind for e in journal.asked("abc")] == ["asked"]
    assert journal.asked("abd") == []
