"""This file is an explanation's pictures: PNG and SVG files beside its tables."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.campaigns.analysis.explanation import Curve, Explained, Explanation, order
from eutectic.campaigns.analysis.labels import label, number
from eutectic.campaigns.figures.palette import ACCENT, INK, MUTED, SHADE
from eutectic.campaigns.figures.pictures import STYLE, saved

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


DPI = 110
"""Dots an inch of a picture."""
SHOWN = 12
"""Variables in a picture at most, the most important first."""
DECADE = 9.99
"""Ratio of its ends from which a variable can be drawn over its logarithm."""
PANELS = 6
"""Waterfalls in one picture; more candidates get more pictures."""
LOWER, HIGHER = "#2b83ba", "#d7604c"
"""What takes away from a prediction, and what adds to it."""


def write_pictures(found: Explanation, folder: Path) -> list[Path]:
    """Write beeswarm, interactions, waterfalls and partial dependence of every property; their paths."""
    import matplotlib as mpl

    made: list[Path] = []
    with mpl.rc_context(STYLE):
        for one in found.properties:
            pictures = {
                "shap": _beeswarm(found, one),
                "interactions": _interactions(found, one),
                "partial_dependence": _dependence(one),
            }
            named = [(f"{name}.{_file(one.property)}", figure) for name, figure in pictures.items()]
            for name, figure in [*named, *_waterfalls(found, one)]:
                if figure is not None:
                    made += saved(figure, folder, name, DPI)
    return made


def _file(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in name)


def _text(text: str) -> str:
    """A user's text with no mathematics read from it."""
    return text.replace("$", r"\$")


def _grid(count: int, width: float, height: float, most: int = 3) -> "tuple[Figure, list[Axes]]":
    """A figure of `count` panels, inches each; made without pyplot, so that no global state is touched."""
    from matplotlib.figure import Figure

    columns = min(count, most)
    rows = -(-count // columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel in panels[count:]:
        panel.remove()
    return figure, panels[:count]


def _beeswarm(found: Explanation, one: Explained) -> "Figure":
    """The SHAP package's own beeswarm: a point a candidate, coloured by the variable's value."""
    with warnings.catch_warnings():  # of its colour maps, at import, under recent matplotlib
        warnings.simplefilter("ignore")
        import shap

        height = 1.4 + 0.36 * min(len(found.variables), SHOWN)
        figure, (panel,) = _grid(1, 7.4, height)
        figure.set_canvas(_canvas(figure))
        values = shap.Explanation(
            values=np.array(one.swarm.values),
            base_values=np.full(len(one.swarm.numbers), one.swarm.base),
            data=codes(found, one.swarm.numbers),
            feature_names=[_text(label(name)) for name in found.variables],
        )
        shap.plots.beeswarm(values, max_display=SHOWN, ax=panel, plot_size=None, show=False)
    panel.set_xlabel(_text(f"SHAP value: {label(one.title())}"))
    return figure


def _canvas(figure: "Figure") -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    return FigureCanvasAgg(figure)


def codes(found: Explanation, numbers: Sequence[int]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Values (n, d) of the variables by which points are coloured; categories by the order of their labels.

    NaN where a variable is not active.
    """
    columns = []
    for name in found.variables:
        values = [found.rows[n][name] for n in numbers]
        labels = sorted({v for v in values if isinstance(v, str)})
        numbers_of = [labels.index(v) if isinstance(v, str) else v for v in values]
        columns.append([np.nan if v is None else float(v) for v in numbers_of])
    return np.array(columns, dtype=float).T


def _interactions(found: Explanation, one: Explained) -> "Figure | None":
    """Mean size of every pair's interaction."""
    from matplotlib.colors import LinearSegmentedColormap

    size = sizes(one)
    shown = [j for j in order(one)[:SHOWN] if np.isfinite(np.delete(size[j], j)).any()]
    if len(shown) < 2:
        return None
    side = 2.2 + 0.5 * len(shown)
    figure, (panel,) = _grid(1, side + 0.6, side)
    part = size[np.ix_(shown, shown)]
    np.fill_diagonal(part, np.nan)
    shades = LinearSegmentedColormap.from_list("size", ["#f5f9fd", ACCENT])
    drawn = panel.imshow(part, cmap=shades, vmin=0)
    figure.colorbar(drawn, ax=panel, label=_text(f"Interaction: {label(one.title())}"), shrink=0.8)
    for i, j in np.argwhere(np.isfinite(part)):
        colour = "white" if part[i, j] > 0.6 * np.nanmax(part) else INK
        panel.text(j, i, number(float(part[i, j]), 2), ha="center", va="center", fontsize=7.5, color=colour)
    names = [_text(label(found.variables[j])) for j in shown]
    panel.set_xticks(range(len(shown)), names, rotation=90)
    panel.set_yticks(range(len(shown)), names)
    panel.grid(visible=False)
    return figure


def sizes(one: Explained) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(d, d) mean size of the interactions, NaN where not looked at."""
    return np.array([[np.nan if v is None else v for v in row] for row in one.swarm.interactions], dtype=float)


def _waterfalls(found: Explanation, one: Explained) -> "Iterator[tuple[str, Figure]]":
    """Name and figure of page after page of waterfalls, one a candidate."""
    told = [n for n in found.front if n in one.swarm.numbers]
    for page, begin in enumerate(range(0, len(told), PANELS), 1):
        name = f"waterfalls.{_file(one.property)}" + (f".{page}" if page > 1 else "")
        yield name, _page(found, one, told[begin : begin + PANELS])


def _page(found: Explanation, one: Explained, told: Sequence[int]) -> "Figure":
    """A waterfall a candidate: from the background's mean to its prediction."""
    figure, panels = _grid(len(told), 4.2, 1.3 + 0.3 * min(len(found.variables), SHOWN))
    for panel, outcome in zip(panels, told, strict=True):
        row = one.swarm.numbers.index(outcome)
        names, values = steps(found, one.swarm.values[row], outcome)
        ends = one.swarm.base + np.cumsum(values)
        places = np.arange(len(values))
        panel.barh(places, values, 0.7, ends - values, color=[HIGHER if v > 0 else LOWER for v in values])
        panel.set_yticks(places, [_text(label(n)) for n in names], fontsize=8)
        low, high = min(one.swarm.base, ends.min()), max(one.swarm.base, ends.max())
        panel.set_xlim(low - 0.06 * (high - low or 1.0), high + 0.06 * (high - low or 1.0))
        panel.invert_yaxis()
        for at, color in ((one.swarm.base, MUTED), (one.swarm.predicted[row], INK)):
            panel.axvline(at, color=color, lw=0.9, ls="--")
        panel.set_title(f"{found.called(outcome)}: {number(one.swarm.predicted[row])}", fontsize=9)
        panel.tick_params(axis="x", labelsize=8)
        panel.locator_params(axis="x", nbins=4)
    figure.supxlabel(_text(label(one.title())), fontsize=10)
    return figure


def steps(found: Explanation, values: Sequence[float], outcome: int) -> tuple[list[str], list[float]]:
    """Names and contributions of an outcome's active variables, the largest first; beyond the shown ones in one sum."""
    there = [found.rows[outcome][name] is not None for name in found.variables]
    ranked = [int(j) for j in np.argsort(-np.abs(values), kind="stable") if there[int(j)]]
    first = ranked if len(ranked) <= SHOWN else ranked[: SHOWN - 1]
    names, sizes = [found.variables[j] for j in first], [float(values[j]) for j in first]
    rest = ranked[len(first) :]
    return ([*names, f"{len(rest)} others"], [*sizes, sum(values[j] for j in rest)]) if rest else (names, sizes)


def _dependence(one: Explained) -> "Figure | None":
    """A panel a variable: mean prediction along it, and the surrogate's standard deviation."""
    curves = one.curves[:SHOWN]
    if not curves:
        return None
    figure, panels = _grid(len(curves), 3.1, 2.4, most=4)
    for panel, curve in zip(panels, curves, strict=True):
        _along(panel, curve)
    low, high = min(p.get_ylim()[0] for p in panels), max(p.get_ylim()[1] for p in panels)
    for panel in panels:
        panel.set_ylim(low, high)
    figure.supylabel(_text(label(one.title())), fontsize=10)
    return figure


def by_decades(curve: Curve) -> bool:
    """Do its places grow by a factor, as those of a variable that is searched over its logarithm?"""
    x = np.array([v for v in curve.x if not isinstance(v, str)], dtype=float)
    if len(x) < 3 or len(x) < len(curve.x) or not (x > 0).all() or x[-1] < DECADE * x[0]:
        return False
    steps = np.diff(np.log(x))
    return bool(np.ptp(steps) < 0.01 * abs(steps.mean()))


def _along(panel: "Axes", curve: Curve) -> None:
    mean, std = (np.array([np.nan if v is None else v for v in values]) for values in (curve.mean, curve.std))
    panel.set_xlabel(_text(label(curve.variable)))
    if any(isinstance(x, str) for x in curve.x):
        panel.errorbar(range(len(mean)), mean, std, fmt="o", color=ACCENT, ecolor=SHADE, elinewidth=3)
        panel.set_xticks(range(len(mean)), [_text(str(x)) for x in curve.x], rotation=90 if len(mean) > 4 else 0)
        return
    x = np.array(curve.x, dtype=float)
    panel.fill_between(x, mean - std, mean + std, color=SHADE, lw=0)
    panel.plot(x, mean, color=ACCENT, lw=1.8)
    if by_decades(curve):
        panel.set_xscale("log")
        panel.locator_params(axis="y", nbins=4)
        return
    panel.locator_params(axis="both", nbins=4)
