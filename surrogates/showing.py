"""This file is how a fitted surrogate shows itself: one line at a prompt, a small table in a notebook."""

from collections.abc import Sequence
from html import escape
from typing import Protocol, runtime_checkable

from eutectic.surrogates.base import Formula


@runtime_checkable
class Shown(Protocol):
    """What a notebook shows as a table."""

    def _repr_html_(self) -> str:
        """The table as HTML."""
        ...


def line(fit: object, outputs: int, names: Sequence[str]) -> str:
    """`<FittedSISSO: 1 output of a, b>`."""
    return f"<{type(fit).__name__}: {outputs} output{'s' if outputs != 1 else ''} of {_few(names)}>"


def table(
    fit: object, outputs: int, names: Sequence[str], notes: Sequence[str], formulas: Sequence[Formula] = ()
) -> str:
    """A row for the inputs, the outputs, each formula and each note, as HTML."""
    rows = [("inputs", _few(names)), ("outputs", str(outputs))]
    rows += [("formula", formula.text) for formula in formulas] + [("note", note) for note in notes]
    body = "".join(f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in rows)
    return f"<table><caption>{escape(type(fit).__name__)}</caption>{body}</table>"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:5])}, ... ({len(names)} inputs)"
