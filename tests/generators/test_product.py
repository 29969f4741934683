"""Products of spaces: columns side by side, names, formulas of sublattices, constraints across parts, bad input."""

from pathlib import Path

import numpy as np
import pytest

from eutectic.campaigns.file import plugins
from eutectic.generators.amounts import fractions
from eutectic.generators.composition import Composition, Element
from eutectic.generators.parameters import Parameters, Variable
from eutectic.generators.pool import Pool
from eutectic.generators.product import Product
from eutectic.generators.sequence import Sequence
from eutectic.optimizers.spaces import region

RNG = np.random.default_rng(0)
A = Composition({"La": (0.0, 1.0), "Sr": (0.0, 1.0), "Ca": (0.0, 0.5)})
B = Composition({"Mn": (0.0, 1.0), "Fe": (0.0, 1.0)})
STEEL = Composition({"Cr": (10.0, 25.0), "Ni": (0.0, 20.0)}, unit="wt.%", balance="Fe", step=0.5)
FURNACE = Parameters(
    {
        "temperature_k": (900.0, 1500.0),
        "time_h": Variable(low=0.1, high=100.0, scale="log"),
        "step_2": Variable(choices=("none", "anneal")),
        "temperature_2_k": Variable(low=400.0, high=800.0, when={"step_2": "anneal"}),
    }
)


def test_a_product_has_the_columns_and_variables_of_its_parts() -> None:
    part = Product.of(
        {"alloy": STEEL, "furnace": FURNACE}, ("temperature_k * time_h <= 8000", "Ni <= temperature_k/100")
    )
    X = region.sample(part.space, 200, RNG)
    assert (
        part.space
        is Product.of(
            {"alloy": STEEL, "furnace": FURNACE}, ("temperature_k * time_h <= 8000", "Ni <= temperature_k/100")
        ).space
    )
    assert part.space.d == 7
    assert part.names == ("Cr", "Ni", "Fe", "temperature_k", "time_h", "step_2", "temperature_2_k")
    for x, candidate in zip(X, part.generate(X, RNG), strict=True):
        own = candidate.variables
        assert float(own["temperature_k"]) * float(own["time_h"]) <= 8000 * (1 + 1e-8)
        assert float(own["Ni"]) <= float(own["temperature_k"]) / 100 + 1e-9
        assert candidate.composition == STEEL.generate(x[None, :3], RNG)[0].composition
        assert part.coordinates(own) == pytest.approx(x)


def test_sublattices_make_a_perovskite() -> None:
    part = Product.of({"A": A, "B": B}, ("Sr <= Fe",), "(A)(B)O3")
    X = region.sample(part.space, 100, RNG)
    shares = fractions(part.amounts, X)  # type: ignore[arg-type]
    assert part.space.names == ("A.La", "A.Sr", "A.Ca", "B.Mn", "B.Fe")
    for candidate, row in zip(part.generate(X, RNG), shares, strict=True):
        assert candidate.composition is not None
        assert candidate.composition["O"] == pytest.approx(0.6)
        assert candidate.composition["La"] == pytest.approx(float(candidate.variables["La"]) / 5)
        assert float(candidate.variables["Sr"]) <= float(candidate.variables["Fe"]) + 1e-9
        assert row == pytest.approx([candidate.composition.get(e, 0.0) for e in part.amounts.labels])  # type: ignore[union-attr]
    assert part.element_fractions()["O"] == pytest.approx((0.6, 0.6))
    assert part.element_fractions()["Ca"] == pytest.approx((0.0, 0.1))


def test_elements_on_two_sites_are_told_apart_by_the_site() -> None:
    part = Product.of(
        {"A": A, "B": Composition({"Ca": (0.0, 1.0), "Fe": (0.0, 1.0)})}, ("A.Ca + B.Ca <= 0.5",), "(A)2(B)O4"
    )
    assert part.names == ("La", "Sr", "A.Ca", "B.Ca", "Fe")
    X = region.sample(part.space, 100, RNG)
    for x, candidate in zip(X, part.generate(X, RNG), strict=True):
        assert candidate.composition is not None
        assert candidate.composition.get("Ca", 0.0) == pytest.approx((2 * x[2] + x[3]) / 7)
        assert x[2] + x[3] <= 0.5 + 1e-9


def test_a_weight_per_cent_site_in_a_formula_has_the_right_composition_all_the_same() -> None:
    site = Composition({"La": (0.0, 100.0), "Sr": (0.0, 100.0)}, unit="wt.%")
    part = Product.of({"A": site, "B": B}, (), "(A)(B)O3")
    (candidate,) = part.generate(part.coordinates({"La": 50, "Sr": 50, "Mn": 1, "Fe": 0})[None], RNG)
    assert candidate.composition is not None
    assert candidate.composition["La"] + candidate.composition["Sr"] == pytest.approx(0.2)
    assert candidate.composition["Sr"] / candidate.composition["La"] == pytest.approx(138.90547 / 87.62, rel=1e-4)
    assert part.amounts is None


def additives(folder: Path) -> Pool:
    """Three additives with a molar mass."""
    (folder / "additives.csv").write_text("additive,mass_g_per_mol\nPEG,400\nPVP,2500\nCTAB,364\n", encoding="utf-8")
    return Pool("additives.csv", ("additive", "mass_g_per_mol")).located(str(folder))


def test_an_additive_is_chosen_beside_its_amount(tmp_path: Path) -> None:
    amount = Parameters({"amount": (0.0, 5.0)})
    part = Product.of({"additive": additives(tmp_path), "recipe": amount}, ("amount * mass_g_per_mol <= 1000",))
    assert part.names == ("additive", "mass_g_per_mol", "amount")
    X = region.sample(part.space, 300, RNG)
    candidates = part.generate(X, RNG)
    assert {c.variables["additive"] for c in candidates} == {"PEG", "PVP", "CTAB"}
    assert max(float(c.variables["amount"]) for c in candidates if c.variables["additive"] == "PVP") <= 0.4 + 1e-9
    assert np.array([part.coordinates(c.variables) for c in candidates]) == pytest.approx(X)


def test_what_a_list_has_to_say_is_said_of_the_product(tmp_path: Path) -> None:
    pool = additives(tmp_path)
    (tmp_path / "additives.csv").write_text("additive,mass_g_per_mol\nPEG,400\nPVP,2500\nPEG,400\n", encoding="utf-8")
    part = Product.of({"additive": pool, "recipe": Parameters({"amount": (0.0, 5.0)})})
    assert part.space.categories[0] == ("PEG; 400.0", "PVP; 2500.0")
    assert part.remarks == pool.remarks
    assert "3 rows are 2 candidates" in part.remarks[0]


def test_a_sequence_keeps_its_rules_beside_a_temperature() -> None:
    part = Product.of({"oxide": Sequence(("Li", "Fe", "O"), steps=3, neutral=True), "heat": FURNACE})
    X = region.sample(part.space, 50, RNG)
    for candidate in part.generate(X, RNG):
        assert candidate.composition is not None
        assert "formula" in candidate.variables
        assert "temperature_k" in candidate.variables
    assert set(part.element_fractions()) == {"Li", "Fe", "O"}


def test_parts_of_a_file_are_built_and_their_mistakes_have_their_place() -> None:
    parts = {
        "alloy": {"use": "composition", "elements": {"Fe": [0, 1], "Ni": [0, 1]}, "step": 0.3},
        "furnace": {"use": "parameters", "variables": {"t": {"low": 1, "high": 2, "scael": "log"}}},
        "other": {"use": "compositon"},
    }
    part, complaints = plugins.examine("generators", {"use": "product", "parts": parts})
    assert part is None
    assert [(c.path, c.message.partition(";")[0]) for c in complaints] == [
        (("parts", "alloy", "step"), "0.3 does not divide 1 exactly"),
        (("parts", "furnace", "variables", "t", "scael"), "unknown key 'scael'"),
        (("parts", "other", "use"), "unknown space 'compositon'"),
    ]


@pytest.mark.parametrize(
    ("parts", "options", "message"),
    [
        ({"a": FURNACE, "b": Parameters({"time_h": (0.0, 1.0)})}, {}, "'a' and 'b' both have a variable 'time_h'"),
        ({"a": STEEL, "b": Parameters({"Fe": (0.0, 1.0)})}, {}, "'b' and 'a' both have a variable 'Fe'"),
        ({"A": A, "B": B}, {}, "the parts A, B have compositions: say how they make up the material"),
        ({"A": A, "B": B}, {"formula": "(A)(C)O3"}, "there is no part 'C'"),
        ({"A": A, "B": B}, {"formula": "(A)(B)Oo3"}, "'Oo' of '\\(A\\)\\(B\\)Oo3' is no element"),
        ({"A": A, "B": B}, {"formula": "A(B)O3"}, "'A' of 'A\\(B\\)O3' is no element; parts stand in brackets"),
        ({"A": A, "t": FURNACE}, {"constraints": ("La * tme_h <= 3",)}, "unknown name 'tme_h'.* did you mean 'time_h'"),
        ({"A.x": A}, {}, "'A.x' is no name"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(
    parts: dict[str, object], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Product.of(parts, **options)  # type: ignore[arg-type]


def test_dopants_and_ratios_take_part_in_a_product() -> None:
    doped = Composition({"Al": (0.0, 8.0), "B": Element(0.001, 1.0, "log")}, unit="wt.%", balance="Ti", step=0.5)
    part = Product.of({"alloy": doped, "furnace": FURNACE}, ("B * time_h <= 10",))
    X = region.sample(part.space, 100, RNG)
    assert region.contains(part.space, X).all()
    for x, candidate in zip(X, part.generate(X, RNG), strict=True):
        assert float(candidate.variables["B"]) * float(candidate.variables["time_h"]) <= 10 * (1 + 1e-8)
        assert part.coordinates(candidate.variables) == pytest.approx(x, abs=1e-9)
