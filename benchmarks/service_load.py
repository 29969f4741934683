"""Pairs of asking and telling from many clients at a steady rate: latencies, memory, and that nothing was lost.

    python benchmarks/service_load.py --pairs 10000 --clients 100 --rate 20

Clients are threads of this process, each a holder of its own; arrivals are a Poisson process. The service runs in a
process of its own with one campaign that is led by hand (Sobol). At the end every value told is compared with the
record: once each, of the right candidate, by the right holder. It stops by itself.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from eutectic.campaigns.client import Client
from tests.campaigns.service.services import Process, file


def main() -> None:
    """Run the load and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rate", type=float, default=20.0, help="Pairs that arrive a second.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Process(Path(folder) / "runs", "--log-level", "WARNING") as process:
        process.client().create(file("load", budget={"evaluations": 10 * given.pairs, "batch": 1}))
        process.client().suggest("load", 1, "warm")
        print(json.dumps(loaded(process, given.pairs, given.clients, given.rate), indent=1))


class Load:
    """What clients are to do, what they did, and how long it took."""

    def __init__(self, process: Process, pairs: int, rate: float) -> None:
        rng = random.Random(1)
        self.process, self.service = process, psutil.Process(process.process.pid)
        self.queue = list(np.cumsum([rng.expovariate(rate) for _ in range(pairs)]))[::-1]
        self.marks = (round(0.1 * pairs), round(0.9 * pairs), pairs)
        self.spent = [spent_by(self.service)]
        self.memory = [self.service.memory_info().rss]
        self.lock, self.start = threading.Lock(), time.monotonic()
        self.asks: list[float] = []
        self.tells: list[float] = []
        self.lags: list[float] = []
        self.told: dict[str, tuple[float, str]] = {}

    def work(self, k: int) -> None:
        """One client: the next pair when its time has come, until there is none."""
        client = Client(self.process.url, self.process.token)
        while True:
            with self.lock:
                if not self.queue:
                    return
                due = self.start + self.queue.pop()
            time.sleep(max(0.0, due - time.monotonic()))
            lag, before = time.monotonic() - due, time.perf_counter()
            sample = client.suggest("load", 1, f"client {k}")[0]
            asked = time.perf_counter()
            value = float(sample["number"])
            client.tell("load", sample["id"], {"a": value, "b": 1.0}, by=f"client {k}")
            done = time.perf_counter()
            with self.lock:
                self.asks.append(asked - before)
                self.tells.append(done - asked)
                self.lags.append(lag)
                assert sample["id"] not in self.told
                self.told[sample["id"]] = (value, f"client {k} (operator)")
                if len(self.told) in self.marks:
                    self.spent.append(spent_by(self.service))


def loaded(process: Process, pairs: int, clients: int, rate: float) -> dict[str, object]:
    """The figures of one run."""
    load = Load(process, pairs, rate)
    threads = [threading.Thread(target=load.work, args=(k,)) for k in range(clients)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(2.0)
        load.memory.append(load.service.memory_info().rss)
    seconds = time.monotonic() - load.start
    outcomes = [o for o in process.client().observations("load") if o["status"] == "finished"]
    memory, spent, marks = load.memory, load.spent, load.marks
    return {
        "pairs": len(load.tells),
        "clients": clients,
        "pairs_a_second": round(len(load.tells) / seconds, 1),
        "lost_doubled_or_misattributed": wrong(load.told, outcomes),
        "tell_ms": milliseconds(load.tells),
        "ask_ms": milliseconds(load.asks),
        "cpu_ms_a_pair": {
            "first_tenth": shares(spent[0], spent[1], marks[0]),
            "last_tenth": shares(spent[-2], spent[-1], marks[-1] - marks[-2]),
        },
        "late_arrivals_ms_p95": round(1000 * float(np.percentile(load.lags, 95)), 1),
        "memory_mb": {"start": memory[0] >> 20, "middle": memory[len(memory) // 2] >> 20, "end": memory[-1] >> 20},
    }


def spent_by(service: psutil.Process) -> dict[str, float]:
    """CPU seconds so far: the service, its child that proposes, and the clients in this process."""
    children = [child.cpu_times() for child in service.children(recursive=True)]
    own = service.cpu_times()
    return {
        "service": own.user + own.system,
        "child": sum(times.user + times.system for times in children),
        "clients": time.process_time(),
    }


def shares(before: dict[str, float], after: dict[str, float], pairs: int) -> dict[str, float]:
    """CPU ms a pair between two moments."""
    return {name: round(1000 * (after[name] - before[name]) / max(pairs, 1), 1) for name in after}


def wrong(told: dict[str, tuple[float, str]], outcomes: list[dict]) -> int:
    """Observations that were lost, doubled or are somebody else's."""
    recorded = {o["id"]: (o["values"]["a"], o["measurements"][0]["by"]) for o in outcomes}
    misattributed = sum(recorded.get(id) != said for id, said in told.items())
    return misattributed + abs(len(recorded) - len(told)) + sum(len(o["measurements"]) != 1 for o in outcomes)


def milliseconds(seconds: list[float]) -> dict[str, float]:
    """Median and tails of durations."""
    return {f"p{p}": round(1000 * float(np.percentile(seconds, p)), 1) for p in (50, 95, 99)}


if __name__ == "__main__":
    main()
