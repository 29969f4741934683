"""This file is the words that follow a name nobody knows: the nearest known one, or the list of them."""

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(what: str, given: str, known: Iterable[str]) -> str:
    """`no column 'yeld'; did you mean 'yield'?`, or the known names when none is near."""
    names = list(known)
    near = get_close_matches(given, names, n=1) or [n for n in names if n.lower() == given.lower()]
    if near:
        return f"no {what} {given!r}; did you mean {near[0]!r}?"
    listed = ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")
    return f"no {what} {given!r}; known: {listed or 'none'}"
