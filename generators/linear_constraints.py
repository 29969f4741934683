"""This file is the reader of linear constraints written as text, such as "Fe + Ni <= 0.6" or "2*Fe - Ni >= 0.1"."""

import ast
import difflib
import re
from collections.abc import Sequence
from fractions import Fraction

from eutectic.optimizers.base import Linear

Affine = dict[str, Fraction]
"""Coefficient by name; the constant under ""."""


def parse(text: str, names: Sequence[str]) -> tuple[Linear, ...]:
    """One constraint (two for `=` or a chain `0.2 <= Fe + Ni <= 0.6`); ValueError says what cannot be read.

    A name that is no plain word is written in back quotes: "`flow (ml/min)` <= 3".
    """
    pieces = re.split(r"(<=|>=|==|=|<|>)", text.replace("≤", "<=").replace("≥", ">="))
    if len(pieces) not in (3, 5):
        raise ValueError(f"linear constraint {text!r} needs one of <=, >=, = with an expression on both sides")
    sides = [_affine(piece, names, text) for piece in pieces[0::2]]
    lines: list[Linear] = []
    for left, sign, right in zip(sides, pieces[1::2], sides[1:], strict=False):
        lines += _lines(left, sign, right, names, text)
    return tuple(lines)


def _lines(left: Affine, sign: str, right: Affine, names: Sequence[str], text: str) -> list[Linear]:
    difference = _plus(left, right, Fraction(-1))
    if not any(c for name, c in difference.items() if name):
        raise ValueError(f"linear constraint {text!r} has no variable left in it")
    if sign in ("<", ">"):
        raise ValueError(f"linear constraint {text!r}: write {sign}= instead of {sign}")
    signs = {"<=": (1,), ">=": (-1,)}.get(sign, (1, -1))
    return [_line(difference, Fraction(s), names, text) for s in signs]


def _line(difference: Affine, sign: Fraction, names: Sequence[str], text: str) -> Linear:
    coefficients = tuple(float(sign * difference.get(name, Fraction(0))) for name in names)
    return Linear(coefficients, float(-sign * difference.get("", Fraction(0))) + 0.0, text)


def _affine(side: str, names: Sequence[str], text: str) -> Affine:
    """One side of a constraint."""
    quoted: list[str] = []

    def placeholder(match: re.Match[str]) -> str:
        quoted.append(match[1])
        return f"_quoted_{len(quoted) - 1}_"

    source = re.sub(r"`([^`]*)`", placeholder, side).strip()
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError:
        what = f"cannot read {side.strip()!r}" if side.strip() else "nothing stands on one side of a sign"
        raise ValueError(f"linear constraint {text!r}: {what}; write it as 'Fe + 2*Ni <= 0.6'") from None
    known = {name: name for name in names} | {f"_quoted_{i}_": name for i, name in enumerate(quoted)}
    return _value(tree, known, tuple(names), text)


def _value(node: ast.expr, known: dict[str, str], names: tuple[str, ...], text: str) -> Affine:
    """The affine form of a syntax tree."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return {"": Fraction(repr(number))}
        case ast.Name(id=word):
            return {_name(known.get(word, word), names, text): Fraction(1)}
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _times(_value(operand, known, names, text), Fraction(-1))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, known, names, text)
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(_value(left, known, names, text), op, _value(right, known, names, text), text)
    raise ValueError(f"linear constraint {text!r}: cannot read {ast.unparse(node)!r}")


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
    raise ValueError(f"linear constraint {text!r} is not linear: only sums of numbers times variables are")


def _plus(left: Affine, right: Affine, factor: Fraction) -> Affine:
    zero = Fraction(0)
    return {name: left.get(name, zero) + factor * right.get(name, zero) for name in {**left, **right}}


def _times(affine: Affine, factor: Fraction) -> Affine:
    return {name: factor * c for name, c in affine.items()}


def _name(word: str, names: tuple[str, ...], text: str) -> str:
    if word in names:
        return word
    near = difflib.get_close_matches(word, names, 1, 0.5) or [n for n in names if n.lower() == word.lower()]
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"linear constraint {text!r}: unknown name {word!r}, known are {', '.join(names)}{hint}")
