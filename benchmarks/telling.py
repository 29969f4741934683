"""This file is what telling and asking cost as a campaign grows, in CPU milliseconds.

Sizes are measured in turn, so that whatever else the machine does falls on all of them alike.

python benchmarks/telling.py [outcomes ...]    (100 1000 10000 by default; about two minutes)
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


def in_process(folders: Sequence[Path], ids: Sequence[Sequence[str]]) -> list[float]:
    """Median CPU ms of one telling within a process, the records folded once before; a size after the other in turn."""
    campaigns = [Campaign.open(folder / "run") for folder in folders]
    spans: list[list[float]] = [[] for _ in folders]
    for round_ids in zip(*ids, strict=True):
        for place, id in enumerate(round_ids):
            start = time.process_time()
            campaigns[place].tell(id, {"a": 0.5, "b": 0.5})
            spans[place].append(1000 * (time.process_time() - start))
    for campaign in campaigns:
        campaign.close()
    return [median(own[2:]) for own in spans]  # the first two look the candidate up, or fold


def asking(folders: Sequence[Path], use: str) -> list[float]:
    """Median CPU ms of asking for a batch within a process, each told before the next, a size after the other in turn.

    The records are folded once before. A round ends with every asking, so that its hypervolume is worked out, too.
    """
    campaigns = [Campaign.open(folder / "run") for folder in folders]
    spans: list[list[float]] = [[] for _ in folders]
    for campaign in campaigns:
        if use != campaign.problem.stages[0].name:
            campaign.change([f'optimizers=[{{"use": "{use}"}}]'])
    batches = [campaign.ask(BATCH) for campaign in campaigns]
    for _ in range(ASKINGS):
        for place, campaign in enumerate(campaigns):
            for outcome in batches[place]:
                campaign.tell(outcome.id, {"a": 0.5, "b": 0.5})
            start = time.process_time()
            batches[place] = campaign.ask(BATCH)
            spans[place].append(1000 * (time.process_time() - start))
    for campaign, batch in zip(campaigns, batches, strict=True):
        for outcome in batch:
            campaign.tell(outcome.id, {"a": 0.5, "b": 0.5})
        campaign.close()
    return [median(own) for own in spans]


def command(*words: str) -> float:
    """CPU ms of a whole command, the interpreter's start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "eutectic", *words], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def commands(folders: Sequence[Path], ids: Sequence[Sequence[str]]) -> tuple[list[float], list[float]]:
    """Median CPU ms of `campaign tell`, and of `campaign suggest` for a batch more than waits; sizes in turn."""
    told: list[list[float]] = [[] for _ in folders]
    suggested: list[list[float]] = [[] for _ in folders]
    for k, round_ids in enumerate(zip(*ids, strict=True)):
        for place, id in enumerate(round_ids):
            run = str(folders[place] / "run")
            told[place].append(command("tell", run, "--id", id, "a=0.5", "b=0.5"))
            waiting = len(ids[place]) - 1 - k + BATCH * k
            suggested[place].append(command("suggest", run, "-n", str(waiting + BATCH)))
    return [median(own) for own in told], [median(own) for own in suggested]


def main() -> None:
    """Print a row a size."""
    sizes = [int(word) for word in sys.argv[1:]] or [100, 1000, 10000]
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / str(n) for n in sizes]
        for folder in folders:
            folder.mkdir()
        ids = [grown(folder, n, TELLINGS + COMMANDS) for folder, n in zip(folders, sizes, strict=True)]
        columns = {"Campaign.tell": in_process(folders, [own[COMMANDS:] for own in ids])}
        columns["campaign tell"], columns["campaign suggest"] = commands(folders, [own[:COMMANDS] for own in ids])
        columns |= {f"ask, {use}": asking(folders, use) for use in OPTIMIZERS}
        print(f"{'outcomes':>9} {' '.join(f'{name:>16}' for name in columns)}   (CPU ms, medians)")
        for k, n in enumerate(sizes):
            print(f"{n:9} {' '.join(f'{spans[k]:16.2f}' for spans in columns.values())}", flush=True)


if __name__ == "__main__":
    main()
