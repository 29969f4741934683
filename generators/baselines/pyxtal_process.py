"""This file is a conversation with a process that runs PyXtal: a draw a line, killed when one takes too long."""

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import IO

import numpy as np

from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.oracles.base import EngineMissing

WORKER = "eutectic.generators.baselines.pyxtal_worker"
LATE = "late"
START_S = 120.0
"""Seconds that importing PyXtal may take."""


def answered(
    checkpoint: str,
    options: Mapping[str, object],
    conditions: Sequence[Conditions],
    draws: Sequence[int],
    limit_s: float,
) -> list[GeneratedStructure | Refusal]:
    """One crystal or refusal a pair; the process is started anew after a draw that took too long."""
    answers: list[GeneratedStructure | Refusal] = []
    process: subprocess.Popen[str] | None = None
    try:
        for wanted, draw in zip(conditions, draws, strict=True):
            process = process or _started()
            asked = {"seed": [int(checkpoint[:16], 16), draw], "conditions": asdict(wanted), "options": dict(options)}
            line = _exchange(process, json.dumps(asked), limit_s)
            if line.endswith("\n"):
                answers.append(_read(json.loads(line), checkpoint, wanted, draw))
                continue
            late = f"PyXtal had found nothing after {limit_s:g} s"
            answers.append(Refusal(late if line == LATE else "the process that runs PyXtal has died", wanted, draw))
            _ended(process)
            process = None
    finally:
        if process is not None:
            _ended(process)
    return answers


def _started() -> "subprocess.Popen[str]":
    """A worker that has imported PyXtal; EngineMissing with what it said where it cannot."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", WORKER],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stdout is not None
    if _line(process.stdout, START_S) != "ready\n":
        process.kill()
        _, said = process.communicate()
        raise EngineMissing(f"PyXtal cannot be started: {said.strip()[-300:]}; pip install 'eutectic[random_crystal]'")
    return process


def _exchange(process: "subprocess.Popen[str]", text: str, limit_s: float) -> str:
    """The worker's line about one draw; `LATE` where it took too long, "" where it has died."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(text + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        return ""
    return _line(process.stdout, limit_s)


def _line(stream: IO[str], limit_s: float) -> str:
    """The next line; `LATE` where there is none in time, "" at the end."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return stream.readline() if selector.select(limit_s) else LATE


def _ended(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def _read(
    content: Mapping[str, object], checkpoint: str, wanted: Conditions, draw: int
) -> GeneratedStructure | Refusal:
    if "reason" in content:
        return Refusal(str(content["reason"]), wanted, draw)
    group = content["group"]
    assert isinstance(group, int)
    return GeneratedStructure(
        lattice=np.array(content["lattice"], dtype=float),
        fractional=np.array(content["fractional"], dtype=float),
        numbers=np.array(content["numbers"], dtype=np.int64),
        space_group=group,
        conditions=wanted,
        checkpoint=checkpoint,
        draw=draw,
    )
