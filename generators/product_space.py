"""This file is several spaces side by side as one: columns, sums, constraints and conditions of every part."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eutectic.generators import abilities
from eutectic.generators.abilities import Composed, Termed
from eutectic.generators.constraints import Joint
from eutectic.generators.terms import Term, plain_terms
from eutectic.optimizers.base import Amounts, Array, Described, Known, Linear, Shared, Space
from eutectic.oracles.base import Candidate, Value


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One part of a product, and where it stands."""

    name: str
    generator: Any
    space: Space
    """The part's space; a list as one column of categories, one a row."""
    columns: tuple[int, ...]
    """Its columns in the whole."""
    names: dict[str, str]
    """What it calls its variables -> what the whole calls them."""
    materials: tuple[Candidate, ...] = ()
    """The candidates of a list."""
    per: Any = None
    """`batch`, or a label and a number: candidates made together have the whole part in common."""

    @property
    def variables(self) -> dict[str, Term]:
        """Its variables that are numbers, as functions of the whole's columns."""
        found = _terms(self)
        return {self.names[name]: term.moved(self.columns) for name, term in found.items() if name in self.names}

    @property
    def amounts(self) -> Amounts | None:
        """How much of each element, as a function of the whole's columns; None where it does not say."""
        own = abilities.amounts(self.generator)
        return None if own is None else replace(own, columns=tuple(self.columns[c] for c in own.columns))

    @property
    def composed(self) -> bool:
        """Do its candidates have compositions?"""
        if self.materials:
            return all(material.composition for material in self.materials)
        return isinstance(self.generator, Composed)

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements its candidates can hold."""
        if not self.materials:
            return tuple(self.generator.element_fractions())
        return tuple(dict.fromkeys(e for material in self.materials for e in material.composition or ()))

    def rows(self, X: Array, rng: np.random.Generator) -> list[Candidate]:
        """Its candidates of the whole's rows X (n, d)."""
        own = X[:, list(self.columns)]
        if self.materials:
            return [self.materials[round(float(code))] for code in own[:, 0]]
        made: list[Candidate] = self.generator.generate(own, rng)
        return made

    def coordinates(self, variables: dict[str, Value]) -> Array:
        """Its part (own d,) of the row whose candidate has these variables of the whole; ValueError without one."""
        own = {inner: variables[outer] for inner, outer in self.names.items() if outer in variables}
        x: Array = self.generator.coordinates(own)
        if not self.materials:
            return x
        table = self.generator.space.table
        assert table is not None
        return np.array([float(np.abs(table - x).sum(1).argmin())])


def piece(name: str, generator: Any, first: int) -> Piece:
    """A part whose columns begin at `first`; variables still under its own names."""
    space: Space = generator.space
    materials: tuple[Candidate, ...] = ()
    if space.table is not None:
        materials = generator.materials
        space = _listed(name, materials, space)
    own = tuple(materials[0].variables) if materials else abilities.names(generator) or space.names
    columns = tuple(range(first, first + space.d))
    return Piece(name, generator, space, columns, {variable: variable for variable in own}, materials)


def _listed(name: str, materials: Sequence[Candidate], features: Space) -> Space:
    """A list as one column of categories, which the columns of its own space describe."""
    labels = ["; ".join(str(value) for value in material.variables.values()) for material in materials]
    unique = tuple(label if labels.count(label) == 1 else f"{label} ({i + 1})" for i, label in enumerate(labels))
    return Space(
        (name,), ("categorical",), np.zeros(1), np.array([len(unique) - 1.0]), (unique,), described=_about(features)
    )


def _about(features: Space) -> tuple[Described, ...]:
    """What describes the rows of a list: its columns without mere names, where the others tell all rows apart.

    A text that is another in every row makes all rows equally unlike, whatever their numbers say.
    """
    assert features.table is not None
    counts = np.array([len(own) for own in features.categories] or [0] * features.d)
    kept = np.flatnonzero(counts < len(features.table))
    if len(np.unique(features.table[:, kept], axis=0)) < len(features.table):
        kept = np.arange(features.d)
    names = tuple(features.names[j] for j in kept)
    return (Described(0, names, features.table[:, kept], tuple(counts[kept].tolist())),)


def _terms(part: Piece) -> dict[str, Term]:
    """Its variables that are numbers, as functions of its own columns."""
    if not part.materials:
        return dict(part.generator.terms if isinstance(part.generator, Termed) else plain_terms(part.space))
    found = {}
    for name in part.names:
        values = [material.variables[name] for material in part.materials]
        if all(isinstance(value, int | float) for value in values):
            found[name] = Term(table=(0, tuple(float(value) for value in values)))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _PartKnown:
    """Known constraints of one part, of whole rows."""

    known: Known
    columns: tuple[int, ...]

    def __call__(self, X: Array) -> Array:
        """(n, k) of X (n, d)."""
        return self.known(X[:, list(self.columns)])


def side_by_side(pieces: Sequence[Piece], qualified: bool) -> Space:
    """The space of all pieces; `qualified` columns are called `part.column`, all of them else where two clash."""
    plain = [name for part in pieces for name in part.space.names]
    known = [_PartKnown(part.space.known, part.columns) for part in pieces if part.space.known is not None]
    d = len(plain)
    return Space(
        names=tuple(
            f"{part.name}.{name}"
            if name != part.name and ((qualified and part.composed) or plain.count(name) > 1)
            else name
            for part in pieces
            for name in part.space.names
        ),
        kinds=tuple(kind for part in pieces for kind in part.space.kinds),
        lower=np.concatenate([part.space.lower for part in pieces]),
        upper=np.concatenate([part.space.upper for part in pieces]),
        categories=tuple(labels for part in pieces for labels in part.space.categories or ((),) * part.space.d),
        steps=tuple(step for part in pieces for step in part.space.steps or (None,) * part.space.d),
        mixtures=tuple(
            replace(mixture, members=_moved(mixture.members, part))
            for part in pieces
            for mixture in part.space.mixtures
        ),
        linear=tuple(_padded(line, part, d) for part in pieces for line in part.space.linear),
        known=None if not known else known[0] if len(known) == 1 else Joint(tuple(known)),
        conditions=tuple(
            replace(condition, column=part.columns[condition.column], parent=part.columns[condition.parent])
            for part in pieces
            for condition in part.space.conditions
        ),
        shared=tuple(
            replace(shared, columns=_moved(shared.columns, part)) for part in pieces for shared in _shared(part)
        ),
        context=tuple(c for part in pieces for c in _moved(part.space.context, part)),
        described=tuple(
            replace(about, column=part.columns[about.column]) for part in pieces for about in part.space.described
        ),
    )


def shared_size(per: Any, where: str) -> int | None:
    """How many candidates have something in common, None for all of a batch (or where nothing is given).

    ValueError for what is neither `batch` nor a label with a number above 1.
    """
    if per is None or per == "batch":
        return None
    whole = isinstance(per, list | tuple) and len(per) == 2 and isinstance(per[0], str) and isinstance(per[1], int)
    if not whole or per[1] < 2:
        raise ValueError(f"{where}: per: {per!r} is neither `batch` nor a label and a number from 2 on, as [melt, 8]")
    return int(per[1])


def _shared(part: Piece) -> tuple[Shared, ...]:
    """What candidates of a part have in common, in its own columns."""
    if part.per is None:
        return part.space.shared
    chosen = tuple(j for j in range(part.space.d) if j not in part.space.context)
    return (Shared(chosen, shared_size(part.per, f"parts: {part.name}")),)


def _moved(columns: Iterable[int], part: Piece) -> tuple[int, ...]:
    return tuple(part.columns[c] for c in columns)


def _padded(line: Linear, part: Piece, d: int) -> Linear:
    coefficients = [0.0] * d
    for column, coefficient in zip(part.columns, line.coefficients, strict=True):
        coefficients[column] = coefficient
    return replace(line, coefficients=tuple(coefficients))
