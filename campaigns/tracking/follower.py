"""This file is how MLflow follows a campaign: a thread that reads the journal and tells the store what is new."""

import fcntl
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

import yaml

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.parity import leave_one_out
from eutectic.campaigns.explain.files import FOLDER, WHOLE, explanation_files
from eutectic.campaigns.figures.pictures import write_figures
from eutectic.campaigns.file.secrets import masked
from eutectic.campaigns.record.ledger import Reader
from eutectic.campaigns.record.outcomes import Batch, Event, Ledger
from eutectic.campaigns.report.page import write_report
from eutectic.campaigns.tracking import projection
from eutectic.campaigns.tracking.mlflow_store import Store, store_errors
from eutectic.campaigns.tracking.position import NAME, Position, Positions, tracking_uri
from eutectic.campaigns.tracking.surrogate_file import data_fingerprint, final_surrogates
from eutectic.oracles.base import EngineMissing

PACE_S = 3.0
"""Seconds for which news is gathered before MLflow is written, so that quick campaigns are not slowed by it."""
REST_S = 60.0
"""Seconds a store that did not answer is left alone."""
TABLE_S = 15.0
"""Seconds between two writings of the tables while the campaign runs."""
LOCK = "mlflow.lock"
"""In the campaign's folder; whoever writes to its store holds it."""
TABLES = ("evaluations.json", "pareto.json")


class Tracker:
    """Follows one campaign; nothing it does blocks, slows or stops the campaign."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._cwd = Path(folder), Path.cwd()
        self._told: SimpleQueue[str] = SimpleQueue()
        self.note = ""
        """Why MLflow is not up to date; empty when it is."""
        self._thread = threading.Thread(target=self._run, name="mlflow", daemon=True)
        self._thread.start()

    def follow(self, event: Event) -> None:
        """Hear of an event; returns at once."""
        if event.kind in ("round", "done", "stopped"):
            self._told.put(event.kind)

    def close(self, timeout_s: float = 60.0) -> str:
        """Let MLflow catch up with everything, for at most so long; what remains to be done, or an empty text."""
        self._told.put("close")
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self.note = f"MLflow is not up to date after {timeout_s:g} s; finish it: campaign sync {self._folder}"
        return self.note

    def _run(self) -> None:
        """The thread: its journal is read on from pass to pass."""
        with ExitStack() as opened:
            self._follow(opened)

    def _follow(self, opened: ExitStack) -> None:
        """Catch up whenever something was heard, and once more at the end."""
        resting_until, reader, follower = 0.0, None, None  # the follower is made here, for MLflow is slow to import
        while True:
            word = self._next()
            if word != "close" and time.monotonic() < resting_until:
                continue
            try:
                reader = reader or opened.enter_context(closing(Reader(self._folder)))
                if follower is None and not reader.ledger().spec.tracking.enabled:
                    return
                follower = follower or Follower(reader, self._cwd)
                follower.catch_up(final=word == "close")
                self.note = ""
            except Exception as error:  # a tracking failure is a note, whatever it is: the campaign goes on
                resting_until = time.monotonic() + REST_S
                self.note = f"{_reason(error)}; when it is back: campaign sync {self._folder}"
            if word == "close":
                return

    def _next(self) -> str:
        """The last word of those that came within a while after the first; at once when it is to close."""
        word = self._told.get()
        until = time.monotonic() + PACE_S
        while word != "close":
            try:
                word = self._told.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                break
        return word


DRIVERS = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient"}
"""Module of a database's driver -> what is installed, where that is called otherwise."""


def sync(folder: str | Path) -> str:
    """Bring MLflow up to date with a campaign's journal; where the run is. EngineMissing when the store is away."""
    folder = Path(folder)
    with closing(Reader(folder)) as reader:
        if not reader.ledger().spec.tracking.enabled:
            return "tracking is switched off in the campaign file (tracking: {enabled: false})"
        try:
            follower = Follower(reader, Path.cwd())
            follower.catch_up(final=True)
        except store_errors() as error:
            raise EngineMissing(f"{_reason(error)}; when it is back: campaign sync {folder}") from error
    return f"MLflow run {follower.position.run} in {follower.uri} is up to date; see it: campaign ui {folder}"


def _reason(error: Exception) -> str:
    """The error in a line; of a database's driver that is not there, the line that installs it."""
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        return f"MLflow's store needs {error.name}: pip install '{DRIVERS.get(error.name, error.name)}'"
    text = " ".join(str(error).split())
    return f"MLflow could not be written ({type(error).__name__}: {text[:300]})"


class Follower:
    """A store and how far it has followed; used by one thread."""

    def __init__(self, reader: Reader, cwd: Path) -> None:
        self._reader, self._folder = reader, reader.folder
        ledger, folder = reader.ledger(), reader.folder
        self._stamp = Positions(folder / NAME).stamp()
        self._positions = Positions.read(folder)
        source = Path(str(ledger.facts.get("source", cwd)))
        uri = tracking_uri(ledger.spec, cwd, source, self._positions.uri)
        self.store = Store(uri, ledger.spec.tracking.experiment or ledger.spec.name)
        self.position = self._positions.stores.setdefault(masked(uri), Position())
        self.uri = self._positions.uri = masked(uri)
        self._found: dict[str, str] | None = None
        self._tabled_at = 0.0

    def catch_up(self, final: bool) -> None:
        """Tell the store everything it has not been told; `final` brings tables, report, pictures and surrogates.

        One at a time: a run that follows itself and `campaign sync` beside it would tell everything twice.
        """
        with alone(self._folder):
            if self._positions.stamp() != self._stamp:  # somebody else has told more meanwhile
                self._positions = replace(Positions.read(self._folder), uri=self.uri)
                self.position = self._positions.stores.setdefault(self.uri, Position())
                self._found = None
            try:
                self._tell(final)
            finally:
                self._stamp = self._positions.stamp()

    def _tell(self, final: bool) -> None:
        ledger = self._reader.ledger()
        if not ledger.batches:
            return
        self._open_run(ledger)
        for ended in ledger.rounds:
            if str(ended.index) not in self.position.rounds:
                self._round(ledger, ended.index)
        self._hypervolumes(ledger)
        if final or time.monotonic() - self._tabled_at > TABLE_S:
            self._tables(ledger)
        if final:
            self._conclude(ledger)

    def _begun(self, ledger: Ledger, part: str, title: str, start_ms: int, parent: str = "") -> str:
        """The run of a part of the campaign: found again by its tags, or made."""
        key = campaign_key(ledger)
        if self._found is None:
            self._found = self.store.runs(key)
        if part not in self._found:
            self._found[part] = self.store.begin(key, part, title, start_ms, parent)
        return self._found[part]

    def _open_run(self, ledger: Ledger) -> None:
        """The campaign's own run; taken up again when it exists."""
        position = self.position
        if self._found is None and position.run and not self.store.holds(position.run):
            position = self.position = self._positions.stores[self._positions.uri] = Position()
        first = self._found is None
        position.run = self._begun(ledger, "campaign", ledger.spec.name, projection.started_ms(ledger))
        if "round 0" in (self._found or {}):  # by an earlier version, whose place in the store may be forgotten
            position.first = 0
        if first and ledger.state == "running":
            self.store.end(position.run, "running", 0)
        if not position.parameters:
            self.store.log(position.run, (), projection.parameters(ledger), projection.tags(ledger))
            resolved = yaml.safe_dump(ledger.spec.dump(), sort_keys=False, allow_unicode=True)
            self.store.text(position.run, resolved, "campaign.yaml")
            position.parameters = True
            self._positions.write()

    def _round(self, ledger: Ledger, index: int) -> None:
        """One round's metrics, in the campaign's run and in its own, and its evaluations when they have runs."""
        store, position = self.store, self.position
        batch = next(b for b in ledger.batches if b.index == index)
        called = f"round {index + position.first}"
        run = self._begun(ledger, called, called, int(1000 * batch.asked_at), position.run)
        metrics = projection.measurements(ledger, index, position.first)
        store.log(position.run, metrics)
        store.log(run, metrics, _asking(batch, position.first))
        if ledger.spec.tracking.evaluations == "nested":
            self._evaluations(ledger, index, run)
        store.end(run, "done", projection.round_ms(ledger, index))
        position.rounds[str(index)] = run
        self._positions.write()

    def _evaluations(self, ledger: Ledger, index: int, parent: str) -> None:
        """A run an evaluation of one round."""
        for outcome in (o for o in ledger.outcomes if o.round == index):
            if str(outcome.number) in self.position.evaluations:
                continue
            at = int(1000 * (outcome.finished_at or outcome.proposed_at))
            part = f"evaluation {outcome.number}"
            title = part if outcome.number > 0 else outcome.name
            run = self._begun(ledger, part, title, int(1000 * outcome.proposed_at), parent)
            parameters, values, marks = projection.evaluation(outcome)
            step = index + self.position.first
            metrics = [projection.Measurement(key, value, at, step) for key, value in values.items()]
            self.store.log(run, metrics, parameters, marks)
            self.store.end(run, "done" if outcome.status == "finished" else "failed", at)
            self.position.evaluations[str(outcome.number)] = run

    def _hypervolumes(self, ledger: Ledger) -> None:
        """Rounds that ended before the reference point was fixed get their hypervolume afterwards."""
        known = projection.hypervolumes(ledger, self.position.first)
        if len(known) > self.position.hypervolumes:
            self.store.log(self.position.run, known)
            self.position.hypervolumes = len(known)
            self._positions.write()

    def _tables(self, ledger: Ledger) -> None:
        """The evaluations and the front, each as one artifact."""
        run, store = self.position.run, self.store
        tables = [projection.evaluations_table(ledger), projection.pareto_table(ledger, front(ledger))]
        wanted = list(zip(TABLES, tables, strict=True))[0 if ledger.spec.tracking.evaluations == "table" else 1 :]
        for file, content in wanted:
            store.table(run, content, file)
        store.name_tables(run, [file for file, _ in wanted])
        self._tabled_at = time.monotonic()

    def _conclude(self, ledger: Ledger) -> None:
        """What belongs to the end of a session: report, pictures, state, surrogates."""
        run, store, state = self.position.run, self.store, fingerprint(ledger) + mark(self._folder)
        if self.position.concluded == state:
            return
        checks = projection.checked(ledger, leave_one_out(ledger), self.position.first)
        store.log(run, checks, None, projection.tags(ledger))
        for path, place in written(ledger, self._folder):
            store.file(run, path, place)
        store.end(run, ledger.state, projection.ended_ms(ledger))
        if ledger.state == "done":
            self._surrogates(ledger)
        self.position.concluded = state
        self._positions.write()

    def _surrogates(self, ledger: Ledger) -> None:
        """Every output's final surrogate as a model, unless one that learned the same is there."""
        self.position.models |= self.store.models(self.position.run)
        for content in final_surrogates(ledger):
            name, mark = content["property"], data_fingerprint(content)
            if self.position.models.get(name) != mark:
                self.store.model(self.position.run, ledger.spec.name, content, mark, len(ledger.rounds))
                self.position.models[name] = mark
                self._positions.write()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No other thread or process tells a store of this campaign meanwhile; the lock dies with its holder."""
    with (folder / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _asking(batch: Batch, first: int) -> dict[str, str]:
    return {"optimizer": batch.optimizer, "stage": str(batch.stage + first)}


def campaign_key(ledger: Ledger) -> str:
    """What tells this campaign from any other, from its journal alone: file, facts, and when it first asked."""
    told = [ledger.spec.dump(secrets=True), dict(ledger.facts), ledger.batches[0].asked_at]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:32]


def fingerprint(ledger: Ledger) -> str:
    """Hash of how far the campaign has come."""
    told = [ledger.state, [(o.number, o.status, o.finished_at) for o in ledger.outcomes], len(ledger.rounds)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def mark(folder: Path) -> str:
    """What tells one explanation of the campaign from another; empty without one."""
    path = folder / FOLDER / WHOLE
    return f"-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}" if path.exists() else ""


def drawn_in(folder: Path) -> list[Path]:
    """The pictures of a folder, in a fixed order."""
    return sorted(path for path in folder.glob("*") if path.suffix in (".png", ".svg"))


def written(ledger: Ledger, folder: Path) -> list[tuple[Path, str]]:
    """Report, pictures and explanation with their place; the first two are written anew when older than the results."""
    report, pictures = folder / "report.html", drawn_in(folder / "figures")
    if not report.exists() or 1000 * report.stat().st_mtime < projection.ended_ms(ledger):
        write_report(ledger, report)
        pictures = write_figures(ledger, folder / "figures")
    given = folder / "campaign.yaml"
    files = [(report, ""), *((path, "figures") for path in pictures)]
    files += [(path, FOLDER) for path in explanation_files(folder)]
    return files + ([(given, "as_given")] if given.exists() else [])
