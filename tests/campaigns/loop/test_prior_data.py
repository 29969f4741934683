"""What was known before the start: rungs, failures, repeats, once each; what is missing or strange is named."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.exports.export import to_csv
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop.prior_data import prior, warnings_of
from eutectic.campaigns.problem import build
from eutectic.campaigns.record import volume

FUNCTIONS = """
def cheap(v):
    return {"y": v["x"] + 1}

def dear(v):
    return {"y": v["x"]}

def brittle(v):
    if v["x"] > 5:
        raise RuntimeError("cracked")
    return {"y": v["x"]}
"""


def write(folder: Path, name: str, function: str = "dear", variables: Any = None, **sections: Any) -> Path:
    (folder / "lab.py").write_text(FUNCTIONS)
    content = {
        "name": name,
        "seed": 1,
        "space": {"use": "parameters", "variables": variables or {"x": {"low": 0, "high": 9, "integer": True}}},
        "objectives": {"y": "minimize"},
        "oracles": [{"use": "python", "function": f"lab:{function}"}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 4, "batch": 4},
        "tracking": {"enabled": False},
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({**content, **sections}))
    return path


def problem(path: Path) -> Any:
    return build.build(CampaignSpec.from_file(path), path.parent)


def known(path: Path) -> list[dict[str, Any]]:
    return list(prior(problem(path)).rows)


def run(path: Path, folder: Path) -> Any:
    with Campaign.from_yaml(path, folder) as campaign:
        list(campaign.events())
        return campaign.ledger


def test_repeats_are_one_candidate_with_mean_and_standard_error(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("x,y\n2,20\n4,25\n2,22\n2,24\n")
    first, second = known(write(tmp_path, "a", history={"file": "old.csv"}))
    assert first["values"] == {"y": 22}
    assert first["errors"]["y"] == pytest.approx(2 / 3**0.5)
    assert second["errors"] == {}


def test_a_measurement_that_arrives_by_two_ways_counts_once(tmp_path: Path) -> None:
    run(write(tmp_path, "one"), tmp_path / "r1")
    run(write(tmp_path, "two", history={"file": "r1"}, seed=2), tmp_path / "r2")
    rows = known(write(tmp_path, "three", history=[{"file": "r1"}, {"file": "r2"}, {"file": "r1"}]))
    both = known(write(tmp_path, "four", history={"file": "r2"}))
    assert {row["id"] for row in rows} == {row["id"] for row in both}
    assert not any(row["errors"] for row in rows)


def test_repeats_stay_repeats_on_their_way_through_another_campaign(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("x,y\n2,20\n2,22\n")
    run(write(tmp_path, "one", history={"file": "old.csv"}), tmp_path / "r1")
    rows = known(write(tmp_path, "two", history=[{"file": "r1"}, {"file": "old.csv"}]))
    (row,) = [row for row in rows if row["candidate"]["variables"] == {"x": 2} and row["values"]["y"] == 21]
    assert row["errors"]["y"] == pytest.approx(1.0)


def test_failures_come_over_and_are_not_asked_for_again(tmp_path: Path) -> None:
    ledger = run(write(tmp_path, "one", "brittle"), tmp_path / "r1")
    failures = {o.variables["x"] for o in ledger.outcomes if o.status == "failed"}
    assert failures
    (tmp_path / "one.csv").write_text(to_csv(ledger))
    for source in ("r1", "one.csv"):
        path = write(tmp_path, "two", "brittle", history={"file": source}, budget={"evaluations": 6})
        after = run(path, tmp_path / f"after-{source}")
        assert {o.variables["x"] for o in after.outcomes if o.number <= 0 and o.status == "failed"} == failures
        assert len({o.variables["x"] for o in after.outcomes}) == len(after.outcomes)


def test_an_exported_ladder_keeps_its_rungs(tmp_path: Path) -> None:
    oracles = [
        {"name": "low", "use": "python", "function": "lab:cheap", "properties": ["y"], "cost": 1},
        {"name": "high", "use": "python", "function": "lab:dear", "properties": ["y"], "cost": 10},
    ]
    ladder = {"oracles": oracles, "fidelity": {"policy": "gates", "keep": 0.5}}
    ledger = run(write(tmp_path, "one", **ladder), tmp_path / "r1")
    (tmp_path / "one.csv").write_text(to_csv(ledger))
    rows = known(write(tmp_path, "two", **ladder, history={"file": "one.csv"}))
    for row in rows:
        for said in row["said"]:
            assert said["values"]["y"] == row["candidate"]["variables"]["x"] + (said["rung"] == 0)
    assert {said["rung"] for row in rows for said in row["said"]} == {0, 1}


def test_an_empty_cell_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("x,y\n2,20\n3,\n4,N/A\n5,#N/A\n")
    path = write(tmp_path, "a", history={"file": "old.csv"})
    assert len(known(path)) == 1
    assert "3 of 4 rows say nothing of what is wanted" in " ".join(warnings_of(problem(path)))
    assert run(path, tmp_path / "r").state == "done"


def test_a_whole_number_is_not_rounded_to_a_setting_never_measured(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("x,y\n4.6,0.01\n5.4,0.9\n")
    path = write(tmp_path, "a", history={"file": "old.csv"}, budget={"evaluations": 10, "batch": 10})
    ledger = run(path, tmp_path / "r")
    assert [o.variables["x"] for o in ledger.outcomes if o.number <= 0] == [5.4, 4.6]
    assert 5 in [o.variables["x"] for o in ledger.outcomes if o.number > 0]


def test_decimal_commas_and_separators_are_options(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("x;y\n2;20,5\n3;1,5e1\n")
    history = {"file": "old.csv", "separator": ";", "decimal": ","}
    assert [row["values"]["y"] for row in known(write(tmp_path, "a", history=history))] == [20.5, 15]
    with pytest.raises(CampaignFileError, match=r"say `separator: ';'`|no column for the variable 'x'"):
        known(write(tmp_path, "b", history={"file": "old.csv"}))


def test_what_a_history_does_not_name_has_a_default_or_is_passed_over(tmp_path: Path) -> None:
    variables = {"x": [0, 9], "gas": ["air", "argon"]}
    (tmp_path / "old.csv").write_text("x,gas,y\n2,air,20\n3,helium,21\n")
    with pytest.raises(CampaignFileError, match=r"old.csv:3: gas is 'helium'.*strange: pass_over"):
        known(write(tmp_path, "a", variables=variables, history={"file": "old.csv"}))
    path = write(tmp_path, "a", variables=variables, history={"file": "old.csv", "strange": "pass_over"})
    assert len(known(path)) == 1
    assert "1 of 2 rows are left out, such as old.csv:3" in " ".join(warnings_of(problem(path)))
    (tmp_path / "old.csv").write_text("x,y\n2,20\n")
    with pytest.raises(CampaignFileError, match=r"no column for the variable 'gas'.*with: {gas: ...}"):
        known(write(tmp_path, "a", variables=variables, history={"file": "old.csv"}))
    history = {"file": "old.csv", "with": {"gas": "argon"}}
    (row,) = known(write(tmp_path, "a", variables=variables, history=history))
    assert row["candidate"]["variables"]["gas"] == "argon"


def test_a_variable_that_is_gone_is_named(tmp_path: Path) -> None:
    run(write(tmp_path, "one", variables={"x": [0, 9], "z": [0, 1]}), tmp_path / "r1")
    notes = warnings_of(problem(write(tmp_path, "two", variables={"x": [0, 9]}, history={"file": "r1"})))
    assert any("its z is no variable here" in note for note in notes)


def test_choices_that_are_numbers_compare_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("x,y\n10.0,1\n4e1,2\n")
    variables = {"x": {"choices": [10, 20, 40]}}
    rows = known(write(tmp_path, "a", variables=variables, history={"file": "old.csv"}))
    assert [row["candidate"]["variables"]["x"] for row in rows] == [10, 40]


def test_a_variable_called_like_a_column_of_the_export_comes_back(tmp_path: Path) -> None:
    (tmp_path / "lab2.py").write_text("def f(v):\n    return {'y': float(v['round'])}\n")
    variables = {"round": {"low": 10, "high": 40, "integer": True}}
    oracles = [{"use": "python", "function": "lab2:f"}]
    ledger = run(write(tmp_path, "one", variables=variables, oracles=oracles), tmp_path / "r1")
    (tmp_path / "one.csv").write_text(to_csv(ledger))
    rows = known(write(tmp_path, "two", variables=variables, oracles=oracles, history={"file": "one.csv"}))
    assert [row["candidate"]["variables"]["round"] for row in rows] == [row["values"]["y"] for row in rows]


ALLOY = {"use": "composition", "elements": {"Fe": [0, 1], "Ni": [0, 1]}}


@pytest.mark.parametrize(
    ("text", "options", "iron"),
    [
        ("alloy,y\nFe3Ni,1\n", {}, 0.75),
        ("Fe,Ni,y\n75,25,1\n", {"unit": "at.%"}, 0.75),
        ("Fe,Ni,y\n50,50,1\n", {"unit": "wt.%"}, 0.5124),
        ("Fe,Ni,y\n0.7,0.301,1\n", {}, 0.6993),
    ],
)
def test_a_history_of_alloys_takes_formulas_and_units(tmp_path: Path, text: str, options: Any, iron: float) -> None:
    (tmp_path / "old.csv").write_text(text)
    path = write(tmp_path, "a", space=ALLOY, history={"file": "old.csv", **options})
    (row,) = known(path)
    assert row["candidate"]["composition"]["Fe"] == pytest.approx(iron, abs=2e-4)
    assert any("divided by their sum" in note for note in warnings_of(problem(path))) == ("0.301" in text)


def test_per_cent_is_asked_for_its_unit(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("Fe,Ni,y\n75,25,1\n")
    with pytest.raises(CampaignFileError, match=r"are these per cent. Say `unit: at.%` or `unit: wt.%`"):
        known(write(tmp_path, "a", space=ALLOY, history={"file": "old.csv"}))


def test_an_estimated_hypervolume_is_said_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = problem(write(tmp_path, "a"))
    assert not any("estimated" in note for note in warnings_of(built))
    monkeypatch.setattr(volume, "EXACT", 0)
    assert any("objectives is estimated" in note for note in warnings_of(built))


def test_what_a_screen_computes_for_nothing_completes_the_rows_of_an_earlier_campaign(tmp_path):
    def write(name, wanted, **more):
        content = {
            "name": name,
            "space": {"use": "composition", "elements": {"Cu": [0.1, 0.9], "Ni": [0.1, 0.9]}, "step": 0.1},
            "objectives": dict.fromkeys(wanted, "minimize"),
            "oracles": [{"use": "screens"}],
            "optimizers": [{"use": "sobol"}],
            "budget": {"evaluations": 3, "batch": 3},
            "tracking": {"enabled": False},
            **more,
        }
        path = tmp_path / f"{name}.yaml"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    with Campaign.from_yaml(write("one", ["density_g_per_cm3"]), tmp_path / "one") as campaign:
        list(campaign.events())
    path = write("two", ["density_g_per_cm3", "price_usd_per_kg"], history={"file": "one"})
    told = prior(build.build(CampaignSpec.from_file(path), tmp_path))
    assert "one: 3 of 3 rows are completed by 'screens' (price_usd_per_kg)" in told.notes
    with Campaign.from_yaml(path, tmp_path / "two") as campaign:
        list(campaign.events())
        known = [o for o in campaign.ledger.outcomes if o.number <= 0]
        fresh = [o for o in campaign.ledger.outcomes if o.number > 0]
    assert len(known) == 3
    assert all(math.isfinite(loss) for o in known for loss in o.losses)
    price = {o.variables["Cu"]: o.values["price_usd_per_kg"] for o in [*known, *fresh]}
    along = [price[x] for x in sorted(price)]
    assert along in (sorted(along), sorted(along, reverse=True))  # as a mixture's, whoever computed it
