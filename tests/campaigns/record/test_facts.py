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
