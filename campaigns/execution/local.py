"""This file is the executor of this machine: one process group an evaluation, with limits, killed whole."""

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
from importlib.resources import files
from pathlib import Path
from typing import Any

from eutectic.campaigns.execution.base import ONE_CORE, EvaluationLost, Resources, Setting
from eutectic.campaigns.execution.processes import kill, kill_session

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Environment variables that are the number of cores of an evaluation in a worker, 1 where nothing else is said."""
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
class Local:
    """Processes of this machine: one an evaluation, forked by a warm worker, with limits on time and memory.

    A crash or a hang costs that evaluation alone, and what runs ends with the campaign's process. Each has one core.
    """

    def open(self, setting: Setting) -> "LocalExecutor":
        """Start the worker."""
        return LocalExecutor(setting)

    def refuse(self, resources: Resources) -> str | None:
        """Why an oracle cannot have such resources; None when it can."""
        if resources.gpus:
            return "gpus: the executor 'local' hands out no GPUs; an evaluation sees those of this machine"
        if resources.cores > 1:
            return "cores: the executor 'local' gives each evaluation one core; 'threads' and 'dask' give more"
        return None


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

    def __init__(self, setting: Setting, devices: str | None = None) -> None:
        """devices: what evaluations see of the GPUs, as CUDA_VISIBLE_DEVICES says it; None: as it is here."""
        self._setting, self._devices = setting, devices
        self._lock = threading.Lock()
        self._station: _Station | None = None
        self._count = 0
        self._cold = False
        self._closed = False
        self._station = self._start()

    def submit(
        self,
        function: str,
        /,
        *arguments: object,
        key: str = "",
        resources: Resources = ONE_CORE,
        within_s: float | None = None,
    ) -> "Future[Any]":
        """Run `module:function` on JSON arguments in a process of its own, which ends with this executor.

        within_s: its limit on time, seconds, in place of the setting's.
        """
        del key  # what ends with us, nobody asks for again
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._closed:
                raise RuntimeError("the executor was shut down")
            if self._station is None:
                self._station = self._start()
            self._count += 1
            self._station.flights[self._count] = _Flight(future)
            timeout_s = self._setting.timeout_s if within_s is None else within_s
            limits = {"timeout_s": timeout_s, "memory_mb": resources.memory_mb or self._setting.memory_mb}
            self._send({"job": self._count, "function": function, "arguments": arguments, **limits})
        return future

    def kill(self, future: "Future[Any]") -> None:
        """End one evaluation that has begun, with all it started."""
        with self._lock:
            flights = list(self._station.flights.values()) if self._station else []
        for flight in flights:
            if flight.future is future and flight.pid is not None:
                kill(flight.pid)

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
                env=self._environment(),
                start_new_session=True,  # a Ctrl-C in the terminal is for the campaign alone
            )
        station = _Station(process)
        self._station = station
        warm = [] if self._cold else self._setting.warm
        self._send({"setup": {"path": self._setting.path, "warm": warm, "tail": TAIL}})
        threading.Thread(target=self._listen, args=(station,), daemon=True, name="eutectic-worker").start()
        return station

    def _environment(self) -> dict[str, str]:
        """Ours, but with as many threads as an evaluation has cores."""
        threads = dict.fromkeys(THREADS, str(self._setting.resources.cores))
        return {**os.environ, **threads, **({} if self._devices is None else {"CUDA_VISIBLE_DEVICES": self._devices})}

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
