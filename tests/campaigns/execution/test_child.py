"""An evaluation's own process: one line for an answer, and no life of its own beyond its worker's."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eutectic.campaigns.execution import child
from tests.campaigns.execution.processes_of_tests import HERE, alive, end, lives, marked, until

JOBS = "jobs_for_workers"
ROOT = str(Path(HERE).parents[2])
PARENT = """\
import os, sys, time
sys.path.insert(0, sys.argv[1])
from eutectic.campaigns.execution.child import run_and_exit
result, output = (os.open(name, os.O_WRONLY | os.O_CREAT) for name in sys.argv[2:4])
worker = os.getpid() if sys.argv[4] == "here" else 1
pid = os.fork()
if pid == 0:
    run_and_exit("jobs_for_workers:" + sys.argv[5], sys.argv[6:], worker, result, output)
    print("lived on")
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def parent(folder: Path, function: str, *arguments: str, worker: str = "here") -> "subprocess.Popen[str]":
    """A process that starts one evaluation and waits for it."""
    files = [str(folder / "result"), str(folder / "output")]
    command = [sys.executable, "-c", PARENT, HERE, *files, worker, function, *arguments]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def answer(folder: Path, function: str, *arguments: str) -> dict[str, Any]:
    process = parent(folder, function, *arguments)
    assert process.communicate(timeout=30)[0] == "0\n"
    line = (folder / "result").read_text()
    assert line.endswith("\n")
    said: dict[str, Any] = json.loads(line)
    return said


def test_the_answer_is_one_line_of_json_and_printing_goes_elsewhere(tmp_path: Path) -> None:
    assert answer(tmp_path, "double", "ab") == {"result": "abab"}
    assert (tmp_path / "output").read_text() == ""


def test_an_exception_is_the_answer_and_its_traceback_is_printed(tmp_path: Path) -> None:
    assert answer(tmp_path, "leave", "three")["error"].startswith("TypeError: ")
    assert "Traceback" in (tmp_path / "output").read_text()


def test_what_json_cannot_hold_is_an_error(tmp_path: Path) -> None:
    assert answer(tmp_path, "not_json") == {"error": "TypeError: Object of type set is not JSON serializable"}


def test_a_copy_that_the_function_forked_does_not_answer(tmp_path: Path) -> None:
    said = answer(tmp_path, "fork_and_return", str(tmp_path / "pids"))
    until(lambda: marked(tmp_path / "pids") and not alive(marked(tmp_path / "pids")))
    assert said["result"] not in marked(tmp_path / "pids")
    assert len((tmp_path / "result").read_text().splitlines()) == 1


def test_an_evaluation_dies_with_its_worker(tmp_path: Path) -> None:
    process = parent(tmp_path, "sleep", str(tmp_path / "pids"))
    try:
        until(lambda: marked(tmp_path / "pids"))
        process.kill()
        process.wait()
        until(lambda: not alive(marked(tmp_path / "pids")))
    finally:
        end([process.pid, *marked(tmp_path / "pids")])
        process.communicate()


def test_an_evaluation_whose_worker_died_before_it_could_ask_does_not_begin(tmp_path: Path) -> None:
    process = parent(tmp_path, "double", "ab", worker="another")
    assert process.communicate(timeout=30)[0] == "1\n"
    assert (tmp_path / "result").read_text() == ""


def test_what_an_evaluation_forked_and_lost_becomes_its_own_child(tmp_path: Path) -> None:
    process = parent(tmp_path, "daemons_and_sleep", str(tmp_path / "pids"))
    try:
        until(lambda: len(marked(tmp_path / "pids")) >= 5)  # two sons, two grandsons, and itself
        (own,) = [pid for pid in marked(tmp_path / "pids") if _parent(pid) == process.pid]
        orphans = [pid for pid in marked(tmp_path / "pids") if lives(pid) and pid != own]
        until(lambda: all(_parent(pid) == own for pid in orphans if lives(pid)))
        assert len(orphans) >= 2
    finally:
        grandchildren = [int(pid) for pid in _children(process.pid)]
        end([*marked(tmp_path / "pids"), *grandchildren, process.pid])
        process.communicate()


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return -1


def _children(pid: int) -> list[int]:
    import psutil

    return [process.pid for process in psutil.Process(pid).children(recursive=True)]


def test_a_function_is_named_by_module_and_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)
    assert child.resolve(f"{JOBS}:double")(4) == 8
    with pytest.raises(AttributeError):
        child.resolve(f"{JOBS}:nowhere")
    with pytest.raises(ModuleNotFoundError):
        child.resolve("no_such_module:f")


def test_an_interrupt_reaches_the_evaluations_own_code(tmp_path: Path) -> None:
    process = parent(tmp_path, "sleep", str(tmp_path / "pids"))
    try:
        until(lambda: marked(tmp_path / "pids"))
        os.kill(marked(tmp_path / "pids")[0], signal.SIGINT)
        assert process.communicate(timeout=30)[0] == "0\n"
        assert json.loads((tmp_path / "result").read_text()) == {"error": "KeyboardInterrupt: "}
    finally:
        end([process.pid, *marked(tmp_path / "pids")])
