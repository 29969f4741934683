"""This file is the network that writes genes: space group, then one occupied position and its element after the other.

Sites come by position and then by atomic number, so that a set of sites has one order and its probability is that of
the sequence: P(group | wishes) prod P(letter | sites before) P(element | letter, sites before), with STOP as the last
letter. All steps of a gene are learned from at once (a causal transformer; after Vaswani et al. 2017, arXiv
1706.03762, and for Wyckoff positions Cao et al. 2024, arXiv 2403.15734, and Kazeev et al. 2025, arXiv 2503.02407).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, silu

from eutectic.generators.wyckoff.layers import Embedding, Layer, Shape, Wishes, letter_rows
from eutectic.generators.wyckoff.table import ELEMENTS, GROUPS, MOST_LETTERS, table

MOST_COUNTED = 40
"""Atoms that are counted one by one; more look the same."""
BARRED = -1e9
"""Logit of what cannot be."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """b genes of at most t sites, padded."""

    groups: Tensor
    """(b,)."""
    positions: Tensor
    """(b, t) rows of the table; 0 beyond the end."""
    elements: Tensor
    """(b, t) atomic numbers; 0 beyond the end."""
    lengths: Tensor
    """(b,)."""

    @property
    def inside(self) -> Tensor:
        """(b, t) true where there is a site."""
        places = torch.arange(self.positions.shape[1], device=self.positions.device)
        return places[None, :] < self.lengths[:, None]


class GeneNetwork(nn.Module):
    """Logits of each step of a gene."""

    rows: Tensor
    atoms: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed = Embedding(shape)
        self.counted = nn.Embedding(MOST_COUNTED + 1, shape.width)
        nn.init.normal_(self.counted.weight, std=0.02)
        self.group_hidden = nn.Linear(shape.width, shape.width)
        self.group_logits = nn.Linear(shape.width, GROUPS + 1)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.last = nn.LayerNorm(shape.width)
        self.query = nn.Linear(shape.width, shape.width)
        self.stop = nn.Linear(shape.width, 1)
        self.element_hidden = nn.Linear(2 * shape.width, shape.width)
        self.element_query = nn.Linear(shape.width, shape.width)
        self.element_bias = nn.Parameter(torch.zeros(ELEMENTS))
        self.scale = shape.width**-0.5
        rows = letter_rows()
        self.register_buffer("rows", rows, persistent=False)
        atoms = torch.tensor([p.atoms for p in table().positions])
        self.register_buffer("atoms", atoms, persistent=False)

    def of_group(self, wishes: Wishes) -> Tensor:
        """(b, 231) logits of the space group; that of no group is barred."""
        logits: Tensor = self.group_logits(silu(self.group_hidden(self.embed.wishes(wishes))))
        barred = torch.zeros_like(logits)
        barred[:, 0] = BARRED
        return logits + barred

    def first_token(self, groups: Tensor, wishes: Wishes) -> Tensor:
        """(b, width)."""
        zero = torch.zeros_like(groups)
        return torch.add(self.embed.groups(groups) + self.embed.wishes(wishes), self.counted(zero))

    def site_tokens(self, positions: Tensor, elements: Tensor, atoms_so_far: Tensor) -> Tensor:
        """(..., width); `atoms_so_far` counts those of the site itself."""
        where = self.embed.positions()[positions]
        counted: Tensor = self.counted(atoms_so_far.clamp(max=MOST_COUNTED))
        return where + self.embed.elements()[elements] + counted

    def of_letters(self, states: Tensor, groups: Tensor) -> Tensor:
        """(b, t, 28) logits of the next site's letter, the last of STOP; letters the group lacks are barred."""
        rows = self.rows[groups]
        keys = self.embed.positions()[rows.clamp(min=0)]
        logits = torch.einsum("btw,blw->btl", self.query(states), keys) * self.scale
        logits = logits.masked_fill((rows < 0)[:, None, :], BARRED)
        return torch.cat([logits, self.stop(states)], dim=2)

    def of_elements(self, states: Tensor, positions: Tensor) -> Tensor:
        """(b, t, ELEMENTS) logits of the element on the next site, whose position is given; that of none is barred."""
        where = self.embed.positions()[positions]
        hidden = silu(self.element_hidden(torch.cat([states, where], dim=-1)))
        logits: Tensor = self.element_query(hidden) @ self.embed.elements().T * self.scale + self.element_bias
        return logits.index_fill(-1, torch.zeros(1, dtype=torch.long, device=logits.device), BARRED)

    def log_distributions(self, genes: Sequences, wishes: Wishes) -> tuple[Tensor, Tensor, Tensor]:
        """Natural logarithms of the chances at each step of genes: groups (b, 231), letters (b, t + 1, 28), elements.

        Elements: (b, t, ELEMENTS). What the order of sites rules out has no probability: earlier letters, a position
        without freedom twice.
        """
        t = genes.positions.shape[1]
        inside = genes.inside
        so_far = torch.cumsum(torch.where(inside, self.atoms[genes.positions], 0), dim=1)
        tokens = torch.cat(
            [
                self.first_token(genes.groups, wishes)[:, None],
                self.site_tokens(genes.positions, genes.elements, so_far),
            ],
            dim=1,
        )
        causal = torch.ones(t + 1, t + 1, dtype=torch.bool, device=tokens.device).tril()
        for layer in self.layers:
            tokens = layer(tokens, causal)
        states = self.last(tokens)
        letters = log_softmax(self.of_letters(states, genes.groups) + _barred_letters(genes), dim=-1)
        elements = log_softmax(self.of_elements(states[:, :-1], genes.positions) + _barred_elements(genes), dim=-1)
        return log_softmax(self.of_group(wishes), dim=-1), letters, elements

    def log_probabilities(self, genes: Sequences, wishes: Wishes) -> tuple[Tensor, Tensor]:
        """Natural logarithms of P(group | wishes) (b,) and P(sites | group, wishes) (b,)."""
        return self.chosen(genes, *self.log_distributions(genes, wishes))

    def chosen(self, genes: Sequences, groups: Tensor, letters: Tensor, elements: Tensor) -> tuple[Tensor, Tensor]:
        """As `log_probabilities`, of what `log_distributions` gave."""
        rows = torch.arange(len(genes.groups), device=letters.device)
        starts = self.rows[genes.groups][:, 0]
        chosen = torch.where(genes.inside, genes.positions - starts[:, None], 0)
        said = letters[:, :-1].gather(2, chosen[:, :, None])[:, :, 0]
        placed = elements.gather(2, genes.elements[:, :, None])[:, :, 0]
        stopped = letters[rows, genes.lengths, MOST_LETTERS]
        of_sites = torch.where(genes.inside, said + placed, 0.0).sum(dim=1) + stopped
        return groups.gather(1, genes.groups[:, None])[:, 0], of_sites


def _barred_letters(genes: Sequences) -> Tensor:
    """(b, t + 1, 28) what to add to logits so that letters come in order, and STOP never first."""
    b = len(genes.groups)
    starts = letter_rows().to(genes.groups.device)[genes.groups][:, :1]
    once = torch.tensor([not p.free for p in table().positions], device=genes.groups.device)
    least = genes.positions - starts + once[genes.positions]
    least = torch.cat([torch.zeros(b, 1, dtype=least.dtype, device=least.device), least], dim=1)
    places = torch.arange(MOST_LETTERS + 1, device=least.device)
    barred = (places[None, None] < least[:, :, None]) & (places < MOST_LETTERS)
    barred[:, 0, MOST_LETTERS] = True
    return torch.where(barred, BARRED, 0.0)


def _barred_elements(genes: Sequences) -> Tensor:
    """(b, t, ELEMENTS) what to add to logits so that elements of one position come in order."""
    before = torch.zeros_like(genes.elements)
    same = genes.positions[:, 1:] == genes.positions[:, :-1]
    before[:, 1:] = torch.where(same, genes.elements[:, :-1], 0)
    numbers = torch.arange(ELEMENTS, device=before.device)
    barred = numbers[None, None] < before[:, :, None]
    return torch.where(barred & genes.inside[:, :, None], BARRED, 0.0)


def padded(groups: Sequence[int], sites: Sequence[Sequence[tuple[int, int]]]) -> Sequences:
    """Genes from (position, element) pairs."""
    longest = max(len(one) for one in sites)
    positions = np.zeros((len(sites), longest), dtype=np.int64)
    elements = np.zeros((len(sites), longest), dtype=np.int64)
    for row, one in enumerate(sites):
        for column, (position, element) in enumerate(one):
            positions[row, column], elements[row, column] = position, element
    lengths = torch.tensor([len(one) for one in sites])
    return Sequences(torch.tensor(list(groups)), torch.tensor(positions), torch.tensor(elements), lengths)
