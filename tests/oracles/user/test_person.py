import json
import sys

import numpy as np
import pytest

from eutectic.campaigns import cli
from eutectic.campaigns.campaign import Campaign
from eutectic.oracles.base import Candidate
from eutectic.oracles.user.person import Person
from tests.campaigns.trial_campaigns import write


def test_a_person_waits_and_is_never_called():
    oracle = Person(("hardness_gpa",), instructions="indent ten times")
    assert oracle.waits
    assert oracle.properties == ("hardness_gpa",)
    with pytest.raises(AssertionError, match="campaign tell"):
        oracle.evaluate([Candidate({"x": 1.0})], np.random.default_rng(0))


def test_a_person_is_asked_for_something_once():
    for properties in ((), ("y", "y")):
        with pytest.raises(ValueError, match="properties"):
            Person(properties)


def test_what_a_person_is_to_do_stands_where_the_campaign_asks(tmp_path, monkeypatch, capsys):
    lab = [{"name": "lab", "use": "person", "properties": ["a", "b"], "instructions": "indent ten times, 5 N"}]
    path = write(tmp_path, oracles=lab, budget={"evaluations": 2, "batch": 2})
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        asked = next(event.text for event in campaign.events() if event.kind == "waiting")
        ids = ", ".join(o.id for o in campaign.ledger.outcomes)
    assert asked == f"waiting for `campaign tell` of {ids}; lab: indent ten times, 5 N"

    def said(*words):
        monkeypatch.setattr(sys, "argv", ["campaign", "suggest", str(tmp_path / "run"), "-n", "2", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        return capsys.readouterr().out

    assert said().endswith("\nlab: indent ten times, 5 N\n")
    assert [row["instructions"] for row in json.loads(said("--format", "json"))] == [
        {"lab": "indent ten times, 5 N"}
    ] * 2
