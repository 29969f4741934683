"""This file is the Wyckoff engine's options; what draws is in generators/wyckoff/generator.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eutectic.generators.learning import checkpoints
from eutectic.generators.learning.steering import Experience, Steering
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.structures.identity import identity
from eutectic.generators.wyckoff import requests
from eutectic.generators.wyckoff.table import ENGINE

VERSION = 1
"""Raised whenever the same draw gives another crystal."""
FIELDS = frozenset({"elements", "required", "formula", "atoms", "space_groups", "guidance", "motif"})
"""Conditions it keeps exactly, and guidance."""


@dataclass(frozen=True, slots=True)
class Wyckoff:
    """Space group, Wyckoff positions and elements, then cell and coordinates, from networks in the package.

    Trained on crystals of the Materials Project of at most 20 atoms; keeps elements, formula, size and space group
    exactly.
    """

    weights: str = "wyckoff-1"
    """A checkpoint that comes with the package, or the path of one's own (`campaign generator train`)."""
    temperature: float = 1.0
    """Of space groups, positions and elements: below 1 the likeliest crystals, above 1 bolder ones."""
    geometry_temperature: float = 0.8
    """Of cells and coordinates."""
    tries: int = 4
    """Cells and coordinates that are drawn for each crystal; the first, likeliest one unless atoms overlap."""
    steering: Steering | None = None
    """In a campaign, the weights are moved towards what is wanted while candidates are finished: {every: 16, mode:
    reward or curate, aims: ...}."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name in ("temperature", "geometry_temperature"):
            value = getattr(self, name)
            if not 0.05 <= value <= 5:
                raise ValueError(f"{name}: {value:g} is not between 0.05 and 5")
        if not 1 <= self.tries <= 64:
            raise ValueError(f"tries: {self.tries} is not between 1 and 64")

    def located(self, folder: str) -> "Wyckoff":
        """The same with the path of its weights taken from `folder`."""
        own = self.weights.endswith(checkpoints.ENDING) or "/" in self.weights
        return replace(self, weights=str(Path(folder) / self.weights)) if own else self

    def check(self) -> None:
        """ValueError where the checkpoint is missing, of another engine or version, or damaged."""
        checkpoints.read_card(self.weights, ENGINE)

    def understands(self) -> frozenset[str]:
        """What it can be asked for: conditions, and the properties its checkpoint was trained with."""
        return FIELDS | set(checkpoints.read_card(self.weights, ENGINE)["properties"])

    @property
    def seconds_each(self) -> float:
        """CPU seconds a crystal, among many."""
        return 0.005

    @property
    def checkpoint(self) -> str:
        """Hash of its options and weights."""
        options = {
            "weights": checkpoints.read_card(self.weights, ENGINE)["sha256"],
            "temperature": self.temperature,
            "geometry_temperature": self.geometry_temperature,
            "tries": self.tries,
        }
        return identity(f"{ENGINE}-{VERSION}", options)

    def refuse(self, conditions: Conditions) -> str:
        """Why no crystal could be so, such as a formula that a space group cannot hold; "" where one could."""
        return requests.refusal(conditions, checkpoints.read_card(self.weights, ENGINE))

    def card(self) -> dict[str, Any]:
        """What the checkpoint says of itself."""
        return dict(checkpoints.read_card(self.weights, ENGINE))

    def train(self, data: str, output: Path, minutes: float, said: Callable[[str], None], begin: str = "") -> None:
        """Learn from a folder, structure file or CSV; writes `output`/wyckoff.safetensors and its card.

        begin: a checkpoint whose weights it begins with.
        ValueError when nothing can be read or learned.
        """
        from eutectic.generators.wyckoff import recipe

        recipe.trained(data, output, minutes, said, begin)

    def learned(self, experience: Sequence[Experience], seed: int, folder: Path) -> "tuple[Wyckoff, ...]":
        """The same with the weights after each update that a record makes, in order; kept in the folder."""
        assert self.steering is not None
        from eutectic.generators.wyckoff.finetuning import chain

        paths = chain(self.weights, experience, self.steering, seed, folder)[1:]
        return tuple(replace(self, weights=str(path), steering=None) for path in paths)

    def draw(self, conditions: Sequence[Conditions], draws: Sequence[int]) -> list[GeneratedStructure | Refusal]:
        """One crystal or refusal a pair; the same whatever is drawn beside it."""
        from eutectic.generators.wyckoff import generator

        sampling = generator.Sampling(self.weights, self.temperature, self.geometry_temperature, self.tries)
        return generator.drawn(sampling, self.checkpoint, conditions, draws)
