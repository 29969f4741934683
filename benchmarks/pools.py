"""This file is the benchmark over finite pools: how many of the best 5 % are found, by us, plain models and peers.

    EUTECTIC_DATA=... python benchmarks/pools.py run RESULTS [--who bayesian ...] [--batch 1] [--seeds 10] [--only AgNP]
    EUTECTIC_DATA=... python benchmarks/pools.py show RESULTS [--plot docs/images/pools.png]

`run` appends a JSON line a run to the file RESULTS and leaves out what it holds already; `show` prints the table and
draws the plot. Everybody starts from the same 10 random designs of a seed. Enrichment is the share of the pool's best
5 % found divided by the share of the pool measured: random search scores 1, finding all of them is the ceiling.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pool_policies import POLICIES, Policy, Seen

from eutectic.optimizers.base import Array

STARTS = 10
EVALUATIONS = {"oer_plate": 100, "Crossed_barrel": 100, "AgNP": 60, "P3HT": 60, "Perovskite": 30, "AutoAM": 30}
MAXIMIZED = ("Crossed_barrel", "P3HT", "AutoAM")


@dataclass(frozen=True)
class Pool:
    """A finite list with one measured property."""

    X: Array
    """Designs (N, d), replicates taken together."""
    y: Array
    """Losses (N,), the mean of the replicates, as the authors of the data take it."""

    @property
    def best(self) -> Array:
        """(N,) 1 for the best 5 % (ties at the edge included), else 0."""
        edge = np.sort(self.y)[max(1, round(0.05 * len(self.y))) - 1]
        return (self.y <= edge).astype(float)

    def enrichment(self, found: Array) -> Array:
        """Enrichment after each evaluation, from the number of the best found by then (n,)."""
        out: Array = found / self.best.sum() / (np.arange(1, len(found) + 1) / len(self.y))
        return out


def read(name: str, data: Path) -> Pool:
    """One of the public pools."""
    if name == "oer_plate":
        table = pd.read_csv(data / "oer_plate/oer_plate_3496.data.csv", header=None)
    else:
        table = pd.read_csv(data / f"pvlab_benchmarking/{name}_dataset.csv", encoding="utf-8-sig")
    rows = table.groupby(list(table.columns[:-1]), as_index=False).mean().to_numpy(dtype=float)
    return Pool(rows[:, :-1], -rows[:, -1] if name in MAXIMIZED else rows[:, -1])


def play(pool: Pool, policy: Policy, evaluations: int, batch: int, seed: int) -> tuple[list[int], float]:
    """Designs in the order measured, and CPU seconds a suggestion (of `batch` designs)."""
    seen = Seen(pool.X, list(map(int, np.random.default_rng([seed, 0]).permutation(len(pool.y))[:STARTS])), pool.y[:0])
    asked, began = 0, time.process_time()
    while len(seen.rows) < evaluations:
        seen.y = pool.y[seen.rows]
        n = min(batch, evaluations - len(seen.rows))
        seen.rows += policy(seen, n, np.random.default_rng([seed, len(seen.rows)]))
        asked += 1
    assert len(set(seen.rows)) == evaluations
    return seen.rows, (time.process_time() - began) / asked


def run(arguments: argparse.Namespace, data: Path) -> None:
    """Append the runs that the file of results does not hold."""
    held = {tuple(r[k] for k in ("pool", "who", "batch", "seed")) for r in results(arguments.results)}
    for name in arguments.only:
        pool = read(name, data)
        for seed in range(arguments.seeds):
            for who in arguments.who:
                if (name, who, arguments.batch, seed) in held:
                    continue
                rows, cpu = play(pool, POLICIES[who], EVALUATIONS[name], arguments.batch, seed)
                line = {"pool": name, "who": who, "batch": arguments.batch, "seed": seed, "cpu_s": cpu, "rows": rows}
                with arguments.results.open("a") as file:
                    file.write(json.dumps(line) + "\n")


def results(path: Path) -> list[dict[str, Any]]:
    """The runs in a file of results, none when there is no such file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def gathered(path: Path, name: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Runs on one pool by who made them and in what batches, in the order of POLICIES."""
    found = [r for r in results(path) if r["pool"] == name]
    for who in POLICIES:
        for batch in sorted({r["batch"] for r in found if r["who"] == who}):
            yield f"{who}, {batch}", [r for r in found if r["who"] == who and r["batch"] == batch]


def show(arguments: argparse.Namespace, data: Path) -> None:
    """Print the table; draw the plot when a path is given."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(9, 5.2), constrained_layout=True)
    print("| pool | designs | evaluations | ceiling | who, batch | enrichment of the best 5 % | seeds | CPU s |")
    print("|---" * 8 + "|")
    for name, axis in zip(arguments.only, axes.flat, strict=False):
        pool, most = read(name, data), EVALUATIONS[name]
        ceiling = min(1, most / pool.best.sum()) * len(pool.y) / most
        for label, runs in gathered(arguments.results, name):
            found = np.array([np.cumsum(pool.best[r["rows"]]) for r in runs])
            last = np.array([pool.enrichment(f)[-1] for f in found])
            spread = f"{last.std(ddof=1):.2f}" if len(last) > 1 else "?"
            cpu = np.mean([r["cpu_s"] for r in runs])
            print(
                f"| {name} | {len(pool.y)} | {most} | {ceiling:.2f} | {label} | {last.mean():.2f} ± {spread} "
                f"| {len(last)} | {cpu:.2f} |"
            )
            style = "-" if label.endswith(", 1") else "--"
            color = f"C{list(POLICIES).index(runs[0]['who'])}"
            axis.plot(np.arange(1, most + 1), found.mean(0) / pool.best.sum(), style, color=color, label=label, lw=1)
        axis.set_title(name, fontsize=9)
    lines = {line.get_label(): line for axis in axes.flat for line in axis.get_lines()}
    figure.legend(lines.values(), lines.keys(), fontsize=7, loc="outside upper center", ncols=len(lines))
    figure.supxlabel("designs measured")
    figure.supylabel("share of the best 5 % found")
    if arguments.plot:
        figure.savefig(arguments.plot, dpi=65)


def main() -> None:
    """Run or show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=["run", "show"])
    parser.add_argument("results", type=Path, help="file of JSON lines")
    parser.add_argument("--who", nargs="+", choices=list(POLICIES), default=["bayesian"])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="+", choices=list(EVALUATIONS), default=list(EVALUATIONS))
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    if not os.environ.get("EUTECTIC_DATA"):
        sys.exit("set EUTECTIC_DATA to the folder that holds oer_plate/ and pvlab_benchmarking/")
    {"run": run, "show": show}[arguments.verb](arguments, Path(os.environ["EUTECTIC_DATA"]))


if __name__ == "__main__":
    main()
