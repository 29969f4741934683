"""This file is the loop's own cost: milliseconds an evaluation beside oracle, fit and acquisition.

Run it: `python benchmarks/overhead.py [--evaluations 60] [--optimizer bayesian] [--tracking on|off]`.

The campaign runs as the command line runs it (default tracking to an MLflow database, plain progress display), with an
oracle in a process of its own that costs nothing. Reported for an evaluation, beside oracle, asking and
cross-validation: wall time (true on an idle machine only), and processor time of the loop's thread, of the worker
with its start and its forks, and of the other threads, which is MLflow. A short campaign goes before, so that imports
and the making of MLflow's database are not counted; nor is what MLflow writes after the last event.
"""

import argparse
import io
import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
MODULE = """
def bowls(v):
    return {"a": (v["x"] - 0.3) ** 2 + v["y"], "b": (v["y"] - 0.7) ** 2 + v["x"]}
"""


def write_campaign(folder: Path, evaluations: int, optimizer: str, tracking: bool) -> Path:
    """The campaign file."""
    (folder / "bowls_for_overhead.py").write_text(MODULE)
    content = {
        "name": "overhead",
        "space": {"use": "parameters", "variables": {"x": {"low": 0, "high": 1}, "y": {"low": 0, "high": 1}}},
        "objectives": {"a": "minimize", "b": "minimize"},
        "oracles": [{"use": "python", "function": "bowls_for_overhead:bowls"}],
        "optimizers": [{"use": "sobol", "evaluations": 12}, {"use": optimizer}],
        "budget": {"evaluations": evaluations, "batch": 4},
        "tracking": {"uri": f"sqlite:///{folder / 'mlflow.db'}", "enabled": tracking},
    }
    path = folder / "overhead.yaml"
    path.write_text(json.dumps(content))
    return path


class Meter:
    """Wall and processor seconds of the calling thread spent in the functions it is put around."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0

    def around(self, module: object, name: str) -> None:
        """Replace a module's function by one that is measured."""
        inner = getattr(module, name)

        def measured(*arguments):
            wall, processor = time.perf_counter(), time.thread_time()
            try:
                return inner(*arguments)
            finally:
                self.wall += time.perf_counter() - wall
                self.processor += time.thread_time() - processor

        setattr(module, name, measured)


def measure(path: Path, run: Path, meter: Meter) -> dict[str, float]:
    """One campaign, in milliseconds an evaluation."""
    from eutectic.campaigns.campaign import Campaign
    from eutectic.campaigns.commands.progress import display
    from eutectic.campaigns.commands.watch import follow
    from eutectic.campaigns.tracking.follower import Tracker

    campaign = Campaign.from_yaml(path, run)
    meter.wall = meter.processor = 0.0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    tracker = Tracker(campaign.folder)
    wall, thread, process = time.perf_counter(), time.thread_time(), time.process_time()
    with display("overhead", False, io.StringIO()) as shown:
        ledger = follow(campaign, shown, tracker)
    wall, thread = time.perf_counter() - wall, time.thread_time() - thread
    process = time.process_time() - process
    campaign.close()
    worker = resource.getrusage(resource.RUSAGE_CHILDREN)
    tracker.close()
    each, oracle_s = 1000 / len(ledger.finished), sum(o.cost_s for o in ledger.outcomes)
    return {
        "wall_ms": each * (wall - meter.wall - oracle_s),
        "loop_thread_processor_ms": each * (thread - meter.processor),
        "worker_processor_ms": each * (worker.ru_utime + worker.ru_stime - before.ru_utime - before.ru_stime),
        "other_threads_processor_ms": each * (process - thread),
        "left_out_asking_and_tests_ms": each * meter.wall,
        "left_out_oracle_ms": each * oracle_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=60)
    parser.add_argument("--optimizer", default="bayesian")
    parser.add_argument("--tracking", choices=("on", "off"), default="on")
    options = parser.parse_args()
    from eutectic.campaigns.loop import asking, rounds

    folder = Path(tempfile.mkdtemp(prefix="overhead_"))
    meter = Meter()
    meter.around(asking, "propose_shared")
    meter.around(rounds, "diagnostics")
    for evaluations in (16, options.evaluations):
        path = write_campaign(folder, evaluations, options.optimizer, options.tracking == "on")
        found = measure(path, folder / f"run_{evaluations}", meter)
    shutil.rmtree(folder)
    for name, value in found.items():
        print(f"{name:30} {value:8.2f}")


if __name__ == "__main__":
    sys.path.insert(0, str(HOME))
    main()
