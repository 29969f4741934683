"""This file is the diffusion engine's options; what draws is in generators/diffusion/generator.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from eutectic.generators.diffusion import requests
from eutectic.generators.learning import checkpoints
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.structures.identity import identity
from eutectic.generators.wyckoff.engine import FIELDS as WYCKOFF
from eutectic.generators.wyckoff.requests import refusal as refused_proposal

ENGINE = "diffusion"
VERSION = 4
"""Raised whenever the same draw gives another crystal."""
Interpolant = Literal["flow", "diffusion"]
FIELDS = frozenset({"elements", "required", "formula", "atoms", "guidance", "motif"})
"""Conditions it keeps exactly, and guidance."""


@dataclass(frozen=True, slots=True)
class Diffusion:
    """Atoms, coordinates and cell from noise together, by flow matching or diffusion, with a checkpoint of one's own.

    For a formula the elements are given and the structure is predicted; a motif's net is kept while the rest grows.
    """

    weights: str = ""
    """Path of a checkpoint, as `campaign generator train --engine diffusion` writes one; none comes along."""
    steps: int = 20
    """Steps from noise to crystal: 20 suffice for a flow, diffusion wants 100 and more."""
    temperature: float = 1.0
    """Of the choice of elements."""
    interpolant: Interpolant = "flow"
    """How a checkpoint is trained; drawing follows the checkpoint."""
    proposals: str = ""
    """A checkpoint of `wyckoff`, such as `wyckoff-1`, whose crystals are refined with their symmetry: a flow follows
    them on the last fifth of its way. Without it crystals come from noise."""
    tries: int = 4
    """Crystals that are drawn for each asked for, at most, until one has no overlapping atoms."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if not 1 <= self.steps <= 10_000:
            raise ValueError(f"steps: {self.steps} is not between 1 and 10000")
        if not 0.05 <= self.temperature <= 5:
            raise ValueError(f"temperature: {self.temperature:g} is not between 0.05 and 5")
        if not 1 <= self.tries <= 64:
            raise ValueError(f"tries: {self.tries} is not between 1 and 64")

    def located(self, folder: str) -> "Diffusion":
        """The same with the path of its weights taken from `folder`."""
        return replace(self, weights=str(Path(folder) / self.weights)) if self.weights else self

    def check(self) -> None:
        """ValueError where the checkpoint is missing, of another engine or version, or no flow where one is needed."""
        kind = self._card()["interpolant"]
        if reason := requests.outdated(self._card()):
            raise ValueError(f"weights: {self.weights}: {reason}")
        if self.proposals and kind != "flow":
            raise ValueError(f"proposals: they are refined by a flow, and {self.weights} was trained for {kind}")
        if self.proposals:
            checkpoints.read_card(self.proposals, "wyckoff")

    def card(self) -> dict[str, Any]:
        """What the checkpoint says of itself."""
        return dict(self._card())

    def _card(self) -> dict[str, Any]:
        if not self.weights:
            raise ValueError("weights: give the path of a checkpoint; `campaign generator train` makes one")
        return checkpoints.read_card(self.weights, ENGINE)

    def train(self, data: str, output: Path, minutes: float, said: Callable[[str], None], begin: str = "") -> None:
        """Learn from a folder, structure file or CSV; writes `output`/diffusion.safetensors and its card.

        begin: a checkpoint whose weights it begins with, of the same interpolant.
        ValueError when nothing can be read or learned.
        """
        from eutectic.generators.diffusion import recipe

        recipe.trained(data, output, minutes, self.interpolant, said, begin)

    def understands(self) -> frozenset[str]:
        """What it can be asked for: conditions, and the properties its checkpoint was trained with."""
        if self.proposals:
            return WYCKOFF | set(checkpoints.read_card(self.proposals, "wyckoff")["properties"])
        return FIELDS | set(self._card()["properties"])

    @property
    def seconds_each(self) -> float:
        """CPU seconds a crystal, among many."""
        return 0.002 * self.steps

    @property
    def checkpoint(self) -> str:
        """Hash of its options and weights."""
        options = {
            "weights": self._card()["sha256"],
            "steps": self.steps,
            "proposals": self.proposals and checkpoints.read_card(self.proposals, "wyckoff")["sha256"],
            "temperature": self.temperature,
            "tries": self.tries,
        }
        return identity(f"{ENGINE}-{VERSION}", options)

    def refuse(self, conditions: Conditions) -> str:
        """Why no crystal could be so; "" where one could."""
        if self.proposals and self._card()["interpolant"] != "flow":
            return "proposals are refined by a flow alone"
        if self.proposals:
            return refused_proposal(conditions, checkpoints.read_card(self.proposals, "wyckoff"))
        card = self._card()
        known = {int(z) for z in card["elements"]}
        return requests.refusal(conditions, known, int(card["most_atoms"]))

    def draw(self, conditions: Sequence[Conditions], draws: Sequence[int]) -> list[GeneratedStructure | Refusal]:
        """One crystal or refusal a pair; the same whatever is drawn beside it."""
        from eutectic.generators.diffusion import generator

        sampling = generator.Sampling(self.weights, self.steps, self.temperature, self.tries, self.proposals)
        return generator.drawn(sampling, self.checkpoint, conditions, draws)
