"""This file is the page's figures of an explanation, as plotly.js dictionaries."""

from collections.abc import Sequence

import numpy as np

from eutectic.campaigns.analysis.explanation import Curve, Explained, Explanation, order
from eutectic.campaigns.analysis.labels import label, number, quantity, valued
from eutectic.campaigns.explain.pictures import HIGHER, LOWER, SHOWN, by_decades, codes, sizes, steps
from eutectic.campaigns.figures.candidate_charts import SHORT
from eutectic.campaigns.figures.charts import Figure, Trace, axis, layout, plain
from eutectic.campaigns.figures.palette import ACCENT, INK, MUTED, SHADE
from eutectic.campaigns.figures.views import around

SHADES = [[0, "#1e88e5"], [0.5, "#8f3f97"], [1, "#ff0d57"]]
"""From a variable's least value to its largest, as the SHAP package has it."""
ACROSS = 3
"""Panels side by side."""


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
            f"<b>{plain(found.called(n))}</b> {plain(found.titles[n])}"
            f"<br>{_setting(found.variables[j], found.rows[n][found.variables[j]])}"
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
    names = [plain(label(found.variables[j])) for j in shown]
    ticks = {"tickvals": list(range(len(shown))), "ticktext": names, "autorange": "reversed", "showgrid": False}
    x = axis(plain(f"Adds to the prediction: {label(one.title())}"), {"zeroline": True, "zerolinecolor": MUTED})
    return {"data": traces, "layout": layout(110 + 38 * len(shown), {"xaxis": x, "yaxis": axis("", ticks)})}


def _labels(names: Sequence[str]) -> list[str]:
    """Names for people; as they are written where two would be the same."""
    labels = [label(name) for name in names]
    return labels if len(set(labels)) == len(labels) else list(names)


def _setting(name: str, value: float | str | None) -> str:
    """A variable by its name for people, with its value."""
    text = "not active" if value is None else value if isinstance(value, str) else number(value, 3)
    return plain(f"{quantity(name)[0]} {text}" if value is None else valued(name, text))


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
    names = [plain(text) for text in _labels([found.variables[j] for j in shown])]
    below = names  # long names stand beside the rows alone, with the numbers of the columns
    if max(map(len, names)) > SHORT:
        below, names = [str(k + 1) for k in range(len(shown))], [f"{name} ({k + 1})" for k, name in enumerate(names)]
    part = size[np.ix_(shown, shown)]
    np.fill_diagonal(part, np.nan)
    cells = [[float(v) if np.isfinite(v) else None for v in row] for row in part]
    text = [[number(v, 2) if v is not None else "" for v in row] for row in cells]
    heat: Trace = {"type": "heatmap", "x": below, "y": names, "z": cells, "text": text, "texttemplate": "%{text}"}
    heat |= {"colorscale": [[0, "#f5f9fd"], [1, "#5b9fd3"]], "showscale": False, "xgap": 2, "ygap": 2}
    heat |= {"hoverongaps": False, "textfont": {"size": 11, "color": INK}}
    bare = {"type": "category", "showgrid": False, "showline": False, "ticks": ""}
    axes = {"xaxis": axis("", bare), "yaxis": axis("", {**bare, "autorange": "reversed", "dtick": 1})}
    width = 120 + 62 * len(shown) + 8 * max(map(len, names))
    return {"data": [heat], "layout": layout(100 + 36 * len(shown), {**axes, "width": width})}


def waterfalls(found: Explanation, one: Explained) -> Figure | None:
    """For each candidate the way from the mean to its prediction; a menu chooses the candidate."""
    told = [n for n in found.front if n in one.swarm.numbers]
    if not told:
        return None
    traces = [_waterfall(found, one, n, shown=n == told[0]) for n in told]
    ends = {n: _room(found, one, n) for n in told}
    buttons = [
        {"label": _short(found, n), "method": "update",
         "args": [{"visible": [m == n for m in told]}, {"xaxis.range": ends[n]}]}
        for n in told
    ]  # fmt: skip
    menu = {"buttons": buttons, "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "direction": "down"}
    menu["pad"] = {"b": 10}
    rows = min(len(found.variables), SHOWN) + 2
    axes = {
        "xaxis": axis(plain(label(one.title())), {"range": ends[told[0]], "nticks": 6}),
        "yaxis": axis("", {"autorange": "reversed", "type": "category", "showgrid": False}),
    }
    margin = {"l": 70, "r": 24, "t": 60, "b": 56}
    extra = {**axes, "margin": margin, "updatemenus": [menu] if len(told) > 1 else [], "showlegend": False}
    return {"data": traces, "layout": layout(130 + 30 * rows, extra)}


def _room(found: Explanation, one: Explained, outcome: int) -> list[float]:
    """From the least to the largest step of a candidate; the page adds room for what is written beside the bars."""
    row = one.swarm.numbers.index(outcome)
    ends = one.swarm.base + np.cumsum([0.0, *steps(found, one.swarm.values[row], outcome)[1]])
    width = float(np.ptp(ends)) or 1.0
    return [float(ends.min()) - 0.02 * width, float(ends.max()) + 0.02 * width]


def _short(found: Explanation, outcome: int) -> str:
    """What a candidate is called where there is little room."""
    name = plain(found.called(outcome))
    return name if len(name) <= SHORT else f"…{name[1 - SHORT :]}"


def _waterfall(found: Explanation, one: Explained, outcome: int, *, shown: bool) -> Trace:
    row = one.swarm.numbers.index(outcome)
    names, values = steps(found, one.swarm.values[row], outcome)
    of = found.rows[outcome]
    ticks = [_setting(n, of[n]) if n in of else plain(n) for n in names]
    if len(set(ticks)) < len(ticks):  # two bars of one name would be one
        ticks = [plain(f"{n}, {text}") for n, text in zip(names, ticks, strict=True)]
    colours = {"increasing": {"marker": {"color": HIGHER}}, "decreasing": {"marker": {"color": LOWER}}}
    text = [number(one.swarm.base), *(f"{'+' if v > 0 else ''}{number(v, 3)}" for v in values)]
    return {
        "type": "waterfall", "orientation": "h", "y": ["mean", *ticks, _short(found, outcome)], "visible": shown,
        "x": [0.0, *values, 0.0], "base": one.swarm.base,
        "text": [*text, number(one.swarm.predicted[row])], "textposition": "outside", "hoverinfo": "y+text",
        "connector": {"line": {"color": MUTED, "width": 0.8}}, **colours,
    }  # fmt: skip


def dependence(found: Explanation, one: Explained) -> Figure | None:
    """A panel a variable in its own unit, the most important first: mean prediction along it, one deviation around."""
    ranked = [found.variables[j] for j in order(one)]
    curves = sorted((c for c in one.curves if c.variable in ranked), key=lambda c: ranked.index(c.variable))[:SHOWN]
    if not curves:
        return None
    columns = min(len(curves), ACROSS)
    rows = -(-len(curves) // columns)
    traces: list[Trace] = []
    axes: dict[str, object] = {}
    ends = _reach(curves)
    for i, curve in enumerate(curves):
        mark = "" if i == 0 else str(i + 1)
        place = {"xaxis": f"x{mark}", "yaxis": f"y{mark}"}
        traces += [{**trace, **place, "showlegend": False} for trace in _along(curve)]
        kind: dict[str, object] = {"type": "category"} if _named(curve) else {"nticks": 5}
        kind |= {"type": "log", "nticks": 4} if by_decades(curve) else {}
        axes[f"xaxis{mark}"] = axis(plain(label(curve.variable)), kind)
        axes[f"yaxis{mark}"] = axis("", {"range": ends, "nticks": 5})
    grid = {"rows": rows, "columns": columns, "pattern": "independent", "xgap": 0.14, "ygap": 0.42}
    extra = {**axes, **({"grid": grid} if len(curves) > 1 else {"width": 460})}
    return {"data": traces, "layout": layout(60 + 220 * rows, extra), "least": 200}


def _named(curve: Curve) -> bool:
    """Is it one over categories?"""
    return any(isinstance(x, str) for x in curve.x)


def _reach(curves: Sequence[Curve]) -> list[float]:
    """Least and largest of all means and their deviations, and a little room: the panels share it."""
    ends = [(m - s, m + s) for c in curves for m, s in zip(c.mean, c.std, strict=True)
            if m is not None and s is not None]  # fmt: skip
    low, high = min(a for a, _ in ends), max(b for _, b in ends)
    return around(low, high, 0.04 * (high - low) or 1.0, negative=low < 0)


def _along(curve: Curve) -> list[Trace]:
    """A line within its band; of categories a point each with its deviation."""
    each = [(x, m, s) for x, m, s in zip(curve.x, curve.mean, curve.std, strict=True)
            if m is not None and s is not None]  # fmt: skip
    x = [plain(str(v)) if _named(curve) else v for v, _, _ in each]
    mean = [m for _, m, _ in each]
    tips = [f"{_setting(curve.variable, v)}<br>{number(m)} ± {number(s, 2)}" for v, m, s in each]
    point: Trace = {"type": "scatter", "x": x, "y": mean, "hovertext": tips, "hoverinfo": "text"}
    if _named(curve):
        bars = {"type": "data", "array": [s for _, _, s in each], "color": MUTED, "thickness": 1.2, "width": 4}
        return [{**point, "mode": "markers", "marker": {"size": 9, "color": ACCENT}, "error_y": bars}]
    edge = [m + s for _, m, s in each] + [m - s for _, m, s in each[::-1]]
    band: Trace = {"type": "scatter", "mode": "lines", "x": [*x, *x[::-1]], "y": edge, "fill": "toself"}
    band |= {"fillcolor": SHADE, "line": {"width": 0}, "hoverinfo": "skip"}
    return [band, {**point, "mode": "lines", "line": {"color": ACCENT, "width": 2}}]
