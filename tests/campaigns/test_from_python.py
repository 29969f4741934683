"""A campaign made in Python without a file: the same checks, the same record, the same end."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
import yaml

import eutectic
from eutectic import Bayesian, Campaign, CampaignSpec, Composition, Forest, Screens, Sobol
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.record.journal import holds_campaign
from eutectic.generators.parameters import Parameters, Variable
from eutectic.oracles.base import EngineMissing

SPACE = Parameters({"x": Variable(low=0, high=1), "quench": Variable(choices=("air", "oil"))})
QUIET = {"enabled": False}


def height(values: dict[str, float]) -> dict[str, float]:
    if values["x"] > 0.9:
        raise RuntimeError("the seal fails there")
    return {"height": (values["x"] - 0.3) ** 2 + (0.1 if values["quench"] == "air" else 0.0)}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def begun(**changes: object) -> Campaign:
    given = {"name": "hill", "space": SPACE, "objectives": "height", "oracle": height, "budget": 9, "tracking": QUIET}
    return Campaign(**{**given, **changes})  # type: ignore[arg-type]


def test_a_function_and_a_space_are_a_campaign_with_its_report() -> None:
    with begun() as campaign:
        ledger = campaign.run(progress=False)
        assert ledger.state == "done"
        assert len(campaign.to_dataframe()) == 9
        assert campaign.pareto()[0].values["height"] < 0.1
        assert campaign.status["evaluations"]["budget"] == 9  # type: ignore[index]
        assert (campaign.folder / "report.html").exists()
        assert campaign.export("csv").startswith("id,round,status")
        assert "\n" not in repr(campaign)
        assert repr(campaign).startswith("<Campaign hill: done")
        assert "<table>" in campaign._repr_html_()
        assert campaign.explain().properties[0].property == "height"


def test_it_is_the_campaign_that_a_file_of_the_same_content_is() -> None:
    parts = {
        "name": "alloy",
        "space": {
            "use": "composition",
            "elements": {"Cu": [0.05, 0.6], "Ni": [0.05, 0.6], "Fe": [0, 0.6]},
            "step": 0.05,
        },
        "objectives": {"density_g_per_cm3": "minimize"},
        "oracles": [{"use": "screens"}],
        "surrogates": {"default": {"use": "forest", "trees": 30}},
        "optimizers": [{"use": "sobol", "evaluations": 4}, {"use": "bayesian"}],
        "budget": {"evaluations": 6, "batch": 2},
        "tracking": QUIET,
        "seed": 3,
    }
    Path("alloy.yaml").write_text(yaml.safe_dump(parts, sort_keys=False))
    alloy = Composition({"Cu": (0.05, 0.6), "Ni": (0.05, 0.6), "Fe": (0.0, 0.6)}, step=0.05)
    stages = [{"use": "sobol", "evaluations": 4}, Bayesian()]
    found = []
    for campaign in (
        Campaign.from_yaml("alloy.yaml", folder="file"),
        Campaign.from_text(yaml.safe_dump(parts, sort_keys=False), folder="text"),
        Campaign.from_dict(parts, folder="mapping"),
        Campaign(
            "alloy", alloy, {"density_g_per_cm3": "minimize"}, Screens(), surrogates=Forest(trees=30),
            optimizers=stages, budget=parts["budget"], tracking=QUIET, seed=3, folder="objects",
        ),
    ):  # fmt: skip
        with campaign:
            campaign.run(progress=False)
            found.append([(dict(o.variables), dict(o.values)) for o in campaign.ledger.outcomes])
    assert found[0] == found[1] == found[2] == found[3]
    CampaignSpec.from_file("objects/campaign.yaml")


def test_the_same_again_takes_the_campaign_up_and_another_is_refused() -> None:
    with begun() as campaign:
        campaign.ask(2)
    with begun() as campaign:
        assert len(campaign.ledger.outcomes) == 2
    with pytest.raises(CampaignFolderError, match=r"differs in optimizers, budget; .*Campaign.open\('runs/hill'\)"):
        begun(budget=20)


def other(values: dict[str, float]) -> dict[str, float]:
    return {"height": 1.0}


def test_a_function_that_is_not_here_is_asked_for_by_name_and_another_is_another_setting() -> None:
    from eutectic.oracles.user import call

    with begun() as campaign:
        for _ in zip(campaign.rounds(), range(1), strict=False):
            pass
    call._HANDED_OVER.clear()
    with pytest.raises(EngineMissing, match="test_from_python:height was handed over from Python and is not here"):
        Campaign.open("runs/hill")
    with Campaign.open("runs/hill", oracle=height) as campaign:
        assert campaign.run(progress=False).state == "done"
    with pytest.raises(CampaignFolderError, match="differs in oracles"):
        begun(oracle=other)


def test_a_raising_function_costs_that_evaluation() -> None:
    with begun(optimizers=Sobol(), budget=12) as campaign:
        ledger = campaign.run(progress=False)
    failed = [outcome for outcome in ledger.outcomes if outcome.status == "failed"]
    assert failed
    assert all("the seal fails there" in outcome.error for outcome in failed)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": 3}, "space: 3 is no part"),
        ({"space": Sobol()}, "space: Sobol is none of the generators"),
        ({"optimizers": ["bayesain"]}, "did you mean 'bayesian'"),
        ({"objectives": {"height": "minimise"}}, "objectives.height"),
        ({"budget": {"evaluation": 3}}, "budget.evaluation: .*did you mean 'evaluations'"),
        ({"surrogates": {"hieght": Forest()}}, "did you mean 'height'"),
        ({"optimizers": Bayesian().using([Forest()])}, "it holds recipes"),
        ({"oracle": Campaign}, "oracles"),
    ],
)
def test_what_cannot_be_a_campaign_is_refused_before_anything_is_written(changes: dict[str, object], said: str) -> None:
    with pytest.raises(CampaignFileError, match=said):
        begun(**changes)
    assert not holds_campaign(Path("runs/hill"))


def test_an_option_survives_the_way_through_the_file() -> None:
    space = replace(SPACE, constraints=("x <= 0.8",))
    with begun(space=space) as campaign:
        assert campaign.problem.generator == space


def test_candidates_go_by_their_numbers_and_points_may_be_a_table_or_one_alone() -> None:
    with begun() as campaign:
        first, second = campaign.ask(2)
        assert campaign.tell(second.number, {"height": 0.5}).values == {"height": 0.5}
        assert campaign.fail(1, "the mould broke").status == "failed"
        assert campaign.correct(2, {"height": 0.4}).values == {"height": 0.4}
        assert campaign.find(1).id == first.id
        campaign.run(progress=False)
        points = pd.DataFrame({"quench": ["oil", "air"], "x": [0.3, 0.5]})
        expected = [dict(p.properties) for p in campaign.predict(points)]
        assert expected == [dict(p.properties) for p in campaign.predict(points.to_dict("records"))]
        (alone,) = campaign.predict({"x": 0.3, "quench": "oil"})
        assert dict(alone.properties) == expected[0]
        assert campaign.explain(candidate=2).front == (2,)


def test_what_a_notebook_shows_is_one_line() -> None:
    with begun() as campaign:
        (outcome,) = campaign.ask(1)
        assert repr(outcome).startswith("<Outcome #1 proposed: x=")
        ledger = campaign.run(progress=False)
        assert repr(campaign.pareto()[0]).count("height=") == 1
        assert repr(ledger).startswith("<Ledger hill: done, ")
        assert repr(campaign.explain()).startswith("<Explanation of height from ")
    assert repr(campaign) == "<Campaign hill: closed>"
    assert campaign._repr_html_() == "&lt;Campaign hill: closed&gt;"
    campaign.close()
    with pytest.raises(CampaignFolderError, match=r"was closed; Campaign\.open\('runs/hill'\) takes it up again"):
        campaign.ask(1)


@dataclass(frozen=True)
class Mine:
    """A part that nobody has installed."""


def test_a_class_and_a_part_that_is_not_installed_are_refused_with_what_to_do() -> None:
    with pytest.raises(CampaignFileError, match=r"Forest is a class; give an object of it, such as Forest\(\)"):
        begun(surrogates=Forest)
    with pytest.raises(CampaignFileError, match=r"Mine is none of the optimizers.*plugins --new optimizer NAME"):
        begun(optimizers=Mine())
    with pytest.raises(AttributeError, match="did you mean 'GaussianProcess'"):
        eutectic.GaussianProces  # noqa: B018


def test_in_a_notebook_progress_is_one_line_and_what_follows_begins_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    with begun(optimizers=Sobol()) as campaign:
        campaign.run()
    progress, _, rest = capsys.readouterr().err.partition("\n")
    assert progress.count("\rhill: round") == len(campaign.problem.stages) * 9
    assert rest.startswith("report: runs/hill/report.html")
