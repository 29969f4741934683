"""A campaign's files are looked for beside where it is now."""

import shutil
from pathlib import Path

from eutectic.campaigns.campaign import Campaign
from tests.campaigns.loop.test_prior_data import write


def test_a_moved_or_copied_project_takes_its_own_files(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    Campaign.from_yaml(write(first, "a"), first / "runs" / "a").close()
    shutil.copytree(first, tmp_path / "second")
    with Campaign.open(tmp_path / "second" / "runs" / "a") as copied:
        assert copied.problem.folder == tmp_path / "second"
        assert copied.ledger.facts["source"] == str(tmp_path / "second")
    shutil.rmtree(first)
    with Campaign.open(tmp_path / "second" / "runs" / "a") as moved:
        list(moved.events())
        assert moved.ledger.state == "done"


def test_a_history_that_is_not_there_any_more_stands_in_the_record(tmp_path: Path) -> None:
    (tmp_path / "known.csv").write_text("x,y\n3,1\n")
    Campaign.from_yaml(write(tmp_path, "a", history={"file": "known.csv"}), tmp_path / "run").close()
    (tmp_path / "known.csv").unlink()
    with Campaign.open(tmp_path / "run") as campaign:
        assert [o.values["y"] for o in campaign.ledger.outcomes] == [1.0]
        campaign.change(["budget.evaluations=7"])
