import json
import signal
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.exports.workflow import evaluate
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop.prior_data import warnings_of
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.journal import NAME, Draft, Journal
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.sharing import request_stop
from tests.campaigns.trial_campaigns import proposals, write

PERSON = [{"use": "person", "properties": ["a", "b"]}]


@pytest.fixture
def told(tmp_path):
    """A campaign of a person's, one batch of 4 asked for."""
    with Campaign.from_yaml(write(tmp_path, oracles=PERSON), tmp_path / "run") as campaign:
        campaign.ask(4)
        yield campaign


def test_asking_writes_down_what_was_proposed(told, tmp_path):
    outcomes = read_ledger(tmp_path / "run").outcomes
    assert [(o.number, o.status, o.round) for o in outcomes] == [(n, "proposed", 0) for n in (1, 2, 3, 4)]
    assert [o.number for o in told.ask(2)] == [5, 6]
    with pytest.raises(ValueError, match="at least 1"):
        told.ask(0)


def test_telling_everything_finishes_a_candidate(told):
    id = told.ledger.outcomes[1].id
    outcome = told.tell(id, {"a": 1.0, "b": 2.0}, {"a": 0.1})
    assert (outcome.number, outcome.status, outcome.feasible, outcome.losses) == (2, "finished", True, (1.0, 2.0))
    assert history_of(told.ledger, told.problem.space).noise[0].tolist()[0] == 0.1
    assert len(history_of(told.ledger, told.problem.space).pending) == 3


def test_properties_can_be_told_one_by_one(told):
    id = told.ledger.outcomes[0].id
    assert told.tell(id, {"a": 1.0}).status == "proposed"
    outcome = told.tell(id, {"b": 2.0})
    assert (outcome.status, outcome.values, len(outcome.evaluations)) == ("finished", {"a": 1.0, "b": 2.0}, 1)
    assert outcome.evaluations[0].values == {"a": 1.0, "b": 2.0}


@pytest.mark.parametrize(
    ("values", "errors", "said"),
    [
        ({"aa": 1.0}, {}, "did you mean 'a'"),
        ({"a": float("nan")}, {}, "not a finite number"),
        ({"a": 1.0}, {"b": 1.0}, "needs its value"),
        ({"a": 1.0}, {"a": -1.0}, "not negative"),
        ({}, {}, "no property was told"),
    ],
)
def test_what_nobody_can_have_measured_is_refused(told, values, errors, said):
    with pytest.raises(CampaignFileError, match=said):
        told.tell(told.ledger.outcomes[0].id, values, errors)


def test_telling_of_a_stranger_is_refused_with_the_nearest(told):
    id = told.ledger.outcomes[0].id
    with pytest.raises(CampaignFileError, match=f"did you mean '{id}'"):
        told.tell(id[:-1] + ("0" if id[-1] != "0" else "1"), {"a": 1.0})
    told.tell(id, {"a": 1.0, "b": 1.0})
    with pytest.raises(CampaignFileError, match="has finished already"):
        told.tell(id, {"a": 2.0})


def test_a_told_value_outside_its_window_is_refused_and_can_be_corrected(tmp_path):
    goals = {"a": {"goal": "minimize", "valid": {"min": 0}}}
    path = write(tmp_path, objectives=goals, oracles=[{"use": "person", "properties": ["a"]}])
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        (outcome,) = campaign.ask(1)
        assert campaign.tell(outcome.id, {"a": -1.0}).status == "refused"
        assert campaign.tell(outcome.id, {"a": 1.0}).feasible


def test_a_waiting_campaign_goes_on_when_another_process_tells(tmp_path):
    path = write(tmp_path, oracles=PERSON, budget={"evaluations": 4, "batch": 2})
    kinds = []

    def tell(ids):
        with Campaign.open(tmp_path / "run") as other:
            for id in ids:
                other.tell(id, {"a": 1.0, "b": 2.0})

    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        for event in campaign.events():
            kinds.append(event.kind)
            if event.kind == "waiting":
                ids = [o.id for o in campaign.ledger.outcomes if o.status == "proposed"]
                threading.Thread(target=tell, args=(ids,)).start()
        assert campaign.ledger.state == "done"
    assert kinds == [*["asked", "waiting", "finished", "finished", "round"] * 2, "done"]


def test_candidates_asked_for_by_hand_are_evaluated_on_resume(tmp_path):
    with Campaign.from_yaml(write(tmp_path), tmp_path / "run") as campaign:
        asked = campaign.ask(2)
        campaign.tell(asked[0].id, {"a": 5.0, "b": 5.0})
        list(campaign.events())
        outcomes = campaign.ledger.outcomes
        assert len(outcomes) == 8
        assert outcomes[0].values == {"a": 5.0, "b": 5.0}
        assert outcomes[0].evaluations[0].oracle == "told"
        assert all(o.status == "finished" for o in outcomes)


def test_a_running_campaign_can_be_told_but_not_asked(tmp_path):
    with Campaign.from_yaml(write(tmp_path), tmp_path / "run") as campaign:
        stream = campaign.events()
        assert next(stream).kind == "asked"
        with pytest.raises(CampaignFolderError, match="is running"):
            campaign.ask(1)
        last = campaign.ledger.outcomes[3]
        campaign.tell(last.id, {"a": 5.0, "b": 5.0})
        kinds = [event.kind for event in stream]
        assert kinds.count("started") == 7
        assert kinds.count("finished") == 8
        assert campaign.ledger.outcomes[3].values == {"a": 5.0, "b": 5.0}


def test_pareto_is_the_feasible_front(told):
    for outcome, (a, b) in zip(told.ledger.outcomes, [(1, 4), (2, 2), (3, 3), (4, 1)], strict=True):
        told.tell(outcome.id, {"a": a, "b": b})
    assert [o.number for o in told.pareto()] == [1, 2, 4]


def test_a_running_campaign_can_be_asked_to_stop(tmp_path):
    path = write(tmp_path, oracles=[{"use": "python", "function": "trial:slow"}])
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        kinds = []
        for event in campaign.events():
            kinds.append(event.kind)
            if kinds.count("started") == 2:
                assert request_stop(tmp_path / "run")
        assert kinds[-2:] == ["finished", "stopped"]
        assert kinds.count("started") == 2
        assert not request_stop(tmp_path / "run")
        list(campaign.events())
        assert campaign.ledger.state == "done"


def test_a_stop_that_comes_while_the_process_begins_is_obeyed(tmp_path):
    folder = tmp_path / "run"
    Campaign.from_yaml(write(tmp_path), folder).close()
    journal = Journal.open(folder)
    decided, _ = journal.last()
    journal.write(Draft("stop", {"by": "Eva"}))
    journal.close()
    with Campaign.open(folder) as campaign, closing(campaign.events(decided)) as events:
        list(events)
        assert (campaign.ledger.state, campaign.ledger.outcomes) == ("stopped", ())
    with Campaign.open(folder) as campaign, closing(campaign.events()) as events:  # decided after the stop
        assert next(event for event in events if event.kind == "finished")


def test_a_folder_is_used_for_one_campaign(tmp_path):
    path = write(tmp_path)
    Campaign.from_yaml(path, tmp_path / "run").close()
    with pytest.raises(CampaignFolderError, match=f"campaign resume {tmp_path / 'run'}"):
        Campaign.from_yaml(path, tmp_path / "run")
    (tmp_path / "run" / NAME).write_bytes(b"something else" * 100)
    for use in (Campaign.open, read_ledger, request_stop):
        with pytest.raises(CampaignFolderError, match="cannot be read"):
            use(tmp_path / "run")


def test_the_folder_keeps_the_file_and_its_circumstances(tmp_path, monkeypatch):
    path = write(tmp_path)
    monkeypatch.chdir(tmp_path)
    with Campaign.from_yaml("trial.yaml", overrides=["seed=11"]) as campaign:
        assert campaign.folder.resolve() == (tmp_path / "runs" / "trial").resolve()
        assert (campaign.folder / "campaign.yaml").read_text() == path.read_text()
        facts = campaign.ledger.facts
    assert (facts["seed"], facts["overrides"], facts["source"]) == (11, ["seed=11"], str(tmp_path))
    assert facts["versions"]["numpy"]


def test_a_bad_file_leaves_no_folder(tmp_path):
    path = write(tmp_path, history={"file": "earlier.csv"})
    (tmp_path / "earlier.csv").write_text("x,y,a\n0.5,,1\n")
    with pytest.raises(CampaignFileError, match=r"earlier\.csv:2: column 'y' is empty"):
        Campaign.from_yaml(path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x,a\n0.5,1\n", "no column for the variable 'y'"),
        ("x,y,z\n0.5,0.5,1\n", "no column is one of the properties a, b"),
        ("x,y,a\n0.5,0.5,much\n", "earlier.csv:2: column 'a': 'much' is no number"),
        ("x,y,a\n0.5,nan,1\n", "earlier.csv:2: column 'y' is empty"),
        ("x,y,a\n0.5,1\n", r"row 1 \(line 2\): 2 cells for 3 columns"),
    ],
)
def test_what_cannot_be_read_of_the_history_is_refused_with_its_place(tmp_path, text, said):
    path = write(tmp_path, history={"file": "earlier.csv"})
    (tmp_path / "earlier.csv").write_text(text)
    with pytest.raises(CampaignFileError, match=said):
        Campaign.from_yaml(path, tmp_path / "run")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("35,65,1,2", r"earlier\.csv:2: the fractions of Cu, Ni sum to 100, not to 1; are these per cent\?"),
        ("0.3,0.6,1,2", r"earlier\.csv:2: the fractions of Cu, Ni sum to 0.9, not to 1$"),
    ],
)
def test_fractions_that_are_known_sum_to_one(tmp_path, row, said):
    mixture = {"use": "composition", "elements": {"Cu": [0.2, 0.8], "Ni": [0.2, 0.8]}}
    path = write(tmp_path, space=mixture, history={"file": "earlier.csv"})
    (tmp_path / "earlier.csv").write_text(f"Cu,Ni,a,b\n{row}\n")
    with pytest.raises(CampaignFileError, match=said):
        Campaign.from_yaml(path, tmp_path / "run")


def test_what_is_known_of_places_outside_the_space_is_named(tmp_path):
    path = write(tmp_path, history={"file": "earlier.csv"})
    (tmp_path / "earlier.csv").write_text("x,y,a,b\n0.5,0.25,1,2\n1.5,0.2,2,1\n")
    problem = build(CampaignSpec.from_file(path), tmp_path)
    (note,) = warnings_of(problem)
    assert note.startswith("1 of 2 rows of the history lie outside the space (such as history:earlier.csv:3)")
    (tmp_path / "earlier.csv").write_text("x,y,a,b\n0.5,0.25,1,2\n")
    assert warnings_of(problem) == []


def test_what_is_known_before_the_start_does_not_count(tmp_path):
    path = write(tmp_path, history={"file": "earlier.csv"})
    (tmp_path / "earlier.csv").write_text("x,y,a,b,a_std\n0.5,0.25,1,2,0.1\n0.1,0.2,,3,\n")
    with Campaign.from_yaml(path, tmp_path / "one") as campaign:
        list(campaign.events())
        ledger = campaign.ledger
        known = [o for o in ledger.outcomes if o.number <= 0]
        assert [(o.number, o.round, o.x) for o in known] == [(-1, -1, (0.1, 0.2)), (0, -1, (0.5, 0.25))]
        assert known[1].values == {"a": 1.0, "b": 2.0}
        assert known[1].errors == {"a": 0.1}
        assert len(ledger.outcomes) == 10
        assert ledger.outcomes[2].neighbour in (0, -1)
        assert history_of(ledger, campaign.problem.space).round.tolist()[:2] == [-1, -1]
    with Campaign.from_yaml(write(tmp_path, history={"file": "one"}), tmp_path / "two") as campaign:
        earlier = {(o.x, tuple(o.values.items())) for o in ledger.finished}
        assert {(o.x, tuple(o.values.items())) for o in campaign.ledger.outcomes} == earlier


def test_what_is_known_before_the_start_passes_the_sanity_gate_or_is_refused(tmp_path):
    wanted = {"a": {"goal": "minimize", "valid": {"max": 5}}, "b": "minimize"}
    path = write(tmp_path, history={"file": "earlier.csv"}, objectives=wanted)
    (tmp_path / "earlier.csv").write_text("x,y,a,b\n0.5,0.25,1,2\n0.1,0.2,50,3\n")
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        ledger = campaign.ledger
        assert [(o.number, o.status, o.feasible) for o in ledger.outcomes] == [
            (-1, "refused", False),
            (0, "finished", True),
        ]
        assert "outside its valid window" in ledger.outcomes[0].error
        assert history_of(ledger, campaign.problem.space).failed.tolist() == [True, False]


def test_a_pool_of_formulas_knows_its_rows_by_their_formulas(tmp_path):
    (tmp_path / "pool.csv").write_text("material,a,b\nFe2O3,1,2\nNaCl,3,4\nCu,5,6\nNi,7,8\n")
    (tmp_path / "earlier.csv").write_text("material,a,b\nNaCl,3,4\n")
    path = write(
        tmp_path,
        space={"use": "pool", "file": "pool.csv"},
        oracles=[{"use": "table", "file": "pool.csv", "properties": ["a", "b"]}],
        history={"file": "earlier.csv"},
    )
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        list(campaign.events())
        ledger = campaign.ledger
    assert (ledger.state, len(ledger.outcomes)) == ("done", 4)
    assert ledger.outcomes[0].variables == {"material": "NaCl"}
    assert evaluate(ledger.spec.dump(), str(tmp_path), 0, {"material": "Cu"}) == {"a": 5.0, "b": 6.0}


@pytest.mark.parametrize(
    ("file", "oracle"),
    [
        ("trial.py", {"use": "python", "function": "trial:bowls"}),
        ("pool.csv", {"use": "table", "file": "pool.csv", "properties": ["a", "b"]}),
    ],
)
def test_what_an_oracle_said_before_its_file_changed_is_not_its_answer_now(tmp_path, file, oracle):
    (tmp_path / "pool.csv").write_text("x,y,a,b\n0,0,1,2\n")
    path = write(tmp_path, oracles=[oracle])

    def settings():
        return build(CampaignSpec.from_file(path), tmp_path).oracles[0].settings_hash

    before = settings()
    assert settings() == before
    with (tmp_path / file).open("a") as stream:
        stream.write("1,1,1,2\n")
    assert settings() != before


def test_a_limit_that_the_space_decides_is_not_learned_and_what_breaks_it_is_not_shown(tmp_path):
    path = write(
        tmp_path,
        space={"use": "composition", "elements": {"Fe": [0, 1], "Ni": [0, 1]}},
        oracles=[{"use": "python", "function": "trial:linear"}, {"use": "screens"}],
        constraints={"valence_electron_concentration": {"min": 9}, "b": {"max": 0.9}},
        objectives={"a": "minimize"},
        history={"file": "earlier.csv"},
    )
    with (tmp_path / "trial.py").open("a") as module:
        module.write("def linear(v): return {'a': v['Fe'], 'b': v['Ni']}\n")
    (tmp_path / "earlier.csv").write_text(
        "Fe,Ni,a,b,valence_electron_concentration\n0.9,0.1,0.9,0.1,8.2\n0.2,0.8,0.2,0.8,9.6\n"
    )
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        problem = campaign.problem
        seen = history_of(campaign.ledger, problem.space)
        assert [str(limit) for limit in problem.learned] == ["b <= 0.9"]
        assert len(problem.recipes) == 2
        assert (seen.X.tolist(), seen.C.round(9).tolist()) == ([[0.2, 0.8]], [[-0.1]])
        assert [o.feasible for o in campaign.ledger.outcomes] == [True, False]


def test_reading_a_ledger_imports_neither_torch_nor_an_oracles_engine(told, tmp_path):
    code = (
        "import sys; from eutectic.campaigns.record.ledger import read_ledger; "
        f"assert len(read_ledger({str(tmp_path / 'run')!r}).outcomes) == 4; "
        "print([m for m in ('torch', 'botorch', 'pymatgen', 'scipy', 'mlflow', 'moocore') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


RUNNER = """
import json, signal, sys
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.sharing import request_stop
campaign = Campaign.from_yaml(sys.argv[1], sys.argv[2])
signal.signal(signal.SIGINT, lambda *_: campaign.drain())
for event in campaign.events():
    print(event.kind, flush=True)
"""


def test_an_interrupt_drains_and_the_state_is_kept(tmp_path):
    path = write(tmp_path, oracles=[{"use": "python", "function": "trial:slow"}])
    command = [sys.executable, "-c", RUNNER, str(path), str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if lines.count("started") == 2:
                process.send_signal(signal.SIGINT)
                break
        lines += process.stdout.read().split()
    assert lines[-2:] == ["finished", "stopped"]
    assert len(read_ledger(tmp_path / "run").finished) == 2


def test_a_killed_campaign_reads_as_stopped_and_its_last_evaluation_as_proposed(tmp_path):
    path = write(tmp_path, oracles=[{"use": "python", "function": "trial:sleep"}])
    command = [sys.executable, "-c", RUNNER, str(path), str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert [process.stdout.readline().strip() for _ in range(2)] == ["asked", "started"]
        ledger = read_ledger(tmp_path / "run")
        assert (ledger.state, ledger.outcomes[0].status) == ("running", "running")
        process.kill()
    ledger = read_ledger(tmp_path / "run")
    assert (ledger.state, ledger.outcomes[0].status) == ("stopped", "proposed")


def test_a_campaign_of_inline_oracles_reads_back_as_it_was_and_its_journal_is_plain_json(tmp_path):
    path = write(
        tmp_path,
        oracles=[{"use": "table", "file": "t.csv", "properties": ["a"], "tolerance": 0.5}],
        objectives={"a": "minimize"},
        budget={"evaluations": 60, "batch": 4},
    )
    (tmp_path / "t.csv").write_text("x,y,a\n0.25,0.25,1\n0.75,0.75,2\n")
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        list(campaign.events())
        first = proposals(campaign.ledger)
        entries = campaign.logbook.journal.since()
    assert len(first) == 60
    assert json.loads(json.dumps(entries[0].body)) == entries[0].body
    assert proposals(read_ledger(tmp_path / "run")) == first
