"""This file is drawing by an engine that makes one crystal at a time: doubts become refusals."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal, seeded

if TYPE_CHECKING:
    from pymatgen.core import Structure

Make = Callable[[Conditions, np.random.Generator], "tuple[Structure, int | None, str]"]
"""Conditions and randomness -> a structure, its space group (or None) and what it was made from ("" nothing);
ValueError with the reason where there is none."""


def drawn(
    make: Make, checkpoint: str, conditions: Sequence[Conditions], draws: Sequence[int]
) -> list[GeneratedStructure | Refusal]:
    """One answer a pair of conditions and draw, in order."""
    answers: list[GeneratedStructure | Refusal] = []
    for wanted, draw in zip(conditions, draws, strict=True):
        try:
            structure, group, parent = make(wanted, seeded(checkpoint, draw))
        except ValueError as error:
            answers.append(Refusal(str(error), wanted, draw))
            continue
        answers.append(
            GeneratedStructure(
                lattice=np.array(structure.lattice.matrix, dtype=float),
                fractional=np.array(structure.frac_coords, dtype=float),
                numbers=np.array(structure.atomic_numbers, dtype=np.int64),
                space_group=group,
                conditions=wanted,
                checkpoint=checkpoint,
                draw=draw,
                parent=parent,
            )
        )
    return answers
