"""This file is what telling and asking cost as a campaign grows, in CPU milliseconds.

python benchmarks/telling.py [outcomes ...]    (100 1000 10000 by default; about a minute)
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.progress import Plan, close
from eutectic.optimizers.spaces import region

BATCH = 4
TELLINGS = 40
COMMANDS = 5
ASKINGS = 15
OPTIMIZERS = ("sobol", "random", "nsga2")
"""Cheap ones, so that what else an asking costs is seen."""
CONTENT = {
    "name": "telling",
    "space": {"use": "composition", "elements": {"Cu": [0, 0.6], "Zn": [0, 0.6], "Sn": [0, 0.4]}},
    "objectives": {"a": {"goal": "maximize", "reference": 0}, "b": {"goal": "minimize", "reference": 1}},
    "oracles": [{"name": "bench", "use": "person", "properties": ["a", "b"]}],
    "optimizers": [{"use": "sobol"}],
    "budget": {"evaluations": 1_000_000, "batch": BATCH},
    "tracking": {"enabled": False},
}


def grown(folder: Path, n: int, pending: int) -> list[str]:
    """A campaign of n told outcomes and some pending ones, as its verbs would write it; the ids of the pending."""
    file = folder / "telling.yaml"
    file.write_text(json.dumps(CONTENT))
    rng = np.random.default_rng(0)
    with Campaign.from_yaml(file, folder / "run") as campaign:
        X = region.sample(campaign.problem.space, n + pending, rng)
        candidates = campaign.problem.generator.generate(X, rng)
        journal = campaign.logbook.journal
        with journal.transaction():
            for start in range(0, n + pending, BATCH):
                numbers = range(start + 1, min(start + BATCH, n + pending) + 1)
                journal.append(Draft("session", {"pid": None, "host": "ask"}))
                journal.append(Draft("asked", asked(start // BATCH, numbers, X, candidates)))
                journal.append(Draft("state", {"state": "stopped", "text": "asked by hand", "overhead_s": 0.0}))
                for number in numbers:
                    if number <= n:
                        values = {"a": float(rng.random()), "b": float(rng.random())}
                        journal.append(Draft("told", {"oracle": "bench", "values": values, "errors": {}}, number))
                        settled = {"status": "finished", "failure": "", "error": "", "told": True}
                        journal.append(Draft("settled", settled, number))
        plan = Plan(campaign.logbook.record)
        close(plan)  # the rounds that ended
        journal.write(*plan.drafts)
    return [candidate.id for candidate in candidates[n:]]


def asked(index: int, numbers: Sequence[int], X: np.ndarray, candidates: Sequence[object]) -> dict[str, object]:
    """The body of an `asked` event."""
    batch = {"index": index, "stage": 0, "optimizer": "sobol", "ask_s": 0.1, "state": {}, "notes": []}
    proposals = [
        {
            "number": number,
            "id": candidates[number - 1].id,
            "x": X[number - 1].tolist(),
            "candidate": candidates[number - 1].to_json(),
            "reason": {"proposer": "sobol"},
        }
        for number in numbers
    ]
    return {"batch": batch, "proposals": proposals}


def in_process(folder: Path, ids: Sequence[str]) -> float:
    """Median CPU ms of one telling within a process, the record folded once before."""
    spans = []
    with Campaign.open(folder / "run") as campaign:
        campaign.tell(ids[0], {"a": 0.5, "b": 0.5})
        campaign.tell(ids[1], {"a": 0.5, "b": 0.5})
        for id in ids[2:]:
            start = time.process_time()
            campaign.tell(id, {"a": 0.5, "b": 0.5})
            spans.append(1000 * (time.process_time() - start))
    return median(spans)


def whole_command(folder: Path, ids: Sequence[str]) -> float:
    """Median CPU ms of the whole command, the interpreter's start included."""
    spans = []
    for id in ids:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        words = ["-m", "eutectic", "tell", str(folder / "run"), "--id", id, "a=0.5", "b=0.5"]
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spans.append(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return median(spans)


def asking(folder: Path, use: str) -> float:
    """Median CPU ms of asking for a batch within a process, each told before the next; the record folded once before.

    A round ends with every asking, so that its hypervolume is worked out, too.
    """
    spans = []
    with Campaign.open(folder / "run") as campaign:
        if use != campaign.problem.stages[0].name:
            campaign.change([f'optimizers=[{{"use": "{use}"}}]'])
        batch = campaign.ask(BATCH)
        for _ in range(ASKINGS):
            for outcome in batch:
                campaign.tell(outcome.id, {"a": 0.5, "b": 0.5})
            start = time.process_time()
            batch = campaign.ask(BATCH)
            spans.append(1000 * (time.process_time() - start))
    return median(spans)


def command_of_asking(folder: Path) -> float:
    """CPU ms of the whole command that asks for more than waits, the interpreter's start and the fold included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ["-m", "eutectic", "suggest", str(folder / "run"), "-n", "4"]
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Print a row a size."""
    names = ("Campaign.tell", "campaign tell", "campaign suggest", *(f"ask, {use}" for use in OPTIMIZERS))
    print(f"{'outcomes':>9} {' '.join(f'{name:>16}' for name in names)}   (CPU ms, medians)")
    for n in [int(word) for word in sys.argv[1:]] or [100, 1000, 10000]:
        with tempfile.TemporaryDirectory() as place:
            ids = grown(Path(place), n, TELLINGS + COMMANDS)
            own = in_process(Path(place), ids[COMMANDS:])
            command = whole_command(Path(place), ids[:COMMANDS])
            by_command = command_of_asking(Path(place))
            by_hand = [asking(Path(place), use) for use in OPTIMIZERS]
            asked = " ".join(f"{span:16.1f}" for span in by_hand)
            print(f"{n:9} {own:16.2f} {command:16.0f} {by_command:16.0f} {asked}", flush=True)


if __name__ == "__main__":
    main()
