"""Products of spaces as campaigns: what oracles see of them, screens as known constraints, mistakes in a part."""

from pathlib import Path

import numpy as np
import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem import build
from eutectic.campaigns.problem.definition import Problem
from eutectic.optimizers.spaces import region

RNG = np.random.default_rng(0)
ALLOY = {
    "use": "composition",
    "unit": "wt.%",
    "elements": {"Fe": [10, 30], "Ni": [10, 30], "Cr": [10, 25], "Co": [10, 30], "Cu": [10, 30]},
    "step": 2.5,
}
FURNACE = {
    "use": "parameters",
    "variables": {
        "temperature_k": {"low": 300, "high": 900, "scale": "log"},
        "step_2": ["none", "anneal"],
        "time_2_h": {"low": 1, "high": 9, "when": {"step_2": "anneal"}},
    },
}


def built(parts: dict[str, object], **sections: object) -> Problem:
    content = {
        "name": "product",
        "space": {"use": "product", "parts": parts},
        "objectives": {"density_g_per_cm3": "minimize"},
        "oracles": [{"use": "screens", "properties": ["density_g_per_cm3", "price_usd_per_kg"]}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 4},
        **sections,
    }
    return build.build(CampaignSpec.from_content(content), Path(), engines=False)


def test_a_screen_is_a_known_constraint_of_an_alloy_in_weights_beside_a_furnace() -> None:
    problem = built({"alloy": ALLOY, "furnace": FURNACE}, constraints={"price_usd_per_kg": {"max": 14}})
    X = region.sample(problem.space, 200, RNG)
    candidates = problem.generator.generate(X, RNG)
    oracle = problem.oracles[0].oracle
    prices = [e.values["price_usd_per_kg"] for e in oracle.evaluate(candidates, RNG)]
    assert max(prices) <= 14 * (1 + 1e-9)
    free = problem.generator.generate(region.sample(problem.generator.space, 200, RNG), RNG)
    assert max(e.values["price_usd_per_kg"] for e in oracle.evaluate(free, RNG)) > 14


def test_an_engine_sees_the_atomic_fractions_and_the_temperature_of_a_product() -> None:
    md = {"use": "lammps_alloy", "temperature_k": 300}
    wanted = {"objectives": {"bulk_modulus_gpa": "maximize"}, "oracles": [md]}
    assert built({"alloy": ALLOY, "furnace": FURNACE}, **wanted).space.d == 8
    rich = {**ALLOY, "elements": {**ALLOY["elements"], "Cu": [10, 60]}}  # type: ignore[dict-item]
    with pytest.raises(CampaignFileError, match=r"refuses this space: Cu can be .* at\.%"):
        built({"alloy": rich, "furnace": FURNACE}, **wanted)
    with pytest.raises(CampaignFileError, match="would not look at temperature_k"):
        built({"alloy": ALLOY, "furnace": FURNACE}, **{**wanted, "oracles": [{"use": "lammps_alloy"}]})


@pytest.mark.parametrize(
    ("parts", "sections", "message"),
    [
        ({"a": {**ALLOY, "unit": "weight"}}, {}, r"space\.parts\.a\.unit: must be .*, not 'weight'"),
        ({"a": {**ALLOY, "step": 3}}, {}, r"space\.parts\.a\.step: 3 does not divide 100 exactly"),
        ({"a": ALLOY, "b": {"use": "parameters", "variables": {"Fe": [0, 1]}}}, {}, "both have a variable 'Fe'"),
        ({"a": ALLOY}, {"objectives": {"Fe": "minimize"}}, "'Fe' is also a variable of the space"),
        (
            {"a": {"use": "parameter"}},
            {},
            r"space\.parts\.a\.use: unknown space 'parameter'; did you mean 'parameters'",
        ),
    ],
)
def test_a_mistake_in_a_part_is_named_with_its_place(
    parts: dict[str, object], sections: dict[str, object], message: str
) -> None:
    with pytest.raises(CampaignFileError, match=message):
        built(parts, **sections)


def test_representations_see_the_elements_of_a_product() -> None:
    problem = built(
        {"alloy": ALLOY, "furnace": FURNACE},
        surrogates={"default": {"use": "gp", "representation": "element_statistics"}},
    )
    X = region.sample(problem.space, 12, RNG)
    fitted = problem.recipes[0].fit(X, X[:, :1], problem.space.names)
    assert np.isfinite(fitted.posterior(X).mean).all()
