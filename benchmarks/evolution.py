"""This file is population search without surrogate: hypervolume, IGD and CPU seconds beside pymoo's NSGA-II and III.

    python benchmarks/evolution.py [--seeds 3] [--evaluations 10000] [--problems zdt1 dtlz2] [--cost]

Populations of 100 (91 for three objectives, as many as reference directions), 10,000 evaluations. Hypervolume is that
of the last 100 survivors, as a share of the true front's, against the nadir point times 1.1; IGD in units of the
front's width. Both sides are judged on equal terms: their own survivors of the last generation.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moocore
import numpy as np

from optimizers.base import Array, History, Space
from optimizers.evolution import Evolution
from optimizers.nsga2 import NSGA2
from optimizers.nsga3 import NSGA3
from optimizers.selection import pool

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

    return Problem("welded beam", box([0.125, 0.125, 0.1, 0.1], [5, 5, 10, 10]), function, np.empty((0, 2)))


def problems() -> dict[str, Problem]:
    listed = [zdt(1), zdt(2), zdt(3), dtlz2(False), dtlz2(True), osy(), tnk(), welded_beam()]
    return {problem.name: problem for problem in listed}


def ours(optimizer: NSGA2 | NSGA3, problem: Problem, evaluations: int, size: int, seed: int) -> tuple[Array, float]:
    """Survivors' losses (k, m) and CPU seconds of asking, a generation."""
    history, spent, asked = History.empty(problem.space.d, 2), 0.0, 0
    X = np.empty((0, problem.space.d))
    while len(X) < evaluations:
        start = time.process_time()
        new = optimizer.ask(
            problem.space, history, min(size, evaluations - len(X)), np.random.default_rng([seed, asked])
        )
        spent, asked = spent + time.process_time() - start, asked + 1
        X = np.concatenate([X, new])
        Y, C = problem.function(X)
        history = History.observed(X, Y, C)
    last = optimizer.keep(pool(history), size, np.random.default_rng(seed))
    return last.Y[last.violation <= 0], spent / asked


def theirs(name: str, problem: Problem, evaluations: int, size: int, seed: int) -> tuple[Array, float]:
    """The same of pymoo; CPU seconds without the problem's own."""
    from pymoo.algorithms.moo.nsga2 import NSGA2 as Second
    from pymoo.algorithms.moo.nsga3 import NSGA3 as Third
    from pymoo.core.problem import Problem as Base
    from pymoo.optimize import minimize
    from pymoo.util.ref_dirs import get_reference_directions

    Y, C = problem.function(problem.space.lower[None] + 0.1)
    taken = [0.0]

    class Wrapped(Base):  # type: ignore[misc]
        def __init__(self) -> None:
            limits = {"n_ieq_constr": C.shape[1]} if C.shape[1] else {}
            super().__init__(problem.space.d, Y.shape[1], xl=problem.space.lower, xu=problem.space.upper, **limits)

        def _evaluate(self, x: Array, out: dict[str, Array]) -> None:
            start = time.process_time()
            out["F"], G = problem.function(x)
            if G.shape[1]:
                out["G"] = G
            taken[0] += time.process_time() - start

    if name == "nsga2":
        algorithm = Second(pop_size=size)
    else:
        divisions = 12 if Y.shape[1] == 3 else size - 1
        algorithm = Third(get_reference_directions("das-dennis", Y.shape[1], n_partitions=divisions), pop_size=size)
    start = time.process_time()
    result = minimize(Wrapped(), algorithm, ("n_eval", evaluations), seed=seed + 1)
    return result.pop.get("F")[result.pop.get("feas")], (time.process_time() - start - taken[0]) / (evaluations / size)


def judged(Y: Array, front: Array) -> tuple[float, float]:
    """Hypervolume as a share of the front's and IGD, losses scaled by the front's width."""
    low, high = front.min(0), front.max(0)
    F, P = (Y - low) / (high - low), (front - low) / (high - low)
    reference = np.full(Y.shape[1], 1.1)
    share = moocore.hypervolume(F, ref=reference) / moocore.hypervolume(P, ref=reference) if len(F) else 0.0
    return float(share), float(moocore.igd(F, ref=P)) if len(F) else float("nan")


def compare(problem: Problem, evaluations: int, seeds: int, peers: bool) -> None:
    m = problem.function(problem.space.lower[None] + 0.1)[0].shape[1]
    size = 92 if m == 3 else 100
    found: dict[str, list[tuple[Array, float]]] = {}
    for seed in range(seeds):
        for name, optimizer in (("nsga2", NSGA2(size)), ("nsga3", NSGA3(size))):
            found.setdefault(name, []).append(ours(optimizer, problem, evaluations, size, seed))
            if peers:
                found.setdefault(f"pymoo {name}", []).append(theirs(name, problem, evaluations, size, seed))
    every = np.concatenate([Y for runs in found.values() for Y, _ in runs])
    front = problem.front if len(problem.front) else moocore.filter_dominated(every)
    for name, runs in sorted(found.items()):
        scores = np.array([judged(Y, front) for Y, _ in runs])
        spread, seconds = scores.std(0), float(np.mean([s for _, s in runs]))
        print(
            f"{problem.name:12} {name:12} hypervolume {scores[:, 0].mean():.4f} ± {spread[0]:.4f}  "
            f"IGD {scores[:, 1].mean():.5f} ± {spread[1]:.5f}  {1e3 * seconds:6.1f} ms a generation",
            flush=True,
        )


def cost(peers: bool) -> None:
    """CPU milliseconds a generation on ZDT1, 20 generations."""
    problem = zdt(1)
    for size in (100, 400, 1000):
        for name, optimizer in (("nsga2", NSGA2(size)), ("nsga3", NSGA3(size))):
            line = f"population {size:4} {name} {1e3 * ours(optimizer, problem, 20 * size, size, 0)[1]:6.1f} ms"
            if peers and (name == "nsga2" or size == 100):
                line += f"   pymoo {1e3 * theirs(name, problem, 20 * size, size, 0)[1]:6.1f} ms"
            print(line, flush=True)


def single(evaluations: int, seeds: int) -> None:
    """Differential and genetic evolution on Rosenbrock and Rastrigin, d = 10, from -5 to 5."""
    space = box([-5] * 10, [5] * 10)

    def rosenbrock(X: Array) -> Array:
        return (100 * (X[:, 1:] - X[:, :-1] ** 2) ** 2 + (1 - X[:, :-1]) ** 2).sum(1)

    def rastrigin(X: Array) -> Array:
        return (X**2 - 10 * np.cos(2 * np.pi * X) + 10).sum(1)

    for function in (rosenbrock, rastrigin):
        for optimizer in (Evolution("differential", 50), Evolution("genetic", 50)):
            best = []
            for seed in range(seeds):
                X = np.empty((0, 10))
                for batch in range(evaluations // 50):
                    history = History.observed(X, function(X)[:, None])
                    X = np.concatenate([X, optimizer.ask(space, history, 50, np.random.default_rng([seed, batch]))])
                best.append(float(function(X).min()))
            print(
                f"{function.__name__:12} {optimizer.method:12} least {np.median(best):.2e} of {seeds} seeds", flush=True
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=10_000)
    parser.add_argument("--problems", nargs="*", default=None)
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    NSGA2().ask(zdt(1).space, History.empty(30, 2), 4, np.random.default_rng(0))  # imports are not timed
    if options.cost:
        cost(not options.no_peers)
    elif options.single:
        single(options.evaluations, options.seeds)
    else:
        for name in options.problems or problems():
            compare(problems()[name], options.evaluations, options.seeds, not options.no_peers)


if __name__ == "__main__":
    main()
