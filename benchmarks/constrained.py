"""Constrained fronts without a surrogate: `nsga2`, `pocea`, `cmoqlmt` and `swarm` beside pymoo's NSGA-II and C-TAEA.

Run: python benchmarks/constrained.py [--problems mw1 ...] [--who ...] [--seeds 3] [--evaluations 20000]

Problems of pymoo (`pip install pymoo`): MW (Ma and Wang 2019; MW5, 7 and 9 are kept aside), constrained DTLZ (Jain and
Deb 2014), and from engineering: car side impact, water resources, welded beam, clutch brake. Batches of 100.
Hypervolume of all feasible candidates evaluated, as a share of the front's, against the nadir point times 1.1 (where a
problem has no formula for its front, that of the non-dominated of all runs); share of the evaluations that were
feasible; CPU seconds without the problem's own.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moocore
import numpy as np

from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Optimizer, Space
from eutectic.optimizers.evolutionary.cmoqlmt import CMOQLMT
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.evolutionary.pocea import POCEA
from eutectic.optimizers.swarms.swarm import Swarm

SIZE = 100
MW = ("mw1", "mw2", "mw3", "mw4", "mw6", "mw8", "mw13")
OTHERS = ("c1dtlz1", "c1dtlz3", "c2dtlz2", "c3dtlz4", "carside", "wrm", "welded_beam", "clutch")
Evaluate = Callable[[Array], tuple[Array, Array]]


def ours(who: str, evaluations: int) -> Optimizer:
    """The optimizer of that name."""
    if who == "pocea":
        return POCEA(SIZE, horizon=evaluations // SIZE)
    if who == "cmoqlmt":
        return CMOQLMT(SIZE, horizon=evaluations // SIZE)
    return NSGA2(SIZE) if who == "nsga2" else Swarm(SIZE)


def folded(optimizer: Optimizer, space: Space, evaluate: Evaluate, evaluations: int, seed: int) -> None:
    """Ask and evaluate until the budget is spent."""
    X, state = np.empty((0, space.d)), dict[str, object]()
    Y, C = evaluate(space.lower[None])
    Y, C = Y[:0], C[:0]
    for batch in range(evaluations // SIZE):
        history = replace(History.observed(X, Y, C), state=state)
        found = propose(optimizer, "ours", space, history, SIZE, np.random.default_rng([seed, batch]))
        y, c = evaluate(found.X)
        X, Y, C = np.concatenate([X, found.X]), np.concatenate([Y, y]), np.concatenate([C, c])
        state = dict(found.state)


def theirs(who: str, problem: object, evaluations: int, seed: int) -> None:
    """The same by pymoo."""
    from pymoo.algorithms.moo.ctaea import CTAEA
    from pymoo.algorithms.moo.nsga2 import NSGA2 as Second
    from pymoo.optimize import minimize
    from pymoo.util.ref_dirs import get_reference_directions

    m = problem.n_obj  # type: ignore[attr-defined]
    directions = get_reference_directions("das-dennis", m, n_partitions=SIZE - 1 if m == 2 else 12)
    algorithm = Second(pop_size=SIZE) if who == "pymoo-nsga2" else CTAEA(ref_dirs=directions)
    minimize(problem, algorithm, ("n_eval", evaluations), seed=seed + 1)


def run(who: str, name: str, evaluations: int, seed: int) -> tuple[Array, float, float]:
    """Losses of the feasible candidates (k, m), their share and CPU seconds."""
    from pymoo.problems import get_problem

    problem, made, spent = get_problem(name), list[tuple[Array, Array]](), [0.0]
    whole = problem._evaluate

    def noted(x: Array, out: dict[str, Array], *args: object, **options: object) -> None:
        start = time.process_time()
        whole(x, out, *args, **options)
        spent[0] += time.process_time() - start
        made.append((np.array(out["F"]), np.array(out["G"]).reshape(len(x), -1)))

    problem._evaluate = noted
    start = time.process_time()
    if who.startswith("pymoo"):
        theirs(who, problem, evaluations, seed)
    else:
        names = tuple(f"x{i}" for i in range(problem.n_var))
        lower, upper = (np.broadcast_to(np.asarray(v, dtype=float), problem.n_var) for v in (problem.xl, problem.xu))
        space = Space(names, ("continuous",) * problem.n_var, np.array(lower), np.array(upper))

        def evaluate(X: Array) -> tuple[Array, Array]:
            found = problem.evaluate(X, return_values_of=["F", "G"])
            return found[0], found[1]

        folded(ours(who, evaluations), space, evaluate, evaluations, seed)
    seconds = time.process_time() - start - spent[0]
    Y, C = (np.concatenate(part) for part in zip(*made, strict=True))
    feasible = (C <= 0).all(1)
    return Y[feasible], float(feasible.mean()), seconds


def front_of(name: str, runs: list[Array]) -> Array:
    """The problem's own front, or of all runs together."""
    from pymoo.problems import get_problem

    try:
        known = get_problem(name).pareto_front()
    except (NotImplementedError, FileNotFoundError, OSError):
        known = None
    every = np.concatenate(runs)
    return np.asarray(known if known is not None else moocore.filter_dominated(every))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--problems", nargs="+", default=[*MW, *OTHERS])
    parser.add_argument(
        "--who", nargs="+", default=["nsga2", "pocea", "cmoqlmt", "swarm", "pymoo-nsga2", "pymoo-ctaea"]
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=20_000)
    given = parser.parse_args()
    for name in given.problems:
        results = {who: [run(who, name, given.evaluations, seed) for seed in range(given.seeds)] for who in given.who}
        front = front_of(name, [losses for own in results.values() for losses, _, _ in own])
        low, width = front.min(0), np.ptp(front, axis=0)
        reference = np.full(front.shape[1], 1.1)
        whole = moocore.hypervolume((front - low) / width, ref=reference)
        for who, own in results.items():
            shares = [
                moocore.hypervolume((losses - low) / width, ref=reference) / whole if len(losses) else 0.0
                for losses, _, _ in own
            ]
            error = np.std(shares, ddof=1) / len(shares) ** 0.5 if len(shares) > 1 else np.nan
            feasible, seconds = np.mean([f for _, f, _ in own]), np.mean([s for _, _, s in own])
            mean = f"{np.mean(shares):.4f} ± {error:.4f}"
            print(f"| {name} | {who} | {mean} | {feasible:.2f} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
