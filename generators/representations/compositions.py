"""This file is where a row's composition stands in a space, and the features of a composition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.representations.blocks import Block, Transform, rows_of
from eutectic.generators.representations.elements import SYMBOLS, table, unit
from eutectic.optimizers.base import Array, Space
from eutectic.oracles.base import Candidate

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where compositions come from."""

    elements: tuple[str, ...]
    """Symbols (e)."""
    fractions: Transform
    """Coordinates (..., d) -> atomic fractions (..., e) of sum 1."""
    differentiable: bool
    used: tuple[int, ...]
    """Columns that say nothing beside the composition."""


def source(space: Space, materials: Sequence[Candidate]) -> Source:
    """Compositions of a finite space's materials, of columns called like elements, or of categories that are elements.

    ValueError when the space has none of them.
    """
    for find in (_of_amounts, _of_materials, _of_columns, _of_steps):
        found = find(space, materials)
        if found is not None:
            return found
    raise ValueError(
        "its rows have no composition: it needs fractions, a column of formulas or structures, columns called like "
        "elements, or categories that are elements"
    )


def _of_amounts(space: Space, materials: Sequence[Candidate]) -> Source | None:
    del materials
    amounts = space.amounts
    if amounts is None:
        return None
    columns, powers = list(amounts.columns), np.array(amounts.powers, dtype=bool)

    def fractions(X: "Tensor") -> "Tensor":
        import torch

        log = torch.as_tensor(powers)
        Y = X[..., columns]
        Y = torch.where(log, 10.0 ** torch.where(log, Y, 0.0), Y)
        moles = (Y @ torch.as_tensor(amounts.matrix) + torch.as_tensor(amounts.constant)).clamp_min(0.0)
        return moles / moles.sum(-1, keepdim=True).clamp_min(1e-300)

    return Source(amounts.labels, fractions, True, amounts.columns)


def _of_materials(space: Space, materials: Sequence[Candidate]) -> Source | None:
    compositions = [m.composition for m in materials if m.composition is not None]
    if not materials or len(compositions) < len(materials):
        return None
    assert space.table is not None
    elements = ordered(compositions)
    amounts = np.array([[c.get(e, 0.0) for e in elements] for c in compositions])
    # Columns of the space that are no variables of the candidates were derived from formula or structure.
    used = tuple(j for j, name in enumerate(space.names) if name not in materials[0].variables)
    return Source(elements, rows_of(space.table).listed(amounts / amounts.sum(1, keepdims=True)), False, used)


def ordered(compositions: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """The elements of compositions by atomic number."""
    return tuple(symbol for symbol in SYMBOLS if any(symbol in composition for composition in compositions))


def _of_columns(space: Space, materials: Sequence[Candidate]) -> Source | None:
    del materials
    columns = [
        j
        for j, (name, kind) in enumerate(zip(space.names, space.kinds, strict=True))
        if name in SYMBOLS and kind != "categorical" and space.lower[j] >= 0
    ]
    if len(columns) < 2:
        return None

    def fractions(X: "Tensor") -> "Tensor":
        amounts = X[..., columns]
        return amounts / amounts.sum(-1, keepdim=True).clamp_min(1e-12)

    return Source(tuple(space.names[j] for j in columns), fractions, True, tuple(columns))


def element_columns(space: Space) -> tuple[int, ...]:
    """Categorical columns whose labels are elements, all but one at most."""
    labels = space.categories or ((),) * space.d
    return tuple(
        j
        for j, found in enumerate(labels)
        if len(found) > 1 and sum(s not in SYMBOLS for s in found) < min(2, len(found) - 1)
    )


def _of_steps(space: Space, materials: Sequence[Candidate]) -> Source | None:
    """Categories `element_k` with their `count_k`, or categories that stand once each."""
    del materials
    columns = element_columns(space)
    if not columns:
        return None
    names = list(space.names)
    wanted = [names[j].replace("element", "count") for j in columns]
    counts = [names.index(w) if w in names and w not in {names[j] for j in columns} else None for w in wanted]
    elements = ordered([dict.fromkeys(space.categories[j], 1.0) for j in columns])
    tables = [meanings(space.categories[j], elements) for j in columns]

    def fractions(X: "Tensor") -> "Tensor":
        import torch

        total = torch.zeros(*X.shape[:-1], len(elements), dtype=X.dtype)
        for column, count, meaning in zip(columns, counts, tables, strict=True):
            indicator = torch.as_tensor(meaning)[X[..., column].detach().round().long()]
            total = total + (indicator if count is None else indicator * X[..., count, None])
        return total / total.sum(-1, keepdim=True).clamp_min(1e-12)

    return Source(elements, fractions, False, (*columns, *(c for c in counts if c is not None)))


def meanings(labels: Sequence[str], elements: Sequence[str]) -> Array:
    """(labels, elements) 1 where a label is the element; a row of 0 for a label that is none."""
    return np.array([[float(label == element) for element in elements] for label in labels])


def fraction_block(where: Source) -> Block:
    """Atomic fractions."""
    return Block(tuple(f"{e}_fraction" for e in where.elements), where.fractions, where.differentiable, whole=True)


def log_ratio_block(where: Source, zero: float) -> Block:
    """Isometric log-ratios: each element against the geometric mean of those after it.

    Egozcue et al. 2003, doi 10.1023/A:1023818214614. Fractions below `zero` are raised to it; closing the row to 1
    again would shift all logarithms alike, which cancels.
    """
    elements = where.elements
    names = tuple(f"log_ratio_{e}_to_{'_'.join(elements[i + 1 :])}" for i, e in enumerate(elements[:-1]))

    def log_ratios(X: "Tensor") -> "Tensor":
        import torch

        return where.fractions(X).clamp_min(zero).log() @ torch.as_tensor(contrasts(len(elements)))

    return Block(names, log_ratios, where.differentiable)


def contrasts(parts: int) -> Array:
    """(parts, parts - 1) orthonormal contrasts of logarithms, one a column."""
    found = np.zeros((parts, parts - 1))
    for i in range(parts - 1):
        after = parts - 1 - i
        found[i, i] = np.sqrt(after / (after + 1))
        found[i + 1 :, i] = -np.sqrt(1 / (after * (after + 1)))
    return found


def statistics_block(where: Source, properties: tuple[str, ...], statistics: tuple[str, ...]) -> Block:
    """Statistics of element properties over a composition, weighted by its fractions; means are linear in them."""

    def features(X: "Tensor") -> "Tensor":
        import torch

        x, values = where.fractions(X), torch.as_tensor(table(where.elements, properties))
        return torch.stack([STATISTICS[statistic](x, values) for statistic in statistics], -1).flatten(-2)

    return Block(
        names=tuple(f"{statistic}_{name}" for name in properties for statistic in statistics),
        transform=features,
        differentiable=where.differentiable and bool({"mean", "deviation"} & set(statistics)),
        units=tuple(unit(name) for name in properties for _ in statistics),
    )


def _mean(x: "Tensor", values: "Tensor") -> "Tensor":
    return x @ values


def _deviation(x: "Tensor", values: "Tensor") -> "Tensor":
    return (x[..., None] * (values - _mean(x, values)[..., None, :]).abs()).sum(-2)


def _minimum(x: "Tensor", values: "Tensor") -> "Tensor":
    lowest = values.masked_fill((x <= 1e-9)[..., None], float("inf")).amin(-2)
    return lowest.nan_to_num(posinf=0.0) + 0.0 * x.sum(-1, keepdim=True)


def _maximum(x: "Tensor", values: "Tensor") -> "Tensor":
    return -_minimum(x, -values)


def _range(x: "Tensor", values: "Tensor") -> "Tensor":
    return _maximum(x, values) - _minimum(x, values)


STATISTICS = {"mean": _mean, "deviation": _deviation, "minimum": _minimum, "maximum": _maximum, "range": _range}
"""Of fractions (..., e) and property values (e, p), each (..., p)."""
