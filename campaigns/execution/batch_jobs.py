"""This file is the jobs of a batch queue as dask-jobqueue writes them: options, script, and when their time ends."""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

from eutectic.campaigns.errors import unknown

SYSTEMS = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "lsf": "LSFCluster",
    "sge": "SGECluster",
    "oar": "OARCluster",
    "moab": "MoabCluster",
    "htcondor": "HTCondorCluster",
}
"""Batch queue -> its class in dask_jobqueue."""
OURS = frozenset(
    {
        *("self", "scheduler", "name", "n_workers", "job_cls", "loop", "asynchronous", "scheduler_cls", "silence_logs"),
        *("processes", "nanny", "base_class_kwargs", "job_kwargs", "kwargs"),
        *("extra", "job_extra", "env_extra", "header_skip", "project"),
    }
)
"""Arguments of dask-jobqueue that the campaign gives itself, and old names of others."""
_WALLTIME = re.compile(r"(?:(\d+)-)?(\d+):(\d{1,2})(?::(\d{1,2}))?")
_BYTES = re.compile(r"\s*([0-9.]+)\s*([kKMGT]?)(i?)B?\s*")


def known(system: str) -> set[str]:
    """The options that a job of this queue may have."""
    import dask_jobqueue
    from dask_jobqueue.core import Job, JobQueueCluster

    cluster = getattr(dask_jobqueue, SYSTEMS[system])
    kinds = (cluster.job_cls, Job, JobQueueCluster)
    return {name for kind in kinds for name in inspect.signature(kind.__init__).parameters} - OURS


def refusal(system: str, job: Mapping[str, object]) -> str | None:
    """The first option that this queue's jobs do not have; None when all are known."""
    names = known(system)
    strange = next((name for name in job if name not in names), None)
    return None if strange is None else f"job: {unknown('option', strange, names)}"


def arguments(system: str, job: Mapping[str, Any], offered: Mapping[str, float]) -> dict[str, Any]:
    """The options with what the campaign adds: one worker a job, what it offers, when its time ends."""
    resources = ",".join(f"{name}={number:g}" for name, number in offered.items())
    prologue = list(job.get("job_script_prologue") or ())
    left_s = seconds(system, job.get("walltime"))
    if left_s is not None:
        prologue.append(f"export EUTECTIC_NODE_ENDS=$(( $(date +%s) + {left_s} ))")
    return {
        **job,
        "processes": 1,
        "job_script_prologue": prologue,
        "worker_extra_args": [*(job.get("worker_extra_args") or ()), "--resources", resources],
    }


def script(system: str, job: Mapping[str, Any], offered: Mapping[str, float]) -> Sequence[str]:
    """The script of one job, in lines; nothing is started or submitted."""
    import dask_jobqueue

    content = arguments(system, job, offered)
    cluster = getattr(dask_jobqueue, SYSTEMS[system])
    names = set(inspect.signature(cluster.job_cls.__init__).parameters)
    names |= set(inspect.signature(cluster.job_cls.__mro__[1].__init__).parameters)
    given = {name: value for name, value in content.items() if name in names}
    text: str = cluster.job_cls("tcp://THIS_HOST:PORT", name="eutectic", **given).job_script()
    return text.strip().splitlines()


def seconds(system: str, walltime: object) -> int | None:
    """A job's time as its queue writes it (`2:00:00`, `1-12:00:00`, LSF `90:00`), s; None where it cannot be read."""
    match = _WALLTIME.fullmatch(walltime.strip()) if isinstance(walltime, str) else None
    if match is None:
        return None
    days, first, second, third = (int(group or 0) for group in match.groups())
    if match[4] is None and system != "lsf" and match[1] is None:  # MM:SS
        return first * 60 + second
    return ((days * 24 + first) * 60 + second) * 60 + third


def megabytes(memory: object) -> float | None:
    """Memory such as `8 GB` or `16GiB`, MB (1e6 bytes); None where it cannot be read."""
    match = _BYTES.fullmatch(str(memory))
    if match is None:
        return None
    base = 1024 if match[3] else 1000
    return float(float(match[1]) * base ** " kMGT".index(match[2].replace("K", "k") or " ") / 1e6)
