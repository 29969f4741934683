"""This file is the substitution engine: elements of known crystals exchanged by how often they replace each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.decoration import UNDERSTOOD, decorated, unmet
from eutectic.generators.structures.drawing import drawn
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.structures.identity import identity
from eutectic.generators.structures.likeness import chances, oxidation_states
from eutectic.generators.structures.sources import fingerprint, relative
from eutectic.generators.structures.templates import Template, templates


@dataclass(frozen=True, slots=True)
class Substitution:
    """Elements of known crystals replaced by others that stand in their place elsewhere (Hautier et al. 2011).

    doi 10.1021/ic102031h. Where oxidation states can be guessed the new elements take them over; between metals only
    how alike the elements are counts. Volumes by data-mined lattice scaling. What generative models must beat.
    """

    pool: str = ""
    """Folder, structure file or CSV of known crystals; the AFLOW library that pymatgen ships where empty."""
    column: str = ""
    """Of a CSV, the column that holds the structures."""
    temperature: float = 1.0
    """Probabilities are raised to one over it: below 1 the likeliest exchanges, above 1 bolder ones."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if not 0.05 <= self.temperature <= 100:
            raise ValueError(f"temperature: {self.temperature:g} is not between 0.05 and 100")

    def located(self, folder: str) -> "Substitution":
        """The same with its pool taken from `folder`."""
        return replace(self, pool=relative(self.pool, folder))

    def check(self) -> None:
        """ValueError where the pool cannot be read."""
        templates(self.pool, self.column)

    def understands(self) -> frozenset[str]:
        """What it can be asked for."""
        return UNDERSTOOD

    @property
    def seconds_each(self) -> float:
        """CPU seconds a crystal."""
        return 0.02

    @property
    def checkpoint(self) -> str:
        """Hash of its options, the pool's files and pymatgen's version."""
        files = fingerprint(self.pool) if self.pool else ""
        options = {"column": self.column, "files": files, "temperature": self.temperature}
        return identity("substitution-1", options, "pymatgen")

    def refuse(self, conditions: Conditions) -> str:
        """Why no known crystal meets the conditions; "" where some do."""
        return unmet(templates(self.pool, self.column), conditions)

    def draw(self, conditions: Sequence[Conditions], draws: Sequence[int]) -> list[GeneratedStructure | Refusal]:
        """One crystal or refusal a pair."""
        make = partial(decorated, templates(self.pool, self.column), self.weigh)
        return drawn(make, self.checkpoint, conditions, draws)

    def weigh(self, template: Template, conditions: Conditions, old: str) -> Mapping[str, float]:
        """How likely each element takes the place of `old` in a template."""
        del conditions
        states = oxidation_states("".join(f"{e}{n}" for e, n in template.counts.items()))
        return {e: p ** (1.0 / self.temperature) for e, p in chances(old, states.get(old)).items()}
