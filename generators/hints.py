"""This file is the nearest name to one that is not known, for messages."""

import difflib
from collections.abc import Iterable


def nearest(given: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that differs in capitals alone, else the likeliest (by at least `cutoff`, 0 to 1), else None."""
    names = list(known)
    near = [n for n in names if n.lower() == given.lower()] or difflib.get_close_matches(given, names, 1, cutoff)
    return near[0] if near else None


def hint(given: str, known: Iterable[str]) -> str:
    """`; did you mean 'yield'?`, or the names there are."""
    names = list(known)
    return suggestion(given, names, 0.6) or f"; there are: {', '.join(names)}"


def suggestion(given: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """`; did you mean 'yield'?`, or nothing where no name is like it."""
    near = nearest(given, known, cutoff)
    return f"; did you mean {near!r}?" if near else ""
