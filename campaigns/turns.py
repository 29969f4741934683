"""This file is whose turn it is: which stage asks, how many it may still ask for, and why those before it ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaigns.goals import Goal
from campaigns.records import Batch, Outcome

if TYPE_CHECKING:
    from campaigns.sections import OptimizerPart
    from campaigns.spec import CampaignSpec

GAIN = 1e-9
"""Relative growth of the hypervolume that counts as a gain."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stage's turn; a function of the journal alone."""

    stage: int
    room: float
    """How many it may still ask for; 0 when the last stage has ended, too."""
    ended: tuple[str, ...]
    """Why each stage ended early, or unsatisfied, since the last batch: for people."""


def turn_of(
    spec: "CampaignSpec", outcomes: Sequence[Outcome], batches: Sequence[Batch], volumes: Mapping[int, float | None]
) -> Turn:
    """Whose turn it is after these batches, with the hypervolume of every round that has ended.

    A stage ends when it has proposed its `evaluations`, when `satisfied` candidates lie inside every window, or after
    `stall` rounds in which it gained nothing. No stage comes back.
    """
    stage, said = (batches[-1].stage if batches else 0), list[str]()
    while True:
        part = spec.optimizers[stage]
        rounds = [batch.index for batch in batches if batch.stage == stage]
        proposed = sum(1 for outcome in outcomes if outcome.number > 0 and outcome.round in rounds)
        room = float("inf") if part.evaluations is None else max(0, part.evaluations - proposed)
        why = _ended(part, spec.goals, outcomes, rounds, volumes, room)
        if why is None:
            return Turn(stage, room, tuple(said))
        said += [f"stage {stage + 1} ({part.use}) has ended: {why}"] if why else []
        if stage == len(spec.optimizers) - 1:
            return Turn(stage, 0, tuple(said))
        stage += 1


def _ended(
    part: "OptimizerPart",
    goals: Sequence[Goal],
    outcomes: Sequence[Outcome],
    rounds: Sequence[int],
    volumes: Mapping[int, float | None],
    room: float,
) -> str | None:
    """Why a stage that asked in these rounds has ended, None: it goes on; empty when it simply took its turn."""
    found = len(satisfying(goals, outcomes)) if part.goal == "satisfy" else 0
    if part.satisfied is not None and found >= part.satisfied:
        return f"{found} candidates satisfy every window"
    if part.stall is not None:
        growing = _satisfied_by_round(goals, outcomes, volumes) if part.goal == "satisfy" else volumes
        if stalled(growing, rounds) >= part.stall:
            what = "another satisfying candidate" if part.goal == "satisfy" else "gain in hypervolume"
            return f"{part.stall} rounds without {what}"
    if room > 0:
        return None
    short = part.satisfied is not None
    return (
        f"{found} of {part.satisfied} wanted candidates satisfy every window, its evaluations are used" if short else ""
    )


def satisfying(goals: Sequence[Goal], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The different candidates inside every window: feasible, and within the tolerance of each target that has one."""
    windowed = [j for j, goal in enumerate(goals) if goal.kind == "target" and goal.tolerance > 0]
    found: dict[str, Outcome] = {}
    for outcome in outcomes:
        if outcome.feasible and all(outcome.losses[j] <= 0 for j in windowed):
            found.setdefault(outcome.id, outcome)
    return list(found.values())


def _satisfied_by_round(
    goals: Sequence[Goal], outcomes: Sequence[Outcome], volumes: Mapping[int, float | None]
) -> dict[int, float | None]:
    """Round -> number of satisfying candidates up to and with it, one more so that a round without any counts."""
    own = [outcome.round for outcome in satisfying(goals, outcomes)]
    return {index: 1.0 + sum(round <= index for round in own) for index in volumes}


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
