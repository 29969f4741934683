"""Prototypes: the parts of a product on the sites of a crystal, computed by oracles of crystals."""

import re
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build
from eutectic.generators.composition import Composition
from eutectic.generators.parameters import Parameters
from eutectic.generators.product import Product
from eutectic.generators.prototype import BUILT_IN, Prototype, base
from eutectic.oracles.base import Candidate
from eutectic.oracles.dft.cells import subject
from eutectic.oracles.mlip.oracle import Mlip

RNG = np.random.default_rng(0)
A = Composition({"La": (0, 1), "Sr": (0, 1)})
B = Composition({"Mn": (0, 1), "Fe": (0, 1)}, step=0.25)
METALS = {
    "A": {"use": "composition", "elements": {"Au": [0, 1], "Ag": [0, 1]}, "step": 0.25},
    "B": {"use": "composition", "elements": {"Cu": [0, 1], "Pd": [0, 1]}, "step": 0.25},
}


def crystal_of(candidate: Candidate) -> Structure:
    assert candidate.structure is not None
    return Structure.from_dict(dict(candidate.structure))


def test_built_in_crystals_have_the_bonds_of_their_namesakes() -> None:
    bonds = {name: round(float(np.unique(base(name).distance_matrix.round(3))[1]), 2) for name in BUILT_IN}
    assert bonds == {
        "perovskite": 1.95,
        "rock_salt": 2.11,
        "fluorite": 2.34,
        "zinc_blende": 2.34,
        "spinel": 1.92,
        "cesium_chloride": 2.5,
        "copper_gold": 2.65,
    }
    aluminium = next(i for i, site in enumerate(base("spinel")) if site.specie.symbol == "Al")
    assert len(base("spinel").get_neighbors(base("spinel")[aluminium], 2.0)) == 6


def test_sublattices_fill_a_perovskite_whose_cell_is_the_mean_of_its_end_members() -> None:
    product = Product.of({"A": A, "B": B, "oven": Parameters({"t_k": (900, 1500)})}, (), "(A)(B)O3", "perovskite")
    rows = np.array([[0.5, 0.5, 0.25, 0.75, 1000.0], [1, 0, 1, 0, 1000], [1, 0, 0, 1, 1000]])
    mixed, manganite, ferrite = (crystal_of(c) for c in product.generate(rows, RNG))
    assert mixed.composition.get_el_amt_dict() == pytest.approx({"La": 0.5, "Sr": 0.5, "Mn": 0.25, "Fe": 0.75, "O": 3})
    assert manganite.is_ordered
    assert manganite.lattice.a == pytest.approx(3.88, rel=0.02)
    assert ferrite.lattice.a == pytest.approx(3.93, rel=0.03)
    half = crystal_of(product.generate(np.array([[1, 0, 0.5, 0.5, 1000.0]]), RNG)[0])
    assert half.volume == pytest.approx((manganite.volume + ferrite.volume) / 2)
    first = product.generate(rows, RNG)[0]
    assert first.composition is not None
    assert first.composition["O"] == pytest.approx(0.6)
    assert first.id == product.generate(rows, np.random.default_rng(5))[0].id


def test_a_file_gives_the_crystal_and_its_elements_the_sites(tmp_path: Path) -> None:
    cell = Structure(Lattice.tetragonal(3.9, 4.1), ["Ba", "Ti", "O", "O", "O"],
                     [[0, 0, 0], [0.5, 0.5, 0.52], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])  # fmt: skip
    cell.to(str(tmp_path / "batio3.cif"))
    named = Prototype("batio3.cif", {"A": "Ba", "B": "Ti"}, 4.0)
    made = Product.of({"A": A, "B": B}, (), "(A)(B)O3", named).located(str(tmp_path))
    found = crystal_of(made.generate(np.array([[0.5, 0.5, 0.5, 0.5]]), RNG)[0])
    assert found.lattice.a == pytest.approx(4.0)
    assert found.lattice.c / found.lattice.a == pytest.approx(4.1 / 3.9)
    assert {str(e): x for e, x in found[1].species.get_el_amt_dict().items()} in (
        {"Mn": 0.5, "Fe": 0.5},
        {"La": 0.5, "Sr": 0.5},
    )


@pytest.mark.parametrize(
    ("formula", "prototype", "said"),
    [
        (None, "perovskite", "formula: the parts A, B have compositions"),
        ("(A)(B)O3", "perovskit", "did you mean 'perovskite'"),
        ("(A)2(B)O3", "perovskite", "A has 1, B has 1, O has 3 sites, and the formula has"),
        ("(A)(B)", "perovskite", "perovskite has 3 kinds of sites, Sr, Ti, O, and the formula 2"),
        ("(A)(B)O3", Prototype("perovskite", {"a": "Sr"}), "the formula has no 'a'; did you mean 'A'"),
        ("(A)(B)O3", Prototype("perovskite", {"A": "Ba"}), "A: no 'Ba' in it; there are: Sr, Ti, O"),
        ("(A)(B)O3", Prototype("perovskite", {"A": "Sr"}), "nothing of the formula stands in the place of Ti"),
        ("(A)(B)O3", Prototype("perovskite", {}, -1.0), "lattice_constant_angstrom: -1 is not above 0"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_is_known(formula: str | None, prototype: object, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Product.of({"A": A, "B": B}, (), formula, prototype).located(".")  # type: ignore[arg-type]


def problem(tmp_path: Path, prototype: object):
    content = {
        "name": "ordered",
        "space": {"use": "product", "formula": "(A)(B)3", "prototype": prototype, "parts": METALS},
        "objectives": {"energy_ev_per_atom": "minimize", "lattice_constant_angstrom": {"target": 3.9}},
        "oracles": [{"use": "mlip", "calculator": "emt", "decorations": 2, "composition_tolerance": 1e-3}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 4},
    }
    return build(CampaignSpec.from_content(content), tmp_path)


def test_a_learned_potential_computes_sublattices(tmp_path: Path) -> None:
    made = problem(tmp_path, "copper_gold")
    oracle = made.oracles[0].oracle
    candidates = made.generator.generate(np.array([[1, 0, 1, 0], [0.5, 0.5, 0.75, 0.25]], dtype=float), RNG)
    pure, mixed = oracle.evaluate(candidates, RNG)
    assert pure.values["lattice_constant_angstrom"] == pytest.approx(3.71, abs=0.01)
    assert '"Cu": 0.5625' in str(mixed.provenance["composition"])
    assert mixed.errors["energy_ev_per_atom"] > 0
    with pytest.raises(CampaignFileError, match="did you mean 'copper_gold'"):
        problem(tmp_path, "coper_gold")


def test_fractions_that_no_cell_holds_are_bad_input_with_the_cell_needed() -> None:
    rare = Composition({"Au": (0, 1), "Ag": (0, 1)})
    product = Product.of({"A": rare, "B": Composition({"Cu": (0, 1), "Pd": (0, 1)})}, (), "(A)(B)3", "copper_gold")
    (candidate,) = product.generate(np.array([[0.998, 0.002, 1.0, 0.0]]), RNG)
    (found,) = Mlip(calculator="emt").only(["energy_ev_per_atom"]).evaluate([candidate], RNG)
    assert found.failure == "bad_input"
    assert "an element has no site in any" in str(found.error)
    assert "one of 1,000 sites (250 cells of 4) would" in str(found.error)


def test_density_functional_theory_orders_it_in_a_small_cell() -> None:
    product = Product.of({"A": A, "B": B}, (), "(A)(B)O3", "perovskite")
    (candidate,) = product.generate(np.array([[0.5, 0.5, 0.5, 0.5]]), RNG)
    found = subject(candidate, "fcc", 1, 0.05, 0.0, 3)
    assert sorted(set(found.crystal.symbols)) == ["Fe", "La", "Mn", "O", "Sr"]
    assert len(found.crystal.symbols) == 10
    assert found.cubic_atoms == pytest.approx(5)
