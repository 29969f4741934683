"""Variables of a space as objectives and limits, whatever the space and the unit."""

from pathlib import Path

import numpy as np
import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.definition import Problem
from eutectic.optimizers.spaces import region
from eutectic.oracles.base import Candidate
from eutectic.oracles.user.variables import Variables

RNG = np.random.default_rng(0)
STEEL = {"use": "composition", "unit": "wt.%", "balance": "Fe", "elements": {"Cr": [5, 20], "Ni": [0, 15]}, "step": 0.5}
DOPED = {
    "use": "composition",
    "unit": "wt.%",
    "balance": "Fe",
    "elements": {"Cr": [5, 20], "Nb": {"low": 0.01, "high": 1, "scale": "log"}},
}
RATIO = {"use": "composition", "unit": "mole_ratio", "elements": {"Co": 1, "Ni": [0.2, 2]}}
STEP = {
    "use": "parameters",
    "variables": {
        "t_k": {"low": 600, "high": 900, "scale": "log"},
        "step_2": ["none", "anneal"],
        "hold_h": {"low": 1, "high": 9, "when": {"step_2": "anneal"}},
    },
}
SEQUENCE = {"use": "sequence", "elements": ["Fe", "O"], "steps": 2, "counts": [1, 3]}


def problem(space: object, of: object, limits: object = None) -> Problem:
    content = {
        "name": "inputs",
        "space": space,
        "objectives": {"used": "minimize"},
        **({"constraints": {"used": limits}} if limits else {}),
        "oracles": [{"use": "variables", "of": {"used": of}}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 4},
    }
    return build(CampaignSpec.from_content(content), Path(), engines=False)


@pytest.mark.parametrize(
    ("space", "name"),
    [
        (STEEL, "Cr"),
        (STEEL, "Fe"),
        (DOPED, "Nb"),
        (DOPED, "Fe"),
        (RATIO, "Ni"),
        (STEP, "t_k"),
        (STEP, "hold_h"),
        (SEQUENCE, "count_2"),
        ({"use": "product", "parts": {"steel": DOPED, "oven": STEP}}, "Fe"),
        ({"use": "product", "parts": {"steel": DOPED, "oven": STEP}}, "hold_h"),
    ],
)
def test_an_input_is_a_property_in_the_unit_it_is_written_in(space: dict[str, object], name: str) -> None:
    made = problem(space, name)
    candidates = made.generator.generate(region.sample(made.space, 12, RNG), RNG)
    found = made.oracles[0].oracle.evaluate(candidates, RNG)
    assert [e.values["used"] for e in found] == [c.variables.get(name, 0.0) for c in candidates]
    assert len({e.values["used"] for e in found}) > 1


def test_a_limit_on_a_sum_of_inputs_is_known_before_anything_is_asked() -> None:
    made = problem(STEEL, {"Cr": 2.0, "Ni": 5.0}, {"max": 40})
    assert not made.learned
    for candidate in made.generator.generate(region.sample(made.space, 100, RNG), RNG):
        assert 2 * candidate.variables["Cr"] + 5 * candidate.variables["Ni"] <= 40 + 1e-9


def test_a_pool_column_is_one(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("binder,cement_kg\nslag,100\nash,200\nlime,300\n")
    pool = {"use": "pool", "file": str(tmp_path / "list.csv"), "features": ["binder", "cement_kg"]}
    made = problem(pool, "cement_kg")
    candidates = made.generator.generate(made.space.table, RNG)
    assert [e.values["used"] for e in made.oracles[0].oracle.evaluate(candidates, RNG)] == [100, 200, 300]
    dose = {"use": "parameters", "variables": {"dose": [0, 1]}}
    both = problem({"use": "product", "parts": {"binder": pool, "dose": dose}}, "cement_kg")
    assert both.space.d == 2


def test_what_is_no_number_of_the_space_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(CampaignFileError, match="of: used: no number among the variables 'Nii'"):
        problem(STEEL, "Nii")
    with pytest.raises(CampaignFileError, match="step_2"):
        problem(STEP, "step_2")
    content = {
        "name": "own",
        "space": STEEL,
        "objectives": {"Cr": "minimize"},
        "oracles": [{"use": "person", "properties": ["Cr"]}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 4},
    }
    with pytest.raises(CampaignFileError, match=r"add the oracle \{use: variables, of: \{Cr_used: Cr\}\}"):
        build(CampaignSpec.from_content(content), Path(), engines=False)
    with pytest.raises(ValueError, match="of: a is a sum of nothing"):
        Variables({"a": {}})
    (found,) = Variables({"a": "gas"}).evaluate([Candidate({"gas": "argon"})], RNG)
    assert found.failure == "bad_input"
