"""This file is low-discrepancy points in a region: a Sobol sequence through maps that keep uniform uniform.

Boxes take the sequence as it is. Grids take it through the conditional distribution of one column after the other.
Mixtures take it through exponentials (a Dirichlet draw), and points outside the region are dropped, which keeps the
rest uniform. Blocks for which that hardly ever succeeds, and mixtures with absent members, are sampled independently.
"""

from math import ceil, log2

import numpy as np

from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.spaces import activity, block_region, grid, lattice, polytope, region
from eutectic.optimizers.spaces.blocks import Block, split, stepped
from eutectic.optimizers.spaces.presence import supports

_MOST = 14
"""Two to this power is the longest sequence that is drawn, 16,384 points; ours."""


def spread(space: Space, n: int, rng: np.random.Generator) -> Array | None:
    """At least n rows (>= n, d) of a space without table, evenly spread; repeats are possible on a grid.

    None when too few points of the sequence fall in the region, or no block takes any.
    """
    from scipy.stats import qmc

    if not activity.plain(space):
        core = activity.core(space)
        Z = spread(core.space, n, rng)
        return None if Z is None else core.rows(Z)
    region.require_nonempty(space)
    blocks = split(space)
    sizes = [_dimensions(block) for block in blocks]
    if not sum(sizes):
        return None
    sequence = qmc.Sobol(sum(sizes), seed=rng)
    for exponent in range(max(ceil(log2(max(n, 1))), 1), _MOST + 1):
        sequence.reset()
        X = _placed(space, blocks, sizes, sequence.random_base2(exponent), rng)
        if len(X) >= n:
            return X
        if exponent >= 10 and len(X) * 2 ** (_MOST - exponent) < n:
            break
    return None


def _dimensions(block: Block) -> int:
    """How many coordinates of the sequence a block takes; 0 when it is sampled independently."""
    smooth = not block.finite and not stepped(block.space).any()
    single = not smooth or all(supports(block.space, i).single for i in range(len(block.space.mixtures)))
    return block.space.d if block.finite or (smooth and single) else 0


def _placed(space: Space, blocks: tuple[Block, ...], sizes: list[int], U: Array, rng: np.random.Generator) -> Array:
    """Sequence (m, total) -> rows of the space (<= m, d)."""
    X = np.empty((len(U), space.d))
    fits = np.ones(len(U), dtype=bool)
    first = 0
    for block, size in zip(blocks, sizes, strict=True):
        if size:
            X[:, block.columns], inside = _mapped(block, U[:, first : first + size])
            fits &= inside
        else:
            X[:, block.columns] = block_region.sample(block, len(U), rng)
        first += size
    return X[fits][region.contains(space, X[fits])]


def _mapped(block: Block, U: Array) -> tuple[Array, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Unit cube (m, b) -> points of the block (m, b), and which of them are inside."""
    space, inside = block.space, np.ones(len(U), dtype=bool)
    if block_region.free(block):
        number = lattice.number(space, 0)
        places = np.minimum((U[:, 0] * number).astype(np.int64), number - 1)
        return lattice.at(space, 0, places)[:, None], inside
    if block.finite:
        table = grid.table(space)
        order = [stage.column for stage in table.stages]
        return grid.values(table, grid.through(table, U[:, order])), inside
    X = space.lower + U * (space.upper - space.lower)
    for number, mixture in enumerate(space.mixtures):
        own, members = supports(space, number), list(mixture.members)
        mask = own.draw(1, np.random.default_rng(0))[0]  # the only one
        bounds = [np.broadcast_to(bound * mask, (len(U), len(mask))) for bound in (own.lower, own.upper)]
        X[:, members], fits = polytope.dirichlet(bounds[0], bounds[1], -np.log1p(-U[:, members]))
        inside &= fits
    return X, inside
