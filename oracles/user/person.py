"""This file is the oracle that is a person: the campaign waits until somebody tells it what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation


@dataclass(frozen=True, slots=True)
class Person:
    """Properties that somebody measures and reports with `campaign tell`."""

    properties: tuple[str, ...]
    """The names of what will be told, with their units in the names."""
    instructions: str = ""
    """What the person should do with a candidate; shown where the campaign asks."""

    waits: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError when there is nothing to tell or a name comes twice."""
        if not self.properties:
            raise ValueError("properties: name at least one property to be told")
        doubled = sorted({p for p in self.properties if self.properties.count(p) > 1})
        if doubled:
            raise ValueError(f"properties: {doubled[0]!r} stands there twice")

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """Never called by a campaign, which sees `waits` and leaves its candidates open for `campaign tell`."""
        raise AssertionError(
            f"{len(candidates)} candidates wait for `campaign tell`; a person cannot be called ({rng})"
        )
