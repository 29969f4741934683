"""This file is the executor of Dask: workers of this machine, of a running scheduler, or of a batch queue's jobs."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal
from urllib.parse import urlsplit

from eutectic.campaigns.execution import batch_jobs
from eutectic.campaigns.execution.base import Resources, Setting
from eutectic.campaigns.execution.carrier import Carrier
from eutectic.campaigns.execution.dask_engine import Cluster, DaskEngine
from eutectic.oracles.base import EngineMissing

REACH_S = 5.0
"""Seconds to wait for somebody to answer at an address before a campaign begins."""
SCHEMES = ("tcp", "tls", "ws", "wss", "ucx")
"""How a scheduler's address may begin."""
EXTRA = "pip install 'eutectic[cluster]'"


@dataclass(frozen=True, slots=True)
class Dask:
    """Dask (dask.distributed): a cluster of this machine, a scheduler that runs already, or the jobs of a batch queue.

    On its node every evaluation runs in a process of its own under the campaign's limits, so that a crash, a hang or
    too much memory costs one evaluation and no worker. Answers are also written to `results/` in the campaign's folder:
    a resumed campaign takes them, and waits for evaluations that still run, whatever became of the scheduler.
    """

    address: str | None = None
    """Scheduler that runs already, such as `tcp://host:8786`; its workers must see the campaign's folder."""
    cluster: Literal["slurm", "pbs", "lsf", "sge", "oar", "moab", "htcondor"] | None = None
    """Batch queue whose jobs are the workers (dask-jobqueue), as many as `workers` need."""
    job: dict[str, Any] = field(default_factory=dict)
    """Options of dask-jobqueue for one job, passed on as they are: queue, account, cores, memory, walltime,
    job_extra_directives and others; `campaign run FILE --dry-run` shows the script they make."""
    gpus: int = 0
    """GPUs of each worker; a batch job must ask for them too, as in `job_extra_directives: ["--gres=gpu:1"]`."""
    patience_s: float = 600.0
    """Seconds to wait for a scheduler that has gone away before the campaign is put down, to be resumed; > 0."""

    def __post_init__(self) -> None:
        """ValueError with the option that cannot be."""
        if self.address is not None and self.cluster is not None:
            raise ValueError("address: give this or `cluster`, not both")
        if self.job and self.cluster is None:
            raise ValueError(f"job: has no meaning without `cluster`: {', '.join(batch_jobs.SYSTEMS)}")
        if self.cluster is not None and (missing := {"cores", "memory"} - {*self.job}):
            raise ValueError(
                f"job: give {' and '.join(sorted(missing))} of one job, such as {{cores: 4, memory: 8 GB}}"
            )
        if self.address is not None and not _is_address(self.address):
            raise ValueError(f"address: '{self.address}' is no address; write it like tcp://host:8786")
        if self.gpus < 0:
            raise ValueError(f"gpus: must be >= 0, not {self.gpus}")
        if self.patience_s <= 0:
            raise ValueError(f"patience_s: must be > 0, not {self.patience_s:g}")

    @property
    def queues(self) -> bool:
        """Do its jobs wait in a queue before they begin?"""
        return self.cluster is not None

    def refuse_options(self) -> str | None:
        """The first option of `job` that dask-jobqueue does not know; None when there is none, or it is not here."""
        if self.cluster is None or find_spec("dask_jobqueue") is None:
            return None
        return batch_jobs.refusal(self.cluster, self.job)

    def refuse(self, resources: Resources) -> str | None:
        """Why an oracle cannot have such resources; None when it can, or only its workers can tell."""
        if self.address is not None:
            return None
        cores = len(os.sched_getaffinity(0)) if self.cluster is None else int(self.job["cores"])
        whose, more = ("this machine", "") if self.cluster is None else ("a job", "; give `job` more `cores`")
        if resources.cores > cores:
            return f"cores: {whose} has {cores}{more}"
        if resources.gpus > self.gpus:
            return f"gpus: a worker has {self.gpus}; say how many with `gpus` of the executor"
        memory_mb = batch_jobs.megabytes(self.job["memory"]) if self.cluster else None
        if memory_mb is not None and resources.memory_mb is not None and resources.memory_mb > memory_mb:
            return f"memory_mb: a job has {memory_mb:.0f}; give `job` more `memory`"
        return None

    def check(self) -> None:
        """EngineMissing when Dask is not installed, or nobody answers at the address."""
        wanted = ("distributed", "dask_jobqueue") if self.cluster else ("distributed",)
        if missing := [name for name in wanted if find_spec(name) is None]:
            raise EngineMissing(f"the executor 'dask' needs {' and '.join(missing)}: {EXTRA}")
        if self.address is not None:
            _reach(self.address)

    def plan(self, setting: Setting) -> Sequence[str]:
        """The batch jobs, as a dry run shows them."""
        if self.cluster is None:
            return ()
        n = self._jobs(setting)
        script = batch_jobs.script(self.cluster, self.job, self._offered(setting))
        return [f"{n} {self.cluster} job{'s' if n > 1 else ''}, submitted when the campaign runs:", *script]

    def open(self, setting: Setting) -> Carrier:
        """Start or find the cluster; EngineMissing when that cannot be done."""
        self.check()
        offered = self._offered(setting)
        if self.address is not None:
            engine = DaskEngine(Cluster(address=self.address), setting.resources, self.patience_s, declared=False)
        elif self.cluster is not None:
            content = batch_jobs.arguments(self.cluster, self.job, offered)
            cluster = Cluster(system=self.cluster, job=content, number=self._jobs(setting))
            engine = DaskEngine(cluster, setting.resources, self.patience_s)
        else:
            cluster = Cluster(number=setting.workers, offered=offered)
            engine = DaskEngine(cluster, setting.resources, self.patience_s)
        return Carrier(engine, setting)

    def _jobs(self, setting: Setting) -> int:
        """How many jobs hold as many evaluations as run at the same time."""
        each = max(1, int(self.job["cores"]) // setting.resources.cores)
        if setting.resources.gpus:
            each = min(each, max(1, self.gpus // setting.resources.gpus))
        if setting.resources.memory_mb and (memory_mb := batch_jobs.megabytes(self.job["memory"])):
            each = min(each, max(1, int(memory_mb // setting.resources.memory_mb)))
        return -(-setting.workers // each)

    def _offered(self, setting: Setting) -> dict[str, float]:
        """What one worker says it has, for the scheduler."""
        if self.cluster is None:
            return {"cores": setting.resources.cores, "gpus": self.gpus}
        offered: dict[str, float] = {"cores": int(self.job["cores"]), "gpus": self.gpus}
        memory_mb = batch_jobs.megabytes(self.job["memory"])
        return {**offered, "memory_mb": memory_mb} if memory_mb is not None else offered


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in SCHEMES and bool(parts.hostname) and parts.port is not None
    except ValueError:
        return False


def _reach(address: str) -> None:
    """EngineMissing, with what to start, when nobody answers."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=REACH_S).close()
    except OSError as error:
        raise EngineMissing(nobody(address, error.strerror or str(error))) from None


def nobody(address: str, why: str) -> str:
    """The sentence for a scheduler that is not there."""
    port = urlsplit(address).port
    return (
        f"nobody answers at {address} ({why}): start a scheduler there with `dask scheduler --port {port}`, and "
        f"workers with `dask worker {address}` where the campaign's folder can be seen"
    )
