"""This file is the journal: the campaign's only state, an append-only SQLite table with one transaction an event.

Nothing is ever changed or removed; everything else (ledger, history, report, MLflow) is a fold over the events.

kind        content
begun       spec, source (folder that relative paths are taken from), facts
known       rows: what was known before the start
session     pid, host: a process took the campaign up
asked       batch (index, stage, optimizer, ask_s, state, notes) and its proposals, all or none of them
started     oracle, attempt
evaluated   settings (hash), attempt, again (it will be tried again), evaluation
told        oracle, values, errors, fidelity (on a ladder), repeat (another measurement), by, note: given by hand, maybe
            by another process
added       row, oracle, by, note, failed (why it gave no values): a result that was never suggested, by hand
reported    oracle, failure, error, fidelity, by: by hand, that a sample gave no values
corrected   measurement (its place), values, errors, before (the values it had), why, by: by hand
changed     set, by, spec (as it is from here on), differences, x (new coordinates by number, where the space changed),
            aside (numbers that have no place there), with (what new variables were before), distances (of curves to
            another target, by number and place of the evaluation), settings (hashes of the oracles that this alone
            has changed)
returned    why, never (to be asked for again), by: it is not made
leased      holder, until (Unix time, s), by: somebody has taken it to make; a later one stands in its place, and a
            holder of "" gives it up for others to make
gate        rung, passed, chance, reason: does it go on to the next rung of the ladder?
settled     status, failure, error, told (by hand), provisional (properties that are not the top rung's, on a ladder):
            nothing more will happen to it, unless somebody tells
reference   reference (m,), hypervolumes of the rounds that ended before it was fixed
round       index, hypervolume, diagnostics, fit_s, overhead_s
chosen      numbers: the best, to be computed once more at the end
validated   settings (hash), attempt, again, evaluation: that was done
wanted      n, by: somebody asked the running process to have so many candidates ready for people
start       by: somebody asked for a process that runs the campaign
stop        by: somebody asked the running process to stop
note        text, by, file (name, sha256, bytes: kept beside the journal)
state       state, text, overhead_s: the process put the campaign down

Whatever is told by hand may have `key`: the teller's own name of that telling, under which it counts once.

Durability: the database is in WAL mode, so a transaction that was committed survives the death of the process by any
signal. Transactions that hold results or proposals are also flushed to the disk (synchronous=FULL) and survive a power
failure; a `started` is not (synchronous=NORMAL), and what a power failure can cost is that mark alone.

Floats are written by `repr` and read back bit by bit; NaN and infinities are kept as Python's JSON writes them.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eutectic.campaigns.errors import CampaignFolderError

NAME = "journal.sqlite"
APPLICATION_ID = 0x45755443
"""`EuTC`, in the header of the database file: this is a journal of ours."""
VERSION = 4
"""Of the schema and of the events' content; a journal with a larger one is refused."""
BY_HAND = ("wanted", "changed", "added", "reported", "corrected", "returned")
SHARED = ("leased", "start")
SINCE: Mapping[str, int] = {**dict.fromkeys(BY_HAND, 3), **dict.fromkeys(SHARED, 4)}
"""Kind -> the version that brought it; an older journal gets that version with the first such event."""
BUSY_S = 30.0
"""Seconds a writer waits for another process's transaction."""
PASSING = frozenset({"started", "note", "session"})
"""Kinds that need not survive a power failure."""
SCHEMA = (
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, number INTEGER, body TEXT)"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it stands in the journal."""

    seq: int
    at: float
    """Unix time, s."""
    kind: str
    number: int | None
    """The outcome it is about."""
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Draft:
    """One event to be written."""

    kind: str
    body: Mapping[str, object]
    number: int | None = None


class Journal:
    """One connection to a campaign's journal; use it from one thread."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path
        self._version = -1

    @classmethod
    def create(cls, folder: Path, begun: Mapping[str, object], known: Mapping[str, object] | None = None) -> "Journal":
        """Begin a journal; CampaignFolderError when the folder already holds one, or a file that is not one."""
        path = folder / NAME
        if holds_campaign(folder):
            raise CampaignFolderError(f"{folder} already holds a campaign; go on with it: campaign resume {folder}")
        connection = _connect(path, "rwc")
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(SCHEMA)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={VERSION}")
            _insert(connection, Draft("begun", begun))
            if known is not None:
                _insert(connection, Draft("known", known))
            connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            connection.close()
            raise CampaignFolderError(f"{path}: cannot begin a journal: {error}") from None
        return cls(connection, path)

    @classmethod
    def open(cls, folder: Path) -> "Journal":
        """Open an existing journal; CampaignFolderError when there is none, or one that is foreign or newer."""
        _require(folder)
        return cls(_connect(folder / NAME, "rw"), folder / NAME)

    def write(self, *drafts: Draft) -> None:
        """Append events in one transaction: all of them or none."""
        with self.transaction(flushed=any(draft.kind not in PASSING for draft in drafts)):
            for draft in drafts:
                self.append(draft)

    @contextmanager
    def transaction(self, flushed: bool = True) -> Iterator[None]:
        """Hold the write lock: what is read inside stays true until the end; `append` writes inside."""
        self._connection.execute(f"PRAGMA synchronous={'FULL' if flushed else 'NORMAL'}")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def append(self, draft: Draft) -> None:
        """Append one event inside a `transaction`."""
        since = SINCE.get(draft.kind, 0)
        if since and self._connection.execute("PRAGMA user_version").fetchone() < (since,):
            self._connection.execute(f"PRAGMA user_version={since}")
        _insert(self._connection, draft)

    def since(self, seq: int = 0) -> list[Entry]:
        """Every event after `seq`, in order."""
        return self._entries("seq > ?", seq)

    def of_kind(self, *kinds: str) -> list[Entry]:
        """Every event of these kinds, in order."""
        return self._entries(f"kind IN ({', '.join('?' * len(kinds))})", *kinds)

    def about(self, number: int) -> list[Entry]:
        """Every event about one outcome after it was proposed, in order."""
        return self._entries("number = ?", number)

    def asked(self, text: str) -> list[Entry]:
        """The `asked` events whose JSON holds a text."""
        return self._entries("kind = 'asked' AND instr(body, ?) > 0", text)

    def _entries(self, where: str, *values: object) -> list[Entry]:
        rows = self._connection.execute(
            f"SELECT seq, at, kind, number, body FROM events WHERE {where} ORDER BY seq",
            values,
        )
        every = rows.fetchall()
        bodies = json.loads(f"[{','.join(row[4] for row in every)}]")  # one text is read sooner than thousands
        return [Entry(row[0], row[1], row[2], row[3], body) for row, body in zip(every, bodies, strict=True)]

    def last(self) -> tuple[int, float]:
        """Number and Unix time, s, of the last event."""
        seq, at = self._connection.execute("SELECT seq, at FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        return int(seq), float(at)

    def touched(self) -> bool:
        """Has another process (or connection) written since this was last asked?"""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        before, self._version = self._version, int(version)
        return before != self._version

    def close(self) -> None:
        """Close the connection; everything written stays."""
        self._connection.close()


def holds_campaign(folder: Path) -> bool:
    """Does the folder hold a journal? CampaignFolderError when it holds something else under that name."""
    path = folder / NAME
    if not path.exists() or path.stat().st_size == 0:
        return False
    connection = _connect(path, "ro")
    try:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            return False  # its process was killed before the first transaction
        _check_header(connection, path)
    except sqlite3.DatabaseError as error:
        raise CampaignFolderError(f"{path}: cannot be read as a journal: {error}") from None
    finally:
        connection.close()
    return True


def _require(folder: Path) -> None:
    """CampaignFolderError unless the folder holds a journal that can be read."""
    if not folder.is_dir():
        raise CampaignFolderError(f"{folder}: no such folder")
    if not holds_campaign(folder):
        raise CampaignFolderError(f"{folder} holds no campaign; begin one: campaign run FILE --dir {folder}")


def _check_header(connection: sqlite3.Connection, path: Path) -> None:
    """CampaignFolderError for another program's database and for a later version's journal."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise CampaignFolderError(f"{path}: a database of another program, not a campaign's journal")
    if version > VERSION:
        raise CampaignFolderError(
            f"{path}: written by a later version (journal format {version}, known up to {VERSION}); "
            "pip install --upgrade eutectic"
        )
    connection.execute("SELECT seq, at, kind, number, body FROM events LIMIT 1").fetchone()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in autocommit mode, `mode` one of ro, rw, rwc."""
    try:
        uri = f"{path.resolve().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise CampaignFolderError(f"{path}: cannot be opened: {error}") from None


def _insert(connection: sqlite3.Connection, draft: Draft) -> None:
    """One row; content that JSON cannot hold is our own mistake and raises TypeError before anything is written."""
    body = json.dumps(draft.body, separators=(",", ":"))
    row = (time.time(), draft.kind, draft.number, body)
    connection.execute("INSERT INTO events (at, kind, number, body) VALUES (?, ?, ?, ?)", row)
