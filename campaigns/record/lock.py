"""This file is the lock of a campaign's folder: one process runs it, and the lock dies with its holder."""

import fcntl
import os
import time
from pathlib import Path
from typing import IO

from eutectic.campaigns.errors import CampaignFolderError

NAME = "lock"
MOMENT = "for a moment"
"""What stands behind the holder's number where the campaign is not run, but asked."""
PATIENCE_S = 0.5
"""Seconds to try for, so that another process that only looks whether the lock is held is not taken for a holder."""


class FolderLock:
    """Held from `acquire` until `release` or the death of the process, by whatever signal (flock)."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._file: IO[str] | None = None

    @property
    def held(self) -> bool:
        """Is it held by this object?"""
        return self._file is not None

    def acquire(self, moment: bool = False) -> None:
        """Take the lock; CampaignFolderError with the holder's process id when another holds it.

        With `moment` the campaign is not run meanwhile: `in_use` passes over it.
        """
        if self._file is not None:
            return
        file = self._path.open("a+", encoding="utf-8")
        deadline = time.monotonic() + PATIENCE_S
        while not _locked(file):
            if time.monotonic() > deadline:
                holder = _holder(file)
                file.close()
                raise CampaignFolderError(f"{self._path.parent} is in use by {holder}; campaign stop ends that one")
            time.sleep(0.02)
        _say(file, f"{os.getpid()} {MOMENT}\n" if moment else f"{os.getpid()}\n")
        self._file = file

    def release(self) -> None:
        """Let go; nothing happens when it is not held."""
        if self._file is not None:
            _say(self._file, "")
            self._file.close()
            self._file = None


def in_use(folder: Path) -> bool:
    """Does a process run the folder's campaign? Its lock is looked at without being taken by others' notice."""
    path = folder / NAME
    if not path.exists():
        return False
    with path.open("r", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            said = file.read()
            return said != "" and MOMENT not in said  # nothing yet: it begins or ends just now
    return False


def _say(file: IO[str], text: str) -> None:
    """Write who holds it, in place of what stood there."""
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> str:
    file.seek(0)
    written = file.read().partition(" ")[0].strip()
    return f"process {written}" if written else "another process"
