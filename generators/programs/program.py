"""This file is the program engine: any command that writes crystals to files."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from eutectic.generators.programs.blocks import blocks
from eutectic.generators.programs.running import Limits
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.structures.identity import identity
from eutectic.oracles.base import EngineMissing

FILTERED = frozenset({"elements", "required", "formula", "atoms"})
"""Conditions that hold whatever the program does: crystals that break them are refused."""


@dataclass(frozen=True, slots=True)
class Program:
    """Crystals of a program: it is started with a folder to write CIF or extended XYZ files to, and watched.

    In its command stand `{output}` (the folder), `{n}` (how many), `{seed}`, and as it needs them `{formula}`,
    `{elements}`, `{required}` (joined by commas), `{least}`, `{most}` (atoms), `{space_groups}`, `{guidance}`,
    `{conditions}` (a JSON file of all), and `{target:PROPERTY}`.
    """

    run: tuple[str, ...]
    """The program and its arguments."""
    understands_also: tuple[str, ...] = ()
    """Conditions that it is told of and keeps: space_groups, guidance, and properties with their unit."""
    together: int = 16
    """Crystals it makes in one call."""
    seconds: float = 10.0
    """About what one crystal costs, in seconds: slow programs get small pools."""
    timeout_s: float = 3600.0
    """Most seconds of one call."""
    silent_s: float = 600.0
    """Seconds after which a program that neither says nor writes anything is ended."""
    keep: str = "generated"
    """Folder in which what it wrote is kept: a crystal is never made twice, and half a call is completed."""
    version: str = ""
    """What else tells its crystals from those of another state of it, such as a checkpoint's name."""

    def __post_init__(self) -> None:
        """Raise ValueError where the command cannot work."""
        if not self.run:
            raise ValueError("run: name the program and its arguments")
        words = " ".join(self.run)
        if "{output}" not in words:
            raise ValueError("run: nothing says where to write; put {output} where the program takes its folder")
        if not 1 <= self.together <= 10_000:
            raise ValueError(f"together: {self.together} is not between 1 and 10,000")
        for name, value in (("seconds", self.seconds), ("timeout_s", self.timeout_s), ("silent_s", self.silent_s)):
            if not value > 0:
                raise ValueError(f"{name}: {value:g} is no positive number of seconds")

    def located(self, folder: str) -> "Program":
        """The same, its folder and a program that is a path taken from `folder`."""
        first = str(Path(folder) / self.run[0]) if "/" in self.run[0] else self.run[0]
        return replace(self, run=(first, *self.run[1:]), keep=str(Path(folder) / self.keep))

    def check(self) -> None:
        """EngineMissing where the program is not there."""
        require_program(self.run[0])

    def understands(self) -> frozenset[str]:
        """What it can be asked for."""
        return FILTERED | set(self.understands_also)

    @property
    def seconds_each(self) -> float:
        """As stated."""
        return self.seconds

    @property
    def checkpoint(self) -> str:
        """Hash of its command and version."""
        return identity("program-1", {"run": self.run, "version": self.version, "together": self.together})

    def draw(self, conditions: Sequence[Conditions], draws: Sequence[int]) -> list[GeneratedStructure | Refusal]:
        """One crystal or refusal a pair; the program is started once a block of `together` draws."""
        limits = Limits(self.timeout_s, self.silent_s)
        keep = Path(self.keep)
        return blocks(self.command, self.checkpoint, keep, self.together, limits, conditions, draws)

    def command(self, conditions: Conditions, n: int, seed: int, output: Path) -> list[str]:
        """The words of one call."""
        values = values_of(conditions, n, seed, output)
        return [filled(word, values) for word in self.run]


def require_program(name: str) -> None:
    """EngineMissing where no such program is there."""
    if shutil.which(name) is None:
        raise EngineMissing(f"there is no program {name!r}: install it, or give its path")


def values_of(conditions: Conditions, n: int, seed: int, output: Path) -> dict[str, str]:
    """What stands for each name in braces; all conditions are written beside the output as JSON, too."""
    file = output / "conditions.json"
    file.write_text(json.dumps(asdict(conditions), indent=2), encoding="utf-8")
    low, high = conditions.atoms
    found: Mapping[str, object] = {
        "output": output.absolute(), "n": n, "seed": seed, "formula": conditions.formula,
        "elements": ",".join(conditions.allowed), "required": ",".join(conditions.required), "least": low, "most": high,
        "space_groups": ",".join(map(str, conditions.space_groups)), "guidance": conditions.guidance,
        "conditions": file.absolute(), **{f"target:{name}": x for name, x in conditions.targets.items()},
    }  # fmt: skip
    return {name: str(value) for name, value in found.items()}


def filled(word: str, values: Mapping[str, str]) -> str:
    """A word with every name in braces replaced; braces around anything else stay."""
    for name, value in values.items():
        word = word.replace("{" + name + "}", value)
    return word
