"""This file is the alloy composition task on an emulator of the published table, beside peers on the same starts.

    EUTECTIC_DATA=... python benchmarks/emulator.py FOLDER --who eutectic random optuna pymoo baybe [--seeds 10]
    EUTECTIC_DATA=... python benchmarks/emulator.py FOLDER --who ax bofire gpsampler --seeds 3
    EUTECTIC_DATA=... python benchmarks/emulator.py FOLDER --cost eutectic baybe ax
    EUTECTIC_DATA=... python benchmarks/emulator.py FOLDER --report [--plot docs/images/emulator.png]

Emulator: cubic polynomials of the five fractions (Cu, Cr, Co, Fe, Ni, 5 to 35 at.% each) fitted to the 19,728 rows of
Wang et al. 2025, doi 10.1038/s41524-025-01600-x, whose residuals equal the stated repeatability, 0.23 GPa and
3.1 mJ/m2; a measurement is the emulator plus that noise. 12 uniform starts, batches of 4, bulk modulus and unstable
stacking fault energy maximised against 160 GPa and 330 mJ/m2. Share: hypervolume of the noise-free values of what was
measured, over that of all 553,401 compositions at 1 at.%. Nobody is told the noise; ours, Ax and BoFire know the
reference point. Every run is written to FOLDER and not run again.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations_with_replacement, product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import emulator_peers
import moocore
import numpy as np

from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Mixture, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.spaces import region

NAMES = ("Cu", "Cr", "Co", "Fe", "Ni")
NOISE = np.array([0.23, 3.1])
REFERENCE = np.array([-160.0, -330.0])
STARTS, BATCH, EVALUATIONS = 12, 4, 36
Ask = Callable[[Space, History, int], Array]
SPACE = Space(
    NAMES, ("fraction",) * 5, np.full(5, 0.05), np.full(5, 0.35), mixtures=(Mixture(tuple(range(5)), (False,) * 5),)
)


@dataclass(frozen=True, slots=True, eq=False)
class Emulator:
    """Losses of compositions, and the hypervolume of the true front."""

    weights: Array
    """(35, 2)"""
    best: float

    def __call__(self, X: Array) -> Array:
        """Minus bulk modulus in GPa and minus fault energy in mJ/m2 (n, 2) of fractions (n, 5)."""
        return cubic(X) @ self.weights

    def share(self, X: Array) -> float:
        """Hypervolume share of fractions (n, 5)."""
        return float(moocore.hypervolume(self(X), ref=REFERENCE)) / self.best


def cubic(X: Array) -> Array:
    """(n, 35) all products of three fractions; they sum to one, so lower orders are among them."""
    return np.column_stack([X[:, list(c)].prod(1) for c in combinations_with_replacement(range(5), 3)])


@lru_cache(maxsize=1)
def emulator() -> Emulator:
    """Fitted to the table under EUTECTIC_DATA."""
    table = np.loadtxt(Path(os.environ["EUTECTIC_DATA"]) / "mpea_md" / "data_pso_Cu.dat")
    X = table[:, :5] + 5
    fault = table[:, 10] / (43.5152 * 25.1235) * 16021.766
    losses = -np.column_stack([table[:, 5], fault])
    weights = np.linalg.lstsq(cubic(X / X.sum(1, keepdims=True)), losses, rcond=None)[0]
    four = np.array(list(product(range(5, 36), repeat=4)))
    last = 100 - four.sum(1, keepdims=True)
    grid = np.hstack([four, last])[(last[:, 0] >= 5) & (last[:, 0] <= 35)] / 100
    return Emulator(weights, float(moocore.hypervolume(cubic(grid) @ weights, ref=REFERENCE)))


def measured(X: Array, seed: int) -> History:
    """What is known of fractions (n, 5): row i has the same noise whoever asks."""
    noise = np.random.default_rng([seed, 1]).normal(size=(1000, 2))[: len(X)]
    return replace(History.observed(X, emulator()(X) + NOISE * noise), reference=REFERENCE)


def eutectic(space: Space, seen: History, seed: int) -> Array:
    """The default Bayesian optimizer."""
    found = propose(Bayesian(), "", space, seen, BATCH, np.random.default_rng([seed, len(seen.X)]))
    return found.X


def random(space: Space, seen: History, seed: int) -> Array:
    """Uniform compositions."""
    return region.sample(space, BATCH, np.random.default_rng([seed, len(seen.X)]))


ASK: dict[str, Ask] = {
    "eutectic": eutectic,
    "random": random,
    "baybe": emulator_peers.baybe,
    "bofire": emulator_peers.bofire,
    "ax": emulator_peers.ax,
    "optuna": emulator_peers.optuna,
    "gpsampler": emulator_peers.gpsampler,
    "pymoo": emulator_peers.pymoo,
}


def run(ask: Ask, seed: int, evaluations: int) -> dict[str, list[float]]:
    """Share after the start and each batch, and CPU seconds a batch."""
    X = region.sample(SPACE, STARTS, np.random.default_rng([seed, 0]))
    trace, seconds = [emulator().share(X)], []
    while len(X) < evaluations:
        begun = time.process_time()
        new = ask(SPACE, measured(X, seed), seed)
        seconds.append(time.process_time() - begun)
        X = np.concatenate([X, new])
        trace.append(emulator().share(X))
    return {"trace": trace, "seconds": seconds}


def cost(folder: Path, who: list[str], seeds: int) -> None:
    """CPU seconds of a batch of 4 at 20, 60 and 150 observations, the first call of each not counted."""
    for name in who:
        ASK[name](SPACE, measured(region.sample(SPACE, 14, np.random.default_rng(0)), 0), 0)
        found = {}
        for n in (20, 60, 150):
            spent = []
            for seed in range(seeds):
                seen = measured(region.sample(SPACE, n, np.random.default_rng([seed, 2])), seed)
                begun = time.process_time()
                ASK[name](SPACE, seen, seed)
                spent.append(time.process_time() - begun)
            found[n] = spent
            print(f"{name} at {n}: {np.round(spent, 2)} CPU s", flush=True)
        (folder / f"cost-{name}.json").write_text(json.dumps(found))


def report(folder: Path, plot: Path | None) -> None:
    """Print shares after 12, 16, ... evaluations and CPU seconds; draw the traces."""
    traces = {}
    marks = list(range(STARTS, EVALUATIONS + 1, BATCH))
    print("| who | seeds | " + " | ".join(map(str, marks)) + " | CPU s a batch |\n|" + "---|" * (len(marks) + 3))
    for name in ASK:
        found = [json.loads(p.read_text()) for p in sorted(folder.glob(f"{name}-*.json"))]
        if found:
            length = min(len(f["trace"]) for f in found)
            traces[name] = np.array([f["trace"][:length] for f in found])
            mean, spread = traces[name].mean(0), traces[name].std(0)
            cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(mean, spread, strict=True)] + [""] * (len(marks) - length)
            seconds = np.mean([s for f in found for s in f["seconds"]])
            print(f"| {name} | {len(found)} | " + " | ".join(cells) + f" | {seconds:.2f} |")
    for path in sorted(folder.glob("cost-*.json")):
        print(path.stem, {n: round(float(np.mean(s)), 2) for n, s in json.loads(path.read_text()).items()})
    if plot is not None:
        draw(traces, plot)


def draw(traces: dict[str, Array], plot: Path) -> None:
    """Mean and spread (one standard deviation) of each trace."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for name, found in traces.items():
        n, mean, spread = STARTS + BATCH * np.arange(found.shape[1]), found.mean(0), found.std(0)
        (line,) = axes.plot(n, mean, "o-", ms=3, lw=1.5, label=f"{name} ({len(found)} seeds)")
        axes.fill_between(n, mean - spread, np.minimum(mean + spread, 1), color=line.get_color(), alpha=0.12, lw=0)
    axes.axhline(0.99, color="0.6", lw=0.8)
    axes.set(xlabel="evaluations", ylabel="share of the front's hypervolume", title="Alloy emulator")
    figure.legend(fontsize=7, frameon=False, loc="outside right center")
    figure.savefig(plot, dpi=90)


def main() -> None:
    """Run what is not in the folder yet, or report what is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--who", nargs="*", default=["eutectic"], choices=list(ASK))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=24)
    parser.add_argument("--cost", nargs="*", choices=list(ASK))
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    if "EUTECTIC_DATA" not in os.environ:
        sys.exit("set EUTECTIC_DATA")
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.report:
        report(options.folder, options.plot)
        return
    if options.cost:
        cost(options.folder, options.cost, min(options.seeds, 3))
        return
    for seed, name in product(range(options.seeds), options.who):
        kept = options.folder / f"{name}-{seed}.json"
        if not kept.exists():
            kept.write_text(json.dumps(run(ASK[name], seed, options.evaluations)))


if __name__ == "__main__":
    main()
