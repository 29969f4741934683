"""This file is two searches on a ladder with two objectives, beside BoTorch's own multi-fidelity acquisitions.

    python benchmarks/momf.py FOLDER [--who multifidelity bayesian momf] [--problems ...] [--seeds 0 1 2] [--budget 6]

MOMFBraninCurrin and MOMFPark of `botorch.test_functions` (Irshad et al. 2021, doi 10.48550/arXiv.2112.13901), both
minimised; the last input is the fidelity s, and an evaluation costs exp(4.8 s), as in BoTorch's tutorial on
multi-objective multi-fidelity optimisation. `multifidelity` has rungs at s = 0, 0.5 and 1, `bayesian` the top alone.
`momf` and `hvkg` (which is not run unless named: a suggestion is dear) are BoTorch's MOMF and
qMultiFidelityHypervolumeKnowledgeGradient as the tutorial has them: a SingleTaskGP an output over inputs and fidelity
with its priors, any fidelity from 0 to 1, 128 Sobol samples, 10 restarts (hvkg: 1) from 512 raw samples. One at a time.

All begin with what two top evaluations cost: one on the top rung and as much again shared by the two lower ones, Sobol
points, which are the same for all; `bayesian` has a second point on the top instead. The score is log10 of the
hypervolume that is missing, of two sets at s = 1: the true values of what each one's own model there believes to be the
front (of 4,096 Sobol points and copies of the believed best moved by ever smaller steps), and what was asked at
s >= 0.99. Every run is written to FOLDER after each evaluation and continued from there, scores are kept in it, and the
table and docs/images/momf.png are drawn from all that lie there. Costs are in prices of the top rung, seconds are CPU
seconds, one thread.
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moocore
import numpy as np
import torch
from momf_peers import hvkg, model, momf
from surrogated import band

from eutectic.campaigns.file import plugins
from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Space

ROOT = Path(__file__).resolve().parent.parent
PROBLEMS = ("MOMFBraninCurrin", "MOMFPark")
WHO = ("multifidelity", "bayesian", "momf", "hvkg")
LEVELS = np.array([0.0, 0.5, 1.0])
"""Fidelity s of each rung."""
Ask = Callable[[Any, Array, dict[str, object], int, int], tuple[Array, dict[str, object]]]
"""Problem, rows (n, d + 1) so far, state, seed, number -> the next row (1, d + 1) and state."""
Mean = Callable[[Array], Array]
"""Inputs (k, d) -> mean losses (k, m) believed at s = 1."""


def price(s: Array) -> Array:
    """Cost of evaluations at fidelities s, in prices of the top rung."""
    cost: Array = np.exp(4.8 * (s - 1.0))
    return cost


def problem(name: str) -> Any:
    """BoTorch's test function, minimised, with its reference point."""
    import botorch.test_functions.multi_objective_multi_fidelity as functions

    return getattr(functions, name)()


def losses(function: Any, X: Array) -> Array:
    """Losses (n, m) at rows (n, d + 1)."""
    values: Array = function(torch.tensor(X)).numpy()
    return values


def hypervolume(function: Any, Y: Array) -> float:
    """Of losses (n, m), in the losses' units."""
    return float(moocore.hypervolume(Y, ref=function.ref_point.numpy())) if len(Y) else 0.0


def starts(function: Any, seed: int, who: str) -> Array:
    """Rows (n, d + 1) that a search begins with; the first is on the top rung, and the same for all."""
    each = [1] if who == "bayesian" else [int(0.5 / price(s)) for s in LEVELS[:-1]]
    s = np.repeat([1.0, *(LEVELS[-1:] if who == "bayesian" else LEVELS[:-1])], [1, *each])
    engine = torch.quasirandom.SobolEngine(function.dim - 1, scramble=True, seed=seed)  # type: ignore[no-untyped-call]
    return np.column_stack([engine.draw(len(s), dtype=torch.float64).numpy(), s])


def box(function: Any) -> Space:
    """The inputs without the fidelity."""
    d = function.dim - 1
    return Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d))


def seen(function: Any, X: Array, ladder: bool, state: dict[str, object]) -> History:
    """What our optimizers are shown of rows X (n, d + 1) that all lie on rungs."""
    plain = replace(History.observed(X[:, :-1], losses(function, X)), reference=function.ref_point.numpy(), state=state)
    if not ladder:
        return plain
    return replace(plain, fidelity=np.searchsorted(LEVELS, X[:, -1]).astype(float), prices=tuple(price(LEVELS)))


def ours(who: str) -> Ask:
    """One of ours, by its name in the table of optimizers."""
    optimizer = plugins.build("optimizers", {"use": who}, "")

    def ask(
        function: Any, X: Array, state: dict[str, object], seed: int, number: int
    ) -> tuple[Array, dict[str, object]]:
        history = seen(function, X, who == "multifidelity", state)
        found = propose(optimizer, who, box(function), history, 1, np.random.default_rng([seed, number]))
        s = LEVELS[-1:] if found.rungs is None else LEVELS[found.rungs]
        return np.column_stack([found.X, s]), dict(found.state)

    return ask


def believed(who: str, function: Any, X: Array) -> Mean:
    """What each one's own model, fitted to rows X (n, d + 1), believes at s = 1."""
    if who in ("momf", "hvkg"):
        fitted = model(torch.tensor(X), -function(torch.tensor(X)))

        def mean(points: Array) -> Array:
            parts = torch.split(torch.tensor(np.column_stack([points, np.ones(len(points))])), 512)
            with torch.no_grad():
                found: Array = (-torch.cat([fitted.posterior(part).mean for part in parts])).numpy()
            return found

        return mean
    from eutectic.optimizers.bayesian.rung_choice import believed as climbed
    from eutectic.optimizers.models.belief import learn

    ladder = who == "multifidelity"
    history = seen(function, X, ladder, {})
    belief = climbed(box(function), history, len(LEVELS)).top if ladder else learn(box(function), history, ())
    return lambda points: belief.moments(points)[0]


def inferred(mean: Mean, d: int, points: int = 4096, copies: int = 1024, times: int = 1) -> Array:
    """Inputs (k, d) believed to be the front: Sobol points, then moved copies of the best, `times` with each step."""
    engine = torch.quasirandom.SobolEngine(d, scramble=True, seed=0)  # type: ignore[no-untyped-call]
    X: Array = engine.draw(points, dtype=torch.float64).numpy()
    Y, rng = mean(X), np.random.default_rng(0)
    for step in np.repeat([0.1, 0.03, 0.01, 0.003], times):
        best = moocore.is_nondominated(Y)
        X, Y = X[best], Y[best]
        moved = np.clip(X[rng.integers(len(X), size=copies)] + step * rng.normal(size=(copies, d)), 0, 1)
        X, Y = np.concatenate([X, moved]), np.concatenate([Y, mean(moved)])
    front: Array = X[moocore.is_nondominated(Y)]
    return front


def at_top(function: Any, X: Array) -> Array:
    """Losses (k, m) of inputs X (k, d) at s = 1."""
    return losses(function, np.column_stack([X, np.ones(len(X))]))


@cache
def most(name: str) -> tuple[float, float]:
    """Hypervolume of the whole front at s = 1, from a long search, and what a search like those of models misses.

    BoTorch's `max_hv` is not that of its functions: 0.5236 for MOMFBraninCurrin, whose front has 0.5040, and 0.0855 for
    MOMFPark, whose front has 0.0899.
    """
    function = problem(name)

    def truth(X: Array) -> Array:
        return at_top(function, X)

    d = function.dim - 1
    whole = hypervolume(function, truth(inferred(truth, d, 2**16, 2**14, 3)))
    return whole, whole - hypervolume(function, truth(inferred(truth, d)))


def score(who: str, function: Any, X: Array) -> tuple[float, float]:
    """Hypervolume of what is believed to be the front after rows X (n, d + 1), and of what was asked on top."""
    front = inferred(believed(who, function, X), function.dim - 1)
    asked = losses(function, X[X[:, -1] >= 0.99])
    return hypervolume(function, at_top(function, front)), hypervolume(function, asked)


def run(who: str, function: Any, seed: int, budget: float, path: Path) -> None:
    """Go on with the run of `path` (or begin it) until so much is spent; then score it at each whole cost."""
    ask: Ask = {"momf": momf, "hvkg": hvkg}.get(who) or ours(who)
    content = json.loads(path.read_text()) if path.exists() else {}
    content = content or {"X": starts(function, seed, who).tolist(), "state": {}, "seconds": [], "scores": {}}
    X = np.array(content["X"])
    while price(X[:, -1]).sum() < budget:
        begun = time.process_time()
        row, content["state"] = ask(function, X, content["state"], seed, len(content["seconds"]))
        content["seconds"].append(time.process_time() - begun)
        X = np.concatenate([X, row])
        content["X"] = X.tolist()
        path.write_text(json.dumps(content))
        print(f"{path.stem}: {price(X[:, -1]).sum():.3f} {row} {content['seconds'][-1]:.1f} s", file=sys.stderr)
    spent = price(X[:, -1]).cumsum()
    for cost in np.arange(2.0, budget + 0.25, 0.5):
        if str(cost) not in content["scores"]:
            content["scores"][str(cost)] = score(who, function, X[spent <= cost + 1e-9])
            path.write_text(json.dumps(content))


Runs = dict[tuple[str, str], dict[int, dict[str, Any]]]


def gathered(folder: Path) -> Runs:
    """Problem and who -> seed -> run, of all runs in the folder that have scores."""
    found: Runs = {}
    for name, who in ((name, who) for name in PROBLEMS for who in WHO):
        for path in sorted(folder.glob(f"{name}_{who}_*.json")):
            content = json.loads(path.read_text())
            if content["scores"]:
                found.setdefault((name, who), {})[int(path.stem.split("_")[-1])] = content
    return found


def missing(name: str, content: dict[str, Any], cost: str) -> Array:
    """log10 of the missing hypervolume (2,): of what is believed, and of what was asked."""
    gap: Array = np.log10(np.maximum(most(name)[0] - np.array(content["scores"][cost]), 1e-9))
    return gap


def common(seeds: dict[int, dict[str, Any]]) -> list[str]:
    """Costs at which all of the seeds are scored."""
    found = set.intersection(*[set(content["scores"]) for content in seeds.values()])
    return sorted(found, key=float)


def table(runs: Runs) -> None:
    """One row a problem and method, at the whole costs that all of its seeds have reached."""
    for name in PROBLEMS:
        whole, limit = most(name)
        print(f"{name}: the whole front has {whole:.5f}, of which a search like that of models misses {limit:.1e}")
    print("| problem | who | seeds | cost | believed | asked on top | asked below s = 0.25, 0.75, above | CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    for (name, who), seeds in runs.items():
        rows = [np.array(content["X"])[len(starts(problem(name), 0, who)) :, -1] for content in seeds.values()]
        levels = np.mean([np.histogram(s, [0, 0.25, 0.75, 1.01])[0] for s in rows], 0)
        seconds = np.mean([t for content in seeds.values() for t in content["seconds"]])
        costs = [cost for cost in common(seeds) if float(cost) == int(float(cost))]
        gaps = np.array([[missing(name, content, cost) for cost in costs] for content in seeds.values()])
        believed, asked = (
            ", ".join(f"{m:.2f} ± {s:.2f}" for m, s in zip(part.mean(0), part.std(0), strict=True))
            for part in np.moveaxis(gaps, -1, 0)
        )
        counts = ", ".join(f"{k:.0f}" for k in levels)
        spent = ", ".join(f"{float(cost):.0f}" for cost in costs)
        print(f"| {name} | {who} | {len(seeds)} | {spent} | {believed} | {asked} | {counts} | {seconds:.2f} |")


def plot(runs: Runs) -> None:
    """Mean and range of what the believed front misses, over the cost."""
    import matplotlib.pyplot as plt

    figure, grid = plt.subplots(1, 2, figsize=(7.2, 2.9), layout="constrained")
    for axis, name in zip(grid, PROBLEMS, strict=True):
        for (own, who), seeds in runs.items():
            if own == name:
                costs = common(seeds)
                gaps = np.array([[missing(name, c, cost)[0] for cost in costs] for c in seeds.values()])
                x, color = [float(cost) for cost in costs], f"C{WHO.index(who)}"
                band(axis, x, gaps, color, f"{who} ({len(seeds)} seeds)")
        axis.set(title=name, xlabel="cost, evaluations of the top rung")
        axis.legend(fontsize=6)
    grid[0].set_ylabel("log10 missing hypervolume")
    figure.savefig(ROOT / "docs" / "images" / "momf.png", dpi=80)


def main() -> None:
    """Run what is missing, print the table, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--who", nargs="*", default=["multifidelity", "bayesian", "momf"], choices=WHO)
    parser.add_argument("--problems", nargs="*", default=PROBLEMS)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--budget", type=float, default=6.0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    options.folder.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for name in options.problems:
            for who in options.who:
                run(who, problem(name), seed, options.budget, options.folder / f"{name}_{who}_{seed}.json")
    runs = gathered(options.folder)
    table(runs)
    plot(runs)


if __name__ == "__main__":
    main()
