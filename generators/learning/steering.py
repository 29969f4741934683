"""This file is what steers a generator towards what a campaign wants: rewards, and which crystals are learned from.

Rewards, diversity filter, replay and the share that trains are those of MatInvent (Chen et al. 2025, arXiv
2511.03112). Everything here is a function of a record in its order; what learns is each engine's own (for the Wyckoff
generator generators/wyckoff/finetuning.py).
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from eutectic.generators.hints import hint
from eutectic.generators.structures.generated import StructureGenerator

Array = NDArray[np.float64]
Index = NDArray[np.int64]

FULL_UNTIL = 3
"""Earlier occurrences of a reduced formula up to which its reward is whole (MatInvent)."""
NOTHING_FROM = 6
"""Earlier occurrences from which it is 0; between, it falls linearly (MatInvent)."""
REMEMBERED = 100
"""Crystals that are remembered for replay (MatInvent)."""
REPLAYED = 10
"""Of which so many are drawn at each update of the weights (MatInvent)."""
CUT_OFF = 0.1
"""A crystal of at most this reward is not remembered (MatInvent)."""
SHARE = 0.5
"""Best share of a batch that is trained on (MatInvent)."""
SIGMA = 0.025
"""Weight of the divergence from the prior (MatInvent)."""
HELD_BACK = 1.1
"""A crystal of reward r is held to the prior by this less r (MatInvent)."""
COMBINATIONS = ("minimum", "mean")
DIGITS = 9
"""Rewards are rounded to so many decimals before they are hashed."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a property should be: its reward is 1 at `full` and 0 at `nothing`, linear between, constant beyond."""

    full: float
    """In the property's unit."""
    nothing: float
    """In the property's unit."""
    target: bool = False
    """Is `full` a target? Then the reward falls with the distance from it on either side."""
    weight: float = 1.0
    """In the mean over several properties."""

    def __post_init__(self) -> None:
        """Raise ValueError for what is no scale."""
        if not (math.isfinite(self.full) and math.isfinite(self.nothing) and self.full != self.nothing):
            raise ValueError(f"full: {self.full:g} and nothing: {self.nothing:g} are not two different finite numbers")
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise ValueError(f"weight: {self.weight:g} is not above 0")

    def reward(self, value: float) -> float:
        """0 to 1; 0 where the value is no number."""
        if not math.isfinite(value):
            return 0.0
        away = (value - self.full) / (self.nothing - self.full)
        return float(np.clip(1.0 - (abs(away) if self.target else away), 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Steering:
    """Options of steering. `reward`: MatInvent's fine-tuning; `curate`: what is good, unique and new is learned anew.

    A campaign's weights change each time `every` more candidates are finished.
    """

    aims: Mapping[str, Aim] = field(default_factory=dict)
    """Property, its unit in its name -> what it should be; without any, a campaign's objectives and constraints."""
    mode: Literal["reward", "curate"] = "reward"
    combine: Literal["minimum", "mean"] = "minimum"
    """How the rewards of several aims become one."""
    every: int = 16
    """Finished candidates between two updates of the weights."""
    rate: float = 3e-4
    """Learning rate (MatInvent for DiffCSP: 1e-4; three times that found hits in two thirds of the evaluations)."""
    updates: int = 20
    """Steps of the optimizer at each update of the weights."""
    share: float = SHARE
    """Best share of the finished that is trained on; 0: on what is replayed alone. Not for `curate`."""
    limit: float = 1.0
    """`curate`: a crystal of at least this reward is kept."""

    def __post_init__(self) -> None:
        """Raise ValueError for options outside their range."""
        for name, given, choices in (
            ("mode", self.mode, ("reward", "curate")),
            ("combine", self.combine, COMBINATIONS),
        ):
            if given not in choices:
                raise ValueError(f"{name}: {given!r} is none of {', '.join(choices)}{hint(given, choices)}")
        if self.every < 2:
            raise ValueError(f"every: {self.every} is not 2 or more")
        if self.updates < 1:
            raise ValueError(f"updates: {self.updates} is not 1 or more")
        if not 0 < self.rate < 1:
            raise ValueError(f"rate: {self.rate:g} is not between 0 and 1")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share: {self.share:g} is not between 0 and 1")
        if not 0 < self.limit <= 1:
            raise ValueError(f"limit: {self.limit:g} is not above 0 and at most 1")

    def reward(self, values: Mapping[str, float] | None) -> float:
        """Of a finished candidate, 0 to 1; 0 where its evaluation failed (None) or lacks a property.

        ValueError without aims: what a campaign's objectives are worth is reckoned by the campaign.
        """
        if not self.aims:
            raise ValueError("aims: name a property at least, or there is nothing to steer towards")
        if values is None:
            return 0.0
        each = [aim.reward(float(values.get(name, math.nan))) for name, aim in self.aims.items()]
        if self.combine == "minimum":
            return min(each)
        if any(not math.isfinite(float(values.get(name, math.nan))) for name in self.aims):
            return 0.0
        return float(np.average(each, weights=[aim.weight for aim in self.aims.values()]))


@dataclass(frozen=True, slots=True, eq=False)
class Experience:
    """One finished candidate."""

    id: str
    structure: Mapping[str, object]
    """`pymatgen.core.Structure.as_dict()`."""
    formula: str
    """Reduced."""
    reward: float
    """0 to 1."""

    def __post_init__(self) -> None:
        """Raise ValueError for a reward that is none."""
        if not 0 <= self.reward <= 1:
            raise ValueError(f"reward: {self.reward:g} of {self.id} is not between 0 and 1")


@runtime_checkable
class SteeredEngine(Protocol):
    """An engine whose weights a campaign's record can move."""

    @property
    def weights(self) -> str:
        """Name or path of what it draws with."""
        ...

    @property
    def steering(self) -> Steering | None:
        """How; None: not at all."""
        ...

    def learned(self, experience: Sequence[Experience], seed: int, folder: Path) -> Sequence[StructureGenerator]:
        """The engine after each update that a record makes, a function of these arguments; the folder keeps weights."""
        ...


@runtime_checkable
class SteeredSpace(Protocol):
    """A generator whose engine's weights a campaign's record can move."""

    @property
    def steering(self) -> Steering | None:
        """How; None: not at all."""
        ...

    @property
    def updates(self) -> Sequence[Any]:
        """The engine after each update so far."""
        ...

    def learned(self, experience: Sequence[Experience], seed: int, folder: Path) -> Self:
        """The same with its engine's weights as a record, in its order, has moved them."""
        ...


def diversified(experience: Sequence[Experience]) -> Array:
    """(n,) rewards, less for a formula that has occurred often before, in the record's order."""
    before: Counter[str] = Counter()
    rewards = np.empty(len(experience))
    for i, one in enumerate(experience):
        left = (NOTHING_FROM - before[one.formula]) / (NOTHING_FROM - FULL_UNTIL)
        rewards[i] = one.reward * float(np.clip(left, 0.0, 1.0))
        before[one.formula] += 1
    return rewards


def unbeaten(losses: Array) -> Array:
    """(n,) rewards of losses (n, m): 1 on their front, falling to 0 where half of the others are better in everything.

    NaN where there is none: worth nothing, and better than nobody. With one loss this is its rank.
    """
    known = np.isfinite(losses).all(axis=1)
    rows = losses[known]
    better = (rows[None] <= rows[:, None]).all(axis=2) & (rows[None] < rows[:, None]).any(axis=2)
    rewards = np.zeros(len(losses))
    rewards[known] = np.clip(1.0 - 2.0 * better.sum(axis=1) / max(1, len(rows) - 1), 0.0, 1.0)
    return rewards


def kept(excess: Array) -> Array:
    """(n,) rewards of excesses (n,) over a limit, NaN where unknown: 1 where it is kept, 0 from their median on."""
    beyond = excess[np.isfinite(excess) & (excess > 0)]
    unit = float(np.median(beyond)) if len(beyond) else 1.0
    return np.where(np.isfinite(excess), np.clip(1.0 - np.maximum(excess, 0.0) / unit, 0.0, 1.0), 0.0)


def of_campaign(losses: Array, excess: Array, options: Steering) -> Array:
    """(n,) rewards of minimised losses (n, m) and excesses over limits (n, c), in the order of a record.

    Each is measured by the others up to the end of its own block of `every`, so that what comes later changes nothing.
    `curate` asks only that limits are kept, where there are any.
    """
    rewards = np.zeros(len(losses))
    for start in range(0, len(losses), options.every):
        rows = slice(0, start + options.every)
        limits = [kept(column) for column in excess[rows].T]
        parts = limits if options.mode == "curate" and limits else [unbeaten(losses[rows]), *limits]
        rewards[start : start + options.every] = np.min(parts, axis=0)[start:]
    return rewards


def best_share(rewards: Array, share: float) -> Index:
    """Places of the best share of rewards (n,), best first, earlier before later; those of reward 0 never."""
    order = np.argsort(-rewards, kind="stable")[: math.ceil(share * len(rewards))]
    return np.asarray(order[rewards[order] > 0], dtype=np.int64)


def remembered(experience: Sequence[Experience], rewards: Array) -> Index:
    """Places of what is kept for replay: the best of each formula above the cut-off, `REMEMBERED` at most."""
    best: dict[str, int] = {}
    for i, one in enumerate(experience):
        if rewards[i] > CUT_OFF and (one.formula not in best or rewards[i] > rewards[best[one.formula]]):
            best[one.formula] = i
    return np.array(sorted(best.values(), key=lambda i: (-rewards[i], i))[:REMEMBERED], dtype=np.int64)


def lesson(experience: Sequence[Experience], options: Steering, rng: np.random.Generator) -> tuple[Index, Array]:
    """Places of what the last `every` of the record teach, and what is replayed, and their rewards (k,)."""
    rewards = diversified(experience)
    start = max(0, len(experience) - options.every)
    fresh = start + best_share(rewards[start:], options.share)
    own = np.array([one.reward for one in experience])
    memory = remembered(experience, own)
    memory = memory[~np.isin(memory, fresh)]
    replayed = np.sort(rng.permutation(memory)[:REPLAYED])
    return np.concatenate([fresh, replayed]), np.concatenate([rewards[fresh], own[replayed]])


def lessons(finished: int, every: int) -> int:
    """How often the weights have been updated when so many candidates are finished."""
    return finished // every


def name_of(parent: str, experience: Sequence[Experience], options: Steering, seed: int) -> str:
    """SHA-256 (64 digits) of all that steered weights depend on; `parent` is the sum of the weights they began with."""
    rows = [[one.id, round(one.reward, DIGITS)] for one in experience]
    content = [parent, rows, asdict(options), seed]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
