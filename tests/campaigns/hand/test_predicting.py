import json

import numpy as np
import pytest
from typer.testing import CliRunner

from eutectic.campaigns.cli import app
from eutectic.campaigns.commands.predictions import predictions
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.hand.predicting import Expected
from tests.campaigns.hand.test_asking import begun


@pytest.fixture
def planes(tmp_path):
    """A campaign whose ten measurements lie on two planes, with a constraint on one of them."""
    with begun(tmp_path, constraints={"b": {"max": 1.2}}) as campaign:
        for outcome in campaign.ask(10):
            x, y = outcome.x
            campaign.tell(outcome.id, {"a": x + 2 * y, "b": 2 * x - y})
        yield campaign


def test_a_prediction_says_what_the_surrogates_expect_and_what_is_nearest(planes):
    (found,) = planes.predict([{"x": 0.4, "y": "0.6"}])
    a = found.properties["a"]
    assert list(found.properties) == ["a", "b"]
    assert a.mean == pytest.approx(1.6, abs=0.1)
    assert a.interval == (
        pytest.approx(a.mean - 1.96 * a.std, rel=1e-4),
        pytest.approx(a.mean + 1.96 * a.std, rel=1e-4),
    )
    assert a.interval[0] < 1.6 < a.interval[1]
    assert found.feasibility > 0.9
    assert found.inside
    X = np.array([o.x for o in planes.ledger.outcomes])
    distances = np.sqrt(((X - [0.4, 0.6]) ** 2).mean(1))
    assert (found.neighbour.number, found.distance) == (distances.argmin() + 1, pytest.approx(distances.min()))
    assert planes.predict([{"x": 1.0, "y": 0.0}])[0].feasibility < 0.5
    x, y = planes.find("3").x
    (same,) = planes.predict([{"x": x * (1 + 1e-12), "y": y}])
    assert (same.neighbour.number, same.distance) == (3, 0)
    assert "nearest measured: #3 (" in predictions([same], ())
    assert predictions([same], ()).endswith("), the same point")


def test_beyond_the_space_is_said(planes):
    inside, beyond = planes.predict([{"x": 0.4, "y": 0.6}, {"x": 1.5, "y": 0.5}])
    assert (inside.beyond, beyond.inside) == ((), False)
    x = [o.x[0] for o in planes.ledger.outcomes]
    assert beyond.beyond == (f"x 1.5 (measured: {min(x):g} to {max(x):g})",)
    assert f"outside what was measured: {beyond.beyond[0]}: the surrogates extrapolate" in predictions([beyond], ())


def test_what_costs_nothing_is_computed_and_not_foretold(tmp_path):
    price = {"use": "variables", "of": {"price": {"x": 3.0}}}
    person = {"use": "person", "properties": ["a"]}
    with begun(tmp_path, oracles=[person, price], objectives={"a": "minimize", "price": "minimize"}) as campaign:
        for outcome in campaign.ask(4):
            campaign.tell(outcome.id, {"a": sum(outcome.x)})
        (found,) = campaign.predict([{"x": 0.25, "y": 0.5}])
    assert found.properties["price"] == Expected(0.75, 0.0, computed=True)
    assert not found.properties["a"].computed
    assert [line.split() for line in predictions([found], ()).splitlines() if "computed" in line] == [
        ["Price", "0.75", "computed"]
    ]


@pytest.mark.parametrize(("point", "said"), [({"xx": 1, "y": 0}, "did you mean 'x'"), ({"x": 0.5}, "no variable 'y'")])
def test_what_is_no_candidate_is_not_predicted(planes, point, said):
    with pytest.raises(CampaignFileError, match=said):
        planes.predict([point])


def test_too_little_is_said(tmp_path):
    with begun(tmp_path) as campaign:
        campaign.tell(campaign.ask(2)[0].id, {"a": 1.0, "b": 1.0})
        with pytest.raises(CampaignFileError, match="1 value of a, at least 4"):
            campaign.predict([{"x": 0.5, "y": 0.5}])


def test_the_command_prints_a_table_or_json_of_words_or_a_file(planes, tmp_path):
    home = str(tmp_path / "run")
    planes.close()
    shown = CliRunner().invoke(app, ["predict", home, "x=0.4", "y=0.6"])
    assert "nearest measured: #" in shown.stdout, shown.output
    (tmp_path / "points.csv").write_text("x,y\n0.4,0.6\n0.1,0.2\n")
    found = CliRunner().invoke(app, ["predict", home, "--csv", str(tmp_path / "points.csv"), "--format", "json"])
    content = json.loads(found.stdout)
    assert [point["variables"] for point in content] == [{"x": 0.4, "y": 0.6}, {"x": 0.1, "y": 0.2}]
    assert set(content[0]["properties"]["a"]) == {"mean", "std", "interval_95", "computed"}
