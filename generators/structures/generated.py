"""This file is what a generator of crystals gives: crystals, or refusals as data; and its contract."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from eutectic.generators.structures.conditions import Conditions
from eutectic.oracles.base import Candidate, Value

Array = NDArray[np.float64]
Index = NDArray[np.int64]
DECIMALS = 6
"""Coordinates and lattice vectors (angstrom) are rounded to so many, so that a crystal has one id on every machine."""
MOST_DRAWS = 2**31
"""Draws are numbered from 0 below it."""


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedStructure:
    """One crystal, not yet relaxed."""

    lattice: Array
    """(3, 3) rows a, b, c in angstrom."""
    fractional: Array
    """(n, 3) fractional coordinates."""
    numbers: Index
    """(n,) atomic numbers."""
    space_group: int | None
    """The space group it was made in, 1 to 230; None where the generator knows of none."""
    conditions: Conditions
    """What it was asked to be."""
    checkpoint: str
    """Identity of the generator that made it: weights, options and version (hexadecimal)."""
    draw: int
    """Which of the generator's crystals under these conditions it is."""
    log_probability: float | None = None
    """Natural logarithm of the probability (density) the generator gives it; None where it has none."""
    parent: str = ""
    """What it was made from, as a name (a template, a known crystal); "" nothing."""

    def structure(self) -> dict[str, object]:
        """`pymatgen.core.Structure.as_dict()`, every number rounded to `DECIMALS`."""
        from pymatgen.core import Element, Lattice, Structure

        species = [Element.from_Z(int(z)) for z in self.numbers]
        inside = np.round(self.fractional % 1.0, DECIMALS) % 1.0
        content = Structure(Lattice(np.round(self.lattice, DECIMALS)), species, inside).as_dict()
        rounded = _rounded(content)
        assert isinstance(rounded, dict)
        return rounded

    @property
    def formula(self) -> str:
        """Its reduced formula."""
        from pymatgen.core import Composition, Element

        counts = np.unique(self.numbers, return_counts=True)
        return str(Composition({Element.from_Z(int(z)): int(n) for z, n in zip(*counts, strict=True)}).reduced_formula)

    def candidate(self, variables: Mapping[str, Value], engine: str) -> Candidate:
        """The candidate of a row of the space: these variables, this crystal, made by the engine of that name."""
        from pymatgen.core import Element

        symbols, counts = np.unique([Element.from_Z(int(z)).symbol for z in self.numbers], return_counts=True)
        return Candidate(
            dict(variables),
            composition={str(e): float(x) for e, x in zip(symbols, counts / counts.sum(), strict=True)},
            structure=self.structure(),
            origin=f"{engine}:{self.checkpoint[:8]}",
            parents=(self.parent,) if self.parent else (),
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a draw gave no crystal: data, counted and never raised."""

    reason: str
    """One sentence."""
    conditions: Conditions
    draw: int


class StructureGenerator(Protocol):
    """Draws crystals. An engine's part (a frozen dataclass of options) has these itself and loads what is heavy late.

    What else it may have, and is then asked for, is a `Protocol` each: `Choosy`, `Batched`, `Described` and `Trained`
    here, `SteeredEngine` in `learning/steering.py`, `Located` and `Checked` in `oracles/abilities.py`.
    """

    def understands(self) -> frozenset[str]:
        """Fields of `Conditions` (but `targets`) and names of properties that it can be asked for."""
        ...

    @property
    def seconds_each(self) -> float:
        """About what one crystal costs, CPU seconds on one core."""
        ...

    @property
    def checkpoint(self) -> str:
        """Identity of all its crystals depend on: weights, options, files, version (hexadecimal, 16 digits or more)."""
        ...

    def draw(self, conditions: Sequence[Conditions], draws: Sequence[int]) -> "list[GeneratedStructure | Refusal]":
        """One answer a pair, in order: a function of its own conditions and draw alone, whatever is beside it.

        Raises only EngineMissing.
        """
        ...


@runtime_checkable
class Choosy(Protocol):
    """An engine that cannot make every crystal whose conditions it understands, one by one."""

    def refuse(self, conditions: Conditions) -> str:
        """Why no crystal could be like this; "" where one could."""
        ...


@runtime_checkable
class Batched(Protocol):
    """An engine that makes several crystals in one call."""

    @property
    def together(self) -> int:
        """Draws in a row, a multiple of it to begin with, that it makes at once."""
        ...


@runtime_checkable
class Described(Protocol):
    """An engine with a card."""

    def card(self) -> dict[str, Any]:
        """JSON values: weights, training, metrics."""
        ...


@runtime_checkable
class Trained(Protocol):
    """An engine that learns."""

    def train(self, data: str, output: Path, minutes: float, said: Callable[[str], None], begin: str = "") -> None:
        """Learn a checkpoint from the crystals of `data` into the folder `output`; ValueError where these cannot be.

        begin: a checkpoint whose weights it begins with, where it has this argument.
        """
        ...


def seeded(checkpoint: str, draw: int) -> np.random.Generator:
    """The randomness of one draw: a function of the generator's identity and the draw."""
    return np.random.default_rng([int(checkpoint[:16], 16), draw])


def _rounded(content: object) -> object:
    """A JSON-like object with every float rounded to `DECIMALS`, and no negative zero."""
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    return round(float(content), DECIMALS) + 0.0 if isinstance(content, float) else content
