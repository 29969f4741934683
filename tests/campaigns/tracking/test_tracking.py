import json
import shutil
import socket
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from eutectic.campaigns import cli
from eutectic.campaigns.analysis.credit import gained
from eutectic.campaigns.analysis.labels import legal
from eutectic.campaigns.analysis.parity import leave_one_out
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.ledger import Reader
from eutectic.campaigns.record.outcomes import Event
from eutectic.campaigns.tracking import follower, projection
from eutectic.campaigns.tracking.follower import Follower, Tracker, sync
from eutectic.campaigns.tracking.mlflow_store import Store, save_model, ui_command
from eutectic.campaigns.tracking.position import Position, Positions, tracking_uri
from eutectic.campaigns.tracking.surrogate_file import final_surrogates, restore
from eutectic.oracles.base import EngineMissing
from tests.campaigns import ledgers
from tests.campaigns.hand.test_asking import begun, measure

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # MLflow's own


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """An empty tracking database: making one takes seconds, copying it none."""
    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        Store(f"sqlite:///{path}", "first")
    return path


@pytest.fixture
def place(tmp_path, monkeypatch, database):
    """A working folder with a database, a campaign's folder in it, and what the journal there says."""
    shutil.copy(database, tmp_path / "mlflow.db")
    folder = tmp_path / "runs" / "annealing"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(follower, "written", lambda ledger, folder: [])
    monkeypatch.setattr(Follower, "_surrogates", lambda self, ledger: None)
    return Place(folder, monkeypatch)


class Place:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._patch = folder, monkeypatch
        self.uri = f"sqlite:///{folder.parent.parent / 'mlflow.db'}"
        self.says(ledgers.single(12))

    def says(self, ledger, **tracking):
        content = {**ledger.spec.dump(), "tracking": tracking} if tracking else ledger.spec.dump()
        self.ledger = replace(ledger, spec=CampaignSpec.from_content(content), folder=str(self.folder))
        self._patch.setattr(follower, "Reader", lambda folder: Said(folder, self))

    @property
    def client(self):
        return Store(self.uri, self.ledger.spec.name)._client

    def runs(self):
        """Part -> runs of that part, all of the store."""
        found = {}
        for run in self.client.search_runs([Store(self.uri, self.ledger.spec.name).experiment]):
            found.setdefault(run.data.tags["eutectic.part"], []).append(run)
        return found

    def history(self, key):
        return [(m.step, m.value) for m in self.client.get_metric_history(self.runs()["campaign"][0].info.run_id, key)]


@dataclass
class Said:
    """A journal that says what the place has."""

    folder: Path
    place: Place

    def ledger(self):
        return self.place.ledger

    def close(self):
        pass


def test_a_campaign_is_one_run_with_a_child_a_round(place):
    sync(place.folder)
    runs = place.runs()
    assert {part: len(found) for part, found in runs.items()} == {
        "campaign": 1, "round 1": 1, "round 2": 1, "round 3": 1,
    }  # fmt: skip
    parent = runs["campaign"][0]
    assert parent.info.status == "FINISHED"
    assert parent.info.start_time == projection.started_ms(place.ledger)
    assert runs["round 2"][0].data.tags["mlflow.parentRunId"] == parent.info.run_id


def test_metrics_carry_the_round_and_the_journals_time(place):
    sync(place.folder)
    run = place.runs()["campaign"][0].info.run_id
    metrics = place.client.get_metric_history(run, "best.porosity_percent")
    assert [m.step for m in metrics] == [1, 2, 3]
    assert [m.timestamp for m in metrics] == [projection.round_ms(place.ledger, i) for i in range(3)]
    best = min(o.values["porosity_percent"] for o in place.ledger.finished)
    assert metrics[-1].value == best
    assert place.history("evaluations.failed") == [(1, 0.0), (2, 1.0), (3, 1.0)]


def test_the_last_cross_validation_is_the_reports(place):
    ledger = ledgers.single(16)
    place.says(ledger)
    sync(place.folder)
    (parity,) = leave_one_out(place.ledger).outputs
    seen = place.runs()["campaign"][0].data.metrics
    for metric in ("rmse", "r2", "coverage_95"):
        assert seen[f"cv.{metric}.{parity.name}"] == pytest.approx(parity.metrics[metric])


def test_a_portfolios_shares_and_credit_are_metrics_of_the_round(place):
    ledger = ledgers.many(12)
    names = ("random (control)", "nsga2")
    asked = [
        replace(o, reason=replace(o.reason, proposer=f"portfolio: {names[o.number % 2]}: look"))
        for o in ledger.outcomes
    ]
    batches = [replace(b, shares={"nsga2": 0.75, "random (control)": 0.25}) for b in ledger.batches]
    place.says(replace(ledger, outcomes=tuple(asked), batches=tuple(batches)))
    sync(place.folder)
    rounds = [r.number for r in place.ledger.rounds]
    assert place.history("credit.share_percent.nsga2") == [(i, 75.0) for i in rounds]
    counts = place.history("credit.evaluations.nsga2")
    assert sum(n for _, n in counts) == sum(o.number % 2 for o in ledger.outcomes)
    gain = sum(v for name in names for _, v in place.history(legal(f"credit.hypervolume.{name}")))
    assert gain > 0
    assert gain == pytest.approx(sum(gained(ledger, ledger.outcomes).values()))
    place.says(ledgers.single(12))
    assert not any(m.key.startswith("credit") for m in projection.measurements(place.ledger, 0))


def test_parameters_versions_seed_and_revision_are_there(place):
    sync(place.folder)
    run = place.runs()["campaign"][0]
    assert run.data.params["seed"] == "1"
    assert run.data.params["budget.batch"] == "4"
    assert run.data.tags["eutectic.versions.torch"] == "2.13.0"
    assert run.data.tags["mlflow.source.git.commit"] == "9f185a5c0ffee"
    assert "porosity" in run.data.tags["mlflow.note.content"].lower()


def test_tables_are_artifacts_that_the_ui_shows(place, tmp_path):
    sync(place.folder)
    run = place.runs()["campaign"][0]
    assert {a.path for a in place.client.list_artifacts(run.info.run_id)} == {
        "campaign.yaml", "evaluations.json", "pareto.json",
    }  # fmt: skip
    path = place.client.download_artifacts(run.info.run_id, "evaluations.json", str(tmp_path))
    content = json.loads(Path(path).read_text())
    assert len(content["data"]) == 12
    assert len(content["columns"]) == len(content["data"][0])
    assert (tmp_path / "mlartifacts").is_dir()


def test_syncing_twice_changes_nothing(place):
    sync(place.folder)
    before = {part: len(found) for part, found in place.runs().items()}, place.history("cost_s.total")
    sync(place.folder)
    (place.folder / "tracking.json").unlink()
    sync(place.folder)
    assert ({part: len(found) for part, found in place.runs().items()}, place.history("cost_s.total")) == before


@pytest.mark.parametrize("kill", range(5))
def test_a_kill_between_logging_and_noting_the_position_doubles_nothing(place, kill):
    class Killed(BaseException):
        pass

    writes = iter(range(100))

    def write(self):
        if next(writes) == kill:
            raise Killed
        whole(self)

    whole = Positions.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Positions, "write", write)
        with pytest.raises(Killed):
            sync(place.folder)
    sync(place.folder)
    assert all(len(found) == 1 for found in place.runs().values())
    assert len(place.runs()) == 4
    assert [step for step, _ in place.history("cost_s.total")] == [1, 2, 3]


def test_a_resumed_campaign_goes_on_in_its_run(place):
    place.says(ledgers.campaign(*half(8), state="stopped"))
    sync(place.folder)
    first = place.runs()["campaign"][0]
    assert first.info.status == "KILLED"
    place.says(ledgers.campaign(*half(12), state="running"))
    Follower(Said(place.folder, place), Path.cwd()).catch_up(final=False)
    again = place.runs()["campaign"]
    assert [run.info.run_id for run in again] == [first.info.run_id]
    assert again[0].info.status == "RUNNING"
    place.says(ledgers.campaign(*half(12)))
    sync(place.folder)
    assert place.runs()["campaign"][0].info.status == "FINISHED"
    assert [step for step, _ in place.history("cost_s.total")] == [1, 2, 3]


def test_two_that_follow_one_campaign_tell_everything_once(place):
    """A run's own thread, and `campaign sync` beside it."""
    place.says(ledgers.campaign(*half(8), state="running"), evaluations="nested")
    one, other = (Follower(Said(place.folder, place), Path.cwd()) for _ in range(2))
    one.catch_up(final=False)
    other.catch_up(final=False)
    place.says(ledgers.campaign(*half(12)), evaluations="nested")
    with follower.alone(place.folder):
        thread = threading.Thread(target=one.catch_up, args=(True,))
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "it waits until it is alone"
    thread.join()
    other.catch_up(final=True)
    runs = place.runs()
    assert {part: len(found) for part, found in runs.items() if len(found) != 1} == {}
    assert len([part for part in runs if part.startswith("evaluation ")]) == 12
    assert [step for step, _ in place.history("cost_s.total")] == [1, 2, 3]


def test_each_pass_reads_what_was_written_since(place, monkeypatch):
    """A real journal, of which every event is read once, whatever the number of passes."""
    monkeypatch.undo()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    home, read = place.folder.parent.parent, []

    def since(seq=0):
        read.append(whole(seq))
        return read[-1]

    with begun(home, tracking={"uri": place.uri}) as campaign, closing(Reader(campaign.folder)) as reader:
        journal = reader._logbook.journal
        whole, journal.since = journal.since, since
        passes = None
        for _ in range(3):
            for outcome in campaign.ask(1):
                measure(campaign, outcome)
            passes = passes or Follower(reader, home)
            passes.catch_up(final=False)
        assert [entry.seq for entries in read for entry in entries] == list(range(1, journal.last()[0] + 1))
        place.ledger = campaign.ledger
    assert sorted(place.runs()) == ["campaign", "round 1", "round 2", "round 3"]


def half(n):
    return ledgers.process_content(), [ledgers._process(i) for i in range(n)], ledgers._process_model


def test_rounds_get_the_hypervolume_of_a_reference_point_fixed_later(place):
    whole = ledgers.many(12)
    unknown = tuple(replace(r, hypervolume=None) for r in whole.rounds[:2])
    place.says(replace(whole, rounds=unknown, reference=None))
    sync(place.folder)
    place.says(whole)
    sync(place.folder)
    assert place.history("hypervolume") == [(r.number, r.hypervolume) for r in whole.rounds]


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_store_that_counted_rounds_from_zero_goes_on_as_it_began(place, monkeypatch, forgotten):
    whole = ledgers.many(12)
    place.says(replace(whole, rounds=whole.rounds[:2]))
    monkeypatch.setattr(follower, "Position", lambda: Position(first=0))
    sync(place.folder)
    monkeypatch.setattr(follower, "Position", Position)
    path = place.folder / "tracking.json"
    content = json.loads(path.read_text())
    for told in content["stores"].values():
        del told["first"]  # as an earlier version wrote it
    path.write_text(json.dumps(content))
    if forgotten:
        path.unlink()
    place.says(whole)
    sync(place.folder)
    assert place.history("hypervolume")[-1][0] == whole.rounds[-1].index
    assert {part for part in place.runs() if part != "campaign"} == {f"round {r.index}" for r in whole.rounds}


def test_evaluations_can_be_runs_of_their_own(place):
    place.says(ledgers.single(8), evaluations="nested")
    sync(place.folder)
    runs = place.runs()
    own = [runs[f"evaluation {n}"][0] for n in range(1, 9)]
    outcome = place.ledger.outcomes[2]
    assert own[2].data.params == {k: str(v) for k, v in outcome.variables.items()}
    assert own[2].data.metrics["porosity_percent"] == outcome.values["porosity_percent"]
    assert own[5].info.status == "FAILED"
    assert own[5].data.tags["mlflow.parentRunId"] == runs["round 2"][0].info.run_id


def test_tracking_can_be_switched_off(place):
    place.says(ledgers.single(4), enabled=False)
    assert "switched off" in sync(place.folder)
    assert not (place.folder / "tracking.json").exists()


def test_a_database_that_was_thrown_away_is_filled_again(place, database):
    sync(place.folder)
    shutil.copy(database, place.folder.parent.parent / "mlflow.db")
    sync(place.folder)
    assert len(place.runs()) == 4
    assert [step for step, _ in place.history("cost_s.total")] == [1, 2, 3]


def test_the_tracker_follows_in_its_own_thread_and_ends_up_to_date(place):
    tracker = Tracker(place.folder)
    tracker.follow(Event("started", 1))
    for r in place.ledger.rounds:
        tracker.follow(Event("round", round=r))
    assert tracker.close(60) == ""
    assert len(place.runs()) == 4


def test_a_store_that_hangs_does_not_hold_the_campaign(place, monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(Follower, "catch_up", lambda self, final: never.wait(30))
    tracker = Tracker(place.folder)
    tracker.follow(Event("round"))
    assert f"campaign sync {place.folder}" in tracker.close(0.1)
    never.set()


def test_a_server_that_is_away_is_a_note_and_not_an_error(place, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    tracker = Tracker(place.folder)
    tracker.follow(Event("round"))
    assert "campaign sync" in tracker.close(60)
    with pytest.raises(EngineMissing, match="campaign sync"):
        sync(place.folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    sync(place.folder)
    assert len(place.runs()) == 4


def test_awkward_names_and_long_values_are_made_legal(place):
    ledger = ledgers.single(4)
    odd = tuple(
        replace(o, values={**o.values, "j @ 3 mA/cm2 (µ)": 1.0}, variables={**o.variables, "a:b%c": "x" * 9000})
        for o in ledger.outcomes
    )
    place.says(replace(ledger, outcomes=odd, facts={**ledger.facts, "note / é": "y" * 9000}), evaluations="nested")
    sync(place.folder)
    run = place.runs()["evaluation 1"][0]
    assert 1.0 in run.data.metrics.values()
    assert max(len(value) for value in run.data.params.values()) == projection.LONGEST_VALUE


@pytest.mark.parametrize("make", [ledgers.infeasible, ledgers.broken, ledgers.empty, ledgers.alloy, ledgers.many])
def test_every_kind_of_campaign_can_be_tracked(place, make):
    place.says(make())
    sync(place.folder)
    assert len(place.runs() if place.ledger.rounds else []) == len(place.ledger.rounds) + bool(place.ledger.rounds)


def test_the_file_comes_before_the_environment_before_the_last_store_before_the_working_folder(monkeypatch, tmp_path):
    plain = ledgers.single(1).spec
    given = CampaignSpec.from_content({**plain.dump(), "tracking": {"uri": "sqlite:///mlflow.db"}})
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking_uri(plain, tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    assert tracking_uri(plain, tmp_path, last="sqlite:////other.db") == "sqlite:////other.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://server:5000")
    assert tracking_uri(plain, tmp_path, last="sqlite:////other.db") == "http://server:5000"
    assert tracking_uri(given, tmp_path, tmp_path / "beside") == f"sqlite:///{tmp_path}/beside/mlflow.db"


def test_a_folder_whose_name_an_address_spells_otherwise_gets_its_store_and_no_neighbour(
    tmp_path, monkeypatch, database
):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    home = tmp_path / "NiTi 5%Fe?" / "deeper"
    home.mkdir(parents=True)
    shutil.copy(database, home / "mlflow.db")
    store = Store(tracking_uri(ledgers.single(1).spec, home), "odd")
    run = store.begin("key", "whole", "odd", 0)
    logged = store._client.create_logged_model(store.experiment, "y", run)
    store._register("odd.y", logged.artifact_location, logged.model_id, run)  # opens the registry, a second store
    assert [folder.name for folder in tmp_path.iterdir()] == ["NiTi 5%Fe?"]


@pytest.mark.parametrize(("scheme", "package"), [("postgresql+psycopg2", "psycopg2-binary"), ("mysql", "mysqlclient")])
def test_a_database_without_its_driver_is_answered_by_what_installs_it(place, scheme, package):
    if find_spec({"psycopg2-binary": "psycopg2", "mysqlclient": "MySQLdb"}[package]):
        pytest.skip(f"{package} is installed here")
    place.says(ledgers.single(2), uri=f"{scheme}://me:secret@localhost/mlflow")
    with pytest.raises(EngineMissing, match=rf"pip install '{package}'; when it is back: campaign sync") as said:
        sync(place.folder)
    assert "secret" not in str(said.value)


def test_the_ui_opens_on_this_machine_only_and_on_the_campaigns_store(place):
    sync(place.folder)
    page, command = ui_command(place.folder)
    assert command[command.index("--host") + 1] == "127.0.0.1"
    server, _, shown = page.partition("/#/")
    assert server == f"http://127.0.0.1:{command[command.index('--port') + 1]}"
    assert command[command.index("--backend-store-uri") + 1] == place.uri
    (run,) = place.runs()["campaign"]
    assert shown == f"experiments/{run.info.experiment_id}/runs/{run.info.run_id}"


def test_the_ui_takes_a_port_and_says_when_it_is_taken(place):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with pytest.raises(ValueError, match="is taken; leave --port out"):
            ui_command(None, listening.getsockname()[1])
        free = listening.getsockname()[1]
    assert ui_command(None, free)[0] == f"http://127.0.0.1:{free}"


def test_the_ui_of_a_folder_that_is_no_campaign_is_refused(tmp_path):
    run = CliRunner().invoke(cli.app, ["ui", str(tmp_path)])
    assert isinstance(run.exception, CampaignFolderError)
    assert "holds no campaign" in str(run.exception)


def test_the_ui_of_a_server_is_its_own_page(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.org")
    assert ui_command(None)[0] == ui_command(None)[1][-1] == "https://mlflow.example.org"


def test_a_kept_surrogate_predicts_what_it_predicted(tmp_path):
    pd = pytest.importorskip("pandas")
    from eutectic.campaigns.problem.build import build
    from eutectic.campaigns.record.history import history_of
    from eutectic.optimizers.models import belief

    ledger = ledgers.single(16)
    (content,) = final_surrogates(ledger)
    path = tmp_path / "surrogate.json"
    path.write_text(json.dumps(content))
    frame = pd.DataFrame([dict(o.variables) for o in ledger.outcomes])
    problem = build(ledger.spec, tmp_path, engines=False)
    expected = belief.learn(problem.space, history_of(ledger, problem.space), problem.recipes).outputs[0]
    posterior = expected.posterior(np.array([o.x for o in ledger.outcomes]))
    found = restore(path).predict(frame)
    np.testing.assert_allclose(found["porosity_percent"], posterior.mean[:, 0], rtol=1e-9)
    np.testing.assert_allclose(found["porosity_percent_std"], posterior.std[:, 0], rtol=1e-7)
    frame["gas"] = "helium"
    with pytest.raises(ValueError, match="helium"):
        restore(path).predict(frame)


def test_a_kept_surrogate_refuses_fractions_that_the_campaign_would_refuse(tmp_path):
    pd = pytest.importorskip("pandas")
    ledger = ledgers.alloy(12)
    path = tmp_path / "surrogate.json"
    path.write_text(json.dumps(final_surrogates(ledger)[0]))
    surrogate = restore(path)
    frame = pd.DataFrame([dict(o.variables) for o in ledger.outcomes[:3]])
    expected = surrogate.predict(frame)
    pd.testing.assert_frame_equal(surrogate.predict(1.004 * frame), expected, rtol=1e-6)
    with pytest.raises(ValueError, match=r"row 1: the fractions of Cu, Cr, Co, Fe, Ni sum to 100, .*per cent"):
        surrogate.predict(100 * frame)
    frame.loc[1, "Cu"] += 0.2
    with pytest.raises(ValueError, match=r"row 2: the fractions of .* sum to 1\.2, not to 1$"):
        surrogate.predict(frame)
    frame.loc[1, "Ni"] += frame.loc[1, "Cu"] - 0.1
    frame.loc[1, "Cu"] = -0.1
    with pytest.raises(ValueError, match=r"row 2: .* are not all 0 or more"):
        surrogate.predict(frame)


def test_a_logged_surrogate_is_a_model_without_pickles_that_predicts_the_same(tmp_path):
    import mlflow
    import pandas as pd

    ledger = ledgers.single(16)
    (content,) = final_surrogates(ledger)
    save_model(content, tmp_path / "model")
    (tmp_path / "surrogate.json").unlink()
    names = [path.name for path in (tmp_path / "model").rglob("*")]
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".pt", ".bin"))]
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    frame = pd.DataFrame([dict(o.variables) for o in ledger.outcomes])
    (tmp_path / "again.json").write_text(json.dumps(content))
    expected = restore(tmp_path / "again.json").predict(frame)
    pd.testing.assert_frame_equal(loaded.predict(frame), expected)
    assert loaded.metadata.signature.inputs.input_names() == ["temperature_k", "passes", "gas"]
    assert loaded.input_example is not None


def test_final_surrogates_are_registered_once_under_an_alias(place, monkeypatch):
    monkeypatch.undo()
    place.says(ledgers.single(16))
    monkeypatch.chdir(place.folder.parent.parent)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(follower, "written", lambda ledger, folder: [])
    for _ in range(2):
        sync(place.folder)
        (place.folder / "tracking.json").unlink()
    name = "annealing.porosity_percent"
    version = place.client.get_model_version_by_alias(name, "champion")
    assert len(place.client.search_model_versions(f"name = '{name}'")) == 1
    (logged,) = place.client.search_logged_models([Store(place.uri, "annealing").experiment])
    assert version.source == logged.artifact_location


def test_a_surrogate_is_registered_in_a_store_of_another_name_from_another_folder(place, monkeypatch):
    import mlflow
    import pandas as pd

    undone = place.folder
    monkeypatch.undo()
    home, away = undone.parent.parent, undone.parent.parent / "away"
    away.mkdir()
    (home / "mlflow.db").rename(home / "mlf.db")
    store = f"sqlite:///{home / 'mlf.db'}"
    monkeypatch.chdir(away)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(follower, "written", lambda ledger, folder: [])
    place.says(replace(ledgers.single(16), facts={"source": str(home)}), uri="sqlite:///mlf.db")
    monkeypatch.setattr(follower, "Reader", lambda folder: Said(folder, place))
    assert store in sync(place.folder)
    assert list(away.iterdir()) == []
    assert sorted(path.name for path in home.iterdir()) == ["away", "mlartifacts", "mlf.db", "runs"]
    with served_by(store):
        model = mlflow.pyfunc.load_model("models:/annealing.porosity_percent@champion")
    frame = pd.DataFrame([dict(o.variables) for o in place.ledger.outcomes])
    said = model.predict(frame)
    assert list(said) == ["porosity_percent", "porosity_percent_std"]
    assert np.isfinite(said.to_numpy()).all()


@contextmanager
def served_by(uri):
    """MLflow's own tracking store, for a while."""
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
