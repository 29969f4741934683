"""This file is one evaluation under way: sent off to an executor, and what it brought home."""

import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from eutectic.campaigns.execution.job import lost
from eutectic.campaigns.execution.local import EvaluationLost
from eutectic.oracles.base import Candidate, EngineMissing, Evaluation


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

    def landing(self) -> Evaluation:
        """What it brought home; EngineMissing when its oracle cannot run at all."""
        spent = time.monotonic() - self.since
        try:
            answer = self.future.result()
        except EvaluationLost as error:
            return lost(self.candidate, self.oracle, error.failure, str(error), error.output, spent)
        except TimeoutError as error:
            return lost(self.candidate, self.oracle, "timeout", str(error) or "timed out", "", spent)
        except Exception as error:  # another executor's own failure: a lost node, a full disk
            return lost(self.candidate, self.oracle, "infrastructure", f"{type(error).__name__}: {error}", "", spent)
        if "missing" in answer:
            raise EngineMissing(answer["missing"])
        return Evaluation.from_json(answer["evaluation"])
