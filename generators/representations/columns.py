"""This file is the features of single columns and sites: kept and described columns, elements, structures, sequences.

A column that is not always active stands at its middle where it is not. Beside a category that says when it is active
that is enough (docs/surrogates.md has figures); beside a number that does, an indicator is needed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.representations.blocks import Block, rows_of
from eutectic.generators.representations.compositions import Source, meanings, ordered
from eutectic.generators.representations.crystals import DESCRIPTORS, described, site_elements
from eutectic.generators.representations.elements import SYMBOLS, table, unit
from eutectic.generators.representations.ions import FEATURES, UNITS, descriptors, ion
from eutectic.optimizers.base import Array, Described, Space
from eutectic.oracles.base import Candidate

if TYPE_CHECKING:
    from torch import Tensor


ALIKE = ("mendeleev_number", "valence_electrons")
"""What tells elements that behave alike, beside the descriptors of ions."""


def kept_block(space: Space, columns: tuple[int, ...]) -> Block:
    """Columns as they are; a unit that is not known counts as dimensionless."""
    labels = space.categories or ((),) * space.d
    conditional = {condition.column for condition in space.conditions}
    return Block(
        names=tuple(space.names[j] for j in columns),
        transform=lambda X: X[..., list(columns)],
        differentiable=space.table is None and any(space.kinds[j] in ("continuous", "fraction") for j in columns),
        categories=tuple(len(labels[j]) for j in columns),
        conditional=tuple(k for k, j in enumerate(columns) if j in conditional),
    )


def plain_blocks(space: Space, columns: Sequence[int]) -> list[Block]:
    """Columns as they are, but what describes a list's rows for the choice among them; whether others are active."""
    described = [about for about in space.described if about.column in columns]
    kept = tuple(j for j in columns if j not in {about.column for about in described})
    wholes = [m.members for m in space.mixtures if {*m.members} <= {*kept}]
    single = tuple(j for j in kept if not any(j in members for members in wholes))
    blocks = [kept_block(space, single)] if single else []
    blocks += [replace(kept_block(space, members), whole=True) for members in wholes]
    blocks += [_described_block(space, about) for about in described]
    return blocks + [_active_block(space, *gate) for gate in gates(space)]


def gates(space: Space) -> list[tuple[int, tuple[float, ...]]]:
    """Columns that are numbers, with the values at which other columns are active, each pair once."""
    found = [(c.parent, c.values) for c in space.conditions if space.kinds[c.parent] != "categorical"]
    return list(dict.fromkeys(found))


def _described_block(space: Space, about: Described) -> Block:
    """What describes the rows of a list, looked up by their codes; its gradient is zero."""
    name, others = space.names[about.column], set(space.names)

    def looked_up(X: "Tensor") -> "Tensor":
        import torch

        return torch.as_tensor(about.values)[X[..., about.column].detach().round().long()]

    names = tuple(f"{name}.{feature}" if feature in others else feature for feature in about.names)
    return Block(names, looked_up, False, categories=about.categories)


def _active_block(space: Space, parent: int, values: tuple[float, ...]) -> Block:
    """Whether a number has one of the values at which other columns are active, as a category."""
    children = [space.names[c.column] for c in space.conditions if (c.parent, c.values) == (parent, values)]

    def active(X: "Tensor") -> "Tensor":
        import torch

        codes = X[..., parent, None].detach().round()
        return (codes == torch.tensor(values, dtype=codes.dtype)).any(-1, keepdim=True).to(torch.float64)

    return Block((f"{', '.join(children)} active",), active, False, categories=(2,))


def encoding_block(space: Space, column: int, properties: tuple[str, ...], one_hot: bool) -> Block:
    """A category's element as its properties (0 for a label that is none) and, if wanted, indicators of its labels."""
    labels, name = space.categories[column], space.names[column]
    elements = ordered([dict.fromkeys(labels, 1.0)])

    def encoded(X: "Tensor") -> "Tensor":
        import torch

        values = meanings(labels, elements) @ table(elements, properties)
        codes = np.hstack([values, np.eye(len(labels))]) if one_hot else values
        return torch.as_tensor(codes)[X[..., column].detach().round().long()]

    indicators = tuple(f"{name}={label}" for label in labels) if one_hot else ()
    units = (*(unit(p) for p in properties), *("" for _ in indicators))
    return Block((*(f"{name} {p}" for p in properties), *indicators), encoded, False, units)


def ion_columns(space: Space) -> tuple[int, ...]:
    """Categorical columns of two labels or more, all of which name elements or ions."""
    labels = space.categories or ((),) * space.d
    return tuple(j for j, own in enumerate(labels) if len(own) > 1 and all(ion(label) is not None for label in own))


def ion_block(space: Space, column: int, identity: bool, similarity: bool) -> Block:
    """A category's element or ion as its descriptors and, if wanted, which one it is, as a category.

    similarity: only which one it is, the descriptors beside it as what tells labels that are alike.
    """
    labels, name = space.categories[column], space.names[column]
    names, units, values = FEATURES, UNITS, descriptors(labels)
    if all(label in SYMBOLS for label in labels):
        names, units = (*names, *ALIKE), (*units, *(unit(p) for p in ALIKE))
        values = np.hstack([values, table(tuple(labels), ALIKE)])
    if similarity:
        return replace(kept_block(space, (column,)), descriptors={0: values})
    if identity:
        values = np.hstack([values, np.arange(len(labels))[:, None]])

    def encoded(X: "Tensor") -> "Tensor":
        import torch

        return torch.as_tensor(values)[X[..., column].detach().round().long()]

    titles = (*(f"{name} {own}" for own in names), *((name,) if identity else ()))
    counts = (*(0 for _ in names), *((len(labels),) if identity else ()))
    return Block(titles, encoded, False, (*units, *(("",) if identity else ())), counts)


def structure_block(space: Space, materials: Sequence[Candidate], names: tuple[str, ...]) -> Block:
    """Descriptors of each candidate's structure; ValueError when one has none."""
    structures = [m.structure for m in materials if m.structure is not None]
    if space.table is None or not materials or len(structures) < len(materials):
        raise ValueError("its candidates have no structures: it needs a pool with `structures`")
    place = [list(DESCRIPTORS).index(name) for name in names]
    values = np.array([described(structure) for structure in structures])[:, place]
    return Block(names, rows_of(space.table).listed(values), False, tuple(DESCRIPTORS[name] for name in names))


def site_block(space: Space, materials: Sequence[Candidate], elements: tuple[str, ...], length: int) -> Block:
    """The elements of each candidate's sites in their order, as codes, repeated or cut to `length`."""
    assert space.table is not None
    codes = np.zeros((len(materials), length))
    for row, candidate in zip(codes, materials, strict=True):
        assert candidate.structure is not None
        sites = [elements.index(symbol) for symbol in site_elements(candidate.structure)]
        row[:] = np.resize(sites, length)
    names = tuple(f"site_{k + 1}" for k in range(length))
    return Block(names, rows_of(space.table).listed(codes), False, categories=(len(elements),) * length)


def decoration_block(where: Source, count: int, length: int, seed: int) -> Block:
    """Codes of the elements on the sites of `count` decorations: site k takes the element in whose share it falls.

    Shares are the cumulative fractions; the sites' places in 0..1 are evenly spread and shuffled, so that every
    decoration has its composition up to one site an element, and all of them together more closely.
    """
    places = site_places(count, length, seed)

    def decorated(X: "Tensor") -> "Tensor":
        import torch

        shares = where.fractions(X.detach()).cumsum(-1)[..., :-1]
        codes = (torch.as_tensor(places) > shares[..., None]).sum(-2).to(torch.float64)
        return codes + 0.0 * X.sum(-1, keepdim=True) if X.requires_grad else codes

    names = tuple(f"decoration_{r + 1}_site_{k + 1}" for r in range(count) for k in range(length))
    return Block(names, decorated, False, categories=(len(where.elements),) * (count * length))


def site_places(count: int, length: int, seed: int) -> Array:
    """(count * length,) places in 0..1, a permutation of an even grid in each decoration."""
    rng = np.random.default_rng(seed)
    grids = [(rng.permutation(length) + (r + 0.5) / count) / length for r in range(count)]
    return np.concatenate(grids)
