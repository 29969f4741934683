"""This file is Dask as an engine: it keeps a client connected, sends orders, and says when a scheduler is gone."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from eutectic.campaigns.execution.base import ONE_CORE, Resources
from eutectic.campaigns.execution.batch_jobs import SYSTEMS
from eutectic.oracles.base import EngineMissing

CONNECT_S = 10.0
"""Seconds one try to connect may take."""
LOOK_S = 2.0
"""Seconds between two looks at whether the scheduler is still there."""
HERE = "__import__('importlib.util').util.find_spec('eutectic') is not None"
"""Python that is true where this package can be imported; what it is said in is there in any case."""
UNINTERRUPTED = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
"""What a worker of this machine runs first: a Ctrl-C in the terminal is for the campaign alone."""
CLOSE_S = 10.0
"""Seconds a cluster of our own may take to close."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the workers come from: an address, a batch queue, or this machine."""

    address: str | None = None
    system: str | None = None
    job: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of dask-jobqueue."""
    number: int = 1
    """Workers of this machine, or jobs."""
    offered: Mapping[str, float] = field(default_factory=dict)
    """What a worker of this machine says it has."""

    def start(self) -> Any:
        """The cluster, started; None for one that runs already."""
        if self.address is not None:
            return None
        import dask
        import distributed  # noqa: F401 - its own configuration must be there before ours is set, and set back

        with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
            return self._here() if self.system is None else self._queued()

    def _here(self) -> Any:
        from distributed import LocalCluster

        return LocalCluster(
            n_workers=self.number,
            threads_per_worker=1,
            memory_limit=0,  # our own limits hold
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            preload=[UNINTERRUPTED],
            resources={name: number for name, number in self.offered.items() if number},
        )

    def _queued(self) -> Any:
        import dask_jobqueue

        assert self.system is not None
        options = {"dashboard_address": "127.0.0.1:0", **self.job.get("scheduler_options", {})}
        content = {name: value for name, value in self.job.items() if name != "scheduler_options"}
        cluster = getattr(dask_jobqueue, SYSTEMS[self.system])(
            **content, scheduler_options=options, silence_logs=logging.CRITICAL
        )
        cluster.adapt(minimum_jobs=self.number, maximum_jobs=self.number)  # jobs whose time is up are replaced
        return cluster


class DaskEngine:
    """One client for the campaign's life; when its scheduler goes away, it waits for it to come back."""

    def __init__(self, cluster: Cluster, most: Resources, patience_s: float, declared: bool = True) -> None:
        """most: the most that any oracle asks for. declared: do the workers say what they have?"""
        self._where, self._patience_s, self._declared = cluster, patience_s, declared
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._sent: dict[Future[str], Any] = {}
        self._cluster = cluster.start()
        self._client: Any = None
        self._client = self._connect()
        if not declared:
            self._require_ourselves()
            self._require(most)
        threading.Thread(target=self._watch, daemon=True, name="eutectic-dask").start()

    def send(self, function: Callable[[str], str], order: str, key: str, resources: Resources) -> "Future[str]":
        """Submit a task; its future is cancelled when it is lost with its scheduler."""
        future: Future[str] = Future()
        with self._lock:
            client = self._connected()
            name = f"eutectic-{key or 'order'}-{uuid.uuid4().hex[:8]}"
            asked = self._asked(resources)
            sent = client.submit(function, order, key=name, pure=False, retries=0, resources=asked or None)
            self._sent[future] = sent
        sent.add_done_callback(lambda done: self._pass_on(done, future))
        return future

    def _asked(self, resources: Resources) -> dict[str, float]:
        """What the scheduler is told of a task; workers that declare nothing are asked for nothing usual."""
        if resources == ONE_CORE and not self._declared:
            return {}
        asked: dict[str, float] = {"cores": resources.cores}
        if resources.gpus:
            asked["gpus"] = resources.gpus
        if resources.memory_mb is not None and self._where.system is not None:
            asked["memory_mb"] = resources.memory_mb
        return asked

    def _require_ourselves(self) -> None:
        """EngineMissing when the scheduler or a worker of somebody else's cannot import this package."""
        seen = {"the scheduler": self._client.run_on_scheduler(eval, HERE), **self._client.run(eval, HERE)}
        without = [name for name, here in seen.items() if not here]
        if without:
            raise EngineMissing(
                f"{', '.join(without)} at {self._where.address} cannot import eutectic: install it in their "
                "environment, or start them in this one"
            )

    def _require(self, most: Resources) -> None:
        """EngineMissing when workers are there and none of them says that it has what an oracle needs."""
        asked = self._asked(most)
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        having = [w for w in workers if all(w.get("resources", {}).get(name, 0) >= n for name, n in asked.items())]
        if workers and not having:
            said = " ".join(f"{name}={number:g}" for name, number in asked.items())
            raise EngineMissing(
                f"no worker at {self._where.address} says that it has {said}: start one with "
                f"`dask worker {self._where.address} --nthreads {most.cores} --resources '{said}'`"
            )

    def _pass_on(self, sent: Any, future: "Future[str]") -> None:
        """What became of a task, told to who waits."""
        with self._lock:
            if self._sent.pop(future, None) is None:
                return
        if sent.status == "cancelled":
            future.cancel()
            future.set_running_or_notify_cancel()
            return
        error = sent.exception()
        if error is None:
            future.set_result(sent.result())
        else:
            future.set_exception(error)

    def _connect(self) -> Any:
        """A new client; EngineMissing when nobody answers for as long as patience lasts."""
        from distributed import Client

        until = time.monotonic() + (self._patience_s if self._client is not None else CONNECT_S)
        where = self._where.address if self._cluster is None else self._cluster
        while True:
            try:
                return Client(where, timeout=CONNECT_S, set_as_default=False)
            except (OSError, TimeoutError) as error:
                if self._closed.is_set() or time.monotonic() > until:
                    raise EngineMissing(
                        f"nobody answers at {where} ({type(error).__name__}): start a scheduler there with `dask "
                        "scheduler` and workers, then `campaign resume`; what has been finished is not paid for again"
                    ) from None
                self._closed.wait(1.0)

    def _connected(self) -> Any:
        """The client, a new one where the scheduler went away."""
        if self._closed.is_set():
            raise RuntimeError("the executor was shut down")
        if not _alive(self._client):
            _close(self._client)
            self._client = self._connect()
        return self._client

    def _watch(self) -> None:
        """Let go of what a scheduler that is gone will never answer: a client that closes cancels its futures."""
        while not self._closed.wait(LOOK_S):
            client = self._client
            if self._sent and not _alive(client):
                _close(client)

    def close(self, kill: bool) -> None:
        """Take no more; a cluster of our own ends."""
        self._closed.set()
        with self._lock:
            sent = list(self._sent.values())
        if kill and sent and _alive(self._client):
            with suppress(Exception):  # the scheduler may go away while it is told
                self._client.cancel(sent, force=True)
        _close(self._client)
        if self._cluster is not None:
            with suppress(TimeoutError):
                self._cluster.close(timeout=CLOSE_S)


def _alive(client: Any) -> bool:
    """Is its connection to the scheduler open?"""
    link = client.scheduler_comm
    return client.status == "running" and link is not None and not link.comm.closed()


def _close(client: Any) -> None:
    with suppress(OSError, TimeoutError):
        client.close(timeout=CLOSE_S)
