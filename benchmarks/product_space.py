"""This file is what a space of several parts costs, and whether every optimizer keeps its rules.

    python benchmarks/product_space.py [--seeds 3] [--proposals 10000] [--only speed|rules] [--optimizers a,b]
                                       [--minutes 10] [--light] [--first 0]

Speed: CPU seconds of a batch of four, fit included, for five fractions of 5 to 35 at.% alone and beside four process
variables (a temperature, a logarithmic time, an ordered quench and a way of two choices), two objectives and 60
observations, in turn in one process, one thread, first calls excluded.

Rules: proposals in twelve variables (five amounts in wt.% in steps of 0.5, a temperature that a batch shares, a
logarithmic time, an ordered quench, a second step with two variables that only matter where it is made, a stirring rate
that eight samples in a row share) under a product constraint and one across the parts, batches of 40 from histories of
60 rows (for `multifidelity` on two rungs); how many lie outside, repeat a row of their batch or history, or differ in
what they should share. Each optimizer stops after so many CPU minutes; `--light`: those that learn look less hard than
by default (fewer draws, points, starts and steps), so that they get as far as the others.
"""

import argparse
import os
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from eutectic.campaigns.file import plugins
from eutectic.generators.composition import Composition
from eutectic.generators.parameters import Parameters, Variable
from eutectic.generators.product import Product
from eutectic.optimizers.base import Array, History, Proposals, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.sharing import Made, propose_shared
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import remember

FIVE = Composition(dict.fromkeys(("Co", "Cr", "Cu", "Fe", "Ni"), (0.05, 0.35)))
PROCESS = Parameters(
    {
        "temperature_k": (900.0, 1500.0),
        "time_h": Variable(low=0.1, high=100.0, scale="log"),
        "quench": Variable(choices=("air", "oil", "water"), ordered=True),
        "way": Variable(choices=("cast", "printed")),
    }
)
TWELVE = Product.of(
    {
        "alloy": Composition(
            {"Cr": (10, 25), "Ni": (0, 20), "Mo": (0, 5), "Mn": (0, 2)}, step=0.5, unit="wt.%", balance="Fe"
        ),
        "process": Parameters(
            {
                "temperature_k": Variable(low=900, high=1500, per="batch"),
                "time_h": Variable(low=0.1, high=100.0, scale="log"),
                "quench": Variable(choices=("air", "oil", "water"), ordered=True),
                "step_2": Variable(choices=("none", "anneal")),
                "temperature_2_k": Variable(low=500, high=900, step=10, when={"step_2": "anneal"}),
                "time_2_h": Variable(low=0.1, high=100.0, scale="log", when={"step_2": "anneal"}),
                "stirring_rpm": Variable(low=0, high=500, per=("plate", 8)),
            }
        ),
    },
    ("temperature_k * time_h <= 40000", "Ni + 2*Mo <= 22", "Cr <= temperature_k / 50"),
)
BATCH = 40
LIGHT = {"draws": 2, "samples": 32, "starts": 1, "iterations": 1}
LIGHTER: dict[str, dict[str, object]] = {
    "bayesian": LIGHT,
    "hybrid": {**LIGHT, "offspring": 64},
    "multifidelity": LIGHT,
    "portfolio": {"optimizers": [{"use": "bayesian", **LIGHT}, {"use": "nsga2"}]},
    "policy": {"steps": 8},
}
"""What `--light` changes."""


def losses(space: Space, X: Array) -> Array:
    """Two smooth losses (n, 2) that disagree, of columns scaled to 0 to 1."""
    Z = (X - space.lower) / (space.upper - space.lower)
    w = np.random.default_rng(5).normal(size=(2, space.d))
    return Z @ w.T + ((Z - 0.3) ** 2).sum(1)[:, None] * [0.5, -0.2] + 0.3 * np.sin(7 * Z[:, :2])


def history(space: Space, n: int, seed: int, m: int = 2) -> History:
    """N uniform observations with a little noise."""
    rng = np.random.default_rng(seed)
    X = region.sample(space, n, rng)
    Y = losses(space, X)[:, :m]
    return History.observed(X, Y + 0.02 * np.ptp(Y, axis=0) * rng.normal(size=Y.shape))


def speed(seeds: int) -> None:
    """CPU seconds of a batch of four in either space."""
    spaces = {"five fractions": FIVE.space, "and four process variables": Product.of({"a": FIVE, "p": PROCESS}).space}
    optimizer = Bayesian()
    spent: dict[str, list[float]] = {name: [] for name in spaces}
    for space in spaces.values():
        optimizer.ask(space, history(space, 20, 99), 4, np.random.default_rng(0))
    for seed in range(seeds):
        for name, space in spaces.items():
            known = history(space, 60, seed)
            start = time.process_time()
            optimizer.ask(space, known, 4, np.random.default_rng(seed))
            spent[name].append(time.process_time() - start)
    first = float(np.median(spent["five fractions"]))
    print(f"| space | columns | CPU s a batch of 4, median of {seeds} (least to most) | ratio |\n|---|---|---|---|")
    for name, space in spaces.items():
        s = np.array(spent[name])
        print(
            f"| {name} | {space.d} | {np.median(s):.2f} ({s.min():.2f} to {s.max():.2f}) | {np.median(s) / first:.2f} |"
        )


def climbing(seen: History, rng: np.random.Generator) -> History:
    """The same rows, a third of them on the top of two rungs."""
    return replace(seen, fidelity=(rng.random(len(seen.X)) < 1 / 3).astype(float), prices=(1.0, 10.0))


def rules(wanted: int, names: list[str], minutes: float, light: bool, first: int) -> None:
    """Proposals of every optimizer that break any rule."""
    space = TWELVE.space
    print(
        "| optimizer | proposals | outside | repeated | not shared | CPU ms each |\n|---|---|---|---|---|---|",
        flush=True,
    )
    for name in names:
        optimizer = plugins.build("optimizers", {"use": name, **(LIGHTER.get(name, {}) if light else {})}, ".")
        m = 1 if hasattr(optimizer, "refuse") and optimizer.refuse(space, 2, 0) else 2
        if hasattr(optimizer, "refuse") and (reason := optimizer.refuse(space, m, 0)):
            print(f"| {name} | refused: {reason} | | | | |")
            continue
        done = outside = repeated = alone = 0
        start = time.process_time()
        for seed in range(first // BATCH, -(-(first + wanted) // BATCH)):
            if time.process_time() - start > 60 * minutes:
                break
            known = history(space, 60, seed, m)
            if name == "multifidelity":
                known = climbing(known, np.random.default_rng(seed))
            made = Made(5, known.X[-5:])
            answer = propose_shared(optimizer, name, space, known, BATCH, np.random.default_rng(seed), made)
            X = answer.X
            done += len(X)
            outside += int((~region.contains(space, X)).sum())
            repeated += again(space, known, answer)
            alone += broken(space, X)
            print(f"{name}: {done} so far: {outside}, {repeated}, {alone}", file=sys.stderr, flush=True)
        each_ms = 1000 * (time.process_time() - start) / max(done, 1)
        print(f"| {name} | {done} | {outside} | {repeated} | {alone} | {each_ms:.1f} |", flush=True)


def again(space: Space, seen: History, answer: Proposals) -> int:
    """Rows of a batch that are in it twice or were measured before, on a ladder on the same rung."""
    rungs = np.zeros(len(answer.X)) if answer.rungs is None else answer.rungs.astype(float)
    known = np.zeros(len(seen.X)) if answer.rungs is None else seen.fidelity
    before = sum(int(remember(space, seen.X[known == r]).holds(answer.X[rungs == r]).sum()) for r in np.unique(rungs))
    return before + len(answer.X) - len(np.unique(np.column_stack([answer.X.round(9), rungs]), axis=0))


def broken(space: Space, X: Array) -> int:
    """Rows of a batch that differ from their group, which five rows before it have begun."""
    furnace, plate = space.names.index("temperature_k"), space.names.index("stirring_rpm")
    group = (np.arange(len(X)) + 5) // 8
    apart = sum(len(np.unique(X[group == g, plate])) - 1 for g in np.unique(group))
    return int(apart + len(np.unique(X[:, furnace])) - 1)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--proposals", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--light", action="store_true")
    parser.add_argument("--only", choices=("speed", "rules"))
    parser.add_argument("--optimizers", default=",".join(plugins.KINDS["optimizers"]))
    parser.add_argument("--first", type=int, default=0, help="proposals that another call makes, passed over")
    options = parser.parse_args()
    if options.only != "rules":
        speed(options.seeds)
    if options.only != "speed":
        rules(options.proposals, options.optimizers.split(","), options.minutes, options.light, options.first)
