"""This file is one asking: which optimizer, how many, from which history, and what is written down about it."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from campaigns.climbing import history_for, route
from campaigns.problem import Problem
from campaigns.records import Ledger
from campaigns.reference import START, unreached
from campaigns.renewing import renewed
from campaigns.turns import turn_of
from optimizers.base import Array, History, Proposals, nearest, propose
from oracles.base import Candidate

THREADS = "EUTECTIC_THREADS"
"""Environment variable: threads of torch and BLAS in the proposing process (1 when not set)."""


def asked(problem: Problem, ledger: Ledger, n: int) -> dict[str, Any]:
    """The body of an `asked` event: up to n proposals, a pure function of the ledger."""
    index, proposed = len(ledger.batches), sum(outcome.number > 0 for outcome in ledger.outcomes)
    turn = turn_of(problem.spec, ledger.outcomes, ledger.batches, {r.index: r.hypervolume for r in ledger.rounds})
    stage = problem.stages[turn.stage]
    history = history_for(problem, ledger, stage.optimizer)
    _limit_threads()
    start = time.perf_counter()
    rng = np.random.default_rng([problem.spec.seed, index])

    def ask(known: History, n: int) -> Proposals:
        return propose(stage.optimizer, stage.name, problem.space, known, n, rng)

    def generate(X: Array) -> list[Candidate]:
        return problem.generator.generate(X, np.random.default_rng([problem.spec.seed, index, 1]))

    proposals, candidates = renewed(ledger, problem.space, history, ask(history, n), ask, generate, rng)
    ask_s = time.perf_counter() - start
    notes = [*turn.ended, *_unreached(ledger), *proposals.notes]
    batch = {
        "index": index,
        "stage": turn.stage,
        "optimizer": stage.name,
        "ask_s": ask_s,
        "state": dict(proposals.state),
        "notes": notes,
    }
    return {"batch": batch, "proposals": _rows(problem, ledger, proposals, candidates, proposed)}


def _unreached(ledger: Ledger) -> list[str]:
    """What is to be said of a reference point that nothing reaches, once."""
    if any(note.startswith(START) for batch in ledger.batches for note in batch.notes):
        return []
    return [text for text in [unreached(ledger.spec, ledger.reference, ledger.outcomes)] if text]


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
            **route(problem, proposals, place),
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
