"""This file is the case study's comparison: three searches on one surrogate of the published alloy table, and SHAP.

    EUTECTIC_DATA=... python benchmarks/case_study.py [--rows 800] [--evaluations 1000] [--seeds 5]

FeNiCrCoCu after Wang et al., npj Comput. Mater. 2025, doi 10.1038/s41524-025-01600-x: the stacked ensemble of the
paper (`stacked`, preset `published`) learns bulk modulus and unstable stacking fault energy from rows of its table,
drawn at random. Then the genetic algorithm (NSGA-II), the particle swarm and reinforcement learning (policy gradient)
search that one surrogate's means, each with as many evaluations of it, in batches of 50, and random compositions beside
them. What is shown: the hypervolume each has found (reference 155 GPa, 320 mJ/m2), its front beside the table's, and
the SHAP values of the stacking fault energy. The figure is docs/images/gallery_case_study.png, the numbers are printed.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.campaigns.record.volume import hypervolume
from eutectic.generators.composition import Composition
from eutectic.optimizers.base import Array, History
from eutectic.optimizers.designs.uniform import Uniform
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.pareto import nondominated
from eutectic.optimizers.policies.policy import Policy
from eutectic.optimizers.spaces import region
from eutectic.optimizers.swarms.swarm import Swarm
from eutectic.surrogates.base import Domain
from eutectic.surrogates.composite.stacked import Stacked
from eutectic.surrogates.explain.inputs import Inputs
from eutectic.surrogates.explain.shapley import shapley

ELEMENTS = ("Cu", "Cr", "Co", "Fe", "Ni")
SPACE = Composition(dict.fromkeys(ELEMENTS, (0.05, 0.35))).space
MJ_PER_M2 = 16021.766 / (43.5152 * 25.1235)
"""mJ/m2 that 1 eV of the published cell's fault is."""
REFERENCE = (-155.0, -320.0)
BATCH = 50
SEARCHES: dict[str, Any] = {
    "genetic algorithm": NSGA2(population=BATCH),
    "particle swarm": Swarm(population=BATCH),
    "reinforcement learning": Policy(),
    "random": Uniform(),
}
COLOURS = dict(zip(SEARCHES, ("#0072B2", "#D55E00", "#009E73", "#7F7F7F"), strict=True))


def table() -> tuple[Array, Array]:
    """Fractions (n, 5) and bulk modulus (GPa) with stacking fault energy (mJ/m2) (n, 2), decorations averaged."""
    rows = np.loadtxt(Path(os.environ["EUTECTIC_DATA"]) / "mpea_md/data_pso_Cu.dat")
    X = (rows[:, :5] + 5) / 100
    X /= X.sum(1, keepdims=True)
    Y = np.column_stack([rows[:, 5], rows[:, 10] * MJ_PER_M2])
    _, which, count = np.unique(X.round(5), axis=0, return_inverse=True, return_counts=True)
    sums = np.zeros((len(count), 7))
    np.add.at(sums, which.ravel(), np.column_stack([X, Y]))
    means = sums / count[:, None]
    return means[:, :5], means[:, 5:]


def learned(X: Array, Y: Array, n: int) -> tuple[Any, str]:
    """The published stack of n rows drawn at random, and its errors on 2,000 others."""
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[:n], order[n : n + 2000]
    start = time.process_time()
    fit = Stacked(preset="published").fit(
        X[train], Y[train], ELEMENTS, domain=Domain(np.full(5, 0.05), np.full(5, 0.35), mixtures=((0, 1, 2, 3, 4),))
    )
    missed = np.abs(fit.posterior(X[test]).mean - Y[test]).mean(0)
    return fit, (
        f"stack of {n} rows ({time.process_time() - start:.0f} CPU s): mean absolute error {missed[0]:.2f} GPa and "
        f"{missed[1]:.2f} mJ/m2 on 2,000 other rows"
    )


def search(optimizer: Any, fit: Any, evaluations: int, seed: int) -> tuple[list[float], Array, float]:
    """Hypervolume after each batch, the losses (n, 2) seen, and CPU seconds of asking."""
    X, volumes, spent = np.empty((0, 5)), [], 0.0
    Y = np.empty((0, 2))
    for k in range(evaluations // BATCH):
        start = time.process_time()
        rows = optimizer.ask(SPACE, History.observed(X, Y), BATCH, np.random.default_rng([seed, k]))
        spent += time.process_time() - start
        X, Y = np.vstack([X, rows]), np.vstack([Y, -fit.posterior(rows).mean])
        volumes.append(hypervolume(Y, REFERENCE))
    return volumes, Y, spent


def main() -> int:
    """Learn, search, explain, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in (("rows", 800), ("evaluations", 1000), ("seeds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    X, Y = table()
    fit, said = learned(X, Y, given.rows)
    print(said, flush=True)
    runs = {}
    for name, optimizer in SEARCHES.items():
        runs[name] = [search(optimizer, fit, given.evaluations, seed) for seed in range(given.seeds)]
        ends = np.array([volumes[-1] for volumes, _, _ in runs[name]])
        spent = np.mean([seconds for _, _, seconds in runs[name]])
        print(f"{name:24} {ends.mean():8.1f} +- {ends.std():.1f} GPa mJ/m2, {spent:.1f} CPU s of asking", flush=True)
    rows = region.sample(SPACE, 200, np.random.default_rng(1))
    inputs = Inputs(ELEMENTS, np.full(5, 0.05), np.full(5, 0.35), groups=((0, 1, 2, 3, 4),))
    why = shapley(lambda Z: fit.posterior(Z).mean[:, 1], rows, rows[:32], inputs, np.random.default_rng(0))
    slopes = [float(np.polyfit(rows[:, j], why.values[:, j], 1)[0]) / 100 for j in range(5)]
    for element, each, slope in zip(ELEMENTS, np.abs(why.values).mean(0), slopes, strict=True):
        print(f"SHAP of the fault energy, {element}: mean size {each:.1f} mJ/m2, {slope:+.2f} mJ/m2 per at.%")
    draw(Y, runs, rows, why.values)
    return 0


def draw(Y: Array, runs: dict[str, list[tuple[list[float], Array, float]]], rows: Array, values: Array) -> None:
    """Fronts beside the table's, hypervolume by evaluations, a beeswarm of SHAP values."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (fronts, course, reasons) = plt.subplots(1, 3, figsize=(11, 3.6), dpi=110, layout="constrained")
    fronts.scatter(*Y[::4].T, s=2, color="#CCCCCC", linewidths=0, label="table, every fourth row")
    best = Y[nondominated(-Y)]
    fronts.plot(*best[np.argsort(best[:, 0])].T, "k.-", lw=0.8, ms=3, label="table's front")
    for name, tries in runs.items():
        front = -tries[0][1][nondominated(tries[0][1])]
        fronts.plot(*front[np.argsort(front[:, 0])].T, ".", ms=4, color=COLOURS[name], label=name)
        volumes = np.array([volumes for volumes, _, _ in tries])
        steps = BATCH * np.arange(1, volumes.shape[1] + 1)
        course.plot(steps, volumes.mean(0), color=COLOURS[name], label=name)
        course.fill_between(steps, volumes.min(0), volumes.max(0), color=COLOURS[name], alpha=0.15, lw=0)
    fronts.set(xlabel="bulk modulus (GPa)", ylabel="unstable stacking fault energy (mJ/m²)")
    course.set(xlabel="evaluations of the surrogate", ylabel="hypervolume (GPa mJ/m²)")
    rng = np.random.default_rng(0)
    for j in range(len(ELEMENTS)):
        place = j + 0.12 * rng.normal(size=len(rows))
        points = reasons.scatter(values[:, j], place, c=100 * rows[:, j], s=6, cmap="viridis", vmin=5, vmax=35)
    reasons.set(yticks=range(5), yticklabels=ELEMENTS, xlabel="SHAP value of the fault energy (mJ/m²)")
    figure.colorbar(points, ax=reasons, label="at.%")
    fronts.legend(fontsize=6)
    course.legend(fontsize=7)
    figure.savefig(Path(__file__).resolve().parents[1] / "docs" / "images" / "gallery_case_study.png")


if __name__ == "__main__":
    sys.exit(main())
