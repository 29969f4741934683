"""This file is a space as a mixed-integer linear program, rule by rule: is it empty, why, and which point is closest.

An empty space is explained by a smallest set of rules that cannot hold together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.spaces.scale import standard


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule a person wrote, as rows least <= row @ variables <= most."""

    text: str
    rows: Array
    """(r, 3 d): columns for the values x, for being present z (0 or 1), and for the whole number of increments k."""
    least: Array
    """(r,)"""
    most: Array
    """(r,)"""


def rules(space: Space) -> tuple[Rule, ...]:
    """All rules of a space without table, in the order in which a message should give them up first.

    Texts are in natural units, the rows are those of the standard space.
    """
    pairs = zip(_rules(space), _rules(standard(space)), strict=True)
    return tuple(replace(scaled, text=natural.text) for natural, scaled in pairs)


def _rules(space: Space) -> tuple[Rule, ...]:
    found = [rule for column in range(space.d) for rule in _bounds(space, column)]
    found += [rule for column in range(space.d) for rule in _increments(space, column)]
    found += [rule for number in range(len(space.mixtures)) for rule in _presence(space, number)]
    for line in space.linear:
        found.append(_rule(line.text, space.d, dict(enumerate(line.coefficients)), -np.inf, line.bound))
    return tuple(found)


def possible(space: Space, kept: Sequence[Rule]) -> bool:
    """Can these rules be satisfied together (with what a mixture is: fractions that sum to one)?"""
    return _solve(space, kept, np.zeros(3 * space.d)) is not None


def closest(space: Space, x: Array, scale: Array) -> Array | None:
    """The point (d,) of a standard space with the least sum of absolute differences from x, divided by scale (d,).

    None when the space is empty.
    """
    d = space.d
    eye, none = np.eye(d), np.zeros((d, 2 * d))
    gap = [
        np.column_stack([eye, none, -np.diag(scale)]),
        np.column_stack([eye, none, np.diag(scale)]),
    ]
    bounds = [(np.full(d, -np.inf), x), (x, np.full(d, np.inf))]
    cost = np.concatenate([np.zeros(3 * d), np.ones(d)])
    answer = _solve(space, rules(space), cost, list(zip(gap, bounds, strict=True)))
    return None if answer is None else answer[:d]


def clash(space: Space) -> tuple[str, ...]:
    """Texts of rules of an empty block none of which can be left out of the contradiction (deletion filter).

    Chinneck and Dravnieks (1991), doi:10.1287/ijoc.3.2.157. All rules when the solver cannot confirm the contradiction.
    """
    kept = list(rules(space))
    if not possible(space, kept):
        for rule in tuple(kept):
            fewer = [other for other in kept if other is not rule]
            if not possible(space, fewer):
                kept = fewer
    return tuple(_texts(space, kept))


def _solve(
    space: Space,
    kept: Sequence[Rule],
    cost: Array,
    extra: Sequence[tuple[Array, tuple[Array, Array]]] = (),
) -> Array | None:
    from scipy.optimize import Bounds, LinearConstraint, milp

    d, more = space.d, len(cost) - 3 * space.d
    least, most = np.full(len(cost), -np.inf), np.full(len(cost), np.inf)
    whole = np.zeros(len(cost))
    whole[d : 3 * d] = 1
    whole[:d] = [kind in ("integer", "categorical") for kind in space.kinds]
    least[d : 2 * d], most[d : 2 * d] = 0, 1
    constraints = []
    for mixture in space.mixtures:
        own = list(mixture.members)
        least[own], most[own] = 0, 1
        constraints.append(_rule("", d, dict.fromkeys(own, 1.0), 1, 1))
        constraints += [_rule("", d, {m: 1, d + m: -1}, -np.inf, 0) for m in own]
    constraints += kept
    rows = [LinearConstraint(np.pad(r.rows, ((0, 0), (0, more))), r.least, r.most) for r in constraints]
    rows += [LinearConstraint(matrix, low, high) for matrix, (low, high) in extra]
    answer = milp(cost, integrality=whole, bounds=Bounds(least, most), constraints=rows)
    return answer.x if answer.success else None


def _bounds(space: Space, column: int) -> list[Rule]:
    low, high, name, d = float(space.lower[column]), float(space.upper[column]), space.names[column], space.d
    mixture = next((m for m in space.mixtures if column in m.members), None)
    if mixture is None:
        return [
            _rule(f"{name} >= {low:g}", d, {column: 1}, low, np.inf),
            _rule(f"{name} <= {high:g}", d, {column: 1}, -np.inf, high),
        ]
    found = []
    if low > 0 and mixture.or_zero[mixture.members.index(column)]:
        found.append(_rule(f"{name} is 0 or >= {low:g}", d, {column: 1, d + column: -low}, 0, np.inf))
    elif low > 0:
        found.append(_rule(f"{name} >= {low:g}", d, {column: 1}, low, np.inf))
    if high < 1:
        found.append(_rule(f"{name} <= {high:g}", d, {column: 1}, -np.inf, high))
    return found


def _increments(space: Space, column: int) -> list[Rule]:
    d, name = space.d, space.names[column]
    step = space.steps[column] if space.steps else None
    if step is None:
        return []
    low = float(space.lower[column])
    return [_rule(f"{name} in steps of {step:g}", d, {column: 1 / step, 2 * d + column: -1}, low / step, low / step)]


def _presence(space: Space, number: int) -> list[Rule]:
    mixture, d = space.mixtures[number], space.d
    own, found = list(mixture.members), []
    if mixture.divisions is not None:
        ties = [_rule("", d, {m: mixture.divisions, 2 * d + m: -1}, 0, 0) for m in own]
        ties += [_rule("", d, {m: mixture.divisions, d + m: -1}, 0, np.inf) for m in own]
        parts = [np.concatenate([getattr(t, name) for t in ties]) for name in ("rows", "least", "most")]
        found.append(Rule(f"fractions in steps of {1 / mixture.divisions:g}", *parts))
    count = dict.fromkeys([d + m for m in own], 1.0)
    if mixture.min_present > 1:
        found.append(_rule(f"at least {mixture.min_present} present", d, count, mixture.min_present, np.inf))
    if mixture.max_present is not None and mixture.max_present < len(own):
        found.append(_rule(f"at most {mixture.max_present} present", d, count, -np.inf, mixture.max_present))
    return found


def _rule(text: str, d: int, entries: dict[int, float], least: float, most: float) -> Rule:
    row = np.zeros((1, 3 * d))
    for column, value in entries.items():
        row[0, column] = value
    return Rule(text, row, np.array([least]), np.array([most]))


def _texts(space: Space, kept: list[Rule]) -> list[str]:
    """Bounds of equal value are named together, so that fifteen equal bounds read as one."""
    texts: list[str] = []
    for word in (" is 0 or >= ", " >= ", " <= "):
        same: dict[str, list[str]] = {}
        for rule in kept:
            name, _, value = rule.text.partition(word)
            if name in space.names and rule.rows[:, : space.d].astype(bool).sum() == 1 and _plain(value):
                same.setdefault(value, []).append(name)
        texts += [f"{', '.join(names)}{word}{value}" for value, names in same.items()]
        named = {f"{name}{word}{value}" for value, names in same.items() for name in names}
        kept = [rule for rule in kept if rule.text not in named]
    if any(m.members for m in space.mixtures):
        kept = [*kept, Rule("fractions sum to one", np.empty((0, 0)), np.empty(0), np.empty(0))]
    return texts + list(dict.fromkeys(rule.text for rule in kept))


def _plain(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
