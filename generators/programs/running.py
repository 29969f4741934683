"""This file is one run of somebody's generator: watched, limited in time, and what it left behind, whole or half."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eutectic.oracles.base import EngineMissing

POLL_S = 0.2
"""Seconds between two looks at a running program."""
TAIL_CHARACTERS = 300
"""So much of the end of what a program said is told."""
LOG = "program.log"
"""What a program says, beside what it writes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a program may take."""

    timeout_s: float
    """In all."""
    silent_s: float
    """Without a word and without writing anything."""


def run(argv: Sequence[str], folder: Path, limits: Limits) -> str:
    """Run a program in `folder`; "" when it ended well, else what became of it. EngineMissing when it cannot start."""
    log = folder / LOG
    with log.open("ab") as stream:
        try:
            process = subprocess.Popen(
                list(argv), cwd=folder, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
            )
        except OSError as error:
            raise EngineMissing(
                f"{argv[0]} cannot be started ({error.strerror}): install it, or name its path"
            ) from None
    try:
        fate = _watched(process, folder, limits)
    finally:
        _end(process)
    said = log.read_text(encoding="utf-8", errors="replace").strip()[-TAIL_CHARACTERS:]
    return f"{fate}; it said last: {' '.join(said.split())}" if fate and said else fate


def _watched(process: "subprocess.Popen[bytes]", folder: Path, limits: Limits) -> str:
    """Wait for the end; what is wrong with it, "" where nothing is."""
    began = alive = time.monotonic()
    before = _state(folder)
    while process.poll() is None:
        time.sleep(POLL_S)
        now, state = time.monotonic(), _state(folder)
        if state != before:
            before, alive = state, now
        if now - began > limits.timeout_s:
            return f"it was ended after {limits.timeout_s:g} s"
        if now - alive > limits.silent_s:
            return f"it was ended because it had neither said nor written anything for {limits.silent_s:g} s"
    return "" if process.returncode == 0 else f"it ended with exit code {process.returncode}"


def _state(folder: Path) -> tuple[int, int]:
    """What shows that a program lives: number of files and their bytes."""
    sizes = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # removed or renamed since it was listed
            sizes.append(path.stat().st_size)
    return len(sizes), sum(sizes)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the program with all it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
