"""This file is a campaign from Python: begin one or take one up, run it, ask it, tell it."""

import shutil
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.execution.answers import FOLDER
from eutectic.campaigns.execution.base import Executor, Setting
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.hand import adding, asking, changing, leasing, verbs
from eutectic.campaigns.hand.changing import Changed
from eutectic.campaigns.hand.predicting import Prediction, predict
from eutectic.campaigns.loop import routing
from eutectic.campaigns.loop.context import require_attended
from eutectic.campaigns.loop.loop import Loop
from eutectic.campaigns.loop.prior_data import known_rows
from eutectic.campaigns.problem import build, executors
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.facts import facts, source_of
from eutectic.campaigns.record.journal import Draft, Journal
from eutectic.campaigns.record.ledger import Logbook, seen
from eutectic.campaigns.record.lock import FolderLock, in_use
from eutectic.campaigns.record.outcomes import Event, Ledger, Outcome, Round
from eutectic.campaigns.record.progress import why_done
from eutectic.oracles.base import Value


class Campaign:
    """The one stateful thing; its state is the journal in its folder, nothing else."""

    def __init__(self, built: Problem, folder: Path, logbook: Logbook, lock: FolderLock) -> None:
        self.problem, self.folder = built, folder
        self._logbook, self._lock = logbook, lock
        self._loop: Loop | None = None
        self._draining = False

    @classmethod
    def from_yaml(
        cls, path: str | Path, folder: str | Path | None = None, overrides: Sequence[str] = (), by_itself: bool = False
    ) -> "Campaign":
        """Begin the campaign of a file, in `folder` or runs/NAME; by_itself: refuse one that only people can lead.

        CampaignFileError when the file cannot be used, CampaignFolderError when the folder already holds a campaign or
        is in use, EngineMissing when an oracle cannot run here. Nothing is written before all of that is known.
        """
        path = Path(path)
        spec = CampaignSpec.from_file(path, overrides)
        built = build.build(spec, path.absolute().parent)
        if by_itself:
            require_attended(built)
            executors.require(built.executor)
        rows = known_rows(built)
        home = Path("runs") / spec.name if folder is None else Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(home)
        lock.acquire()
        try:
            begun = {"spec": spec.dump(), "source": str(built.folder), "facts": facts(path, spec.seed, overrides, home)}
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
            begun = logbook.bare()
            built = build.build(begun.spec, Path(source_of(home, begun.source, begun.facts)))
        except BaseException:
            journal.close()
            raise
        return cls(built, home, logbook, FolderLock(home))

    def events(self) -> Generator[Event, None, None]:
        """Run, and yield what happens; CampaignFolderError when another process runs it.

        CampaignFileError when it would have to ask, and a context that has no default is not chosen but measured.
        Close it when leaving early (`contextlib.closing`): that puts the campaign down and writes so.
        """
        self._lock.acquire()
        try:
            if why_done(self._logbook.record, self._logbook.record.hours) is None:
                require_attended(self.problem)
        except CampaignFileError:
            self._lock.release()
            raise
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

    def ask(self, n: int, context: Mapping[str, Value] | None = None, by: str = "") -> list[Outcome]:
        """Propose up to n candidates and write them down, without evaluating; not while the campaign runs.

        Fewer, and in the end none, when a budget, a stage or the space is used up: `ledger.reason` says which.
        """
        if n < 1:
            raise ValueError(f"n is {n}; ask for at least 1")
        if self._loop is not None:
            raise CampaignFolderError(f"{self.folder} is running; it asks for itself")
        self._lock.acquire(moment=True)
        try:
            self._logbook.fold()
            numbers = asking.ask(self.problem, self._logbook, n, context, by)
        finally:
            self._lock.release()
        return [self._logbook.record.outcomes[number] for number in numbers]

    def waiting(self) -> list[Outcome]:
        """The candidates that wait for a person; without a person among the oracles, whatever was not evaluated."""
        self._logbook.fold()
        return asking.waiting(self.problem, self._logbook.record, self.running)

    def lease(self, n: int, holder: str, lease_s: float = leasing.LEASE_S, by: str = "") -> list[Outcome]:
        """Up to n of the candidates that wait, in the hands of `holder` for `lease_s` seconds from now.

        Their own first, then what nobody holds or somebody has let lapse; nobody gets what another holds. Without a
        holder nothing is written.
        """
        return leasing.lease(self._logbook, self.waiting, n, holder, lease_s, by)

    def release(self, id: str, by: str = "") -> Outcome:
        """Give up a candidate that is to be made all the same, by whoever asks next."""
        return leasing.release(self._logbook, id, by)

    def want(self, n: int, patience_s: float = 60.0, by: str = "") -> list[Outcome]:
        """What waits for a person, after the process that runs the campaign was asked to have n candidates ready.

        Fewer when a budget is used up, the process has ended, or it took longer than `patience_s`.
        """
        if not any(routing.waits(named) for named in self.problem.oracles):
            raise CampaignFolderError(f"{self.folder} is running, and no oracle of it is a person; it asks for itself")
        self._logbook.write(Draft("wanted", {"n": n, "by": by} if by else {"n": n}))
        deadline = time.monotonic() + patience_s
        while len(found := self.waiting()) < n and self.running and time.monotonic() < deadline:
            if self.why_fewer():
                break
            time.sleep(0.1)
        return found

    def why_fewer(self) -> str:
        """The sentence that says why no more can be asked for, and how to go on; "" when more can be."""
        self._logbook.fold()
        return asking.why_fewer(self._logbook.record, str(self.folder))

    def tell(
        self,
        id: str,
        values: Mapping[str, Value],
        errors: Mapping[str, float] | None = None,
        repeat: bool = False,
        by: str = "",
        note: str = "",
        key: str = "",
    ) -> Outcome:
        """Record what was measured of a proposed candidate, also while another process runs the campaign.

        id: the candidate's id or its beginning, or its number. repeat: it is another measurement of the same sample;
        the value is then the mean. key: told again under it, it counts once.

        CampaignFileError for an unknown id or property, a value that is no finite number, a negative error, and a
        candidate that has finished already.
        """
        return verbs.tell(self.problem, self._logbook, id, values, errors or {}, repeat, by, note, key)

    def tell_validation(
        self,
        id: str,
        values: Mapping[str, float],
        errors: Mapping[str, float] | None = None,
        failed: str = "",
        by: str = "",
    ) -> Outcome:
        """Record what came out when one of the best was measured once more at the end; its own values stay.

        failed: it gave no values, and why. CampaignFileError for one that is not to be validated or was already, and
        for values too few; CampaignFolderError while a process computes them.
        """
        if self.running and not (self.problem.validator and routing.waits(self.problem.validator)):
            raise CampaignFolderError(f"{self.folder} is running, and computes its validation itself")
        return verbs.validate(self.problem, self._logbook, id, values, errors or {}, failed, by)

    def add(
        self,
        variables: Mapping[str, Value],
        values: Mapping[str, float],
        errors: Mapping[str, float] | None = None,
        repeat: bool = False,
        by: str = "",
        note: str = "",
        key: str = "",
    ) -> Outcome:
        """Record a result of something that was never suggested; it counts for no budget and is learned from.

        key: told again under it, it counts once. CampaignFileError for variables that make no candidate, and for a
        candidate that has finished already.
        """
        return adding.add(self.problem, self._logbook, variables, values, errors or {}, repeat, by, note, key)

    def same(self, variables: Mapping[str, Value]) -> Outcome | None:
        """The outcome of the candidate with these variables, an open one rather than one that has ended; or None."""
        return adding.same(self.problem, self._logbook, *adding.made(self.problem, variables))

    def find(self, id: str) -> Outcome:
        """The outcome with this number, or whose id begins so; CampaignFileError when none or several have."""
        return verbs.chosen(self._logbook, id)

    def fail(self, id: str, why: str, infrastructure: bool = False, by: str = "") -> Outcome:
        """Record that a sample gave no values: learned as infeasible, and never asked for again.

        With `infrastructure` it was not the sample's fault, and it waits to be made once more.
        """
        return verbs.fail(self.problem, self._logbook, id, why, infrastructure, by)

    def correct(
        self,
        id: str,
        values: Mapping[str, float],
        errors: Mapping[str, float] | None = None,
        why: str = "",
        measurement: int | None = None,
        by: str = "",
    ) -> Outcome:
        """Put right what was told of a candidate; the old value stays in the journal, with who and why.

        measurement: which of several, 1 the first. CampaignFileError for what was never told.
        """
        return verbs.correct(self.problem, self._logbook, id, values, errors or {}, why, measurement, by)

    def return_(self, id: str, never: bool = False, why: str = "", by: str = "") -> Outcome:
        """Record that a candidate is not made: its place in the budget is free; `never` excludes it for good."""
        return verbs.give_back(self._logbook, id, never, why, by)

    def note(self, id: str, text: str, by: str = "") -> Outcome:
        """Record a remark about a candidate."""
        return verbs.remark(self._logbook, id, text, by)

    def change(self, overrides: Sequence[str], by: str = "", check: bool = False) -> Changed:
        """Change sections while the data are kept, `KEY=VALUE` as `--set` has them; with `check` only look.

        CampaignFileError for what does not fit or would make values incomparable, CampaignFolderError while it runs.
        """
        held = self._lock.held
        self._lock.acquire()
        try:
            self._logbook.fold()
            changed = changing.considered(self.problem, self._logbook.record, overrides, by)
            if not check:
                changing.change(self._logbook, changed)
                self.problem = changed.problem
        finally:
            if not held:
                self._lock.release()
        return changed

    def predict(self, points: Sequence[Mapping[str, Value]]) -> list[Prediction]:
        """What is expected of each point, from surrogates fitted to what is known.

        CampaignFileError for variables that make no candidate, and where too little is known.
        """
        return predict(self.problem, self.ledger, points)

    def pareto(self) -> list[Outcome]:
        """The feasible outcomes that no other dominates."""
        return front(self.ledger)

    @property
    def ledger(self) -> Ledger:
        """Everything the journal says now."""
        self._logbook.fold()
        return seen(self._logbook.record, self.folder, self.running)

    @property
    def running(self) -> bool:
        """Is it being run, here or by another process?"""
        return self._loop is not None or (not self._lock.held and in_use(self.folder))

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
            log=str((logs / "worker.log").absolute()),
            resources=executors.most([named.resources for named in remote]),
            answers=str((self.folder / FOLDER).absolute()),
        )
        return self.problem.executor.open(setting)


def request_stop(folder: str | Path, by: str = "") -> bool:
    """Ask the process that runs the folder's campaign to drain; False when none does."""
    journal = Journal.open(Path(folder))
    try:
        running = in_use(Path(folder))
        if running:
            journal.write(Draft("stop", {"by": by} if by else {}))
    finally:
        journal.close()
    return running
