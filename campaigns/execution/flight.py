"""This file is one evaluation under way: sent off to an executor, and what it brought home."""

import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from eutectic.campaigns.execution.base import EvaluationLost
from eutectic.campaigns.execution.job import lost
from eutectic.oracles.base import Candidate, EngineMissing, Evaluation

WALLTIME = "walltime"
"""In the provenance of an evaluation whose node's own time ended."""


@dataclass(frozen=True, slots=True)
class Flight:
    """An evaluation that is running."""

    position: int
    """Of its oracle."""
    oracle: str
    """Its oracle's name."""
    candidate: Candidate
    seed: list[int]
    since: float
    """Monotonic time, s."""
    future: "Future[Any]"
    key: str = ""
    """Of its answer; "" for one that nobody will ask for again."""

    def landing(self) -> Evaluation:
        """What it brought home; EngineMissing when its oracle cannot run at all."""
        spent = time.monotonic() - self.since
        try:
            answer = self.future.result()
        except EvaluationLost as error:
            gone = lost(self.candidate, self.oracle, error.failure, str(error), error.output, spent)
            return replace(gone, provenance={**gone.provenance, WALLTIME: 1}) if error.walltime else gone
        except EngineMissing:  # nothing can be evaluated any more, and nothing is lost: the campaign can be resumed
            raise
        except TimeoutError as error:
            return lost(self.candidate, self.oracle, "timeout", str(error) or "timed out", "", spent)
        except Exception as error:  # another executor's own failure: a lost node, a full disk
            return lost(self.candidate, self.oracle, "infrastructure", f"{type(error).__name__}: {error}", "", spent)
        if "missing" in answer:
            raise EngineMissing(answer["missing"])
        return Evaluation.from_json(answer["evaluation"])
