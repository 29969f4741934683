"""This file is the constrained benchmark of evolution-guided Bayesian optimisation: MW3 beside the stored traces.

    EUTECTIC_DATA=... python benchmarks/egbo.py [--optimizers hybrid bayesian] [--seeds 10] [--batches 24]

MW3 (Ma and Wang 2019, doi 10.1109/TEVC.2019.2896967), 8 variables, two objectives, two constraints: the 18 given
starts of each of 10 runs, then 24 batches of 8; hypervolume against (1.1, 1.1), of at most 0.667. The traces are those
of Low et al. 2024, doi 10.1038/s41524-024-01274-x (`hybrid_nsga` is their method), each after as many batches.
"""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moocore
import numpy as np
import torch

from campaigns import plugins
from optimizers.base import Array, History, Optimizer, Space, propose

D, RUNS, STARTS, BATCHES, BATCH = 8, 10, 18, 24, 8
REFERENCE = np.array([1.1, 1.1])
TRACES = ("hybrid_nsga", "hybrid_moead", "sobol_nsga", "nsga_only", "qnehvi", "sobol")


def mw3(X: Array) -> tuple[Array, Array]:
    """Losses (n, 2) and constraints (n, 2), feasible where <= 0, of X (n, 8) in the unit box."""
    g = 1 + 2 * ((X[:, 1:] + (X[:, :-1] - 0.5) ** 2 - 1) ** 2).sum(1)
    first, second = X[:, 0], g - X[:, 0]
    wave = np.sin(0.75 * np.pi * np.sqrt(2) * (second - first))
    total = first + second
    return np.column_stack([first, second]), np.column_stack(
        [total - 1.05 - 0.45 * wave**6, 0.85 + 0.3 * wave**2 - total]
    )


def hypervolume(history: History) -> float:
    """Of the feasible rows, dimensionless."""
    Y = history.Y[history.feasible]
    return float(moocore.hypervolume(Y, ref=REFERENCE)) if len(Y) else 0.0


def run(optimizer: Optimizer, start: Array, batches: int, seed: int) -> tuple[Array, float, dict[str, int]]:
    """Hypervolume after each batch (batches,), CPU seconds of asking a batch, and places won by each proposer."""
    names = tuple(f"x{j}" for j in range(D))
    space = Space(names, tuple("continuous" for _ in names), np.zeros(D), np.ones(D))
    state: dict[str, object] = {}
    X, spent, trace = start, 0.0, []
    won: dict[str, int] = {}
    for batch in range(batches):
        history = replace(History.observed(X, *mw3(X)), reference=REFERENCE, state=state)
        begun = time.process_time()
        proposals = propose(optimizer, "", space, history, BATCH, np.random.default_rng([seed, batch]))
        spent += time.process_time() - begun
        X, state = np.concatenate([X, proposals.X]), dict(proposals.state)
        for reason in proposals.reasons:
            won[reason.proposer] = won.get(reason.proposer, 0) + 1
        trace.append(hypervolume(History.observed(X, *mw3(X))))
        print(f"  run {seed} batch {batch + 1}: {trace[-1]:.4f}", file=sys.stderr, flush=True)
    return np.array(trace), spent / max(batches, 1), won


def main() -> None:
    """Print the mean hypervolume a batch of each optimizer and each stored trace."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--optimizers", nargs="*", default=["hybrid"])
    parser.add_argument("--seeds", type=int, default=RUNS, help="runs, at most 10")
    parser.add_argument("--batches", type=int, default=BATCHES)
    arguments = parser.parse_args()
    if "EUTECTIC_DATA" not in os.environ:
        sys.exit("set EUTECTIC_DATA")
    torch.set_num_threads(1)
    folder = Path(os.environ["EUTECTIC_DATA"]) / "mw3_egbo"
    starts = np.loadtxt(folder / "initial_x_10trials8dim_01bounds.csv").reshape(RUNS, STARTS, D)
    runs, batches = min(arguments.seeds, RUNS), min(arguments.batches, BATCHES)
    columns: dict[str, Array] = {}
    for name in arguments.optimizers:
        optimizer = plugins.build("optimizers", {"use": name}, "")
        found = [run(optimizer, starts[seed], batches, seed) for seed in range(runs)]
        columns[name] = np.array([trace for trace, _, _ in found])
        won = {who: sum(w.get(who, 0) for _, _, w in found) for who in sorted({k for *_, w in found for k in w})}
        print(f"{name}: {np.mean([s for _, s, _ in found]):.1f} CPU s a batch; places won: {won}")
    for name in TRACES:
        columns[f"stored {name}"] = np.loadtxt(folder / f"MW3_hvs_{name}.csv", delimiter=",")[:runs, :batches]
    print("| batch | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for batch in range(batches):
        row = " | ".join(f"{trace[:, batch].mean():.4f} ± {trace[:, batch].std():.4f}" for trace in columns.values())
        print(f"| {batch + 1} | {row} |")


if __name__ == "__main__":
    main()
