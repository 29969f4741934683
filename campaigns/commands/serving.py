"""This file is what one campaign needs of this machine: each of its parts tried, and what gets those that fail."""

from collections.abc import Iterator
from pathlib import Path

from eutectic.campaigns.commands.arguments import campaign_file
from eutectic.campaigns.commands.finding import Finding, library
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.oracles.abilities import Checked
from eutectic.oracles.base import EngineMissing


def problem_of(campaign: str) -> Problem:
    """The parts of a campaign, from its file or from its folder; CampaignFileError where they cannot be built."""
    if Path(campaign).is_dir():
        ledger = read_ledger(Path(campaign))
        return build(ledger.spec, Path(str(ledger.facts.get("source", "."))), engines=False, begun=True)
    path = campaign_file(campaign)
    return build(CampaignSpec.from_file(path), path.parent, engines=False)


def needed(problem: Problem) -> list[Finding]:
    """A line a part of the campaign that uses something beyond the core."""
    found = [_tried(name, part) for name, part in _parts(problem)]
    return [*found, library("mlflow", "pip install mlflow")] if problem.spec.tracking.enabled else found


def _parts(problem: Problem) -> Iterator[tuple[str, object]]:
    """The parts that may need something of this machine, each with what it is called."""
    spec = problem.spec
    yield f"space {spec.space.use}", problem.generator
    for named in (*problem.oracles, *([] if problem.validator is None else [problem.validator])):
        yield f"oracle {named.name}", named.oracle
    if spec.executor is not None:
        yield f"executor {spec.executor.use}", problem.executor


def _tried(name: str, part: object) -> Finding:
    if not isinstance(part, Checked):
        return Finding(name, "needs nothing else")
    try:
        part.check()
    except (EngineMissing, ValueError) as error:
        return Finding(name, "", str(error))
    return Finding(name, "works")
