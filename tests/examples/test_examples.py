"""The bundled examples: found, valid, written out for editing, and true to what they say."""

import csv
import importlib.util
import math
from pathlib import Path

import pytest

from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.file import examples
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem import build
from tests.campaigns.trial_campaigns import run_example

SUPPLIED = ("acid_stable_oxides", "alloy_replay", "concrete", "magnesium_extrusion", "stability_screen")
"""Examples whose table their user has to supply."""
COMPLETE = [name for name in examples.names() if name not in SUPPLIED]
HINT = "# yaml-language-server: $schema=./campaign.schema.json"


def test_every_example_of_the_checkout_is_found() -> None:
    checkout = Path(__file__).parents[2] / "examples"
    assert examples.names() == sorted(path.stem for path in checkout.glob("*.yaml"))
    assert "multi_principal_alloy" in examples.names()


@pytest.mark.parametrize("name", COMPLETE)
def test_example_is_valid_and_carries_the_editor_hint(name: str) -> None:
    path = examples.folder() / f"{name}.yaml"
    assert path.read_text().splitlines()[0] == HINT
    spec = CampaignSpec.from_file(path)
    assert spec.name == name
    build.build(spec, path.parent, engines=False)


@pytest.mark.parametrize("name", COMPLETE)
def test_example_written_out_is_complete_and_valid(name: str, tmp_path: Path) -> None:
    written = examples.write(name, tmp_path)
    assert written[0] == tmp_path / f"{name}.yaml"
    build.build(CampaignSpec.from_file(written[0]), tmp_path, engines=False)


def test_writing_an_example_overwrites_nothing_and_leaves_no_half(tmp_path: Path) -> None:
    (tmp_path / "catalyst_pool.yaml").write_text("mine")
    with pytest.raises(CampaignFolderError, match="is left as it is"):
        examples.write("catalyst_pool", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["catalyst_pool.yaml"]
    assert (tmp_path / "catalyst_pool.yaml").read_text() == "mine"


def test_example_goes_by_its_name_with_or_without_ending_but_not_by_a_path() -> None:
    assert examples.bundled("catalyst_pool") == examples.bundled("catalyst_pool.yaml")
    assert examples.bundled("somewhere/catalyst_pool.yaml") is None


def test_unknown_example_is_refused_with_the_nearest_name() -> None:
    assert "did you mean the example 'alloy_and_anneal'?" in str(examples.nothing_called("alloys"))
    error = examples.nothing_called("catalist_pool.yaml")
    assert isinstance(error, CampaignFileError)
    assert "did you mean the example 'catalyst_pool'?" in str(error)


def test_catalyst_pool_holds_the_formula_its_header_states() -> None:
    with (examples.folder() / "catalyst_pool.csv").open(newline="") as stream:
        rows = [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(stream)]
    assert len(rows) == 231
    for row in rows:
        square = (row["fe"] - 0.25) ** 2 + (row["co"] - 0.15) ** 2
        stated = 380 + 120 * square / 0.1 - 60 * math.exp(-square / 0.02)
        assert row["overpotential_mv"] == pytest.approx(stated, abs=0.051)
        assert row["ni"] + row["fe"] + row["co"] == pytest.approx(1.0)
    best = min(rows, key=lambda row: row["overpotential_mv"])
    assert best == {"ni": 0.6, "fe": 0.25, "co": 0.15, "overpotential_mv": 320.0}


def test_heat_treatment_trades_hardness_for_distortion() -> None:
    spec = importlib.util.spec_from_file_location("heat_treatment", examples.folder() / "heat_treatment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    water, air = (
        module.temper({"temperature_k": 600, "time_h": 2, "cycles": 1, "quench": quench}) for quench in ("water", "air")
    )
    assert water["hardness_gpa"] > air["hardness_gpa"]
    assert water["distortion_um"] > air["distortion_um"]
    assert water["cost_eur"] == air["cost_eur"] > 0


def test_alloy_and_anneal_asks_for_an_alloy_in_steps_of_its_weights_and_a_second_step_only_where_it_is_made(
    tmp_path: Path,
) -> None:
    short = ("budget.evaluations=16", "optimizers.0.evaluations=12")
    outcomes = run_example("alloy_and_anneal", tmp_path, *short).outcomes
    assert len(outcomes) == 16
    assert {o.status for o in outcomes} == {"finished"}
    for o in outcomes:
        own = o.variables
        assert 20 * float(own["Cr"]) == pytest.approx(round(20 * float(own["Cr"])), abs=1e-9)
        assert sum(float(own[symbol]) for symbol in ("Cr", "Ag", "Zr", "Cu")) == pytest.approx(100)
        assert ("temperature_2_k" in own) == ("time_2_h" in own) == (own["step_2"] == "anneal")
        assert float(own["temperature_k"]) * float(own["time_h"]) <= 30000 * (1 + 1e-8)
        assert float(own.get("temperature_2_k", 0)) <= float(own["temperature_k"]) - 50 + 1e-6
        assert o.values["price_usd_per_kg"] <= 18 + 1e-9
    assert {o.variables["step_2"] for o in outcomes} == {"none", "anneal"}


def test_perovskite_sites_fills_two_sublattices_and_measures_them_against_the_hull(tmp_path: Path) -> None:
    short = ("budget.evaluations=16", "optimizers.0.evaluations=12")
    outcomes = run_example("perovskite_sites", tmp_path, *short).outcomes
    assert len(outcomes) == 16
    for o in outcomes:
        own = {name: float(value) for name, value in o.variables.items()}
        assert o.composition is not None
        assert o.composition["O"] == pytest.approx(0.6)
        assert own["La"] + own["Ca"] + own["Sr"] == pytest.approx(1)
        assert own["Ca"] + own["Sr"] <= own["Mn"] + own["Fe"] + 1e-9
        assert sum(own[symbol] > 0 for symbol in ("Mn", "Fe", "Co")) <= 2
        assert o.values["charge_imbalance_e_per_atom"] <= 0.1 + 1e-9
    assert {o.status for o in outcomes} == {"finished"}
    assert len({o.values["energy_above_hull_ev_per_atom"] > 0 for o in outcomes}) == 2


def test_the_density_of_states_is_found_in_a_shortened_campaign(tmp_path: Path) -> None:
    ledger = run_example("dos_target", tmp_path, "budget.evaluations=26", "executor.workers=1")
    assert min(o.values["density_of_states_per_ev"] for o in ledger.finished) < 0.15
    assert all(len(o.evaluations[0].curves["density_of_states_per_ev"]) == 121 for o in ledger.finished)
