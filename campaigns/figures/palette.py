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
MEMBERS = (
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2", "#edc948", "#9c755f", "#ff9da7", "#8cd17d",
    "#86bcb6", "#d37295",
)  # fmt: skip
"""Elements of a composition; after the last one they begin again."""


def member(index: int) -> str:
    """The colour of the index-th element."""
    return MEMBERS[index % len(MEMBERS)]
