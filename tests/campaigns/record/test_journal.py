import math
import sqlite3
import threading

import pytest

from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.record.journal import APPLICATION_ID, NAME, VERSION, Draft, Journal, holds_campaign
from eutectic.campaigns.record.lock import FolderLock, in_use


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
