"""This file is draws from a program that makes several crystals at once: a block of draws is one call, and is kept.

The draw says which block and which of its crystals: so a candidate is a function of its row, although the program is
started once for many. What a program has written is kept and never asked for again; where it broke off, it is asked for
the rest.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.programs.output import reasons, unwanted, written
from eutectic.generators.programs.running import Limits, run
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal

if TYPE_CHECKING:
    from pymatgen.core import Structure

Command = Callable[[Conditions, int, int, Path], Sequence[str]]
"""Conditions, number of crystals, seed, folder to write to -> the program and its arguments."""
PARTS = 3
"""Times a program is started for one block: where it broke off, for the rest."""
COUNT = "count.json"
"""In a part's folder, how many crystals it was found to hold when its program had ended, or was found interrupted."""
SEEDS = 2**31 - 1
"""Seeds lie below it."""


def blocks(
    command: Command, checkpoint: str, keep: Path, size: int, limits: Limits,
    conditions: Sequence[Conditions], draws: Sequence[int],
) -> list[GeneratedStructure | Refusal]:  # fmt: skip
    """One answer a pair, in order; each block that is needed is made once."""
    made: dict[Path, tuple[list[Structure], str]] = {}
    answers: list[GeneratedStructure | Refusal] = []
    for wanted, draw in zip(conditions, draws, strict=True):
        block, place = divmod(draw, size)
        folder = _folder(keep, checkpoint, wanted, block)
        if folder not in made:
            made[folder] = _filled(command, wanted, block, folder, size, limits)
        crystals, reason = made[folder]
        if place >= len(crystals):
            answers.append(Refusal(reason, wanted, draw))
        elif broken := unwanted(crystals[place], wanted):
            answers.append(Refusal(broken, wanted, draw))
        else:
            answers.append(_generated(crystals[place], checkpoint, wanted, draw))
    return answers


def _folder(keep: Path, checkpoint: str, conditions: Conditions, block: int) -> Path:
    """Where a block is kept."""
    asked = hashlib.sha256(json.dumps(asdict(conditions), sort_keys=True).encode()).hexdigest()[:12]
    return keep / checkpoint[:12] / asked / f"{block:08d}"


def _filled(
    command: Command, conditions: Conditions, block: int, folder: Path, size: int, limits: Limits
) -> "tuple[list[Structure], str]":
    """The crystals of a block, and why they are fewer than `size`; "" where they are not."""
    found, wrong = _kept(folder)
    fate = ""
    for part in range(len(list(folder.glob("part*"))), PARTS):
        if len(found) >= size:
            break
        place = folder / f"part{part}"
        place.mkdir(parents=True)
        seed = int(np.random.default_rng([block, part]).integers(SEEDS))
        fate = run(command(conditions, size - len(found), seed, place), place, limits)
        before = len(found)
        found, wrong = _kept(folder)
        if len(found) == before:  # it would write nothing again
            break
    return found[:size], "" if len(found) >= size else reasons(len(found), size, fate, wrong)


def _kept(folder: Path) -> "tuple[list[Structure], str]":
    """The crystals of all parts of a block, in order, and the first thing that is wrong with them."""
    parts = [_counted(part) for part in sorted(folder.glob("part*"))]
    return [crystal for own, _ in parts for crystal in own], next((wrong for _, wrong in parts if wrong), "")


def _counted(part: Path) -> "tuple[list[Structure], str]":
    """The crystals of a part: as many as were counted first, so that a program which outlived us moves no draw."""
    crystals, wrong = written(part)
    file = part / COUNT
    if not file.exists():
        file.write_text(json.dumps(len(crystals)), encoding="utf-8")
    return crystals[: int(json.loads(file.read_text(encoding="utf-8")))], wrong


def _generated(structure: "Structure", checkpoint: str, wanted: Conditions, draw: int) -> GeneratedStructure:
    return GeneratedStructure(
        lattice=np.array(structure.lattice.matrix, dtype=float),
        fractional=np.array(structure.frac_coords, dtype=float),
        numbers=np.array(structure.atomic_numbers, dtype=np.int64),
        space_group=None,
        conditions=wanted,
        checkpoint=checkpoint,
        draw=draw,
    )
