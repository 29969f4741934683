"""This file is the service under SIGKILLs: itself, its child, campaigns' processes, their workers; all in one run.

Run it: `python benchmarks/service_kills.py [--kills 200] [--seed 1]`.

A real `campaign serve` has two computed campaigns of one seed (two workers each) and one led by hand, of which four
clients hold two samples each and tell without end. At random moments a random one of these processes is killed: the
service (started anew at once), its child that proposes, a campaign's process, a worker of it, an evaluation.

Looked at: (1) no event that a journal held is gone or changed after any kill; (2) each evaluation is recorded once,
none that no process computed, and no more crashed than were killed; (3) both computed campaigns propose the same;
(4) what clients told stands in the record once each, by who told it, and nothing else; (5) who held samples is given
these when asking again, and nobody else is.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from eutectic.campaigns.client import Client
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.record.journal import Entry, Journal
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.record.lock import in_use
from tests.campaigns.service.services import Process, file, measured

COMPUTED, BY_HAND = ("one", "two"), "hand"
CLIENTS = 4
VICTIMS = ("service", "child", "campaign", "worker", "evaluation")
LONGEST_S = 3.0
"""Between two kills, beside the time that what was killed needs to come back."""
PATIENCE_S = 3600.0
"""Seconds for which something that was killed may be away."""
MODULE = """
import json
import os
import time
from pathlib import Path

CALLS = Path(__file__).with_name("calls")

def bowls(v):
    time.sleep(0.3)
    said = {"a": (v["x"] - 0.3) ** 2 + v["y"], "b": (v["y"] - 0.7) ** 2 + v["x"]}
    with CALLS.open("a") as file:
        file.write(json.dumps([v["x"], v["y"], said["a"], said["b"]]) + "\\n")
    return said
"""


@dataclass
class Tally:
    """What a run found."""

    killed: Counter[str] = field(default_factory=Counter)
    evaluations: int = 0
    rerun: int = 0
    """Evaluations that were begun again after a kill."""
    told: int = 0
    leases: int = 0
    """Samples that clients held across a kill of the service, its child or a campaign."""
    restarted: int = 0
    """Times that a campaign, left alone after three quick deaths, was started by hand."""
    faults: list[str] = field(default_factory=list)


class Clients:
    """Four who hold two samples each and tell the first of them, again and again."""

    def __init__(self, process: Process, tally: Tally) -> None:
        self.told: dict[str, tuple[dict[str, float], str]] = {}
        self.owners: dict[str, str] = {}
        self.kills = 0
        self._process, self._tally = process, tally
        self._lock, self._over = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(f"robot {k}",)) for k in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Have them finish what they do."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, holder: str) -> None:
        try:
            self._measure(holder)
        except Exception as error:
            self._tally.faults.append(f"{holder} gave up: {error!r}")
            raise

    def _measure(self, holder: str) -> None:
        client, mine, seen = self._process.client(timeout_s=PATIENCE_S, patience_s=PATIENCE_S), list[str](), 0
        while not self._over.is_set():
            samples = again(partial(client.suggest, BY_HAND, 2, holder))
            ids = [sample["id"] for sample in samples]
            with self._lock:
                if lost := [id for id in mine if id not in ids]:
                    self._tally.faults.append(f"{holder} lost the samples {lost}")
                for id in ids:
                    if self.owners.setdefault(id, holder) != holder:
                        self._tally.faults.append(f"sample {id} of {self.owners[id]} was given to {holder}, too")
                self._tally.leases += len(mine) if self.kills > seen else 0
                seen = self.kills
            if samples:
                id, values = samples[0]["id"], measured(samples[0])
                again(partial(client.tell, BY_HAND, id, values, by=holder))
                with self._lock:
                    self.told[id] = (values, f"{holder} (operator)")
            mine = ids[1:]
            time.sleep(0.3)


def again(act: Callable[[], list[dict] | dict]) -> list[dict]:
    """What a verb gives; asked again where the service says that a process of its own died meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            answer = act()
            return answer if isinstance(answer, list) else [answer]
        except (CampaignFileError, CampaignFolderError) as error:
            if "ask again" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def victim(kind: str, process: Process, rng: random.Random) -> psutil.Process | None:
    """A process of this kind that runs just now."""
    service = psutil.Process(process.process.pid)
    leaders = [leader for name in COMPUTED if (leader := leader_of(process.folder / name)) is not None]
    with suppress(psutil.NoSuchProcess):
        if kind == "service":
            return service
        if kind == "child":
            found = [child for child in service.children() if "proposing" in " ".join(child.cmdline())]
        elif kind == "campaign":
            found = leaders
        else:
            found = [worker for leader in leaders for worker in leader.children()]
        if kind == "evaluation":
            found = [evaluation for worker in found for evaluation in worker.children()]
        return rng.choice(found) if found else None
    return None


def leader_of(folder: Path) -> psutil.Process | None:
    """The process that runs a campaign."""
    with suppress(OSError, IndexError, ValueError, psutil.NoSuchProcess):
        return psutil.Process(int((folder / "lock").read_text().split()[0])) if in_use(folder) else None
    return None


def disturb(process: Process, clients: Clients, kills: int, rng: random.Random, tally: Tally) -> None:
    """Kill one after the other, each at a random moment, and compare what the journals kept."""
    kept: dict[str, list[Entry]] = {}
    for _ in range(kills):
        kind = rng.choice(VICTIMS)
        deadline = time.monotonic() + PATIENCE_S
        while (found := victim(kind, process, rng)) is None:
            assert time.monotonic() < deadline, f"no {kind} came back"
            revive(process, tally)
            time.sleep(0.1)
        time.sleep(rng.uniform(0.0, LONGEST_S))
        if not found.is_running():  # an evaluation that ended meanwhile
            found = victim(kind, process, rng) or found
        with suppress(psutil.NoSuchProcess):
            found.kill()
        tally.killed[kind] += 1
        if kind == "service":
            process.kill()
            process.start()
        clients.kills += kind in ("service", "child", "campaign")
        for name in (*COMPUTED, BY_HAND):
            events = entries(process.folder / name)
            if events[: len(kept.get(name, []))] != kept.get(name, []):
                tally.faults.append(f"kill {tally.killed.total()}: the journal of {name} lost or changed an event")
            kept[name] = events
        if tally.killed.total() % 10 == 0:
            print(f"{tally.killed.total()} kills, faults: {tally.faults or 'none so far'}", file=sys.stderr, flush=True)


def revive(process: Process, tally: Tally) -> None:
    """Start, as an operator would, what the service leaves alone since it died three times in short order."""
    client = process.client(timeout_s=PATIENCE_S, patience_s=PATIENCE_S)
    for name in COMPUTED:
        if client.status(name)["process"].startswith("failed"):
            client.start(name)
            tally.restarted += 1


def entries(folder: Path) -> list[Entry]:
    """All events of a journal."""
    journal = Journal.open(folder)
    try:
        return journal.since()
    finally:
        journal.close()


def compare_computed(folder: Path, tally: Tally) -> None:
    """Each evaluation once, none that nobody computed, the same proposals in both campaigns."""
    calls = {tuple(json.loads(line)) for line in (folder / "data" / "calls").read_text().splitlines()}
    proposals, crashed = [], 0
    for name in COMPUTED:
        ledger, events = read_ledger(folder / name), entries(folder / name)
        for kind, ends in (("settled", True), ("evaluated", False)):
            counts = Counter(e.number for e in events if e.kind == kind and (ends or not e.body["again"]))
            tally.faults += [f"{name}: {number} was {kind} {k} times" for number, k in counts.items() if k > 1]
        starts = Counter(e.number for e in events if e.kind == "started")
        tally.rerun += starts.total() - len(starts)
        tally.evaluations += len(ledger.finished)
        for o in ledger.outcomes:
            if o.status == "finished" and (*o.x, o.values["a"], o.values["b"]) not in calls:
                tally.faults.append(f"{name}: nobody computed {o!r}")
        crashed += sum(o.failure == "crash" for o in ledger.outcomes)
        tally.faults += [f"{name}: {o!r}" for o in ledger.outcomes if o.failure not in ("", "crash")]
        if [o.number for o in ledger.outcomes] != [*range(1, len(ledger.outcomes) + 1)]:
            tally.faults.append(f"{name}: numbers are missing")
        proposals.append([o.x for o in ledger.outcomes])
    if crashed > tally.killed["evaluation"]:
        tally.faults.append(f"{crashed} evaluations crashed, {tally.killed['evaluation']} were killed")
    if any(one != other for one, other in zip(*proposals, strict=False)):
        tally.faults.append("campaigns of one seed propose differently")


def compare_told(client: Client, clients: Clients, tally: Tally) -> None:
    """What was told, once each, by who told it, and nothing else."""
    finished = [o for o in client.observations(BY_HAND) if o["status"] == "finished"]
    recorded = {o["id"]: (o["values"], o["measurements"][0]["by"]) for o in finished}
    tally.told = len(clients.told)
    tally.faults += [f"told and lost or changed: {id}" for id, s in clients.told.items() if recorded.get(id) != s]
    tally.faults += [f"nobody told {id}" for id in recorded if id not in clients.told]
    tally.faults += [f"{o['id']} has {len(o['measurements'])} results" for o in finished if len(o["measurements"]) != 1]


def run(kills: int, seed: int, home: Path) -> Tally:
    """A service with its campaigns and clients through so many kills."""
    tally, rng, folder = Tally(), random.Random(seed), home / "runs"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "bowls_computed.py").write_text(MODULE)
    oracles = [{"use": "python", "function": "bowls_computed:bowls", "properties": ["a", "b"]}]
    sections = {"budget": {"evaluations": 100_000, "batch": 4}, "executor": {"workers": 2, "retries": 20}}
    with Process(folder, "--allow", "python", "--at-once", "2", "--log-level", "WARNING") as process:
        client = process.client(timeout_s=PATIENCE_S, patience_s=PATIENCE_S)
        for name in COMPUTED:
            client.create(file(name, seed=seed, oracles=oracles, **sections), start=True)
        client.create(file(BY_HAND, seed=seed, budget={"evaluations": 100_000, "batch": 2}))
        clients = Clients(process, tally)
        try:
            disturb(process, clients, kills, rng, tally)
        finally:
            clients.end()
        end(process, client)
        compare_told(client, clients, tally)
    compare_computed(folder, tally)
    return tally


def end(process: Process, client: Client) -> None:
    """Stop the computed campaigns, and wait until nothing runs."""
    for name in COMPUTED:
        client.stop(name)
    deadline = time.monotonic() + PATIENCE_S
    while any(in_use(process.folder / name) or client.status(name)["process"] for name in COMPUTED):
        assert time.monotonic() < deadline, "a campaign does not stop"
        time.sleep(0.2)


def main() -> None:
    """Run it and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="service_kills_") as home:
        tally = run(given.kills, given.seed, Path(home))
    print(f"{tally.killed.total()} kills: {dict(tally.killed)}; {time.monotonic() - start:.0f} s (seed {given.seed})")
    print(f"computed: {tally.evaluations} evaluations recorded, {tally.rerun} begun again after a kill")
    print(f"by hand: {tally.told} results told; {tally.leases} samples held across a kill")
    print(f"campaigns left alone after three quick deaths and started by hand: {tally.restarted}")
    print(f"faults: {tally.faults or 'none'}")
    sys.exit(1 if tally.faults else 0)


if __name__ == "__main__":
    main()
