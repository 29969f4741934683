"""This file is a variable as a function of a space's columns: its value in the unit that people use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from eutectic.optimizers.base import Array, Space

Parts = tuple[tuple[int, Fraction], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """`constant + sum of coefficients x columns`, or ten to the power of columns, or what a category stands for."""

    parts: Parts = ()
    """Column and coefficient."""
    powers: Parts = ()
    """Column, which is a decadic logarithm, and coefficient of ten to its power."""
    constant: Fraction = Fraction(0)
    table: tuple[int, tuple[float, ...]] | None = None
    """A column of codes, and the value that each code stands for."""

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns it depends on."""
        return tuple(c for c, _ in (*self.parts, *self.powers)) + (() if self.table is None else (self.table[0],))

    @property
    def affine(self) -> bool:
        """Is it linear in the columns?"""
        return self.table is None and not self.powers

    def __call__(self, X: Array) -> Array:
        """Values (n,) at rows X (n, d)."""
        value = np.full(len(X), float(self.constant))
        for column, coefficient in self.parts:
            value += float(coefficient) * X[:, column]
        for column, coefficient in self.powers:
            value += float(coefficient) * 10.0 ** X[:, column]
        if self.table is not None:
            column, values = self.table
            value += np.array(values)[np.clip(np.round(X[:, column]).astype(int), 0, len(values) - 1)]
        return value

    def moved(self, places: Sequence[int]) -> "Term":
        """The same where column j stands at places[j]."""
        table = None if self.table is None else (places[self.table[0]], self.table[1])
        parts, powers = (tuple((places[c], k) for c, k in group) for group in (self.parts, self.powers))
        return replace(self, parts=parts, powers=powers, table=table)


def column(j: int) -> Term:
    """The value of column j itself."""
    return Term(parts=((j, Fraction(1)),))


def power(j: int, factor: Fraction = Fraction(1)) -> Term:
    """`factor` times ten to the power of column j."""
    return Term(powers=((j, factor),))


def fixed(value: float) -> Term:
    """A constant."""
    return Term(constant=Fraction(str(value)))


def plain_terms(space: Space) -> Mapping[str, Term]:
    """Every column that is a number, under its own name."""
    return {name: column(j) for j, name in enumerate(space.names) if space.kinds[j] != "categorical"}


def extent(term: Term, space: Space) -> tuple[float, float]:
    """Least and largest value between the space's bounds, column by column."""
    low = high = float(term.constant)
    for group, log in ((term.parts, False), (term.powers, True)):
        for column, coefficient in group:
            ends = [float(coefficient) * (10.0**x if log else x) for x in (space.lower[column], space.upper[column])]
            low, high = low + min(ends), high + max(ends)
    if term.table is not None:
        low, high = low + min(term.table[1]), high + max(term.table[1])
    return float(low), float(high)
