"""This file is how the report looks: on a telephone and a desk, in light and dark, and on paper."""

from eutectic.campaigns.figures.palette import ACCENT, GRID, INK, MUTED, SHADE
from eutectic.campaigns.report.rendering import file_text

DRAWN = {INK: "ink", MUTED: "guide", GRID: "line", ACCENT: "accent", SHADE: "shade"}
"""A colour that figures are drawn in -> the variable it stands for, which differs in the dark."""


def sheet() -> str:
    """The style sheet; figures are drawn once, in the light's colours, and these rules exchange them in the dark.

    So a page that is printed from a dark screen has light figures without a script being asked.
    """
    rules = [rule for colour, name in DRAWN.items() for rule in _exchanged(colour, name)]
    edges = '.chart .scatterlayer [style*="stroke: rgb(255, 255, 255)"]{stroke:var(--card)!important}'
    written = f".chart .heatmap-label text{{fill:{INK}!important}}"
    return file_text("report.css") + "\n".join([*rules, edges, written]) + "\n"


def _exchanged(colour: str, name: str) -> list[str]:
    """Rules for lines and areas that plotly.js drew in a colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return [
        f'.chart [style*="{kind}: rgb({red}, {green}, {blue})"]{{{kind}:var(--{name})!important}}'
        for kind in ("stroke", "fill")
    ]
