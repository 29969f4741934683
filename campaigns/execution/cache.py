"""This file is the cache that campaigns share: what one of them computed, none computes again.

A SQLite file in WAL mode, safe for several processes. An entry is an evaluation under the candidate's id, the oracle's
settings (options and files; what it was given of other oracles' values) and the seed. What depended on where it ran is
not kept: failures of the infrastructure, crashes, time and memory limits.
"""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eutectic.campaigns.errors import CampaignFolderError
from eutectic.oracles.base import Evaluation, Failure

BUSY_S = 30.0
"""Seconds a writer waits for another process's transaction."""
KEPT: frozenset[Failure] = frozenset({"", "unphysical", "not_converged", "bad_input"})
"""Classes of failure that would come again anywhere; the empty one is success."""
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS evaluations "
    "(key TEXT PRIMARY KEY, body TEXT NOT NULL, campaign TEXT NOT NULL, at REAL NOT NULL)"
)


class Cache:
    """One connection; use it from one thread."""

    def __init__(self, path: Path, campaign: str) -> None:
        self._path, self._campaign = path, campaign
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            prepare(self._connection)
        except (OSError, sqlite3.DatabaseError) as error:
            raise CampaignFolderError(f"{path}: cannot be used as a cache: {error}") from None

    def get(self, candidate: str, settings: str, seed: Sequence[int]) -> Evaluation | None:
        """The evaluation of a candidate (id) under these settings and this seed, free of cost; None: not known."""
        query = "SELECT body, campaign FROM evaluations WHERE key = ?"
        row = self._connection.execute(query, (key(candidate, settings, seed),)).fetchone()
        if row is None:
            return None
        known = Evaluation.from_json(json.loads(row[0]))
        return replace(known, cost_s=0.0, provenance={**known.provenance, "reused": 1, "reused_from": row[1]})

    def put(self, candidate: str, settings: str, seed: Sequence[int], evaluation: Evaluation) -> None:
        """Keep an evaluation unless another process was first, or it is none to keep."""
        if evaluation.failure not in KEPT or "reused" in evaluation.provenance:
            return
        row = (key(candidate, settings, seed), json.dumps(evaluation.to_json()), self._campaign, time.time())
        self._connection.execute("INSERT OR IGNORE INTO evaluations VALUES (?, ?, ?, ?)", row)

    def close(self) -> None:
        """Close the connection; everything written stays."""
        self._connection.close()


def prepare(connection: sqlite3.Connection) -> None:
    """WAL mode and the table; while another process does the same, SQLite refuses at once instead of waiting."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(SCHEMA)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def unusable(path: Path) -> str:
    """Why no cache can be kept at `path`, which is not touched; empty when nothing speaks against it."""
    if path.is_dir():
        return f"{path} is a folder; name a file in it, such as {path / 'cache.sqlite'}"
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return f"{path} cannot be written"
    if path.is_file() and path.stat().st_size and not _begins_like_a_database(path):
        return f"{path} is no cache but some other file"
    home = next(place for place in path.absolute().parents if os.path.lexists(place))
    if not home.is_dir():
        return f"{home} is no folder, so no cache can be made at {path}"
    return "" if os.access(home, os.W_OK | os.X_OK) else f"the folder {home} cannot be written, so no cache at {path}"


def _begins_like_a_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(15) == b"SQLite format 3"


def key(candidate: str, settings: str, seed: Sequence[int]) -> str:
    """SHA-256 of what an evaluation depends on."""
    return hashlib.sha256(json.dumps([candidate, settings, list(seed)]).encode()).hexdigest()
