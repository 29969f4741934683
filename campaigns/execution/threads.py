"""This file is the executor of threads: the carrier on this machine, for tests and for oracles with several cores."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from eutectic.campaigns.execution.base import Resources, Setting
from eutectic.campaigns.execution.carrier import Carrier, Simple


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of the campaign's own process that wait for evaluations in processes of their own, as a cluster's do.

    It does what `local` does by the way that clusters go, and lets an oracle have several cores.
    """

    def open(self, setting: Setting) -> Carrier:
        """Start the pool."""
        return Carrier(Simple(ThreadPoolExecutor(setting.workers, thread_name_prefix="eutectic-carry")), setting)

    def refuse(self, resources: Resources) -> str | None:
        """Why an oracle cannot have such resources; None when it can."""
        here = len(os.sched_getaffinity(0))
        if resources.cores > here:
            return f"cores: this machine has {here}"
        if resources.gpus and len(_devices()) < resources.gpus:
            return f"gpus: CUDA_VISIBLE_DEVICES names {len(_devices())} here"
        return None


def _devices() -> list[str]:
    return [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
