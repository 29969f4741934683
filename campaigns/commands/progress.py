"""This file is the progress of a run on standard error: a live display in a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from eutectic.campaigns.analysis.labels import duration
from eutectic.campaigns.analysis.status import Status, about, best, counts, hypervolume, status_of
from eutectic.campaigns.record.outcomes import Event, Ledger

TOLD = ("note", "failed", "retry", "waiting", "stopped", "done")
"""Events whose text a person should read."""
REFRESH_S = 0.25
"""Seconds between two readings of the ledger while events come in fast."""

Read = Callable[[], Ledger]


class Display(Protocol):
    """Shows a run while it happens."""

    def __enter__(self) -> Self:
        """Start showing."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state standing."""
        ...

    def say(self, text: str) -> None:
        """One line for a person."""
        ...

    def follow(self, event: Event, read: Read) -> None:
        """Take in one event; `read` gives the ledger when it is needed."""
        ...


def display(name: str, quiet: bool, stream: TextIO | None = None) -> Display:
    """The display for this stream (standard error by default): live when it is a terminal."""
    stream = stream or sys.stderr
    if not quiet and stream.isatty():
        return LiveDisplay(name, Console(file=stream))
    return PlainDisplay(quiet, stream)


class PlainDisplay:
    """One line a round; nothing but what must be said when quiet."""

    def __init__(self, quiet: bool, stream: TextIO) -> None:
        self._quiet = quiet
        self._stream = stream
        self._failure = ""

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put away."""

    def say(self, text: str) -> None:
        """One line for a person."""
        print(text, file=self._stream, flush=True)

    def follow(self, event: Event, read: Read) -> None:
        """Print what the event has to say and, after a round, where the campaign stands."""
        if self._quiet:
            return
        if event.kind in TOLD and event.text:
            self.say(event_line(event, self._failure))
            self._failure = event.text if event.kind == "failed" else self._failure
        if event.kind == "round":
            self.say(round_line(status_of(read(), time.time())))


class LiveDisplay:
    """A bar, the counts, the hypervolume, the best values and the time left, kept true while evaluations run."""

    def __init__(self, name: str, console: Console) -> None:
        self._name = name
        self._console = console
        self._failure = ""
        self._facts: Status | None = None
        self._read_at = self._started = time.monotonic()
        self._pending: Read | None = None
        self._live = Live(
            console=console, get_renderable=self._render, refresh_per_second=4, redirect_stdout=False, transient=False
        )

    def __enter__(self) -> Self:
        """Start the display."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state standing."""
        if self._pending is not None:
            self._take(self._pending)
        self._live.stop()

    def say(self, text: str) -> None:
        """One line above the display."""
        self._console.print(text, markup=False, highlight=False)

    def follow(self, event: Event, read: Read) -> None:
        """Note what changed; the ledger is read at most every REFRESH_S seconds, and always after a round."""
        if event.kind in TOLD and event.text:
            self.say(event_line(event, self._failure))
            self._failure = event.text if event.kind == "failed" else self._failure
        if event.kind in ("round", "started", "waiting") or time.monotonic() - self._read_at > REFRESH_S:
            self._take(read)
        else:
            self._pending = read

    def _take(self, read: Read) -> None:
        """Read the ledger into the display."""
        self._facts, self._read_at, self._pending = status_of(read(), time.time()), time.monotonic(), None

    def _render(self) -> Group:
        """The lines as they stand at this moment."""
        now = time.monotonic()
        if self._facts is None:
            return Group(Text(f"{self._name}  starting"))
        return Group(*picture(self._name, self._facts, now - self._started, now - self._read_at))


def picture(name: str, facts: Status, elapsed_s: float, age_s: float) -> list[Table | Text]:
    """The live display's lines; `age_s` is how many seconds ago the facts were read."""
    head = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=facts.budget, completed=facts.done + facts.failed + facts.refused, width=30)
    head.add_row(Text(name, style="bold"), bar, counts(facts))
    times = f"{duration(elapsed_s)} so far"
    if facts.left_s is not None and facts.left_s > age_s:
        times += f", {about(facts.left_s - age_s)} left"
    lines: list[Table | Text] = [head, Text(times, style="dim")]
    if facts.hypervolume is not None:
        lines.append(Text.assemble("hypervolume ", (hypervolume(facts), "bold"), f" after round {facts.round}"))
    lines += [Text.assemble("best ", (text, "green")) for text in best(facts)]
    return lines


def event_line(event: Event, failure: str = "") -> str:
    """What an event has to say, with the candidate it is about; not again the `failure` that was said last."""
    about = f"candidate {event.number}" if event.number is not None else ""
    if event.kind == "failed" and event.text == failure:
        return f"{about} failed likewise"
    word = event.kind if event.kind in ("failed", "retry") else ""
    return ": ".join(part for part in (" ".join(p for p in (about, word) if p), event.text) if part)


def round_line(facts: Status) -> str:
    """One round in one line."""
    parts = [f"round {facts.round}: {counts(facts)}"]
    if facts.hypervolume is not None:
        parts.append(f"hypervolume {hypervolume(facts)}")
    parts += [f"best {text}" for text in best(facts)]
    if facts.left_s is not None and facts.left_s > 0:
        parts.append(f"{about(facts.left_s)} left")
    return "; ".join(parts)
