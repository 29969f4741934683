"""This file is what an executor is: a part with options that opens what takes jobs, and what that is told.

What takes jobs is shaped like `concurrent.futures`: `submit("module:function", *json_arguments)` returns a Future of
the function's JSON result. A future of an evaluation that did not come back raises `EvaluationLost`, which says whose
fault it was.
"""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from eutectic.campaigns.file.sections import Resources
from eutectic.oracles.base import Failure

__all__ = ["ONE_CORE", "EvaluationLost", "Executor", "ExecutorPart", "Resources", "Setting"]

ONE_CORE = Resources()
"""What an evaluation has when its oracle asks for nothing."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What an executor is told when it is opened."""

    workers: int = 1
    """Evaluations that run at the same time."""
    timeout_s: float | None = None
    """Wall seconds one evaluation may take."""
    memory_mb: float | None = None
    """Resident memory of an evaluation's processes, MB, where its oracle does not say otherwise."""
    path: tuple[str, ...] = ()
    """Folders whose modules evaluations may import."""
    warm: tuple[tuple[Any, ...], ...] = ()
    """Calls ("module:function", *json_arguments) to make once, before the first evaluation."""
    log: str | None = None
    """File for what the worker itself has to say."""
    resources: Resources = ONE_CORE
    """The most that any oracle asks for."""
    answers: str | None = None
    """Folder that answers are written to beside being sent, so that none is lost with who waits for it."""


class Executor(Protocol):
    """What the campaign asks of an executor that is open."""

    def submit(
        self, function: str, /, *arguments: object, key: str = "", resources: Resources = ONE_CORE
    ) -> "Future[Any]":
        """Run `module:function` on JSON arguments; the future has its result.

        key: the same for the same evaluation in whatever process asks for it, "" for what nobody will ask for again.
        """
        ...

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Start nothing more; with `cancel_futures`, kill what runs."""
        ...


class ExecutorPart(Protocol):
    """What a campaign file names; what else it may have stands in `abilities.py`."""

    def open(self, setting: Setting) -> Executor:
        """Begin to take jobs; EngineMissing, with its cure, when that cannot be done here."""
        ...


class EvaluationLost(RuntimeError):
    """An evaluation's process gave no answer."""

    def __init__(self, failure: Failure, error: str, output: str = "", walltime: bool = False) -> None:
        super().__init__(error)
        self.failure: Failure = failure
        self.output = output
        """The end of what it printed."""
        self.walltime = walltime
        """Did its node's own time end?"""
