"""This file is what can be wrong with a campaign file or a campaign's folder, said so that it can be mended."""

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a campaign file."""

    path: KeyPath
    """Where in the file: keys and list positions; () is the whole file."""
    message: str
    """What was given, what is known, the nearest name."""
    place: str = ""
    """`FILE:LINE`, or the `--set` it came from; empty when not known."""
    kind: Literal["", "missing", "conflict"] = ""
    """`missing`: there is no such thing; `conflict`: it is as such in order, but not after what is recorded."""

    def under(self, prefix: KeyPath) -> "Complaint":
        """The same complaint about a part that stands at `prefix` in the file."""
        return replace(self, path=(*prefix, *self.path))

    def __str__(self) -> str:
        return ": ".join(text for text in (self.place, ".".join(map(str, self.path)), self.message) if text)


class CampaignFileError(ValueError):
    """The campaign file cannot be used; carries everything found wrong with it, one line each (exit code 2)."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        assert complaints
        self.complaints = tuple(complaints)
        super().__init__("\n".join(map(str, self.complaints)))


class CampaignFolderError(RuntimeError):
    """A campaign's folder cannot be used: in use, foreign, unreadable, or it already holds a campaign (exit code 2)."""


def nearest_name(given: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like the given one (capitals do not count), or None when none does."""
    names = {name.lower(): name for name in known}
    match = difflib.get_close_matches(given.lower(), names, n=1, cutoff=0.6)
    return names[match[0]] if match else None


def unknown(what: str, given: str, known: Iterable[str]) -> str:
    """The sentence for a name nobody knows: the name, the nearest one, and the known ones."""
    return f"unknown {what} '{shortened(given)}'{likely(given, sorted(known), 'known')}"


def likely(given: str, names: Collection[str], what: str) -> str:
    """How such a sentence ends: `; did you mean 'a'? known: a, b`, with `what` for the word `known`."""
    nearest = nearest_name(given, names)
    hint = f"; did you mean '{nearest}'?" if nearest else ";"
    return f"{hint} {what}: {', '.join(names) or 'none'}"


def shortened(text: str, length: int = 60) -> str:
    """The text, cut to what fits into a sentence."""
    return text if len(text) <= length else text[: length - 3] + "..."
