"""Claims about campaigns whose record steers the weights that draw their crystals."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from eutectic.campaigns.analysis.steering import ended, experience, taught
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.explain.explain import explain
from eutectic.generators.learning.steering import Aim, Steering
from eutectic.oracles.base import Evaluation
from tests.campaigns.crystal_campaigns import campaign, content, measured

STEERING = {"every": 3, "updates": 1, "rate": 1e-2}
SPACE = {"elements": ["Na", "K", "Mg", "Cl", "O"], "atoms": [2, 4], "candidates": 8}
SOBOL = [{"use": "sobol"}]


def steered(**options):
    return {**SPACE, "engine": {"use": "wyckoff", "steering": {**STEERING, **options}}}


def answered(running, n=3):
    for outcome in running.ask(n):
        running.tell(outcome.id, measured(dict(outcome.variables)))


def rows(running):
    return [(o.id, o.x, o.origin) for o in running.ledger.outcomes]


def weights(folder):
    return {path.name: path.read_bytes() for path in (folder / "generator").iterdir()}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Three askings of three, the second and third from steered weights."""
    with campaign(tmp_path_factory.mktemp("told"), space=steered(), optimizers=SOBOL) as running:
        for _ in range(3):
            answered(running)
        yield running


def test_rows_name_the_weights_they_were_drawn_from_and_optimizers_do_not_see_them(told):
    assert [o.variables["experience"] for o in told.ledger.outcomes] == [0, 0, 0, 3, 3, 3, 6, 6, 6]
    assert len({o.origin for o in told.ledger.outcomes}) == 3
    assert len({o.variables["made_by"] for o in told.ledger.outcomes}) == 1
    assert told.problem.space.nuisance == (0, 1)
    assert told.problem.space.names[:2] == ("draw", "experience")


def test_notes_say_when_weights_were_retrained_and_on_how_much(told):
    notes = [batch.notes[0] for batch in told.ledger.batches]
    assert "3 finished candidates, 0 so far" in notes[0]
    for note, n in zip(notes[1:], (3, 6), strict=True):
        assert f"weights steered by {n} finished candidates (reward): retrained on " in note
        assert note.endswith(" s")


def test_a_resumed_campaign_proposes_what_an_uninterrupted_one_does_though_its_weights_are_gone(told, tmp_path):
    with campaign(tmp_path, space=steered(), optimizers=SOBOL) as first:
        answered(first)
    with Campaign.open(tmp_path / "run") as second:
        answered(second)
    shutil.rmtree(tmp_path / "run" / "generator")
    with Campaign.open(tmp_path / "run") as third:
        answered(third)
        assert rows(third) == rows(told)
    assert weights(tmp_path / "run") == weights(told.folder)


def test_what_is_learned_from_has_the_order_of_the_journal_whatever_a_clock_says(told):
    late = replace(told.ledger.outcomes[0], finished_at=told.ledger.outcomes[0].finished_at + 1e6)
    found = ended(replace(told.ledger, outcomes=(late, *told.ledger.outcomes[1:])))
    assert [o.number for o in found] == list(range(1, 10))
    assert [o.ended_by for o in found] == sorted({o.ended_by for o in found})


def test_weights_that_a_corrected_record_names_no_more_are_removed_and_other_files_are_not(told, tmp_path):
    shutil.copytree(told.folder, tmp_path / "run")
    shutil.copytree(told.folder.parent / "types", tmp_path / "types")
    own = tmp_path / "run" / "generator" / "mine.safetensors"
    own.write_bytes(b"mine")
    with Campaign.open(tmp_path / "run") as running:
        first = ended(running.ledger)[:3]
        rewards = [one.reward for one in experience(first, running.problem.generator.steering)]
        running.correct(first[int(np.argmin(rewards))].id, {"hardness": 300.0, "price": 0.1})
        answered(running)
        kept = {path.stem.removesuffix(".card") for path in own.parent.iterdir()} - {"mine"}
        assert own.exists()
        assert len(kept) == 3
        assert kept.isdisjoint(path.removesuffix(".safetensors") for path in weights(told.folder))


def test_a_candidate_is_a_function_of_its_row_and_the_record(told):
    generator, _ = taught(told.problem, told.ledger)
    outcomes = told.ledger.outcomes
    made = generator.generate(np.array([o.x for o in outcomes]), np.random.default_rng(1))
    assert [candidate.id for candidate in made] == [o.id for o in outcomes]
    assert generator.coordinates(outcomes[-1].variables).tolist() == list(outcomes[-1].x)


def test_weights_of_another_record_are_refused_with_words_and_the_first_ones_are_not(told):
    first, last = told.ledger.outcomes[0], told.ledger.outcomes[-1]
    assert told.problem.generator.coordinates(first.variables).tolist() == list(first.x)
    with pytest.raises(ValueError, match=r"weights that a campaign had steered \(experience: 6\)"):
        told.problem.generator.coordinates(last.variables)
    with pytest.raises(CampaignFileError, match="that campaign's record"):
        told.add(last.variables, {"hardness": 1.0, "price": 2.0})


def test_of_an_earlier_campaign_what_its_steered_weights_drew_is_refused_or_left_out_on_demand(told, tmp_path):
    earlier = {"file": str(told.folder)}
    with pytest.raises(CampaignFileError, match=r"steered \(experience: 3\).*strange: pass_over"):
        campaign(tmp_path, "first", space=steered(), optimizers=SOBOL, history=earlier).close()
    known = {**earlier, "strange": "pass_over"}
    with campaign(tmp_path, "second", space=steered(), optimizers=SOBOL, history=known) as running:
        running.ask(1)
        assert sum(o.number <= 0 for o in running.ledger.outcomes) == 3


def test_a_steered_campaign_can_be_changed_and_exported(told, tmp_path):
    shutil.copytree(told.folder, tmp_path / "run")
    shutil.copytree(told.folder.parent / "types", tmp_path / "types")
    with Campaign.open(tmp_path / "run") as running:
        running.change(["budget.evaluations=30"])
        with pytest.raises(CampaignFileError, match=r"has no place in the new space.*steered \(experience: 3\)"):
            running.change(["space.candidates=9"])
        assert running.export("csv").splitlines()[0].count("experience") == 1
        answered(running)
        assert running.ledger.outcomes[-1].variables["experience"] == 9


def test_without_steering_there_is_no_such_variable_and_the_crystals_are_those_of_the_first_weights(told, tmp_path):
    with campaign(tmp_path, space={**SPACE, "engine": {"use": "wyckoff"}}, optimizers=SOBOL) as plain:
        answered(plain)
        assert "experience" not in plain.problem.space.names
        assert [o.structure for o in plain.ledger.outcomes] == [o.structure for o in told.ledger.outcomes[:3]]


def test_what_is_learned_is_the_relaxed_crystal_and_what_failed_has_no_reward(told):
    outcomes = list(told.ledger.outcomes[:3])
    relaxed = Structure(Lattice.hexagonal(3.2, 5.0), ["Mg", "O"], [[0, 0, 0], [1 / 3, 2 / 3, 0.5]])
    said = Evaluation(outcomes[0].id, "relax", artifacts={"relaxed.cif": str(relaxed.to(fmt="cif"))})
    outcomes[0] = replace(outcomes[0], evaluations=(said,), values={"hardness": 5.0})
    outcomes[1] = replace(outcomes[1], status="failed")
    outcomes[2] = replace(outcomes[2], status="failed", failure="infrastructure")
    options = Steering({"hardness": Aim(full=10.0, nothing=0.0)}, every=2)
    finished = ended(replace(told.ledger, outcomes=tuple(outcomes)))
    learned = experience(finished, options)
    assert [o.number for o in finished] == [1, 2]
    assert learned[0].formula == "MgO"
    assert [one.reward for one in learned] == [0.5, 0.0]
    assert all(one.reward == 0.0 for one in experience(finished, replace(options, aims={}))[1:])


def test_a_record_may_be_curated_instead(tmp_path):
    space = steered(mode="curate", limit=0.1)
    with campaign(tmp_path, space=space, optimizers=SOBOL) as running:
        answered(running)
        answered(running)
        assert "(curate)" in running.ledger.batches[1].notes[0]
        assert running.ledger.outcomes[-1].variables["experience"] == 3


@pytest.mark.parametrize(
    ("steering", "said"),
    [
        ({"evry": 3}, r"space.engine.steering.evry.*did you mean 'every'"),
        ({"mode": "rewards"}, r"space.engine.steering.mode"),
        ({"every": 1}, "every: 1 is not 2 or more"),
        ({"aims": {"hardnes": {"full": 1.0, "nothing": 0.0}}}, "unknown property 'hardnes'; did you mean 'hardness'"),
        ({"aims": {"hardness": {"full": 1.0, "nothing": 1.0}}}, "are not two different finite numbers"),
        ({"aims": {"hardness": {"full": 1.0, "nothin": 1.0}}}, r"nothin.*did you mean 'nothing'"),
    ],
)
def test_bad_options_are_refused_by_name(tmp_path, steering, said):
    path = tmp_path / "bad.yaml"
    path.write_text(json.dumps(content(space={**SPACE, "engine": {"use": "wyckoff", "steering": steering}})))
    with pytest.raises(CampaignFileError, match=said):
        Campaign.from_yaml(path, tmp_path / "run").close()


def test_an_engine_that_does_not_learn_refuses_to_be_steered(tmp_path):
    with pytest.raises(CampaignFileError, match=r"space.engine.steering"):
        campaign(tmp_path, space={"engine": {"use": "prototypes", "pool": "types", "steering": {}}}).close()


def test_targets_and_guidance_are_variables_that_the_optimizer_chooses_beside_the_weights(tmp_path):
    target = "energy_above_hull_ev_per_atom"
    space = {**steered(), "targets": {target: [0.0, 0.2]}, "guidance": [0.0, 2.0]}
    with campaign(tmp_path, space=space, optimizers=[{"use": "sobol", "evaluations": 3}, {"use": "nsga2"}]) as running:
        answered(running)
        answered(running)
        assert running.problem.space.names[:4] == ("draw", "experience", f"target_{target}", "guidance")
        outcomes = running.ledger.outcomes
        assert len({o.variables["guidance"] for o in outcomes}) == 6
        assert all(0.0 <= o.variables[f"target_{target}"] <= 0.2 for o in outcomes)
        generator, _ = taught(running.problem, running.ledger)
        made = generator.generate(np.array([o.x for o in outcomes]), np.random.default_rng(1))
        assert [candidate.id for candidate in made] == [o.id for o in outcomes]


def test_an_explanation_says_nothing_of_draws_and_changes_crystals_whole(told):
    found = explain(told.ledger)
    places = [found.variables.index(name) for name in ("draw", "experience")]
    for one in found.properties:
        assert all(row[k] == 0 for row in one.swarm.values for k in places)
        assert {curve.variable for curve in one.curves}.isdisjoint({"draw", "experience"})
        for change in one.counterfactuals:
            own = found.rows[change.number]
            if change.variables is not None:
                assert (change.variables["draw"], change.variables["experience"]) == (own["draw"], own["experience"])
                assert any(change.candidate.endswith(f"({o.name})") for o in told.ledger.finished)
