"""This file is the random_crystal engine: random symmetric structures by PyXtal, in a process with a time limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from eutectic.generators.baselines.pyxtal_process import answered
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.structures.identity import identity
from eutectic.oracles.base import EngineMissing

CURE = "random_crystal needs PyXtal: pip install 'eutectic[random_crystal]'"


@dataclass(frozen=True, slots=True)
class RandomCrystal:
    """Random symmetric structures: a space group, atoms on its Wyckoff positions, a cell that holds them (PyXtal).

    Fredericks et al. 2021, doi 10.1016/j.cpc.2020.107810. Group, number of atoms and stoichiometry are drawn evenly
    over what is allowed.
    """

    most_elements: int = 4
    """Most elements of one crystal, where no formula is given."""
    distance_factor: float = 1.0
    """Least distances of atoms, in units of PyXtal's (half the sum of covalent radii)."""
    limit_s: float = 20.0
    """Seconds after which a draw is given up. What takes longer here may be found on a faster machine."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if not 1 <= self.most_elements <= 8:
            raise ValueError(f"most_elements: {self.most_elements} is not between 1 and 8")
        if not 0.2 <= self.distance_factor <= 2:
            raise ValueError(f"distance_factor: {self.distance_factor:g} is not between 0.2 and 2")
        if not 0.1 <= self.limit_s <= 3600:
            raise ValueError(f"limit_s: {self.limit_s:g} is not between 0.1 and 3600 seconds")

    def check(self) -> None:
        """EngineMissing without PyXtal."""
        if find_spec("pyxtal") is None:
            raise EngineMissing(CURE)

    def understands(self) -> frozenset[str]:
        """What it can be asked for."""
        return frozenset({"elements", "required", "formula", "atoms", "space_groups"})

    @property
    def seconds_each(self) -> float:
        """CPU seconds a crystal."""
        return 0.2

    @property
    def checkpoint(self) -> str:
        """Hash of its options and PyXtal's version."""
        self.check()
        return identity("random_crystal-1", {"options": (self.most_elements, self.distance_factor)}, "pyxtal")

    def draw(self, conditions: Sequence[Conditions], draws: Sequence[int]) -> list[GeneratedStructure | Refusal]:
        """One crystal or refusal a pair."""
        options = {"most_elements": self.most_elements, "distance_factor": self.distance_factor}
        return answered(self.checkpoint, options, conditions, draws, self.limit_s)
