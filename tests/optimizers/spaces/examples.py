"""Spaces of every kind, and a composition grid by looking at every combination."""

from itertools import product

import numpy as np

from eutectic.generators.linear_constraints import parse
from eutectic.optimizers.base import Array, Mixture, Space
from eutectic.optimizers.spaces import region

NAMES = [*"ABCDEFGHIJKLMNOPQRST", *(f"M{i}" for i in range(30))]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def alloy(
    k: int,
    divisions: int | None,
    low: float | list[float] = 0.0,
    high: float | list[float] = 1.0,
    least: int = 1,
    most: int | None = None,
    or_zero: bool = False,
    linear: tuple[str, ...] = (),
) -> Space:
    names = tuple(NAMES[:k])
    return Space(
        names=names,
        kinds=("fraction",) * k,
        lower=np.full(k, low) if isinstance(low, float) else np.array(low),
        upper=np.full(k, high) if isinstance(high, float) else np.array(high),
        mixtures=(Mixture(tuple(range(k)), (or_zero,) * k, divisions, least, most),),
        linear=tuple(line for text in linear for line in parse(text, names)),
    )


def everything(divisions: int | None, linear: tuple[str, ...] = ("A + B <= 0.7", "T + 100*n <= 1000")) -> Space:
    """Two mixtures and every kind of free column."""
    names = ("A", "B", "C", "T", "n", "solvent", "P", "U", "V", "flow")
    return Space(
        names=names,
        kinds=("fraction",) * 3
        + ("continuous", "integer", "categorical", "continuous")
        + ("fraction",) * 2
        + ("continuous",),
        lower=np.array([0, 0, 0.1, 300, 1, 0, 0, 0.1, 0, 2.0]),
        upper=np.array([1, 0.5, 1, 900, 9, 2, 5.0, 0.9, 0.9, 3.0]),
        categories=((), (), (), (), (), ("x", "y", "z"), (), (), (), ()),
        steps=(None, None, None, 50.0, None, None, 0.5, None, None, None if divisions is None else 0.25),
        mixtures=(
            Mixture((0, 1, 2), (False,) * 3, divisions),
            Mixture((7, 8), (False, True), divisions, min_present=2),
        ),
        linear=tuple(line for text in linear for line in parse(text, names)),
    )


def brute(space: Space) -> Array:
    """All points of a small composition grid, by looking at every combination."""
    mixture = space.mixtures[0]
    assert mixture.divisions is not None
    points = np.array([p for p in product(range(mixture.divisions + 1), repeat=space.d) if sum(p) == mixture.divisions])
    X = points / mixture.divisions
    return X[region.contains(space, X)]


SPACES = {
    "simplex": alloy(4, None),
    "bounded": alloy(5, None, 0.05, 0.35),
    "unequal bounds": alloy(4, None, [0.0, 0.1, 0.2, 0.0], [0.3, 0.9, 0.4, 0.25]),
    "pinned": alloy(4, None, [0.2, 0.0, 0.0, 0.0], [0.2, 1.0, 1.0, 1.0]),
    "tight caps": alloy(15, None, 0.0, 0.08),
    "or zero": alloy(8, None, 0.05, 0.35, 3, 5, True),
    "at most three": alloy(6, None, 0.0, 1.0, 2, 3),
    "constrained": alloy(5, None, 0.05, 0.35, linear=("A + B <= 0.3", "A <= C")),
    "thin": alloy(5, None, 0.0, 1.0, linear=("A + B <= 0.005", "A <= C")),
    "flat": alloy(5, None, 0.0, 1.0, linear=("A + B = 0.3",)),
    "or zero, constrained": alloy(7, None, 0.05, 0.35, 3, 5, True, ("A + B <= 0.1", "C + D >= 0.6")),
    "grid": alloy(6, 20, 0.0, 0.35, 3, 5),
    "grid or zero": alloy(5, 20, 0.15, 0.6, 2, 3, True),
    "grid, constrained": alloy(5, 20, 0.0, 1.0, linear=("2*A - B >= 0.1", "C <= D")),
    "grid, intricate": alloy(
        12, 100, 0.0, 1.0, 1, 5, linear=("+".join(f"{1.2345 * i + 1}*{c}" for i, c in enumerate(NAMES[:12])) + " <= 8",)
    ),
    "everything": everything(None),
    "everything on a grid": everything(5),
    "mixed tie": everything(None, ("100*A + n <= 20", "T + 100*P <= 500", "n + flow >= 3.5")),
    "mixed thin tie": everything(None, ("flow = 0.25*n", "A + B <= 0.5")),
    "table": Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2), table=rng(3).random((50, 2))),
    "known": Space(
        ("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2), known=lambda X: (X**2).sum(1, keepdims=True) - 0.5
    ),
}
