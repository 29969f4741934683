"""This file is the oracle that runs a program: the candidate as JSON in, the properties as JSON out."""

import json
import os
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eutectic.oracles.base import Candidate, EngineMissing, Evaluation, failed
from eutectic.oracles.process import Conversation, converse
from eutectic.oracles.user.answer import Answer, check_names, tail

OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024
"""Bytes of a program's answer, at most: 16 MiB."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program that reads a candidate as JSON on standard input and writes its properties as JSON."""

    run: tuple[str, ...]
    """The program and its arguments. A name without a slash is looked up in PATH, one with a slash in `folder`. It is
    told `variables`, `composition`, `structure`, `known`, `id` and a `seed`; no shell is involved."""
    properties: tuple[str, ...] | None = None
    """The names it returns; without them only a run can tell. A standard error goes as `{property}_std`."""
    folder: str = "."
    """Where it runs, relative to the campaign file."""

    def __post_init__(self) -> None:
        """ValueError on an empty command or doubled properties."""
        if not self.run or not self.run[0].strip():
            raise ValueError("run: name a program, e.g. [./simulate, --fast]")
        check_names(self.properties)

    def located(self, folder: str) -> "Command":
        """The same command with its own folder taken from `folder`."""
        return replace(self, folder=str(Path(folder) / self.folder))

    def check(self) -> None:
        """EngineMissing when the program is not there or not executable; ValueError when its folder is not."""
        if not Path(self.folder).is_dir():
            raise ValueError(f"folder: there is no folder {self.folder}")
        self._program()

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One run a candidate; EngineMissing when the program cannot be started."""
        program = self._program()
        return [self._one(program, c, int(rng.integers(2**31))) for c in candidates]

    def _program(self) -> str:
        """The program's absolute path."""
        name = self.run[0]
        if "/" not in name:
            found = shutil.which(name)
            if found is None:
                beside = f"; there is a file of that name in {self.folder}: write ./{name}"
                known = beside if (Path(self.folder) / name).is_file() else ""
                raise EngineMissing(f"run: no program {name!r} in PATH{known}; install it, then: command -v {name}")
            return found
        path = (Path(self.folder) / name).resolve()
        if not path.is_file():
            raise EngineMissing(f"run: there is no program {path}; ls {path.parent}")
        if not os.access(path, os.X_OK):
            raise EngineMissing(f"run: {path} is not executable; chmod +x {path}")
        return str(path)

    def _one(self, program: str, candidate: Candidate, seed: int) -> Evaluation:
        """The evaluation of one candidate."""
        start = time.perf_counter()
        said = json.dumps({**candidate.to_json(), "id": candidate.id, "seed": seed})
        try:
            heard = converse([program, *self.run[1:]], self.folder, said, OUTPUT_LIMIT_BYTES)
        except OSError as error:
            raise EngineMissing(f"run: {program} cannot be started ({error.strerror}); file {program}") from error
        if heard.overflowed:
            return failed(candidate, "command", "error", f"more than {OUTPUT_LIMIT_BYTES} bytes on standard output")
        if heard.exit_code:
            return _broken(candidate, heard)
        answer = _read(heard.output, self.properties, self.run[0])
        if answer.refusal:
            return failed(candidate, "command", "error", _with(answer.refusal, heard))
        return Evaluation(
            candidate.id,
            "command",
            answer.values,
            answer.errors,
            curves=answer.curves,
            cost_s=time.perf_counter() - start,
            artifacts={"standard_error": heard.complaints} if heard.complaints else {},
            provenance={"command": " ".join(self.run)[:500], "seed": seed},
        )


def _broken(candidate: Candidate, heard: Conversation) -> Evaluation:
    """A failed evaluation for a program that did not end well."""
    if heard.exit_code < 0:
        name = signal.Signals(-heard.exit_code).name
        return failed(candidate, "command", "crash", _with(f"ended by {name}", heard))
    return failed(candidate, "command", "error", _with(f"exit status {heard.exit_code}", heard))


def _read(output: str, properties: Sequence[str] | None, who: str) -> Answer:
    """The whole output as JSON, or its last line when a log comes before it."""
    lines = output.strip().splitlines()
    if not lines:
        return Answer(refusal=f"{who} wrote nothing to standard output; a JSON object of properties is expected")
    for text in (output, lines[-1]):
        try:
            return Answer.of(json.loads(text), properties, who)
        except (ValueError, RecursionError):
            continue
    return Answer(refusal=f"{who} did not write JSON to standard output but {tail(output.strip(), 300)!r}")


def _with(sentence: str, heard: Conversation) -> str:
    """The sentence, then what the program complained of."""
    said = heard.complaints.strip() or heard.output.strip()[-1000:]
    return tail(f"{sentence}\n{said}".strip(), 4000)
