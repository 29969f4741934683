"""This file is a campaign from Python: begin one or take one up, run it, ask it, tell it."""

import math
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError, Complaint, unknown
from eutectic.campaigns.execution.local import Executor, Setting, open_executor
from eutectic.campaigns.file.goals import refusal
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop import routing
from eutectic.campaigns.loop.loop import Loop, ask
from eutectic.campaigns.loop.prior_data import known_rows
from eutectic.campaigns.loop.stopwatch import Stopwatch
from eutectic.campaigns.problem import build
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.facts import facts
from eutectic.campaigns.record.journal import Draft, Journal
from eutectic.campaigns.record.ledger import Logbook, read_record
from eutectic.campaigns.record.lock import FolderLock, in_use
from eutectic.campaigns.record.outcomes import Event, Ledger, Outcome, Round
from eutectic.campaigns.record.steps import OPEN


class Campaign:
    """The one stateful thing; its state is the journal in its folder, nothing else."""

    def __init__(self, built: Problem, folder: Path, logbook: Logbook, lock: FolderLock) -> None:
        self.problem, self.folder = built, folder
        self._logbook, self._lock = logbook, lock
        self._loop: Loop | None = None
        self._draining = False

    @classmethod
    def from_yaml(cls, path: str | Path, folder: str | Path | None = None, overrides: Sequence[str] = ()) -> "Campaign":
        """Begin the campaign of a file, in `folder` or runs/NAME.

        CampaignFileError when the file cannot be used, CampaignFolderError when the folder already holds a campaign or
        is in use, EngineMissing when an oracle cannot run here. Nothing is written before all of that is known.
        """
        path = Path(path)
        spec = CampaignSpec.from_file(path, overrides)
        built = build.build(spec, path.absolute().parent)
        rows = known_rows(built)
        home = Path("runs") / spec.name if folder is None else Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(home)
        lock.acquire()
        try:
            begun = {"spec": spec.dump(), "source": str(built.folder), "facts": facts(path, spec.seed, overrides)}
            journal = Journal.create(home, begun, {"rows": rows} if rows else None)
            kept = home / "campaign.yaml"
            if not (kept.exists() and kept.samefile(path)):
                shutil.copyfile(path, kept)
        except BaseException:
            lock.release()
            raise
        return cls(built, home, Logbook(journal, str(home)), lock)

    @classmethod
    def open(cls, folder: str | Path) -> "Campaign":
        """Take up the campaign of a folder; CampaignFolderError when it holds none that can be read."""
        home = Path(folder)
        journal = Journal.open(home)
        try:
            logbook = Logbook(journal, str(home))
            built = build.build(logbook.record.spec, Path(logbook.record.source))
        except BaseException:
            journal.close()
            raise
        return cls(built, home, logbook, FolderLock(home))

    def events(self) -> Generator[Event, None, None]:
        """Run, and yield what happens; CampaignFolderError when another process runs it.

        Close it when leaving early (`contextlib.closing`): that puts the campaign down and writes so.
        """
        self._lock.acquire()
        self._loop = Loop(self.problem, self._logbook, self._executor)
        try:
            if self._draining:
                self._loop.drain()
            yield from self._loop.events()
        finally:
            self._loop, self._draining = None, False
            self._lock.release()

    def rounds(self) -> Iterator[Round]:
        """Run, and yield each round as it ends."""
        with closing(self.events()) as events:
            for event in events:
                if event.round is not None:
                    yield event.round

    def ask(self, n: int) -> list[Outcome]:
        """Propose up to n candidates and write them down, without evaluating; not while the campaign runs."""
        if n < 1:
            raise ValueError(f"n is {n}; ask for at least 1")
        if self._loop is not None:
            raise CampaignFolderError(f"{self.folder} is running; it asks for itself")
        self._lock.acquire()
        try:
            self._logbook.write(Draft("session", {"pid": None, "host": "ask"}))
            numbers = ask(self.problem, self._logbook, n, Stopwatch())
            self._logbook.write(Draft("state", {"state": "stopped", "text": "asked by hand", "overhead_s": 0.0}))
        finally:
            self._lock.release()
        return [self._logbook.record.outcomes[number] for number in numbers]

    def tell(self, id: str, values: Mapping[str, float], errors: Mapping[str, float] | None = None) -> Outcome:
        """Record what was measured of a proposed candidate, also while another process runs the campaign.

        CampaignFileError for an unknown id or property, a value that is no finite number, a negative error, and a
        candidate that has finished already.
        """
        errors = errors or {}
        self._check_told(values, errors)
        journal = self._logbook.journal
        with journal.transaction():
            record = read_record(journal)
            outcome = _outcome_told(list(record.outcomes.values()), id)
            named = next((n.name for n in self.problem.oracles if n.search and routing.waits(n)), "told")
            body = {"oracle": named, "values": _floats(values), "errors": _floats(errors), **self._rung_told(named)}
            journal.append(Draft("told", body, outcome.number))
            record.apply(journal.since(record.seq))
            verdict = self._verdict(record.outcomes[outcome.number], values)
            if verdict is not None:
                journal.append(routing.settlement(outcome.number, verdict, told=True))
        self._logbook.fold()
        return self._logbook.record.outcomes[outcome.number]

    def _check_told(self, values: Mapping[str, float], errors: Mapping[str, float]) -> None:
        """CampaignFileError for what nobody can have measured."""
        known = [*routing.needed(self.problem), *(p for n in self.problem.oracles for p in n.oracle.properties or ())]
        for name, value in [*values.items(), *errors.items()]:
            if name not in known:
                raise _refusal(unknown("property", name, set(known)))
            if not math.isfinite(value):
                raise _refusal(f"{name} is {value}, not a finite number")
        for name, error in errors.items():
            if name not in values or error < 0:
                raise _refusal(f"{name}: a standard error needs its value, and is not negative")
        if not values:
            raise _refusal("no property was told")

    def _verdict(self, outcome: Outcome, told: Mapping[str, float]) -> routing.Verdict | None:
        """What telling makes of an outcome; None when the campaign still needs something."""
        insane = refusal(told, self.problem.spec.windows)
        if insane is not None:
            return routing.Verdict("refused", "unphysical", insane)
        return routing.Verdict("finished") if routing.told_enough(self.problem, outcome) else None

    def _rung_told(self, name: str) -> dict[str, float]:
        """On a ladder, the rung a telling belongs to: the person's, or the top when nobody was asked."""
        ladder = self.problem.ladder
        own = [ladder.rung(k) for k, named in enumerate(self.problem.oracles) if named.name == name]
        return {"fidelity": float(next((r for r in own if r is not None), ladder.top))} if ladder.rungs else {}

    def pareto(self) -> list[Outcome]:
        """The feasible outcomes that no other dominates."""
        return front(self.ledger)

    @property
    def ledger(self) -> Ledger:
        """Everything the journal says now."""
        self._logbook.fold()
        if self._logbook.record.state == "running" and not in_use(self.folder):
            self._logbook.record.rest("stopped")
        return self._logbook.ledger()

    def drain(self) -> None:
        """Ask no more and finish what runs; for a first Ctrl-C. Safe in a signal handler."""
        self._draining = True
        if self._loop is not None:
            self._loop.drain()

    def close(self) -> None:
        """Let go of the folder."""
        self._logbook.journal.close()
        self._lock.release()

    def __enter__(self) -> "Campaign":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _executor(self) -> Executor:
        """Where this campaign's evaluations run."""
        given, source = self.problem.spec.executor, str(self.problem.folder)
        asked = [*(n for n in self.problem.oracles if n.search), *filter(None, [self.problem.validator])]
        remote = [named for named in asked if not named.inline and not routing.waits(named)]
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        setting = Setting(
            workers=given.workers,
            timeout_s=given.timeout_s,
            memory_mb=given.memory_mb,
            path=(source,),
            warm=tuple(("eutectic.campaigns.execution.job:warm", named.content, source) for named in remote),
            log=str(logs / "worker.log"),
        )
        return open_executor(given.use, setting)


def request_stop(folder: str | Path) -> bool:
    """Ask the process that runs the folder's campaign to drain; False when none does."""
    journal = Journal.open(Path(folder))
    try:
        running = in_use(Path(folder))
        if running:
            journal.write(Draft("stop", {}))
    finally:
        journal.close()
    return running


def _outcome_told(outcomes: Sequence[Outcome], id: str) -> Outcome:
    """The outcome somebody means: the first open one with that id, else a failed or refused one."""
    mine = [outcome for outcome in outcomes if outcome.id == id and outcome.number > 0]
    if not mine:
        raise _refusal(unknown("candidate", id, {o.id for o in outcomes if o.status in OPEN}))
    chosen = [o for o in mine if o.status in OPEN] or [o for o in mine if o.status != "finished"]
    if not chosen:
        raise _refusal(f"candidate '{id}' has finished already")
    return chosen[0]


def _floats(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _refusal(message: str) -> CampaignFileError:
    return CampaignFileError([Complaint((), message)])
