"""Claims that every engine of crystals keeps."""

import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from eutectic import generators
from eutectic.campaigns.file import plugins
from eutectic.generators.diffusion.recipe import Recipe, learn
from eutectic.generators.learning import checkpoints
from eutectic.generators.structures.conditions import FIELDS, Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from tests.generators.wyckoff.crystals import structures

ENGINES = tuple(generators.ENGINES)
OPTIONS: dict[str, dict[str, object]] = {
    "perturb": {"pool": "pool"},
    "program": {"run": ["./program.py", "{output}", "{n}", "{seed}", "{formula}"], "together": 4},
    "mattergen": {"program": "./program.py", "together": 4},
    "diffusion": {"weights": "toy.safetensors", "tries": 40},
}
"""Engine -> options it cannot do without."""
PROGRAM = """#!{python}
import random, sys
from pathlib import Path
from pymatgen.core import Lattice, Structure
output = Path(sys.argv[1])
asked = dict(word.lstrip("-").split("=", 1) for word in sys.argv[2:] if "=" in word)
n = int(asked.get("batch_size") or sys.argv[2])
chance = random.Random(str(sys.argv[3:]))
for k in range(n):
    edge = chance.uniform(4.0, 5.0)
    rutile = Structure.from_spacegroup(136, Lattice.tetragonal(edge, 2.96), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]])
    rutile.to(filename=str(output / f"{{k:03d}}.cif"))
"""
"""Somebody's generator: of rutile."""
WANTED = Conditions(elements=("Mg", "O", "Ti"), atoms=(2, 8))


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("campaign")
    (folder / "pool").mkdir()
    rock_salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.2), ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    rock_salt.get_primitive_structure().to(filename=str(folder / "pool" / "MgO.cif"))
    rutile = Structure.from_spacegroup(136, Lattice.tetragonal(4.6, 2.96), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]])
    rutile.to(filename=str(folder / "pool" / "TiO2.cif"))
    (folder / "program.py").write_text(PROGRAM.format(python=sys.executable))
    (folder / "program.py").chmod(0o755)
    crystals = structures(repeated=4)
    crystals = crystals.take(np.flatnonzero(crystals.sizes <= 6))
    recipe = Recipe(steps=60, batch=16, width=32, layers=2, validate=60, rate=3e-3)
    made = learn(crystals, recipe, folder / "run", {"training_set": {"name": "our own"}, "licence": "MIT"})
    checkpoints.write(folder / "toy.safetensors", *made)
    return folder


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, pool):
    if request.param == "random_crystal" and find_spec("pyxtal") is None:
        pytest.skip("PyXtal is not installed: pip install 'eutectic[random_crystal]'")
    return plugins.build("engines", {"use": request.param, **OPTIONS.get(request.param, {})}, pool)


def crystals(answers):
    return [answer for answer in answers if isinstance(answer, GeneratedStructure)]


def same(a, b):
    if isinstance(a, Refusal):
        return a == b
    return a.structure() == b.structure() and a.space_group == b.space_group and a.draw == b.draw


def test_a_crystal_is_a_function_of_its_conditions_and_draw_alone(engine):
    other = Conditions(elements=("Mg", "O", "Ti"), atoms=(2, 6))
    together = engine.draw([WANTED, other, WANTED], [5, 6, 7])
    alone = [engine.draw([c], [d])[0] for c, d in ((WANTED, 5), (other, 6), (WANTED, 7))]
    assert all(same(a, b) for a, b in zip(together, alone, strict=True))
    assert [answer.draw for answer in together] == [5, 6, 7]


def test_elements_atoms_and_identity_are_as_asked(engine):
    made = crystals(engine.draw([WANTED] * 12, range(12)))
    assert len(made) >= 6
    for crystal in made:
        symbols = {site.specie.symbol for site in Structure.from_dict(crystal.structure())}
        assert symbols <= {"Mg", "O", "Ti"}
        assert 2 <= len(crystal.numbers) <= 8
        assert crystal.checkpoint == engine.checkpoint
        assert np.isfinite(crystal.lattice).all()
        assert abs(np.linalg.det(crystal.lattice)) > 1.0
    assert len({str(crystal.structure()) for crystal in made}) > 1


def test_a_formula_and_what_is_required_are_kept_exactly(engine):
    exact = Conditions(formula="TiO2", atoms=(3, 12))
    needed = replace(WANTED, required=("Ti", "O"))
    made = crystals(engine.draw([exact] * 5 + [needed] * 5, range(10)))
    assert made
    for crystal in made:
        composition = Structure.from_dict(crystal.structure()).composition
        if crystal.conditions.formula:
            assert composition.reduced_formula == "TiO2"
        else:
            assert {"Ti", "O"} <= {str(e) for e in composition.get_el_amt_dict()}


def test_what_nothing_can_be_is_said_or_refused_and_never_raised(engine):
    impossible = Conditions(formula="MgTi7O19", atoms=(27, 27))
    told = engine.refuse(impossible) if hasattr(engine, "refuse") else ""
    (answer,) = engine.draw([impossible], [0])
    assert isinstance(answer, Refusal) or not told
    assert isinstance(answer, GeneratedStructure) or answer.reason


def test_an_engine_says_what_it_understands_costs_and_is(engine):
    assert {"elements", "atoms"} <= engine.understands()
    assert engine.understands() - set(FIELDS) == {n for n in engine.understands() if "_" in n and n not in FIELDS}
    assert 0 < engine.seconds_each < 3600
    assert len(engine.checkpoint) >= 16
    assert int(engine.checkpoint, 16) > 0
