"""This file is what the campaign asks of an executor before it is opened: may it run these oracles, and is it there?"""

from collections.abc import Sequence

from eutectic.campaigns.execution.abilities import OptionsRefusing, Planning, Queueing, ResourcesRefusing
from eutectic.campaigns.execution.base import ONE_CORE, ExecutorPart, Resources, Setting
from eutectic.campaigns.execution.local import Local
from eutectic.oracles.abilities import Checked


def refusal_of_options(executor: ExecutorPart) -> str | None:
    """What is wrong with the executor's options, beginning with the option; None when nothing is."""
    return executor.refuse_options() if isinstance(executor, OptionsRefusing) else None


def refusal(executor: ExecutorPart, name: str, resources: Resources, inline: bool) -> str | None:
    """Why an oracle cannot have its resources, beginning with the one that is refused; None when it can."""
    if resources == ONE_CORE:
        return None
    if inline:
        return "it runs in the campaign's own process, where it has what that has; leave `resources` out"
    if not isinstance(executor, ResourcesRefusing):
        return f"the executor '{name}' does not say that it sees to resources; take 'dask'"
    return executor.refuse(resources)


def require(executor: ExecutorPart) -> None:
    """EngineMissing, with its cure, when the executor cannot be opened here."""
    if isinstance(executor, Checked):
        executor.check()


def plan(executor: ExecutorPart, setting: Setting) -> Sequence[str]:
    """What the executor will do, in lines, such as the script of its batch jobs."""
    return executor.plan(setting) if isinstance(executor, Planning) else ()


def at_once(executor: ExecutorPart) -> ExecutorPart:
    """The executor, or the local one where its jobs would have to wait in a queue."""
    return Local() if isinstance(executor, Queueing) and executor.queues else executor


def most(demands: Sequence[Resources]) -> Resources:
    """The most of each that any asks for."""
    memory = [demand.memory_mb for demand in demands if demand.memory_mb is not None]
    return Resources(
        cores=max((demand.cores for demand in demands), default=1),
        memory_mb=max(memory, default=None),
        gpus=max((demand.gpus for demand in demands), default=0),
    )
