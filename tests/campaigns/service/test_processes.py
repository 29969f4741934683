"""Campaigns that compute run beside the service, not inside it: its death ends none, and the next one finds them."""

import os
import random
import re
import signal
import time

import pytest
import requests

from benchmarks import service_kills
from eutectic.campaigns.client import Client
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file import plugins
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.record.lock import in_use
from eutectic.campaigns.service.files import CODE_OPTIONS, CODE_PARTS
from tests.campaigns.service.services import Process, computed, file, measured, served, with_data


def until(condition, seconds=180.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.1)


def test_two_campaigns_run_one_after_the_other_and_a_third_is_led_by_hand_meanwhile(tmp_path):
    folder = tmp_path / "runs"
    with_data(folder)
    with served(folder, allowed=["python"]) as (url, tokens):
        client = Client(url, tokens["operate"])
        client.create(computed("one"), start=True)
        assert client.create(computed("two"), start=True)["process"] == "queued"
        client.create(file("hand"))
        sample = client.suggest("hand")[0]
        assert client.tell("hand", sample["id"], measured(sample))["status"] == "finished"
        until(lambda: client.status("two")["state"] == "done")
        assert client.status("one")["evaluations"]["done"] == 6
        text = requests.get(f"{url}/metrics", headers={"authorization": f"Bearer {tokens['read']}"}).text
        assert 'route="/v1/campaigns/{name}/observations",status="200"' in text
    sessions = [read_ledger(folder / name).outcomes for name in ("one", "two")]
    assert [o.variables for o in sessions[0]] == [o.variables for o in sessions[1]]


def test_the_death_of_the_service_stops_no_campaign_and_the_next_one_finds_it(tmp_path):
    folder = tmp_path / "runs"
    with_data(folder)
    with Process(folder, "--allow", "python") as process:
        client = process.client()
        client.create(computed("long", 200), start=True)
        until(lambda: client.status("long")["evaluations"]["done"] > 0)
        process.kill()
        before = len(read_ledger(folder / "long").finished)
        assert in_use(folder / "long")
        until(lambda: len(read_ledger(folder / "long").finished) > before)
        process.start()
        assert client.status("long")["process"] == "running"
        assert "finished first" in client.stop("long")["text"]
        until(lambda: client.status("long")["state"] == "stopped")
        assert client.status("long")["process"] == ""
        os.kill(_run(client, folder), signal.SIGKILL)
        until(lambda: client.status("long")["process"] == "running")
        client.stop("long")
        until(lambda: not in_use(folder / "long"))
    outcomes = read_ledger(folder / "long").outcomes
    assert [o.number for o in outcomes] == [*range(1, len(outcomes) + 1)]


def test_people_and_programs_share_a_campaign_over_http(tmp_path):
    folder = tmp_path / "runs"
    with_data(folder)
    (folder / "data" / "half.py").write_text("def only_b(v):\n    return {'b': v['y']}\n")
    oracles = [
        {"name": "bench", "use": "person", "properties": ["a"]},
        {"name": "model", "use": "python", "function": "half:only_b", "properties": ["b"]},
    ]
    with served(folder, allowed=["python"]) as (url, tokens):
        client = Client(url, tokens["operate"])
        client.create(file("mixed", oracles=oracles, budget={"evaluations": 4, "batch": 2}), start=True)

        def done():
            for sample in client.suggest("mixed", 3, "ann"):
                client.tell("mixed", sample["id"], {"a": sample["variables"]["x"]})
            return client.status("mixed")["state"] == "done"

        until(done)
        outcomes = client.observations("mixed")
        until(lambda: not client.status("mixed")["process"])
    assert [o["values"] for o in outcomes] == [{"a": o["variables"]["x"], "b": o["variables"]["y"]} for o in outcomes]
    assert len(outcomes) == 4


def _run(client, folder):
    """Start it again; the id of its process."""
    client.start("long")
    until(lambda: in_use(folder / "long"))
    return int((folder / "long" / "lock").read_text().split()[0])


@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_the_service_killed_at_any_moment_loses_and_invents_nothing(tmp_path, kills):
    rng = random.Random(kills)
    with Process(tmp_path / "runs") as process:
        client = process.client(patience_s=60)
        client.create(file(budget={"evaluations": 10_000, "batch": 2}))
        told = {}
        for k in range(kills):
            deadline = time.monotonic() + 0.3 * rng.random()
            while time.monotonic() < deadline:
                sample = client.suggest("solder", 1, "robot")[0]
                assert sample["id"] not in told
                client.tell("solder", sample["id"], measured(sample))
                told[sample["id"]] = measured(sample)
            held = client.suggest("solder", 2, f"robot {k}")
            process.kill()
            process.start()
            assert [s["id"] for s in client.suggest("solder", 2, f"robot {k}")] == [s["id"] for s in held]
            for sample in held:
                client.give_back("solder", sample["id"])
        outcomes = client.observations("solder")
    finished = {o["id"]: o["values"] for o in outcomes if o["status"] == "finished"}
    assert finished == told
    assert all(len(o["measurements"]) == 1 for o in outcomes if o["status"] == "finished")


@pytest.mark.parametrize("kills", [4, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(14_400)])])
def test_kills_of_service_child_campaigns_workers_and_evaluations_lose_and_double_nothing(tmp_path, kills):
    tally = service_kills.run(kills, seed=kills, home=tmp_path)
    assert tally.faults == []
    assert tally.killed.total() == kills


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"oracles": [{"use": "python", "function": "os:system", "properties": ["a", "b"]}]}, "runs code"),
        ({"oracles": [{"use": "command", "run": ["rm", "-rf"]}]}, "runs code"),
        ({"oracles": [{"use": "mlip", "python": "/usr/bin/python"}]}, "`python` can run code"),
        ({"oracles": [{"use": "mlip", "trust_model": True}]}, "`trust_model` can run code"),
        ({"space": {"use": "latent", "codec": "mine:build"}}, "`codec` can run code"),
        (
            {"oracles": [{"use": "table", "file": "/etc/passwd", "properties": ["a"]}]},
            "out of the service's data folder",
        ),
        ({"oracles": [{"use": "table", "file": "../x.csv", "properties": ["a"]}]}, "out of the service's data folder"),
        ({"history": {"file": "~/x.csv"}}, "out of the service's data folder"),
        ({"cache": "https://evil.example/x"}, "another place"),
        ({"tracking": {"uri": "postgresql://u:secret@db/x"}}, "the service's to say"),
        ({"executor": {"use": "dask"}}, "runs evaluations elsewhere"),
        ({"objectives": {"a": "maximise"}}, "did you mean"),
        ({"name": "../up"}, "letters, digits"),
        ({"name": "data"}, "the campaigns' data"),
    ],
)
def test_a_file_that_does_more_than_it_should_is_refused_with_its_place(shelf, change, words):
    client, folder = shelf
    with pytest.raises(CampaignFileError) as raised:
        client.create({**file("refused"), **change})
    assert any(words in c.message for c in raised.value.complaints), str(raised.value)
    assert all(c.place.startswith("campaign.yaml") for c in raised.value.complaints)
    assert str(folder) not in str(raised.value)
    assert not (folder / "refused").exists()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf") / "runs"
    with served(folder) as (url, tokens):
        yield Client(url, tokens["operate"]), folder


def test_every_part_that_can_run_what_a_file_names_is_refused():
    """A part or option that comes later is to be thought of here."""
    running = re.compile(
        r"run|command|python|program|mpi|executable|interpreter|script|shell|function|trust_model|codec"
    )
    found = {
        (name, option.name)
        for kind, table in plugins.KINDS.items()
        for name in table
        for option in plugins.manual(kind, name)
        if kind not in ("surrogates", "representations", "executors") and running.fullmatch(option.name)
    }
    assert {name for name, option in found if name not in CODE_PARTS and option not in CODE_OPTIONS} == set()
    assert {"python", "call", "command", "program", "mattergen", "dft", "mlip"} <= {name for name, _ in found}
