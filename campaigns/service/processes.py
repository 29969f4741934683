"""This file is the processes that run computed campaigns: one each, so many at once, the others in a visible queue.

A campaign that somebody asked to be run and nobody to stop is run by `campaign resume`, in a session of its own: the
death of the service ends none of them, and the next service finds them by their locks.
"""

import logging
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.journal import NAME, Draft, Journal
from eutectic.campaigns.record.lock import in_use
from eutectic.campaigns.service.child import environment
from eutectic.campaigns.service.shelf import Shelf
from eutectic.campaigns.sharing import request_stop

LOOK_S = 1.0
"""Seconds between two looks at what is to be run."""
LOG = "resume.log"
"""What such a process prints, in the campaign's folder `logs`."""
QUICK_S = 30.0
"""Seconds within which a process must have failed to count as one that cannot begin."""
TRIES = 3
"""How often in a row that may happen before a campaign is left alone."""
LEFT: list[subprocess.Popen[bytes]] = []
"""Those that go on after the service that started them."""
log = logging.getLogger("eutectic.service")


@dataclass(slots=True)
class Run:
    """What is known of a campaign's process here."""

    wanted: bool = False
    wanted_at: float = 0.0
    """Unix time when that was asked, s: the order of the queue."""
    heard: int = 0
    """Number of the journal's last event when this was read: what is asked later is asked of its process."""
    stamp: tuple[int, int, int] | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    trouble: str = ""
    """Why it is left alone; "" when it is not."""


@dataclass(slots=True)
class Processes:
    """The processes of a shelf's campaigns."""

    shelf: Shelf
    most: int
    """At once."""
    runs: dict[str, Run] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def open(self) -> None:
        """Look after them from now on."""
        self._thread = threading.Thread(target=self._watch, name="processes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look after them no more; they go on."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        LEFT.extend(run.process for run in self.runs.values() if run.process is not None)

    def start(self, name: str, by: str) -> None:
        """Have a campaign run; CampaignFolderError for one that only people lead."""
        home = self.shelf.home(name)
        if not computed(home):
            raise CampaignFolderError(
                f"{name} is led by hand: take samples and tell what came out; nothing is to start"
            )
        _write(home, Draft("start", {"by": by}))
        with self._lock:
            run = self.runs.setdefault(name, Run())
            run.failures, run.trouble = 0, ""
        self.look()

    def stop(self, name: str, by: str) -> bool:
        """Have a campaign stop after what it evaluates now; False when nothing ran or waited to."""
        home = self.shelf.home(name)
        waiting = self.state(name) != ""
        if not request_stop(home, by):
            _write(home, Draft("stop", {"by": by}))
        return waiting

    def state(self, name: str) -> str:
        """`running`, `queued`, `failed: why`, or "" for a campaign that nobody asked to run."""
        if in_use(self.shelf.home(name)):
            return "running"
        with self._lock:
            run = self.runs.setdefault(name, Run())
            self._see(name, run)
        if run.process is not None:
            return "running"
        if run.trouble:
            return f"failed: {run.trouble}"
        return "queued" if run.wanted else ""

    def look(self) -> None:
        """See what is to be run, what ended, and start what there is room for."""
        with self._lock:
            names = self.shelf.names()
            running = 0
            for name in names:
                run = self.runs.setdefault(name, Run())
                self._see(name, run)
                running += self._runs(name, run)
            queue = [n for n in names if self._may_start(n)]
            for name in sorted(queue, key=lambda n: self.runs[n].wanted_at)[: max(0, self.most - running)]:
                self._begin(name)

    def _may_start(self, name: str) -> bool:
        run = self.runs[name]
        return run.wanted and not run.trouble and not self._runs(name, run)

    def _runs(self, name: str, run: Run) -> bool:
        return run.process is not None or in_use(self.shelf.folder / name)

    def _see(self, name: str, run: Run) -> None:
        """Bring up to date whether a campaign is wanted, and what became of its process."""
        home = self.shelf.folder / name
        stamp = _stamp(home)
        if stamp != run.stamp:
            run.wanted, run.wanted_at, run.heard, run.stamp = *wanted(home), stamp
        if run.process is None or run.process.poll() is None:
            return
        code, run.process = run.process.returncode, None
        quick = time.time() - run.started_at < QUICK_S
        run.failures = run.failures + 1 if code not in (0, 130) and quick else 0
        if run.wanted and run.failures >= TRIES:
            run.trouble = _last_words(home) or f"exit code {code}"
            log.error("a campaign cannot be run", extra={"campaign": name, "reason": run.trouble})

    def _begin(self, name: str) -> None:
        """Start a campaign's process, which does not end with this one."""
        home = self.shelf.folder / name
        (home / "logs").mkdir(exist_ok=True)
        heard = str(self.runs[name].heard)
        command = [sys.executable, "-m", "eutectic", "resume", str(home), "--quiet", "--heard", heard]
        with (home / "logs" / LOG).open("ab") as output:
            self.runs[name].process = subprocess.Popen(
                command,
                cwd=self.shelf.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(),
                start_new_session=True,
            )
        self.runs[name].started_at = time.time()
        log.info("a campaign's process began", extra={"campaign": name})

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            try:
                self.look()
            except OSError as error:  # of one look: the next may see more
                log.error("campaigns could not be looked at", extra={"reason": str(error)})


def computed(home: Path) -> bool:
    """Is any of a campaign's oracles asked in the search, and no person?"""
    journal = Journal.open(home)
    try:
        last = journal.of_kind("begun", "changed")[-1]
        spec = CampaignSpec.from_content(last.body["spec"])  # type: ignore[arg-type]
    except CampaignFileError as error:
        raise CampaignFolderError(f"{home}: {error}") from None
    finally:
        journal.close()
    return any(part.search and part.use != "person" for part in spec.oracles)


def wanted(home: Path) -> tuple[bool, float, int]:
    """Is a campaign to be run, since when (Unix time, s), and up to which event was that read?

    It is until somebody stops it, it is done, or it failed.
    """
    journal = Journal.open(home)
    try:
        asked, since, heard = False, 0.0, journal.last()[0]
        for entry in journal.of_kind("start", "stop", "state"):
            if entry.kind == "start":
                asked, since = True, entry.at
            elif entry.kind == "stop" or entry.body["state"] in ("done", "failed"):
                asked = False
    finally:
        journal.close()
    return asked, since, heard


def _write(home: Path, draft: Draft) -> None:
    journal = Journal.open(home)
    try:
        journal.write(draft)
    finally:
        journal.close()


def _stamp(home: Path) -> tuple[int, int, int]:
    """Changes whenever something is written to a journal."""
    sizes = [path.stat() if path.exists() else None for path in (home / NAME, home / f"{NAME}-wal")]
    times = [0 if seen is None else seen.st_mtime_ns for seen in sizes]
    return times[0], times[1], sum(0 if seen is None else seen.st_size for seen in sizes)


def _last_words(home: Path) -> str:
    """The last line that a campaign's process printed."""
    path = home / "logs" / LOG
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[-30:] if path.exists() else []
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")
