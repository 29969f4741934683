"""This file is what both networks of the Wyckoff generator are made of: embeddings and a small transformer.

Positions, groups and elements are embedded from what is known of them (site symmetry, first operation, family; radius,
electronegativity, place in the periodic table) beside a learned vector of their own, so that rare ones lean on their
like.
"""

import functools
import math
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention, silu

from eutectic.generators.wyckoff.table import ELEMENTS, GROUPS, MOST_LETTERS, family, table

OWN = 24
"""Numbers of a position's own vector."""
DESCRIPTORS = 9
"""Numbers an element is described by, see `descriptors`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a network."""

    width: int = 128
    heads: int = 4
    hidden: int = 256
    layers: int = 4
    components: int = 8
    """Of a mixture, where it has mixtures."""
    dropout: float = 0.1
    properties: tuple[str, ...] = ()
    """What may be asked for, in the order of its columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Wishes:
    """What b crystals are asked to be, as the networks take it."""

    composition: Tensor
    """(b, ELEMENTS) atomic fractions; rows of 0 where it is left open."""
    targets: Tensor
    """(b, p) standardised; NaN where it is left open."""

    def without_targets(self) -> "Wishes":
        """The same with every property left open."""
        return Wishes(self.composition, torch.full_like(self.targets, math.nan))


@functools.cache
def _position_features() -> tuple[Tensor, Tensor, Tensor]:
    """Of each position: numbers (1731, 18), place of its site symmetry, place of its letter."""
    rows = table().positions
    symbols = sorted({p.site_symmetry for p in rows})
    numbers = [
        [
            *p.rotations[0].ravel(),
            *p.shifts[0],
            math.log(p.atoms),
            *(float(len(p.free) == k) for k in range(4)),
            len(p.rotations) / p.multiplicity,
        ]
        for p in rows
    ]
    letters = [p.row - table().starts[p.group - 1] for p in rows]
    places = [symbols.index(p.site_symmetry) for p in rows]
    return torch.tensor(numbers, dtype=torch.float32), torch.tensor(places), torch.tensor(letters)


def letter_rows() -> Tensor:
    """(231, 27) row in the table of each letter of each group; -1 where the group has no such letter."""
    rows = np.full((GROUPS + 1, MOST_LETTERS), -1)
    for group in range(1, GROUPS + 1):
        start, stop = table().starts[group - 1], table().starts[group]
        rows[group, : stop - start] = np.arange(start, stop)
    return torch.tensor(rows)


class Embedding(nn.Module):
    """Vectors of positions, elements, groups and wishes."""

    numbers: Tensor
    places: Tensor
    letters: Tensor
    families: Tensor
    descriptors: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        numbers, places, letters = _position_features()
        self.register_buffer("numbers", numbers, persistent=False)
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("letters", letters, persistent=False)
        self.register_buffer(
            "families", torch.tensor([0, *(family(g) for g in range(1, GROUPS + 1))]), persistent=False
        )
        self.register_buffer("descriptors", torch.zeros(ELEMENTS, DESCRIPTORS))
        self.position_numbers = nn.Linear(numbers.shape[1], width)
        self.site_symmetry = _table(int(places.max()) + 1, width)
        self.letter = _table(MOST_LETTERS, width)
        self.own = _table(len(numbers), OWN)
        self.position_own = nn.Linear(OWN, width, bias=False)
        self.element = _table(ELEMENTS, width)
        self.element_numbers = nn.Linear(DESCRIPTORS, width)
        self.group = _table(GROUPS + 1, width)
        self.family = _table(6, width)
        self.composition = nn.Linear(2 * ELEMENTS, width, bias=False)
        self.open_composition = nn.Parameter(torch.zeros(width))
        self.properties = nn.ModuleDict({name: Property(width) for name in shape.properties})
        self.kept: tuple[Tensor, Tensor] | None = None

    def train(self, mode: bool = True) -> "Embedding":
        """Switch, and forget what was kept for drawing."""
        self.kept = None
        super().train(mode)
        return self

    def keep(self) -> None:
        """Compute the vectors of positions and elements once, for drawing."""
        self.kept = None
        self.kept = self.positions().detach(), self.elements().detach()

    def positions(self) -> Tensor:
        """(1731, width)."""
        if self.kept is not None:
            return self.kept[0]
        known = self.position_numbers(self.numbers) + self.site_symmetry(self.places) + self.letter(self.letters)
        return torch.add(known, self.position_own(self.own.weight))

    def elements(self) -> Tensor:
        """(ELEMENTS, width)."""
        if self.kept is not None:
            return self.kept[1]
        return torch.add(self.element.weight, self.element_numbers(self.descriptors))

    def groups(self, groups: Tensor) -> Tensor:
        """(b, width)."""
        return torch.add(self.group(groups), self.family(self.families[groups]))

    def wishes(self, wishes: Wishes) -> Tensor:
        """(b, width)."""
        fractions = wishes.composition
        present = (fractions > 0).to(fractions.dtype)
        total: Tensor = self.composition(torch.cat([fractions, 0.3 * present], dim=1))
        total = total + self.open_composition * (fractions.sum(dim=1, keepdim=True) == 0)
        for column, embed in enumerate(self.properties.values()):
            total = total + embed(wishes.targets[:, column])
        return total


class Property(nn.Module):
    """A property's value, or that it is left open; changes nothing before it is trained."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(1, 32)
        self.last = nn.Linear(32, width, bias=False)
        self.left_open = nn.Parameter(torch.zeros(width))
        nn.init.zeros_(self.last.weight)

    def forward(self, values: Tensor) -> Tensor:
        """(b,) -> (b, width)."""
        given = ~torch.isnan(values)
        embedded = self.last(silu(self.first(torch.where(given, values, 0.0)[:, None])))
        return torch.where(given[:, None], embedded, self.left_open)


class Layer(nn.Module):
    """Attention and a hidden layer, each behind a normalisation and added to what came in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.before = nn.LayerNorm(shape.width)
        self.projected = nn.Linear(shape.width, 3 * shape.width)
        self.mixed = nn.Linear(shape.width, shape.width)
        self.between = nn.LayerNorm(shape.width)
        self.up = nn.Linear(shape.width, shape.hidden)
        self.down = nn.Linear(shape.hidden, shape.width)
        self.dropout = nn.Dropout(shape.dropout)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values (b, heads, t, width / heads)."""
        b, t, width = x.shape
        parts = self.projected(self.before(x)).view(b, t, 3, self.heads, width // self.heads)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4).unbind(0)
        return queries, keys, values

    def attended(self, x: Tensor, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
        """(b, t, width) after the layer; `mask` true where a query may look."""
        b, t, width = x.shape
        mixed = scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        x = x + self.dropout(self.mixed(mixed.transpose(1, 2).reshape(b, t, width)))
        return torch.add(x, self.dropout(self.down(silu(self.up(self.between(x))))))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(b, t, width) of all tokens at once."""
        return self.attended(x, *self.split(x), mask)


def _table(rows: int, width: int) -> nn.Embedding:
    made = nn.Embedding(rows, width)
    nn.init.normal_(made.weight, std=0.02 if width > OWN else 0.1)
    return made


@functools.cache
def descriptors() -> Tensor:
    """(ELEMENTS, 9) standardised: electronegativity, radii, volume, row, group, Mendeleev number, valence electrons."""
    from pymatgen.core import Element

    rows = np.full((ELEMENTS, DESCRIPTORS), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what pymatgen has no number for is filled below
        for z in range(1, ELEMENTS):
            element = Element.from_Z(z)
            rows[z] = [
                element.X,
                float(element.atomic_radius or np.nan),
                float(element.average_ionic_radius or np.nan) or np.nan,
                float(element.atomic_radius_calculated or np.nan),
                element.row,
                element.group,
                np.nan if element.mendeleev_no is None else element.mendeleev_no,
                sum(n for _, kind, n in element.full_electronic_structure if kind in "sp") % 8,
                z**0.5,
            ]
    mean, spread = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    filled = np.where(np.isnan(rows), 0.0, (rows - mean) / spread)
    return torch.tensor(filled, dtype=torch.float32)
