"""Generators that learn nothing."""

from importlib.util import find_spec

import pytest
from pymatgen.core import Lattice, Structure

from eutectic.generators.baselines import pyxtal_process
from eutectic.generators.baselines.perturb import Perturb
from eutectic.generators.baselines.prototypes import Prototypes
from eutectic.generators.baselines.random_crystal import RandomCrystal
from eutectic.generators.baselines.substitution import Substitution
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.structures.likeness import chances, oxidation_states
from eutectic.oracles.base import EngineMissing


@pytest.fixture
def salt(tmp_path):
    crystal = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    crystal.get_primitive_structure().to(filename=str(tmp_path / "salt.cif"))
    return str(tmp_path / "salt.cif")


def made(engine, conditions, draws=range(20)):
    return [a for a in engine.draw([conditions] * len(draws), list(draws)) if isinstance(a, GeneratedStructure)]


def formulas(crystals):
    return {Structure.from_dict(crystal.structure()).composition.reduced_formula for crystal in crystals}


def test_substitution_keeps_charges_and_prefers_what_replaces_each_other(salt):
    found = made(Substitution(pool=salt), Conditions(elements=("K", "Li", "Mg", "Br", "F", "O")))
    assert formulas(found) <= {"KBr", "KF", "LiBr", "LiF"}
    assert len(formulas(found)) > 1
    assert chances("Na", 1.0)["K"] > chances("Na", 1.0)["Ag"] > 0
    assert oxidation_states("NaCl") == {"Na": 1.0, "Cl": -1.0}


def test_substitution_scales_the_cell_with_the_bonds(salt):
    bigger = made(Substitution(pool=salt), Conditions(formula="KBr"))[0]
    crystal = Structure.from_dict(bigger.structure())
    assert 6.2 < (4 * crystal.volume) ** (1 / 3) < 7.0  # 6.60 measured
    assert bigger.parent == "salt.cif"
    assert bigger.space_group == 225


def test_prototypes_find_nothing_where_no_type_has_the_shape(salt):
    impossible = Conditions(formula="Mg2O5", atoms=(7, 7))
    assert Prototypes(pool=salt).refuse(impossible).startswith("none of 1 structure types has 7 to 7 atoms and the")
    (answer,) = Prototypes(pool=salt).draw([impossible], [0])
    assert isinstance(answer, Refusal)


def test_prototypes_keep_the_space_group_wanted():
    found = made(Prototypes(), Conditions(elements=("Fe", "Al", "Ti"), space_groups=(225, 221), atoms=(2, 8)))
    assert len(found) == 20
    assert {crystal.space_group for crystal in found} <= {221, 225}


def test_perturbed_crystals_stay_near_and_can_exchange_elements(salt):
    near = made(Perturb(pool=salt, strain=0.01, rattle_angstrom=0.01), Conditions())
    assert formulas(near) == {"NaCl"}
    volumes = [Structure.from_dict(crystal.structure()).volume for crystal in near]
    assert 40 < min(volumes) < max(volumes) < 50
    swapped = made(Perturb(pool=salt, swap=1.0), Conditions(elements=("Na", "K", "Cl"), required=("K",)))
    assert formulas(swapped) <= {"KCl", "KNa"}
    assert "KCl" in formulas(swapped)


@pytest.mark.parametrize(
    ("part", "options", "said"),
    [
        (Substitution, {"temperature": 0.0}, "temperature: 0"),
        (Perturb, {"pool": "x", "strain": 1.0}, "strain: 1"),
        (Perturb, {"pool": "x", "swap": 2.0}, "swap: 2"),
        (RandomCrystal, {"limit_s": 0.0}, "limit_s: 0"),
        (RandomCrystal, {"most_elements": 9}, "most_elements: 9"),
    ],
)
def test_options_out_of_range_are_refused(part, options, said):
    with pytest.raises(ValueError, match=said):
        part(**options)


@pytest.mark.skipif(find_spec("pyxtal") is None, reason="PyXtal is not installed: the extra random_crystal brings it")
def test_random_crystals_have_the_group_asked_for_and_what_it_cannot_hold_is_refused():
    answers = RandomCrystal().draw(
        [
            Conditions(formula="CaTiO3", atoms=(5, 5), space_groups=(221,)),
            Conditions(formula="Fe2O3", atoms=(5, 5), space_groups=(225,)),
        ],
        [0, 1],
    )
    assert isinstance(answers[0], GeneratedStructure)
    assert answers[0].space_group == 221
    assert isinstance(answers[1], Refusal)
    assert "not compatible with symmetry 225" in answers[1].reason


def test_a_draw_that_takes_too_long_or_kills_the_process_is_given_up_and_the_next_one_is_made(monkeypatch):
    monkeypatch.setattr(pyxtal_process, "WORKER", "tests.generators.baselines.sleeper")
    wanted = Conditions(elements=("Si",))
    slow, dead, fine = pyxtal_process.answered("0123456789abcdef", {}, [wanted] * 3, [0, 1, 2], 1.0)
    assert slow == Refusal("PyXtal had found nothing after 1 s", wanted, 0)
    assert dead == Refusal("the process that runs PyXtal has died", wanted, 1)
    assert isinstance(fine, GeneratedStructure)
    assert fine.numbers.tolist() == [14]


def test_without_pyxtal_the_cure_is_named(monkeypatch):
    monkeypatch.setattr(pyxtal_process, "WORKER", "tests.generators.baselines.nowhere")
    with pytest.raises(EngineMissing, match=r"pip install 'eutectic\[random_crystal\]'"):
        pyxtal_process.answered("0123456789abcdef", {}, [Conditions()], [0], 1.0)
