"""Stages and stop rules: who is in charge, when a stage ends, when all ends, and what was known before."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from eutectic.campaigns.analysis.pareto import unreached
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.cli import app
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.exports.export import to_csv
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.record.stages import stalled
from eutectic.campaigns.report.rendering import section_html
from eutectic.campaigns.report.search import known, stages
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.bayesian.regret import regret
from tests.campaigns.trial_campaigns import proposals, write

WINDOW = {"constraints": {"b": {"max": 0.45}}, "objectives": {"a": "minimize"}}


def run(path, folder):
    with Campaign.from_yaml(path, folder) as campaign:
        events = list(campaign.events())
        return events, campaign.ledger


def test_a_stage_ends_when_enough_candidates_satisfy_and_the_next_takes_the_rest(tmp_path):
    stages_given = [
        {"use": "sobol", "evaluations": 4},
        {"use": "random", "goal": "satisfy", "satisfied": 3, "evaluations": 40},
        {"use": "nsga2"},
    ]
    path = write(tmp_path, **WINDOW, optimizers=stages_given, budget={"evaluations": 60, "batch": 2})
    events, ledger = run(path, tmp_path / "run")
    switch = next(b for b in ledger.batches if b.stage == 2)
    before = [o for o in ledger.outcomes if o.round < switch.index]
    assert sum(o.feasible for o in before) >= 3
    assert sum(o.feasible for o in before if o.round < switch.index - 1) < 3
    assert (
        switch.notes[0]
        == f"stage 2 (random) has ended: {sum(o.feasible for o in before)} candidates satisfy every window"
    )
    assert any(event.kind == "note" and event.text == switch.notes[0] for event in events)
    assert len(ledger.finished) == 60
    assert "what satisfies every window" in section_html(stages(ledger))
    assert switch.notes[0][1:] in section_html(stages(ledger))

    Campaign.from_yaml(path, tmp_path / "pieces").close()
    for count in (7, 20, 31, 999):
        with Campaign.open(tmp_path / "pieces") as campaign:
            stream = campaign.events()
            for _ in zip(range(count), stream, strict=False):
                pass
            stream.close()
    assert proposals(read_ledger(tmp_path / "pieces")) == proposals(ledger)


def test_a_stage_that_does_not_find_enough_says_so_and_hands_over(tmp_path):
    given = [{"use": "sobol", "goal": "satisfy", "satisfied": 8, "evaluations": 8}, {"use": "sobol"}]
    path = write(tmp_path, objectives={"a": "minimize"}, constraints={"b": {"max": 0.05}}, optimizers=given,
                 budget={"evaluations": 12, "batch": 4})  # fmt: skip
    _, ledger = run(path, tmp_path / "run")
    assert [b.stage for b in ledger.batches] == [0, 0, 1]
    assert ledger.batches[2].notes[0].endswith("of 8 wanted candidates satisfy every window, its evaluations are used")


def test_a_campaign_ends_when_its_last_stage_is_satisfied(tmp_path):
    given = [{"use": "sobol", "goal": "satisfy", "satisfied": 2}]
    path = write(tmp_path, **WINDOW, optimizers=given, budget={"evaluations": 60, "batch": 2})
    events, ledger = run(path, tmp_path / "run")
    assert len(ledger.finished) < 60
    assert events[-1].text.endswith("candidates satisfy every window")


def test_satisfying_before_the_start_skips_the_stage(tmp_path):
    given = [{"use": "sobol", "goal": "satisfy", "satisfied": 2}, {"use": "nsga2"}]
    path = write(tmp_path, **WINDOW, optimizers=given, history={"file": "earlier.csv"})
    (tmp_path / "earlier.csv").write_text("x,y,a,b\n0.1,0.1,1,0.2\n0.2,0.2,1,0.3\n")
    _, ledger = run(path, tmp_path / "run")
    assert [b.stage for b in ledger.batches] == [1, 1]


def test_a_stage_that_stalls_moves_on_to_the_next(tmp_path):
    goals = {"a": {"goal": "minimize", "reference": 9}}
    given = [{"use": "random", "stall": 2}, {"use": "sobol"}]
    oracles = [{"use": "python", "function": "trial:moody"}]
    space = {"use": "parameters", "variables": {"mood": {"low": 0, "high": 0.5}}}
    path = write(tmp_path, objectives=goals, oracles=oracles, space=space, optimizers=given,
                 budget={"evaluations": 8, "batch": 1})  # fmt: skip
    _, ledger = run(path, tmp_path / "run")
    assert [b.stage for b in ledger.batches] == [0, 0, 0, 1, 1, 1, 1, 1]
    assert ledger.batches[3].notes[0] == "stage 1 (random) has ended: 2 rounds without gain in hypervolume"


def test_only_a_stages_own_rounds_stall_it():
    volumes = {0: None, 1: 0.0, 2: 1.0, 3: 1.0, 4: 1.0, 5: 2.0, 6: 2.0}
    assert stalled(volumes) == 1
    assert stalled({k: v for k, v in volumes.items() if k < 5}) == 2
    assert stalled({k: v for k, v in volumes.items() if k < 5}, [4]) == 1
    assert stalled(volumes, [1, 2]) == 0


@pytest.mark.parametrize(
    ("optimizers", "budget", "said"),
    [
        ([{"use": "sobol", "satisfied": 3}], 8, "optimizers.0.satisfied: `satisfied` has no meaning without"),
        ([{"use": "sobol", "goal": "satisfy", "satisfied": 9}], 8, "9 candidates cannot be found in 8 evaluations"),
        (
            [{"use": "sobol", "goal": "satisfy"}, {"use": "nsga2"}],
            8,
            "only the last stage may go without `evaluations`",
        ),
        (
            [{"use": "sobol", "goal": "satisfy", "satisfied": 2, "evaluations": 4}, {"use": "nsga2", "evaluations": 4}],
            8,
            r"optimizers.1.evaluations: stage 1 may end before its evaluations \(`satisfied`\)",
        ),
        ([{"use": "sobol", "evaluations": 4}, {"use": "nsga2", "evaluations": 6}], 8, "10 evaluations overspend"),
        ([{"use": "sobol", "evaluations": 4}, {"use": "nsga2", "evaluations": 2}], 8, "leave unused part of"),
        ([{"use": "sobol", "goal": "satisfied"}], 8, "goal: must be 'pareto' or 'satisfy'.*did you mean 'satisfy'"),
        ([{"use": "evolution"}], 8, "'evolution' cannot serve this: .*; those that can: .*bayesian.*portfolio.*random"),
    ],
)
def test_stages_that_cannot_work_are_refused_with_their_line(tmp_path, optimizers, budget, said):
    goals = {"a": "minimize", "b": "minimize"}
    total = {"evaluations": budget, "batch": 2}
    path = write(tmp_path, optimizers=optimizers, constraints={"b": {"max": 1}}, objectives=goals, budget=total)
    path.write_text(path.read_text().replace(', "', ',\n "'))
    with pytest.raises(CampaignFileError, match=said) as error:
        Campaign.from_yaml(path, tmp_path / "run")
    assert all(":" in complaint.place for complaint in error.value.complaints)


def test_satisfying_nothing_is_refused(tmp_path):
    path = write(tmp_path, optimizers=[{"use": "sobol", "goal": "satisfy", "satisfied": 2}])
    with pytest.raises(CampaignFileError, match="there is no window to satisfy"):
        Campaign.from_yaml(path, tmp_path / "run")


def test_the_regret_falls_with_knowledge_and_bounds_what_is_missing():
    space = Space(("x",), ("continuous",), np.zeros(1), np.ones(1))

    def bound(n):
        X = np.linspace(0, 1, n)[:, None]
        Y = (X - 0.37) ** 2
        history = replace(History.observed(X, Y), reference=np.array([1.0]))
        return regret(space, history, (), np.random.default_rng(0)), float(Y.min())

    few, many = bound(3), bound(12)
    assert few[0] > many[0] >= 0
    assert many[0] < 0.02
    assert 1 - few[0] <= 1 - few[1] + 1e-9  # secured is at most what was seen
    assert regret(space, History.observed(np.zeros((1, 1)), np.zeros((1, 1))), (), np.random.default_rng(0)) is None


def test_a_campaign_stops_when_little_can_be_missing(tmp_path):
    goals = {"a": {"goal": "minimize", "reference": 1.5}}
    path = write(tmp_path, objectives=goals, optimizers=[{"use": "sobol"}],
                 budget={"evaluations": 60, "batch": 4, "regret": 0.1})  # fmt: skip
    events, ledger = run(path, tmp_path / "run")
    assert len(ledger.finished) < 60
    assert "of the hypervolume may be missing (3 rounds in a row)" in events[-1].text
    assert all(r.regret <= 0.1 for r in ledger.rounds[-3:])
    assert ledger.rounds[-4].regret > 0.1 or len(ledger.rounds) == 3
    assert read_ledger(tmp_path / "run").rounds == ledger.rounds


def test_rows_of_several_sources_keep_where_they_come_from(tmp_path):
    run(write(tmp_path, budget={"evaluations": 4, "batch": 4}), tmp_path / "earlier")
    (tmp_path / "old.csv").write_text("x,y,a,b\n0.1,0.1,1,2\n0.2,0.2,2,1\n")
    sources = [{"file": "old.csv"}, {"file": "earlier"}]
    path = write(tmp_path, history=sources, budget={"evaluations": 4, "batch": 4})
    _, ledger = run(path, tmp_path / "run")
    rows = {o.number: o for o in ledger.outcomes if o.number <= 0}
    assert len(rows) == 6
    assert rows[-1].origin == "history: old.csv:3"
    assert rows[-1].evaluations[0].provenance == {"file": "old.csv", "line": 3}
    one = read_ledger(tmp_path / "earlier").finished[0]
    assert rows[-2].evaluations[0].provenance == {
        "folder": "earlier", "campaign": "trial", "id": one.id, "origin": "sobol",
    }  # fmt: skip
    assert rows[-2].id == one.id
    assert "history:old.csv:2" in to_csv(ledger)
    assert f"history:earlier: {one.id}" in to_csv(ledger)
    assert "old.csv" in section_html(known(ledger))
    assert "campaign trial" in section_html(known(ledger))


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ([{"file": "old.csv"}, {"file": "gone.csv"}], r"trial.yaml:\d+: history.1.file: no such file"),
        ([{"file": "old.csv"}, {"file": "bad.csv"}], r"history.1.file: bad.csv:2: column 'a': 'much'"),
        ([], "history.*is empty"),
        ([{"flie": "old.csv"}], "history.0.flie: unknown key 'flie'; did you mean 'file'"),
    ],
)
def test_a_wrong_source_is_refused_with_its_place_in_the_list(tmp_path, sources, said):
    (tmp_path / "old.csv").write_text("x,y,a,b\n0.1,0.1,1,2\n")
    (tmp_path / "bad.csv").write_text("x,y,a,b\n0.1,0.1,much,2\n")
    with pytest.raises(CampaignFileError, match=said):
        Campaign.from_yaml(write(tmp_path, history=sources), tmp_path / "run")


def hopeful(folder, **sections):
    goals = {"a": {"goal": "minimize", "reference": -1}, "b": {"goal": "minimize", "reference": 3}}
    return write(folder, objectives=goals, budget={"evaluations": 16, "batch": 4}, **sections)


def test_a_reference_point_that_nothing_reaches_is_explained_once(tmp_path):
    events, ledger = run(hopeful(tmp_path), tmp_path / "run")
    notes = [event.text for event in events if event.kind == "note" and "reference point" in event.text]
    assert len(notes) == 1
    assert notes[0].startswith(
        "the reference point (a −1 and b 3) is reached by none of 8 feasible candidates: none is better in a,"
    )
    assert "The reference point (a −1 and b 3) is reached by none of 16" in section_html(stages(ledger))
    _, fine = run(write(tmp_path / "fine", budget={"evaluations": 16, "batch": 4}), tmp_path / "fine" / "run")
    assert unreached(fine.spec, fine.reference, np.array([o.losses for o in fine.finished])) is None


def test_validate_explains_a_reference_point_that_the_history_does_not_reach(tmp_path):
    rows = "".join(f"{x / 10},{x / 10},{x},{1}\n" for x in range(9))
    (tmp_path / "earlier.csv").write_text("x,y,a,b\n" + rows)
    told = CliRunner().invoke(app, ["validate", str(hopeful(tmp_path, history={"file": "earlier.csv"}))])
    assert told.exit_code == 0, told.output
    assert "the reference point (a −1 and b 3) is reached by none of 9 feasible candidates" in told.stderr
