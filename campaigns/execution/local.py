"""This file is where evaluations run: executors shaped like `concurrent.futures`, the local one above all.

An executor takes `submit("module:function", *json_arguments)` and returns a Future of the function's JSON result.
A future of an evaluation that did not come back raises `EvaluationLost`, which says whose fault it was.
"""

import importlib
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from eutectic.campaigns.errors import unknown
from eutectic.campaigns.execution.processes import kill_session
from eutectic.oracles.base import Failure

EXECUTORS = {"local": "eutectic.campaigns.execution.local:LocalExecutor"}
"""Executors that come with Eutectic; others by the entry-point group `eutectic.executors`."""
SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Environment variables that are 1 in a worker."""
HOME = str(Path(str(files("eutectic"))).resolve().parent)
START = (
    f"import sys; sys.path.insert(0, {HOME!r}); import eutectic.campaigns.execution.worker as worker; "
    "del sys.path[0]; worker.main()"
)
"""What a worker's interpreter runs: the package of the process that starts it, whichever other is installed.

Once `eutectic` is imported, its modules are found through it; its folder does not stay on the path, where its
neighbours could shadow a module of the user's."""
WARMING_S = 120.0
"""Seconds a worker may take to import what evaluations need; after that it is started again without."""
TAIL = 1 << 14
"""Bytes kept of what an evaluation prints."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What an executor is told."""

    workers: int = 1
    timeout_s: float | None = None
    """Wall seconds one evaluation may take."""
    memory_mb: float | None = None
    """Resident memory of an evaluation's processes, MB."""
    path: tuple[str, ...] = ()
    """Folders whose modules evaluations may import."""
    warm: tuple[tuple[Any, ...], ...] = ()
    """Calls ("module:function", *json_arguments) to make once, before the first evaluation."""
    log: str | None = None
    """File for what the worker itself has to say."""


class Executor(Protocol):
    """What the campaign asks of an executor."""

    def submit(self, function: str, /, *arguments: object) -> "Future[Any]":
        """Run `module:function` on JSON arguments; the future has its result."""
        ...

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Start nothing more; with `cancel_futures`, kill what runs."""
        ...


class EvaluationLost(RuntimeError):
    """An evaluation's process gave no answer."""

    def __init__(self, failure: Failure, error: str, output: str = "") -> None:
        super().__init__(error)
        self.failure: Failure = failure
        self.output = output
        """The end of what it printed."""


def open_executor(name: str, setting: Setting) -> Executor:
    """The named executor; ValueError with the nearest name when there is none."""
    installed = {entry.name: entry.value for entry in entry_points(group="eutectic.executors")}
    known = {**installed, **EXECUTORS}
    if name not in known:
        raise ValueError(unknown("executor", name, known))
    module, _, attribute = known[name].partition(":")
    executor: Executor = getattr(importlib.import_module(module), attribute)(setting)
    return executor


@dataclass(slots=True)
class _Flight:
    """A job that was sent to the worker."""

    future: "Future[Any]"
    pid: int | None = None


@dataclass(slots=True)
class _Station:
    """One worker process and what it was given."""

    process: "subprocess.Popen[bytes]"
    flights: dict[int, _Flight] = field(default_factory=dict)
    ready: bool = False


class LocalExecutor:
    """One process group an evaluation, forked by a warm worker, with limits on time and memory, killed whole.

    A crash costs one evaluation. If the worker itself dies, what it ran is lost as `infrastructure`, and the next
    `submit` starts another one. At most `setting.workers` evaluations should be submitted at a time.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._lock = threading.Lock()
        self._station: _Station | None = None
        self._count = 0
        self._cold = False
        self._closed = False
        self._station = self._start()

    def submit(self, function: str, /, *arguments: object) -> "Future[Any]":
        """Run `module:function` on JSON arguments in a process of its own."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._closed:
                raise RuntimeError("the executor was shut down")
            if self._station is None:
                self._station = self._start()
            self._count += 1
            self._station.flights[self._count] = _Flight(future)
            limits = {"timeout_s": self._setting.timeout_s, "memory_mb": self._setting.memory_mb}
            self._send({"job": self._count, "function": function, "arguments": arguments, **limits})
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the worker, after what runs when told to wait; `cancel_futures` kills what runs."""
        with self._lock:
            self._closed, station = True, self._station
            flights = list(station.flights.values()) if station else []
        if wait and not cancel_futures:
            for flight in flights:
                flight.future.exception()
        if station is not None:
            if cancel_futures and not station.ready:
                station.process.kill()  # it imports, and hears of nothing until it has
            _hang_up(station)
            station.process.wait()

    def _start(self) -> _Station:
        """A new worker process with its reader thread."""
        log = Path(self._setting.log or os.devnull)
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env=_environment(),
                start_new_session=True,  # a Ctrl-C in the terminal is for the campaign alone
            )
        station = _Station(process)
        self._station = station
        warm = [] if self._cold else self._setting.warm
        self._send({"setup": {"path": self._setting.path, "warm": warm, "tail": TAIL}})
        threading.Thread(target=self._listen, args=(station,), daemon=True, name="eutectic-worker").start()
        return station

    def _send(self, command: Mapping[str, object]) -> None:
        """Write one line; a worker that is gone is noticed by the thread that listens to it."""
        assert self._station is not None
        assert self._station.process.stdin is not None
        try:
            self._station.process.stdin.write(json.dumps(command).encode() + b"\n")
            self._station.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return

    def _listen(self, station: _Station) -> None:
        """Read replies until the worker ends, then give up what it ran."""
        assert station.process.stdout is not None
        pipe = station.process.stdout
        self._await_ready(station)
        for line in pipe:
            if line.endswith(b"\n"):
                self._take(station, json.loads(line))
        station.process.wait()
        pipe.close()
        self._give_up(station)

    def _await_ready(self, station: _Station) -> None:
        """Kill a worker whose imports hang."""
        assert station.process.stdout is not None
        readable, _, _ = select.select([station.process.stdout], [], [], WARMING_S)
        if not readable:
            station.process.kill()

    def _take(self, station: _Station, reply: Mapping[str, Any]) -> None:
        """Act on one reply."""
        if "ready" in reply:
            station.ready = True
        elif "started" in reply:
            station.flights[reply["started"]].pid = reply["pid"]
        else:
            with self._lock:
                future = station.flights.pop(reply["ended"]).future
            if "failure" in reply:
                future.set_exception(EvaluationLost(reply["failure"], reply["error"], reply["output"]))
            else:
                future.set_result(reply["result"])

    def _give_up(self, station: _Station) -> None:
        """The worker is dead: kill what it may have left, and fail what it ran."""
        with self._lock:
            self._cold = self._cold or not station.ready
            if self._station is station:
                self._station = None
            flights, station.flights = list(station.flights.values()), {}
            _hang_up(station)
        for flight in flights:
            if flight.pid is not None:
                kill_session(flight.pid)
            code = station.process.returncode
            flight.future.set_exception(EvaluationLost("infrastructure", f"the worker process ended (code {code})"))


def _hang_up(station: _Station) -> None:
    """Close the worker's input, which ends it; what it did not read before it died is nobody's loss."""
    assert station.process.stdin is not None
    with suppress(BrokenPipeError):
        station.process.stdin.close()


def _environment() -> dict[str, str]:
    """Ours, but single-threaded."""
    return {**os.environ, **dict.fromkeys(SINGLE, "1")}
