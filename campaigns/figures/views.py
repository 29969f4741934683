"""This file is where a figure of objectives looks: at the front or at everything, and the band of each target."""

from collections.abc import Mapping, Sequence
from typing import Any

from eutectic.campaigns.figures.palette import MUTED
from eutectic.campaigns.file.goals import Goal
from eutectic.campaigns.record.outcomes import Outcome

View = dict[str, Any]
"""`name` of a choice and the `layout` that it sets."""
ROOM = 0.15
"""What is left free around the front, as a share of its extent."""
NEAR = 0.6
"""A front that takes less than this share of an axis is zoomed to."""
MARK = 0.03
"""Half a mark's size, as a share of an axis."""
BAND = "rgba(0,158,115,0.16)"
"""Inside a target's tolerance."""


def views(front: Sequence[Outcome], every: Sequence[Outcome], axes: Mapping[str, str]) -> list[View]:
    """Layouts to choose from, the first one to begin with; none where the front fills its axes.

    Axes are names of the layout (`xaxis2`) with the property on each.
    """
    close: dict[str, object] = {}
    worth = False
    for axis, name in axes.items():
        low, high = extent([o.values[name] for o in front if name in o.values])
        least, most = extent([o.values[name] for o in every if name in o.values])
        worth = worth or 0 < high - low < NEAR * (most - least)
        edge = ROOM * (high - low) or 0.05 * (most - least)
        close[f"{axis}.range"] = around(low, high, edge, negative=least < 0)
    if not worth:
        return []
    return [
        {"name": "The front", "layout": close},
        {"name": "Everything", "layout": {f"{axis}.autorange": True for axis in axes}},
    ]


def around(low: float, high: float, edge: float, *, negative: bool) -> list[float]:
    """Ends of an axis with room beside what it shows; below nought only where values are, or half a mark for one at it.

    `negative`: is any value below nought?
    """
    bottom = low - edge if negative else max(low - edge, min(0.0, low - MARK * (high - low)))
    return [bottom, high + edge]


def extent(values: Sequence[float]) -> tuple[float, float]:
    """Least and largest value; zeros for none."""
    return min(values, default=0.0), max(values, default=0.0)


def band(goal: Goal, along: str, across: str) -> list[dict[str, object]]:
    """The shape of a target's tolerance, or a line where it has none, over an axis (`x2`, `y`); [] for other goals."""
    if goal.kind != "target" or goal.target is None:
        return []
    letter, other = along[0], across[0]
    ends = {f"{letter}0": goal.target - goal.tolerance, f"{letter}1": goal.target + goal.tolerance}
    place = {f"{letter}ref": along, f"{other}ref": f"{across} domain", f"{other}0": 0, f"{other}1": 1, "layer": "below"}
    if goal.tolerance > 0:
        return [{"type": "rect", **ends, **place, "fillcolor": BAND, "line": {"width": 0}}]
    return [{"type": "line", **ends, **place, "line": {"color": MUTED, "width": 1.2, "dash": "dash"}}]
