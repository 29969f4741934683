"""Curves that people measure: told as files, lists and arrays, on the target's axis or another; learned as curves."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.cli import app
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.hand.predicting import Expected
from eutectic.campaigns.problem.curves import target
from eutectic.campaigns.record.history import curve_of, history_of
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.service.bodies import Observation
from eutectic.campaigns.service.laboratory import observed

X = np.linspace(0, 4, 5)
WANTED = np.array([0.0, 1.0, 2.0, 1.0, 0.0])


@pytest.fixture
def scans(tmp_path):
    """A campaign for a wanted spectrum on an axis of 1 to 5, of which four candidates were asked for."""
    (tmp_path / "wanted.csv").write_text(
        "\n".join(["ev,dos", *(f"{x + 1},{y}" for x, y in zip(X, WANTED, strict=True))])
    )
    content = {
        "name": "scans",
        "space": {"use": "parameters", "variables": {"x": [0, 1]}},
        "objectives": {"dos": {"target": "wanted.csv"}},
        "oracles": [{"use": "person", "properties": ["dos"]}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 9},
        "tracking": {"enabled": False},
    }
    with Campaign.from_dict(content, tmp_path / "run", tmp_path) as campaign:
        campaign.ask(4)
        yield campaign


def test_a_curve_that_was_told_is_kept_and_learned_as_an_oracles_is(scans):
    told = scans.tell("1", {"dos": WANTED + 0.5})
    assert told.values == {"dos": 0.5}
    assert curve_of(told, "dos") == pytest.approx(WANTED + 0.5)
    finer = np.linspace(0.5, 5.5, 101)[::-1]  # another axis, downwards, as instruments have it
    told = scans.tell("2", {"dos": np.stack([finer, np.interp(finer, X + 1, WANTED)], 1)})
    assert told.values["dos"] == pytest.approx(0, abs=1e-12)
    scans.add({"x": 0.123}, {"dos": [*WANTED]})
    scans.tell("3", {"dos": 0.75})  # a distance alone
    low, high = Expected(0.2, 0.3, least=0.0).interval
    assert (low, high) == (0, pytest.approx(0.788, abs=1e-3))
    sent = Observation.model_validate({"id": "4", "values": {"dos": [[x + 1, 0.0] for x in X]}})  # as JSON has it
    assert observed(scans, sent, "", "").values["dos"] == pytest.approx(np.sqrt((WANTED**2).mean()))
    assert observed(scans, sent, "", "").measurements == scans.find("4").measurements
    assert [e.least for found in scans.predict([{"x": 0.5}]) for e in found.properties.values()] == [0.0]
    curves = history_of(scans.ledger, scans.problem.space).curves[0]
    assert np.isfinite(curves).all(1).sum() == 4
    assert json.loads(json.dumps(scans.status))["best"] == {"dos": pytest.approx(0, abs=1e-12)}


def test_replicates_and_corrections_of_a_curve_are_those_of_its_points(scans):
    scans.tell("1", {"dos": (WANTED + 1).tolist()})
    twice = scans.tell("1", {"dos": (WANTED + 3).tolist()}, repeat=True)
    assert (twice.values["dos"], curve_of(twice, "dos")) == (2.0, pytest.approx(WANTED + 2))
    right = scans.correct("1", {"dos": (WANTED + 2).tolist()}, measurement=2)
    assert (right.values["dos"], curve_of(right, "dos")) == (1.5, pytest.approx(WANTED + 1.5))
    assert curve_of(scans.correct("1", {"dos": 2.0}, measurement=2), "dos") is None  # known as a distance alone
    scans.correct("1", {"dos": (WANTED + 2).tolist()}, measurement=2)
    scans.change(["objectives.dos.distance=cosine"])
    outcome = scans.tell("1", {"dos": WANTED.tolist()}, repeat=True)
    wanted = scans.problem.curves["dos"]
    assert outcome.values["dos"] == pytest.approx(np.mean([wanted.of(WANTED + k) for k in (1, 2, 0)]))
    assert read_ledger(scans.folder).outcomes[0] == scans.find("1")


@pytest.mark.parametrize(
    ("curve", "said"),
    [
        ([1.0, 2.0], "dos: it has 2 points, the target 5"),
        ([[0.0, 1.0], [3.0, 1.0]], "its axis has 0 to 3, and the target's 1 to 5"),
        ([[0.0, 1.0], [9.0, 1.0], [8.0, 1.0]], "its axis does not increase"),
        ([1.0, None, 1.0, 1.0, 1.0], "point 2 is not finite"),
        ([[1.0, 2.0, 3.0]], "an array of shape"),
    ],
)
def test_a_curve_that_cannot_be_compared_is_refused(scans, curve, said):
    with pytest.raises(CampaignFileError, match=said):
        scans.tell("1", {"dos": curve})


def test_files_of_curves_are_told_by_the_command_and_in_sheets(scans, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "one.csv").write_text(
        "\n".join(["ev,intensity", *(f"{x + 1},{y + 1}" for x, y in zip(X, WANTED, strict=True))])
    )
    (folder / "two.csv").write_text("\n".join(f"{y + 2}" for y in WANTED))  # without names above
    (folder / "sheet.csv").write_text("id,dos\n2,@two.csv\n3,0.25\n")
    scans.close()

    def campaign(*words):
        done = CliRunner().invoke(app, list(words))
        return str(done.exception) if isinstance(done.exception, CampaignFileError) else done.stdout

    home = str(tmp_path / "run")
    assert "told" in campaign("tell", home, "--id", "1", f"dos=@{folder / 'one.csv'}")
    assert "held this already" in campaign("tell", home, "--id", "1", f"dos=@{folder / 'one.csv'}")
    assert "about 2 candidates" in campaign("tell", home, "--csv", str(folder / "sheet.csv"))
    assert "2 known before" in campaign("tell", home, "--csv", str(folder / "sheet.csv"))
    assert "cannot be read" in campaign("tell", home, "--id", "4", "dos=@nowhere.csv")
    monkeypatch.chdir(folder)
    assert "told" in campaign("tell", home, "--add", "x=0.9", "dos=@two.csv")
    (folder / "semi.csv").write_text(
        "ev;i\n" + "\n".join(f"{x + 1};{y + 4}".replace(".", ",") for x, y in zip(X, WANTED, strict=True))
    )
    (folder / "form.csv").write_text("number;dos;note\n4;@semi.csv;as it was\n2;@two.csv;\n")
    assert "say `--separator ';'`" in campaign("tell", home, "--id", "4", "dos=@semi.csv")
    german = ("--separator", ";", "--decimal", ",")
    assert "about 1 candidate; 1 known before" in campaign("tell", home, "--csv", "form.csv", *german)
    assert "held this already" in campaign("tell", home, "--id", "4", "dos=@semi.csv", *german)
    assert "told" in campaign("tell", home, "--add", "x=0,8", "dos=@semi.csv", *german)
    assert "told" in campaign("tell", home, "--add", "x=0,7", "dos=4,5", *german)
    with pytest.raises(ValueError, match="a target has commas between its cells"):
        target(folder / "semi.csv", "rms")
    outcomes = read_ledger(home).outcomes
    assert sorted(o.values["dos"] for o in outcomes if o.values) == [0.25, 1.0, 2.0, 2.0, 4.0, 4.0, 4.5]
    assert sum(curve_of(o, "dos") is not None for o in outcomes) == 5
