"""This file is constraints between variables as text: linear ones as they are, products and ratios as known ones.

A linear constraint keeps its exact form, for spaces are counted and sampled under it. Any other (`temperature_k *
time_h <= 8000`, or a linear one of a variable on a logarithmic scale) becomes a known constraint. A constraint says
nothing of candidates in which one of its variables is not active.
"""

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from eutectic.generators.linear_constraints import NotLinear, Relation, parse, relations
from eutectic.generators.terms import Term
from eutectic.optimizers.base import Array, Known, Linear, Space, active

ROUNDING = 1e-12
"""Share of two sides' sizes below which they are equal: what a few floating-point operations lose."""


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Constraints that are not linear in the columns, as a known constraint of a space."""

    relations: tuple[Relation, ...]
    terms: Mapping[str, Term]
    space: Space
    """Whose conditions say what is active."""

    def __call__(self, X: Array) -> Array:
        """Excess (n, k) at rows X (n, d), as a share of the sizes of what is compared: feasible where <= 0."""
        awake = active(self.space, X)
        excess = np.empty((len(X), len(self.relations)))
        for k, relation in enumerate(self.relations):
            own = {name: self.terms[name](X) for name in relation.names}
            excess[:, k] = _excess(relation, own, len(X))
            columns = [c for name in relation.names for c in self.terms[name].columns]
            excess[~awake[:, columns].all(1), k] = -1.0
        return excess


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Several known constraints as one."""

    parts: tuple[Known, ...]

    def __call__(self, X: Array) -> Array:
        """All of their values (n, k)."""
        return np.concatenate([part(X) for part in self.parts], axis=1)


def constrained(space: Space, texts: Sequence[str], terms: Mapping[str, Term]) -> Space:
    """The space under constraints on the variables `terms`; ValueError says what cannot be read.

    Names that are no plain words stand in back quotes; `A.Fe` needs none.
    """
    conditional = {condition.column for condition in space.conditions}
    lines: list[Linear] = []
    others: list[Relation] = []
    for text in texts:
        involved = {name for relation in relations(text, tuple(terms)) for name in relation.names}
        if not any(terms[name].columns for name in involved):
            raise ValueError(f"constraints: {text!r} has no variable in it that varies")
        columns = {c for name in involved for c in terms[name].columns}
        if all(terms[name].affine for name in involved) and not columns & conditional:
            try:
                lines += [_over_columns(line, terms, space.d) for line in parse(text, tuple(terms))]
                continue
            except NotLinear:
                pass
        others += _inequalities(text, terms)
    known = () if space.known is None else (space.known,)
    extra = (*known, Texts(tuple(others), terms, space)) if others else known
    joined = None if not extra else extra[0] if len(extra) == 1 else Joint(extra)
    return replace(space, linear=(*space.linear, *lines), known=joined)


def checked(texts: Sequence[str], terms: Mapping[str, Term]) -> None:
    """ValueError when a constraint cannot be read."""
    for text in texts:
        try:
            relations(text, tuple(terms))
        except ValueError as error:
            raise ValueError(f"constraints: {error}") from None


def saying(texts: Sequence[str], names: Sequence[str], absent: Collection[str]) -> tuple[str, ...]:
    """Those of the constraints between `names` that say something of a candidate, none of which has the absent ones.

    What cannot be read stays, for its complaint.
    """
    if not absent:
        return tuple(texts)

    def silent(text: str) -> bool:
        try:
            return any(name in absent for relation in relations(text, names) for name in relation.names)
        except ValueError:
            return False

    return tuple(text for text in texts if not silent(text))


def _inequalities(text: str, terms: Mapping[str, Term]) -> tuple[Relation, ...]:
    """The relations of a constraint that is not linear; ValueError for an equality, which no sample would meet."""
    read = relations(text, tuple(terms))
    if any(relation.sign in ("=", "==") for relation in read):
        raise ValueError(
            f"constraints: {text!r} is an equality that is not linear: no candidate would meet it by chance; "
            "give a range instead"
        )
    return read


def _over_columns(line: Linear, terms: Mapping[str, Term], d: int) -> Linear:
    """A constraint on variables, in their order among `terms`, as one on d columns."""
    coefficients, bound = [Fraction(0)] * d, Fraction(repr(line.bound))
    for term, c in zip(terms.values(), line.coefficients, strict=True):
        if c:
            bound -= Fraction(repr(c)) * term.constant
            for column, k in term.parts:
                coefficients[column] += Fraction(repr(c)) * k
    return Linear(tuple(float(c) for c in coefficients), float(bound), line.text)


def _excess(relation: Relation, values: Mapping[str, Array], n: int) -> Array:
    """(n,) by how much a relation is broken, as a share of both sides' sizes; infinite where undefined."""
    sides = (relation.left, relation.right) if relation.sign in ("<=", "<") else (relation.right, relation.left)
    with np.errstate(all="ignore"):
        (low, low_size), (high, high_size) = (_evaluated(side, values, n) for side in sides)
        share = (low - high) / np.maximum(low_size + high_size, 1e-300) - ROUNDING
    return np.asarray(np.nan_to_num(share, nan=np.inf, posinf=np.inf))


def _evaluated(node: ast.expr, values: Mapping[str, Array], n: int) -> tuple[Array, Array]:
    """Value and size (sum of the absolute terms) of an expression (n,), for its rounding errors go with the size."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return np.full(n, float(number)), np.full(n, abs(float(number)))
        case ast.Name(id=word):
            return values[word], np.abs(values[word])
        case ast.UnaryOp(op=op, operand=operand):
            value, size = _evaluated(operand, values, n)
            return (-value if isinstance(op, ast.USub) else value), size
        case ast.BinOp(left=left, op=op, right=right):
            return _operated(_evaluated(left, values, n), op, _evaluated(right, values, n))
    raise AssertionError(ast.dump(node))


def _operated(a: tuple[Array, Array], op: ast.operator, b: tuple[Array, Array]) -> tuple[Array, Array]:
    match op:
        case ast.Add():
            return a[0] + b[0], a[1] + b[1]
        case ast.Sub():
            return a[0] - b[0], a[1] + b[1]
        case ast.Mult():
            return a[0] * b[0], a[1] * b[1]
        case ast.Div():
            return a[0] / b[0], a[1] / np.abs(b[0])
    return a[0] ** b[0], np.abs(a[0] ** b[0])
