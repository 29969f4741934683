"""This file is the explanation of an empty space: a smallest set of rules that cannot hold together."""

import numpy as np

from optimizers.base import Space
from optimizers.program import Rule, possible, rules


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
