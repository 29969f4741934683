"""Which element stood on which site: what oracles tell of it, and what the convolutional surrogate makes of it."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.tracking.surrogate_file import final_surrogates, restore
from eutectic.generators.composition import Composition
from eutectic.generators.representations.catalogue import ElementSequence, Fractions
from eutectic.optimizers.models import belief
from eutectic.oracles.base import Candidate, Evaluation
from eutectic.oracles.lammps.alloy import LammpsAlloy
from eutectic.oracles.physics import solid_solution, stacking_faults
from eutectic.oracles.physics.decorations import SITES, Decorated, artifact, seen
from eutectic.surrogates.base import Domain, Replicas
from eutectic.surrogates.composite.represented import Represented, recoded
from eutectic.surrogates.neural.cnn import CNN
from tests.campaigns import trial_campaigns

LIGHT = CNN(steps=150, members=3)
LONG, SHORT = 40, 12
USFE = "unstable_stacking_fault_energy_mj_per_m2"
SMALL = {"use": "lammps_alloy", "cells": 2, "decorations": 3, "fault_cells": [3, 2, 12], "fault_decorations": 2}


def unlike_neighbours(codes):
    return (np.roll(codes, 1, -1) != codes).mean(-1)


def makings(rng, count=3, length=LONG):
    """Sequences that keep a neighbour with a chance of their own, so that order differs and composition hardly."""
    codes = np.zeros((count, length), dtype=np.uint8)
    for row in codes:
        row[:] = np.cumsum(rng.random(length) < rng.uniform(0.1, 0.9)) % 2
    return Replicas(("A", "B"), codes, unlike_neighbours(codes))


def test_what_is_told_is_read_back():
    types = [np.array([1, 2, 2, 3]), np.array([3, 1, 2, 2])]
    files = artifact(["Cu", "Ni", "Fe"], [Decorated(("a", "b"), types), Decorated((), types)])
    files["decorations.json"] = json.dumps({"a": [1.0, 2.0], "b": [5.0, 6.0]})
    found = seen(Evaluation("id", "md", artifacts=files))
    assert set(found) == {"a", "b"}
    assert found["a"].elements == ("Cu", "Ni", "Fe")
    assert found["b"].codes.tolist() == [[0, 1, 1, 2], [2, 0, 1, 1]]
    assert found["b"].values.tolist() == [5.0, 6.0]


def test_nothing_is_told_of_values_that_are_of_no_crystal():
    assert artifact(["Cu"], []) == {} == artifact(["Cu"], [Decorated((), [np.array([1])])])
    assert seen(Evaluation("id", "screens", values={"a": 1.0})) == {}


@pytest.mark.parametrize("layers", [9, 12, 15, 18, 24])
def test_the_planes_beside_a_fault_are_those_that_slide_over_each_other(layers):
    sites = solid_solution.slab(2, 1, layers)
    count = stacking_faults.faults(layers, 3.6)
    block = np.minimum(sites.layer // (layers // count), count - 1)
    sliding = {
        plane
        for below in range(layers)
        for plane in (below, (below + 1) % layers)
        if below + 1 == layers or block[sites.layer == below][0] != block[sites.layer == below + 1][0]
    }
    assert set(sites.layer[stacking_faults.beside(sites, 3.6, "rigid")]) == sliding
    lower, upper = sorted(set(sites.layer[stacking_faults.beside(sites, 3.6, "relaxed")]))
    assert (lower, upper) == ((layers - 1) // 2, (layers - 1) // 2 + 1)


def test_lammps_tells_the_elements_of_every_decoration_with_its_value():
    composition = {"Fe": 0.25, "Ni": 0.25, "Cr": 0.125, "Co": 0.25, "Cu": 0.125}
    oracle = LammpsAlloy(cells=2, decorations=3, fault_cells=(3, 2, 12), fault_decorations=2)
    only = oracle.only(["bulk_modulus_gpa", USFE])
    (found,) = only.evaluate([Candidate(composition, composition)], np.random.default_rng(0))
    crystals = seen(found)
    bulk, faults = crystals["bulk_modulus_gpa"], crystals[USFE]
    assert bulk.codes.shape == (3, 32)
    assert faults.codes.shape == (2, 4 * 12)  # two faults, two planes of 12 atoms each
    for row in bulk.codes:
        counts = Counter(bulk.elements[code] for code in row)
        assert counts == {element: 32 * share for element, share in composition.items()}
    assert len({row.tobytes() for row in bulk.codes}) == 3
    assert bulk.values.mean() == pytest.approx(found.values["bulk_modulus_gpa"])
    assert faults.values.mean() == pytest.approx(found.values[USFE])


def test_exchanged_atoms_are_not_told_of():
    oracle = LammpsAlloy(cells=3, decorations=1, temperature_k=300, equilibration_steps=500, production_steps=500)
    oracle = oracle.only(["fcc_fraction"])
    composition = {"Fe": 0.2, "Ni": 0.2, "Cr": 0.2, "Co": 0.2, "Cu": 0.2}
    for swaps, known in ((0, True), (20, False)):
        hot = replace(oracle, swaps=swaps)
        (found,) = hot.evaluate([Candidate(composition, composition)], np.random.default_rng(0))
        assert (SITES in found.artifacts) is known


def test_the_order_of_sites_is_learned_from_what_was_measured_and_not_from_what_stands_for_it():
    rng = np.random.default_rng(0)
    X, T = (rng.integers(0, 2, (n, SHORT)).astype(float) for n in (80, 60))
    replicas = [makings(rng) for _ in X]
    y = np.array([[own.values.mean()] for own in replicas])
    box = Domain(np.zeros(SHORT), np.ones(SHORT), tuple(range(SHORT)), (1, SHORT))
    truth = unlike_neighbours(T)
    errors = [
        np.abs(LIGHT.fit(X, y, domain=box, replicas=given).posterior(T).mean[:, 0] - truth).mean()
        for given in (replicas, [])
    ]
    assert errors[0] < 0.5 * errors[1]


def test_rows_of_which_nothing_was_told_count_as_before():
    rng = np.random.default_rng(1)
    X = rng.integers(0, 2, (60, SHORT)).astype(float)
    y = unlike_neighbours(X)[:, None]
    box = Domain(np.zeros(SHORT), np.ones(SHORT), tuple(range(SHORT)), (1, SHORT))
    some: list[Replicas | None] = [makings(rng, 2, 30) if i % 2 else None for i in range(len(X))]
    y[1::2, 0] = [own.values.mean() for own in some[1::2]]
    T = rng.integers(0, 2, (60, SHORT)).astype(float)
    error = np.abs(LIGHT.fit(X, y, domain=box, replicas=some).posterior(T).mean[:, 0] - unlike_neighbours(T)).mean()
    assert error < 0.4 * np.abs(unlike_neighbours(T) - y.mean()).mean()


def test_replicas_are_of_one_output():
    X = np.zeros((6, SHORT))
    box = Domain(np.zeros(SHORT), np.ones(SHORT), tuple(range(SHORT)), (1, SHORT))
    with pytest.raises(ValueError, match="of one output, and Y has 2"):
        LIGHT.fit(X, np.zeros((6, 2)), domain=box, replicas=[None] * 6)


def test_labels_in_another_order_are_the_same_elements():
    own = Replicas(("Cu", "Ni", "Zn"), np.array([[0, 1, 1, 0]], dtype=np.uint8), np.array([1.0]))
    assert recoded(own, ("Ni", "Cu")).codes.tolist() == [[1, 0, 0, 1]]


def test_equal_rows_keep_their_own_replicas_and_other_representations_none():
    space = Composition({"Cu": (0, 1), "Ni": (0, 1)}).space
    X = np.array([[0.5, 0.5], [0.25, 0.75], [0.5, 0.5]])
    own = [Replicas(("Cu", "Ni"), np.array([[k % 2] * 4], dtype=np.uint8), np.array([float(k)])) for k in range(3)]
    informed = Represented(LIGHT, ElementSequence().of(space)).with_replicas(X, [own[0], None, own[2]])
    read = informed.replicas(X[[0, 1, 2, 0]])
    assert [None if r is None else r.values.tolist() for r in read] == [[0.0], None, [2.0], None]
    plain = Represented(LIGHT, Fractions().of(space))
    assert plain.with_replicas(X, own) is plain


@pytest.fixture(scope="module")
def alloys(tmp_path_factory):
    """A finished campaign with a network over what LAMMPS has measured."""
    folder = tmp_path_factory.mktemp("alloys")
    path = trial_campaigns.write(
        folder,
        space={"use": "composition", "elements": {symbol: [0.05, 0.35] for symbol in ("Cu", "Cr", "Co", "Fe", "Ni")}},
        objectives={"bulk_modulus_gpa": "maximize"},
        constraints={USFE: {"min": 300}},
        oracles=[SMALL],
        surrogates={"default": {"use": "cnn", "members": 2, "steps": 20}},
        optimizers=[{"use": "sobol", "evaluations": 8}, {"use": "bayesian", "samples": 32, "starts": 1}],
        budget={"evaluations": 10, "batch": 2},
        tracking={"enabled": False},
    )
    with Campaign.from_yaml(path, folder / "run") as campaign:
        for _ in campaign.rounds():
            pass
        yield campaign


def test_a_campaign_shows_its_surrogates_the_measured_crystals(alloys):
    history = history_of(alloys.ledger, alloys.problem.space)
    assert len(history.replicas) == 10
    for row, signed, excess in zip(history.replicas, history.signed, history.C, strict=True):
        assert row[0].values.mean() == pytest.approx(signed[0])  # maximised: negative
        assert row[1].values.mean() == pytest.approx(excess[0])
        assert row[0].codes.shape == (3, 32)
        assert row[1].codes.shape == (2, 48)
    some = history.rows(np.array([3, 1]))
    assert some.replicas == (history.replicas[3], history.replicas[1])
    recipes = belief.with_replicas_and_curves(alloys.problem.recipes, history)
    assert all(len(recipe.known_replicas) == 10 for recipe in recipes)


def test_a_kept_network_predicts_as_it_did_with_the_crystals_it_was_told_of(alloys, tmp_path):
    import pandas as pd

    contents = final_surrogates(alloys.ledger)
    assert [len(content["replicas"]) for content in contents] == [10, 10]
    space, history = alloys.problem.space, history_of(alloys.ledger, alloys.problem.space)
    fitted = belief.learn(space, history, alloys.problem.recipes).outputs
    frame = pd.DataFrame([dict(o.variables) for o in alloys.ledger.outcomes])
    for content, expected in zip(contents, fitted, strict=True):
        path = tmp_path / "surrogate.json"
        path.write_text(json.dumps(content))
        found = restore(path).predict(frame)[content["property"]]
        mean = content["sign"] * expected.posterior(history.X).mean[:, 0] + content["shift"]
        np.testing.assert_allclose(found, mean, rtol=1e-9)
