"""Surrogates whose options do not suit a campaign's inputs are refused before it runs, where they stand in the file."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.suitability import fraction_groups, refusal
from eutectic.generators.composition import Composition
from eutectic.generators.pool import Pool
from eutectic.surrogates.base import Domain
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.sisso.recipe import SISSO
from eutectic.surrogates.trees.forest import Forest

FILE = """\
name: trial
space: SPACE
objectives: {hardness: maximize}
oracles: [{use: person, properties: [hardness]}]
surrogates: {default: PART}
optimizers: [{use: bayesian}]
budget: {evaluations: 4}
"""
NUMBERS = "{use: parameters, variables: {a: [0, 1], b: [0, 1], c: [0, 1], width_nm: [1, 2]}}"
SOLVENTS = "{use: parameters, variables: {a: [0, 1], q: [water, oil, air]}}"
ALLOY = "{use: composition, elements: {Cu: [0.05, 0.5], Cr: [0.05, 0.5], Ni: [0.05, 0.9]}}"


def file_of(folder, space, part):
    path = folder / "c.yaml"
    path.write_text(FILE.replace("SPACE", space).replace("PART", part))
    return path


def refused(folder, space, part):
    """The one complaint, from the place in the file on; None when it is built."""
    path = file_of(folder, space, part)
    try:
        build(CampaignSpec.from_file(path), folder)
    except CampaignFileError as error:
        (complaint,) = error.complaints
        return str(complaint).replace(f"{folder}/", "")
    return None


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (
            "{use: sisso, units: {aa: eV}}",
            "default.units: no input is called 'aa'; did you mean 'a'? Known: a, b, c, width_nm",
        ),
        ("{use: sisso, units: [eV]}", "default.units: 1 given for 4 inputs (a, b, c, width_nm)"),
        ("{use: sisso, units: {b: 'eV!'}}", "default.units: b: unit 'eV!': cannot read 'eV!'"),
        ("{use: sisso, target_unit: '3 eV'}", "default.target_unit: unit '3 eV': cannot read '3eV'"),
        ("{use: sisso, task: widt_nm}", "default.task: no input is called 'widt_nm'; did you mean 'width_nm'?"),
        ("{use: sisso, task: zzz}", "default.task: no input is called 'zzz'; Known: a, b, c, width_nm"),
        (
            "{use: auto, among: [{use: gp}, {use: sisso, units: [eV]}]}",
            "default.among: sisso: units: 1 given for 4 inputs",
        ),
    ],
)
def test_units_and_tasks_that_fit_no_input_are_refused_with_their_line(tmp_path, part, said):
    found = refused(tmp_path, NUMBERS, part)
    assert found.startswith(f"c.yaml:5: surrogates.{said}"), found


@pytest.mark.parametrize(
    "part",
    [
        "{use: sisso, units: {a: eV, b: eV/angstrom^2}, target_unit: GPa}",
        "{use: sisso, units: names}",
        "{use: sisso, units: [eV, '', K, nm], task: a}",
        "{use: auto, among: [{use: gp}, {use: sisso, units: names}]}",
    ],
)
def test_units_and_tasks_that_fit_are_taken(tmp_path, part):
    assert refused(tmp_path, NUMBERS, part) is None


def test_categories_alone_are_refused_unless_they_are_elements_that_are_encoded(tmp_path):
    space = "{use: parameters, variables: {q: [water, oil, air]}}"
    found = refused(tmp_path, space, "{use: sisso}")
    assert found.startswith("c.yaml:5: surrogates.default: SISSO needs a number among its inputs, and there is none"), (
        found
    )
    assert refused(tmp_path, SOLVENTS, "{use: sisso}") is None
    assert refused(tmp_path, SOLVENTS, "{use: sisso, task: q}") is None
    elements = space.replace("water, oil, air", "Cu, Ni, Fe")
    assert refused(tmp_path, elements, "{use: sisso}") is not None
    assert refused(tmp_path, elements, "{use: sisso, representation: element_encoding}") is None


def test_elements_and_ions_are_seen_as_alike_by_who_can_compare_them_and_nobody_else(tmp_path):
    halides = "{use: parameters, variables: {a: [Cs, MA, FA], way: [dry, wet], b: [Pb, Sn, Ge], t: [0, 1]}}"

    def recipe(part, space=halides):
        return build(CampaignSpec.from_file(file_of(tmp_path, space, part)), tmp_path).recipes[0]

    seen = recipe("{use: gp}").representation
    assert seen.names == ("a", "b", "way", "t")
    assert sorted(seen.domain(np.zeros((2, 4))).descriptors) == [0, 1]
    plain = recipe("{use: gp, representation: columns}").representation
    assert (plain.names, plain.descriptors) == (("a", "way", "b", "t"), {})
    assert not isinstance(recipe("{use: forest}"), Represented)
    assert not isinstance(recipe("{use: gp}", SOLVENTS), Represented)


def test_fractions_beside_elements_that_are_alike_still_sum_to_one(tmp_path):
    parts = f"alloy: {ALLOY}, process: {{use: parameters, variables: {{coat: [Al, Ti]}}}}"
    space = f"{{use: product, parts: {{{parts}}}}}"
    assert refused(tmp_path, space, MIXING) is None
    made = build(CampaignSpec.from_file(file_of(tmp_path, space, MIXING)), tmp_path).recipes[0].representation
    assert [tuple(made.names[j] for j in group) for group in made.mixtures] == [("Cu", "Cr", "Ni")]


MIXING = "{use: gp, kernel: composition}"
CLOSED = "{use: parameters, variables: {a: [0, 1], b: [0, 1], t: [0, 9]}, linear: [LINE]}"


@pytest.mark.parametrize("space", [NUMBERS, SOLVENTS, CLOSED.replace("LINE", "a + b <= 1")])
def test_the_composition_kernel_is_refused_where_nothing_sums_to_one(tmp_path, space):
    found = refused(tmp_path, space, MIXING)
    assert found.startswith(
        "c.yaml:5: surrogates.default.kernel: composition is for fractions that sum to one, and none"
    )
    within = refused(tmp_path, space, "{use: auto, among: [{use: gp, kernel: composition}, {use: forest}]}")
    assert within.startswith("c.yaml:5: surrogates.default.among: gp: kernel: composition is for fractions")
    assert refused(tmp_path, space, "{use: gp, kernel: additive}") is None


def test_the_composition_kernel_is_taken_where_fractions_sum_to_one(tmp_path):
    (tmp_path / "pool.csv").write_text("Cu,Ni,t,formula,y\n0.25,0.75,3,CuNi3,1\n0.5,0.5,4,CuNi,2\n")
    listed = "{use: pool, file: pool.csv, features: [Cu, Ni, t]}"
    formulas = "{use: pool, file: pool.csv, features: [formula]}"
    for space in (ALLOY, listed, CLOSED.replace("LINE", "a + b = 1")):
        assert refused(tmp_path, space, MIXING) is None
    assert "representation: fractions" in refused(tmp_path, formulas, MIXING)
    over = MIXING.replace("}", ", representation: fractions}")
    for space in (ALLOY, listed, formulas):
        assert refused(tmp_path, space, over) is None
    assert "composition is for" in refused(tmp_path, ALLOY, over.replace("fractions", "log_ratios"))


def test_over_a_representation_the_names_are_its_features(tmp_path):
    part = "{use: sisso, representation: fractions, units: {Cu: eV}}"
    found = refused(tmp_path, ALLOY, part)
    assert found.startswith("c.yaml:5: surrogates.default.units: no input is called 'Cu'; ")
    assert found.endswith("Known: Cr_fraction, Cu_fraction, Ni_fraction")
    assert refused(tmp_path, ALLOY, part.replace("Cu:", "Cu_fraction:")) is None
    assert refused(tmp_path, ALLOY, "{use: sisso, representation: element_statistics}") is None
    many = "{use: sisso, representation: element_statistics, units: [eV]}"
    assert "1 given for 12 inputs" in refused(tmp_path, ALLOY, many)


def test_the_command_ends_with_2_before_anything_is_evaluated(tmp_path):
    path = file_of(tmp_path, NUMBERS, "{use: sisso, task: zzz}")
    words = [sys.executable, "-m", "eutectic", "run", str(path), "--dir", str(tmp_path / "run")]
    done = subprocess.run(words, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "c.yaml:5: surrogates.default.task: no input is called 'zzz'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_recipe_that_refuses_nothing_is_not_asked():
    assert refusal(Forest(), Composition({"Cu": (0, 1), "Ni": (0, 1)}).space) is None
    assert SISSO(task="b").refuse(("a", "b"), Domain(np.zeros(2), np.ones(2))) is None


def test_a_lists_columns_of_elements_are_fractions_where_they_sum_to_one(tmp_path):
    (tmp_path / "pool.csv").write_text("Cu,Ni,t,y\n0.25,0.75,3,1\n0.5,0.5,4,2\n")
    assert fraction_groups(Pool(str(tmp_path / "pool.csv"), ("Cu", "t", "Ni")).space) == ((0, 2),)
    assert fraction_groups(Pool(str(tmp_path / "pool.csv"), ("Cu", "t")).space) == ()
