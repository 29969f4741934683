"""This file is what one evaluation is to a worker: JSON in, JSON out, so that any executor can carry it."""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.plugins import build
from eutectic.oracles.abilities import Prepared
from eutectic.oracles.base import Candidate, EngineMissing, Evaluation, Failure, Oracle, failed


def job(name: str, content: Mapping[str, object], folder: str, candidate: Candidate, seed: list[int]) -> dict[str, Any]:
    """A job: the oracle's name in the campaign, its mapping and the folder of its files, the candidate, the seed."""
    return {"name": name, "oracle": content, "folder": folder, "candidate": candidate.to_json(), "seed": seed}


def run(job: Mapping[str, Any]) -> dict[str, object]:
    """Evaluate; `{"evaluation": ...}`, or `{"missing": sentence}` when the engine is absent or broken."""
    try:
        oracle = _oracle(_frozen(job["oracle"]), job["folder"])
        evaluation = evaluate(oracle, job["name"], Candidate.from_json(job["candidate"]), job["seed"])
    except (EngineMissing, CampaignFileError) as error:
        return {"missing": f"{job['name']}: {error}"}
    return {"evaluation": evaluation.to_json()}


def warm(content: Mapping[str, object], folder: str) -> None:
    """Build the oracle and let it import what it needs, once for all evaluations of a worker."""
    oracle = _oracle(_frozen(content), folder)
    if isinstance(oracle, Prepared):
        oracle.prepare()


def evaluate(oracle: Oracle, name: str, candidate: Candidate, seed: list[int]) -> Evaluation:
    """One candidate's evaluation under the campaign's name for the oracle; raises EngineMissing only."""
    start = time.perf_counter()
    try:
        (evaluation,) = oracle.evaluate([candidate], np.random.default_rng(seed))
    except EngineMissing:
        raise
    except Exception as error:  # a stranger's oracle; ours make it a failed evaluation themselves
        evaluation = failed(candidate, name, "error", f"{type(error).__name__}: {error}")
    spent = time.perf_counter() - start
    return replace(evaluation, candidate_id=candidate.id, oracle=name, cost_s=evaluation.cost_s or spent)


def lost(candidate: Candidate, name: str, failure: Failure, error: str, output: str, cost_s: float) -> Evaluation:
    """The evaluation of a job whose process gave no answer; `output` is the end of what it printed."""
    artifacts = {"output": output} if output else {}
    return replace(failed(candidate, name, failure, error), artifacts=artifacts, cost_s=cost_s)


Frozen = tuple[tuple[str, Any], ...]


def _frozen(content: Mapping[str, object]) -> Frozen:
    """A mapping of JSON values as something hashable."""
    return tuple((key, json.dumps(value)) for key, value in content.items())


@lru_cache(maxsize=32)
def _oracle(content: Frozen, folder: str) -> Oracle:
    """The oracle, built once a process; modules beside the campaign file can be imported."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
    oracle: Oracle = build("oracles", {key: json.loads(value) for key, value in content}, folder)
    return oracle
