"""Products of spaces as campaigns: what oracles see of them, screens as known constraints, mistakes in a part."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop.prior_data import warnings_of
from eutectic.campaigns.problem import build
from eutectic.campaigns.problem.definition import Problem
from eutectic.optimizers.base import History
from eutectic.optimizers.models.belief import domain
from eutectic.optimizers.sharing import Made, propose_shared
from eutectic.optimizers.spaces import region
from eutectic.surrogates.gp.recipe import GaussianProcess

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
            {"a": ALLOY, "b": {"use": "parameters", "variables": {"y_std": [0, 1]}}},
            {"objectives": {"y": "minimize"}, "oracles": [{"use": "person", "properties": ["y"]}]},
            "'y_std' is a variable of the space, and also what the standard error is called",
        ),
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


def listed(folder: Path, rows: str) -> dict[str, object]:
    (folder / "additives.csv").write_text(rows)
    return {"use": "pool", "file": str(folder / "additives.csv"), "features": rows.split("\n")[0].split(",")}


def learned_error(problem: Problem, values: object) -> float:
    """Error of the first output's surrogate at 200 points, learned from 24, as a share of their deviation."""
    assert callable(values)
    rng = np.random.default_rng(2)
    rows, others = (region.sample(problem.space, n, rng) for n in (24, 200))
    y, wanted = (np.array([values(c.variables) for c in problem.generator.generate(X, rng)]) for X in (rows, others))
    fitted = problem.recipes[0].fit(rows, y[:, None], problem.space.names, domain=domain(problem.space))
    return float(np.sqrt(((fitted.posterior(others).mean[:, 0] - wanted) ** 2).mean()) / wanted.std())


ADDITIVES = "additive,melting_k\n" + "".join(f"A{k},{400 + 37 * k}\n" for k in range(20))
DOSE = {"use": "parameters", "variables": {"dose": [0, 1]}}
BY_HAND = {"oracles": [{"use": "person", "properties": ["density_g_per_cm3"]}]}


def test_surrogates_see_what_describes_the_rows_of_a_list_within_a_product(tmp_path: Path) -> None:
    problem = built({"additive": listed(tmp_path, ADDITIVES), "dose": DOSE}, **BY_HAND)
    assert learned_error(problem, lambda v: v["melting_k"] / 100 * v["dose"]) < 0.05
    about = problem.space.described[0]
    bare = replace(problem, recipes=(GaussianProcess(),))
    assert about.names == ("melting_k",)
    assert learned_error(bare, lambda v: v["melting_k"] / 100 * v["dose"]) > 0.3


def test_names_stay_where_nothing_else_tells_the_rows_of_a_list_apart(tmp_path: Path) -> None:
    alike = "additive,melting_k\nTMS,400\nGPS,400\nMPS,500\n"
    problem = built({"additive": listed(tmp_path, alike), "dose": DOSE}, **BY_HAND)
    assert problem.space.described[0].names == ("additive", "melting_k")


def test_a_list_of_formulas_within_a_product_is_learned_from_its_elements(tmp_path: Path) -> None:
    binders = "binder\n" + "".join(f"Ni{k}Co{30 - k}\n" for k in range(1, 30) if np.gcd(k, 30 - k) == 1)
    problem = built({"binder": listed(tmp_path, binders), "dose": DOSE}, **BY_HAND)
    names = problem.recipes[0].representation.names  # type: ignore[attr-defined]
    assert any("electronegativity" in name for name in names)
    assert "binder" not in names


def test_a_representation_keeps_what_describes_a_list_beside_it(tmp_path: Path) -> None:
    named = {"surrogates": {"default": {"use": "gp", "representation": "fractions"}}}
    problem = built({"alloy": ALLOY, "additive": listed(tmp_path, ADDITIVES)}, **named)
    names = problem.recipes[0].representation.names  # type: ignore[attr-defined]
    assert {"Fe_fraction", "melting_k"} <= set(names)


def test_a_variable_that_a_number_turns_on_is_learned_where_it_is_on() -> None:
    furnace = {
        "use": "parameters",
        "variables": {
            "bake_k": [0, 1],
            "passes": {"choices": [0, 1, 2, 3], "ordered": True},
            "pressure": {"low": 0, "high": 1, "when": {"passes": 1}},
        },
    }
    problem = built({"furnace": furnace}, **BY_HAND)

    def yields(v: Mapping[str, float]) -> float:
        return float(np.sin(3 * v["bake_k"]) + (2 + v["pressure"] if "pressure" in v else 0))

    assert learned_error(problem, yields) < 0.6 * learned_error(replace(problem, recipes=(GaussianProcess(),)), yields)
    assert "pressure active" in problem.recipes[0].representation.names  # type: ignore[attr-defined]


def test_a_formula_is_made_of_variables_that_are_always_there() -> None:
    sisso = {"surrogates": {"default": {"use": "sisso", "rungs": 1, "members": 2}}}
    problem = built({"furnace": FURNACE}, **BY_HAND, **sisso)
    X = region.sample(problem.space, 30, RNG)
    y = X[:, [0]] ** 2 + (X[:, [1]] == 1) * X[:, [2]]
    fitted = problem.recipes[0].fit(X, y, problem.space.names, domain=domain(problem.space))
    assert any("not always there: time_2_h" in note for note in fitted.notes)
    assert "time_2_h" not in str(fitted.formulas)  # type: ignore[attr-defined]
    late = {
        "use": "parameters",
        "variables": {"step_2": ["no", "yes"], "t": {"low": 1, "high": 9, "when": {"step_2": "yes"}}},
    }
    with pytest.raises(CampaignFileError, match="SISSO needs a number that is always there"):
        built({"furnace": late}, **BY_HAND, **sisso)


@pytest.mark.parametrize("name", ["sobol", "random", "nsga2", "swarm", "bayesian", "policy"])
def test_a_batch_or_a_melt_has_a_whole_composition_in_common(name: str) -> None:
    oven = {"use": "parameters", "variables": {"temperature_k": [300, 900]}}
    problem = built({"alloy": {**ALLOY, "per": ["melt", 3]}, "oven": oven}, optimizers=[{"use": name}])
    space = problem.space
    X = region.sample(space, 24, np.random.default_rng(1))
    seen = History.observed(X, ((X - X.mean(0)) ** 2).sum(1)[:, None])
    found = propose_shared(
        problem.stages[0].optimizer, name, space, seen, 7, np.random.default_rng(2), Made(1, X[-1:])
    ).X
    assert region.contains(space, found).all()
    melts = np.concatenate([X[-1:, :5], found[:, :5]])
    groups = [np.unique(melts[k : k + 3], axis=0) for k in range(0, 8, 3)]
    assert [len(group) for group in groups] == [1, 1, 1]
    assert len(np.unique(melts, axis=0)) > 1
    assert len(np.unique(found[:, 5])) > 4


def test_what_a_whole_part_cannot_share_or_depend_on_is_refused() -> None:
    oven = {"use": "parameters", "variables": {"temperature_k": {"low": 300, "high": 900, "per": "batch"}}}
    for part, said in (
        ({**ALLOY, "per": ["melt", 1]}, "parts: alloy: per: .* is neither `batch` nor a label"),
        ({**ALLOY, "per": "plate"}, "parts: alloy: per: 'plate' is neither"),
        ({**ALLOY, "when": {"step_2": "anneal"}}, "parts: alloy: when: a whole part cannot depend on a choice"),
    ):
        with pytest.raises(CampaignFileError, match=said):
            built({"alloy": part, "oven": oven})
    with pytest.raises(CampaignFileError, match="parts: oven: per: its variables have `per` of their own"):
        built({"alloy": ALLOY, "oven": {**oven, "per": "batch"}})


def test_the_density_of_a_crystal_needs_no_density_of_oxygen() -> None:
    sites = {
        "A": {"use": "composition", "elements": {"Ca": [0, 1], "Sr": [0, 1]}, "step": 0.25},
        "B": {"use": "composition", "elements": {"Ti": [0, 1], "Zr": [0, 1]}, "step": 0.25},
    }
    space = {"use": "product", "parts": sites, "formula": "(A)(B)O3"}
    crystal = {"structure": "perovskite", "lattice_constant_angstrom": 3.905}
    problem = built({}, space={**space, "prototype": crystal})
    (strontium,) = problem.generator.generate(np.array([[0.0, 1.0, 1.0, 0.0]]), RNG)
    (found,) = problem.oracles[0].oracle.only(["density_g_per_cm3"]).evaluate([strontium], RNG)
    # SrTiO3, a = 3.905 angstrom: 5.12 g/cm3 (CRC Handbook of Chemistry and Physics, 97th edition)
    assert found.values["density_g_per_cm3"] == pytest.approx(5.12, abs=0.02)
    with pytest.raises(CampaignFileError, match="density_g_per_cm3 has no data for O"):
        built({}, space=space)


def test_a_variable_that_no_oracle_reads_is_said_before_the_run(tmp_path):
    parts = {
        "alloy": {"use": "composition", "elements": {"Cu": [0, 0.6], "Zn": [0, 0.6], "Sn": [0, 0.4]}},
        "process": {"use": "parameters", "variables": {"time_h": [1, 10], "quench_k_per_s": [1, 9]}},
    }
    content = {
        "name": "unread",
        "space": {"use": "product", "parts": parts},
        "objectives": {"density_g_per_cm3": "minimize"},
        "oracles": [{"use": "screens"}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 4},
    }
    assert "no oracle reads time_h, quench_k_per_s: 'screens' answer alike" in noted(content, tmp_path)
    content["objectives"] = {"density_g_per_cm3": "minimize", "hours": "minimize"}
    content["oracles"] = [{"use": "screens"}, {"use": "variables", "of": {"hours": "time_h"}}]
    assert "no oracle reads quench_k_per_s: 'screens', 'variables' answer alike" in noted(content, tmp_path)
    content["oracles"] = [{"use": "screens"}, {"use": "person", "properties": ["hours"]}]
    assert "no oracle reads" not in noted(content, tmp_path)


def noted(content, folder):
    """What `campaign validate` would note."""
    return "\n".join(warnings_of(build.build(CampaignSpec.from_content(content), folder)))
