"""The worker by itself: JSON lines in and out, limits kept, nothing left running."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eutectic.campaigns.execution import worker as worker_module
from eutectic.campaigns.execution.local import START
from eutectic.campaigns.execution.worker import Running, Worker, _verdict
from tests.campaigns.execution.processes_of_tests import HERE, alive, end, lives, marked, until

JOBS = "jobs_for_workers"


class Talk:
    """A worker and the two ends of what is said."""

    def __init__(self, log: Path, tail: int = 1000, warm: list[list[str]] | None = None) -> None:
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", START],
                bufsize=0,  # `select` knows nothing of lines that are buffered here
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )
        self.say({"setup": {"path": [HERE], "warm": warm or [], "tail": tail}})
        assert self.hear() == {"ready": True}

    def say(self, command: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self, seconds: float = 20.0) -> dict[str, Any]:
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], seconds)[0], "nothing is said"
        reply: dict[str, Any] = json.loads(self.process.stdout.readline())
        return reply

    def ask(self, job: int, function: str, *arguments: object, **limits: float) -> int:
        """Send a job; the process id of its child."""
        full = {"timeout_s": None, "memory_mb": None, **limits}
        self.say({"job": job, "function": f"{JOBS}:{function}", "arguments": arguments, **full})
        started = self.hear()
        assert started["started"] == job
        return int(started["pid"])

    def run(self, function: str, *arguments: object, **limits: float) -> dict[str, Any]:
        """The end of one job."""
        self.ask(7, function, *arguments, **limits)
        return self.hear()


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    one = Talk(tmp_path / "log")
    yield one
    with one.process:
        one.process.kill()


def test_a_job_is_started_and_ended_with_its_result_and_what_it_printed(talk: Talk) -> None:
    pid = talk.ask(3, "double", 21)
    assert pid != talk.process.pid
    assert talk.hear() == {"ended": 3, "result": 42, "output": ""}
    assert talk.run("shout", 0) == {"ended": 7, "result": "done", "output": "the end\n"}


def test_of_what_is_printed_the_end_is_kept_and_the_rest_counted(talk: Talk) -> None:
    head, _, said = talk.run("shout", 2)["output"].partition("\n")
    assert len(said) == 1000
    assert said.endswith("x\nthe end\n")
    assert head == f"[{2 * (1 << 20) + 2 + 8 - 1000} bytes before this were dropped]"


@pytest.mark.parametrize(
    ("function", "arguments", "reply"),
    [
        ("leave", [3], ("crash", "its process ended without an answer (exit code 3)")),
        ("shout_and_die", [0], ("crash", "its process ended without an answer (signal SIGKILL)")),
        ("raise_exit", [], ("error", "SystemExit: enough")),
    ],
)
def test_how_a_job_went_wrong_is_said(talk: Talk, function: str, arguments: list[int], reply: tuple[str, str]) -> None:
    ended = talk.run(function, *arguments)
    assert (ended["failure"], ended["error"]) == reply
    assert "result" not in ended


def test_the_time_limit_is_kept_in_seconds(talk: Talk, tmp_path: Path) -> None:
    before = time.monotonic()
    ended = talk.run("sleep", str(tmp_path / "pids"), timeout_s=0.5)
    assert (ended["failure"], ended["error"]) == ("timeout", "killed after its time limit of 0.5 s")
    assert 0.5 <= time.monotonic() - before < 5
    assert not alive(marked(tmp_path / "pids"))
    assert talk.run("double", 1, timeout_s=30)["result"] == 2


def test_the_memory_limit_is_kept_and_below_it_nobody_is_killed(talk: Talk, tmp_path: Path) -> None:
    ended = talk.run("grow", 300, memory_mb=200)
    assert ended["failure"] == "memory"
    assert ended["error"].endswith("MB of memory, its limit is 200 MB")
    assert talk.run("sleep", str(tmp_path / "pids"), 0.5, memory_mb=200)["result"] is None


def test_the_end_of_one_job_leaves_the_others_alone(talk: Talk, tmp_path: Path) -> None:
    slow = talk.ask(1, "sleep", str(tmp_path / "pids"), 0.6)
    talk.ask(2, "double", 5)
    assert talk.hear() == {"ended": 2, "result": 10, "output": ""}
    assert lives(slow)
    assert talk.hear() == {"ended": 1, "result": None, "output": ""}


def test_what_a_job_leaves_running_ends_with_it(talk: Talk, tmp_path: Path) -> None:
    assert talk.run("daemons", str(tmp_path / "pids"))["result"] == "left"
    assert not alive(marked(tmp_path / "pids"))


def test_when_nobody_speaks_any_more_all_is_killed_and_the_worker_ends(talk: Talk, tmp_path: Path) -> None:
    pid = talk.ask(1, "daemons_and_sleep", str(tmp_path / "pids"))
    until(lambda: len(marked(tmp_path / "pids")) >= 3)
    assert talk.process.stdin is not None
    talk.process.stdin.close()
    try:
        assert talk.process.wait(10) == 0
        assert not alive([pid, *marked(tmp_path / "pids")])
    finally:
        end([pid, *marked(tmp_path / "pids")])


def test_a_ctrl_c_does_not_end_the_worker(talk: Talk) -> None:
    os.kill(talk.process.pid, signal.SIGINT)
    assert talk.run("double", 4)["result"] == 8


def test_children_have_a_session_signals_and_descriptors_of_their_own(talk: Talk, tmp_path: Path) -> None:
    alone = talk.run("count_descriptors")["result"]
    assert talk.run("handlers")["result"] == ["default", "default", "default_int_handler", 0]
    pid, session, group = talk.run("session")["result"]
    assert pid == session == group
    talk.ask(1, "sleep", str(tmp_path / "pids"))
    assert talk.run("count_descriptors")["result"] == alone  # none of the other's pipes


def test_what_cannot_be_warmed_is_written_to_the_log_and_told_by_the_job(tmp_path: Path) -> None:
    talk = Talk(tmp_path / "log", warm=[[f"{JOBS}:nowhere"], [f"{JOBS}:raise_exit"], [f"{JOBS}:double", "ab"]])
    with talk.process:
        assert talk.run("first_argument")["result"] == HERE
        talk.process.kill()
    log = (tmp_path / "log").read_text()
    assert f"{JOBS}:nowhere: AttributeError" in log
    assert f"{JOBS}:raise_exit: SystemExit: enough" in log


def running(**other: Any) -> Running:
    return Running(1, 0, -1, -1, **{"deadline": float("inf"), "timeout_s": None, "memory_mb": None, **other})


def test_a_verdict_stands_before_an_answer_and_an_answer_before_the_way_it_ended() -> None:
    late = running(answer=bytearray(b'{"result": 1}\n'), verdict=("timeout", "late"))
    assert _verdict(late, -9) == {"failure": "timeout", "error": "late"}
    assert _verdict(running(answer=bytearray(b'{"result": null}\n')), 1) == {"result": None}
    assert _verdict(running(answer=bytearray(b'{"error": "x"}\n')), 0) == {"failure": "error", "error": "x"}
    assert _verdict(running(answer=bytearray(b'{"result": 1')), 0)["failure"] == "crash"  # half an answer


def test_a_child_is_killed_once_for_the_first_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr(worker_module, "kill", killed.append)
    monkeypatch.setattr(worker_module, "memory_mb", lambda pid, limit: 900.0)
    one = Worker(-1, -1)
    late = running(deadline=0.0, timeout_s=3.0, memory_mb=500.0)
    one._running[0] = late
    for _ in range(3):
        one._enforce()
        one._next_look = 0.0
    assert killed == [0]
    assert late.verdict == ("timeout", "killed after its time limit of 3 s")
    assert one._patience() is None  # and until it is gone nothing is waited for


def test_memory_is_looked_at_five_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(worker_module, "memory_mb", lambda pid, limit: looks.append(pid) or 1.0)
    one = Worker(-1, -1)
    one._running[0] = running(memory_mb=500.0)
    one._enforce()
    one._enforce()
    assert looks == [0]
    assert 0 < (one._patience() or 0) <= 0.2
