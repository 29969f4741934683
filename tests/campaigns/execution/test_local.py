import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from eutectic.campaigns.execution import local
from eutectic.campaigns.execution.base import EvaluationLost, Setting
from eutectic.campaigns.execution.local import LocalExecutor
from tests.campaigns.execution.processes_of_tests import HERE, alive, end, marked, until

JOBS = "jobs_for_workers"


@pytest.fixture(scope="module")
def executor():
    executor = LocalExecutor(Setting(workers=2, path=(HERE,)))
    yield executor
    executor.shutdown(cancel_futures=True)


def loss(future):
    with pytest.raises(EvaluationLost) as caught:
        future.result(timeout=30)
    return caught.value


def test_a_function_answers(executor):
    futures = [executor.submit(f"{JOBS}:double", x) for x in range(5)]
    assert [f.result(timeout=30) for f in futures] == [0, 2, 4, 6, 8]


def test_workers_are_single_threaded(executor):
    assert executor.submit(f"{JOBS}:threads").result(timeout=30) == "1"


def test_workers_are_single_threaded_whatever_the_campaign_is(monkeypatch):
    for name in local.THREADS:
        monkeypatch.setenv(name, "8")
    monkeypatch.setenv("OF_THE_USER", "kept")
    executor = LocalExecutor(Setting(path=(HERE,)))
    try:
        names = (*local.THREADS, "OF_THE_USER")
        seen = [executor.submit(f"{JOBS}:environment", name).result(timeout=30) for name in names]
        assert seen == [*["1"] * len(local.THREADS), "kept"]
    finally:
        executor.shutdown(cancel_futures=True)


def test_a_worker_has_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(executor):
    worker = executor._station.process.pid
    assert os.getsid(worker) == os.getpgid(worker) == worker != os.getsid(0)


def test_a_large_answer_arrives_whole(executor):
    assert executor.submit(f"{JOBS}:fill_pipe").result(timeout=30) == "y" * (5 << 20)


def test_printing_megabytes_keeps_only_the_end(executor):
    assert executor.submit(f"{JOBS}:shout", 8).result(timeout=30) == "done"
    lost = loss(executor.submit(f"{JOBS}:shout_and_die", 8))
    assert lost.output.endswith("the end\n")
    assert len(lost.output) < 20000
    assert "bytes before this were dropped" in lost.output


@pytest.mark.parametrize(
    ("function", "argument", "failure", "said"),
    [
        ("segfault", [], "crash", "SIGSEGV"),
        ("leave", [0], "crash", "exit code 0"),
        ("leave", [3], "crash", "exit code 3"),
        ("shout_and_die", [0], "crash", "SIGKILL"),
        ("close_everything", [], "crash", "exit code"),
        ("raise_exit", [], "error", "SystemExit: enough"),
        ("not_json", [], "error", "set is not JSON"),
        ("nowhere", [], "error", "nowhere"),
    ],
)
def test_what_goes_wrong_costs_one_job_and_is_told(executor, function, argument, failure, said):
    lost = loss(executor.submit(f"{JOBS}:{function}", *argument))
    assert (lost.failure, said in str(lost)) == (failure, True), str(lost)
    assert executor.submit(f"{JOBS}:double", 1).result(timeout=30) == 2


def test_a_forked_copy_of_the_function_does_not_answer_in_its_name(executor, tmp_path):
    pid = executor.submit(f"{JOBS}:fork_and_return", str(tmp_path / "pids")).result(timeout=30)
    assert pid not in marked(tmp_path / "pids")
    until(lambda: not alive(marked(tmp_path / "pids")))


def test_what_an_evaluation_leaves_running_is_killed(executor, tmp_path):
    assert executor.submit(f"{JOBS}:daemons", str(tmp_path / "pids")).result(timeout=30) == "left"
    assert not alive(marked(tmp_path / "pids"))
    assert not psutil.Process(executor._station.process.pid).children(recursive=True)


def test_an_evaluation_over_its_time_is_killed_with_all_it_started(tmp_path):
    executor = LocalExecutor(Setting(timeout_s=1.0, path=(HERE,)))
    lost = loss(executor.submit(f"{JOBS}:daemons_and_sleep", str(tmp_path / "pids")))
    assert (lost.failure, str(lost)) == ("timeout", "killed after its time limit of 1 s")
    assert len(marked(tmp_path / "pids")) >= 3
    assert not alive(marked(tmp_path / "pids"))
    assert executor.submit(f"{JOBS}:double", 1).result(timeout=30) == 2
    executor.shutdown()


def test_an_evaluation_over_its_memory_is_killed():
    executor = LocalExecutor(Setting(memory_mb=300, path=(HERE,)))
    assert executor.submit(f"{JOBS}:double", 1).result(timeout=30) == 2
    lost = loss(executor.submit(f"{JOBS}:grow", 600))
    assert lost.failure == "memory"
    assert "its limit is 300 MB" in str(lost)
    executor.shutdown()


def test_a_dead_worker_loses_its_jobs_to_infrastructure_and_is_replaced(tmp_path):
    executor = LocalExecutor(Setting(workers=2, path=(HERE,)))
    futures = [executor.submit(f"{JOBS}:sleep", str(tmp_path / "pids")) for _ in range(2)]
    until(lambda: len(marked(tmp_path / "pids")) == 2)
    os.kill(executor._station.process.pid, signal.SIGKILL)
    assert {loss(f).failure for f in futures} == {"infrastructure"}
    until(lambda: not alive(marked(tmp_path / "pids")))
    assert executor.submit(f"{JOBS}:double", 1).result(timeout=30) == 2
    executor.shutdown()


def test_what_a_dead_workers_evaluations_had_started_is_killed(tmp_path):
    executor = LocalExecutor(Setting(path=(HERE,)))
    future = executor.submit(f"{JOBS}:spawn_and_sleep", str(tmp_path / "pids"))
    try:
        until(lambda: marked(tmp_path / "pids"))
        os.kill(executor._station.process.pid, signal.SIGKILL)
        assert loss(future).failure == "infrastructure"
        until(lambda: not alive(marked(tmp_path / "pids")))
    finally:
        end(marked(tmp_path / "pids"))
        executor.shutdown(cancel_futures=True)


@pytest.mark.parametrize("start", ["hang_at_import", "die_at_import"])
def test_imports_that_hang_or_kill_the_worker_are_left_to_the_evaluations(monkeypatch, start):
    monkeypatch.setattr(local, "WARMING_S", 2.0)
    executor = LocalExecutor(Setting(path=(HERE,), warm=((f"{JOBS}:{start}",),)))
    lost = loss(executor.submit(f"{JOBS}:double", 1))
    assert lost.failure == "infrastructure"
    assert executor.submit(f"{JOBS}:double", 1).result(timeout=30) == 2
    executor.shutdown()


def test_shutdown_waits_or_kills(tmp_path):
    executor = LocalExecutor(Setting(path=(HERE,)))
    future = executor.submit(f"{JOBS}:sleep", str(tmp_path / "pids"), 0.3)
    executor.shutdown()
    assert future.result(timeout=0) is None
    executor = LocalExecutor(Setting(path=(HERE,)))
    future = executor.submit(f"{JOBS}:sleep", str(tmp_path / "pids"))
    until(lambda: len(marked(tmp_path / "pids")) == 2)
    executor.shutdown(cancel_futures=True)
    assert loss(future).failure == "infrastructure"
    assert not alive(marked(tmp_path / "pids"))
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(f"{JOBS}:double", 1)


def test_killing_does_not_wait_for_imports_that_hang():
    executor = LocalExecutor(Setting(path=(HERE,), warm=((f"{JOBS}:hang_at_import",),)))
    executor.shutdown(cancel_futures=True)
    assert executor._station is None or executor._station.process.returncode == -signal.SIGKILL


def test_when_the_campaigns_process_is_killed_nothing_is_left(tmp_path):
    script = (
        "import sys, time; from eutectic.campaigns.execution.local import *; "
        f"e = LocalExecutor(Setting(path=({HERE!r},))); "
        f"e.submit('{JOBS}:daemons_and_sleep', sys.argv[1]); time.sleep(99)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(HERE).parents[2])}
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "pids")], env=environment)
    until(lambda: len(marked(tmp_path / "pids")) >= 3)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    until(lambda: not alive([*marked(tmp_path / "pids"), *(child.pid for child in family)]))


def test_a_real_time_signal_costs_one_evaluation_and_no_neighbour(executor):
    neighbour = executor.submit(f"{JOBS}:double", 4)
    lost = loss(executor.submit(f"{JOBS}:end_by", signal.SIGRTMIN + 6))
    assert lost.failure == "crash"
    assert f"signal {signal.SIGRTMIN + 6}" in str(lost)
    assert neighbour.result(timeout=30) == 8
    assert executor.submit(f"{JOBS}:double", 5).result(timeout=30) == 10


def test_a_thread_that_an_import_keeps_is_not_waited_for():
    executor = LocalExecutor(Setting(path=(HERE,), warm=((f"{JOBS}:keep_a_thread",),)))
    assert executor.submit(f"{JOBS}:double", 2).result(timeout=60) == 4
    start = time.monotonic()
    executor.shutdown()
    assert time.monotonic() - start < 10
