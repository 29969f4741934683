"""This file is the kill test: SIGKILL at random moments, resume, and a comparison with the run that nobody disturbed.

Run it: `python benchmarks/kills.py [--kills 30] [--optimizer bayesian] [--seed 0]`.

Compared: (1) after every kill, each event the journal held stands unchanged at the same place after the next session;
(2) no outcome is settled twice and no evaluation finished twice; (3) the sequence of proposals, with values and
neighbours, equals that of the uninterrupted run with the same seed, evaluated one at a time; (4) the hypervolumes too.
Every session imports the code anew: an edit of an optimizer while this runs shows as a difference.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
MODULE = """
import time
def bowls(v, rng):
    time.sleep(0.02)
    if v["x"] > 0.9:
        raise ValueError("too far")
    return {"a": (v["x"] - 0.3) ** 2 + v["y"] + 0.01 * rng.normal(), "b": (v["y"] - 0.7) ** 2 + v["x"]}
"""
RUNNER = """
import sys
from eutectic.campaigns.campaign import Campaign
file, folder, fresh = sys.argv[1:]
with (Campaign.from_yaml(file, folder) if fresh == "yes" else Campaign.open(folder)) as campaign:
    for event in campaign.events():
        print(event.kind, flush=True)
"""


@dataclass
class Tally:
    """What a kill test found."""

    kills: int = 0
    campaigns: int = 0
    evaluations: int = 0
    rerun: int = 0
    """Evaluations that were in flight when the process was killed, and ran again."""
    interrupted: Counter = field(default_factory=Counter)
    """Kills by the last event before them."""
    faults: list[str] = field(default_factory=list)


def write_campaign(folder: Path, seed: int, evaluations: int, optimizer: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bowls_for_kills.py").write_text(MODULE)
    stages = [{"use": "sobol", "evaluations": 6}, {"use": optimizer}] if optimizer != "sobol" else [{"use": "sobol"}]
    content = {
        "name": "kills",
        "seed": seed,
        "space": {"use": "parameters", "variables": {"x": {"low": 0, "high": 1}, "y": {"low": 0, "high": 1}}},
        "objectives": {"a": "minimize", "b": "minimize"},
        "oracles": [{"use": "python", "function": "bowls_for_kills:bowls"}],
        "optimizers": stages,
        "budget": {"evaluations": evaluations, "batch": 3},
    }
    path = folder / "kills.yaml"
    path.write_text(json.dumps(content))
    return path


def start(path: Path, folder: Path, fresh: bool) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(HOME), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", RUNNER, str(path), str(folder), "yes" if fresh else "no"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def session(path: Path, folder: Path, fresh: bool, chance: random.Random | None) -> tuple[str, bool]:
    """One process; killed at a random moment unless `chance` is None. Its last event, and whether it was killed."""
    with start(path, folder, fresh) as process:
        assert process.stdout is not None
        patience, last = chance.randrange(12) if chance else None, "nothing"
        while patience is None or patience > 0:
            line = process.stdout.readline().strip()
            if not line:
                break
            last, patience = line, None if patience is None else patience - 1
        if chance is None or last == "done":
            process.wait()
            assert last == "done", f"{last}: exit code {process.returncode}"
            return last, False
        time.sleep(chance.uniform(0.0, 0.06 if last != "round" else 0.6))
        process.kill()
        return last, process.wait() != 0


def entries(folder: Path) -> list:
    from eutectic.campaigns.record.journal import Journal

    journal = Journal.open(folder)
    try:
        return journal.since()
    finally:
        journal.close()


def proposals(folder: Path) -> list:
    from eutectic.campaigns.record.ledger import read_ledger

    ledger = read_ledger(folder)
    told = [(o.number, o.round, o.x, o.status, dict(o.values), o.neighbour, o.reason.mean) for o in ledger.outcomes]
    return [*told, *((r.index, r.hypervolume) for r in ledger.rounds)]


def doubled(events: list) -> list[str]:
    """Outcomes that were settled, or evaluated for good, more than once."""
    settled = Counter(e.number for e in events if e.kind == "settled")
    ended = Counter(e.number for e in events if e.kind == "evaluated" and not e.body["again"])
    return [f"outcome {n} ended {k} times" for counts in (settled, ended) for n, k in counts.items() if k > 1]


def disturb(path: Path, folder: Path, chance: random.Random, tally: Tally, most: int) -> None:
    """Run a campaign to its end through kills, at most `most` of them, and compare what the journal keeps."""
    kept: list = []
    while True:
        fresh = not (folder / "journal.sqlite").exists()
        last, killed = session(path, folder, fresh, chance if tally.kills < most else None)
        if killed:
            tally.kills += 1
            tally.interrupted[last] += 1
        if not (folder / "journal.sqlite").exists():
            continue
        events = entries(folder)
        if events[: len(kept)] != kept:
            tally.faults.append(f"kill {tally.kills}: the journal lost or changed an event")
        kept = events
        if events and events[-1].kind == "state" and events[-1].body["state"] == "done":
            break
    tally.faults += doubled(kept)
    starts = Counter(e.number for e in kept if e.kind == "started")
    tally.rerun += sum(starts.values()) - len(starts)


def compare(kills: int, evaluations: int, optimizer: str, seed: int, home: Path) -> Tally:
    """As many campaigns as the kills take, each beside its undisturbed twin."""
    tally, chance = Tally(), random.Random(seed)
    while tally.kills < kills:
        base = home / f"campaign_{tally.campaigns}"
        path = write_campaign(base, seed + tally.campaigns, evaluations, optimizer)
        session(path, base / "undisturbed", True, None)
        disturb(path, base / "killed", chance, tally, kills)
        one, other = proposals(base / "undisturbed"), proposals(base / "killed")
        tally.faults += [f"differs: {a} from {b}" for a, b in zip(one, other, strict=False) if a != b][:3]
        if len(one) != len(other):
            tally.faults.append(f"{len(other)} rows where the undisturbed run has {len(one)}")
        tally.campaigns += 1
        tally.evaluations += evaluations
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--evaluations", type=int, default=45)
    parser.add_argument("--optimizer", default="bayesian")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="kills_"))
    begun = time.monotonic()
    tally = compare(options.kills, options.evaluations, options.optimizer, options.seed, home)
    shutil.rmtree(home)
    print(
        f"{tally.kills} kills in {tally.campaigns} campaigns of {options.evaluations} evaluations ({options.optimizer})"
    )
    print(f"last event before the kill: {dict(tally.interrupted.most_common())}")
    print(f"in flight and run again: {tally.rerun}")
    print(f"{tally.evaluations} proposals compared with an undisturbed run's; faults: {tally.faults or 'none'}")
    print(f"{time.monotonic() - begun:.0f} s")
    sys.exit(1 if tally.faults else 0)


if __name__ == "__main__":
    sys.path.insert(0, str(HOME))
    main()
