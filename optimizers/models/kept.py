"""This file is what was learned from a history, kept for those who are asked again of the same rows.

A batch whose candidates have columns in common is asked for in parts (`optimizers/sharing.py`). What is pending and
what is held differ from part to part; what surrogates learn from does not, and need not be learned again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from eutectic.optimizers.base import History, Space

T = TypeVar("T")
MOST = 8
"""So many are kept at once: a portfolio has several that learn."""
UNREAD = {"pending", "pending_rung", "kept"}
"""What nobody learns from of a history; of a space it is what is held."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What was learned, and from what."""

    kind: object
    """The function that learned it."""
    space: Space
    history: History
    given: tuple[Any, ...]
    result: Any

    def answers(self, kind: object, space: Space, history: History, given: tuple[Any, ...]) -> bool:
        """Would the same be learned from these?"""
        return (
            self.kind is kind
            and _same(self.given, given)
            and all(_same(getattr(self.space, name), getattr(space, name)) for name in SPACE)
            and all(_same(getattr(self.history, name), getattr(history, name)) for name in HISTORY)
        )


SPACE = tuple(field.name for field in fields(Space) if field.name != "held")
HISTORY = tuple(field.name for field in fields(History) if field.name not in UNREAD)


def learned_once(kind: Callable[..., T], space: Space, history: History, *given: Any) -> T:
    """`kind(space, history, *given)`, or what it gave before for the same, where the history keeps that."""
    if history.kept is None:
        return kind(space, history, *given)
    before = next((kept for kept in history.kept if kept.answers(kind, space, history, given)), None)
    if before is None:
        before = Kept(kind, space, history, given, kind(space, history, *given))
        history.kept[:] = [before, *history.kept[: MOST - 1]]
    found: T = before.result
    return found


def _same(one: Any, other: Any) -> bool:
    """Are two values the same, arrays by what they hold, anything that cannot be told by being one object?"""
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return isinstance(one, str | int | float) and type(one) is type(other) and one == other
