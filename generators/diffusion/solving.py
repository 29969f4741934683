"""This file is the drawing of crystals from noise, step by step; every row from its own randomness."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from eutectic.generators.diffusion.interpolants import WIDE, Interpolant, arrived, denoised, deviation, left
from eutectic.generators.diffusion.lattice import Array, rows_of, six
from eutectic.generators.diffusion.network import MASK, PeriodicNetwork, State, Step
from eutectic.generators.diffusion.torus import Index, wrapped
from eutectic.generators.structures import nets as motifs
from eutectic.generators.structures.conditions import Motif
from eutectic.generators.wyckoff.table import ELEMENTS

SIZES = (4, 8, 12, 20)
"""Atoms that crystals are padded to (the least that holds them)."""
ROWS = 8
"""Crystals of a block; of one shape always, so that what is beside a crystal does not change it."""

LAST = 0.8
"""The time of a flow's last step, which goes all the way left; those before are spaced evenly from 0."""


@dataclass(frozen=True, slots=True)
class Standard:
    """Mean and standard deviation of the six numbers of a cell."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """One crystal to be drawn."""

    types: Index
    """(n,) atomic numbers, MASK where the network is to choose."""
    allowed: tuple[int, ...]
    """What it may choose from."""
    targets: Array
    """(p,) standardised, NaN where left open."""
    guidance: float
    rng: np.random.Generator
    motif: Motif | None = None
    spacing: float = 0.0
    """Distance of the motif's neighbours, angstrom; its sites are the first atoms."""


@dataclass(frozen=True, slots=True)
class Way:
    """How crystals are drawn."""

    kind: Interpolant
    steps: int
    temperature: float = 1.0
    """Of the choice of elements."""


Crystal = tuple[Array, Array, Index]
"""Lattice (3, 3) in angstrom, fractional coordinates (n, 3), atomic numbers (n,)."""


def solve(network: PeriodicNetwork, standard: Standard, orders: Sequence[Order], way: Way) -> list[Crystal]:
    """One crystal an order."""
    drawn: dict[int, Crystal] = {}
    sizes = [next(s for s in SIZES if s >= len(order.types)) for order in orders]
    for size in SIZES:
        for guided in (False, True):
            alike = [i for i, o in enumerate(orders) if sizes[i] == size and _guided(o) == guided]
            for start in range(0, len(alike), ROWS):
                block = alike[start : start + ROWS]
                made = _block(network, standard, [orders[i] for i in block], way, size, guided)
                drawn |= dict(zip(block, made, strict=True))
    return [drawn[i] for i in range(len(orders))]


def _guided(order: Order) -> bool:
    return bool(order.guidance != 1.0 and not np.isnan(order.targets).all())


@torch.no_grad()
def _block(
    network: PeriodicNetwork, standard: Standard, orders: Sequence[Order], way: Way, size: int, guided: bool
) -> list[Crystal]:
    """At most ROWS crystals at once."""
    rows = [orders[i] if i < len(orders) else orders[0] for i in range(ROWS)]
    # rows beyond the orders repeat the first, with randomness of their own
    streams = [o.rng for o in orders] + [np.random.default_rng(k) for k in range(ROWS - len(orders))]
    start = _noise(rows, streams, size)
    state = start
    counts = start.inside.sum(dim=1)
    for step in range(way.steps):
        said = _guidance(network, state, rows) if guided else network(state)
        end = (step + 1) / way.steps
        noise, chances = _chances(streams, size, way.kind)
        types = _revealed(state, said, rows, step / way.steps, end, chances, way.temperature)
        if way.kind == "flow":
            state = _kept(replace(arrived(said, state), types=types), start, rows, standard, counts, 1.0)
            state = state if end >= 1 else left(state, LAST * (step + 1) / (way.steps - 1), noise)
        else:
            cells, fractional = denoised(said, state, end, noise)
            state = replace(state, cells=cells, fractional=fractional, types=types, time=torch.full((ROWS,), end))
            state = _kept(state, start, rows, standard, counts, end)
        state = replace(state, fractional=state.fractional - torch.floor(state.fractional))
    lattices = rows_of(_unscaled(state.cells, standard), counts).numpy()
    made: list[Crystal] = []
    for i, order in enumerate(orders):
        n = len(order.types)
        lattice = lattices[i]
        if order.motif is not None:
            lattice = motifs.cell(order.motif, order.spacing, _height(order, lattice))
        numbers = state.types[i, :n].numpy().astype(np.int64)
        made.append((lattice, state.fractional[i, :n].double().numpy(), numbers))
    return made


def _noise(rows: Sequence[Order], streams: Sequence[np.random.Generator], size: int) -> State:
    """Where the ways begin: normal cells, uniform coordinates."""
    cells = torch.tensor(np.array([s.normal(size=6) for s in streams]), dtype=torch.float32)
    fractional = torch.tensor(np.array([s.random((size, 3)) for s in streams]), dtype=torch.float32)
    types = np.zeros((len(rows), size), dtype=np.int64)
    for i, row in enumerate(rows):
        types[i, : len(row.types)] = row.types
    inside = torch.tensor(np.array([np.arange(size) < len(row.types) for row in rows]))
    targets = torch.tensor(np.array([row.targets for row in rows]), dtype=torch.float32).reshape(len(rows), -1)
    return State(cells, fractional, torch.tensor(types), inside, torch.zeros(len(rows)), targets)


def _chances(
    streams: Sequence[np.random.Generator], size: int, kind: Interpolant
) -> tuple[tuple[Tensor, Tensor], Array]:
    """Of a step: noise of cells and coordinates, these uniform in a flow; uniform numbers for types, two an atom."""
    cells = torch.tensor(np.array([s.normal(size=6) for s in streams]), dtype=torch.float32)
    points = [s.random((size, 3)) if kind == "flow" else s.normal(size=(size, 3)) for s in streams]
    fractional = torch.tensor(np.array(points), dtype=torch.float32)
    return (cells, fractional), np.array([s.random((size, 2)) for s in streams])


def _guidance(network: PeriodicNetwork, state: State, rows: Sequence[Order]) -> Step:
    """Without targets + guidance (with - without) (Ho & Salimans 2022, arXiv 2207.12598, eq. 6)."""
    open_ = replace(state, targets=torch.full_like(state.targets, torch.nan))
    given, other = network(state), network(open_)
    w = torch.tensor([row.guidance for row in rows], dtype=torch.float32)
    return Step(
        other.cells + w[:, None] * (given.cells - other.cells),
        other.fractional + w[:, None, None] * (given.fractional - other.fractional),
        other.types + w[:, None, None] * (given.types - other.types),
    )


def _revealed(
    state: State, said: Step, rows: Sequence[Order], t: float, end: float, chances: Array, temperature: float
) -> Tensor:
    """Types after a step: each masked atom is revealed with the probability step / (1 - t), at the end all."""
    share = 1.0 if end >= 1 else (end - t) / (1 - t)
    types = state.types.clone()
    logits = said.types.double().numpy() / temperature
    for i, row in enumerate(rows):
        may = np.full(ELEMENTS, -np.inf)
        may[list(row.allowed)] = 0.0
        for atom in range(len(row.types)):
            if int(types[i, atom]) == MASK and chances[i, atom, 0] < share:
                weights = logits[i, atom] + may
                total = np.cumsum(np.exp(weights - weights.max()))
                picked = np.searchsorted(total, chances[i, atom, 1] * total[-1], side="right")
                types[i, atom] = min(int(picked), max(row.allowed))
    return types


def _kept(state: State, start: State, rows: Sequence[Order], standard: Standard, counts: Tensor, t: float) -> State:
    """The motif's cell and sites put where they would be at that time on their way from noise; at 1 in the crystal."""
    if all(row.motif is None for row in rows):
        return state
    cells, fractional = state.cells.clone(), state.fractional.clone()
    lattices = rows_of(_unscaled(state.cells, standard), counts).numpy()
    for i, row in enumerate(rows):
        if row.motif is None:
            continue
        wanted = motifs.cell(row.motif, row.spacing, _height(row, lattices[i]))
        numbers = (six(wanted, len(row.types)) - np.array(standard.mean)) / np.array(standard.spread)
        cells[i] = (1 - t) * start.cells[i] + t * torch.tensor(numbers, dtype=torch.float32)
        places = torch.tensor(motifs.sites(row.motif), dtype=torch.float32)
        away = wrapped(start.fractional[i, : len(places)] - places)
        share = float(deviation(state.time)[0]) / WIDE
        fractional[i, : len(places)] = places if t >= 1 else places + share * away
    return replace(state, cells=cells, fractional=fractional)


def _height(order: Order, lattice: Array) -> float:
    """Third edge that gives the motif's cell the volume of this one, but never less than its own spacing."""
    assert order.motif is not None
    area = abs(float(np.linalg.det(motifs.cell(order.motif, order.spacing, 1.0))))
    return max(abs(float(np.linalg.det(lattice))) / area, 0.8 * order.spacing)


def _unscaled(cells: Tensor, standard: Standard) -> Tensor:
    mean, spread = (torch.tensor(v, dtype=torch.float32) for v in (standard.mean, standard.spread))
    return (cells * spread + mean).clamp(-3.0, 4.0)
