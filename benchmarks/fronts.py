"""This file is the test problems of population search, with points of their true fronts."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moocore
import numpy as np

from eutectic.optimizers.base import Array, Space

Function = Callable[[Array], tuple[Array, Array]]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One test problem: X (n, d) -> Y (n, m) and C (n, c), and points of its true front."""

    name: str
    space: Space
    function: Function
    front: Array


def box(low: list[float], high: list[float]) -> Space:
    names = tuple(f"x{i}" for i in range(len(low)))
    return Space(names, ("continuous",) * len(low), np.array(low, dtype=float), np.array(high, dtype=float))


def plain(Y: list[Array], C: list[Array] | None = None) -> tuple[Array, Array]:
    values = np.column_stack(Y)
    return values, np.column_stack(C) if C else np.empty((len(values), 0))


def zdt(number: int) -> Problem:
    """Zitzler, Deb and Thiele 2000, doi 10.1162/106365600568202."""

    def h(f: Array, g: Array) -> Array:
        curves = {1: 1 - np.sqrt(f / g), 2: 1 - (f / g) ** 2, 3: 1 - np.sqrt(f / g) - f / g * np.sin(10 * np.pi * f)}
        return curves[number]

    def function(X: Array) -> tuple[Array, Array]:
        g = 1 + 9 * X[:, 1:].mean(1)
        return plain([X[:, 0], g * h(X[:, 0], g)])

    f = np.linspace(0, 1, 2000)
    front = np.column_stack([f, h(f, np.ones(2000))])
    return Problem(f"zdt{number}", box([0] * 30, [1] * 30), function, moocore.filter_dominated(front))


def dtlz2(constrained: bool) -> Problem:
    """DTLZ2 with three objectives (Deb et al. 2005) and C2-DTLZ2 (Jain and Deb 2014, doi 10.1109/TEVC.2013.2281534)."""

    def ring(Y: Array) -> Array:
        one = ((Y - 1) ** 2 + (Y**2).sum(1, keepdims=True) - Y**2 - 0.4**2).min(1)
        return np.minimum(one, ((Y - 3**-0.5) ** 2).sum(1) - 0.4**2)

    def function(X: Array) -> tuple[Array, Array]:
        g = 1 + ((X[:, 2:] - 0.5) ** 2).sum(1)
        a, b = X[:, 0] * np.pi / 2, X[:, 1] * np.pi / 2
        Y = np.column_stack([g * np.cos(a) * np.cos(b), g * np.cos(a) * np.sin(b), g * np.sin(a)])
        return Y, ring(Y)[:, None] if constrained else np.empty((len(X), 0))

    grid = np.array([[i, j, 60 - i - j] for i in range(61) for j in range(61 - i)], dtype=float)
    front = grid / np.linalg.norm(grid, axis=1, keepdims=True)
    front = front[ring(front) <= 0] if constrained else front
    return Problem("c2dtlz2" if constrained else "dtlz2", box([0] * 12, [1] * 12), function, front)


def osy() -> Problem:
    """Osyczka and Kundu 1995, doi 10.1007/BF01743536; the front as Deb 2001 gives it, piece by piece."""

    def function(X: Array) -> tuple[Array, Array]:
        a, b, c, d, e, f = X.T
        first = -(25 * (a - 2) ** 2 + (b - 2) ** 2 + (c - 1) ** 2 + (d - 4) ** 2 + (e - 1) ** 2)
        limits = [(2 - a - b) / 2, (a + b - 6) / 6, (b - a - 2) / 2, (a - 3 * b - 2) / 2]
        limits += [((c - 3) ** 2 + d - 4) / 4, (4 - (e - 3) ** 2 - f) / 4]
        return plain([first, (X**2).sum(1)], limits)

    rows = []
    for t in np.linspace(0, 1, 400):
        rows += [[5, 1, e, 0, e, 0] for e in (1 + 4 * t,)]
        rows += [[5, 1, c, 0, 5, 0] for c in (1 + 4 * t,)]
        rows += [[4.056 + 0.944 * t, (4.056 + 0.944 * t - 2) / 3, 1, 0, 1, 0]]
        rows += [[2 * t, 2 - 2 * t, 1, 0, 1, 0], [t, 2 - t, 1 + 2.732 * t, 0, 1, 0]]
    for u in (1.0, 5.0):
        rows += [[a, (a - 2) / 3, 1, 0, u, 0] for a in np.linspace(2, 5, 400)]
    X = np.array(rows)
    Y, C = function(X)
    return Problem("osy", box([0, 0, 1, 0, 1, 0], [10, 10, 5, 6, 5, 10]), function, filtered(Y, C))


def filtered(Y: Array, C: Array) -> Array:
    front: Array = moocore.filter_dominated(Y[(C <= 1e-12).all(1)])
    return front


def tnk() -> Problem:
    """Tanaka et al. 1995, doi 10.1109/ICSMC.1995.537993."""

    def function(X: Array) -> tuple[Array, Array]:
        a, b = X.T
        wave = 0.1 * np.cos(16 * np.arctan2(a, b))
        return X.copy(), np.column_stack([1 + wave - a**2 - b**2, ((a - 0.5) ** 2 + (b - 0.5) ** 2 - 0.5) / 0.5])

    angle = np.linspace(0, np.pi / 2, 20_000)
    edge = np.sqrt(1 + 0.1 * np.cos(16 * np.arctan2(np.sin(angle), np.cos(angle)))) + 1e-12
    X = edge[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    Y, C = function(X)
    return Problem("tnk", box([1e-12, 1e-12], [np.pi, np.pi]), function, filtered(Y, C))


def welded_beam() -> Problem:
    """Cost and deflection of a welded beam, four constraints (Deb and Sundar 2006, doi 10.1145/1143997.1144112)."""

    def function(X: Array) -> tuple[Array, Array]:
        h, b, length, t = X[:, 0], X[:, 1], X[:, 2], X[:, 3]
        cost = 1.10471 * h**2 * length + 0.04811 * t * b * (14 + length)
        deflection = 2.1952 / (t**3 * b)
        direct = 6000 / (np.sqrt(2) * h * length)
        arm = np.sqrt(0.25 * (length**2 + (h + t) ** 2))
        torsion = 6000 * (14 + 0.5 * length) * arm / (2 * 0.707 * h * length * (length**2 / 12 + 0.25 * (h + t) ** 2))
        shear = np.sqrt(direct**2 + torsion**2 + length * direct * torsion / arm)
        buckling = 64746.022 * (1 - 0.0282346 * t) * t * b**3
        limits = [shear / 13600 - 1, 504000 / (t**2 * b) / 30000 - 1, (h - b) / 5, 1 - buckling / 6000]
        return plain([cost, deflection], limits)

    return Problem("welded", box([0.125, 0.125, 0.1, 0.1], [5, 5, 10, 10]), function, np.empty((0, 2)))


def problems() -> dict[str, Problem]:
    listed = [zdt(1), zdt(2), zdt(3), dtlz2(False), dtlz2(True), osy(), tnk(), welded_beam()]
    return {problem.name: problem for problem in listed}
