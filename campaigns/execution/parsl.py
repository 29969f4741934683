"""This file is the executor of Parsl: its own configuration, or processes of this machine."""

import importlib.util
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from eutectic.campaigns.execution.base import Resources, Setting
from eutectic.campaigns.execution.carrier import Carrier
from eutectic.campaigns.execution.local import HOME
from eutectic.oracles.base import EngineMissing

FIND_US = f'export PYTHONPATH="{HOME}:$PYTHONPATH"'
"""What a worker's shell is told, so that it finds this package wherever it lies."""
START = (
    "import ctypes, os, signal, sys; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); "
    "signal.signal(signal.SIGINT, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])"
)
"""What starts Parsl's own process in between: it ends with the campaign's (prctl(2)), or it would wait for ever, and a
Ctrl-C in the terminal is for the campaign alone."""
LOOK_S = 1.0
"""Seconds between two looks at whether Parsl's own process is there."""
EXTRA = "pip install 'eutectic[parsl]'"


@dataclass(frozen=True, slots=True)
class Parsl:
    """Parsl: the executors of a configuration of its own (Slurm, PBS, Kubernetes, clouds), or this machine's processes.

    On its node every evaluation runs in a process of its own under the campaign's limits, and answers are also written
    to `results/` in the campaign's folder.
    """

    config: str | None = None
    """Python file that makes a `parsl.Config` called `config`; without it, `workers` processes of this machine."""
    cores: int = 1
    """Cores that each of the configuration's workers has (`cores_per_worker`); > 0."""

    def __post_init__(self) -> None:
        """ValueError with the option that cannot be."""
        if self.cores < 1:
            raise ValueError(f"cores: must be > 0, not {self.cores}")

    def located(self, folder: str) -> "Parsl":
        """The same with its file taken from `folder`; ValueError when that is not there."""
        if self.config is None:
            return self
        path = Path(folder) / self.config
        if not path.is_file():
            raise ValueError(f"config: no such file: {path}")
        return replace(self, config=str(path))

    def refuse(self, resources: Resources) -> str | None:
        """Why an oracle cannot have such resources; None when it can."""
        if resources.cores > self.cores:
            return f"cores: a worker has {self.cores}; say how many with `cores` of the executor"
        if resources.gpus:
            return "gpus: with Parsl say `available_accelerators` in its configuration and leave this out"
        return None

    def check(self) -> None:
        """EngineMissing when Parsl is not installed."""
        if find_spec("parsl") is None:
            raise EngineMissing(f"the executor 'parsl' needs parsl: {EXTRA}")

    def open(self, setting: Setting) -> Carrier:
        """Load the configuration; EngineMissing when that cannot be done."""
        self.check()
        content = _here(setting) if self.config is None else _configured(self.config)
        return Carrier(ParslEngine(content), setting)


class ParslEngine:
    """One data flow kernel for the campaign's life."""

    def __init__(self, config: Any) -> None:
        import parsl

        self._kernel = parsl.DataFlowKernel(config)
        self._apps: dict[Callable[[str], str], Callable[[str], Future[str]]] = {}
        self._lock, self._over = threading.Lock(), threading.Event()
        threading.Thread(target=self._watch, name="eutectic-parsl", daemon=True).start()

    def send(self, function: Callable[[str], str], order: str, key: str, resources: Resources) -> "Future[str]":
        """Start an app; Parsl has no keys, and its workers have the cores they have.

        Its future is cancelled when an executor of Parsl's broke; EngineMissing from then on.
        """
        del key, resources
        from parsl.app.python import PythonApp

        if (broken := self._broken()) is not None:
            raise EngineMissing(f"Parsl's executor '{broken}' has ended; `campaign resume` starts it anew and goes on")
        with self._lock:
            if function not in self._apps:
                self._apps[function] = PythonApp(function, data_flow_kernel=self._kernel)
            carried = self._apps[function](order)
        answer: Future[str] = Future()
        carried.add_done_callback(lambda done: self._relay(done, answer))
        return answer

    def _relay(self, done: "Future[str]", answer: "Future[str]") -> None:
        """Give on what an app came to; what was lost with the executor is no failure of its evaluation."""
        error = done.exception()
        if error is None:
            answer.set_result(done.result())
        elif self._broken() is not None:
            answer.cancel()
            answer.set_running_or_notify_cancel()
        else:
            answer.set_exception(error)

    def _broken(self) -> str | None:
        """The name of an executor that can carry nothing any more."""
        executors = self._kernel.executors.values()
        return next((str(e.label) for e in executors if getattr(e, "bad_state_is_set", False)), None)

    def _watch(self) -> None:
        """Parsl itself does not see the death of the process that hands its tasks on, and would wait for ever."""
        while not self._over.wait(LOOK_S):
            for executor in [*self._kernel.executors.values()]:
                process = getattr(executor, "interchange_proc", None)
                if process is not None and process.poll() is not None and not executor.bad_state_is_set:
                    executor.set_bad_state_and_fail_all(RuntimeError("its interchange has ended"))

    def close(self, kill: bool) -> None:
        """Take no more; Parsl ends its workers, and with them what runs."""
        self._over.set()
        if not kill:
            self._kernel.wait_for_current_tasks()
        if not self._kernel.cleanup_called:
            self._kernel.cleanup()


def _here(setting: Setting) -> Any:
    """Processes of this machine."""
    from parsl import Config
    from parsl.executors import HighThroughputExecutor
    from parsl.providers import LocalProvider

    workers = HighThroughputExecutor(
        label="here",
        interchange_launch_cmd=[sys.executable, "-c", START, "interchange.py"],
        address="127.0.0.1",
        loopback_address="127.0.0.1",
        max_workers_per_node=setting.workers,
        cores_per_worker=0.001,  # `workers` says how many, not the number of cores
        provider=LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1, worker_init=FIND_US),
        heartbeat_period=2,
        heartbeat_threshold=10,
        encrypted=False,
    )
    run_dir = str(Path(setting.log).parent / "parsl") if setting.log else "runinfo"
    return Config(executors=[workers], run_dir=run_dir, strategy="none", initialize_logging=False)


def _configured(path: str) -> Any:
    """The user's own; EngineMissing where the file makes none."""
    from parsl import Config

    spec = importlib.util.spec_from_file_location("eutectic_parsl_config", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's own code
        raise EngineMissing(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    config = getattr(module, "config", None)
    if not isinstance(config, Config):
        raise EngineMissing(f"{path} makes no `config = parsl.Config(...)`")
    return config
