"""This file is population search without surrogate: hypervolume, IGD and CPU seconds beside pymoo's NSGA-II and III.

    python benchmarks/evolution.py FOLDER [--who nsga2 nsga3 pymoo-nsga2 pymoo-nsga3] [--seeds 10] [--problems zdt1 ...]
    python benchmarks/evolution.py FOLDER --report [--plot docs/images/evolution.png]
    python benchmarks/evolution.py FOLDER --cost        python benchmarks/evolution.py FOLDER --single

Populations of 100 (92 for three objectives, with 91 reference directions), 10,000 evaluations. Hypervolume is that of
the last survivors, as a share of the true front's, against the nadir point times 1.1; IGD in units of the front's
width; mean over the seeds and its standard error. Both sides are judged on equal terms: their own survivors of the
last generation, written to FOLDER once a run. Welded beam has no formula for its front: that of all runs together.
"""

import argparse
import os
import sys
import time
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import moocore
import numpy as np
from fronts import Problem, box, problems, zdt

from eutectic.optimizers.base import Array, History
from eutectic.optimizers.evolutionary.evolution import Evolution
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.evolutionary.nsga3 import NSGA3
from eutectic.optimizers.evolutionary.selection import pool

WHO = ("nsga2", "pymoo-nsga2", "nsga3", "pymoo-nsga3")


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

    if name == "pymoo-nsga2":
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


def objectives(problem: Problem) -> int:
    return int(problem.function(problem.space.lower[None] + 0.1)[0].shape[1])


def one(who: str, problem: Problem, evaluations: int, size: int, seed: int) -> tuple[Array, float]:
    """Feasible survivors (k, m) of one run and CPU seconds a generation."""
    if who.startswith("pymoo"):
        return theirs(who, problem, evaluations, size, seed)
    return ours(NSGA2(size) if who == "nsga2" else NSGA3(size), problem, evaluations, size, seed)


def compute(folder: Path, who: list[str], names: list[str], evaluations: int, seeds: int) -> None:
    """Every run that is not in the folder yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in product(range(seeds), names):
        problem = problems()[name]
        size = 92 if objectives(problem) == 3 else 100
        for contender in who:
            kept = folder / f"{name}@{contender}@{seed}.npz"
            if not kept.exists():
                Y, seconds = one(contender, problem, evaluations, size, seed)
                np.savez(kept, Y=Y, seconds=seconds)


def report(folder: Path, plot: Path | None) -> None:
    """Print each problem's mean hypervolume and IGD with their standard errors; draw them."""
    runs: dict[str, dict[str, list[Array]]] = {}
    for path in sorted(folder.glob("*.npz")):
        name, who, _ = path.stem.split("@")
        runs.setdefault(name, {}).setdefault(who, []).append(np.load(path)["Y"])
    print("| problem | " + " | ".join(WHO) + " |\n|" + "---|" * (len(WHO) + 1))
    scores: dict[str, dict[str, Array]] = {}
    for name in [n for n in problems() if n in runs]:
        every = np.concatenate([Y for found in runs[name].values() for Y in found])
        front = problems()[name].front
        front = front if len(front) else moocore.filter_dominated(every)
        scores[name] = {who: np.array([judged(Y, front) for Y in runs[name].get(who, [])]) for who in WHO}
        print(f"| {name} | " + " | ".join(cell(scores[name][who]) for who in WHO) + " |")
    if plot is not None:
        draw(scores, plot)


def cell(scores: Array) -> str:
    """Hypervolume / IGD (n, 2) as mean ± standard error."""
    if not len(scores):
        return ""
    mean, error = scores.mean(0), scores.std(0, ddof=1) / np.sqrt(len(scores))
    return f"{mean[0]:.4f} ± {error[0]:.4f} / {mean[1]:.5f} ± {error[1]:.5f} ({len(scores)})"


def draw(scores: dict[str, dict[str, Array]], plot: Path) -> None:
    """Ours minus pymoo's hypervolume, in per cent of pymoo's, with standard errors."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(7.4, 3.2), layout="constrained", sharey=True)
    for column, (panel, title) in enumerate(
        zip(panels, ("hypervolume", "inverted generational distance"), strict=True)
    ):
        for shift, (mine, peer) in enumerate((WHO[:2], WHO[2:])):
            places = np.arange(len(scores)) + 0.3 * shift
            pairs = [(s[mine][:, column], s[peer][:, column]) for s in scores.values()]
            gain = [100 * (a.mean() / b.mean() - 1) for a, b in pairs]
            error = [100 * np.hypot(a.std() / len(a) ** 0.5, b.std() / len(b) ** 0.5) / b.mean() for a, b in pairs]
            panel.errorbar(gain, places, xerr=error, fmt="o", ms=4, capsize=2, label=mine)
        panel.axvline(0, color="0.6", lw=0.8)
        panel.set(title=title, xlabel="ours above pymoo's, %", xscale="symlog")
        panel.set_yticks(np.arange(len(scores)) + 0.15, list(scores))
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(plot, dpi=90)


def cost() -> None:
    """CPU milliseconds a generation on ZDT1, 20 generations, in turn three times, the least of each."""
    problem = zdt(1)
    for size in (100, 400, 1000):
        found: dict[str, list[float]] = {}
        for turn in range(3):
            for who in WHO:
                found.setdefault(who, []).append(1e3 * one(who, problem, 20 * size, size, turn)[1])
        print(f"| {size} | " + " | ".join(f"{min(found[who]):.1f}" for who in WHO) + " |", flush=True)


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
    """Run what is not in the folder yet, or report what is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--who", nargs="*", default=list(WHO))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=10_000)
    parser.add_argument("--problems", nargs="*", default=list(problems()))
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--single", action="store_true")
    options = parser.parse_args()
    NSGA2().ask(zdt(1).space, History.empty(30, 2), 4, np.random.default_rng(0))  # imports are not timed
    if options.report:
        report(options.folder, options.plot)
    elif options.cost:
        cost()
    elif options.single:
        single(options.evaluations, options.seeds)
    else:
        compute(options.folder, options.who, options.problems, options.evaluations, options.seeds)


if __name__ == "__main__":
    main()
