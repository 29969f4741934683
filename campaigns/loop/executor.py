"""This file is the executor of a campaign, opened: where its evaluations run, and what the workers are told."""

from pathlib import Path

from eutectic.campaigns.execution.answers import FOLDER
from eutectic.campaigns.execution.base import Executor, Setting
from eutectic.campaigns.loop.routing import waits
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.problem.executors import most


def opened(problem: Problem, folder: Path) -> Executor:
    """Open the executor of the campaign in a folder, for every oracle that runs in a process of its own."""
    given, source = problem.spec.executor, str(problem.folder)
    asked = [*(n for n in problem.oracles if n.search), *filter(None, [problem.validator])]
    remote = [named for named in asked if not named.inline and not waits(named)]
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    setting = Setting(
        workers=given.workers,
        timeout_s=given.timeout_s,
        memory_mb=given.memory_mb,
        path=(source,),
        warm=tuple(("eutectic.campaigns.execution.job:warm", named.content, source) for named in remote),
        log=str((logs / "worker.log").absolute()),
        resources=most([named.resources for named in remote]),
        answers=str((folder / FOLDER).absolute()),
    )
    executor: Executor = problem.executor.open(setting)
    return executor
