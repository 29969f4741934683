"""This file is the crystal generator: crystals that an engine draws afresh for every asking, and that nobody listed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from eutectic.generators.base import Accept, Offer, number
from eutectic.generators.crystals.offer import offered
from eutectic.generators.crystals.rows import NAMES, bounds, described_row
from eutectic.generators.crystals.variables import Free, free_of
from eutectic.generators.learning.steering import Experience, SteeredEngine, Steering
from eutectic.generators.structures.conditions import Conditions, Motif, misunderstood
from eutectic.generators.structures.decoration import usual
from eutectic.generators.structures.generated import (
    MOST_DRAWS,
    Batched,
    Choosy,
    GeneratedStructure,
    StructureGenerator,
)
from eutectic.generators.structures.made import made
from eutectic.optimizers.base import Array, Kind, Space
from eutectic.oracles.abilities import Checked, Located
from eutectic.oracles.base import Candidate, Value

Span = float | tuple[float, float]
LEAST_OFFERED = 4
"""A pool of a slow engine holds so many times what is asked for, at least, or there would be nothing to choose from."""
EXPERIENCE = "experience"
"""Name of the variable that says from which weights a crystal was drawn: after how many finished candidates."""
RECORD = ("draw", EXPERIENCE, "formula", "made_by", "refused")
"""Variables by which a crystal is made again and known again; nobody sets them."""
IDENTITY_DIGITS = 12
"""Of the hash that says what made a crystal, as its candidate carries it."""


@dataclass(frozen=True, slots=True)
class Crystal:
    """Crystals from an engine: at each asking some hundred are drawn, and the optimizer chooses among them.

    A candidate is a function of its variables: `draw` says which of the engine's crystals it is, the others what the
    engine was asked for. Surrogates and optimizers see what elements and structure are like, never the draw.
    """

    engine: Mapping[str, Any]
    """{use: substitution, prototypes, random_crystal, perturb, ..., and its options}: `campaign plugins` lists them."""
    elements: tuple[str, ...] = ()
    """Elements that may appear; any where none are named."""
    required: tuple[str, ...] = ()
    """Elements that must appear, each of them."""
    formula: str = ""
    """The exact reduced formula, such as `LiFePO4`."""
    atoms: tuple[int, int] = (1, 20)
    """Fewest and most atoms of the primitive cell."""
    space_groups: tuple[int, ...] = ()
    """Numbers of the space groups that a crystal may be made in, 1 to 230; any where none are named."""
    targets: Mapping[str, Span] = field(default_factory=dict)
    """Property, its unit in its name -> the value the engine is to aim at; [least, most] makes it a variable."""
    guidance: Span = 1.0
    """How strongly targets press, 0 not at all, 1 as the data has it; [least, most] makes it a variable."""
    vary: tuple[Literal["atoms", "space_groups"], ...] = ()
    """Conditions that become variables of their own, one value a candidate, instead of the engine's choice."""
    motif: Motif | None = None
    """A net of sites to be kept: {kind: kagome, honeycomb, lieb, square or triangular, elements: [...]}."""
    candidates: int = 300
    """Crystals drawn for one asking."""
    pool_s: float = 120.0
    """Seconds that these may take: of a slow engine fewer are drawn, never fewer than four times what is asked for."""
    made_by: StructureGenerator | None = field(default=None, repr=False, metadata={"option": False})
    """The engine, built."""
    updates: tuple[StructureGenerator, ...] = field(default=(), repr=False, metadata={"option": False})
    """The engine after each update of its weights, where a campaign's record has steered it."""

    def __post_init__(self) -> None:
        """Raise ValueError where nothing could be like this."""
        if not 2 <= self.candidates <= 20_000:
            raise ValueError(f"candidates: {self.candidates} is not between 2 and 20,000")
        if not 0 < self.pool_s < float("inf"):
            raise ValueError(f"pool_s: {self.pool_s:g} is no positive number of seconds")
        if "space_groups" in self.vary and len(self.space_groups) < 2:
            raise ValueError("vary: name the space_groups to choose between, two at least")
        _ = self.conditions, self.free

    def __hash__(self) -> int:
        return hash(repr(self))

    nested_kind = "engines"

    def nested(self) -> dict[str, Mapping[str, Any]]:
        """The option that names a part of another kind."""
        return {"engine": self.engine}

    def holding(self, made: Sequence[Any]) -> "Crystal":
        """The same with its engine built; ValueError where that cannot be asked for these conditions."""
        other = replace(self, made_by=made[0])
        every = replace(other.conditions, targets=dict.fromkeys(self.targets, 1.0))
        if strange := misunderstood(every, made[0].understands(), str(self.engine.get("use"))):
            raise ValueError(strange)
        return other

    def located(self, folder: str) -> "Crystal":
        """The same with its engine's files taken from `folder`."""
        part: Any = self.drawing
        engine: Any = part.located(folder) if isinstance(part, Located) else part
        return replace(self, made_by=engine)

    @property
    def drawing(self) -> StructureGenerator:
        """The engine."""
        assert self.made_by is not None, "an engine is built before it draws"
        return self.made_by

    @property
    def steering(self) -> Steering | None:
        """How a campaign's record moves the engine's weights; None: not at all."""
        return self.drawing.steering if isinstance(self.drawing, SteeredEngine) else None

    def learned(self, experience: Sequence[Experience], seed: int, folder: Path) -> "Crystal":
        """The same with its engine's weights as a record, in its order, has moved them."""
        part: Any = self.drawing
        return replace(self, updates=part.learned(experience, seed, folder))

    @property
    def fixed(self) -> tuple[float, ...]:
        """Where weights are steered: after how many finished candidates those are that draw now."""
        options = self.steering
        return () if options is None else (float(options.every * len(self.updates)),)

    def _drawing(self, x: Array) -> StructureGenerator:
        """The engine that made a row (d,); ValueError where its weights are another campaign's."""
        options = self.steering
        if options is None or not x[1]:
            return self.drawing
        k = x[1] / options.every
        if not (k == round(k) and 1 <= k <= len(self.updates)):
            raise ValueError(
                f"it was drawn from weights that a campaign had steered ({EXPERIENCE}: {x[1]:g}); its crystal is in "
                "that campaign's record, and cannot be made again from its variables alone"
            )
        engine: StructureGenerator = self.updates[round(k) - 1]
        return engine

    @property
    def conditions(self) -> Conditions:
        """What every crystal is asked to be, variables at the middle of their range."""
        fixed = {name: _middle(span) for name, span in self.targets.items()}
        return Conditions(
            self.elements, self.required, self.formula, self.atoms, self.space_groups, fixed, _middle(self.guidance),
            self.motif,
        )  # fmt: skip

    @property
    def free(self) -> tuple[Free, ...]:
        """The conditions that are variables, in the order of their columns."""
        return free_of(self.targets, self.guidance, self.atoms, self.space_groups, self.vary)

    @property
    def space(self) -> Space:
        """Columns: the draw, free conditions, what the crystal is like; ValueError where the engine cannot do it."""
        self.check()
        return _space(self)

    def check(self) -> None:
        """ValueError where the engine's files cannot work, or nothing can meet the conditions."""
        part: Any = self.drawing
        if isinstance(part, Checked):
            part.check()
        if isinstance(part, Choosy) and (reason := part.refuse(self.conditions)):
            raise ValueError(reason)

    @property
    def names(self) -> tuple[str, ...]:
        """What a candidate's variables are called."""
        steered = () if self.steering is None else (EXPERIENCE,)
        return ("draw", *steered, *(free.name for free in self.free), "formula", "made_by")

    optional = frozenset({EXPERIENCE, "formula", "made_by"})

    @property
    def identity(self) -> str:
        """What made a crystal: the engine's name, and a hash of what it is and was asked for."""
        fixed = replace(self.conditions, targets={}, guidance=1.0)
        varied = [free.name for free in self.free]
        kept = {name: span for name, span in self.targets.items() if not isinstance(span, tuple)}
        strength = None if isinstance(self.guidance, tuple) else self.guidance
        content = [self.drawing.checkpoint, asdict(fixed), varied, kept, strength]
        content += [] if self.steering is None else [asdict(self.steering)]
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return f"{self.engine['use']}:{digest[:IDENTITY_DIGITS]}"

    def asked(self, x: Array) -> Conditions:
        """The conditions of a row (d,)."""
        wanted = self.conditions
        for place, free in enumerate(self.free, start=1 + len(self.fixed)):
            wanted = free.put(wanted, float(x[place]))
        return wanted

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:  # noqa: ARG002 (a row says all)
        """Candidates of rows X (n, d); one whose draw the engine refuses has no structure, and says why."""
        answers: list[Any] = [None] * len(X)
        engines = [self._drawing(x) for x in X]
        for engine in dict.fromkeys(map(id, engines)):
            rows = [i for i, one in enumerate(engines) if id(one) == engine]
            wanted = [self.asked(X[i]) for i in rows]
            drawn = made(engines[rows[0]], wanted, [round(float(X[i, 0])) for i in rows])
            for i, answer in zip(rows, drawn, strict=True):
                answers[i] = answer
        identity = self.identity
        return [self._candidate(x, answer, identity) for x, answer in zip(X, answers, strict=True)]

    def _candidate(self, x: Array, answer: Any, identity: str) -> Candidate:
        own: dict[str, Value] = {"draw": round(float(x[0]))}
        first = 1 + len(self.fixed)
        own |= {EXPERIENCE: round(float(x[1]))} if first > 1 else {}
        own |= {free.name: free.value(float(x[place])) for place, free in enumerate(self.free, start=first)}
        if not isinstance(answer, GeneratedStructure):
            return Candidate({**own, "made_by": identity, "refused": answer.reason}, origin=identity)
        return answer.candidate({**own, "formula": answer.formula, "made_by": identity}, str(self.engine["use"]))

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """Row (d,) of a candidate, its crystal made again; ValueError where another generator made it, or none can."""
        given = variables.get("made_by", "")
        if given and given != self.identity:
            raise ValueError(f"it was made by {given}; this space's crystals are made by {self.identity}")
        first = 1 + len(self.fixed)
        x = np.zeros(first + len(self.free) + len(NAMES))
        x[0] = number("draw", variables)
        if not (x[0] == round(x[0]) and 0 <= x[0] < MOST_DRAWS):
            raise ValueError(f"draw is {variables['draw']!r}, not a whole number from 0 to {MOST_DRAWS - 1}")
        if first > 1:
            x[1] = number(EXPERIENCE, {EXPERIENCE: 0, **variables})
        for place, free in enumerate(self.free, start=first):
            x[place] = free.column(variables)
        (candidate,) = self.generate(x[None], np.random.default_rng(0))
        if candidate.structure is None:
            raise ValueError(f"draw {x[0]:.0f} gives no crystal: {candidate.variables['refused']}")
        formula = variables.get("formula", candidate.variables["formula"])
        if formula != candidate.variables["formula"]:
            raise ValueError(f"draw {x[0]:.0f} is {candidate.variables['formula']} here, not {formula}")
        x[first + len(self.free) :] = described_row(candidate)
        return x

    def offer(
        self, n: int, rng: np.random.Generator, near: Array, known: Sequence[Mapping[str, object]], accept: Accept
    ) -> Offer:
        """Rows to choose n from, freshly drawn; see `Offering.offer`."""
        fast = int(self.pool_s / self.drawing.seconds_each)
        most = max(min(self.candidates, max(fast, LEAST_OFFERED * n)), n)
        return offered(self, n, most, rng, near, known, accept)

    @property
    def together(self) -> int:
        """Draws in a row that the engine makes in one call."""
        return self.drawing.together if isinstance(self.drawing, Batched) else 1

    def element_fractions(self) -> dict[str, tuple[float, float]]:
        """Least and most of each element that may appear, atomic fractions."""
        return dict.fromkeys(self.conditions.allowed or usual(), (0.0, 1.0))

    def numbers(self) -> dict[str, tuple[float, float]]:
        """Least and most of the free conditions that are numbers."""
        return {free.name: (free.low, free.high) for free in self.free if not free.labels}


def _middle(span: Span) -> float:
    return (span[0] + span[1]) / 2.0 if isinstance(span, tuple) else span


@lru_cache(maxsize=64)
def _space(part: Crystal) -> Space:
    lower, upper = bounds(part.conditions.allowed or usual())
    free = part.free
    described: list[Kind] = ["continuous"] * len(NAMES)
    beside = ("draw",) if part.steering is None else ("draw", EXPERIENCE)
    numbers: list[Kind] = ["integer"] * len(beside)
    return Space(
        names=(*beside, *(f.name for f in free), *NAMES),
        kinds=(*numbers, *(f.kind for f in free), *described),
        lower=np.concatenate([np.zeros(len(beside)), [f.low for f in free], lower]),
        upper=np.concatenate([np.full(len(beside), MOST_DRAWS - 1.0), [f.high for f in free], upper]),
        categories=(*((),) * len(beside), *(f.labels for f in free), *((),) * len(NAMES)),
        nuisance=tuple(range(len(beside))),
    )
