"""This file is two checkouts side by side: what a suggestion and the loop cost before and after a change, in one call.

    python benchmarks/versions.py --earlier ../earlier [--repeats 5]

Both checkouts run alternately, each time in a fresh process: a cold batch of four from 60 observations (the case of
benchmarks/suggestion.py; CPU seconds, imports and a first call excluded), and an evaluation's share of the loop
(benchmarks/overhead.py; processor ms of the loop's thread and of the worker). Proposals are compared as well: a change
that only moves code must not move them. Prints the median of each figure and its spread.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent.parent
SUGGESTION = """
import json, sys, time
sys.path.insert(0, "benchmarks")
from suggestion import history, ours, simplex
space = simplex()
seen = history(space, 60, 1)
first = ours(space, seen, 2)
began = time.process_time()
batch = ours(space, seen, 3)
print(json.dumps({"suggestion_cpu_s": time.process_time() - began, "batch": batch.tolist()}))
"""


def run(checkout: Path, words: list[str]) -> str:
    """What a Python program prints, run in a checkout with one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, *words], cwd=checkout, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def measured(checkout: Path) -> tuple[dict[str, float], list[list[float]]]:
    """The figures of one checkout, and the batch (4, 5) it proposes."""
    suggestion = json.loads(run(checkout, ["-c", SUGGESTION]).splitlines()[-1])
    loop = run(checkout, ["benchmarks/overhead.py", "--tracking", "off"])
    rows = dict(line.split() for line in loop.splitlines())
    figures = {name: float(rows[name]) for name in ("loop_thread_processor_ms", "worker_processor_ms")}
    return {"suggestion_cpu_s": suggestion["suggestion_cpu_s"], **figures}, suggestion["batch"]


def main() -> None:
    """Run both in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earlier", type=Path, required=True, help="a checkout of the version to compare with")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    checkouts = {"earlier": arguments.earlier.resolve(), "this": HERE}
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in checkouts}
    batches: dict[str, list[list[float]]] = {}
    for _ in range(arguments.repeats):
        for name, checkout in checkouts.items():
            figures, batches[name] = measured(checkout)
            samples[name].append(figures)
    print("same proposals:", batches["earlier"] == batches["this"])
    for figure in samples["this"][0]:
        row = {name: [sample[figure] for sample in samples[name]] for name in checkouts}
        cells = "  ".join(f"{name} {median(v):.3f} ({min(v):.3f}-{max(v):.3f})" for name, v in row.items())
        print(f"{figure:28}{cells}")


if __name__ == "__main__":
    main()
