"""This file is what may be doubted of a structure file, by kind, so that who knows better can say so."""

from dataclasses import dataclass
from typing import Literal

DoubtKind = Literal["symmetry", "formula", "symbols", "distances", "density", "periodicity"]
"""What may be doubted of a file: that its symmetry was understood, that its atoms are those of its formula, that its
symbols are elements, that its atoms are not upon each other, that it is as dense as matter and as it says, that it
repeats along all three axes."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why what was read may not be what the file means."""

    kind: DoubtKind
    text: str
