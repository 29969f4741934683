"""This file is what the campaign asks of an executor before it is opened: may it run these oracles, and is it there?

All of this is optional for a part: `refuse(resources)` says why an oracle cannot have them, `refuse_options()` what is
wrong with its own options beyond their types, `check()` raises EngineMissing where it cannot be opened, and
`plan(setting)` are lines about what it will do, for a dry run. A part whose `queues` is true does not begin at once, so
that a dry run tries oracles on this machine instead.
"""

from collections.abc import Sequence
from typing import Any

from eutectic.campaigns.execution.base import ONE_CORE, ExecutorPart, Resources, Setting
from eutectic.campaigns.execution.local import Local


def refusal_of_options(executor: Any) -> str | None:
    """What is wrong with the executor's options, beginning with the option; None when nothing is."""
    reason: str | None = executor.refuse_options() if hasattr(executor, "refuse_options") else None
    return reason


def refusal(executor: Any, name: str, resources: Resources, inline: bool) -> str | None:
    """Why an oracle cannot have its resources, beginning with the one that is refused; None when it can."""
    if resources == ONE_CORE:
        return None
    if inline:
        return "it runs in the campaign's own process, where it has what that has; leave `resources` out"
    if not hasattr(executor, "refuse"):
        return f"the executor '{name}' does not say that it sees to resources; take 'dask'"
    reason: str | None = executor.refuse(resources)
    return reason


def require(executor: Any) -> None:
    """EngineMissing, with its cure, when the executor cannot be opened here."""
    if hasattr(executor, "check"):
        executor.check()


def plan(executor: Any, setting: Setting) -> Sequence[str]:
    """What the executor will do, in lines, such as the script of its batch jobs."""
    lines: Sequence[str] = executor.plan(setting) if hasattr(executor, "plan") else ()
    return lines


def at_once(executor: Any) -> ExecutorPart:
    """The executor, or the local one where its jobs would have to wait in a queue."""
    chosen: ExecutorPart = Local() if getattr(executor, "queues", False) else executor
    return chosen


def most(demands: Sequence[Resources]) -> Resources:
    """The most of each that any asks for."""
    memory = [demand.memory_mb for demand in demands if demand.memory_mb is not None]
    return Resources(
        cores=max((demand.cores for demand in demands), default=1),
        memory_mb=max(memory, default=None),
        gpus=max((demand.gpus for demand in demands), default=0),
    )
