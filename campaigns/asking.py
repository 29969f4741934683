"""This file is one asking: which optimizer, how many, from which history, and what is written down about it."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from campaigns.ledger import history_of
from campaigns.problem import Problem
from campaigns.records import Ledger
from optimizers.base import Proposals, nearest, propose
from oracles.base import Candidate

THREADS = "EUTECTIC_THREADS"
"""Environment variable: threads of torch and BLAS in the proposing process (1 when not set)."""


def stage_of(problem: Problem, proposed: int) -> tuple[int, float]:
    """The stage whose turn it is after so many proposals, and how many it may still propose."""
    begin = 0
    for index, stage in enumerate(problem.stages[:-1]):
        begin += stage.evaluations or 0
        if proposed < begin:
            return index, begin - proposed
    last = problem.stages[-1].evaluations
    return len(problem.stages) - 1, float("inf") if last is None else max(0, begin + last - proposed)


def asked(problem: Problem, ledger: Ledger, n: int) -> dict[str, Any]:
    """The body of an `asked` event: up to n proposals, a pure function of the ledger."""
    index, proposed = len(ledger.batches), sum(outcome.number > 0 for outcome in ledger.outcomes)
    stage, _ = stage_of(problem, proposed)
    turn, history = problem.stages[stage], history_of(ledger, problem.space)
    _limit_threads()
    start = time.perf_counter()
    rng = np.random.default_rng([problem.spec.seed, index])
    proposals = propose(turn.optimizer, turn.name, problem.space, history, n, rng)
    ask_s = time.perf_counter() - start
    candidates = problem.generator.generate(proposals.X, np.random.default_rng([problem.spec.seed, index, 1]))
    batch = {
        "index": index,
        "stage": stage,
        "optimizer": turn.name,
        "ask_s": ask_s,
        "state": dict(proposals.state),
        "notes": list(proposals.notes),
    }
    return {"batch": batch, "proposals": _rows(problem, ledger, proposals, candidates, proposed)}


def _rows(
    problem: Problem, ledger: Ledger, proposals: Proposals, candidates: Sequence[Candidate], proposed: int
) -> list[dict[str, Any]]:
    """One row a proposal, with its nearest evaluated neighbour."""
    seen = [outcome for outcome in ledger.outcomes if outcome.finished_at is not None]
    near: list[Mapping[str, object]] = [{} for _ in candidates]
    if seen and candidates:
        who, how_far = nearest(proposals.X, np.array([outcome.x for outcome in seen]), problem.space)
        near = [{"neighbour": seen[k].number, "distance": float(r)} for k, r in zip(who, how_far, strict=True)]
    return [
        {
            "number": proposed + place + 1,
            "id": candidate.id,
            "x": [float(value) for value in x],
            "candidate": candidate.to_json(),
            "reason": asdict(reason),
            **neighbour,
        }
        for place, (x, candidate, reason, neighbour) in enumerate(
            zip(proposals.X, candidates, proposals.reasons, near, strict=True)
        )
    ]


def _limit_threads() -> None:
    """Few threads for torch and BLAS: by the environment before torch is imported, by torch itself afterwards.

    A campaign whose optimizers never import torch never does so here.
    """
    threads = os.environ.get(THREADS, "1")
    torch = sys.modules.get("torch")
    if torch is None:
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, threads)
    elif torch.get_num_threads() != int(threads):
        torch.set_num_threads(int(threads))
