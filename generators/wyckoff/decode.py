"""This file is the drawing of genes: step by step from the network, under masks that keep what is asked for exactly.

Rows are computed in blocks of one shape, so that what a row gives is the same to the bit whatever is drawn beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from eutectic.generators.wyckoff.layers import Layer, Wishes
from eutectic.generators.wyckoff.masks import STOP, Goal, Growing, Net, possible_groups
from eutectic.generators.wyckoff.nets import Wish, possible
from eutectic.generators.wyckoff.network import GeneNetwork
from eutectic.generators.wyckoff.table import GROUPS, Array, Index, table

BLOCK = 32
"""Rows of a block; ours: of 16 to 128 the cheapest a crystal on one core, and still cheap for one."""
MOST_SITES = 20
"""Sites of a gene, as no primitive cell of the training set has more."""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One gene to be drawn."""

    goal: Goal
    groups: tuple[int, ...]
    """Space groups that are allowed; () all that can hold it."""
    composition: Array
    """(ELEMENTS,) fractions the network is told, zeros where it is not."""
    targets: Array
    """(p,) standardised, NaN where left open."""
    guidance: float
    """1: as the data has it; 0: targets are not told."""
    rng: np.random.Generator
    net: Wish | None = None
    """A net of one element that must be there."""

    @property
    def guided(self) -> bool:
        """Are both answers needed, with the targets and without?"""
        return bool(not np.isnan(self.targets).all() and self.guidance != 1.0)


@dataclass(slots=True)
class Draft:
    """A gene as it is written."""

    growing: Growing
    sites: list[tuple[int, int]] = field(default_factory=list)
    """Position and element of each."""
    log_probability: float = 0.0
    done: bool = False


def draw_genes(network: GeneNetwork, requests: Sequence[Request], temperature: float) -> list[Draft]:
    """One gene a request; every goal must fit one of its groups."""
    drafts: list[Draft | None] = [None] * len(requests)
    for guided in (False, True):
        rows = [i for i, request in enumerate(requests) if request.guided == guided]
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            for i, draft in zip(block, _block(network, [requests[k] for k in block], guided, temperature), strict=True):
                drafts[i] = draft
    assert all(draft is not None for draft in drafts)
    return [draft for draft in drafts if draft is not None]


@torch.no_grad()
def _block(network: GeneNetwork, requests: Sequence[Request], guided: bool, temperature: float) -> list[Draft]:
    """At most BLOCK genes at once."""
    wishes = _wishes(requests)
    streams = [wishes, wishes.without_targets()] if guided else [wishes]
    strength = np.array([r.guidance for r in requests] + [1.0] * (BLOCK - len(requests)))
    logits = _combined([network.of_group(w) for w in streams], strength)
    drafts = [_begun(r, row, temperature) for r, row in zip(requests, logits, strict=False)]
    groups = torch.tensor([d.growing.group for d in drafts] + [1] * (BLOCK - len(drafts)))
    caches = [_Cache(network) for _ in streams]
    tokens = [network.first_token(groups, w) for w in streams]
    for step in range(MOST_SITES + 1):
        states = [cache.states(token, step) for cache, token in zip(caches, tokens, strict=True)]
        letters = _combined([network.of_letters(s, groups)[:, 0] for s in states], strength)
        if step == 0:
            _choose_nets(network, drafts, requests, states, letters, temperature)
        chosen = [_letter(d, r, row, temperature) for d, r, row in zip(drafts, requests, letters, strict=False)]
        if all(d.done for d in drafts):
            break
        positions = torch.tensor([max(p, 0) for p in chosen] + [0] * (BLOCK - len(chosen)))
        elements = _combined([network.of_elements(s, positions[:, None])[:, 0] for s in states], strength)
        for draft, request, position, row in zip(drafts, requests, chosen, elements, strict=False):
            if not draft.done:
                _element(draft, request, position, row, temperature)
        last = torch.tensor([d.sites[-1] for d in drafts] + [(0, 1)] * (BLOCK - len(drafts)))
        counted = torch.tensor([d.growing.total for d in drafts] + [1] * (BLOCK - len(drafts)))
        token = network.site_tokens(last[:, 0], last[:, 1], counted)
        tokens = [token for _ in streams]
    return drafts


class _Cache:
    """Keys and values of all tokens so far, of one shape from the beginning."""

    def __init__(self, network: GeneNetwork) -> None:
        self.network = network
        self.kept: list[tuple[Tensor, Tensor]] = []

    def states(self, token: Tensor, step: int) -> Tensor:
        """(BLOCK, 1, width) after all layers, of the token (BLOCK, width) at that step."""
        x = token[:, None]
        mask = (torch.arange(MOST_SITES + 1) <= step)[None, None, None, :]
        for k, layer in enumerate(self.network.layers):
            assert isinstance(layer, Layer)
            queries, keys, values = layer.split(x)
            if k == len(self.kept):
                shape = (*keys.shape[:2], MOST_SITES + 1, keys.shape[3])
                self.kept.append((keys.new_zeros(shape), keys.new_zeros(shape)))
            self.kept[k][0][:, :, step : step + 1] = keys
            self.kept[k][1][:, :, step : step + 1] = values
            x = layer.attended(x, queries, *self.kept[k], mask)
        last: Tensor = self.network.last(x)
        return last


def _wishes(requests: Sequence[Request]) -> Wishes:
    """Of a block; rows beyond the requests are the first again."""
    rows = [requests[i] if i < len(requests) else requests[0] for i in range(BLOCK)]
    composition = torch.tensor(np.array([r.composition for r in rows]), dtype=torch.float32)
    return Wishes(composition, torch.tensor(np.array([r.targets for r in rows]), dtype=torch.float32))


def _combined(logits: Sequence[Tensor], strength: Array) -> Array:
    """Guided logits (Ho & Salimans 2022, arXiv 2207.12598, eq. 6): without + guidance (with - without)."""
    first = logits[0].double().numpy()
    if len(logits) == 1:
        return first
    other = logits[1].double().numpy()
    return np.asarray(other + strength[:, None] * (first - other))


def _begun(request: Request, logits: Array, temperature: float) -> Draft:
    """A draft with its space group."""
    may = np.zeros(GROUPS + 1, dtype=np.int64)
    able = possible_groups(request.goal, request.groups)
    may[list(able if request.net is None else possible(request.goal, request.net, request.groups))] = 1
    group, log_probability = _pick(logits, may, request.rng, temperature)
    return Draft(Growing(request.goal, group), log_probability=log_probability)


def _choose_nets(
    network: GeneNetwork,
    drafts: Sequence[Draft],
    requests: Sequence[Request],
    states: Sequence[Tensor],
    letters: Array,
    temperature: float,
) -> None:
    """Position and element of each net that is asked for, by their probabilities as a first site."""
    asked = [(i, r.net) for i, r in enumerate(requests) if r.net is not None]
    if not asked:
        return
    options = {i: possible(requests[i].goal, net, requests[i].groups)[drafts[i].growing.group] for i, net in asked}
    rows, chosen = [0] * BLOCK, {}
    for i, pairs in options.items():
        may = np.zeros(letters.shape[1], dtype=np.int64)
        may[[letter for letter, _ in pairs]] = 1
        chosen[i], log_probability = _pick(letters[i], may, requests[i].rng, temperature)
        drafts[i].log_probability += log_probability
        rows[i] = table().starts[drafts[i].growing.group - 1] + chosen[i]
    strength = np.array([r.guidance for r in requests] + [1.0] * (BLOCK - len(requests)))
    elements = _combined([network.of_elements(s, torch.tensor(rows)[:, None])[:, 0] for s in states], strength)
    for i, pairs in options.items():
        may = np.zeros(elements.shape[1], dtype=np.int64)
        may[[z for letter, z in pairs if letter == chosen[i]]] = 1
        element, log_probability = _pick(elements[i], may, requests[i].rng, temperature)
        drafts[i].log_probability += log_probability
        position = table().positions[rows[i]]
        rest = requests[i].goal.beside(element, position.atoms)
        assert rest is not None
        net = Net(chosen[i], element, position.atoms, bool(position.free))
        drafts[i].growing = Growing(rest, drafts[i].growing.group, net)


def _letter(draft: Draft, request: Request, logits: Array, temperature: float) -> int:
    """Row in the table of the next site's position; -1 when the draft is done."""
    if draft.done:
        return -1
    letter, log_probability = _pick(logits, draft.growing.letters(), request.rng, temperature)
    draft.log_probability += log_probability
    if letter == STOP:
        draft.done = True
        return -1
    return table().starts[draft.growing.group - 1] + letter


def _element(draft: Draft, request: Request, position: int, logits: Array, temperature: float) -> None:
    """Write the next site."""
    letter = position - table().starts[draft.growing.group - 1]
    element, log_probability = _pick(logits, draft.growing.elements(letter), request.rng, temperature)
    draft.log_probability += log_probability
    draft.growing.place(letter, element)
    draft.sites.append((position, element))


def _pick(logits: Array, may: Index, rng: np.random.Generator, temperature: float) -> tuple[int, float]:
    """One of what may be, by its probability at that temperature, and the natural logarithm of that."""
    scaled = np.where(may > 0, logits / temperature, -np.inf)
    weights = np.exp(scaled - scaled.max())
    total = np.cumsum(weights)
    picked = int(np.searchsorted(total, rng.random() * total[-1], side="right"))
    picked = min(picked, int(np.flatnonzero(weights)[-1]))
    return picked, float(np.log(weights[picked] / total[-1]))
