"""This file is whose turn it is: which stage asks, how many it may still ask for, and why those before it ended."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.campaigns.file.goals import Goal
from eutectic.campaigns.file.sections import OptimizerPart
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.columns import Index
from eutectic.campaigns.record.notes import StageEnd, Why
from eutectic.campaigns.record.outcomes import Batch, Outcome
from eutectic.campaigns.record.volume import satisfying

GAIN = 1e-9
"""Relative growth of the hypervolume that counts as a gain."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stage's turn; a function of the journal alone."""

    stage: int
    room: float
    """How many it may still ask for; 0 when the last stage has ended, too."""
    ended: tuple[StageEnd, ...]
    """The stages that ended early, or unsatisfied, since the last batch."""


def gauged(spec: CampaignSpec) -> bool:
    """Does it depend on the rounds' hypervolumes whose turn it is?"""
    return any(part.goal == "satisfy" or part.stall is not None for part in spec.optimizers)


def turn_of(
    spec: CampaignSpec,
    outcomes: Collection[Outcome],
    batches: Sequence[Batch],
    volumes: Mapping[int, float | None],
    proposed: Callable[[], Index],
) -> Turn:
    """Whose turn it is after these batches, with the hypervolume of every round that has ended.

    volumes: none are needed of a spec that is not `gauged`. proposed: gives the rounds (k,) of all that were proposed
    and not given back.

    A stage ends when it has proposed its `evaluations`, when `satisfied` candidates lie inside every window, or after
    `stall` rounds in which it gained nothing. No stage comes back.
    """
    stage, said = (batches[-1].stage if batches else 0), list[StageEnd]()
    while True:
        part = spec.optimizers[stage]
        gauge = part.evaluations is not None or gauged(spec)
        rounds = {batch.index for batch in batches if batch.stage == stage} if gauge else set[int]()
        room = float("inf")
        if part.evaluations is not None:
            room = max(0, part.evaluations - int(np.isin(proposed(), [*rounds]).sum()))
        why = _satisfied(spec.goals, part, outcomes, rounds, volumes, room) if part.goal == "satisfy" else None
        if why is None and part.goal == "pareto" and part.stall is not None and stalled(volumes, rounds) >= part.stall:
            why = ("no gain", part.stall, 0)
        if why is None and room > 0:
            return Turn(stage, room, tuple(said))
        said += [StageEnd(stage, part.use, *why)] if why else []
        if stage == len(spec.optimizers) - 1:
            return Turn(stage, 0, tuple(said))
        stage += 1


def _satisfied(
    goals: Sequence[Goal],
    part: "OptimizerPart",
    outcomes: Collection[Outcome],
    rounds: Collection[int],
    volumes: Mapping[int, float | None],
    room: float,
) -> tuple[Why, int, int] | None:
    """Why a stage that asked in these rounds for what satisfies has ended, the count and what was wanted, or None."""
    found = satisfying(goals, outcomes)
    if part.satisfied is not None and len(found) >= part.satisfied:
        return "satisfied", len(found), 0
    # One more than were found, so that rounds before the first one count.
    known = {index: 1.0 + sum(outcome.round <= index for outcome in found) for index in volumes}
    if part.stall is not None and stalled(known, rounds) >= part.stall:
        return "none more", part.stall, 0
    if room > 0 or part.satisfied is None:
        return None
    return "short", len(found), part.satisfied


def stalled(volumes: Mapping[int, float | None], rounds: Iterable[int] | None = None) -> int:
    """Of `rounds` (all when not given), those since the hypervolume last grew.

    Rounds before anything feasible was found do not count.
    """
    mine = set(volumes if rounds is None else rounds)
    count, best = 0, 0.0
    for index, volume in sorted(volumes.items()):
        if volume is None or volume == best == 0.0:
            continue
        count = 0 if volume > best * (1 + GAIN) else count + (index in mine)
        best = max(best, volume)
    return count
