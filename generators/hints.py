"""This file is the nearest name to one that is not known, for messages."""

import difflib
from collections.abc import Iterable


def hint(given: str, known: Iterable[str]) -> str:
    """`; did you mean 'yield'?`, or the names there are."""
    names = list(known)
    near = [n for n in names if n.lower() == given.lower()] or difflib.get_close_matches(given, names, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(names)}"
