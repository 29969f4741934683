"""Small parts for tests of the campaign's plumbing; each does just what its options say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from eutectic.optimizers.base import Space
from eutectic.oracles.base import Candidate, EngineMissing, Evaluation

TABLES = {
    "generators": {"square": "tests.campaigns.fakes:Square"},
    "oracles": {
        "probe": "tests.campaigns.fakes:Probe",
        "anything": "tests.campaigns.fakes:Anything",
        "sieve": "tests.campaigns.fakes:Sieve",
    },
    "surrogates": {"gp": "tests.campaigns.fakes:Recipe", "line": "tests.campaigns.fakes:Recipe"},
    "optimizers": {"dice": "tests.campaigns.fakes:Dice", "picky": "tests.campaigns.fakes:Picky"},
}


@dataclass(frozen=True, slots=True)
class Inner:
    """Options inside an option."""

    depth: int = 1
    """How deep."""


@dataclass(frozen=True, slots=True)
class Square:
    """A square."""

    side: float = 1.0
    """Its upper bound, dimensionless."""
    names: tuple[str, str] = ("a", "b")
    """Its variables."""
    file: str | None = None
    """A file it reads."""
    kind: Literal["continuous", "fraction"] = "continuous"
    """Kind of its variables."""

    def __post_init__(self) -> None:
        if self.side < 0:
            raise ValueError(f"side {self.side:g} is negative")

    @property
    def space(self) -> Space:
        if self.side == 0:
            raise ValueError("side 0 leaves no candidate")
        return Space(self.names, (self.kind, self.kind), np.zeros(2), np.full(2, self.side))

    def generate(self, X, rng):
        return [Candidate(variables=dict(zip(self.names, map(float, row), strict=True))) for row in X]

    def coordinates(self, variables):
        return np.array([float(variables[name]) for name in self.names])

    def located(self, folder: str) -> "Square":
        if self.file is None:
            return self
        path = Path(folder) / self.file
        if not path.exists():
            raise ValueError(f"file {path} does not exist")
        return replace(self, file=str(path))


@dataclass(frozen=True, slots=True)
class Probe:
    """Returns the sum of the variables under every name it is asked for."""

    cells: int = 3
    """How many."""
    temperature_k: float = 300.0
    """Temperature, K."""
    returns: tuple[str, ...] = ("hardness_gpa", "cost_usd")
    """Its properties."""
    wanted: tuple[str, ...] | None = None
    """Those asked for."""
    inner: Inner = Inner()
    """More options."""
    window: float | tuple[float, float] = 0.0
    """A number or two."""
    limit: float = 10.0
    """Largest upper bound it takes."""
    broken: str = ""
    """Why it cannot run here."""
    wrong: str = ""
    """Why its files cannot work."""

    @property
    def properties(self) -> tuple[str, ...]:
        return self.returns

    def only(self, names: Sequence[str]) -> "Probe":
        return replace(self, wanted=tuple(names))

    def check(self) -> None:
        if self.broken:
            raise EngineMissing(self.broken)
        if self.wrong:
            raise ValueError(self.wrong)

    def refuse(self, variables, lower, upper) -> str | None:
        return f"{variables[0]} up to {upper[0]:g} is above {self.limit:g}" if upper[0] > self.limit else None

    def evaluate(self, candidates, rng):
        return [
            Evaluation(c.id, "probe", dict.fromkeys(self.wanted or self.returns, sum(c.variables.values())), cost_s=2.0)
            for c in candidates
        ]


@dataclass(frozen=True, slots=True)
class Anything:
    """Cannot tell what it returns."""

    properties: ClassVar[None] = None
    inline: ClassVar[bool] = True

    def evaluate(self, candidates, rng):
        return [Evaluation(c.id, "anything", {"hardness_gpa": 1.0}) for c in candidates]


@dataclass(frozen=True, slots=True)
class Sieve:
    """Screens the sum of the variables."""

    inline: ClassVar[bool] = True
    properties: ClassVar[tuple[str, ...]] = ("total",)

    def screen(self, candidates):
        return {"total": [sum(c.variables.values()) for c in candidates]}

    def screen_fractions(self, elements, X):
        assert tuple(elements) == ("a", "b")
        return {"total": X.sum(1)}

    def evaluate(self, candidates, rng):
        return [Evaluation(c.id, "sieve", {"total": self.screen([c])["total"][0]}) for c in candidates]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A surrogate nobody fits."""

    degree: int = 1
    """Its degree."""

    def fit(self, X, Y, names=()):
        raise AssertionError


@dataclass(frozen=True, slots=True)
class Dice:
    """Asks for anything."""

    recipes: tuple[Recipe, ...] = ()
    """What it was given."""

    def using(self, recipes) -> "Dice":
        return replace(self, recipes=tuple(recipes))

    def ask(self, space, history, n, rng):
        return rng.uniform(space.lower, space.upper, (n, space.d))


@dataclass(frozen=True, slots=True)
class Picky:
    """Serves one objective only."""

    def refuse(self, space, objectives: int, constraints: int) -> str | None:
        return "it knows one objective only" if objectives > 1 else None

    def ask(self, space, history, n, rng):
        return rng.uniform(space.lower, space.upper, (n, space.d))
