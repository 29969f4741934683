"""Processes as Linux sees them: whole families, shared memory counted once, and nothing that outlives a kill."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eutectic.campaigns.execution import processes
from eutectic.campaigns.execution.processes import children, descendants, kill, kill_session, memory_mb
from tests.campaigns.execution.processes_of_tests import alive, end, lives, marked, until

FAMILY = """\
import os, sys, time
hold = bytearray(os.urandom(1 << 20)) * int(sys.argv[2])
def mark():
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")
for _ in range(int(sys.argv[3])):
    if os.fork() == 0:
        break
mark()
time.sleep(1000)
"""


@contextmanager
def family(folder: Path, megabytes: int, sons: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that holds memory and shares it with its sons, in a session of its own."""
    command = [sys.executable, "-c", FAMILY, str(folder / "pids"), str(megabytes), str(sons)]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        until(lambda: len(marked(folder / "pids")) == sons + 1)
        yield process
    finally:
        end([process.pid, *marked(folder / "pids")])
        process.wait()


def test_a_family_is_a_process_and_all_that_descend_from_it(tmp_path: Path) -> None:
    with family(tmp_path, 1, 2) as process:
        assert sorted(descendants(process.pid)) == sorted(marked(tmp_path / "pids"))
        assert sorted(children(process.pid)) == sorted(set(marked(tmp_path / "pids")) - {process.pid})
        assert sorted(processes._children_by_scan(process.pid)) == sorted(children(process.pid))
    assert children(process.pid) == []


def test_pages_that_a_fork_shares_are_counted_once_where_the_sum_is_over_the_limit(tmp_path: Path) -> None:
    with family(tmp_path, 100, 3) as process:
        assert memory_mb(process.pid, 1e6) > 400  # four times 100 MB and more: quick, and far below the limit
        once = memory_mb(process.pid, 250)
        assert 100 < once < 200


def test_memory_is_in_millions_of_bytes(tmp_path: Path) -> None:
    with family(tmp_path, 200, 0) as process:
        assert 209.7 < memory_mb(process.pid, 1e6) < 260  # 200 MiB and an interpreter


def test_a_process_that_is_gone_holds_nothing_and_is_killed_without_a_word(tmp_path: Path) -> None:
    with family(tmp_path, 1, 0) as process:
        kill(process.pid)
        process.wait()
        assert memory_mb(process.pid, 1.0) == 0.0
        kill(process.pid)
        kill_session(process.pid)


def test_a_kill_is_that_of_the_whole_group(tmp_path: Path) -> None:
    with family(tmp_path, 1, 2) as process:
        kill(process.pid)
        process.wait()
        until(lambda: not alive(marked(tmp_path / "pids")))


def test_a_sessions_end_is_that_of_all_groups_in_it(tmp_path: Path) -> None:
    code = "import os, time; os.setpgid(0, 0); time.sleep(1000)"
    script = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {code!r}], stdout=-3); print(p.pid)"
    leader = subprocess.Popen([sys.executable, "-c", script], start_new_session=True, stdout=subprocess.PIPE, text=True)
    left = int(leader.communicate(timeout=30)[0])  # its leader is dead, and it has a group of its own
    try:
        until(lambda: lives(left) and os.getpgid(left) == left)
        kill_session(leader.pid)
        until(lambda: not lives(left))
    finally:
        end([left])


def test_orphans_are_killed_with_what_they_leave_and_the_spared_are_not(tmp_path: Path) -> None:
    script = (
        "import os, subprocess, sys, time\n"
        "from eutectic.campaigns.execution.processes import adopt_orphans, kill_orphans\n"
        "adopt_orphans()\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(1000)']\n"
        "spared = subprocess.Popen(sleep)\n"
        "nested = 'import os, time\\nif os.fork() == 0:\\n    os.setsid()\\ntime.sleep(1000)'\n"
        "other = subprocess.Popen([sys.executable, '-c', nested], start_new_session=True)\n"
        "time.sleep(0.5)\n"
        "kill_orphans({spared.pid})\n"
        "from eutectic.campaigns.execution.processes import children\n"
        "print(spared.poll() is None, children(os.getpid()) == [spared.pid])\n"
        "spared.kill()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "True True\n", done.stderr


def test_a_request_that_the_kernel_refuses_is_an_error() -> None:
    with pytest.raises(OSError, match=r"prctl\(-1, 0\)"):
        processes._prctl(-1, 0)


def test_killing_orphans_gives_up_after_its_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "children", lambda pid: [99])
    monkeypatch.setattr(processes, "kill", lambda pid: None)
    monkeypatch.setattr(processes, "_bury", lambda pid: None)
    monkeypatch.setattr(processes, "PATIENCE_S", 0.1)
    before = time.monotonic()
    processes.kill_orphans(set())
    assert time.monotonic() - before < 2
