"""A campaign killed under an earlier layout of the code goes on as that code went on, and reports and exports."""

import csv
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from eutectic.campaigns.cli import main

OLD = Path(__file__).parent / "old_campaign"
"""journal.jsonl: the events of a campaign killed after 7 of 18 evaluations; outcomes.csv: how its own code ended it."""


@pytest.fixture
def folder(tmp_path):
    """The killed campaign's folder, in the journal format 2 that its code wrote."""
    campaign = tmp_path / "run"
    campaign.mkdir()
    shutil.copy(OLD / "campaign.yaml", campaign)
    shutil.copy(OLD / "steel.py", tmp_path)
    journal = sqlite3.connect(campaign / "journal.sqlite")
    journal.execute(
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, number INTEGER, body TEXT)"
    )
    journal.execute("PRAGMA user_version = 2")
    journal.execute("PRAGMA application_id = 1165317187")
    for line in (OLD / "journal.jsonl").read_text().replace("FOLDER", str(tmp_path)).splitlines():
        at, kind, number, body = json.loads(line)
        journal.execute(
            "INSERT INTO events (at, kind, number, body) VALUES (?, ?, ?, ?)",
            (at, kind, number, None if body is None else json.dumps(body)),
        )
    journal.commit()
    journal.close()
    return campaign


def command(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["campaign", *map(str, words)])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


def test_an_old_journal_is_resumed_as_its_own_code_resumed_it(folder, tmp_path, monkeypatch, capsys):
    assert command(monkeypatch, "status", folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["evaluations"]["done"] == 7
    assert command(monkeypatch, "resume", folder, "--quiet") == 0
    assert command(monkeypatch, "export", folder, "--format", "csv", "-o", tmp_path / "now.csv") == 0
    with (OLD / "outcomes.csv").open() as then, (tmp_path / "now.csv").open() as now:
        expected, rows = list(csv.DictReader(then)), list(csv.DictReader(now))
    assert len(rows) == len(expected) == 18
    for row, before in zip(rows, expected, strict=True):
        text = ("id", "status", "origin", "quench")
        assert [row[name] for name in text] == [before[name] for name in text]
        assert int(row["round"]) == int(before["round"]) + 1  # exports counted rounds from 0 then
        numbers = [name for name in before if name not in (*text, "round")]
        assert [float(row[name]) for name in numbers] == pytest.approx([float(before[name]) for name in numbers])


def test_an_old_journal_is_reported_and_explained(folder, monkeypatch, capsys):
    assert command(monkeypatch, "report", folder) == 0
    assert "quench_and_temper" in (folder / "report.html").read_text()
    capsys.readouterr()
    assert command(monkeypatch, "pareto", folder, "--format", "json") == 0
    assert len(json.loads(capsys.readouterr().out)["candidates"]) >= 3
