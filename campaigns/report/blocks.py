"""This file is what the report's sections are made of, as data; how each looks is in `templates`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from eutectic.campaigns.analysis.summary import title
from eutectic.campaigns.figures.crystals import Drawing
from eutectic.campaigns.record.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Badge:
    """A status with its colour."""

    status: str


@dataclass(frozen=True, slots=True)
class Typeset:
    """A text that begins with a formula, whose amounts are set below the line."""

    text: str

    @property
    def segments(self) -> list[tuple[str, bool]]:
        """Pieces of the text, and whether each is set below the line."""
        formula, comma, rest = self.text.partition(",")
        pieces = re.split(r"(?<=[A-Za-z)])(\d+(?:\.\d+)?)", formula)
        pieces[-1] += comma + rest
        return [(piece, k % 2 == 1) for k, piece in enumerate(pieces) if piece]


@dataclass(frozen=True, slots=True)
class Folded:
    """Text behind a line that opens it."""

    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A first line, and what follows it behind `more`."""

    first: str
    rest: str


@dataclass(frozen=True, slots=True)
class Download:
    """A file that the page holds, to be saved under a name."""

    name: str
    media: str
    content: str
    """In base64."""
    text: str


@dataclass(frozen=True, slots=True)
class Downloads:
    """Several of them in one cell."""

    files: tuple[Download, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Somewhere else to go."""

    href: str
    text: str
    elsewhere: bool = False
    """Does it leave this server?"""


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the live page."""

    do: str
    """What the page's script does."""
    number: int
    """With which candidate."""
    text: str
    says: str
    """For who does not see it: `Give back 12`."""


@dataclass(frozen=True, slots=True)
class Actions:
    """Several buttons in one cell."""

    buttons: tuple[Action, ...]


Cell = str | int | float | None | Badge | Typeset | Opening | Downloads | Link | Actions | Drawing


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section."""

    level: int
    """3 or 4."""
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    text: str
    kind: str = ""
    """`note`, `warn` or nothing."""


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to be copied."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is sorted by a press on a heading."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[int] = frozenset()
    """Columns that are set flush right."""
    tall: bool = False
    """Does it scroll in a box of its own?"""

    @property
    def classes(self) -> list[str]:
        """Of each column's cells."""
        return ["num" if k in self.numbers else "" for k in range(len(self.head))]

    @property
    def heads(self) -> list[tuple[str, str]]:
        """Heading and its class, which says too where one is long."""
        wide = [" wide" if len(text) > 24 else " broad" if len(text) > 14 else "" for text in self.head]
        return [(text, (kind + more).strip()) for text, kind, more in zip(self.head, self.classes, wide, strict=True)]


@dataclass(frozen=True, slots=True)
class Chart:
    """A place for a figure, and its data."""

    anchor: str
    figure: Mapping[str, object]
    """As plotly.js takes it."""


Block = Heading | Paragraph | Code | Table | Chart | Folded
Part = Block | Iterable["Block | None"] | None


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its heading."""

    anchor: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """One number at the top."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above everything: name, state, what was found, a few numbers."""

    name: str
    state: Badge
    lead: str
    tiles: tuple[Tile, ...] = field(default=())


def section(anchor: str, heading: str, *parts: Part) -> Section | None:
    """A section of the parts that are there; None without any."""
    blocks = tuple(flat(parts))
    return Section(anchor, heading, blocks) if blocks else None


def flat(parts: Iterable[Part]) -> list[Block]:
    """Blocks alone or in sequences, one after the other; None is left out."""
    blocks: list[Block] = []
    for part in parts:
        if isinstance(part, Block):
            blocks.append(part)
        elif part is not None:
            blocks += [block for block in part if block is not None]
    return blocks


def paragraph(text: str, kind: str = "") -> Paragraph | None:
    """A paragraph; None for an empty one."""
    return Paragraph(text, kind) if text else None


def chart(anchor: str, figure: Mapping[str, object] | None) -> Chart | None:
    """A place for a figure; None for None."""
    return None if figure is None else Chart(anchor, figure)


def table(
    head: Sequence[str], rows: Sequence[Sequence[Cell]], *, numbers: Iterable[int] = (), tall: bool = False
) -> Table:
    """A table."""
    return Table(tuple(head), tuple(tuple(row) for row in rows), frozenset(numbers), tall)


def candidate(outcome: Outcome) -> Cell:
    """The candidate in a few words; a formula with subscripts."""
    return Typeset(title(outcome)) if outcome.composition else title(outcome)
