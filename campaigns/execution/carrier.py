"""This file is the one carrier for every engine like `concurrent.futures`: the job travels, the failure returns."""

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eutectic.campaigns.execution.answers import Answers
from eutectic.campaigns.execution.base import ONE_CORE, EvaluationLost, Resources, Setting
from eutectic.campaigns.execution.node import STATIONS, Order, carry
from eutectic.oracles.base import EngineMissing

TIMES = 30
"""How often an order is sent that its engine gave back without having begun it, or lost with its scheduler."""
PAUSE_S = 10.0
"""Seconds before an order that was not begun is sent again: queues end a job up to minutes after its time is over, and
until then the node that has no time left would take every order."""


class Plain(Protocol):
    """Any executor of the standard library's shape: threads, MPI, Parsl, executorlib."""

    def submit(self, fn: Callable[[str], str], order: str, /) -> "Future[str]":
        """Call `fn(order)` somewhere."""
        ...

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more."""
        ...


class Engine(Protocol):
    """What carries text to a node and back, and knows what it is."""

    def send(self, function: Callable[[str], str], order: str, key: str, resources: Resources) -> "Future[str]":
        """Call `function(order)` on a node; a cancelled future when it was lost with what had to carry it.

        EngineMissing when it can carry nothing any more.
        """
        ...

    def close(self, kill: bool) -> None:
        """Take no more; with `kill`, end what runs as far as that can be done."""
        ...


@dataclass(frozen=True, slots=True)
class Simple:
    """An executor of the standard library's shape as an engine: keys and resources mean nothing to it."""

    executor: Plain

    def send(self, function: Callable[[str], str], order: str, key: str, resources: Resources) -> "Future[str]":
        """Hand it over."""
        del key, resources
        return self.executor.submit(function, order)

    def close(self, kill: bool) -> None:
        """Shut it down."""
        self.executor.shutdown(wait=not kill, cancel_futures=kill)


class Carrier:
    """An executor for the campaign out of an engine; one for its life."""

    def __init__(self, engine: Engine, setting: Setting) -> None:
        self._engine, self._setting = engine, setting
        self._owner = uuid.uuid4().hex
        self._answers = None if setting.answers is None else Answers(Path(setting.answers))
        self._flights: dict[Future[Any], str] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="eutectic-send")  # a scheduler may be waited for there
        if self._answers is not None:
            self._answers.folder.mkdir(parents=True, exist_ok=True)

    def submit(
        self, function: str, /, *arguments: object, key: str = "", resources: Resources = ONE_CORE
    ) -> "Future[Any]":
        """Have `module:function` called on JSON arguments on a node, under our own limits."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._closed:
                raise RuntimeError("the executor was shut down")
            self._flights[future] = key
        if self._answers is not None and key:
            self._answers.unstop(key)
        order = Order(self._owner, function, list(arguments), key, resources, self._setting)
        self._sender.submit(self._send, future, order, TIMES)
        return future

    def _send(self, future: "Future[Any]", order: Order, times: int) -> None:
        """Send an order; what becomes of it is heard in another thread."""
        try:
            sent = self._engine.send(carry, order.dumps(), order.key, order.resources)
        except Exception as error:  # a broken pool, a scheduler that is gone: whatever a stranger's engine raises
            self._fail(future, error)
            return
        sent.add_done_callback(lambda done: self._land(future, order, times, done))

    def _land(self, future: "Future[Any]", order: Order, times: int, sent: "Future[str]") -> None:
        """Take the answer, or the one that was written though its carrier was lost; send what was not begun again."""
        try:
            answer = json.loads(sent.result())
        except (Exception, CancelledError) as error:
            written = self._answers.read(order.key) if self._answers is not None and order.key else None
            if written is not None:
                self._give(future, written)
            elif isinstance(error, CancelledError) and times > 0 and not self._closed:
                self._again(future, order, times)
            else:
                self._fail(future, error)
            return
        if "unbegun" in answer and times > 0 and not self._closed:
            pause = threading.Timer(PAUSE_S, self._again, (future, order, times))
            pause.daemon = True
            pause.start()
        else:
            self._give(future, answer)

    def _again(self, future: "Future[Any]", order: Order, times: int) -> None:
        """Send once more: not from here, for the engine's thread must not wait for the engine."""
        try:
            self._sender.submit(self._send, future, order, times - 1)
        except RuntimeError:
            self._fail(future, RuntimeError("the executor was shut down"))

    def _give(self, future: "Future[Any]", answer: Mapping[str, Any]) -> None:
        """Set what came back."""
        if self._mine(future):
            settle(future, answer)

    def _fail(self, future: "Future[Any]", error: BaseException) -> None:
        """The engine itself failed: no evaluation's fault."""
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        lost = error if isinstance(error, EngineMissing) else EvaluationLost("infrastructure", said)
        if self._mine(future):
            future.set_exception(lost)

    def _mine(self, future: "Future[Any]") -> bool:
        """Is it still waited for? Then it is not any more."""
        with self._lock:
            return self._flights.pop(future, None) is not None

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more; wait for what runs, or end it, on whatever machine it is."""
        with self._lock:
            self._closed, flights = True, dict(self._flights)
        self._sender.shutdown(wait=not cancel_futures, cancel_futures=cancel_futures)
        if not cancel_futures and wait:
            for future in flights:
                with suppress(Exception):
                    future.exception()
        if cancel_futures:
            for key in filter(None, flights.values()):
                if self._answers is not None:
                    self._answers.stop(key)
        self._engine.close(cancel_futures)
        STATIONS.end(self._owner)
        for future in flights if cancel_futures else ():
            self._fail(future, RuntimeError("the executor was shut down"))


def settle(future: "Future[Any]", answer: Mapping[str, Any]) -> None:
    """Give a future what an answer says: the result, or `EvaluationLost`."""
    if "result" in answer:
        future.set_result(answer["result"])
        return
    failure, error = answer.get("failure", "infrastructure"), answer.get("error", "its node had no time left")
    future.set_exception(EvaluationLost(failure, error, answer.get("output", ""), answer.get("walltime", False)))
