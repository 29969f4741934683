"""This file is what a batch says of itself, as data: shares, ends of stages, a reference point that nothing reaches.

Sentences are made of it where it is shown. Journals of before hold the sentences alone: they are read here, and what
cannot be read stays a sentence.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Why = Literal["satisfied", "short", "none more", "no gain"]
"""Why a stage ends: enough candidates satisfy; its evaluations are used and too few do; no more came; no gain."""


@dataclass(frozen=True, slots=True)
class StageEnd:
    """One stage's end."""

    stage: int
    """From 0."""
    optimizer: str
    why: Why
    count: int
    """Candidates that satisfy every window, or rounds without gain or without another one."""
    wanted: int = 0
    """Candidates that were wanted, where too few satisfy."""

    def __str__(self) -> str:
        return f"stage {self.stage + 1} ({self.optimizer}) has ended: {WHY[self.why].format(self.count, self.wanted)}"


WHY: Mapping[Why, str] = {
    "satisfied": "{} candidates satisfy every window",
    "short": "{} of {} wanted candidates satisfy every window, its evaluations are used",
    "none more": "{} rounds without another satisfying candidate",
    "no gain": "{} rounds without gain in hypervolume",
}
"""The end of the sentence, with the count and what was wanted."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """A reference point that no feasible candidate is better than."""

    reference: Mapping[str, float]
    """Objective -> value, in its unit."""
    feasible: int
    """Candidates that are."""
    never: tuple[str, ...]
    """Objectives in which nothing is better; empty where nothing is in all at once."""

    def __str__(self) -> str:
        values = {name: f"{value:.4g}".replace("-", "−") for name, value in self.reference.items()}
        where = " and ".join(f"{name} {value}" for name, value in values.items())
        why = f"none is better in {', '.join(self.never)}" if self.never else "none is better in all objectives at once"
        return (
            f"{START} ({where}) is reached by none of {self.feasible} feasible candidates: {why}, so the hypervolume "
            "stays 0 and tells no candidate from another; give as `reference` the worst value you would accept, not a "
            "hope"
        )


START = "the reference point"
"""How the sentence about it begins, which alone is known of an old one."""
SHARES = "shares: "


def shared(shares: Mapping[str, float]) -> str:
    """`shares: bayesian 60 %, nsga2 40 %`."""
    return SHARES + ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())


def read(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a batch's body says, as `Batch` takes it; of an old journal out of its sentences."""
    given = {key: value for key, value in body.items() if key not in ("notes", "ended", "unreached")}
    if "ended" in body:
        unreached = body.get("unreached")
        given["unreached"] = None if unreached is None else Unreached(**{**unreached, "never": (*unreached["never"],)})
        return {**given, "ended": tuple(StageEnd(**end) for end in body["ended"]), "remarks": tuple(body["notes"])}
    ended, rest = _ends(body["notes"])
    shares = next((note for note in rest if note.startswith(SHARES)), None)
    rest = [note for note in rest if note is not shares]
    warned = any(note.startswith(START) for note in rest)
    given["unreached"] = Unreached({}, 0, ()) if warned else None
    return {**given, "ended": tuple(ended), "shares": _shares(shares or ""), "remarks": tuple(rest)}


def _ends(notes: Iterable[str]) -> tuple[list[StageEnd], list[str]]:
    """The ends of stages among sentences, and all other sentences."""
    ended, rest = list[StageEnd](), list[str]()
    for note in notes:
        begun = re.fullmatch(r"stage (\d+) \((.+?)\) has ended: (.*)", note)
        end = _end(int(begun[1]) - 1, begun[2], begun[3]) if begun else None
        ended += [] if end is None else [end]
        rest += [note] if end is None else []
    return ended, rest


def _end(stage: int, optimizer: str, why: str) -> StageEnd | None:
    for kind, text in WHY.items():
        match = re.fullmatch(re.escape(text).replace(r"\{\}", r"(\d+)"), why)
        if match:
            return StageEnd(stage, optimizer, kind, *map(int, match.groups()))
    return None


def _shares(note: str) -> dict[str, float]:
    entries = (entry.rsplit(" ", 2)[:2] for entry in note.removeprefix(SHARES).split(", ") if entry)
    return {name: float(share) / 100 for name, share in entries}


def gate_kind(reason: str) -> Literal["rank", "spot check", "out of domain"]:
    """What a gate of an old journal decided by."""
    if reason.startswith("spot check"):
        return "spot check"
    return "out of domain" if reason.startswith("out of the domain") else "rank"
