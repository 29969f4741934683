import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.execution.cache import KEPT, Cache
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build
from eutectic.oracles.base import Evaluation
from tests.campaigns.trial_campaigns import calls, proposals, write


def run(path, folder):
    with Campaign.from_yaml(path, folder) as campaign:
        list(campaign.events())
        return campaign.ledger


def test_what_one_campaign_computed_none_computes_again(tmp_path):
    path = write(tmp_path, cache="shared/cache.sqlite")
    one = run(path, tmp_path / "one")
    other = run(path, tmp_path / "other")
    assert calls(tmp_path) == 8
    assert proposals(one) == proposals(other)
    marks = [o.evaluations[0].provenance for o in other.outcomes]
    assert {mark["reused_from"] for mark in marks} == {str(tmp_path / "one")}
    assert all(o.cost_s == 0 for o in other.outcomes)
    assert all("reused" not in o.evaluations[0].provenance for o in one.outcomes)


def test_another_seed_or_other_settings_are_another_evaluation(tmp_path):
    run(write(tmp_path, cache="cache.sqlite"), tmp_path / "one")
    run(write(tmp_path, cache="cache.sqlite", seed=4), tmp_path / "two")
    assert calls(tmp_path) == 16
    oracle = {"use": "python", "function": "trial:slow"}
    run(write(tmp_path, cache="cache.sqlite", oracles=[oracle], budget={"evaluations": 1}), tmp_path / "three")
    assert calls(tmp_path) == 17


@pytest.mark.parametrize("failure", ["infrastructure", "timeout", "memory", "crash", "error"])
def test_failures_that_may_be_the_machines_are_not_kept(tmp_path, failure):
    cache = Cache(tmp_path / "c.sqlite", "one")
    cache.put("id", "settings", [1, 2], Evaluation("id", "md", status="failed", failure=failure))
    assert cache.get("id", "settings", [1, 2]) is None
    cache.close()


@pytest.mark.parametrize("failure", sorted(KEPT))
def test_what_would_come_again_anywhere_is_kept(tmp_path, failure):
    said = Evaluation("id", "md", {"a": 0.1}, failure=failure, cost_s=3.0, provenance={"engine": "x"})
    cache = Cache(tmp_path / "c.sqlite", "one")
    cache.put("id", "settings", [1, 2], said)
    cache.close()
    again = Cache(tmp_path / "c.sqlite", "two")
    known = again.get("id", "settings", [1, 2])
    assert (known.values, known.failure, known.cost_s) == ({"a": 0.1}, failure, 0.0)
    assert known.provenance == {"engine": "x", "reused": 1, "reused_from": "one"}
    assert again.get("id", "settings", [1, 3]) is None
    assert again.get("id", "other", [1, 2]) is None
    again.close()


def test_what_was_reused_is_kept_under_no_other_name(tmp_path):
    cache = Cache(tmp_path / "c.sqlite", "second")
    cache.put("id", "settings", [1], Evaluation("id", "md", {"a": 0.1}, provenance={"reused": 1}))
    assert cache.get("id", "settings", [1]) is None  # whoever computed it keeps it
    cache.close()


def test_who_was_first_stays(tmp_path):
    for name, value in (("one", 0.1), ("two", 0.2)):
        cache = Cache(tmp_path / "c.sqlite", name)
        cache.put("id", "settings", [1], Evaluation("id", "md", {"a": value}))
        known = cache.get("id", "settings", [1])
        assert (known.values, known.provenance["reused_from"]) == ({"a": 0.1}, "one")
        cache.close()


def test_two_processes_may_write_at_once(tmp_path):
    def fill(name):
        cache = Cache(tmp_path / "c.sqlite", name)
        for k in range(40):
            cache.put(str(k), "settings", [k], Evaluation(str(k), "md", {"a": float(k)}))
        cache.close()

    threads = [threading.Thread(target=fill, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sqlite3.connect(tmp_path / "c.sqlite").execute("SELECT count(*) FROM evaluations").fetchone() == (40,)


def test_processes_that_make_one_cache_at_once_wait_for_each_other(tmp_path):
    def make(path):
        barrier.wait()
        Cache(path, "one").close()

    for k in range(25):
        barrier = threading.Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(make, [tmp_path / f"{k}.sqlite"] * 4))


def test_a_file_that_is_no_cache_is_refused(tmp_path):
    (tmp_path / "c.sqlite").write_text("something else entirely, and long enough to be taken for a header " * 20)
    with pytest.raises(CampaignFolderError, match="cannot be used as a cache"):
        Cache(tmp_path / "c.sqlite", "one")


def test_a_cache_whose_folder_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CampaignFolderError, match="cannot be used as a cache"):
        Cache(tmp_path / "file" / "c.sqlite", "one")


def test_a_cache_that_cannot_be_written_is_refused_before_the_run(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("no database but a text")
    reasons = {
        "file/cache.sqlite": "file is no folder",
        "folder": "folder is a folder; name a file",
        "text": "no cache",
    }
    for given, says in reasons.items():
        path = write(tmp_path, cache=given)
        with pytest.raises(CampaignFileError, match=f"cache: .*{says}"):
            build(CampaignSpec.from_file(path), tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(CampaignFileError, match="cannot be written"):
        build(CampaignSpec.from_file(write(tmp_path, cache="new/cache.sqlite")), tmp_path)
    assert not (tmp_path / "new").exists()
