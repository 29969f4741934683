"""The service's log: each answer with its request, campaign and candidates."""

import json
import logging

from eutectic.campaigns.client import Client
from eutectic.campaigns.service.logs import JsonLines
from tests.campaigns.service.services import file, measured, served


def test_what_concerns_a_candidate_is_logged_with_its_id(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="eutectic.service")
    with served(tmp_path / "runs") as (url, tokens):
        client = Client(url, tokens["operate"])
        client.create(file())
        samples = client.suggest("solder", 2, "bench")
        client.tell("solder", samples[0]["id"], measured(samples[0]))
        client.note("solder", str(samples[0]["number"]), "a crack", by="Eva")
        client.give_back("solder", samples[1]["id"])
        looking_on = client.events("solder")
        assert next(looking_on)["seq"] == 1  # still there when the service ends
    lines = [json.loads(JsonLines().format(r)) for r in caplog.records if r.getMessage() == "answered"]
    seen = {(line["method"], line["path"].rpartition("/")[2]): line for line in lines}
    first, second = (sample["id"] for sample in samples)
    assert seen["POST", "suggestions"]["evaluation"] == f"{first} {second}"
    assert seen["POST", "observations"]["evaluation"] == first
    assert seen["POST", "notes"]["evaluation"] == first
    assert seen["DELETE", second]["evaluation"] == second
    assert all(line["campaign"] == "solder" for line in lines if "evaluation" in line)
    assert "evaluation" not in seen["POST", "campaigns"]
    assert [r.getMessage() for r in caplog.records if r.levelno > logging.INFO] == []
