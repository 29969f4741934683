"""This file is the page's figures of an explanation, as plotly.js dictionaries."""

from collections.abc import Mapping, Sequence

import numpy as np

from eutectic.campaigns.analysis.explanation import Explained, Explanation, order
from eutectic.campaigns.analysis.labels import label, number
from eutectic.campaigns.explain.pictures import HIGHER, LOWER, SHOWN, codes, sizes, steps
from eutectic.campaigns.figures.charts import Figure, Trace, axis, layout, plain
from eutectic.campaigns.figures.palette import INK, MUTED, dash, member

SHADES = [[0, "#1e88e5"], [0.5, "#8f3f97"], [1, "#ff0d57"]]
"""From a variable's least value to its largest, as the SHAP package has it."""


def beeswarm(found: Explanation, one: Explained) -> Figure:
    """A row a variable, a point a candidate in which it is active: what its value adds to the prediction."""
    shown, values = order(one)[:SHOWN], np.array(one.swarm.values)
    colours = codes(found, one.swarm.numbers)
    finite = np.isfinite(colours)
    low, high = np.where(finite, colours, np.inf).min(0), np.where(finite, colours, -np.inf).max(0)
    colours = (colours - low) / np.maximum(high - low, 1e-300)
    traces: list[Trace] = []
    for place, j in enumerate(shown):
        there = np.isfinite(colours[:, j])
        told = zip(np.array(one.swarm.numbers)[there].tolist(), values[there, j], strict=True)
        tips = [
            f"<b>#{n}</b> {plain(found.titles[n])}<br>{plain(found.variables[j])} = {_value(found.rows[n], found, j)}"
            f"<br>adds {number(v, 3)}"
            for n, v in told
        ]
        bar = {"title": {"text": "Value", "side": "right"}, "thickness": 12, "len": 0.7, "outlinewidth": 0,
               "tickvals": [0, 1], "ticktext": ["low", "high"]}  # fmt: skip
        look = {"size": 7, "color": colours[there, j].tolist(), "colorscale": SHADES, "cmin": 0, "cmax": 1,
                "showscale": place == 0, "colorbar": bar, "opacity": 0.85}  # fmt: skip
        y = (place + jitter(values[there, j], np.ptp(values))).tolist()
        point: Trace = {"type": "scatter", "mode": "markers", "x": values[there, j].tolist(), "y": y, "marker": look}
        traces.append({**point, "hovertext": tips, "hoverinfo": "text", "showlegend": False})
    ticks = {"tickvals": list(range(len(shown))), "ticktext": [plain(found.variables[j]) for j in shown],
             "autorange": "reversed", "showgrid": False}  # fmt: skip
    x = axis(f"Adds to the prediction: {plain(label(one.title()))}", {"zeroline": True, "zerolinecolor": MUTED})
    return {"data": traces, "layout": layout(110 + 38 * len(shown), {"xaxis": x, "yaxis": axis("", ticks)})}


def _value(row: Mapping[str, float | str | None], found: Explanation, j: int) -> str:
    return _at(row[found.variables[j]])


def jitter(
    x: "np.ndarray[tuple[int], np.dtype[np.float64]]", width: float
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Offsets (n,), -0.35 to 0.35, that keep points of equal place apart; the same for the same points."""
    bins = np.floor(60 * x / width) if width > 0 else np.zeros(len(x))
    offset = np.zeros(len(x))
    for b in np.unique(bins):
        own = np.flatnonzero(bins == b)
        steps = (np.arange(len(own)) + 1) // 2 * np.where(np.arange(len(own)) % 2, 1, -1)
        offset[own] = np.clip(0.09 * steps, -0.35, 0.35)
    return offset


def interactions(found: Explanation, one: Explained) -> Figure | None:
    """Mean size of every pair's interaction; None where fewer than two variables have one."""
    size = sizes(one)
    shown = [j for j in order(one)[:SHOWN] if np.isfinite(np.delete(size[j], j)).any()]
    if len(shown) < 2:
        return None
    names = [plain(found.variables[j]) for j in shown]
    part = size[np.ix_(shown, shown)]
    np.fill_diagonal(part, np.nan)
    cells = [[float(v) if np.isfinite(v) else None for v in row] for row in part]
    text = [[number(v, 2) if v is not None else "" for v in row] for row in cells]
    heat: Trace = {"type": "heatmap", "x": names, "y": names, "z": cells, "text": text, "texttemplate": "%{text}"}
    heat |= {"colorscale": [[0, "#f5f9fd"], [1, "#5b9fd3"]], "showscale": False, "xgap": 2, "ygap": 2}
    heat |= {"hoverongaps": False, "textfont": {"size": 11, "color": INK}}
    bare = {"type": "category", "showgrid": False, "showline": False, "ticks": ""}
    axes = {"xaxis": axis("", bare), "yaxis": axis("", {**bare, "autorange": "reversed"})}
    return {"data": [heat], "layout": layout(100 + 36 * len(shown), {**axes, "width": 220 + 62 * len(shown)})}


def waterfalls(found: Explanation, one: Explained) -> Figure | None:
    """For each candidate the way from the mean to its prediction; a menu chooses the candidate."""
    told = [n for n in found.front if n in one.swarm.numbers]
    if not told:
        return None
    traces = [_waterfall(found, one, n, shown=n == told[0]) for n in told]
    buttons = [{"label": f"#{n}", "method": "update", "args": [{"visible": [m == n for m in told]}]} for n in told]
    menu = {"buttons": buttons, "x": 0, "y": 1.16, "xanchor": "left", "yanchor": "top", "direction": "down"}
    rows = min(len(found.variables), SHOWN) + 2
    axes = {
        "xaxis": axis(plain(label(one.title()))),
        "yaxis": axis("", {"autorange": "reversed", "type": "category", "showgrid": False}),
    }
    extra = {**axes, "updatemenus": [menu] if len(told) > 1 else [], "showlegend": False}
    return {"data": traces, "layout": layout(130 + 30 * rows, extra)}


def _waterfall(found: Explanation, one: Explained, outcome: int, *, shown: bool) -> Trace:
    row = one.swarm.numbers.index(outcome)
    names, values = steps(found, one.swarm.values[row], outcome)
    of = found.rows[outcome]
    ticks = [f"{plain(n)} = {_at(of[n])}" if n in of else plain(n) for n in names]
    colours = {"increasing": {"marker": {"color": HIGHER}}, "decreasing": {"marker": {"color": LOWER}}}
    text = [number(one.swarm.base), *(f"{'+' if v > 0 else ''}{number(v, 3)}" for v in values)]
    return {
        "type": "waterfall", "orientation": "h", "y": ["mean", *ticks, f"#{outcome}"], "visible": shown,
        "x": [0.0, *values, 0.0], "base": one.swarm.base,
        "text": [*text, number(one.swarm.predicted[row])], "textposition": "outside", "hoverinfo": "y+text",
        "connector": {"line": {"color": MUTED, "width": 0.8}}, **colours,
    }  # fmt: skip


def _at(value: float | str | None) -> str:
    if value is None:
        return "not active"
    return plain(value) if isinstance(value, str) else number(value, 3)


def dependence(one: Explained) -> Figure | None:
    """Mean prediction along each variable, from the least to the largest it can be; categories have no line."""
    lines = [c for c in one.curves if not any(isinstance(x, str) for x in c.x)][:SHOWN]
    if not lines:
        return None
    traces: list[Trace] = []
    shared = _shared([c.x for c in lines])
    for i, curve in enumerate(lines):
        x = [float(v) for v in curve.x]
        places = x if shared else [(v - x[0]) / (x[-1] - x[0]) for v in x]
        tips = [
            f"{plain(curve.variable)} = {number(v, 3)}<br>{number(m)} ± {number(s, 2)}"
            for v, m, s in zip(x, curve.mean, curve.std, strict=True)
        ]
        look = {"color": member(i), "width": 2, "dash": dash(i)}
        line: Trace = {"type": "scatter", "mode": "lines", "name": plain(curve.variable), "x": places, "line": look}
        traces.append({**line, "y": list(curve.mean), "hovertext": tips, "hoverinfo": "text"})
    title = "Fraction" if shared else "Variable, from its least to its largest value"
    axes = {"xaxis": axis(title), "yaxis": axis(f"Predicted: {plain(label(one.title()))}")}
    return {"data": traces, "layout": layout(380, axes)}


def _shared(xs: Sequence[Sequence[float | str]]) -> bool:
    """Do all lines run between 0 and 1 as they are?"""
    return all(0 <= float(x) <= 1 for line in xs for x in line)
