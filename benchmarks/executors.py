"""This file is the price of each executor: naps of a second against the clock, and what an evaluation costs beside.

Run it: `python benchmarks/executors.py [--engines local threads dask] [--naps 20] [--trivial 100]`.

As many evaluations are in flight as there are workers, as in a campaign; the executor is warm (one evaluation a worker
went before). Efficiency is the ideal time, naps / workers, over the measured; overhead is the time of an evaluation
that does nothing, one after the other.
"""

import argparse
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from eutectic.campaigns.execution.base import Executor, Setting
from eutectic.campaigns.file import plugins

NAP_S = 1.0
WORKERS = (1, 2)


def opened(name: str, workers: int, folder: Path) -> Executor:
    """The executor as a campaign in `folder` would open it."""
    (folder / "logs").mkdir(parents=True)
    setting = Setting(workers, 600.0, log=str(folder / "logs" / "worker.log"), answers=str(folder / "results"))
    executor: Executor = plugins.build("executors", {"use": name}, folder).open(setting)
    return executor


def timed(executor: Executor, workers: int, number: int, nap_s: float) -> float:
    """Wall seconds of `number` naps, `workers` in flight."""
    flights: set[Future[Any]] = set()
    start = time.perf_counter()
    for k in range(number):
        flights.add(executor.submit("time:sleep", nap_s, key=f"{k}-{nap_s}-{start}"))
        if len(flights) == workers:
            done, flights = wait(flights, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
    for future in flights:
        future.result()
    return time.perf_counter() - start


def measure(name: str, workers: int, naps: int, trivial: int) -> tuple[float, float, float]:
    """Seconds to open and warm it, efficiency (share of ideal), overhead of one evaluation (s)."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        executor = opened(name, workers, Path(folder))
        try:
            timed(executor, workers, workers, 0.0)
            begun_s = time.perf_counter() - start
            spent_s = timed(executor, workers, naps, NAP_S)
            return begun_s, naps * NAP_S / workers / spent_s, timed(executor, 1, trivial, 0.0) / trivial
        finally:
            executor.shutdown()


def main() -> None:
    """Print a line an executor and number of workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", nargs="+", default=["local", "threads", "dask"])
    parser.add_argument("--naps", type=int, default=20)
    parser.add_argument("--trivial", type=int, default=100)
    given = parser.parse_args()
    print("| executor | workers | ready after, s | naps of 1 s, of ideal | overhead an evaluation, ms |")
    print("|---|---|---|---|---|")
    for name in given.engines:
        for workers in WORKERS:
            begun_s, share, overhead_s = measure(name, workers, given.naps, given.trivial)
            print(f"| {name} | {workers} | {begun_s:.1f} | {100 * share:.1f} % | {1000 * overhead_s:.1f} |", flush=True)


if __name__ == "__main__":
    main()
