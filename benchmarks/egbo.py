"""This file is the constrained benchmark of evolution-guided Bayesian optimisation: MW3 beside the stored traces.

    EUTECTIC_DATA=... python benchmarks/egbo.py FOLDER [--optimizers hybrid bayesian] [--runs 10] [--batches 24]
    EUTECTIC_DATA=... python benchmarks/egbo.py FOLDER --report [--plot docs/images/egbo.png]

MW3 (Ma and Wang 2019, doi 10.1109/TEVC.2019.2896967), 8 variables, two objectives, two constraints: the 18 given
starts of each of 10 runs, then 24 batches of 8; hypervolume against (1.1, 1.1), of at most 0.661. The traces are those
of Low et al. 2024, doi 10.1038/s41524-024-01274-x (`hybrid_nsga` is their method), each after as many batches. Every
run that ends is written to FOLDER and not run again; the report takes the runs it finds, and of the stored traces
those of the same starts.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moocore
import numpy as np
import torch

from eutectic.campaigns.file import plugins
from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Optimizer, Space

D, RUNS, STARTS, BATCHES, BATCH = 8, 10, 18, 24, 8
REFERENCE = np.array([1.1, 1.1])
BEST = 0.66076
"""Hypervolume of the true front."""
TRACES = ("hybrid_nsga", "hybrid_moead", "nsga_only", "qnehvi", "sobol")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave."""

    trace: list[float]
    """Hypervolume after each batch."""
    seconds: list[float]
    """CPU seconds of asking for each."""
    won: dict[str, int]
    """Places won by each proposer."""


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


def run(optimizer: Optimizer, start: Array, batches: int, seed: int) -> Run:
    """One run from its start (18, 8)."""
    names = tuple(f"x{j}" for j in range(D))
    space = Space(names, tuple("continuous" for _ in names), np.zeros(D), np.ones(D))
    state: dict[str, object] = {}
    X, found = start, Run([], [], {})
    for batch in range(batches):
        history = replace(History.observed(X, *mw3(X)), reference=REFERENCE, state=state)
        begun = time.process_time()
        proposals = propose(optimizer, "", space, history, BATCH, np.random.default_rng([seed, batch]))
        found.seconds.append(time.process_time() - begun)
        X, state = np.concatenate([X, proposals.X]), dict(proposals.state)
        for reason in proposals.reasons:
            found.won[reason.proposer] = found.won.get(reason.proposer, 0) + 1
        found.trace.append(hypervolume(History.observed(X, *mw3(X))))
    return found


def report(folder: Path, stored: dict[str, Array], plot: Path | None) -> None:
    """Print the mean hypervolume a batch of each optimizer and each stored trace; draw them."""
    found: dict[str, dict[int, Run]] = {}
    for path in sorted(folder.glob("*.json")):
        name, _, number = path.stem.rpartition("-")
        found.setdefault(name, {})[int(number)] = Run(**json.loads(path.read_text()))
    columns = {name: np.array([r.trace for r in runs.values()]) for name, runs in found.items()}
    for name, runs in found.items():
        seconds = np.concatenate([r.seconds for r in runs.values()])
        won = {who: sum(r.won.get(who, 0) for r in runs.values()) for who in runs[min(runs)].won}
        print(f"{name}: runs {sorted(runs)}, {seconds.mean():.1f} CPU s a batch (most {seconds.max():.1f}), {won}")
    same = sorted(set.intersection(*(set(runs) for runs in found.values())))
    columns |= {f"stored {name}": traces[same] for name, traces in stored.items()}
    print("| batch | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for batch in range(BATCHES):
        cells = [f"{t[:, batch].mean():.3f} ± {t[:, batch].std():.3f}" for t in columns.values() if t.shape[1] > batch]
        print(f"| {batch + 1} | " + " | ".join(cells) + " |")
    if plot is not None:
        draw(columns, plot)


def draw(columns: dict[str, Array], plot: Path) -> None:
    """Mean and spread (one standard deviation) of each trace."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.2, 3.8), layout="constrained")
    for name, traces in columns.items():
        batch, mean, spread = np.arange(1, traces.shape[1] + 1), traces.mean(0), traces.std(0)
        (line,) = axes.plot(batch, mean, "--" if name.startswith("stored") else "-", lw=1.5, label=name)
        axes.fill_between(batch, mean - spread, mean + spread, color=line.get_color(), alpha=0.12, lw=0)
    axes.axhline(BEST, color="0.6", lw=0.8)
    axes.set(xlabel="batch of 8", ylabel="hypervolume", title=f"MW3, 8 variables (whole front {BEST:.3f})")
    axes.legend(fontsize=7, frameon=False, loc="lower right")
    figure.savefig(plot, dpi=80)


def main() -> None:
    """Run what is not in the folder yet, or report what is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--optimizers", nargs="*", default=["hybrid"])
    parser.add_argument("--runs", type=int, default=RUNS, help="at most 10")
    parser.add_argument("--batches", type=int, default=BATCHES, help="at most 24")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    if "EUTECTIC_DATA" not in os.environ:
        sys.exit("set EUTECTIC_DATA")
    torch.set_num_threads(1)
    data = Path(os.environ["EUTECTIC_DATA"]) / "mw3_egbo"
    starts = np.loadtxt(data / "initial_x_10trials8dim_01bounds.csv").reshape(RUNS, STARTS, D)
    if arguments.report:
        stored = {name: np.loadtxt(data / f"MW3_hvs_{name}.csv", delimiter=",") for name in TRACES}
        report(arguments.folder, stored, arguments.plot)
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for number in range(min(arguments.runs, RUNS)):
        for name in arguments.optimizers:
            kept = arguments.folder / f"{name}-{number}.json"
            if not kept.exists():
                optimizer = plugins.build("optimizers", {"use": name}, "")
                found = run(optimizer, starts[number], min(arguments.batches, BATCHES), number)
                kept.write_text(json.dumps(asdict(found)))
                print(f"{name}, run {number}: {found.trace[-1]:.4f}", flush=True)


if __name__ == "__main__":
    main()
