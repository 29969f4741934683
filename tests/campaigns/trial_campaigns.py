"""This file is small campaigns for tests: a module of functions beside a campaign file."""

import json
import textwrap
from pathlib import Path

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.file import examples
from eutectic.campaigns.record.outcomes import Ledger

MODULE = """
import ctypes, os, signal, sys, time
from pathlib import Path

HERE = Path(__file__).parent

def count(name):
    with open(HERE / name, "a") as file:
        file.write("x")

def bowls(v):
    count("calls")
    return {"a": (v["x"] - 0.3) ** 2 + v["y"], "b": (v["y"] - 0.7) ** 2 + v["x"]}

def noisy(v, rng):
    count("calls")
    return {"a": v["x"] + rng.normal(), "a_std": 1.0}

def slow(v):
    time.sleep(0.2)
    return bowls(v)

def sum_of(v, known):
    return {"b": known["a"] + 1.0}

def kill_worker_once(v):
    if not (HERE / "killed").exists():
        (HERE / "killed").touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(100)
    return bowls(v)

def fork(v):
    if os.fork() == 0:
        time.sleep(0.05)
    return {"a": 1.0}

def sleep(v):
    time.sleep(1000)

MOODS = [
    lambda v: {"a": 1.0},
    lambda v: 1 / 0,
    lambda v: {"a": float("nan")},
    lambda v: {"a": float("inf")},
    lambda v: "wrong",
    lambda v: {"b": 1.0},
    lambda v: (print("x" * 5_000_000), {"a": 2.0})[1],
    fork,
    sleep,
    lambda v: os.kill(os.getpid(), signal.SIGKILL),
    lambda v: os._exit(0),
    lambda v: sys.exit("bye"),
    lambda v: ctypes.string_at(0),
    lambda v: {"a": 1e6},
]

def moody(v):
    return MOODS[int(v["mood"])](v)
"""
MOODS = 14


def write(folder, **sections):
    """A campaign file in `folder`, sections as given over those of a two-objective trial; its path."""
    content = {
        "name": "trial",
        "seed": 3,
        "space": {"use": "parameters", "variables": {"x": {"low": 0, "high": 1}, "y": {"low": 0, "high": 1}}},
        "objectives": {"a": "minimize", "b": "minimize"},
        "oracles": [{"use": "python", "function": "trial:bowls"}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 8, "batch": 4},
        **sections,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trial.py").write_text(textwrap.dedent(MODULE))
    path = folder / "trial.yaml"
    path.write_text(json.dumps(content))
    return path


def run_example(name: str, folder: Path, *overrides: str) -> Ledger:
    """What a bundled example, written out and run to its end, has recorded."""
    path = examples.write(name, folder)[0]
    with Campaign.from_yaml(path, folder / "run", ["tracking.enabled=false", *overrides]) as campaign:
        for _ in campaign.rounds():
            pass
        return campaign.ledger


def calls(folder):
    """How often the functions that count were called."""
    path = folder / "calls"
    return len(path.read_text()) if path.exists() else 0


def proposals(ledger):
    """What was proposed, in order, and what came of it."""
    return [(o.number, o.round, o.x, o.id, o.status, dict(o.values), o.neighbour) for o in ledger.outcomes]
