"""This file is what every optimizer demands of its options and of what it is asked, in one place."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from numbers import Integral
from typing import Any, TypeVar

import numpy as np

from eutectic.optimizers.base import History, Space
from eutectic.surrogates.frames import near
from eutectic.surrogates.options import strict
from eutectic.surrogates.validation import require_finite

T = TypeVar("T")
Asking = Callable[[Any, Space, History, int, np.random.Generator], Any]


def checked(optimizer: type[T]) -> type[T]:
    """The dataclass with `strict` options, whose `ask` and `propose` refuse a history that is not of the space."""
    for name in ("ask", "propose"):
        if name in vars(optimizer):
            setattr(optimizer, name, _careful(getattr(optimizer, name)))
    return strict(optimizer)


def fitting(space: Space, history: History) -> History:
    """The history with columns in the space's order; ValueError for another width, other names, values missing in X."""
    if not isinstance(space, Space) or not isinstance(history, History):
        raise ValueError(
            f"ask(space, history, n, rng) takes a Space and a History, not {type(space).__name__} and "
            f"{type(history).__name__}; History.observed(X, Y) makes one of tables, History.empty(d) of nothing"
        )
    for name in history.names:
        if name not in space.names:
            raise ValueError(f"the history has a column {name!r} that is no variable{near(name, space.names)}")
    if history.X.shape[1] != space.d or history.pending.shape[1] != space.d:
        raise ValueError(
            f"the history has {history.X.shape[1]} columns ({history.pending.shape[1]} in pending) and the space "
            f"{space.d} variables: {', '.join(space.names)}"
        )
    require_finite("the history", history.X, space.names)
    if not history.names or history.names == space.names:
        return history
    order = [history.names.index(name) for name in space.names]
    return replace(history, X=history.X[:, order], pending=history.pending[:, order], names=space.names)


def _careful(method: Asking) -> Asking:
    @wraps(method)
    def asked(self: Any, space: Space, history: History, n: Any, rng: Any) -> Any:
        if type(n) is bool or not isinstance(n, Integral) or int(n) < 0:
            raise ValueError(f"n must be a whole number of rows, not {n!r}")
        if not isinstance(rng, np.random.Generator):
            raise ValueError(f"rng must be a numpy.random.Generator such as np.random.default_rng(0), not {rng!r}")
        return method(self, space, fitting(space, history), int(n), rng)

    return asked
