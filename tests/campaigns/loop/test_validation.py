import json
import math

import numpy as np
import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.record.volume import best
from tests.campaigns.ladders import asked, climb, rung
from tests.campaigns.trial_campaigns import proposals, write

SECTIONS = {
    "oracles": [rung("low"), rung("high", "noisy", search=False)],
    "validate": {"oracle": "high", "top": 3},
    "fidelity": None,
}


def made(folder, **changes):
    """A campaign of one oracle whose three best a second one computes again."""
    sections = {**SECTIONS, **changes}
    return climb(folder, **{key: value for key, value in sections.items() if value is not None})


def plain(path):
    """The file without a ladder."""
    content = json.loads(path.read_text())
    content.pop("fidelity")
    path.write_text(json.dumps(content))
    return path


def run(path, folder):
    with Campaign.from_yaml(path, folder) as campaign:
        events = [(event.kind, event.text) for event in campaign.events()]
        return events, campaign.ledger


def validated(ledger):
    return {o.number: o.validation for o in ledger.outcomes if o.validation is not None}


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    folder = tmp_path_factory.mktemp("straight")
    events, ledger = run(plain(made(folder)), folder / "run")
    return folder, events, ledger


def test_the_best_are_computed_once_more_and_nothing_else_changes(straight, tmp_path):
    folder, events, ledger = straight
    assert ledger.state == "done"
    assert asked(folder, "high") == 3
    assert ("note", "computing the 3 best once more with 'high'") in events
    found = validated(ledger)
    chosen = best(ledger.outcomes, 3, ledger.reference)
    assert set(found) == {o.number for o in chosen}
    for outcome in chosen:
        x, y = outcome.x
        assert found[outcome.number].values["b"] == pytest.approx((y - 0.7) ** 2 + x)
        assert found[outcome.number].errors == {"a": 0.01}
        assert found[outcome.number].provenance["settings"]
        assert outcome.values["b"] == pytest.approx(0.9 * found[outcome.number].values["b"] - 0.2)
    _, without = run(plain(made(tmp_path, validate=None, oracles=[rung("low")])), tmp_path / "run")
    assert proposals(without) == proposals(ledger)
    assert [r.hypervolume for r in without.rounds] == [r.hypervolume for r in ledger.rounds]


def test_a_validation_that_is_stopped_anywhere_goes_on_with_the_same_candidates(straight, tmp_path):
    _, events, ledger = straight
    start = events.index(("note", "computing the 3 best once more with 'high'"))
    path = plain(made(tmp_path))
    Campaign.from_yaml(path, tmp_path / "run").close()
    for steps in (start + 1, 1, 2, 99):
        with Campaign.open(tmp_path / "run") as campaign:
            stream = campaign.events()
            for _ in zip(range(steps), stream, strict=False):
                pass
            stream.close()
    again = read_ledger(tmp_path / "run")
    assert again.state == "done"
    values = {n: e.values for n, e in validated(ledger).items()}
    assert {n: e.values for n, e in validated(again).items()} == values
    assert asked(tmp_path, "high") <= 3 + 3


def test_a_finished_validation_is_not_repeated(straight):
    folder, _, _ = straight
    with Campaign.open(folder / "run") as campaign:
        assert [event.kind for event in campaign.events()] == ["done"]
    assert asked(folder, "high") == 3


def test_the_top_of_a_ladder_validates_with_other_options_and_other_seeds(tmp_path):
    path = climb(
        tmp_path,
        oracles=[rung("low"), rung("high", "noisy")],
        validate={"oracle": "high", "top": 2, "options": {"function": "rungs:noisy"}},
        fidelity={"policy": "gates", "keep": 0.5},
    )
    _, ledger = run(path, tmp_path / "run")
    again = [o for o in ledger.outcomes if o.validation is not None]
    assert len(again) == 2
    for outcome in again:
        assert outcome.rung == 1
        assert outcome.validation.values["a"] != outcome.values["a"]
        assert outcome.validation.values["a"] == pytest.approx(outcome.values["a"], abs=0.1)


def test_a_validation_that_fails_says_so_and_the_campaign_is_done(tmp_path):
    path = plain(
        made(
            tmp_path,
            oracles=[rung("low"), rung("high", "fragile", search=False)],
            validate={"oracle": "high", "top": 8},
        )
    )
    _, ledger = run(path, tmp_path / "run")
    assert ledger.state == "done"
    states = {e.status for e in validated(ledger).values()}
    assert states <= {"finished", "failed"}
    assert all(o.status == "finished" for o in ledger.outcomes)


def test_the_best_hold_most_hypervolume_and_then_come_from_behind(straight):
    _, _, ledger = straight
    two, five = best(ledger.outcomes, 2, ledger.reference), best(ledger.outcomes, 5, ledger.reference)
    assert five[:2] == two
    assert len(five) == 5
    assert best([], 3, None) == []
    assert all(math.isfinite(loss) for o in five for loss in o.losses)


def test_what_cannot_validate_is_refused(tmp_path):
    price = {"name": "price", "use": "python", "function": "rungs:price", "properties": ["c"]}
    with pytest.raises(CampaignFileError, match="returns no objective and no constraint; it returns c"):
        run(plain(made(tmp_path, oracles=[rung("low"), price], validate={"oracle": "price"})), tmp_path / "one")


def test_an_oracle_that_changed_since_it_answered_is_not_asked_again(tmp_path):
    path = write(tmp_path)
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        stream = campaign.events()
        for _ in zip(range(4), stream, strict=False):
            pass
        stream.close()
    good = (tmp_path / "trial.py").read_text()
    (tmp_path / "trial.py").write_text(good + "\nCHANGED = True\n")
    said = "'python' has changed since it gave this campaign its values"
    with Campaign.open(tmp_path / "run") as campaign, pytest.raises(CampaignFolderError, match=said):
        list(campaign.events())
    (tmp_path / "trial.py").write_text(good)
    with Campaign.open(tmp_path / "run") as campaign:
        list(campaign.events())
        assert campaign.ledger.state == "done"


def test_an_earlier_campaigns_values_are_taken_only_with_known_settings(tmp_path):
    run(write(tmp_path), tmp_path / "run")
    path = write(tmp_path, history={"file": "run"})
    with Campaign.from_yaml(path, tmp_path / "again") as campaign:
        assert sum(o.number <= 0 for o in campaign.ledger.outcomes) == 8
    (tmp_path / "trial.py").write_text((tmp_path / "trial.py").read_text() + "\nCHANGED = True\n")
    with pytest.raises(CampaignFileError, match="with settings that no oracle has here"):
        Campaign.from_yaml(path, tmp_path / "third")


def test_an_earlier_campaign_becomes_the_rung_that_it_was(tmp_path):
    _, earlier = run(plain(climb(tmp_path, oracles=[rung("low")])), tmp_path / "run")
    path = climb(tmp_path, ("low", "high"), history={"file": "run"})
    with Campaign.from_yaml(path, tmp_path / "next") as campaign:
        known = [o for o in campaign.ledger.outcomes if o.number <= 0]
        assert len(known) == len(earlier.outcomes)
        assert {o.evaluations[0].fidelity for o in known} == {0.0}
        assert all(np.isnan(o.losses).all() for o in known)


def test_the_report_shows_prediction_search_and_validation(straight):
    from eutectic.campaigns.analysis.parity import Parities, Parity
    from eutectic.campaigns.report.page import page

    _, _, ledger = straight
    assert 'id="validation"' in page(ledger, Parities())
    outcome = next(o for o in ledger.outcomes if o.validation is not None)
    column = np.array([outcome.values["a"]])
    text = page(ledger, Parities((Parity("a", column, column + 0.5, np.array([0.25]), {}),)))
    assert f"{column[0] + 0.5:.2f} ± 0.25" in text
