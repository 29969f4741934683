"""This file is what a campaign can know without an evaluation, where oracles that cost nothing return all it wants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eutectic.campaigns.file.goals import Goal, Limit, Window
from eutectic.campaigns.problem.definition import NamedOracle, Problem
from eutectic.campaigns.problem.screening import property_values
from eutectic.generators.base import Generator
from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.evolutionary.exhaustive import Exhaustive, countable
from eutectic.oracles.abilities import needs


@dataclass(frozen=True, slots=True, eq=False)
class FreeJudge:
    """Losses and excesses of many candidates at once, as their evaluations would give them."""

    generator: Generator
    space: Space
    oracles: tuple[Any, ...]
    goals: tuple[Goal, ...]
    limits: tuple[Limit, ...]
    """Those that the space does not know already (c)."""
    windows: Mapping[str, Window]

    def __call__(self, X: Array) -> tuple[Array, Array]:
        """Losses (n, m) and excesses (n, c) of coordinates X (n, d); NaN where an evaluation would fail."""
        values: dict[str, Array] = {}
        for oracle in self.oracles:
            values |= property_values(self.generator, oracle, self.space, X)
        for name, window in self.windows.items():
            low, high = (end if end is not None else sign * np.inf for end, sign in ((window.min, -1), (window.max, 1)))
            own = values[name]
            values[name] = np.where((own >= low) & (own <= high), own, np.nan)
        Y = np.stack([losses(goal, values[goal.name]) for goal in self.goals], 1)
        C = [np.vectorize(limit.excess, otypes=[float])(values[limit.property]) for limit in self.limits]
        return Y, np.stack(C, 1) if C else np.empty((len(X), 0))


def losses(goal: Goal, values: Array) -> Array:
    """What is minimised (n,) of values (n,) in the property's unit; NaN stays NaN."""
    signed = values - goal.target if goal.target is not None else -values if goal.kind == "maximize" else values
    return np.maximum(np.abs(signed) - goal.tolerance, 0.0) if goal.kind == "target" else signed


def free_judge(problem: Problem) -> FreeJudge | None:
    """What candidates are worth, where that costs nothing; None where an evaluation is needed to know."""
    if paid(problem):
        return None
    oracles = tuple(named.oracle for named in problem.oracles if named.search and costless(named))
    spec, wanted = problem.spec, {*problem.spec.objectives, *(limit.property for limit in problem.learned)}
    windows = {name: window for name, window in spec.windows.items() if name in wanted}
    return FreeJudge(problem.generator, problem.space, oracles, spec.goals, problem.learned, windows)


def paid(problem: Problem) -> str:
    """What cannot be known without an evaluation, as the end of a sentence; "" where all can."""
    spec = problem.spec
    searched = [named for named in problem.oracles if named.search]
    free = {name for named in searched if costless(named) for name in named.oracle.properties or ()}
    wanted = dict.fromkeys([*spec.objectives, *(limit.property for limit in problem.learned)])
    dear = [name for name in wanted if name not in free or name in problem.curves]
    if dear:
        return f"{', '.join(dear)} {'comes' if len(dear) == 1 else 'come'} from oracles that evaluate one by one"
    return "oracles that share a property form a ladder" if problem.ladder.rungs else ""


def costless(named: NamedOracle) -> bool:
    """Is it so cheap that whole arrays of candidates can be asked, and needs it nothing of other oracles?"""
    return named.inline and not needs(named.oracle) and named.cost is None


def advice(problem: Problem) -> str:
    """That an exact front is to be had, where it is and nobody asks for it; "" elsewhere."""
    if paid(problem) or any(isinstance(stage.optimizer, Exhaustive) for stage in problem.stages):
        return ""
    number = countable(problem.space, Exhaustive().largest)
    what = f"gives the exact front of {number:,} candidates" if number is not None else "searches on them directly"
    return f"every objective and constraint costs nothing: `optimizers: [{{use: exhaustive}}]` {what}"
