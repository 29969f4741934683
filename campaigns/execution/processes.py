"""This file is how Linux lets go of no process: who descends from whom, what they hold, and that they die with us."""

import ctypes
import os
import signal
import time
from pathlib import Path

import psutil

LIBC = ctypes.CDLL(None, use_errno=True)
SET_PARENT_DEATH_SIGNAL = 1
"""`PR_SET_PDEATHSIG`, prctl(2)."""
SET_CHILD_SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER`, prctl(2)."""
PATIENCE_S = 2.0
"""Seconds to wait for killed processes to be gone; one stuck in the kernel is looked for again later."""


def die_with_parent(how: int = signal.SIGKILL) -> None:
    """Ask the kernel to send this process `how` (0: nothing) when the thread that started it ends."""
    _prctl(SET_PARENT_DEATH_SIGNAL, how)


def adopt_orphans() -> None:
    """Descendants whose parents die become children of this process, whatever sessions they have made themselves."""
    _prctl(SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, argument: int) -> None:
    if LIBC.prctl(option, ctypes.c_ulong(argument), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {argument})")


def children(pid: int) -> list[int]:
    """The direct children of a process, dead ones that nobody waited for included."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return _children_by_scan(pid)


def _children_by_scan(pid: int) -> list[int]:
    """The same on a kernel without /proc/PID/task/TID/children, or when a thread ended meanwhile."""
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.NoSuchProcess:
        return []


def descendants(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for parent in found:
        found += [child for child in children(parent) if child not in found]
    return found


def memory_mb(pid: int, limit_mb: float) -> float:
    """Resident memory of a process and its descendants, MB (1e6 bytes).

    Pages that a fork shares are counted in each process; only where that sum is over `limit_mb` are they counted
    once, which is slower (proportional set size).
    """
    family = descendants(pid)
    resident = sum(_resident(member) for member in family)
    return resident if resident <= limit_mb else sum(_proportional(member) for member in family)


def _resident(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0


def _proportional(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_full_info().pss) / 1e6
    except psutil.AccessDenied:
        return _resident(pid)
    except psutil.Error:
        return 0.0


def kill(pid: int) -> None:
    """SIGKILL to the process group that `pid` leads and to the process itself; nothing happens when it is gone."""
    for send in (os.killpg, os.kill):
        try:
            send(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def kill_orphans(spared: set[int]) -> None:
    """Kill and bury every child of this process but the spared, and what those leave behind in turn."""
    deadline = time.monotonic() + PATIENCE_S
    while orphans := [pid for pid in children(os.getpid()) if pid not in spared]:
        for pid in orphans:
            kill(pid)
            _bury(pid)
        if time.monotonic() > deadline:
            return
        time.sleep(0.001)


def _bury(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def kill_session(leader: int) -> None:
    """Kill what is left of a session whose leader was `leader`; for when its worker is dead and cannot."""
    kill(leader)
    for pid in psutil.pids():
        try:
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
