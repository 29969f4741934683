"""This file is the portfolio beside each of its arms alone, and looking for feasible candidates first beside not.

    python benchmarks/portfolio.py [--seeds 5] [--evaluations 32] [--problems osy zdt4 alloy] [--parts 1 2] > output
    python benchmarks/portfolio.py --plot output

First part: 12 starts (Sobol, the same for everyone), batches of 4. Share of the best known hypervolume, mean and
standard deviation over seeds, with CPU seconds a batch. Second part: evaluations until 5 candidates satisfy every
constraint, from 8 starts, batches of 4; a run that has not found 5 within the budget counts as the budget.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from benchmarks.fronts import Function, Problem, box, filtered, osy, plain
from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Mixture, Optimizer, Proposals, Reason, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.regret import volume
from eutectic.optimizers.bayesian.satisfy import Satisfy
from eutectic.optimizers.designs.sobol import Sobol
from eutectic.optimizers.designs.uniform import Uniform
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.portfolio.portfolio import Portfolio
from eutectic.oracles.rules.screens import Screens

ELEMENTS = ("Al", "Co", "Cr", "Cu", "Fe", "Mn", "Ni")
WANTED = 5
"""Satisfying candidates looked for in the second part."""
BATCH = 4


def alloy() -> Problem:
    """Light and cheap alloys of seven elements with windows on four screens; 0.7 % of the space satisfies them."""
    mixture = Mixture(tuple(range(7)), (False,) * 7)
    space = Space(ELEMENTS, ("fraction",) * 7, np.zeros(7), np.full(7, 0.5), mixtures=(mixture,))

    def function(X: Array) -> tuple[Array, Array]:
        v = Screens().screen_fractions(ELEMENTS, X)
        enthalpy = v["miedema_mixing_enthalpy_kj_per_mol"]
        limits = [8.0 - v["valence_electron_concentration"], v["atomic_size_mismatch_percent"] - 4.0]
        limits += [-8.0 - enthalpy, enthalpy + 5.0, 1650.0 - v["melting_temperature_k"]]
        return plain([v["density_g_per_cm3"], v["price_usd_per_kg"]], limits)

    return Problem("alloy", space, function, best_known(space, function))


def zdt4() -> Problem:
    """ZDT4 (Zitzler, Deb and Thiele 2000, doi 10.1162/106365600568202) of four variables, the last three in -2 to 2."""

    def function(X: Array) -> tuple[Array, Array]:
        g = 1 + 10 * 3 + (X[:, 1:] ** 2 - 10 * np.cos(4 * np.pi * X[:, 1:])).sum(1)
        return plain([X[:, 0], g * (1 - np.sqrt(X[:, 0] / g))])

    f = np.linspace(0, 1, 1000)
    front = np.column_stack([f, 1 - np.sqrt(f)])
    return Problem("zdt4", box([0, -2, -2, -2], [1, 2, 2, 2]), function, front)


def best_known(space: Space, function: Function) -> Array:
    """The front of 60 generations of 100 without surrogate."""
    history = History.observed(np.empty((0, space.d)), *function(np.empty((0, space.d))))
    for _ in range(60):
        X = np.concatenate(
            [history.X, NSGA2(population=100).ask(space, history, 100, np.random.default_rng(len(history.X)))]
        )
        history = History.observed(X, *function(X))
    return filtered(history.Y, history.C)


PROBLEMS = {"osy": osy, "zdt4": zdt4, "alloy": alloy}
REFERENCES = {"osy": (-40.0, 90.0), "zdt4": (1.1, 40.0), "alloy": (8.2, 18.0)}
"""Worst acceptable losses."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One campaign's numbers."""

    share: tuple[float, ...]
    """Share of the best known hypervolume after the starts and each batch, dimensionless."""
    found: tuple[int, ...]
    """Feasible candidates after the same."""
    evaluations: tuple[int, ...]
    ask_s: float
    """CPU seconds a batch."""
    arms: Mapping[str, int]
    """Candidates each arm of a portfolio proposed."""


def contestants() -> dict[str, Optimizer]:
    """The portfolio, its arms alone, and chance."""
    portfolio = Portfolio(optimizers=({"use": "bayesian"}, {"use": "nsga2"}), control=True)
    return {
        "portfolio": portfolio.holding([Bayesian(), NSGA2()]),
        "bayesian": Bayesian(),
        "nsga2": NSGA2(),
        "random": Uniform(),
    }


def run(problem: Problem, optimizer: Optimizer, seed: int, starts: int, evaluations: int, enough: int | None) -> Run:
    """One campaign; it ends with the evaluations, or when so many feasible candidates are known."""
    reference = np.array(REFERENCES[problem.name])
    best = volume(problem.front, reference)
    X = Sobol().ask(problem.space, History.empty(problem.space.d), starts, np.random.default_rng(seed))
    asked = Proposals(X, tuple(Reason("sobol") for _ in X))
    history = observed(problem, History.empty(problem.space.d), asked, reference)
    lines, spent = [], 0.0
    while True:
        feasible = history.Y[history.feasible]
        lines.append((volume(feasible, reference) / best, len(feasible), len(history.X)))
        if len(history.X) >= evaluations or (enough is not None and len(feasible) >= enough):
            break
        rng = np.random.default_rng([seed, len(history.X)])
        begin = time.process_time()
        asked = propose(optimizer, "", problem.space, history, min(BATCH, evaluations - len(history.X)), rng)
        spent += time.process_time() - begin
        history = observed(problem, history, asked, reference)
    share, found, number = zip(*lines, strict=True)
    arms = [origin.removeprefix("portfolio: ") for origin in history.origin if origin.startswith("portfolio: ")]
    counts = {arm: arms.count(arm) for arm in sorted(set(arms))}
    return Run(share, found, number, spent / max(1, len(lines) - 1), counts)


def observed(problem: Problem, history: History, asked: Proposals, reference: Array) -> History:
    """The history with one more batch evaluated."""
    X = np.concatenate([history.X, asked.X])
    round = np.append(history.round, np.full(len(asked.X), int(history.round.max(initial=-1)) + 1))
    origin = (*history.origin, *(reason.proposer for reason in asked.reasons))
    more = History.observed(X, *problem.function(X))
    return replace(more, round=round, origin=origin, state=asked.state, reference=reference)


def shares(names: list[str], seeds: int, evaluations: int) -> None:
    """First part: share of the best known hypervolume at the end."""
    for name in names:
        problem = PROBLEMS[name]()
        for who, optimizer in contestants().items():
            own = [run(problem, optimizer, seed, 12, evaluations, None) for seed in range(seeds)]
            last = np.array([r.share[-1] for r in own])
            proposers = sorted({arm for r in own for arm in r.arms})
            arms = " ".join(f"{arm} {np.mean([r.arms.get(arm, 0) for r in own]):.1f}" for arm in proposers)
            cost = np.mean([r.ask_s for r in own])
            print(f"{name:8}{who:10} {last.mean():.3f} ± {last.std():.3f}  {cost:.2f} CPU s  {arms}", flush=True)


def firsts(names: list[str], seeds: int, budget: int) -> None:
    """Second part: evaluations until the first and the fifth satisfying candidate."""
    for name in names:
        problem = PROBLEMS[name]()
        seekers: dict[str, Optimizer] = {
            "satisfy first": Satisfy(Bayesian(), "bayesian"),
            "Pareto only": Bayesian(),
            "nsga2 satisfying": Satisfy(NSGA2(), "nsga2"),
            "random": Uniform(),
        }
        for who, optimizer in seekers.items():
            runs = [run(problem, optimizer, seed, 8, budget, WANTED) for seed in range(seeds)]
            needed = {
                k: [next((e for e, n in zip(r.evaluations, r.found, strict=True) if n >= k), budget) for r in runs]
                for k in (1, WANTED)
            }
            text = "  ".join(f"{k}: {np.mean(own):.0f} ± {np.std(own):.0f}" for k, own in needed.items())
            print(f"{name:8}{who:18} evaluations until {text}", flush=True)


def plot(printed: str, path: Path) -> None:
    """Bars of both parts, from what runs have printed."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    first = re.findall(r"^(\w+) +(.+?) +evaluations until .*  5: (\d+) ± (\d+)", printed, re.M)
    second = re.findall(r"^(\w+) +(\w+) +([\d.]+) ± ([\d.]+)  [\d.]+ CPU s", printed, re.M)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3))
    titles = ("evaluations until 5 candidates satisfy", "share of the best known hypervolume")
    for axis, rows, title in zip(axes, (first, second), titles, strict=True):
        problems, who = list(dict.fromkeys(r[0] for r in rows)), list(dict.fromkeys(r[1] for r in rows))
        for k, name in enumerate(who):
            own = {r[0]: (float(r[2]), float(r[3])) for r in rows if r[1] == name}
            places = [problems.index(problem) + k * 0.8 / len(who) for problem in own]
            means, spread = zip(*own.values(), strict=True)
            axis.bar(places, means, 0.75 / len(who), yerr=spread, label=name, capsize=2)
        axis.set_xticks([i + 0.3 for i in range(len(problems))], problems)
        axis.set_title(title, fontsize=10)
        axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def main() -> None:
    """Run the parts the command line names, or draw what earlier runs have printed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--evaluations", type=int, default=32, help="of the first part")
    parser.add_argument("--budget", type=int, default=80, help="evaluations of the second part, at most")
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS))
    parser.add_argument("--parts", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--plot", nargs="+", type=Path, help="draw what these files of earlier output say, run nothing")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.plot:
        plot("".join(file.read_text() for file in given.plot), Path("docs/images/portfolio.png"))
        return
    if 1 in given.parts:
        shares(given.problems, given.seeds, given.evaluations)
    if 2 in given.parts:
        firsts([name for name in given.problems if name != "zdt4"], given.seeds, given.budget)


if __name__ == "__main__":
    main()
