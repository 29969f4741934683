"""One contract for every executor: what goes wrong costs one evaluation, and nothing is paid for twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import psutil
import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.execution import dask_engine, node
from eutectic.campaigns.execution.base import EvaluationLost, Resources, Setting
from eutectic.campaigns.file import plugins
from eutectic.campaigns.record.journal import Journal
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.oracles.base import EngineMissing
from tests.campaigns.execution.clusters_of_tests import ROOT, Scheduler, environment, wait_for_workers
from tests.campaigns.execution.processes_of_tests import HERE, alive, marked, until
from tests.campaigns.trial_campaigns import calls, write

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning:distributed", "ignore::DeprecationWarning:parsl")
JOBS = "jobs_for_workers"
ENGINES = ["local", "threads", "dask", pytest.param("parsl", marks=pytest.mark.slow)]
NAP = """
import time
from pathlib import Path
HERE = Path(__file__).parent
def nap(v):
    with open(HERE / "calls", "a") as file:
        file.write("x")
    while not (HERE / "go").exists():
        time.sleep(0.05)
    return {"a": v["x"], "b": v["y"]}
"""
RUNNER = """
import sys
from eutectic.campaigns.campaign import Campaign
if __name__ == "__main__":
    with Campaign.from_yaml(*sys.argv[1:]) as campaign:
        for event in campaign.events():
            print(event.kind, flush=True)
"""


def opened(name, folder, timeout_s=2.0, **options):
    """An executor with two workers and short limits; what it has written lies in `folder`."""
    pytest.importorskip({"dask": "distributed", "parsl": "parsl"}.get(name, "json"))
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    log, answers = str(folder / "logs" / "worker.log"), str(folder / "results")
    limits = {"workers": 2, "timeout_s": timeout_s, "memory_mb": 300.0}
    part = plugins.build("executors", {"use": name, **options}, ".")
    return part.open(Setting(**limits, path=(HERE,), log=log, answers=answers))


@pytest.fixture(scope="module", params=ENGINES)
def executor(request, tmp_path_factory):
    executor = opened(request.param, tmp_path_factory.mktemp(request.param))
    yield executor
    executor.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    pytest.importorskip("distributed")
    scheduler = Scheduler(tmp_path_factory.mktemp("scheduler"))
    wait_for_workers(scheduler.address, 1)
    yield scheduler
    scheduler.kill()


def loss(future):
    with pytest.raises(EvaluationLost) as caught:
        future.result(timeout=120)
    return caught.value


def test_every_executor_answers_in_processes_of_its_own(executor):
    futures = [executor.submit(f"{JOBS}:double", x, key=f"double-{x}") for x in range(4)]
    assert [future.result(timeout=180) for future in futures] == [0, 2, 4, 6]
    worker, leader, _ = executor.submit(f"{JOBS}:session").result(timeout=180)
    assert worker == leader != os.getpid()


@pytest.mark.parametrize(
    ("function", "argument", "failure", "said"),
    [
        ("leave", [3], "crash", "exit code 3"),
        ("segfault", [], "crash", "SIGSEGV"),
        ("raise_exit", [], "error", "SystemExit: enough"),
        ("nowhere", [], "error", "nowhere"),
        ("hang_at_import", [], "timeout", "its time limit of 2 s"),
        ("grow", [600], "memory", "its limit is 300 MB"),
    ],
)
def test_on_every_executor_what_goes_wrong_costs_one_evaluation(executor, function, argument, failure, said):
    neighbour = executor.submit(f"{JOBS}:sleep", os.devnull, 0.2, key=f"neighbour-{function}")
    lost = loss(executor.submit(f"{JOBS}:{function}", *argument, key=function))
    assert (lost.failure, said in str(lost)) == (failure, True), str(lost)
    assert neighbour.result(timeout=180) is None
    assert executor.submit(f"{JOBS}:double", 1).result(timeout=180) == 2


@pytest.mark.parametrize("name", ENGINES)
def test_putting_an_executor_down_ends_what_runs(name, tmp_path):
    executor = opened(name, tmp_path)
    future = executor.submit(f"{JOBS}:mark_and_hang", str(tmp_path / "pids"), key="hang")
    until(lambda: marked(tmp_path / "pids"), 180)
    executor.shutdown(cancel_futures=True)
    assert loss(future).failure == "infrastructure"
    until(lambda: not alive(marked(tmp_path / "pids")))
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(f"{JOBS}:double", 1)


def test_workers_of_others_end_what_a_campaign_that_is_put_down_had_asked_for(scheduler, tmp_path):
    executor = opened("dask", tmp_path, address=scheduler.address)
    executor.submit(f"{JOBS}:mark_and_hang", str(tmp_path / "pids"), key="hang")
    until(lambda: marked(tmp_path / "pids"), 180)
    executor.shutdown(cancel_futures=True)
    until(lambda: not alive(marked(tmp_path / "pids")))
    assert not list((tmp_path / "results").glob("*.json")), "what was ended has no answer: it runs again"


@pytest.mark.parametrize("name", ENGINES)
def test_a_campaign_whose_process_is_killed_goes_on_and_records_each_evaluation_once(name, tmp_path):
    executor = {"use": name, "workers": 2}
    _, killed, ledger = interrupted(tmp_path, executor)
    assert ledger.state == "done"
    assert killed <= 2, "no more ran than there are workers"
    assert calls(tmp_path) <= 4 + killed


def test_evaluations_that_outlive_their_campaign_are_adopted_and_not_paid_for_twice(scheduler, tmp_path):
    _, killed, ledger = interrupted(tmp_path, {"use": "dask", "workers": 2, "address": scheduler.address})
    assert (ledger.state, killed, calls(tmp_path)) == ("done", 2, 4)


def test_what_was_answered_after_the_campaign_had_died_is_taken_though_the_scheduler_is_gone(tmp_path):
    pytest.importorskip("distributed")
    scheduler = Scheduler(tmp_path)
    executor = {"use": "dask", "workers": 2, "address": scheduler.address}
    try:
        wait_for_workers(scheduler.address, 1)
        folder = begun_and_killed(tmp_path, executor)
        (tmp_path / "go").touch()
        until(lambda: len(list((folder / "results").glob("*.json"))) == 2, 180)
    finally:
        scheduler.kill()
    with Campaign.open(folder) as campaign, pytest.raises(EngineMissing, match="nobody answers at tcp://127"):
        list(campaign.events())
    ledger = read_ledger(folder)
    assert [o.status for o in ledger.outcomes][:2] == ["finished", "finished"]
    assert (ledger.state, calls(tmp_path)) == ("failed", 2)
    assert not list((folder / "results").glob("*.json")), "the journal has them"


def begun_and_killed(folder, executor):
    """A campaign of four naps whose process was killed while it ran as many as it has workers; its folder."""
    path = write(folder, executor=executor, budget={"evaluations": 4, "batch": 2}, oracles=[NAPS])
    (folder / "naps.py").write_text(NAP)
    runner = folder / "runner.py"
    runner.write_text(RUNNER)
    command = [sys.executable, str(runner), str(path), str(folder / "run")]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, cwd=folder) as process:
        until(lambda: calls(folder) == 2 or process.poll() is not None, 180)
        assert process.poll() is None
        process.kill()
    return folder / "run"


NAPS = {"use": "python", "function": "naps:nap"}


def interrupted(folder, executor):
    """The folder, how many evaluations ran when the campaign was killed, and the ledger of the resumed one."""
    home = begun_and_killed(folder, executor)
    killed = calls(folder)
    (folder / "go").touch()
    with Campaign.open(home) as campaign:
        list(campaign.events())
    ended = Counter(e.number for e in events(home) if e.kind == "evaluated" and not e.body["again"])
    assert dict(ended) == {1: 1, 2: 1, 3: 1, 4: 1}
    return home, killed, read_ledger(home)


def events(folder):
    journal = Journal.open(folder)
    try:
        return list(journal.since())
    finally:
        journal.close()


@pytest.mark.parametrize("whose", ["ours", "the engine's"])
@pytest.mark.parametrize("name", ENGINES)
def test_a_worker_that_is_killed_costs_its_evaluations_one_attempt(name, whose, tmp_path):
    if whose != "ours" and name in ("local", "threads"):
        pytest.skip("this engine has no processes of its own")
    executor = opened(name, tmp_path, timeout_s=300.0)
    future = executor.submit(f"{JOBS}:mark_and_hang", str(tmp_path / "pids"), key="hang")
    try:
        until(lambda: marked(tmp_path / "pids"), 180)
        (evaluation,) = marked(tmp_path / "pids")
        ours = psutil.Process(evaluation).parent()
        (ours if whose == "ours" else ours.parent()).kill()
        lost = loss(future)
        assert lost.failure == "infrastructure"
        until(lambda: not alive([evaluation]))
        assert executor.submit(f"{JOBS}:double", 4, key="hang-2").result(timeout=180) == 8
    finally:
        executor.shutdown(cancel_futures=True)


def test_a_scheduler_that_is_restarted_is_waited_for_and_what_it_had_lost_runs_again(tmp_path):
    pytest.importorskip("distributed")
    scheduler = Scheduler(tmp_path)
    try:
        wait_for_workers(scheduler.address, 1)
        executor = opened("dask", tmp_path, address=scheduler.address)
        future = executor.submit(f"{JOBS}:mark_then_wait_for", str(tmp_path / "pids"), str(tmp_path / "go"), key="k")
        until(lambda: marked(tmp_path / "pids"), 180)
        scheduler.kill()
        time.sleep(1.0)
        (tmp_path / "go").touch()
        scheduler.begin()
        assert future.result(timeout=180) == "gone on"
        executor.shutdown()
    finally:
        scheduler.kill()


@pytest.mark.slow
def test_the_death_of_parsls_own_process_is_said_and_no_evaluations_fault(tmp_path):
    executor = opened("parsl", tmp_path, timeout_s=300.0)
    try:
        future = executor.submit(f"{JOBS}:mark_and_hang", str(tmp_path / "pids"), key="hang")
        until(lambda: marked(tmp_path / "pids"), 180)
        executor._engine._kernel.executors["here"].interchange_proc.kill()
        for lost in (future, executor.submit(f"{JOBS}:double", 1)):
            with pytest.raises(EngineMissing, match="Parsl's executor 'here' has ended; `campaign resume` starts it"):
                lost.result(timeout=180)
    finally:
        executor.shutdown(cancel_futures=True)
    until(lambda: not alive(marked(tmp_path / "pids")), 180)


def test_resources_that_no_worker_has_are_refused_with_what_to_start(scheduler, tmp_path):
    part = plugins.build("executors", {"use": "dask", "address": scheduler.address}, ".")
    with pytest.raises(
        EngineMissing, match=r"no worker at tcp.* says that it has cores=4: start one with `dask worker"
    ):
        part.open(Setting(resources=Resources(cores=4), answers=str(tmp_path)))


@pytest.mark.parametrize("name", ["threads", "dask"])
def test_an_oracle_has_the_cores_it_asks_for(name, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    pytest.importorskip({"dask": "distributed"}.get(name, "json"))
    part = plugins.build("executors", {"use": name}, ".")
    executor = part.open(Setting(path=(HERE,), resources=Resources(cores=3), answers=str(tmp_path)))
    try:
        assert executor.submit(f"{JOBS}:threads", resources=Resources(cores=3)).result(timeout=180) == "3"
        assert executor.submit(f"{JOBS}:threads").result(timeout=180) == "1"
    finally:
        executor.shutdown(cancel_futures=True)


def test_gpus_go_to_one_evaluation_each(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    executor = plugins.build("executors", {"use": "threads"}, ".").open(Setting(workers=2, path=(HERE,)))
    try:
        one = Resources(gpus=1)
        asked = [executor.submit(f"{JOBS}:device_for_a_while", resources=one) for _ in range(4)]
        seen = [future.result(timeout=180) for future in asked]
        assert Counter(seen) == {"4": 2, "7": 2}
    finally:
        executor.shutdown(cancel_futures=True)


def test_an_evaluation_whose_node_ends_is_told_so_before(tmp_path, monkeypatch):
    monkeypatch.setattr(node, "MARGIN_S", 1.0)
    monkeypatch.setattr(node, "LEAST_S", 0.5)
    monkeypatch.setenv("EUTECTIC_NODE_ENDS", str(time.time() + 3))
    executor = plugins.build("executors", {"use": "threads"}, ".").open(Setting(path=(HERE,), timeout_s=500.0))
    try:
        lost = loss(executor.submit(f"{JOBS}:sleep", str(tmp_path / "pids")))
        assert (lost.failure, lost.walltime) == ("infrastructure", True)
        assert "give the job a longer walltime" in str(lost)
    finally:
        executor.shutdown(cancel_futures=True)


def test_workers_that_cannot_import_this_package_are_named_before_anything_is_sent(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_engine, "HERE", dask_engine.HERE.replace("eutectic", "no_such_package"))
    part = plugins.build("executors", {"use": "dask", "address": scheduler.address}, ".")
    with pytest.raises(EngineMissing, match=r"the scheduler, tcp://.* cannot import eutectic: install it in their"):
        part.open(Setting(answers=str(tmp_path)))


@pytest.mark.parametrize("name", ENGINES)
def test_a_first_ctrl_c_in_the_terminal_lets_evaluations_that_run_finish(name, tmp_path):
    pytest.importorskip({"dask": "distributed", "parsl": "parsl"}.get(name, "json"))
    path = write(tmp_path, executor={"use": name, "workers": 2}, budget={"evaluations": 4, "batch": 2}, oracles=[NAPS])
    (tmp_path / "naps.py").write_text(NAP)
    command = [sys.executable, "-m", "eutectic", "run", str(path), "--dir", str(tmp_path / "run"), "--quiet"]
    options = {"env": environment(), "cwd": ROOT, "stderr": subprocess.DEVNULL, "start_new_session": True}
    with subprocess.Popen([*command, "--set", "tracking.enabled=false"], **options) as process:
        until(lambda: calls(tmp_path) == 2 or process.poll() is not None, 180)
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(1.0)
        (tmp_path / "go").touch()
        assert process.wait(60) == 130
    assert [o.status for o in read_ledger(tmp_path / "run").outcomes] == ["finished", "finished"]
