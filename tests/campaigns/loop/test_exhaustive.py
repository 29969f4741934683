"""Campaigns whose objectives cost nothing: all candidates are looked at, and the exact front is evaluated."""

import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop.dry_run import check_and_forecast
from eutectic.campaigns.loop.prior_data import warnings_of
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.free import free_judge
from eutectic.optimizers.evolutionary.exhaustive import Exhaustive
from eutectic.optimizers.pareto import nondominated
from eutectic.optimizers.spaces import region
from eutectic.oracles.rules.screens import Screens

ELEMENTS = ("Co", "Cr", "Fe", "Ni")


def content(optimizer: Mapping[str, object], step: float | None = 0.05, **more: object) -> dict[str, object]:
    space: dict[str, object] = {"use": "composition", "elements": {e: [0.05, 0.6] for e in ELEMENTS}}
    return {
        "name": "free",
        "space": space if step is None else {**space, "step": step},
        "objectives": {"density_g_per_cm3": "minimize", "valence_electron_concentration": {"target": 8.0}},
        "constraints": {"price_usd_per_kg": {"max": 22.0}},
        "oracles": [{"use": "screens"}],
        "optimizers": [optimizer],
        "budget": {"evaluations": 500, "batch": 4},
        "tracking": {"enabled": False},
        **more,
    }


def spec(optimizer: Mapping[str, object], step: float | None = 0.05, **more: object) -> CampaignSpec:
    return CampaignSpec.from_content(content(optimizer, step, **more))


def written(folder: Path, campaign: Mapping[str, object]) -> Path:
    (folder / "free.yaml").write_text(yaml.safe_dump(campaign))
    return folder / "free.yaml"


def by_hand(folder: Path) -> tuple[int, set[tuple[float, ...]]]:
    """Number of alloys that are cheap enough, and the front among them."""
    space = build(spec({"use": "sobol"}), folder).generator.space
    X = region.enumerate_points(space)
    assert X is not None
    names = ("density_g_per_cm3", "valence_electron_concentration", "price_usd_per_kg")
    density, electrons, price = Screens(names).screen_fractions(ELEMENTS, X).values()
    X, Y = X[price <= 22], np.stack([density, abs(electrons - 8.0)], 1)[price <= 22]
    return len(X), {tuple(x) for x in X[nondominated(Y)].round(6).tolist()}


def test_a_campaign_evaluates_the_exact_front_in_one_batch_and_ends(tmp_path: Path) -> None:
    number, front = by_hand(tmp_path)
    with Campaign.from_yaml(written(tmp_path, content({"use": "exhaustive"})), tmp_path / "run") as campaign:
        rounds = list(campaign.rounds())
        evaluated = {tuple(round(float(o.variables[e]), 6) for e in ELEMENTS) for o in campaign.ledger.outcomes}
        assert evaluated == front
        assert len(rounds) == 1
        assert campaign.ledger.reason == f"exact front of {number:,} candidates: {len(front)} of them"
        (batch,) = campaign.ledger.batches
        assert f"exact front of {number:,} candidates: {len(front)} of them" in batch.notes


def test_a_front_larger_than_the_budget_is_thinned_and_says_so(tmp_path: Path) -> None:
    _, front = by_hand(tmp_path)
    most = len(front) - 2
    path = written(tmp_path, content({"use": "exhaustive"}, budget={"evaluations": most}))
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        list(campaign.rounds())
        ledger = campaign.ledger
        assert len(ledger.outcomes) == most
        assert f"; {most} of them are asked for, those least crowded" in ledger.batches[0].notes[-1]


def test_beyond_counting_the_front_is_bred_on_the_oracles_and_close_to_the_exact_one(tmp_path: Path) -> None:
    fine, infinite = (build(spec({"use": "exhaustive"}, step), tmp_path) for step in (0.01, None))
    exact = fine.stages[0].optimizer.front(fine.space)  # type: ignore[attr-defined]
    bred = Exhaustive(judge=free_judge(infinite), generations=60, population=60).front(infinite.space)
    assert exact.exact
    assert not bred.exact
    assert "bred by NSGA-II" in str(bred)
    assert region.contains(infinite.space, bred.X).all()
    nearest = np.sqrt(((exact.Y[:, None] - bred.Y) / np.ptp(exact.Y, axis=0)) ** 2).sum(-1).min(1)
    assert np.median(nearest) < 0.05


def test_a_free_campaign_is_told_so_before_it_searches_and_named_stages_are_honoured(tmp_path: Path) -> None:
    problem = build(spec({"use": "sobol"}), tmp_path)
    said = "every objective and constraint costs nothing: `optimizers: [{use: exhaustive}]` gives the exact front of"
    assert any(note.startswith(said) for note in warnings_of(problem))
    assert any(line.startswith(said) for line in check_and_forecast(problem).lines())
    assert problem.stages[0].name == "sobol"
    assert not any(said in note for note in warnings_of(build(spec({"use": "exhaustive"}), tmp_path)))


def test_what_must_be_evaluated_is_no_case_for_an_exact_front(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def f(values):\n    return {'hardness_gpa': values['Fe']}\n")
    oracles = [{"use": "screens"}, {"use": "python", "function": "mine:f", "properties": ["hardness_gpa"]}]
    wanted = {"density_g_per_cm3": "minimize", "hardness_gpa": "maximize"}
    with pytest.raises(CampaignFileError, match=r"exhaustive needs .*; hardness_gpa comes from oracles that evaluate"):
        build(spec({"use": "exhaustive"}, oracles=oracles, objectives=wanted), tmp_path)
    assert not any(
        "costs nothing" in w
        for w in warnings_of(build(spec({"use": "sobol"}, oracles=oracles, objectives=wanted), tmp_path))
    )


def test_the_exact_front_of_a_table_is_that_of_its_rows(tmp_path: Path) -> None:
    rows = list(itertools.product(range(6), range(6)))
    lines = ["a,b,y,z", *(f"{a},{b},{(a - 2) ** 2 + b},{(a - 4) ** 2 + b}" for a, b in rows)]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
    free = {
        "space": {"use": "pool", "file": "data.csv", "features": ["a", "b"]},
        "oracles": [{"use": "table", "file": "data.csv", "properties": ["y", "z"]}],
        "objectives": {"y": "minimize", "z": "minimize"},
        "constraints": {},
    }
    problem = build(spec({"use": "exhaustive"}, **free), tmp_path)
    front = problem.stages[0].optimizer.front(problem.space)  # type: ignore[attr-defined]
    assert sorted(map(tuple, front.X.tolist())) == [(2, 0), (3, 0), (4, 0)]
    assert front.looked_at == 36
