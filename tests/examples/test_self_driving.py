"""The self-driving examples: an instrument over HTTP, an agent over MCP, IvoryOS's optimizer."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from eutectic.campaigns.client import Client
from tests.campaigns.service.services import ROOT, served

HERE = ROOT / "examples" / "self_driving"


def module(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def ran(*words):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *map(str, words)], env=environment, capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_an_instrument_in_another_process_meets_a_target_over_http(tmp_path):
    with served(tmp_path / "runs") as (url, tokens):
        lines = ran(HERE / "instrument.py", f"{url}/?token={tokens['operate']}", "--target", "40")
        client = Client(url, tokens["read"])
        made = [o for o in client.observations("self_driving") if o["status"] in ("finished", "failed")]
        assert lines[-1].startswith(f"met 40 % with {len(made)} samples")
        assert {o["measurements"][0]["by"] for o in made if o["measurements"]} == {"operate"}


def test_an_agent_meets_it_by_tools(tmp_path):
    pytest.importorskip("mcp", reason="mcp is not installed")
    lines = ran(HERE / "agent.py", tmp_path / "runs", "--target", "40")
    assert lines[-1].startswith("met 40 %")


def test_ivoryos_optimizer_suggests_observes_and_takes_existing_data(tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas")
    assert len((HERE / "ivoryos_optimizer.py").read_text().splitlines()) <= 60
    with served(tmp_path / "runs") as (url, tokens):
        monkeypatch.setenv("EUTECTIC_URL", url)
        monkeypatch.setenv("EUTECTIC_TOKEN", tokens["operate"])
        space = [
            {"name": "heat", "type": "range", "bounds": [1.0, 2.0], "value_type": "float"},
            {"name": "cycles", "type": "range", "bounds": [1, 9], "value_type": "int"},
            {"name": "gas", "type": "choice", "bounds": ["air", "argon"], "value_type": "str"},
        ]
        goals = [{"name": "mass_g", "minimize": True, "weight": 1}]
        optimizer = module("ivoryos_optimizer").EutecticOptimizer("ivory", space, goals)
        optimizer.append_existing_data(pandas.DataFrame([{"heat": 1.5, "cycles": 3, "gas": "air", "mass_g": 2.5}]))
        samples = optimizer.suggest(2)
        assert [set(sample) for sample in samples] == [{"heat", "cycles", "gas"}] * 2
        optimizer.observe([{"mass_g": 1.25}, {}])
        fates = {o["number"]: (o["status"], json.dumps(o["values"])) for o in optimizer.client.observations("ivory")}
    assert fates[None] == ("finished", '{"mass_g": 2.5}')
    assert fates[1] == ("finished", '{"mass_g": 1.25}')
    assert fates[2][0] == "failed"
