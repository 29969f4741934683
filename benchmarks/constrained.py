"""Constrained fronts without a surrogate: `nsga2`, `nsga3`, `pocea`, `cmoqlmt`, `swarm` beside pymoo's NSGA-II, C-TAEA.

Run: python benchmarks/constrained.py [--problems mw1 ...] [--who ...] [--seeds 3] [--evaluations 20000] [--keep FOLDER]

Problems of pymoo (`pip install pymoo`): MW (Ma and Wang 2019; MW5, 7 and 9 are kept aside), constrained DTLZ (Jain and
Deb 2014), and from engineering: car side impact, the same as given by Tanabe and Ishibuchi 2020, water resources,
welded beam, two-bar truss. `modact:NAME` is a problem of MODAct (Picard and Schiffmann 2020, `pip install modact`),
0.03 to 0.1 s an evaluation. Batches of 100.
Hypervolume of all feasible candidates evaluated, as a share of the front's, against the nadir point times 1.1 (where a
problem has no formula for its front, that of the non-dominated of all runs; with five objectives by
`moocore.hv_approx`); share of the evaluations that were feasible; CPU seconds without the problem's own. With `--keep`
runs are written to a folder and read from there the next time.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moocore
import numpy as np

from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Optimizer, Space
from eutectic.optimizers.evolutionary.cmoqlmt import CMOQLMT
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.evolutionary.nsga3 import NSGA3
from eutectic.optimizers.evolutionary.pocea import POCEA
from eutectic.optimizers.swarms.swarm import Swarm

SIZE = 100
MW = ("mw1", "mw2", "mw3", "mw4", "mw6", "mw8", "mw13")
OTHERS = ("c1dtlz1", "c1dtlz3", "c2dtlz2", "c3dtlz4", "carside", "csi", "wrm", "welded_beam", "truss2d")
OURS = ("nsga2", "nsga3", "pocea", "cmoqlmt", "swarm")
EXACT = 4
"""Objectives up to which the hypervolume is exact."""
Run = tuple[Array, float, float]
"""Losses (k, m) of the feasible candidates that none of them dominates, the feasible ones' share, CPU seconds."""
Evaluate = Callable[[Array], tuple[Array, Array]]


def ours(who: str, evaluations: int) -> Optimizer:
    """The optimizer of that name."""
    if who == "pocea":
        return POCEA(SIZE, horizon=evaluations // SIZE)
    if who == "cmoqlmt":
        return CMOQLMT(SIZE, horizon=evaluations // SIZE)
    return {"nsga2": NSGA2, "nsga3": NSGA3, "swarm": Swarm}[who](SIZE)


def problem_of(name: str) -> Any:
    """The problem of pymoo of that name."""
    from pymoo.problems import get_problem
    from pymoo.problems.multi.csi import CSI
    from pymoo.problems.multi.wrm import WRM

    if name.startswith("modact:"):
        return get_problem("modact", name.removeprefix("modact:"))
    return {"csi": CSI, "wrm": WRM}[name]() if name in ("csi", "wrm") else get_problem(name)


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


def theirs(who: str, problem: Any, evaluations: int, seed: int) -> None:
    """The same by pymoo."""
    from pymoo.algorithms.moo.ctaea import CTAEA
    from pymoo.algorithms.moo.nsga2 import NSGA2 as Second
    from pymoo.optimize import minimize
    from pymoo.util.ref_dirs import get_reference_directions

    m = problem.n_obj
    directions = get_reference_directions("das-dennis", m, n_partitions={2: SIZE - 1, 3: 12, 4: 7}.get(m, 5))
    algorithm = Second(pop_size=SIZE) if who == "pymoo-nsga2" else CTAEA(ref_dirs=directions)
    minimize(problem, algorithm, ("n_eval", evaluations), seed=seed + 1)


def kept(folder: Path | None, who: str, name: str, evaluations: int, seed: int) -> Run:
    """One run, read from the folder where it is there."""
    if folder is None:
        return run(who, name, evaluations, seed)
    path = folder / f"{name.replace(':', '-')}_{who}_{evaluations}_{seed}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        losses, feasible, seconds = run(who, name, evaluations, seed)
        np.savez(path, losses=losses, told=np.array([feasible, seconds]))
    with np.load(path) as file:
        return file["losses"], *map(float, file["told"])


def run(who: str, name: str, evaluations: int, seed: int) -> Run:
    """One run."""
    problem, made, spent = problem_of(name), list[tuple[Array, Array]](), [0.0]
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
    best = np.asarray(moocore.filter_dominated(Y[feasible])) if feasible.any() else Y[:0]
    return best, float(feasible.mean()), seconds


def volume(losses: Array, low: Array, width: Array) -> float:
    """Hypervolume of losses (k, m) scaled to the front, against 1.1."""
    if not len(losses):
        return 0.0
    measure = moocore.hypervolume if losses.shape[1] <= EXACT else moocore.hv_approx
    return float(measure((losses - low) / width, ref=np.full(losses.shape[1], 1.1)))


def front_of(name: str, runs: list[Array]) -> Array:
    """The problem's own front, or of all runs together."""
    try:
        known = problem_of(name).pareto_front()
    except (NotImplementedError, FileNotFoundError, OSError):
        known = None
    every = np.concatenate(runs)
    return np.asarray(known if known is not None else moocore.filter_dominated(every))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--problems", nargs="+", default=[*MW, *OTHERS])
    parser.add_argument("--who", nargs="+", default=[*OURS, "pymoo-nsga2", "pymoo-ctaea"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=20_000)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    for name in given.problems:
        seeds = range(given.seeds)
        results = {who: [kept(given.keep, who, name, given.evaluations, s) for s in seeds] for who in given.who}
        front = front_of(name, [losses for own in results.values() for losses, _, _ in own])
        low, width = front.min(0), np.ptp(front, axis=0)
        whole = volume(front, low, width)
        for who, own in results.items():
            shares = [volume(losses, low, width) / whole for losses, _, _ in own]
            error = np.std(shares, ddof=1) / len(shares) ** 0.5 if len(shares) > 1 else np.nan
            feasible, seconds = np.mean([f for _, f, _ in own]), np.mean([s for _, _, s in own])
            mean = f"{np.mean(shares):.4f} ± {error:.4f}"
            print(f"| {name} | {who} | {mean} | {feasible:.2f} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
