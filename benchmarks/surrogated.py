"""This file is whole searches with a surrogate on four known problems, beside raw BoTorch's qLogNEHVI.

    python benchmarks/surrogated.py FOLDER [--who eutectic hybrid botorch] [--problems ...] [--seeds 0 1 2]
                                           [--evaluations 100] [--batch 5]

BraninCurrin, VehicleSafety, Penicillin and C2DTLZ2 of `botorch.test_functions`; 2(d + 1) Sobol starts, the same for
all, within the evaluations. BoTorch as its tutorials on (constrained) multi-objective optimisation have it: a
SingleTaskGP an output on normalised inputs and standardised outputs, 128 Sobol samples, `prune_baseline`, 10 restarts
from 512 raw samples, batch_limit 5, maxiter 200, sequential. Every run is written to FOLDER batch by batch and
continued from there; the table and docs/images/surrogated.png are drawn from all that lie there. Seconds are CPU
seconds, one thread. The score is log10 of the hypervolume that is missing.
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moocore
import numpy as np
import torch

from eutectic.campaigns.file import plugins
from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Space

ROOT = Path(__file__).resolve().parent.parent
PROBLEMS = ("BraninCurrin", "VehicleSafety", "Penicillin", "C2DTLZ2")
WHO = {"eutectic": "bayesian", "hybrid": "hybrid"}
Ask = Callable[[Any, History, int, int, int], tuple[Array, dict[str, object]]]


def problem(name: str) -> Any:
    """BoTorch's test function, minimised; C2DTLZ2 with four variables and two objectives."""
    import botorch.test_functions as functions

    options = {"dim": 4, "num_objectives": 2} if name == "C2DTLZ2" else {}
    return getattr(functions, name)(**options)


def space(function: Any) -> Space:
    """The problem's box."""
    lower, upper = function.bounds.numpy()
    names = tuple(f"x{j}" for j in range(len(lower)))
    return Space(names, tuple("continuous" for _ in names), lower, upper)


def measured(function: Any, X: Array, state: dict[str, object]) -> History:
    """What evaluating X (n, d) shows; constraints feasible where <= 0."""
    points = torch.tensor(X)
    C = -function.evaluate_slack(points).numpy() if hasattr(function, "evaluate_slack") else None
    seen = History.observed(X, function(points).numpy(), C)
    return replace(seen, reference=reference(function), state=state)


def reference(function: Any) -> Array:
    """The worst acceptable losses (m,)."""
    point: Array = function.ref_point.numpy()
    return point


def hypervolume(seen: History) -> float:
    """Of the feasible rows, in the losses' units."""
    assert seen.reference is not None
    Y = seen.Y[seen.feasible]
    return float(moocore.hypervolume(Y, ref=seen.reference)) if len(Y) else 0.0


def most(function: Any) -> float:
    """Hypervolume of the whole front: BoTorch's figure, for C2DTLZ2 from the front's arcs drawn finely."""
    if not hasattr(function, "evaluate_slack"):
        return float(function.max_hv)
    angle = np.linspace(0, 1, 20_001)
    X = np.column_stack([angle, np.full((len(angle), 3), 0.5)])
    arcs = hypervolume(measured(function, X, {}))
    return max(arcs, float(function.max_hv))


def asker(name: str) -> Ask:
    """One of ours, by its name in the table of optimizers."""
    optimizer = plugins.build("optimizers", {"use": name}, "")
    spaces: dict[Any, Space] = {}

    def ask(function: Any, seen: History, n: int, seed: int, batch: int) -> tuple[Array, dict[str, object]]:
        own = spaces.setdefault(function, space(function))
        found = propose(optimizer, name, own, seen, n, np.random.default_rng([seed, batch]))
        return found.X, dict(found.state)

    return ask


def botorch(function: Any, seen: History, n: int, seed: int, batch: int) -> tuple[Array, dict[str, object]]:
    """Raw BoTorch."""
    from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
    from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
    from botorch.optim import optimize_acqf
    from botorch.sampling import SobolQMCNormalSampler
    from botorch.utils.transforms import normalize, unnormalize

    torch.manual_seed(1000 * seed + batch)
    m, X = seen.Y.shape[1], normalize(torch.tensor(seen.X), function.bounds)
    limits = [lambda Z, j=j: Z[..., m + j] for j in range(seen.C.shape[1])]
    acquisition = qLogNoisyExpectedHypervolumeImprovement(
        model=model(X, torch.tensor(np.concatenate([-seen.Y, seen.C], 1))),
        ref_point=(-reference(function)).tolist(),
        X_baseline=X,
        prune_baseline=True,
        sampler=SobolQMCNormalSampler(torch.Size([128])),
        objective=IdentityMCMultiOutputObjective(outcomes=list(range(m))),
        constraints=limits or None,
    )
    candidates, _ = optimize_acqf(
        acquisition,
        bounds=torch.stack([torch.zeros(X.shape[1]), torch.ones(X.shape[1])]).double(),
        q=n,
        num_restarts=10,
        raw_samples=512,
        options={"batch_limit": 5, "maxiter": 200},
        sequential=True,
    )
    return unnormalize(candidates.detach(), function.bounds).numpy(), {}


def model(X: torch.Tensor, Y: torch.Tensor) -> Any:
    """A SingleTaskGP an output, fitted."""
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import ModelListGP, SingleTaskGP
    from botorch.models.transforms import Normalize, Standardize
    from gpytorch.mlls import SumMarginalLogLikelihood

    d = X.shape[1]
    box = torch.stack([torch.zeros(d), torch.ones(d)]).double()
    parts = [
        SingleTaskGP(X, y[:, None], input_transform=Normalize(d, bounds=box), outcome_transform=Standardize(1))
        for y in Y.T
    ]
    found = ModelListGP(*parts)
    fit_gpytorch_mll(SumMarginalLogLikelihood(found.likelihood, found))
    return found


def run(name: str, ask: Ask, seed: int, evaluations: int, batch: int, path: Path) -> None:
    """Go on with the run of `path` (or begin it) until so many evaluations."""
    function = problem(name)
    content = json.loads(path.read_text()) if path.exists() else begun(function, seed)
    seen = measured(function, np.array(content["X"]), content["state"])
    while len(seen.X) < evaluations:
        start = time.process_time()
        found, state = ask(function, seen, min(batch, evaluations - len(seen.X)), seed, len(content["seconds"]))
        content["seconds"].append(time.process_time() - start)
        seen = measured(function, np.concatenate([seen.X, found]), state)
        content |= {"X": seen.X.tolist(), "state": state}
        content["counts"].append(len(seen.X))
        content["hypervolume"].append(hypervolume(seen))
        path.write_text(json.dumps(content))
        print(f"{path.stem}: {len(seen.X)} {hypervolume(seen):.6g} {content['seconds'][-1]:.1f} s", file=sys.stderr)


def begun(function: Any, seed: int) -> dict[str, Any]:
    """A run of nothing but its starts: what is there after each batch, and what each suggestion cost."""
    low, high = function.bounds
    engine = torch.quasirandom.SobolEngine(len(low), scramble=True, seed=seed)  # type: ignore[no-untyped-call]
    X = (low + (high - low) * engine.draw(2 * (len(low) + 1), dtype=torch.float64)).numpy()
    start = hypervolume(measured(function, X, {}))
    rest = {"counts": [len(X)], "hypervolume": [start], "seconds": [], "most": most(function)}
    return {"X": X.tolist(), "state": {}, **rest}


def missing(content: dict[str, Any]) -> Array:
    """log10 of the missing hypervolume after each batch."""
    gap: Array = np.log10(np.maximum(content["most"] - np.array(content["hypervolume"]), 1e-9))
    return gap


Runs = dict[tuple[str, str], dict[int, dict[str, Any]]]


def gathered(folder: Path, batch: int) -> Runs:
    """Problem and who -> seed -> run, of all runs with this batch in the folder."""
    found: Runs = {}
    for path in sorted(folder.glob(f"*_{batch}_*.json")):
        name, who, _, seed = path.stem.split("_")
        found.setdefault((name, who), {})[int(seed)] = json.loads(path.read_text())
    return found


def table(runs: Runs) -> None:
    """One row a problem and optimizer; the last column over BoTorch's seeds, at the evaluations both reached."""
    print("| problem | who | seeds | evaluations | log10 missing hypervolume | CPU s a batch | less BoTorch's |")
    print("|---|---|---|---|---|---|---|")
    for (name, who), seeds in runs.items():
        count = min(content["counts"][-1] for content in seeds.values())
        last = np.array([missing(content)[content["counts"].index(count)] for content in seeds.values()])
        cost = np.mean([np.mean(content["seconds"]) for content in seeds.values()])
        theirs = runs.get((name, "botorch"), {}) if who != "botorch" else {}
        pairs = [ahead(seeds[s], theirs[s]) for s in seeds if s in theirs]
        text = ", ".join(f"{gap:+.3f} at {at}" for gap, at in pairs)
        row = f"{len(last)} | {count} | {last.mean():.3f} ± {last.std():.3f} | {cost:.2f} | {text}"
        print(f"| {name} | {who} | {row} |")


def ahead(ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[float, int]:
    """Our missing hypervolume (log10) less theirs from the same starts, and at how many evaluations."""
    at = min(len(ours["counts"]), len(theirs["counts"])) - 1
    return float(missing(ours)[at] - missing(theirs)[at]), int(ours["counts"][at])


def plot(runs: Runs) -> None:
    """Mean and range of the missing hypervolume over the evaluations."""
    import matplotlib.pyplot as plt

    names = [name for name in PROBLEMS if any(own == name for own, _ in runs)]
    figure, grid = plt.subplots(1, len(names), figsize=(3 * len(names), 2.8), squeeze=False, layout="constrained")
    axes = grid[0]
    for axis, name in zip(axes, names, strict=True):
        for (own, who), seeds in runs.items():
            if own == name:
                length = min(len(content["counts"]) for content in seeds.values())
                traces = np.array([missing(content)[:length] for content in seeds.values()])
                counts = next(iter(seeds.values()))["counts"][:length]
                color = f"C{['eutectic', 'hybrid', 'botorch'].index(who)}"
                band(axis, counts, traces, color, f"{who} ({len(seeds)} seeds)")
        axis.set(title=name, xlabel="evaluations")
        axis.legend(fontsize=6)
    axes[0].set_ylabel("log10 missing hypervolume")
    figure.savefig(ROOT / "docs" / "images" / "surrogated.png", dpi=80)


def band(axis: Any, x: list[Any], traces: Array, color: str, label: str) -> None:
    """Mean of the traces (seeds, n) over x (n), and their range."""
    axis.plot(x, traces.mean(0), color=color, label=label)
    axis.fill_between(x, traces.min(0), traces.max(0), color=color, alpha=0.15, linewidth=0)


def main() -> None:
    """Run what is missing, print the table, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--who", nargs="*", default=[*WHO, "botorch"])
    parser.add_argument("--problems", nargs="*", default=PROBLEMS)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--batch", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    options.folder.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for name in options.problems:
            for who in options.who:
                path = options.folder / f"{name}_{who}_{options.batch}_{seed}.json"
                ask = botorch if who == "botorch" else asker(WHO[who])
                run(name, ask, seed, options.evaluations, options.batch, path)
    runs = gathered(options.folder, options.batch)
    table(runs)
    plot(runs)


if __name__ == "__main__":
    main()
