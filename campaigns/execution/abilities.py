"""This file is what an executor's part may be able to do beside `open`, and is asked for where it can.

Each ability is a `Protocol`; a part has it by having its member. `check()` of `oracles/abilities.py` is another: it
raises EngineMissing, with its cure, where the executor cannot be opened.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from eutectic.campaigns.execution.base import Resources, Setting


@runtime_checkable
class OptionsRefusing(Protocol):
    """An executor whose options can be wrong beyond their types."""

    def refuse_options(self) -> str | None:
        """What is wrong with them, beginning with the option's name; None when nothing is."""
        ...


@runtime_checkable
class ResourcesRefusing(Protocol):
    """An executor that sees to resources; without it, an oracle that asks for any is refused."""

    def refuse(self, resources: Resources) -> str | None:
        """Why an evaluation cannot have them; None where it can."""
        ...


@runtime_checkable
class Planning(Protocol):
    """An executor that can say what it will do."""

    def plan(self, setting: Setting) -> Sequence[str]:
        """Lines for a dry run, such as the script of its batch jobs."""
        ...


@runtime_checkable
class Queueing(Protocol):
    """An executor that may not begin at once."""

    @property
    def queues(self) -> bool:
        """True where jobs have to wait: a dry run tries oracles on this machine instead."""
        ...
