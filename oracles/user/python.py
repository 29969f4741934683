"""This file is the oracle that calls a function of the user's."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from inspect import Parameter, signature
from pathlib import Path
from traceback import format_exception

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation, Value, failed
from eutectic.oracles.process import Tail
from eutectic.oracles.user.answer import Answer, check_names, tail
from eutectic.oracles.user.module import digest, examine, load, parse

Function = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Python:
    """A function `f(values: dict) -> dict[str, float]` of the user's."""

    function: str
    """`my_module:my_function`; the module lies in `folder` or is installed. It gets the candidate's variables by name,
    and, if its parameters are so called, `rng` (a numpy Generator), `seed` (an integer), `known` (what earlier oracles
    returned) and `candidate` (all of it as a dict, structure included). The module is imported once and every
    evaluation is a fork of that process: start threads and GPUs inside the function, not on import."""
    properties: tuple[str, ...] | None = None
    """The names it returns; without them only a call can tell. A standard error goes as `{property}_std`."""
    folder: str = "."
    """Where the module is looked for first, relative to the campaign file."""

    def __post_init__(self) -> None:
        """ValueError when `function` is not `module:name` or a property comes twice."""
        parse(self.function)
        check_names(self.properties)

    def located(self, folder: str) -> "Python":
        """The same oracle with its own folder taken from `folder`."""
        return replace(self, folder=str(Path(folder) / self.folder))

    def check(self) -> None:
        """ValueError when there is no such module or function; the module is read, not run."""
        examine(self.function, self.folder)

    def fingerprint(self) -> str:
        """Hash of the module's source; of what it imports in turn nothing is known."""
        return digest(self.function, self.folder)

    def prepare(self) -> None:
        """Import the module, so that forked workers find it; EngineMissing when it cannot be imported."""
        load(self.function, self.folder)

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One call a candidate; EngineMissing when the module cannot be imported."""
        function, source = load(self.function, self.folder)
        seeds = rng.integers(2**31, size=len(candidates)).tolist()
        return [
            called(function, candidate, seed, self.properties, self.function, source)
            for candidate, seed in zip(candidates, seeds, strict=True)
        ]


def called(
    function: Function, candidate: Candidate, seed: int, properties: Sequence[str] | None, name: str, source: str
) -> Evaluation:
    """The evaluation of one candidate by a function that is called `name` and whose code has the hash `source`."""
    start, process, said = time.perf_counter(), os.getpid(), Tail()
    wanted = _wanted(function, candidate, seed)
    try:
        with redirect_stdout(said), redirect_stderr(said):
            returned = function(dict(candidate.variables), **wanted)
    except MemoryError as error:
        return failed(candidate, "python", "memory", _told(error))
    except (Exception, SystemExit) as error:
        return failed(candidate, "python", "error", _told(error))
    finally:
        if os.getpid() != process:  # a child the function forked and let return must not go on as the oracle
            os._exit(0)
    answer = Answer.of(returned, properties, name)
    if answer.refusal:
        return failed(candidate, "python", "error", answer.refusal)
    provenance: dict[str, Value] = {"function": name, "source_sha256": source}
    if {"rng", "seed"} & set(wanted):
        provenance["seed"] = seed
    return Evaluation(
        candidate.id,
        "python",
        answer.values,
        answer.errors,
        curves=answer.curves,
        cost_s=time.perf_counter() - start,
        artifacts={"output": said.getvalue()} if said.getvalue() else {},
        provenance=provenance,
    )


def _wanted(function: Function, candidate: Candidate, seed: int) -> dict[str, object]:
    """The optional arguments that the function's parameters ask for by name."""
    offered: dict[str, object] = {
        "rng": np.random.default_rng(seed),
        "seed": seed,
        "known": dict(candidate.known),
        "candidate": candidate.to_json(),
    }
    try:
        parameters = list(signature(function).parameters.values())[1:]
    except (TypeError, ValueError):  # some compiled functions have no signature
        return {}
    named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    return {p.name: offered[p.name] for p in parameters if p.kind in named and p.name in offered}


def _told(error: BaseException) -> str:
    """The exception in one line, then the last lines of its traceback."""
    text = str(error).strip().splitlines()
    first = f"{type(error).__name__}: {text[0] if text else '(no message)'}"
    lines = "".join(format_exception(error)).splitlines()
    return tail(f"{first[:300]}\n" + "\n".join(lines[-12:]), 4000)
