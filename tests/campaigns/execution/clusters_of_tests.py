"""This file is the executors that tests run on, and a Dask scheduler with a worker in processes of their own."""

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

from tests.campaigns.execution.processes_of_tests import HERE, end, until

ROOT = Path(HERE).parents[2]


def free_port() -> int:
    """A port that nobody uses just now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """Ours, where these packages are imported from this checkout and dashboards ask for no port."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), HERE]), "OMP_NUM_THREADS": "1"}


class Scheduler:
    """`dask scheduler` and `dask worker`, as somebody else would run them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.begin()

    def begin(self, *worker: str) -> None:
        """Start both, and wait for the scheduler."""
        self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")
        until(self._answers)
        self.work(*worker)

    def work(self, *options: str) -> subprocess.Popen[bytes]:
        """Start one worker more."""
        usual = ("--no-dashboard", "--nworkers", "1", "--nthreads", "2", "--local-directory", str(self.folder))
        return self._start("worker", self.address, *usual, *options)

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / "dask.log").open("ab") as log:
            command = [sys.executable, "-m", "dask", *words]
            process = subprocess.Popen(command, env=environment(), stdout=log, stderr=log, cwd=self.folder)
        self.processes.append(process)
        return process

    def _answers(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """SIGKILL to all of them and what they started."""
        import psutil

        family = [c.pid for p in self.processes for c in _family(psutil, p.pid)]
        end(family)
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes.clear()


def _family(psutil, pid):
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def wait_for_workers(address: str, n: int, seconds: float = 120.0) -> None:
    """Until n workers have come to a scheduler."""
    from distributed import Client

    with ExitStack() as stack:
        client = stack.enter_context(Client(address, timeout=seconds, set_as_default=False))
        until(lambda: len(client.scheduler_info(n_workers=-1)["workers"]) >= n, seconds)
        time.sleep(0.1)
