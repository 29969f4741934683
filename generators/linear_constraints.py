"""This file is the reader of linear constraints written as text, such as "Fe + Ni <= 0.6" or "2*Fe - Ni >= 0.1"."""

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from eutectic.generators.hints import suggestion
from eutectic.optimizers.base import Linear

Affine = dict[str, Fraction]
"""Coefficient by name; the constant under ""."""


class NotLinear(ValueError):
    """A constraint that can be read, and is not linear."""


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """Two expressions and the sign between them; names stand in the syntax trees as they are known."""

    left: ast.expr
    sign: str
    right: ast.expr
    names: tuple[str, ...]
    """Those that stand in it."""


def parse(text: str, names: Sequence[str]) -> tuple[Linear, ...]:
    """One constraint (two for `=` or a chain `0.2 <= Fe + Ni <= 0.6`); ValueError says what cannot be read.

    A name that is no plain word is written in back quotes: "`flow (ml/min)` <= 3".
    """
    lines: list[Linear] = []
    for relation in relations(text, names):
        left, right = _value(relation.left, text), _value(relation.right, text)
        lines += _lines(left, relation.sign, right, names, text)
    return tuple(lines)


def relations(text: str, names: Sequence[str]) -> tuple[Relation, ...]:
    """One relation, two for a chain; ValueError for what is no constraint between these names, linear or not."""
    pieces = re.split(r"(<=|>=|==|=|<|>)", text.replace("≤", "<=").replace("≥", ">="))
    if len(pieces) not in (3, 5):
        raise ValueError(f"constraint {text!r} needs one of <=, >=, = with an expression on both sides")
    for sign in pieces[1::2]:
        if sign in ("<", ">"):
            raise ValueError(f"constraint {text!r}: write {sign}= instead of {sign}")
    sides = [_tree(piece, names, text) for piece in pieces[0::2]]
    return tuple(
        Relation(left, sign, right, tuple(dict.fromkeys(name for side in (left, right) for name in _names(side))))
        for left, sign, right in zip(sides, pieces[1::2], sides[1:], strict=False)
    )


def _lines(left: Affine, sign: str, right: Affine, names: Sequence[str], text: str) -> list[Linear]:
    difference = _plus(left, right, Fraction(-1))
    if not any(c for name, c in difference.items() if name):
        raise ValueError(f"constraint {text!r} has no variable left in it")
    signs = {"<=": (1,), ">=": (-1,)}.get(sign, (1, -1))
    return [_line(difference, Fraction(s), names, text) for s in signs]


def _line(difference: Affine, sign: Fraction, names: Sequence[str], text: str) -> Linear:
    coefficients = tuple(float(sign * difference.get(name, Fraction(0))) for name in names)
    return Linear(coefficients, float(-sign * difference.get("", Fraction(0))) + 0.0, text)


def _tree(side: str, names: Sequence[str], text: str) -> ast.expr:
    """The syntax tree of one side, every name in it as it is known."""
    quoted: list[str] = []

    def placeholder(match: re.Match[str]) -> str:
        quoted.append(match[1])
        return f"_quoted_{len(quoted) - 1}_"

    source = re.sub(r"`([^`]*)`", placeholder, side).strip().replace("^", "**")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of a number that runs into a word, such as 2or: a SyntaxError then
            tree = ast.parse(source, mode="eval").body
    except SyntaxError:
        what = f"cannot read {side.strip()!r}" if side.strip() else "nothing stands on one side of a sign"
        raise ValueError(f"constraint {text!r}: {what}; write it as 'Fe + 2*Ni <= 0.6'") from None
    known = {name: name for name in names} | {f"_quoted_{i}_": name for i, name in enumerate(quoted)}
    return _named(tree, known, tuple(names), text)


def _named(node: ast.expr, known: dict[str, str], names: tuple[str, ...], text: str) -> ast.expr:
    """The tree with names as they are known; ValueError for anything but numbers, names and arithmetic."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return node
        case ast.Name(id=word):
            return ast.Name(_name(known.get(word, word), names, text))
        case ast.Attribute(value=ast.Name(id=word), attr=rest):
            return ast.Name(_name(f"{word}.{rest}", names, text))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
            return ast.UnaryOp(op, _named(operand, known, names, text))
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow() as op, right=right):
            return ast.BinOp(_named(left, known, names, text), op, _named(right, known, names, text))
    raise ValueError(f"constraint {text!r}: cannot read {ast.unparse(node)!r}")


def _names(node: ast.expr) -> list[str]:
    """The names in a tree, in their order."""
    return [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]


def _value(node: ast.expr, text: str) -> Affine:
    """The affine form of a syntax tree."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return {"": Fraction(repr(number))}
        case ast.Name(id=name):
            return {name: Fraction(1)}
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _times(_value(operand, text), Fraction(-1))
        case ast.UnaryOp(operand=operand):
            return _value(operand, text)
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(_value(left, text), op, _value(right, text), text)
    raise AssertionError(ast.dump(node))


def _combined(left: Affine, op: ast.operator, right: Affine, text: str) -> Affine:
    match op:
        case ast.Add():
            return _plus(left, right, Fraction(1))
        case ast.Sub():
            return _plus(left, right, Fraction(-1))
        case ast.Mult() if set(left) <= {""}:
            return _times(right, left.get("", Fraction(0)))
        case ast.Mult() if set(right) <= {""}:
            return _times(left, right.get("", Fraction(0)))
        case ast.Div() if set(right) <= {""} and right.get(""):
            return _times(left, 1 / right[""])
    raise NotLinear(f"constraint {text!r} is not linear: only sums of numbers times variables are")


def _plus(left: Affine, right: Affine, factor: Fraction) -> Affine:
    zero = Fraction(0)
    return {name: left.get(name, zero) + factor * right.get(name, zero) for name in {**left, **right}}


def _times(affine: Affine, factor: Fraction) -> Affine:
    return {name: factor * c for name, c in affine.items()}


def _name(word: str, names: tuple[str, ...], text: str) -> str:
    if word in names:
        return word
    near = suggestion(word, names)
    raise ValueError(f"constraint {text!r}: unknown name {word!r}, known are {', '.join(names)}{near}")
