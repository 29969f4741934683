"""This file is how tests wait for processes, and end what they started whatever happens."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

HERE = str(Path(__file__).parent)
"""Folder of `jobs_for_workers`."""


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait; AssertionError when it takes longer."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def marked(path: Path) -> list[int]:
    """Process ids that jobs wrote down."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def lives(pid: int) -> bool:
    """Is it there, and no zombie?"""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # also when it goes between two looks
        return False


def alive(pids: Iterable[int]) -> list[int]:
    """Those that live."""
    return [pid for pid in pids if lives(pid)]


def end(pids: Iterable[int]) -> None:
    """Kill what a failing test would leave."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
