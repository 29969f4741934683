"""Crystals drawn afresh for every asking."""

import json

import numpy as np
import pytest
from pymatgen.core import Structure

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop.asking import asked
from eutectic.campaigns.loop.dry_run import check_and_forecast
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.record.history import history_of
from eutectic.oracles.structures.identity import groups
from tests.campaigns.crystal_campaigns import answered, campaign, content, types

SLOW = {"use": "slow"}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A campaign with eight answers, and one asking to come."""
    with campaign(tmp_path_factory.mktemp("told")) as running:
        answered(running, 4)
        answered(running, 4)
        yield running


def test_candidates_are_crystals_each_different_and_within_the_conditions(told):
    outcomes = told.ledger.outcomes
    assert len(outcomes) == 8
    structures = [outcome.structure for outcome in outcomes]
    assert groups(structures) == list(range(8))
    for outcome in outcomes:
        crystal = Structure.from_dict(dict(outcome.structure))
        assert 2 <= len(crystal) <= 4
        assert crystal.composition.reduced_formula == outcome.variables["formula"]
        assert str(outcome.variables["made_by"]).startswith("prototypes:")


def test_nobody_sees_the_draw_but_the_journal(told):
    history = history_of(told.ledger, told.problem.space)
    assert history.X[:, 0].tolist() == [0.0] * 8
    drawn = [outcome.x[0] for outcome in told.ledger.outcomes]
    assert len(set(drawn)) == 8
    assert [outcome.variables["draw"] for outcome in told.ledger.outcomes] == drawn


def test_a_candidate_is_a_function_of_its_row_and_of_its_variables(told):
    generator, outcomes = told.problem.generator, told.ledger.outcomes
    X = np.array([outcome.x for outcome in outcomes])
    made = generator.generate(X, np.random.default_rng(99))
    assert [candidate.id for candidate in made] == [outcome.id for outcome in outcomes]
    for outcome in outcomes:
        text = {name: str(value) for name, value in outcome.variables.items()}
        assert generator.coordinates(text).tolist() == list(outcome.x)


def test_asking_is_a_function_of_the_record(told):
    one, again = (asked(told.problem, told.ledger, 4)["proposals"] for _ in range(2))
    assert [row["id"] for row in one] == [row["id"] for row in again]
    assert [row["x"] for row in one] == [row["x"] for row in again]
    known = {outcome.id for outcome in told.ledger.outcomes}
    assert not known & {row["id"] for row in one}


def test_a_resumed_campaign_proposes_what_an_uninterrupted_one_does(told, tmp_path):
    with campaign(tmp_path) as first:
        answered(first, 4)
    with Campaign.open(tmp_path / "run") as resumed:
        answered(resumed, 4)
        assert [o.id for o in resumed.ledger.outcomes] == [o.id for o in told.ledger.outcomes]


@pytest.mark.parametrize("use", ["sobol", "bayesian", "nsga2", "nsga3", "hybrid", "swarm", "policy", "random"])
def test_every_optimizer_chooses_among_drawn_crystals(told, tmp_path, use):
    types(tmp_path / "types")
    spec = CampaignSpec.from_content(content(optimizers=[{"use": "sobol", "evaluations": 4}, {"use": use}]))
    problem = build(spec, tmp_path)
    proposals = asked(problem, told.ledger, 3)["proposals"]
    assert len({row["id"] for row in proposals}) == 3
    assert all(row["candidate"]["structure"] for row in proposals)
    assert not {row["id"] for row in proposals} & {outcome.id for outcome in told.ledger.outcomes}


def test_conditions_are_variables_half_of_them_near_the_best(tmp_path):
    space = {"vary": ["atoms", "space_groups"], "space_groups": [221, 225], "candidates": 60}
    with campaign(tmp_path, space=space) as running:
        answered(running, 6)
        for outcome in running.ledger.outcomes:
            crystal = Structure.from_dict(dict(outcome.structure))
            assert len(crystal) == outcome.variables["atoms"]
            assert outcome.variables["space_group"] in ("221", "225")
        assert running.problem.space.names[1:3] == ("atoms", "space_group")
        assert running.problem.generator.coordinates(running.ledger.outcomes[0].variables)[1] in (2.0, 3.0, 4.0)


def test_a_constraint_that_costs_nothing_is_kept_before_anything_is_asked(tmp_path):
    limits = {"valence_electron_concentration": {"max": 4.0}}
    oracles = [{"use": "screens"}, *content()["oracles"]]
    with campaign(tmp_path, constraints=limits, oracles=oracles) as running:
        outcomes = running.ask(4)
        electrons = {"Na": 1, "K": 1, "Cs": 1, "Ca": 2, "Mg": 2, "Cl": 7, "F": 7, "Br": 7, "O": 6, "S": 6}
        counts = [Structure.from_dict(dict(o.structure)).composition.fractional_composition for o in outcomes]
        assert len(counts) == 4
        assert all(sum(electrons[str(e)] * x for e, x in count.items()) <= 4.0 + 1e-9 for count in counts)
        assert any("break a constraint" in note for note in running.ledger.batches[0].notes)


def test_a_pool_that_is_used_up_ends_with_a_word(tmp_path):
    with campaign(tmp_path, space={"formula": "MgO", "elements": []}) as running:
        assert len(running.ask(4)) == 2  # rock salt and caesium chloride
        assert running.ask(4) == []
        assert "2 to choose from" in running.ledger.batches[0].notes[0]
        assert running.why_fewer().startswith("the space is used up")


def test_a_dry_run_makes_one_pool_and_tries_a_candidate(tmp_path):
    types(tmp_path / "types")
    done = check_and_forecast(build(CampaignSpec.from_content(content()), tmp_path))
    assert done.candidate.structure is not None
    assert done.points is None
    assert done.ok


def test_a_slow_engine_is_never_asked_for_more_than_a_few(tmp_path, monkeypatch):
    from eutectic.generators.baselines.prototypes import Prototypes

    counted = []

    def draw(self, conditions, draws):
        counted.append(len(draws))
        return own(self, conditions, draws)

    own = Prototypes.draw
    monkeypatch.setattr(Prototypes, "draw", draw)
    monkeypatch.setattr(Prototypes, "seconds_each", 30.0)
    with campaign(tmp_path, seed=77, space={"candidates": 300}) as running:
        assert counted == []  # building makes nothing
        answered(running, 2)
        answered(running, 2)
    assert counted == [8, 8]


def test_a_crystal_space_inside_a_product_is_refused_with_words(tmp_path):
    parts = {"c": content()["space"], "heat": {"use": "parameters", "variables": {"t": {"low": 0, "high": 1}}}}
    with pytest.raises(CampaignFileError, match=r"space.parts: c: crystals are drawn afresh for each asking"):
        build(CampaignSpec.from_content({**content(), "space": {"use": "product", "parts": parts}}), tmp_path)


def test_crystals_of_another_generator_are_not_taken_for_ones_of_this(told):
    generator, outcome = told.problem.generator, told.ledger.outcomes[0]
    with pytest.raises(ValueError, match=r"it was made by prototypes:0; this space's crystals are made by prototypes:"):
        generator.coordinates({**outcome.variables, "made_by": "prototypes:0"})
    with pytest.raises(ValueError, match=r"is .* here, not FeO"):
        generator.coordinates({**outcome.variables, "formula": "FeO"})
    with pytest.raises(ValueError, match=r"draw is -1, not a whole number"):
        generator.coordinates({**outcome.variables, "draw": -1})


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (
            {"engine": {"use": "prototipes"}},
            r"space.engine.use: unknown engine 'prototipes'; did you mean 'proto",
        ),
        ({"engine": {"use": "prototypes", "pol": "types"}}, r"space.engine.pol: .*did you mean 'pool'"),
        ({"engine": {"use": "substitution", "pool": "types", "temperature": 0.0}}, r"temperature: 0"),
        ({"elements": ["Na", "Xx"]}, "elements: 'Xx' is no element"),
        ({"targets": {"bulk_modulus_gpa": 200.0}}, "prototypes cannot be asked for 'bulk_modulus_gpa'"),
        ({"targets": {"bulk_modulus_gpa": [300.0, 200.0]}}, "bulk_modulus_gpa: .*no range from less to more"),
        ({"vary": ["space_groups"]}, "vary: name the space_groups"),
        ({"formula": "Mg3O", "elements": []}, "none of 3 structure types has 2 to 4 atoms and the shape of Mg3O"),
        ({"formula": "MgFeO"}, "formula: Fe is not among the elements allowed"),
        ({"candidates": 1}, "candidates: 1 is not between"),
        ({"engine": {"use": "prototypes", "pool": "nowhere"}}, "nowhere is neither a folder nor a file"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_runs(tmp_path, space, said):
    types(tmp_path / "types")
    path = tmp_path / "bad.yaml"
    path.write_text(json.dumps(content(space=space)))
    with pytest.raises(CampaignFileError, match=said):
        Campaign.from_yaml(path, tmp_path / "run").close()
