"""This file is the colours of every figure, in the page and in the pictures alike."""

INK = "#1f2933"
"""Text and axes."""
MUTED = "#7b8794"
"""Secondary text, infeasible points, guides."""
GRID = "#e4e7eb"
CLEAR = "rgba(0,0,0,0)"
"""What the page shows through."""
ACCENT = "#0f609b"
"""The front and the trace."""
SHADE = "#dcecf8"
"""What the front dominates."""
ROUNDS = ("#fde3a7", "#f7b267", "#ee7b5e", "#b8416b", "#5c2a6e")
"""First to last round, light to dark."""
MEMBERS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#7b8794", "#f0e442")
"""Hues that colour-blind people can tell apart too (Okabe and Ito 2008, Color Universal Design); grey for black."""
BRIGHT = ("#e69f00", "#56b4e9", "#cc79a7", "#f0e442")
"""Those on which dark letters read better."""
DASHES = ("solid", "dash", "dot")
"""Of lines: after the last hue they begin again, dashed, then dotted."""
HATCHES = ("", "/", ".")
"""Of areas, likewise."""


def member(index: int) -> str:
    """The colour of the index-th line or element."""
    return MEMBERS[index % len(MEMBERS)]


def dash(index: int) -> str:
    """The dash of the index-th line, which tells it from an earlier one of the same colour."""
    return DASHES[index // len(MEMBERS) % len(DASHES)]


def hatch(index: int) -> str:
    """The hatch of the index-th area, likewise."""
    return HATCHES[index // len(MEMBERS) % len(HATCHES)]


def letters(index: int) -> str:
    """The colour of what is written on the index-th area."""
    return "#111111" if member(index) in BRIGHT else "#ffffff"
