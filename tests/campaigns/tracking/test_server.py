"""A real MLflow server that is stopped and started again while a campaign runs: nothing lost, nothing doubled.

Behind it is SQLite, or a PostgreSQL that is started here and stopped with it.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.tracking import follower
from eutectic.campaigns.tracking.follower import Tracker, sync
from eutectic.campaigns.tracking.mlflow_store import Store
from tests.campaigns.execution.clusters_of_tests import free_port
from tests.campaigns.execution.processes_of_tests import until
from tests.campaigns.trial_campaigns import write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # MLflow's own
ROUNDS = 6


class Postgres:
    """A PostgreSQL of its own in a folder of its own, run by an ordinary user, always on the same port."""

    def __init__(self):
        pytest.importorskip("psycopg2", reason="psycopg2-binary is not installed")
        homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        found = shutil.which("initdb", path=os.pathsep.join([os.environ["PATH"], *map(str, homes)]))
        if found is None:
            pytest.skip("no PostgreSQL here: initdb is not found")
        self.programs = Path(found).resolve().parent
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="postgres_", dir="/tmp")), free_port()
        self.uri = f"postgresql+psycopg2://postgres@127.0.0.1:{self.port}/postgres"
        self.user = {"user": "nobody"} if os.geteuid() == 0 else {}  # PostgreSQL refuses to be run by root
        if self.user:
            shutil.chown(self.folder, "nobody")
        self._done("initdb", "--pgdata", self.folder / "data", "--auth", "trust", "--username", "postgres")

    def start(self):
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        words = ["--pgdata", self.folder / "data", "--log", self.folder / "log", "--options", options]
        self._done("pg_ctl", "start", "--wait", "--timeout", "120", *words)

    def stop(self):
        """End it at once, as a loss of power would."""
        self._done("pg_ctl", "stop", "--pgdata", self.folder / "data", "--mode", "immediate", check=False)

    def _done(self, program, *words, check=True):
        command = [str(self.programs / program), *map(str, words)]
        subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, check=check, **self.user)


class Server:
    """`mlflow server` over a database, always on the same port."""

    def __init__(self, folder, database=None):
        self.folder, self.port, self.database = folder, free_port(), database
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        """Start it, and wait until it answers."""
        uri, files = f"sqlite:///{self.folder / 'server.db'}", str(self.folder / "files")
        if self.database is not None:
            self.database.start()
            uri = self.database.uri
        words = ["server", "--backend-store-uri", uri, "--artifacts-destination", files, "--workers", "1"]
        command = [sys.executable, "-m", "mlflow", *words, "--host", "127.0.0.1", "--port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        until(self._answers, 600)

    def _answers(self):
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def stop(self):
        """SIGKILL to all of it, and an end without a word to its database."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
        if self.database is not None:
            self.database.stop()


def run(path, folder, server=None):
    """Seconds the campaign itself took, and what remains to be done for MLflow; the server is away in the middle."""
    spent_s, ended, note = 0.0, 0, ""
    with Campaign.from_yaml(path, folder) as campaign:
        tracker = None if server is None else Tracker(folder)
        start = time.monotonic()
        for event in campaign.events():
            if tracker is not None:
                tracker.follow(event)
            ended += event.kind == "round"
            if server is not None and event.kind == "round" and ended in (2, 4):
                spent_s += time.monotonic() - start
                server.stop() if ended == 2 else server.start()
                start = time.monotonic()
        spent_s += time.monotonic() - start
        if tracker is not None:
            note = tracker.close(120)
    return spent_s, note


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request, tmp_path):
    database = Postgres() if request.param == "postgresql" else None
    server = Server(tmp_path, database)
    yield server
    server.stop()
    if database is not None:
        shutil.rmtree(database.folder)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_server_that_is_stopped_and_started_mid_campaign_loses_and_doubles_nothing(
    server, tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr(follower, "PACE_S", 0.2)
    monkeypatch.setattr(follower, "REST_S", 1.0)
    sections = {
        "oracles": [{"use": "python", "function": "trial:slow"}],
        "budget": {"evaluations": 4 * ROUNDS, "batch": 4},
        "executor": {"workers": 2},
    }
    path = write(tmp_path, **sections, tracking={"uri": server.uri, "evaluations": "nested"})
    quiet = write(tmp_path / "quiet", **sections, tracking={"enabled": False})
    server.start()
    alone_s, _ = run(quiet, tmp_path / "alone")
    spent_s, note = run(path, tmp_path / "run", server)
    if note:
        assert "campaign sync" in note
        sync(tmp_path / "run")
    sync(tmp_path / "run")  # once more changes nothing
    client = Store(server.uri, "trial")._client
    runs = client.search_runs([Store(server.uri, "trial").experiment], max_results=1000)
    parts = Counter(r.data.tags["eutectic.part"] for r in runs)
    (whole,) = [r.info.run_id for r in runs if r.data.tags["eutectic.part"] == "campaign"]
    history = [(m.step, m.value) for m in client.get_metric_history(whole, "hypervolume")]
    ledger = read_ledger(tmp_path / "run")
    assert ledger.state == "done"
    assert len(ledger.finished) == 4 * ROUNDS
    rounds = [f"round {k}" for k in range(1, ROUNDS + 1)]
    evaluations = [f"evaluation {n + 1}" for n in range(4 * ROUNDS)]
    assert parts == Counter(["campaign", *rounds, *evaluations])
    assert history == [(r.number, pytest.approx(r.hypervolume)) for r in ledger.rounds]
    assert capfd.readouterr().out == "", "standard output is for results"
    assert spent_s < 1.3 * alone_s + 2.0, f"{spent_s:.1f} s, without MLflow {alone_s:.1f} s"
