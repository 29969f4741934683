"""This file is the folder of answers: what evaluations on other machines write beside sending it, each under its key.

`KEY.json` is an answer, which is there whole or not at all. `KEY.running` says who evaluates;
its time of change is the sign of life. `KEY.stop` asks whoever does to end it. So no evaluation runs twice at a time,
and none that has ended is paid for again, whatever became of the process that asked for it and of its scheduler.
"""

import hashlib
import json
import os
import socket
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from eutectic.oracles.whole_files import write_whole

BEAT_S = 5.0
"""Seconds between two signs of life of an evaluation."""
SILENCE_S = 30.0
"""Seconds without a sign of life after which an evaluation on another machine is taken for dead."""
LOOK_S = 0.5
"""Seconds between two looks at the folder while waiting."""
FOLDER = "results"
"""Its name in the campaign's folder."""


def key_of(number: int, oracle: str, candidate: str, settings: str, seed: Sequence[int], attempt: int) -> str:
    """The name of one attempt at one evaluation, the same in every process that runs the campaign, fit for a file."""
    content = json.dumps([number, oracle, candidate, settings, list(seed), attempt])
    return f"{number}-{oracle}-{attempt}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Answers:
    """A folder of answers, which all machines see."""

    folder: Path

    def read(self, key: str) -> dict[str, Any] | None:
        """The answer, or None while there is none, or only what a power failure has left of one."""
        try:
            answer: dict[str, Any] = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return answer

    def write(self, key: str, answer: Mapping[str, object]) -> None:
        """Put an answer there, whole or not at all; nothing happens where the campaign's folder is not to be seen."""
        with suppress(FileNotFoundError, PermissionError):
            write_whole(self.folder / f"{key}.json", json.dumps(answer).encode())

    def forget(self, key: str) -> None:
        """Remove an answer that the journal has."""
        (self.folder / f"{key}.json").unlink(missing_ok=True)

    def stop(self, key: str) -> None:
        """Ask whoever evaluates to end it."""
        with suppress(FileNotFoundError):
            (self.folder / f"{key}.stop").touch()

    def unstop(self, key: str) -> None:
        """Nobody asks so any more."""
        (self.folder / f"{key}.stop").unlink(missing_ok=True)

    def stopped(self, key: str) -> bool:
        """Does somebody ask for its end?"""
        return (self.folder / f"{key}.stop").exists()

    def beat(self, key: str) -> None:
        """Give a sign of life."""
        with suppress(FileNotFoundError):
            os.utime(self.folder / f"{key}.running")

    def release(self, key: str) -> None:
        """Evaluate it no more."""
        (self.folder / f"{key}.running").unlink(missing_ok=True)

    def claim_or_wait(self, key: str) -> dict[str, Any] | None:
        """Become the one who evaluates (None), or the answer of who does already; dead ones are taken over from."""
        watch = _Watch()
        while True:
            if (answer := self.read(key)) is not None:
                return answer
            if self._claim(key):
                answer = self.read(key)  # another may have ended between the two
                if answer is not None:
                    self.release(key)
                return answer
            if self.stopped(key):
                return {"failure": "infrastructure", "error": "ended: the campaign was put down"}
            claim = self._claim_of(key)
            if claim is not None and watch.dead(claim):
                self._clear(key, claim)
            else:
                time.sleep(LOOK_S)

    def _claim(self, key: str) -> bool:
        """Say that this process evaluates, if no other does."""
        me = psutil.Process()
        who = json.dumps({"host": socket.gethostname(), "pid": me.pid, "born": me.create_time()})
        try:
            file = os.open(self.folder / f"{key}.running", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return False
        except (FileNotFoundError, PermissionError):
            return True  # the folder is not to be seen from here: nobody can be asked
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.write(who)
        return True

    def _claim_of(self, key: str) -> "_Claim | None":
        path = self.folder / f"{key}.running"
        try:
            return _Claim(path.read_text(encoding="utf-8"), path.stat().st_mtime_ns)
        except FileNotFoundError:
            return None

    def _clear(self, key: str, claim: "_Claim") -> None:
        """Remove a dead one's claim; one that was made meanwhile is put back."""
        path = self.folder / f"{key}.running"
        aside = self.folder / f"{key}.{uuid.uuid4().hex[:8]}.part"
        with suppress(FileNotFoundError):
            path.rename(aside)
            if aside.read_text(encoding="utf-8") != claim.text:
                aside.rename(path)
            else:
                aside.unlink()


@dataclass(frozen=True, slots=True)
class _Claim:
    """Who evaluates, and when that was last said (file's time, ns)."""

    text: str
    at: int


class _Watch:
    """Waits for a sign of life by this machine's own clock: others may go wrong."""

    def __init__(self) -> None:
        self._claim: _Claim | None = None
        self._since = time.monotonic()

    def dead(self, claim: _Claim) -> bool:
        """Is its process gone, or silent for long where that cannot be told: on another machine, or after a clock step?

        A process is told by when it began, and that moves with the clock.
        """
        if claim != self._claim:
            self._claim, self._since = claim, time.monotonic()
        who = json.loads(claim.text) if claim.text else {}  # between making the file and writing into it
        lives = _lives(who["pid"], who["born"]) if who.get("host") == socket.gethostname() else None
        return time.monotonic() - self._since > SILENCE_S if lives is None else not lives


def _lives(pid: int, born: float) -> bool | None:
    """Is this process there? None where one with its number is that began at another time."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE if process.create_time() == born else None
    except psutil.NoSuchProcess:
        return False
