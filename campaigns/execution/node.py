"""This file is what an engine carries to a node: `carry` evaluates there with our own limits and sends back what came.

On the node our local executor runs the evaluation in a process of its own. So a crash, a hang or too much memory costs
one evaluation on every engine, and the engine's own workers live on.
"""

import json
import os
import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eutectic.campaigns.execution.answers import BEAT_S, Answers
from eutectic.campaigns.execution.base import EvaluationLost, Resources, Setting
from eutectic.campaigns.execution.local import LocalExecutor

ENDS = ("EUTECTIC_NODE_ENDS", "SLURM_JOB_END_TIME")
"""Environment variables that say when the node's own job ends, seconds since 1970."""
MARGIN_S = 20.0
"""Seconds before that at which an evaluation is ended, so that it can be told why."""
LEAST_S = 10.0
"""With less than this left, seconds, an evaluation is not begun."""
IDLE_S = 900.0
"""Seconds after which what is kept warm for a campaign that asks no more is ended."""
LOOK_S = 0.5
"""Seconds between two looks at whether the campaign was put down."""


@dataclass(frozen=True, slots=True)
class Order:
    """One evaluation as an engine carries it: JSON text, which any engine can."""

    owner: str
    """Who asked: what runs on a node for one campaign ends without touching another's."""
    function: str
    arguments: list[Any]
    key: str
    resources: Resources
    setting: Setting

    def dumps(self) -> str:
        """As JSON."""
        content = {name: getattr(self, name) for name in ("owner", "function", "arguments", "key")}
        setting = {
            name: getattr(self.setting, name) for name in ("timeout_s", "memory_mb", "path", "warm", "log", "answers")
        }
        return json.dumps({**content, "resources": self.resources.model_dump(), "setting": setting})

    @classmethod
    def loads(cls, text: str) -> "Order":
        """From JSON."""
        content = json.loads(text)
        resources, setting = Resources(**content.pop("resources")), content.pop("setting")
        warm = tuple(tuple(call) for call in setting.pop("warm"))
        path = tuple(setting.pop("path"))
        return cls(**content, resources=resources, setting=Setting(**setting, path=path, warm=warm))


def carry(text: str) -> str:
    """Evaluate one order on this machine; the answer as JSON: a result, or the failure and whose fault it was.

    An order whose key another process evaluates already is waited for, and one that has an answer has that.
    """
    order = Order.loads(text)
    if not order.key or order.setting.answers is None:
        return json.dumps(_evaluated(order, None))
    answers = Answers(Path(order.setting.answers))
    answer = answers.claim_or_wait(order.key)
    if answer is None:
        try:
            answer = _evaluated(order, answers)
            if not answer.pop("passing", False):
                answers.write(order.key, answer)
        finally:
            answers.release(order.key)
    return json.dumps(answer)


def _evaluated(order: Order, answers: Answers | None) -> dict[str, Any]:
    """Evaluate here; `passing` marks what is nobody's answer: it was stopped, or not begun."""
    left_s = _left_s()
    if left_s is not None and left_s < MARGIN_S + LEAST_S:
        time.sleep(max(1.0, left_s - 2.0))  # the next would come here too
        return {"unbegun": True, "passing": True}
    own_s, limit_s = order.setting.timeout_s, None if left_s is None else left_s - MARGIN_S
    within_s = min((s for s in (own_s, limit_s) if s is not None), default=None)
    devices = DEVICES.take(order.resources.gpus)
    station = STATIONS.take(order, devices)
    try:
        executor = station.executor
        future = executor.submit(order.function, *order.arguments, resources=order.resources, within_s=within_s)
        if not _followed(future, executor, order, answers):
            return {"failure": "infrastructure", "error": "ended: the campaign was put down", "passing": True}
    finally:
        STATIONS.give(station)
        DEVICES.give(devices)
    try:
        return {"result": future.result()}
    except EvaluationLost as error:
        answer = {"failure": error.failure, "error": str(error), "output": error.output}
        if error.failure == "timeout" and within_s != own_s:
            said = f"its node's time ended after {within_s:.0f} s of it; give the job a longer walltime"
            return {**answer, "failure": "infrastructure", "error": said, "walltime": True}
        return answer


def _followed(future: "Future[Any]", station: LocalExecutor, order: Order, answers: Answers | None) -> bool:
    """Wait for the end, with signs of life; False when the campaign was put down meanwhile."""
    beaten, stopped = time.monotonic(), False
    while not wait([future], timeout=LOOK_S).done:
        if answers is None:
            continue
        if time.monotonic() - beaten > BEAT_S:
            answers.beat(order.key)
            beaten = time.monotonic()
        if stopped := stopped or answers.stopped(order.key):
            station.kill(future)
    return not stopped


def _left_s() -> float | None:
    """Seconds until the node's own job ends; None where nothing says so."""
    told = next((text for name in ENDS if (text := os.environ.get(name))), None)
    return None if told is None else float(told) - time.time()


@dataclass(slots=True)
class Devices:
    """The GPUs of this machine, each for one evaluation at a time."""

    free: list[str] | None = None
    """Numbers or names as in CUDA_VISIBLE_DEVICES; None until first asked for."""
    lock: threading.Condition = field(default_factory=threading.Condition)

    def take(self, n: int) -> str | None:
        """Take n, when as many are free; None where none is asked for, or the machine names none to choose from."""
        named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        if n == 0 or len(named) < n:
            return None
        with self.lock:
            self.free = named if self.free is None else self.free
            while len(self.free) < n:
                self.lock.wait()
            taken, self.free = self.free[:n], self.free[n:]
        return ",".join(taken)

    def give(self, devices: str | None) -> None:
        """Give back what was taken."""
        if devices is not None:
            with self.lock:
                self.free = [*(self.free or []), *devices.split(",")]
                self.lock.notify_all()


@dataclass(slots=True)
class Station:
    """A local executor and how it is used."""

    executor: LocalExecutor
    running: int = 0
    used: float = 0.0
    """Monotonic time at which it was last given back, s."""


@dataclass(slots=True)
class Stations:
    """Local executors of this process, warm, one for each campaign and each kind of machine its oracles ask for."""

    open: dict[tuple[str, int, str | None], Station] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    """Owners that take no more."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, order: Order, devices: str | None) -> Station:
        """The one for an order, started when there is none yet; those that nobody uses any more are ended.

        EvaluationLost where its owner has ended.
        """
        kind = (order.owner, order.resources.cores, devices)
        with self.lock:
            if order.owner in self.ended:
                raise EvaluationLost("infrastructure", "the executor was shut down")
            old = time.monotonic() - IDLE_S
            idle = [k for k, s in self.open.items() if k != kind and s.running == 0 and s.used < old]
            ending = [self.open.pop(k) for k in idle]
            if kind not in self.open:
                setting = replace(order.setting, resources=order.resources, log=_writable(order.setting.log))
                self.open[kind] = Station(LocalExecutor(setting, devices))
            station = self.open[kind]
            station.running += 1
        _end(ending)
        return station

    def give(self, station: Station) -> None:
        """Use it no more."""
        with self.lock:
            station.running -= 1
            station.used = time.monotonic()

    def end(self, owner: str) -> None:
        """Kill what runs here for one owner, and begin nothing more for it."""
        with self.lock:
            self.ended.add(owner)
            ending = [self.open.pop(kind) for kind in list(self.open) if kind[0] == owner]
        _end(ending)


def _end(stations: list[Station]) -> None:
    for station in stations:
        station.executor.shutdown(cancel_futures=True)


DEVICES = Devices()
STATIONS = Stations()


def _writable(log: str | None) -> str | None:
    """The log file, where this machine sees its folder."""
    return log if log is not None and os.access(Path(log).parent, os.W_OK) else None
