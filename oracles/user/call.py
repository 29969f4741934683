"""This file is the oracle that calls a Python function handed over from Python: in a notebook, or in a script."""

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from eutectic.oracles.base import Candidate, EngineMissing, Evaluation
from eutectic.oracles.user.answer import check_names
from eutectic.oracles.user.python import Function, called

_HANDED_OVER: dict[str, Function] = {}
"""Hash of its source -> every function that was handed over in this process."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function handed over from Python, `Campaign(..., oracle=f)`; called in the campaign's own process."""

    function: str
    """What it is called, for the record; a campaign file cannot name such a function and takes `use: python`."""
    source_sha256: str
    """Hash of its source: another function is another setting."""
    properties: tuple[str, ...] | None = None
    """The names it returns; without them only a call can tell. A standard error goes as `{property}_std`."""
    inline: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError when a property comes twice."""
        check_names(self.properties)

    def check(self) -> None:
        """EngineMissing when the function was not handed over in this process."""
        if self.source_sha256 not in _HANDED_OVER:
            raise EngineMissing(
                f"the function {self.function} was handed over from Python and is not here; take the campaign up with "
                "Campaign.open(folder, oracle=...) in Python, and give it the same function"
            )

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One call a candidate; EngineMissing when the function was not handed over in this process."""
        self.check()
        function, seeds = _HANDED_OVER[self.source_sha256], rng.integers(2**31, size=len(candidates)).tolist()
        return [
            called(function, candidate, seed, self.properties, self.function, self.source_sha256)
            for candidate, seed in zip(candidates, seeds, strict=True)
        ]


def hand_over(function: Function) -> dict[str, str]:
    """Keep a function for this process; the options of the `call` oracle that stand for it."""
    name = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', type(function).__qualname__)}"
    digest = hashlib.sha256(_source(function)).hexdigest()
    _HANDED_OVER[digest] = function
    return {"function": name, "source_sha256": digest}


def _source(function: Function) -> bytes:
    """What the function is: its source, or its compiled code where there is none, or its name."""
    try:
        return inspect.getsource(function).encode()
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        return code.co_code + repr(code.co_consts).encode() if code is not None else repr(type(function)).encode()
