"""Representations: known answers, pools of formulas and crystals, surrogates over them, and campaign files."""

from pathlib import Path

import numpy as np
import pytest
import torch

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.representations import rebuilt, represented
from eutectic.generators.composition import Composition
from eutectic.generators.parameters import Parameters, Variable
from eutectic.generators.pool import Pool
from eutectic.generators.representations import crystals
from eutectic.generators.representations.catalogue import (
    ElementEncoding,
    ElementSequence,
    ElementStatistics,
    Fractions,
    LogRatios,
    StructureDescriptors,
)
from eutectic.generators.representations.chemical_formulas import STATISTICS, statistics
from eutectic.generators.representations.elements import ELEMENTAL, MAGPIE, resolved, table
from eutectic.generators.sequence import Sequence
from eutectic.optimizers.base import History
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.satisfy import Satisfy
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.spaces import region
from eutectic.surrogates import abilities
from eutectic.surrogates.composite.auto import Auto
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.composite.stacked import Stacked
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.neural.cnn import CNN
from eutectic.surrogates.polynomial.recipe import Polynomial
from eutectic.surrogates.sisso.recipe import SISSO
from eutectic.surrogates.trees.forest import Forest

ALLOY = Composition({"Cu": (0.05, 0.5), "Cr": (0.05, 0.5), "Ni": (0.05, 0.9)})
X = region.sample(ALLOY.space, 20, np.random.default_rng(0))
Y = (X @ np.array([1.0, 3.0, -2.0]) + X[:, 0] ** 2)[:, None]


def features(representation, rows=X):
    return representation(torch.tensor(rows)).numpy()


# known answers


def test_log_ratios_are_an_isometry_between_the_simplex_and_the_plane():
    Z = features(LogRatios(zero=1e-6).of(ALLOY.space))
    assert Z.shape == (20, 2)
    logs = np.log(X)
    centred = logs - logs.mean(1, keepdims=True)
    expected = np.linalg.norm(centred[:, None] - centred[None], axis=-1)
    assert np.linalg.norm(Z[:, None] - Z[None], axis=-1) == pytest.approx(expected)
    assert Z[:, 1] == pytest.approx(np.log(X[:, 1] / X[:, 2]) / np.sqrt(2))


def test_a_zero_is_replaced_before_the_logarithm():
    Z = features(LogRatios(zero=0.01).of(ALLOY.space), np.array([[0.0, 0.5, 0.5], [0.01, 0.495, 0.495]]))
    assert Z[0] == pytest.approx([np.sqrt(2 / 3) * np.log(0.01 / 0.5), 0.0])
    assert Z[1] == pytest.approx([np.sqrt(2 / 3) * np.log(0.01 / 0.495), 0.0])


def test_statistics_are_those_of_a_pool_of_formulas():
    found = ElementStatistics().of(ALLOY.space)
    rows = [dict(zip(ALLOY.elements, row, strict=True)) for row in X]
    assert found.names == STATISTICS
    assert features(found) == pytest.approx(statistics(rows), abs=1e-8)


def test_extremes_are_over_the_elements_present():
    part = ElementStatistics(("electronegativity",), ("minimum", "maximum", "range"))
    values = table(("Cu", "Cr", "Ni"), ("electronegativity_pauling",))[:, 0]
    found = features(part.of(ALLOY.space), np.array([[0.0, 0.5, 0.5]]))[0]
    assert found == pytest.approx([values[1:].min(), values[1:].max(), np.ptp(values[1:])])


def test_properties_are_named_with_or_without_their_unit_and_units_are_known():
    assert resolved(["atomic_radius", "valence_electrons"]) == ("atomic_radius_angstrom", "valence_electrons")
    assert resolved(["magpie"]) == tuple(MAGPIE)
    assert len(MAGPIE) == 22
    found = ElementStatistics(("atomic_radius", "valence_electrons")).of(ALLOY.space)
    assert found.units == ("angstrom", "angstrom", "", "")
    every = table(("Fe", "O"), tuple(ELEMENTAL))
    assert np.isfinite(every).all()
    assert dict(zip(ELEMENTAL, every[0], strict=True))["atomic_number"] == 26


def test_means_of_properties_are_linear_with_exact_gradients():
    found = ElementStatistics(("covalent_radius",), ("mean",)).of(ALLOY.space)
    leaf = torch.tensor(X, requires_grad=True)
    found(leaf).sum().backward()
    values = table(("Cu", "Cr", "Ni"), ("covalent_radius_pm",))[:, 0]
    along = leaf.grad.numpy() @ (np.eye(3) - 1 / 3)  # a change of composition sums to zero
    assert found.differentiable
    assert along == pytest.approx(np.tile(values - values.mean(), (20, 1)))


def test_steps_of_a_sequence_add_up_to_its_composition():
    part = Sequence(("Fe", "Ni", "O"), steps=2, counts=(0, 5))
    row = part.coordinates({"element_1": "O", "count_1": 3, "element_2": "Fe", "count_2": 2})[None]
    found = Fractions().of(part.space)
    assert found.names == ("O_fraction", "Fe_fraction", "Ni_fraction")
    assert features(found, row)[0] == pytest.approx([0.6, 0.4, 0.0])
    assert not found.differentiable


def test_an_element_category_becomes_its_properties_and_indicators():
    part = Sequence(("Fe", "O"), steps=1)
    found = ElementEncoding(("electronegativity",)).of(part.space)
    assert found.names == ("element_1 electronegativity_pauling", "element_1=Fe", "element_1=O", "count_1")
    assert features(found, np.array([[1.0, 4.0]]))[0] == pytest.approx([3.44, 0.0, 1.0, 4.0])


def test_a_decoration_has_its_composition_and_like_compositions_are_decorated_alike():
    found = ElementSequence(length=10, decorations=4, seed=1).of(ALLOY.space)
    codes = features(found, np.array([[0.3, 0.2, 0.5], [0.31, 0.19, 0.5]]))
    assert found.sequence == (4, 10)
    shares = np.stack([(codes == k).mean(1) for k in range(3)], 1)
    assert shares == pytest.approx(np.array([[0.3, 0.2, 0.5], [0.31, 0.19, 0.5]]), abs=0.026)
    assert (codes[0] != codes[1]).sum() <= 1
    assert len(np.unique(codes[0].reshape(4, 10), axis=0)) == 4


# pools


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def formula_pool(folder):
    table = "formula,heat\nFeO,1\nNiO,2\nFe2O3,3\nCuO,1\nCu2O,2\nTiO2,3\nCr2O3,1\nMnO,2\n"
    return Pool(str(write(folder / "pool.csv", table)), features=("formula", "heat"))


def test_a_pool_looks_up_its_formulas_and_keeps_its_other_columns(tmp_path):
    pool = formula_pool(tmp_path)
    found = Fractions().of(pool.space, pool.materials)
    values = dict(zip(found.names, features(found, pool.space.table).T, strict=True))
    assert values["O_fraction"] == pytest.approx([0.5, 0.5, 0.6, 0.5, 1 / 3, 2 / 3, 0.6, 0.5])
    assert values["heat"].tolist() == [1, 2, 3, 1, 2, 3, 1, 2]
    shifted = features(found, pool.space.table + 1e-9)
    assert shifted[:, :-1] == pytest.approx(features(found, pool.space.table)[:, :-1])


def crystal_pool(folder):
    from pymatgen.core import Lattice, Structure

    cells = {
        "copper": Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.61), ["Cu"], [[0, 0, 0]]),
        "iron": Structure.from_spacegroup("Im-3m", Lattice.cubic(2.87), ["Fe"], [[0, 0, 0]]),
        "salt": Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    }
    for name, cell in cells.items():
        cell.to(str(folder / f"{name}.cif"))
    rows = "\n".join(f"{name}.cif" for name in cells)
    return Pool(str(write(folder / "crystals.csv", f"file\n{rows}\n")), structures="file")


def test_a_pool_of_structure_files_carries_structures_and_their_descriptors(tmp_path):
    pool = crystal_pool(tmp_path)
    copper, iron, salt = pool.generate(pool.space.table, np.random.default_rng(0))
    assert salt.composition == {"Cl": 0.5, "Na": 0.5}
    assert crystals.site_elements(copper.structure) == ["Cu"] * 4
    assert iron.variables == {"file": "iron.cif"}
    found = StructureDescriptors(composition=False).of(pool.space, pool.materials)
    values = dict(zip(found.names, features(found, pool.space.table).T, strict=True))
    assert values["density_g_per_cm3"] == pytest.approx([8.97, 7.85, 2.16], abs=0.03)
    assert values["mean_coordination"].tolist() == [12, 14, 6]
    assert values["volume_angstrom3_per_atom"] == pytest.approx([3.61**3 / 4, 2.87**3 / 2, 5.64**3 / 8])
    assert values["mean_nearest_distance_angstrom"][0] == pytest.approx(3.61 / np.sqrt(2), rel=1e-3)
    assert values["point_group_order"].tolist() == [48, 48, 48]
    assert found.units[0] == "g/cm^3"


def test_sites_of_a_structure_are_a_sequence_in_their_order(tmp_path):
    pool = crystal_pool(tmp_path)
    found = ElementSequence(length=6).of(pool.space, pool.materials)
    assert found.sequence == (1, 6)
    codes = features(found, pool.space.table)
    assert codes[1].tolist() == [codes[1, 0]] * 6
    assert len(set(codes[2].tolist())) == 2


def test_a_structure_file_that_cannot_be_read_is_named_with_its_cell(tmp_path):
    write(tmp_path / "broken.cif", "no crystal")
    pool = Pool(str(write(tmp_path / "pool.csv", "file\nbroken.cif\n")), structures="file")
    with pytest.raises(ValueError, match=r"row 1 \(line 2\), column 'file'.*broken.cif"):
        _ = pool.space
    with pytest.raises(ValueError, match="no such file"):
        _ = Pool(str(write(tmp_path / "gone.csv", "file\nnowhere.cif\n")), structures="file").space


# surrogates over representations

OVER = [
    (GaussianProcess(iterations=20), "log_ratios"),
    (Forest(trees=20), "element_statistics"),
    (Polynomial(), {"use": "element_statistics", "properties": ["electronegativity", "atomic_radius"]}),
    (SISSO(rungs=1, terms=1, members=3), "element_statistics"),
]


@pytest.mark.parametrize(("recipe", "name"), OVER, ids=["gp", "forest", "polynomial", "sisso"])
def test_a_surrogate_over_a_representation_keeps_the_contract_of_surrogates(recipe, name):
    over = represented(recipe, {"use": "any", "representation": name}, ALLOY)
    fitted = over.fit(X, Y, ALLOY.space.names)
    posterior = fitted.posterior(X)
    again = over.fit(X, Y, ALLOY.space.names, start=fitted.state, tune=False)
    assert np.array_equal(again.posterior(X).mean, posterior.mean)
    T = torch.tensor(X[:5], requires_grad=True)
    joint = fitted.model.posterior(T[:, None])
    assert joint.mean[:, 0, 0].detach().numpy() == pytest.approx(posterior.mean[:5, 0], rel=1e-6, abs=1e-8)
    joint.mean.sum().backward()
    assert torch.isfinite(T.grad).all()
    assert fitted.differentiable == abilities.differentiable(fitted.inner)
    mean, _, cross = fitted.joint_moments(torch.tensor(X[5:8]))(torch.tensor(X[:5]))
    assert mean.detach().numpy() == pytest.approx(posterior.mean[:5, 0], rel=1e-6, abs=1e-8)
    assert cross.shape == (5, 3)
    assert abilities.leaving_out(fitted).leave_one_out().mean.shape == (20, 1)
    assert np.array_equal(abilities.noise(fitted), abilities.noise(fitted.inner))
    outputs = abilities.embedded(fitted)
    assert (outputs is None) == (abilities.embedded(fitted.inner) is None)
    for output in outputs or ():
        there = output.mean(output.embed(torch.tensor(X[:5]))).detach().numpy()
        assert there == pytest.approx(posterior.mean[:5, 0], rel=1e-6, abs=1e-8)


def test_formulas_speak_of_element_statistics_with_their_units():
    radius = table(("Cu", "Cr", "Ni"), ("covalent_radius_pm",))[:, 0]
    target = 3.0 + 0.5 * (X @ radius)
    part = {"use": "sisso", "representation": {"use": "element_statistics", "statistics": ["mean"]}}
    fitted = represented(SISSO(rungs=1, terms=1, members=0), part, ALLOY).fit(X, target, ALLOY.space.names)
    (formula,) = fitted.inner.formulas
    assert "mean_covalent_radius_pm" in formula.text
    assert formula.parameters["c1 (pm^-1)"] == pytest.approx(0.5)


def test_features_that_are_constant_over_the_space_are_left_out():
    named = {"use": "element_statistics", "properties": ["magpie"]}
    over = represented(Forest(trees=5), {"use": "forest", "representation": named}, ALLOY)
    kept = over.fit(X, Y).view
    names = [over.representation.names[j] for j in kept.kept]
    assert "mean_f_valence_electrons" not in names
    assert "mean_d_valence_electrons" in names


def test_gradients_climb_over_log_ratios_and_reach_what_sampling_reaches():
    over = represented(GaussianProcess(iterations=20), {"use": "gp", "representation": "log_ratios"}, ALLOY)
    history = History.observed(X, Y)
    belief = learn(ALLOY.space, history, [over])
    assert belief.outputs[0].differentiable
    batch = (
        Bayesian(draws=16, samples=64, starts=2).using([over]).ask(ALLOY.space, history, 2, np.random.default_rng(0))
    )
    assert region.contains(ALLOY.space, batch).all()
    assert belief.outputs[0].posterior(batch).mean.min() < np.quantile(Y, 0.1)


def test_a_pool_is_searched_over_element_statistics(tmp_path):
    pool = formula_pool(tmp_path)
    over = represented(GaussianProcess(iterations=10), {"use": "gp", "representation": "fractions"}, pool)
    rows = pool.space.table
    target = features(Fractions().of(pool.space, pool.materials), rows)[:, :1]
    history = History.observed(rows[:4], target[:4])
    batch = Bayesian(draws=8).using([over]).ask(pool.space, history, 2, np.random.default_rng(0))
    assert region.contains(pool.space, batch).all()
    assert {tuple(row) for row in batch}.isdisjoint({tuple(row) for row in rows[:4]})


@pytest.mark.parametrize("failed", [False, True])
def test_a_pool_is_searched_for_what_satisfies_over_element_statistics(tmp_path, failed):
    pool = formula_pool(tmp_path)
    over = represented(GaussianProcess(iterations=10), {"use": "gp", "representation": "fractions"}, pool)
    rows = pool.space.table
    share = features(Fractions().of(pool.space, pool.materials), rows)[:, :1]
    losses = np.where(np.arange(4)[:, None] == 3, np.nan, share[:4]) if failed else share[:4]
    history = History.observed(rows[:4], losses, losses - 0.2)
    batch = Satisfy(Bayesian().using([over, over]), "bayesian").ask(pool.space, history, 2, np.random.default_rng(0))
    assert {tuple(row) for row in batch} <= {tuple(row) for row in rows[4:]}
    assert len(batch) == 2


OVER = (
    (GaussianProcess(iterations=10), "log_ratios"),
    (Forest(), "fractions"),
    (Polynomial(), "fractions"),
    (SISSO(screened=5, terms=1), "element_statistics"),
    (CNN(members=2, steps=2), "element_sequence"),
    (Auto(({"use": "gp"}, {"use": "polynomial"}), built=(GaussianProcess(), Polynomial())), "element_statistics"),
    (Stacked(iterations=50), "fractions"),
)


@pytest.mark.parametrize("first", range(len(OVER)), ids=[name for _, name in OVER])
def test_any_pair_of_surrogates_over_representations_looks_for_what_satisfies_in_a_pool(tmp_path, first):
    """Each stands once for the objective and once for the constraint; in every other pair an evaluation failed."""
    whole = formula_pool(tmp_path)
    pool = Pool(whole.file, features=("formula",))
    pair = OVER[first], OVER[first - 1]
    over = [represented(recipe, {"use": "any", "representation": name}, pool) for recipe, name in pair]
    rows, losses = pool.space.table, whole.space.table[:5, -1:].copy()
    losses[3 if first % 2 else 5 :] = np.nan
    history = History.observed(rows[:5], losses, 0.5 - losses)
    batch = Satisfy(Bayesian().using(over), "bayesian").ask(pool.space, history, 3, np.random.default_rng(0))
    assert sorted(map(tuple, batch)) == sorted(map(tuple, rows[5:]))


def test_no_rows_of_a_pool_have_no_rows_of_features(tmp_path):
    pool = formula_pool(tmp_path)
    found = Fractions().of(pool.space, pool.materials)
    assert found(torch.tensor(pool.space.table[:0])).shape == (0, len(found.names))


def test_a_missing_value_is_named_by_row_and_variable_and_not_by_feature():
    broken = X.copy()
    broken[3, 1] = np.nan
    with pytest.raises(ValueError, match="row 3, column 'Cr'"):
        Represented(Forest(), LogRatios().of(ALLOY.space)).fit(broken, Y, ALLOY.space.names)


# campaign files

FILE = """
name: alloy
space: {use: composition, elements: {Cu: [0.05, 0.5], Cr: [0.05, 0.5], Ni: [0.05, 0.9]}}
objectives: {hardness: maximize}
oracles: [{use: person, properties: [hardness]}]
surrogates: {default: {use: USE, representation: REPRESENTATION}}
optimizers: [{use: bayesian}]
budget: {evaluations: 4}
"""


def problem(folder, representation, use="forest", space=None):
    text = FILE.replace("REPRESENTATION", representation).replace("USE", use)
    if space is not None:
        text = text.replace(text.splitlines()[2], f"space: {space}")
    path = write(folder / "campaign.yaml", text)
    return build(CampaignSpec.from_file(path), folder)


def test_a_campaign_file_names_the_representation_of_each_surrogate(tmp_path):
    (plain,) = problem(tmp_path, "element_statistics").recipes
    assert isinstance(plain, Represented)
    (chosen,) = problem(tmp_path, "{use: log_ratios, zero: 0.01}", "gp").recipes
    assert chosen.recipe == GaussianProcess()
    assert chosen.representation.names == ("log_ratio_Cu_to_Cr_Ni", "log_ratio_Cr_to_Ni")


@pytest.mark.parametrize(
    ("representation", "use", "space", "words"),
    [
        ("element_statistic", "forest", None, "did you mean 'element_statistics'"),
        ("{use: log_ratios, zeros: 0.1}", "forest", None, "unknown key 'zeros'"),
        ("{use: log_ratios, zero: 0.7}", "forest", None, "not above 0 and below 0.5"),
        ("{use: element_statistics, properties: [electronegativty]}", "gp", None, "did you mean 'electronegativity"),
        ("structure_descriptors", "gp", None, "those that can: columns, element_sequence, element_statistics, frac"),
        ("element_sequence", "gp", None, "read by `use: cnn` alone"),
        ("fractions", "gp", "{use: parameters, variables: {t: {low: 0, high: 1}}}", "those that can: columns$"),
    ],
)
def test_a_representation_that_cannot_serve_is_refused_with_what_can(tmp_path, representation, use, space, words):
    with pytest.raises(CampaignFileError, match=words):
        problem(tmp_path, representation, use, space)


def test_a_kept_surrogate_is_rebuilt_over_its_representation():
    content = {"use": "forest", "representation": "fractions"}
    space = {"use": "composition", "elements": {k: list(v) for k, v in ALLOY.elements.items()}}
    again = rebuilt(content, space, Path())
    assert isinstance(again, Represented)
    assert rebuilt({"use": "forest"}, None, Path()) == Forest()
    assert again.fit(X, Y).posterior(X).mean.shape == (20, 1)


def test_spaces_without_elements_have_no_composition():
    space = Parameters({"temperature_k": Variable(300.0, 900.0), "kind": Variable(choices=("a", "b"))}).space
    for part in (Fractions(), LogRatios(), ElementStatistics(), ElementSequence()):
        with pytest.raises(ValueError, match="no composition"):
            part.of(space)
    with pytest.raises(ValueError, match="no category"):
        ElementEncoding().of(space)
