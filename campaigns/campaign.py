"""This file is a campaign from Python: begin one or take one up, run it, ask it, tell it."""

import time
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from eutectic.campaigns import beginning
from eutectic.campaigns.analysis.explanation import Explanation
from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.status import status_html, status_json, status_lines
from eutectic.campaigns.analysis.table import table
from eutectic.campaigns.conclusion import follow
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.explain.explain import Wanted, explain
from eutectic.campaigns.exports.export import exported
from eutectic.campaigns.file.from_python import content_of, points_of
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.hand import adding, asking, changing, verbs
from eutectic.campaigns.hand.observation import Observation
from eutectic.campaigns.hand.predicting import Prediction, predict
from eutectic.campaigns.loop.context import require_attended
from eutectic.campaigns.loop.executor import opened
from eutectic.campaigns.loop.loop import Loop
from eutectic.campaigns.loop.rounds import tested
from eutectic.campaigns.loop.routing import waits
from eutectic.campaigns.problem.curves import Told
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.attachments import keep
from eutectic.campaigns.record.ledger import Logbook, seen
from eutectic.campaigns.record.lock import FolderLock, in_use
from eutectic.campaigns.record.outcomes import Event, Ledger, Outcome, Round
from eutectic.campaigns.record.progress import why_done
from eutectic.campaigns.report.page import write_report
from eutectic.oracles.base import Value
from eutectic.oracles.user.call import hand_over

if TYPE_CHECKING:
    import pandas as pd


class Campaign:
    """The one stateful thing; its state is the journal in its folder, nothing else."""

    def __init__(
        self,
        name: str,
        space: Any,
        objectives: Mapping[str, Any] | Sequence[str] | str,
        oracle: Any,
        *,
        constraints: Mapping[str, Any] | None = None,
        surrogates: Any = None,
        optimizers: Any = None,
        budget: Mapping[str, Any] | int = 30,
        seed: int = 0,
        history: Any = None,
        fidelity: Mapping[str, Any] | None = None,
        validate: Mapping[str, Any] | None = None,
        executor: Mapping[str, Any] | None = None,
        tracking: Mapping[str, Any] | None = None,
        cache: str | Path | None = None,
        folder: str | Path | None = None,
    ) -> None:
        """Begin a campaign without a file, in `folder` or runs/NAME, or take up the same one there.

        space: a generator or its mapping. objectives: as in a campaign file; names alone are minimised. oracle: a
        function `f(values: dict) -> dict[str, float]`, an oracle, a mapping, or several of them; a function is called
        in this process, where no time limit holds. surrogates: one for all, or by property. optimizers: objects, names
        or mappings; without them evenly spread points come first and Bayesian search after. budget: a mapping, or a
        number of evaluations. The rest is as in a campaign file, relative paths start at the working folder, and errors
        are those of `from_yaml`.
        """
        others = {"seed": seed, "constraints": constraints, "history": history, "fidelity": fidelity}
        others |= {"validate": validate, "executor": executor, "tracking": tracking, "cache": cache}
        content = content_of(name, space, objectives, oracle, surrogates, optimizers, budget, others)
        self._take(*beginning.begin_or_open(CampaignSpec.from_mapping(content), Path.cwd(), folder))

    def _take(self, built: Problem, folder: Path, logbook: Logbook, lock: FolderLock) -> None:
        self.problem, self.folder, self._lock = built, folder, lock
        self.logbook: Any = logbook
        self._loop: Loop | None = None
        self._draining = False
        self._closing = weakref.finalize(self, beginning.let_go, logbook.journal, lock)  # where nobody closes it

    @classmethod
    def _of(cls, built: Problem, folder: Path, logbook: Logbook, lock: FolderLock) -> Self:
        campaign = cls.__new__(cls)
        campaign._take(built, folder, logbook, lock)
        return campaign

    @classmethod
    def from_yaml(
        cls,
        path: str | Path,
        folder: str | Path | None = None,
        overrides: Sequence[str] = (),
        by_itself: bool = False,
        source: Path | None = None,
        by: str = "",
    ) -> Self:
        """Begin the campaign of a file, in `folder` or runs/NAME; by_itself: refuse one that only people can lead.

        source: the folder that its relative paths are taken from, the file's own when not given.
        CampaignFileError when the file cannot be used, CampaignFolderError when the folder already holds a campaign or
        is in use, EngineMissing when an oracle cannot run here. Nothing is written before all of that is known.
        """
        return cls._of(*beginning.begin_file(Path(path), folder, overrides, by_itself, source, by))

    @classmethod
    def from_text(cls, text: str, folder: str | Path | None = None, source: str | Path = ".") -> Self:
        """Begin the campaign of a campaign file's text, as `from_yaml`; its relative paths start at `source`."""
        return cls._of(*beginning.begin(CampaignSpec.from_text(text), Path(source).absolute(), folder))

    @classmethod
    def from_dict(
        cls, content: Mapping[str, object], folder: str | Path | None = None, source: str | Path = "."
    ) -> Self:
        """Begin the campaign of a campaign file's content, as `from_text`."""
        return cls._of(*beginning.begin(CampaignSpec.from_mapping(content), Path(source).absolute(), folder))

    @classmethod
    def open(cls, folder: str | Path, oracle: Any = None, engines: bool = True) -> Self:
        """Take up the campaign of a folder; CampaignFolderError when it holds none that can be read.

        oracle: the function or functions it was begun with, where these were handed over from Python. engines: it is to
        be run here; EngineMissing when an oracle cannot.
        """
        for function in oracle if isinstance(oracle, Sequence) else [oracle] if oracle is not None else []:
            hand_over(function)
        return cls._of(*beginning.take_up(Path(folder), engines))

    def events(self, heard: int | None = None) -> Generator[Event, None, None]:
        """Run, and yield what happens, until closed (`contextlib.closing`), which puts the campaign down and writes so.

        heard: number of the journal's last event when it was decided to run; what is asked later is asked of this run.
        CampaignFolderError when another process runs it, CampaignFileError when it would have to choose a context.
        """
        if why_done(self.logbook.record, self.logbook.record.hours) is None:
            require_attended(self.problem)
        heard = self.logbook.journal.last()[0] if heard is None else heard
        self._lock.acquire()
        self._loop = Loop(self.problem, self.logbook, lambda: opened(self.problem, self.folder), heard)
        try:
            if self._draining:
                self._loop.drain()
            yield from self._loop.events()
        finally:
            self._loop, self._draining = None, False
            self._lock.release()

    def run(self, progress: bool = True) -> Ledger:
        """Run to the end, as `campaign run` does: tracked by MLflow, with its report and figures; what is known then.

        progress: a line a round on standard error. CampaignFolderError when another process runs it.
        """
        return follow(self.events(), self.folder, lambda: self.ledger, progress)

    def rounds(self) -> Iterator[Round]:
        """Run, and yield each round as it ends."""
        with closing(self.events()) as events:
            for event in events:
                if event.round is not None:
                    yield event.round

    def ask(self, n: int, context: Mapping[str, Value] | None = None, by: str = "", holder: str = "") -> list[Outcome]:
        """Propose up to n candidates and write them down, without evaluating; not while the campaign runs.

        Fewer, and in the end none, when a budget or the space is used up: `ledger.reason` says which. They are one
        batch with those of the last asking that nobody has made yet, unless another than `holder` has these.
        """
        n = asking.whole(n)
        if self._loop is not None:
            raise CampaignFolderError(f"{self.folder} is running; it asks for itself")
        self._lock.acquire(moment=True)
        try:
            self.logbook.fold()
            numbers = asking.ask(self.problem, self.logbook, n, context, by, holder)
        finally:
            self._lock.release()
        return [self.logbook.record.outcomes[number] for number in numbers]

    def waiting(self) -> list[Outcome]:
        """The candidates that wait for a person; without a person among the oracles, whatever was not evaluated."""
        self.logbook.fold()
        return asking.waiting(self.problem, self.logbook.record, self.running)

    def want(self, n: int, patience_s: float = 60.0, by: str = "", holder: str = "") -> list[Outcome]:
        """What waits for a person, after the process that runs the campaign was asked to have n candidates ready.

        Fewer when a budget is used up, the process has ended, or it took longer than `patience_s`.
        """
        asking.want(self.problem, self.logbook, n, by, holder)
        until = time.monotonic() + patience_s
        while len(found := self.waiting()) < n and self.running and time.monotonic() < until and not self.why_fewer():
            time.sleep(0.1)
        return found

    def why_fewer(self) -> str:
        """The sentence that says why no more can be asked for, and how to go on; "" when more can be."""
        self.logbook.fold()
        return asking.why_fewer(self.logbook.record, str(self.folder))

    def tell(
        self,
        id: str | int,
        values: Mapping[str, Told],
        errors: Mapping[str, float] | None = None,
        repeat: bool = False,
        by: str = "",
        note: str = "",
        key: str = "",
    ) -> Outcome:
        """Record what was measured of a proposed candidate, also while another process runs the campaign.

        id: the candidate's id or its beginning, or its number. repeat: it is another measurement of the same sample;
        the value is then the mean. key: told again under it, it counts once.

        CampaignFileError for an unknown id or property, a value or error that cannot be, and one that has finished.
        """
        told = Observation(values, errors or {}, "", repeat, by, note, key)
        return verbs.tell(self.problem, self.logbook, str(id), told, self.running)

    def tell_validation(
        self,
        id: str | int,
        values: Mapping[str, Told],
        errors: Mapping[str, float] | None = None,
        failed: str = "",
        by: str = "",
        note: str = "",
    ) -> Outcome:
        """Record what came out when one of the best was measured once more at the end; its own values stay.

        failed: it gave no values, and why. CampaignFileError for one that is not to be validated or was already, and
        for values too few; CampaignFolderError while a process computes them.
        """
        if self.running and not (self.problem.validator and waits(self.problem.validator)):
            raise CampaignFolderError(f"{self.folder} is running, and computes its validation itself")
        told = Observation(values, errors or {}, failed, by=by, note=note)
        return verbs.validate(self.problem, self.logbook, str(id), told)

    def add(
        self,
        variables: Mapping[str, Value],
        values: Mapping[str, Told],
        errors: Mapping[str, float] | None = None,
        repeat: bool = False,
        by: str = "",
        note: str = "",
        key: str = "",
        failed: str = "",
    ) -> Outcome:
        """Record a result of something that was never suggested; it counts for no budget and is learned from.

        key: told again under it, it counts once. failed: it gave no values, and why. A warning says that it lies
        outside the space. CampaignFileError for variables that make no candidate, and for one that has finished.
        """
        told = Observation(values, errors or {}, failed, repeat, by, note, key)
        return adding.put_in(self.problem, self.logbook, variables, told, self.running)

    def same(self, variables: Mapping[str, Value]) -> Outcome | None:
        """The outcome of the candidate with these variables, an open one rather than one that has ended; or None."""
        return adding.same(self.problem, self.logbook, *adding.made(self.problem, variables))

    def find(self, id: str | int) -> Outcome:
        """The outcome with this number, or whose id begins so; CampaignFileError when none or several have."""
        return verbs.chosen(self.logbook, str(id))

    def fail(self, id: str | int, why: str, infrastructure: bool = False, by: str = "", note: str = "") -> Outcome:
        """Record that a sample gave no values: learned as infeasible, and never asked for again.

        With `infrastructure` it was not the sample's fault, and it waits to be made once more.
        """
        return verbs.fail(self.problem, self.logbook, str(id), why, infrastructure, by, note)

    def correct(
        self,
        id: str | int,
        values: Mapping[str, Told],
        errors: Mapping[str, float] | None = None,
        why: str = "",
        measurement: int | None = None,
        by: str = "",
        note: str = "",
    ) -> Outcome:
        """Put right what was told of a candidate, its context too; the old stays in the journal, with who and why.

        measurement: which of several, 1 the first. CampaignFileError for what was never told.
        """
        right = Observation(values, errors or {}, by=by, note=note)
        return verbs.correct(self.problem, self.logbook, str(id), right, why, measurement, self.running)

    def return_(self, id: str | int, never: bool = False, why: str = "", by: str = "") -> Outcome:
        """Record that a candidate is not made: its place in the budget is free; `never` excludes it for good."""
        return verbs.give_back(self.logbook, str(id), never, why, by)

    def note(self, id: str | int, text: str, by: str = "") -> Outcome:
        """Record a remark about a candidate."""
        return verbs.remark(self.logbook, str(id), text, by)

    def attach(self, id: str | int, name: str, content: bytes, text: str = "", by: str = "") -> Outcome:
        """Keep a small file with a candidate: `remarks[k].file`; CampaignFileError for a path or a large one."""
        return verbs.remark(self.logbook, self.find(id).id, text, by, keep(self.folder, name, content))

    def change(
        self, overrides: Sequence[str], by: str = "", check: bool = False, given: Mapping[str, Value] | None = None
    ) -> changing.Changed:
        """Change sections while the data are kept, `KEY=VALUE` as `--set` has them; with `check` only look.

        given: values that new variables had in what was proposed so far.
        CampaignFileError for what does not fit or would make values incomparable, CampaignFolderError while it runs.
        """
        changed = changing.apply(self.problem, self.logbook, self._lock, overrides, by, check, given)
        self.problem = self.problem if check else changed.problem
        return changed

    def predict(self, points: "Sequence[Mapping[str, Value]] | Mapping[str, Value] | pd.DataFrame") -> list[Prediction]:
        """What is expected of each point, from surrogates fitted to what is known; a DataFrame has a row a point.

        CampaignFileError for variables that make no candidate, and where too little is known.
        """
        return predict(self.problem, self.ledger, points_of(points))

    def pareto(self) -> list[Outcome]:
        """The feasible outcomes that no other dominates."""
        return front(self.ledger)

    def report(self) -> Path:
        """Write the report again; its path."""
        return write_report(self.ledger, self.folder / "report.html")

    def explain(self, property: str | None = None, candidate: str | int | None = None) -> Explanation:
        """What the properties depend on, and what would make candidates better; of one property or candidate alone.

        CampaignFileError for an unknown one.
        """
        return explain(self.ledger, Wanted(property, None if candidate is None else str(candidate)))

    def export(self, format: str = "csv", path: str | Path | None = None) -> str:
        """The record as `csv`, `json`, ..., written to `path` where one is given.

        ValueError for another format, and where there is nothing of that kind to write.
        """
        return exported(tested(self.ledger) if format == "json" else self.ledger, format, path)

    def to_dataframe(self) -> "pd.DataFrame":
        """A row an evaluation, the columns of `campaign export --format csv`."""
        import pandas as pd

        names, rows = table(self.ledger)
        return pd.DataFrame(rows, columns=names)

    @property
    def status(self) -> dict[str, object]:
        """What `campaign status --json` prints."""
        return status_json(self.ledger, time.time())

    def __repr__(self) -> str:
        if isinstance(self.logbook, beginning.Closed):
            return f"<Campaign {self.problem.spec.name}: closed>"
        return f"<Campaign {status_lines(self.ledger, time.time())[0]}>"

    def _repr_html_(self) -> str:
        closed = isinstance(self.logbook, beginning.Closed)
        return escape(repr(self)) if closed else status_html(self.ledger, time.time())

    @property
    def ledger(self) -> Ledger:
        """Everything the journal says now."""
        self.logbook.fold()
        return seen(self.logbook.record, self.folder, self.running)

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
        self._closing()
        if not isinstance(self.logbook, beginning.Closed):
            self.logbook = beginning.Closed(self.folder)

    def __enter__(self) -> "Campaign":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
