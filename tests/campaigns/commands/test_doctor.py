"""`campaign doctor`: what serves this machine, and what one campaign needs."""

import pytest
from typer.testing import CliRunner

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.cli import app
from eutectic.campaigns.commands import doctor
from eutectic.campaigns.commands.finding import Finding
from tests.campaigns.trial_campaigns import write


def programs(folder, *names):
    folder.mkdir()
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return str(folder)


def test_only_ways_that_this_machine_has_are_advised(tmp_path, monkeypatch):
    monkeypatch.delenv("MODULEPATH", raising=False)
    monkeypatch.setenv("PATH", programs(tmp_path / "debian", "apt-get"))
    assert doctor.ways("a", "c", "m") == "apt install a"
    monkeypatch.setenv("PATH", programs(tmp_path / "cluster", "mamba", "modulecmd"))
    assert doctor.ways("a", "c", "m") == "conda install -c conda-forge c, or module load m"
    monkeypatch.setenv("PATH", programs(tmp_path / "bare"))
    assert doctor.ways("a", "c", "m") == "conda install -c conda-forge c"
    monkeypatch.setenv("MODULEPATH", "/somewhere")
    assert doctor.ways("a", "c", "m") == "module load m"


@pytest.fixture
def quick(monkeypatch):
    """The core's and the machine's findings, not looked at."""
    monkeypatch.setattr(doctor, "core", lambda name: Finding(name, "1", core=True))
    monkeypatch.setattr(doctor, "machine", list)


def test_of_one_campaign_its_own_parts_are_tried_and_nothing_else(quick, tmp_path):
    told = CliRunner().invoke(app, ["doctor", str(write(tmp_path))])
    assert told.exit_code == 0, told.output
    assert "oracle " in told.stdout
    for other in ("gpaw", "pw.x", "mattersim", "parsl"):
        assert other not in told.stdout


def test_a_part_that_cannot_work_here_is_named_with_its_cure(quick, tmp_path):
    oracles = [{"name": "outside", "use": "command", "run": ["no_such_program"], "properties": ["a", "b"]}]
    told = CliRunner().invoke(app, ["doctor", str(write(tmp_path, oracles=oracles))])
    assert told.exit_code == 1
    line = next(line for line in told.stdout.splitlines() if line.startswith("oracle outside"))
    assert "missing" in line
    assert "no_such_program" in line


def test_a_campaigns_folder_is_taken_as_well(quick, tmp_path):
    path = write(tmp_path, tracking={"enabled": False})
    Campaign.from_yaml(path, tmp_path / "run").close()
    told = CliRunner().invoke(app, ["doctor", str(tmp_path / "run")])
    assert told.exit_code == 0, told.output
    assert "mlflow" not in told.stdout
