"""Values computed in another way, though under the same options, are never mixed without a word."""

from pathlib import Path

import yaml

from eutectic import Campaign
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop.prior_data import warnings_of
from eutectic.campaigns.problem import build
from eutectic.oracles.lammps.alloy import LammpsAlloy
from eutectic.oracles.mlip.oracle import Mlip
from eutectic.oracles.rules.screens import Screens

CHANGED = "'density_g_per_cm3' is a known crystal's own"


def written(folder: Path, *, name: str = "c", wanted: str = "density_g_per_cm3", **content: object) -> Path:
    """A campaign file of screens over alloys of two elements."""
    spec = {
        "name": name,
        "space": {"use": "composition", "elements": {"Cu": [0.1, 0.9], "Ni": [0.1, 0.9]}, "step": 0.1},
        "objectives": {wanted: "minimize"},
        "oracles": [{"name": "quick", "use": "screens"}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 2, "batch": 1},
        "tracking": {"enabled": False},
        **content,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    return path


def old_campaign(tmp_path: Path, monkeypatch, wanted: str = "density_g_per_cm3") -> Path:
    """The folder of a campaign that ran before its screens were computed as they are now."""
    with monkeypatch.context() as patch:
        patch.setattr(Screens, "revisions", {})
        with Campaign.from_yaml(written(tmp_path, wanted=wanted), tmp_path / "run") as campaign:
            list(campaign.events())
    return tmp_path / "run"


def notes(campaign: Campaign) -> list[str]:
    """What is said while it runs."""
    return [event.text for event in campaign.events() if event.kind == "note"]


def test_a_resumed_campaign_says_once_that_its_values_were_computed_otherwise(tmp_path, monkeypatch):
    with Campaign.open(old_campaign(tmp_path, monkeypatch)) as campaign:
        campaign.change(["budget.evaluations=4"])
        (said,) = [text for text in notes(campaign) if "earlier version" in text]
        assert said.startswith(f"'quick' has given values by an earlier version; since then {CHANGED}")
        assert len(campaign.ledger.finished) == 4
        campaign.change(["budget.evaluations=5"])
        assert not any("earlier version" in text for text in notes(campaign))  # its last values are of the new way


def test_an_earlier_campaign_taken_as_history_says_so_too(tmp_path, monkeypatch):
    old_campaign(tmp_path, monkeypatch)
    path = written(tmp_path, name="next", history={"file": "run"})
    said = warnings_of(build.build(CampaignSpec.from_file(path), tmp_path))
    assert any(text.startswith("run: 2 of 2 rows are by an earlier version of 'quick'") for text in said)


def test_what_is_computed_as_ever_is_the_same_settings(tmp_path, monkeypatch):
    with Campaign.open(old_campaign(tmp_path, monkeypatch, "price_usd_per_kg")) as campaign:
        campaign.change(["budget.evaluations=3"])
        assert not any("earlier version" in text for text in notes(campaign))
        before, now = {e.provenance["settings"] for o in campaign.ledger.finished for e in o.evaluations}, 1
        assert len(before) == now


def test_oracles_say_what_they_compute_otherwise_than_once():
    at_rest, hot = LammpsAlloy(), LammpsAlloy(temperature_k=300.0)
    assert (list(at_rest.revisions), list(hot.revisions)) == (["bulk_modulus_gpa"], [])
    assert at_rest.revisions["bulk_modulus_gpa"].number == 2
    assert {"c11_gpa", "lowest_phonon_thz"} <= set(Mlip().revisions) <= set(Mlip().properties)
    assert "charge_imbalance_e_per_atom" in Screens().revisions
    assert "charge_imbalance_e_per_atom" not in Screens(oxidation_states="common").revisions
