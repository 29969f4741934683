"""This file is the prototypes engine: known structure types, any elements on their sites."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.decoration import UNDERSTOOD, decorated, uniform, unmet
from eutectic.generators.structures.drawing import drawn
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.structures.identity import identity
from eutectic.generators.structures.sources import fingerprint, relative
from eutectic.generators.structures.templates import templates


@dataclass(frozen=True, slots=True)
class Prototypes:
    """Structure types of the AFLOW library (or of files) with elements drawn at random on their sites.

    Each type that fits is as likely as any other, each element as any other; volumes by data-mined lattice scaling.
    """

    pool: str = ""
    """Folder, structure file or CSV of other types; the AFLOW library that pymatgen ships where empty."""
    column: str = ""
    """Of a CSV, the column that holds the structures."""

    def located(self, folder: str) -> "Prototypes":
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
        return identity("prototypes-1", {"column": self.column, "files": files}, "pymatgen")

    def refuse(self, conditions: Conditions) -> str:
        """Why no structure type meets the conditions; "" where some do."""
        return unmet(templates(self.pool, self.column), conditions)

    def draw(self, conditions: Sequence[Conditions], draws: Sequence[int]) -> list[GeneratedStructure | Refusal]:
        """One crystal or refusal a pair."""
        make = partial(decorated, templates(self.pool, self.column), uniform)
        return drawn(make, self.checkpoint, conditions, draws)
