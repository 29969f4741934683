"""This file is one asking: which optimizer, how many, from which history, and what is written down about it.

A formula can be written in many sequences. An optimizer sees rows and asks for none of them twice; that two rows are
one candidate, only the generator knows. So candidates that were asked for before under other coordinates get others
in their place (`renewed`).
"""

import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from eutectic.campaigns.analysis.pareto import unreached
from eutectic.campaigns.loop.context import made_before, situated
from eutectic.campaigns.loop.earlier import Earlier, earlier_of
from eutectic.campaigns.loop.guarded import guarded
from eutectic.campaigns.loop.ladder_history import history_for, route
from eutectic.campaigns.loop.offering import offered
from eutectic.campaigns.loop.routing import waits
from eutectic.campaigns.loop.together import open_group
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.history import places_of
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.campaigns.record.stages import gauged, turn_of
from eutectic.campaigns.record.table import columns
from eutectic.generators.abilities import remarks
from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Proposals, Reason, Space, nearest, veiled
from eutectic.optimizers.sharing import held_alike, propose_shared
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import keys
from eutectic.oracles.base import Candidate, Value

Ask = Callable[[History, int], Proposals]
Context = Mapping[str, Value]
Generate = Callable[[Array], Sequence[Candidate]]
TRIES = 4
"""How often an optimizer is asked again for what is missing, before that is sampled."""
SAMPLES = 2000
"""Rows looked through for new candidates where a space cannot be listed."""
THREADS = "EUTECTIC_THREADS"
"""Environment variable: threads of torch and BLAS in the proposing process (1 when not set)."""


def asked(
    problem: Problem, ledger: Ledger, n: int, context: Mapping[str, Value] | None = None, holder: str = ""
) -> dict[str, Any]:
    """The body of an `asked` event: up to n proposals, a pure function of the ledger, the context and who holds what.

    holder: who makes them. CampaignFileError for a context that is missing, unknown or out of range.
    """
    group = open_group(problem, ledger, problem.space, holder)
    if group is not None:
        body = _asked(problem, ledger, n, context or {}, group.rows)
        if body["proposals"]:
            notes = [*body["batch"]["notes"], group.note]
            return {**body, "batch": {**body["batch"], "notes": notes, "together": group.batch}}
    return _asked(problem, ledger, n, context or {}, None)  # also where nothing is left with what a group shares


def _asked(problem: Problem, ledger: Ledger, n: int, context: Context, together: Array | None) -> dict[str, Any]:
    """The same, made together with rows (k, d), or a batch of its own."""
    every = columns(ledger)
    index, proposed = len(ledger.batches), int((every.number > 0).sum())
    volumes = ledger.volumes if gauged(problem.spec) else {}
    turn = turn_of(problem.spec, ledger.outcomes, ledger.batches, volumes, lambda: every.round[every.proposed])
    stage = problem.stages[turn.stage]
    history = history_for(problem, ledger, stage.optimizer)
    space, situation = situated(problem, context)
    _limit_threads()
    start = time.perf_counter()
    rng = np.random.default_rng([problem.spec.seed, index])
    drawn = offered(problem, ledger, space, n, [problem.spec.seed, index, 2])
    space = space if drawn is None else drawn.space

    def generate(X: Array) -> list[Candidate]:
        if drawn is not None:
            return drawn.candidates(X)
        return problem.generator.generate(X, np.random.default_rng([problem.spec.seed, index, 1]))

    made, optimizer = made_before(ledger, space, together), guarded(stage.optimizer, stage.name)
    none = drawn is not None and not len(drawn.offer.X)
    first = _nothing(space) if none else propose_shared(optimizer, stage.name, space, history, n, rng, made)
    rest = held_alike(space, first.X)

    def ask(known: History, n: int) -> Proposals:
        assert rest is not None
        return propose(optimizer, stage.name, rest, known, n, rng)

    by_hand = any(named.search and waits(named) for named in problem.oracles)  # nobody makes the same sample twice
    candidates: Sequence[Candidate]
    if none or rest is None:  # in groups that differ in what they share, nothing could take another's place
        proposals, candidates = first, generate(first.X)
    else:
        proposals, candidates = renewed(ledger, rest, history, first, ask, generate, rng, by_hand)
    ask_s = time.perf_counter() - start
    batch = {
        "index": index,
        "stage": turn.stage,
        "optimizer": stage.name,
        "ask_s": ask_s,
        "state": dict(proposals.state),
        "ended": [asdict(end) for end in turn.ended],
        "unreached": _unreached(ledger),
        "shares": dict(proposals.shares),
        "notes": [*_beginning(problem, ledger), *situation, *(() if drawn is None else drawn.offer.notes),
                  *_by_name(problem, proposals.notes)],
    }  # fmt: skip
    whole = proposals.X if drawn is None else drawn.whole(proposals.X)
    return {"batch": batch, "proposals": _rows(problem, ledger, proposals, candidates, proposed, whole)}


def _beginning(problem: Problem, ledger: Ledger) -> Sequence[str]:
    """What the space has to say before anything is asked for."""
    return () if ledger.batches else remarks(problem.generator)


def _by_name(problem: Problem, notes: Sequence[str]) -> list[str]:
    """Notes of optimizers, which number the outputs, with the properties' names."""
    limits = [f"{limit.property} ({limit.side})" for limit in problem.learned]
    names = [*(goal.name for goal in problem.spec.goals), *limits, "chance of failing"]

    def called(match: re.Match[str]) -> str:
        place = int(match[1]) - 1
        return names[place] if 0 <= place < len(names) else match[0]

    return [re.sub(r"\boutput (\d+)(?=:)", called, note) for note in notes]


def _nothing(space: Space) -> Proposals:
    """No proposals."""
    return Proposals(np.empty((0, space.d)), ())


def _unreached(ledger: Ledger) -> dict[str, Any] | None:
    """What is to be said of a reference point that nothing reaches, once."""
    if ledger.reference is None or (ledger.hypervolume or 0.0) > 0:
        return None
    if any(batch.unreached is not None for batch in ledger.batches):
        return None
    every = columns(ledger)
    said = unreached(ledger.spec, ledger.reference, every.losses[every.feasible])
    return None if said is None else asdict(said)


def _rows(
    problem: Problem, ledger: Ledger, proposals: Proposals, candidates: Sequence[Candidate], proposed: int, whole: Array
) -> list[dict[str, Any]]:
    """One row a proposal, with its nearest evaluated neighbour; `whole` (n, d) has what optimizers do not see."""
    every = columns(ledger)
    seen = places_of(every.ended & ~every.aside)
    near: list[Mapping[str, object]] = [{} for _ in candidates]
    if len(every.number[seen]) and candidates:
        who, how_far = nearest(proposals.X, veiled(problem.space, every.x[seen]), problem.space)
        near = [
            {"neighbour": int(number), "distance": float(r)}
            for number, r in zip(every.number[seen][who], how_far, strict=True)
        ]
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
            zip(whole, candidates, proposals.reasons, near, strict=True)
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


def renewed(
    ledger: Ledger,
    space: Space,
    history: History,
    first: Proposals,
    ask: Ask,
    generate: Generate,
    rng: np.random.Generator,
    never_twice: bool = False,
) -> tuple[Proposals, Sequence[Candidate]]:
    """The first proposals and candidates; those known under other coordinates are replaced, if new ones are found.

    The optimizer is asked again with them as pending, then rows are sampled. A row that stood before just
    so stays: the optimizer meant it; with `never_twice` it is replaced, and what people barred always is. What was
    given back is as good as new. Where an optimizer climbs a ladder, nothing is replaced.
    """
    earlier = earlier_of(ledger, space, never_twice)
    chosen, meant = _Chosen(earlier), set[tuple[str, bytes]]()
    wanted = len(first.X)
    candidates = generate(first.X)
    for x, key, reason, candidate in zip(first.X, keys(space, first.X), first.reasons, candidates, strict=True):
        own = (candidate.id, key)
        if chosen.new(x, candidate) or own in meant or earlier.stood(candidate.id, x):
            meant |= set() if never_twice else {own}
            chosen.add(x, reason, candidate)
    if len(chosen.rows) == wanted or history.pending_rung is not None:
        return first, candidates
    others = [history.pending, first.X]
    for _ in range(TRIES):
        again = ask(history.with_pending(np.concatenate(others)), wanted - len(chosen.rows))
        chosen.take(again, generate(again.X), wanted)
        others.append(again.X)
        if len(chosen.rows) == wanted:
            return chosen.proposals(first), chosen.candidates
    by_method = len(chosen.rows)
    X = region.sample(space, SAMPLES, rng)
    name = first.reasons[0].proposer
    chosen.take(Proposals(X, tuple(Reason(name) for _ in X)), generate(X), wanted)
    told = (
        f"{wanted - by_method} of {wanted} were known under other coordinates: {len(chosen.rows) - by_method} sampled"
    )
    return chosen.proposals(first, told), chosen.candidates


@dataclass(slots=True)
class _Chosen:
    """Rows gathered, with their reasons."""

    earlier: Earlier
    rows: list[Array] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    """Of those."""

    def take(self, proposals: Proposals, candidates: Sequence[Candidate], most: int) -> None:
        """Add what is new, up to `most` in all."""
        for x, reason, candidate in zip(proposals.X, proposals.reasons, candidates, strict=True):
            if len(self.rows) < most and self.new(x, candidate):
                self.add(x, reason, candidate)

    def new(self, x: Array, candidate: Candidate) -> bool:
        """Is it known neither by its name nor, where that counts, by its row (d,)?"""
        named = candidate.id in self.ids or self.earlier.named(candidate.id)
        return not named and not self.earlier.bars(x)

    def add(self, x: Array, reason: Reason, candidate: Candidate) -> None:
        """Add one."""
        self.ids.add(candidate.id)
        self.rows.append(x)
        self.reasons.append(reason)
        self.candidates.append(candidate)

    def proposals(self, first: Proposals, *notes: str) -> Proposals:
        """What was gathered, with the state and the notes of the first asking."""
        X = np.array(self.rows).reshape(-1, first.X.shape[1])
        return replace(first, X=X, reasons=tuple(self.reasons), notes=(*first.notes, *notes))
