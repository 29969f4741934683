"""This file is what a campaign runs on, as data: its oracles, ladder, stages, and the problem they make."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eutectic.campaigns.execution.base import ONE_CORE, ExecutorPart, Resources
from eutectic.campaigns.execution.local import Local
from eutectic.campaigns.file.goals import Limit
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.screening import learned
from eutectic.generators.base import Generator
from eutectic.optimizers.base import Optimizer, Space
from eutectic.oracles.base import Oracle
from eutectic.surrogates.base import Surrogate
from eutectic.surrogates.composite.curve_distance import Target


@dataclass(frozen=True, slots=True)
class Ladder:
    """Which oracle stands on which rung; empty where no two oracles share a wanted property."""

    rungs: tuple[int, ...] = ()
    """Positions of its oracles in the campaign file, rung 0 first."""
    followers: tuple[int, ...] = ()
    """Positions of oracles that need what the rungs return: they are asked anew on every rung."""
    properties: frozenset[str] = frozenset()
    """Wanted properties that its oracles and their followers return."""

    @property
    def top(self) -> int:
        """Index of the highest rung."""
        return max(0, len(self.rungs) - 1)

    def rung(self, position: int) -> int | None:
        """The rung of the oracle at a position; None for one that stands on none."""
        return self.rungs.index(position) if position in self.rungs else None

    def order(self, positions: Iterable[int]) -> list[int]:
        """The positions in the order of asking: those that follow the rungs come after them."""
        return sorted(positions, key=lambda position: position in self.followers)

    def admits(self, position: int, rung: int) -> bool:
        """Is the oracle at a position asked of a candidate that has reached `rung`?"""
        return self.rung(position) in (None, rung)


@dataclass(frozen=True, slots=True)
class NamedOracle:
    """An oracle under its name in the campaign."""

    name: str
    use: str
    oracle: Oracle
    content: Mapping[str, object]
    """JSON options from which `plugins.build("oracles", content, folder)` makes it again, in a worker."""
    settings_hash: str
    """SHA-256 of its part's name, options, files and revisions; what it is called and costs does not count."""
    inline: bool
    """So cheap and safe that it runs in the campaign's own process."""
    cost: float | None = None
    """Declared cost of one evaluation; None: seconds as measured."""
    earlier: Mapping[str, str] = field(default_factory=dict)
    """Settings hash of an earlier way of computing its properties -> what has changed since."""
    search: bool = True
    """Is it asked in the search? Otherwise only by `validate`."""
    resources: Resources = ONE_CORE
    """What one evaluation needs of its machine."""
    plain_hash: str = ""
    """The settings hash without the target curves that its distances are taken from."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One optimizer's turn."""

    name: str
    optimizer: Optimizer
    evaluations: int | None
    """How many it asks for; None: the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Everything a campaign needs to run, built."""

    spec: CampaignSpec
    folder: Path
    """Where relative paths of the campaign file start."""
    generator: Generator
    space: Space
    """The generator's space, with constraints on screened properties as `known`."""
    oracles: tuple[NamedOracle, ...]
    stages: tuple[Stage, ...]
    recipes: tuple[Surrogate, ...]
    """One an output (m + c): objectives, then the limits that are learned."""
    ladder: Ladder = field(default_factory=Ladder)
    """The oracles that share a wanted property."""
    validator: NamedOracle | None = None
    """Who computes the best once more, with its own options; None: nobody."""
    curves: Mapping[str, Target] = field(default_factory=dict)
    """Objectives that are curves, and the curves they are to be like."""
    executor: ExecutorPart = field(default_factory=Local)
    """Where evaluations run."""

    @property
    def learned(self) -> tuple[Limit, ...]:
        """The limits that only evaluations can tell of (c)."""
        return learned(self.spec.limits, self.space)
