"""This file is the worker process: started once, it imports what evaluations need and forks one child for each.

It speaks JSON lines on its standard input and output. In: first `{"setup": {path, warm, tail}}`, then
`{"job": N, "function": "module:name", "arguments": [...], "timeout_s": s | null, "memory_mb": mb | null}`. Out:
`{"ready": true}`, `{"started": N, "pid": p}` and for each job one `{"ended": N, "result": ..., "output": tail}` or
`{"ended": N, "failure": kind, "error": text, "output": tail}`.
When its input ends, it kills everything and ends.
"""

import gc
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from eutectic.campaigns.execution.child import resolve, run_and_exit
from eutectic.campaigns.execution.processes import adopt_orphans, die_with_parent, kill, kill_orphans, memory_mb

LOOK_S = 0.2
"""Seconds between two looks at the memory of running evaluations."""
CHUNK = 1 << 16
"""Bytes read at once."""


@dataclass(slots=True)
class Running:
    """One child and what it has said so far."""

    job: int
    pid: int
    result: int
    """File descriptor its answer comes from."""
    output: int
    """File descriptor its printing comes from."""
    deadline: float
    """Monotonic time, s."""
    timeout_s: float | None
    memory_mb: float | None
    answer: bytearray = field(default_factory=bytearray)
    said: bytearray = field(default_factory=bytearray)
    dropped: int = 0
    """Bytes of its printing that were not kept."""
    verdict: tuple[str, str] | None = None
    """Failure and sentence, when it was killed for a reason."""


class Worker:
    """The worker's state: what runs, and the pipes to whoever wants it run."""

    def __init__(self, commands: int, replies: int) -> None:
        self._commands, self._replies = commands, replies
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, Running] = {}
        self._pending = bytearray()
        self._open = True
        self._tail = 1 << 14
        self._next_look = 0.0

    def serve(self) -> None:
        """Run until the input ends, or nobody listens any more; nothing is left running."""
        self._selector.register(self._commands, selectors.EVENT_READ, self._read_commands)
        self._selector.register(_wakeups(), selectors.EVENT_READ, _discard)
        with suppress(BrokenPipeError):
            while self._open:
                for key, _ in self._selector.select(self._patience()):
                    key.data(key.fd)
                self._reap()
                self._enforce()
        for running in self._running.values():
            kill(running.pid)
        kill_orphans(set())

    def _patience(self) -> float | None:
        """Seconds until something must be looked at; None: only when something happens."""
        now = time.monotonic()
        due = [r.deadline - now for r in self._running.values()]
        due += [self._next_look - now for r in self._running.values() if r.memory_mb is not None]
        soonest = min(due, default=float("inf"))
        return None if soonest == float("inf") else max(0.0, soonest)

    def _read_commands(self, fd: int) -> None:
        chunk = os.read(fd, CHUNK)
        self._open = bool(chunk)
        *lines, rest = (self._pending + chunk).split(b"\n")
        self._pending = bytearray(rest)
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, command: Mapping[str, Any]) -> None:
        if "setup" in command:
            self._prepare(**command["setup"])
        else:
            self._start(command)

    def _prepare(self, path: list[str], warm: list[list[Any]], tail: int) -> None:
        """Import what evaluations need; a failure here shows again, and is told, in the evaluation itself."""
        self._tail = tail
        sys.path[:0] = [p for p in path if p not in sys.path]
        die_with_parent()  # as long as foreign code runs, an end of input would go unseen
        for function, *arguments in warm:
            try:
                resolve(function)(*arguments)
            except (Exception, SystemExit) as error:
                print(f"{function}: {type(error).__name__}: {error}", file=sys.stderr)
        die_with_parent(0)
        gc.collect()
        gc.freeze()  # children that collect garbage need not copy the pages of what was imported
        self._say({"ready": True})

    def _start(self, command: Mapping[str, Any]) -> None:
        """Fork the child of one job."""
        result, result_end = os.pipe()
        output, output_end = os.pipe()
        worker = os.getpid()
        pid = os.fork()
        if pid == 0:
            for fd in (self._commands, self._replies, result, output, *(o for r in self._ends() for o in r)):
                os.close(fd)
            run_and_exit(command["function"], command["arguments"], worker, result_end, output_end)
        os.close(result_end)
        os.close(output_end)
        limit = command["timeout_s"]
        deadline = float("inf") if limit is None else time.monotonic() + limit
        running = Running(command["job"], pid, result, output, deadline, limit, command["memory_mb"])
        self._running[pid] = running
        for fd in (result, output):
            os.set_blocking(fd, False)
            self._selector.register(fd, selectors.EVENT_READ, lambda fd, r=running: self._hear(r, fd))
        self._say({"started": running.job, "pid": pid})

    def _ends(self) -> list[tuple[int, int]]:
        """Descriptors of the other children, which a new one must not keep."""
        return [(r.result, r.output) for r in self._running.values()]

    def _hear(self, running: Running, fd: int) -> bool:
        """Take what can be read from one of a child's pipes; False when there is nothing more."""
        try:
            chunk = os.read(fd, CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
        elif fd == running.result:
            running.answer += chunk
        else:
            running.said += chunk
            surplus = max(0, len(running.said) - self._tail)
            del running.said[:surplus]
            running.dropped += surplus
        return bool(chunk)

    def _enforce(self) -> None:
        """Kill what is over its time or its memory."""
        now = time.monotonic()
        late = [r for r in self._running.values() if now >= r.deadline]
        for running in late:
            self._end(running, "timeout", f"killed after its time limit of {running.timeout_s:g} s")
        if now < self._next_look:
            return
        self._next_look = now + LOOK_S
        for running in self._running.values():
            limit = running.memory_mb
            if limit is not None and (used := memory_mb(running.pid, limit)) > limit:
                self._end(running, "memory", f"killed at {used:.0f} MB of memory, its limit is {limit:g} MB")

    def _end(self, running: Running, failure: str, error: str) -> None:
        running.verdict = running.verdict or (failure, error)
        running.deadline, running.memory_mb = float("inf"), None
        kill(running.pid)

    def _reap(self) -> None:
        """Answer for every child that has ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._running:
                self._finish(self._running.pop(pid), os.waitstatus_to_exitcode(status))

    def _finish(self, running: Running, code: int) -> None:
        """Collect what it left, kill what it left running, and say how it ended."""
        kill_orphans(set(self._running))
        for fd in (running.result, running.output):
            for _ in range(64):  # a pipe holds 64 KiB; whoever still writes into it is no concern of ours
                if not self._hear(running, fd):
                    break
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
            os.close(fd)
        said = running.said.decode("utf-8", "replace")
        head = f"[{running.dropped} bytes before this were dropped]\n" if running.dropped else ""
        self._say({"ended": running.job, **_verdict(running, code), "output": head + said})

    def _say(self, reply: Mapping[str, object]) -> None:
        data = (json.dumps(reply) + "\n").encode()
        while data:
            data = data[os.write(self._replies, data) :]


def _verdict(running: Running, code: int) -> dict[str, object]:
    """What became of an ended child."""
    if running.verdict is not None:
        return {"failure": running.verdict[0], "error": running.verdict[1]}
    if running.answer.endswith(b"\n"):
        answer: dict[str, object] = json.loads(running.answer)
        return answer if "result" in answer else {"failure": "error", **answer}
    how = f"exit code {code}" if code >= 0 else f"signal {_signal_name(-code)}"
    return {"failure": "crash", "error": f"its process ended without an answer ({how})"}


def _signal_name(number: int) -> str:
    """`SIGSEGV`; the number of a real-time signal, which has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _wakeups() -> int:
    """A descriptor that becomes readable when a child ends."""
    reading, writing = os.pipe()
    for fd in (reading, writing):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reading


def _discard(fd: int) -> None:
    os.read(fd, CHUNK)


def main() -> None:
    """Take the pipes away from whatever may print, and serve."""
    commands, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    adopt_orphans()
    Worker(commands, replies).serve()
    sys.stderr.flush()
    os._exit(0)  # a thread that an imported module has started need not end, and nobody waits for it


if __name__ == "__main__":
    main()
