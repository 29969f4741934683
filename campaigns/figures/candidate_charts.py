"""This file is the page's figures of candidates and surrogates: what the front is made of, and leave-one-out parity."""

import math
from collections.abc import Sequence

import numpy as np

from eutectic.campaigns.analysis.amounts import portions
from eutectic.campaigns.analysis.labels import label, number, quantity, titled, valued
from eutectic.campaigns.analysis.parity import Parity
from eutectic.campaigns.analysis.summary import shown
from eutectic.campaigns.analysis.table import settings, variable_names
from eutectic.campaigns.figures.charts import Figure, Trace, axis, hover, layout, plain
from eutectic.campaigns.figures.palette import ACCENT, INK, MUTED, SHADE, hatch, letters, member
from eutectic.campaigns.record.outcomes import Ledger, Outcome

MAX_BARS = 60
"""Candidates of a front shown at most; a longer front is thinned evenly."""
FEW = 8
"""Candidates below which their bars are no wider for it."""
SHORT = 14
"""Characters of a name under an axis at most."""
TOOLBAR_PX = 32
"""Height of plotly's toolbar with what parts it from the legend below."""
PER_ROW = 3
"""Parity panels side by side."""


def variables_chart(ledger: Ledger, front: Sequence[Outcome]) -> Figure | None:
    """Compositions along the front as stacked bars, or other variables as a heat map; None without a front."""
    chosen = thinned(front)
    if not chosen:
        return None
    compositions = [o.composition for o in chosen if o.composition]
    return _bars(ledger, chosen) if len(compositions) == len(chosen) else _map(ledger, chosen)


def thinned(front: Sequence[Outcome]) -> list[Outcome]:
    """At most MAX_BARS of the front, evenly spaced, both ends kept."""
    count = min(len(front), MAX_BARS)
    return [front[int(i)] for i in np.linspace(0, len(front) - 1, count).round()]


def elements(outcomes: Sequence[Outcome]) -> list[str]:
    """Elements present, in the order the space names them."""
    present = {e: None for o in outcomes for e, f in (o.composition or {}).items() if f > 0}
    named = [name for name in variable_names(outcomes) if name in present]
    return [*named, *(e for e in present if e not in named)]


def _bars(ledger: Ledger, front: Sequence[Outcome]) -> Figure:
    """A bar a candidate, a colour an element, in the order of the first objective."""
    ticks = [tick(o) for o in front]
    traces: list[Trace] = []
    percents, unit = portions([(o.variables, o.composition or {}) for o in front])
    top = max(sum(percent.values()) for percent in percents)
    shown = [element for element in elements(front) if any(element in percent for percent in percents)]
    for i, element in enumerate(shown):
        shares = [percent.get(element, 0.0) for percent in percents]
        text = [f"{s:.{0 if top > 20 else 2}f}" if s >= top / 25 and len(front) <= 30 else "" for s in shares]
        bar: Trace = {"type": "bar", "name": plain(element), "x": ticks, "y": shares, "text": text}
        bar |= {
            "marker": {"color": member(i), "pattern": {"shape": hatch(i)}},
            "hovertext": [hover(ledger, o) for o in front],
            "hoverinfo": "text",
        }
        traces.append(
            bar
            | {
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "textfont": {"color": letters(i), "size": 11},
            }
        )
    y = axis(unit, {"range": [0, top if top > 20 else 1.05 * top]})
    x = axis(_order(ledger), {"type": "category"})
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"}
    room = {"l": 70, "r": 24, "t": TOOLBAR_PX + 44, "b": 56}  # the toolbar stands above the legend
    extra = {"margin": room, "barmode": "stack", "bargap": 0.18, "xaxis": x, "yaxis": y, "legend": legend}
    extra["uniformtext"] = {"mode": "hide", "minsize": 8}
    extra |= {"width": 260 + 80 * len(front)} if len(front) < FEW else {}
    return {"data": traces, "layout": layout(400 + TOOLBAR_PX, extra)}


def tick(outcome: Outcome) -> str:
    """The candidate's name where there is little room: of a long one the end, which tells it from others."""
    name = plain(outcome.name)
    return name if len(name) <= SHORT else f"…{name[1 - SHORT :]}"


def _order(ledger: Ledger) -> str:
    if len(ledger.spec.goals) == 1:
        return "Best candidate first"
    first = ledger.spec.goals[0]
    return f"Candidates on the front, best {plain(quantity(titled(first.name, first.distance))[0]).lower()} first"


def spread(
    ledger: Ledger, front: Sequence[Outcome]
) -> tuple[list[str], np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    """Variables and their place (v, n) in the range evaluated, 0 to 1, for n candidates of the front.

    Text goes by the order in which it first stands; NaN where a variable is not active.
    """
    names = settings(ledger.spec, variable_names(ledger.outcomes))
    return names, np.array([_placed([o.variables.get(name) for o in ledger.outcomes],
                                    [o.variables.get(name) for o in front]) for name in names])  # fmt: skip


def _placed(every: Sequence[object], own: Sequence[object]) -> list[float]:
    """Where each of `own` lies in the range of `every`, 0 to 1; NaN for None."""
    labels = list(dict.fromkeys(str(value) for value in every if isinstance(value, str)))

    def place(value: object) -> float:
        if isinstance(value, str):
            return float(labels.index(value))
        return float(value) if isinstance(value, int | float) else math.nan

    known = [p for p in map(place, every) if not math.isnan(p)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    return [(place(value) - low) / (high - low if high > low else 1.0) for value in own]


def _map(ledger: Ledger, front: Sequence[Outcome]) -> Figure:
    """A column a candidate, a row a variable, its value written in."""
    names, scaled = spread(ledger, front)
    values = [[shown(o.variables.get(name)) for o in front] for name in names]
    text = [list(map(plain, row)) for row in values] if len(front) <= 16 else [["" for _ in front] for _ in names]
    tips = [[f"{hover(ledger, o)}<br>{plain(valued(name, v))}" for o, v in zip(front, row, strict=True)]
            for name, row in zip(names, values, strict=True)]  # fmt: skip
    shades = [[0, "#f5f9fd"], [1, "#8fbfe6"]]
    heat: Trace = {"type": "heatmap", "x": [tick(o) for o in front], "y": [plain(label(n)) for n in names]}
    heat |= {
        "z": [[None if math.isnan(z) else z for z in row] for row in scaled.tolist()],
        "text": text,
        "texttemplate": "%{text}",
        "textfont": {"size": 11, "color": INK},
    }
    heat |= {"hovertext": tips, "hoverinfo": "text", "colorscale": shades, "showscale": False, "xgap": 2, "ygap": 2}
    bare = {"showgrid": False, "showline": False, "ticks": ""}
    axes = {
        "xaxis": axis(_order(ledger), {"type": "category", **bare}),
        "yaxis": axis("", {"autorange": "reversed", **bare}),
    }
    return {"data": [heat], "layout": layout(120 + 34 * len(names), axes)}


def parity(outputs: Sequence[Parity]) -> Figure | None:
    """Measured against predicted from all others, a panel an output; None without any."""
    if not outputs:
        return None
    columns = min(len(outputs), PER_ROW)
    rows = -(-len(outputs) // columns)
    traces: list[Trace] = []
    extra: dict[str, object] = {"showlegend": False}
    if len(outputs) > 1:
        extra["grid"] = {"rows": rows, "columns": columns, "pattern": "independent", "xgap": 0.2, "ygap": 0.3}
    notes: list[dict[str, object]] = []
    for i, output in enumerate(outputs):
        mark = "" if i == 0 else str(i + 1)
        place = {"xaxis": f"x{mark}", "yaxis": f"y{mark}"}
        traces += [{**trace, **place} for trace in _panel(output)]
        name = plain(label(output.title))
        square: dict[str, object] = {}
        extra |= {
            f"xaxis{mark}": axis(f"Measured: {name}", square),
            f"yaxis{mark}": axis("Predicted without it", square),
        }
        text = f"R² {number(output.metrics.get('r2'), 3)}<br>RMSE {number(output.metrics.get('rmse'), 3)}"
        spot = {"xref": f"x{mark} domain", "yref": f"y{mark} domain", "x": 0.04, "y": 0.97, "align": "left"}
        notes.append({**spot, "text": text, "showarrow": False, "xanchor": "left", "yanchor": "top"})
    width = {"width": 560} if len(outputs) == 1 else {}
    return {"data": traces, "layout": layout(70 + 360 * rows, {**extra, **width, "annotations": notes})}


def _panel(output: Parity) -> list[Trace]:
    """The diagonal, and the predictions with one standard deviation."""
    ends = [float(np.min([output.measured, output.predicted])), float(np.max([output.measured, output.predicted]))]
    line: Trace = {"type": "scatter", "mode": "lines", "x": ends, "y": ends, "hoverinfo": "skip"}
    line["line"] = {"color": MUTED, "width": 1.2, "dash": "dash"}
    rows = zip(output.measured, output.predicted, output.std, strict=True)
    tips = [f"measured {number(a)}<br>predicted {number(b)} ± {number(s, 2)}" for a, b, s in rows]
    bars = {"type": "data", "array": output.std.tolist(), "color": "#a9cbe8", "thickness": 1, "width": 0}
    marks: Trace = {"type": "scatter", "mode": "markers", "x": output.measured.tolist(), "y": output.predicted.tolist()}
    look = {"size": 7, "color": ACCENT, "line": {"width": 0.5, "color": SHADE}}
    return [line, {**marks, "error_y": bars, "marker": look, "hovertext": tips, "hoverinfo": "text"}]
