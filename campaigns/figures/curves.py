"""This file is the page's figures of curves: what candidates measured beside the curve that is wanted."""

from collections.abc import Sequence

from eutectic.campaigns.analysis.labels import label, number
from eutectic.campaigns.figures.charts import Figure, Trace, axis, layout, plain
from eutectic.campaigns.figures.palette import INK, MUTED, member
from eutectic.campaigns.record.history import curve_of
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.surrogates.composite.curve_distance import Target

NEAREST = 3
"""Candidates drawn in colours."""
OTHERS = 60
"""Further candidates drawn in grey, evenly chosen by distance."""


def curves(name: str, target: Target, outcomes: Sequence[Outcome]) -> Figure | None:
    """The target in black, the nearest candidates in colours, others behind; None where there is no curve."""
    measured = ranked(name, outcomes)
    if not measured:
        return None
    x = target.axis.tolist()
    rest = measured[NEAREST:]
    traces: list[Trace] = [
        _line(x, points, o.name, MUTED, width=1.0, extra={"opacity": 0.25, "showlegend": False})
        for o, points in rest[:: max(1, -(-len(rest) // OTHERS))]
    ]
    for i, (o, points) in reversed(list(enumerate(measured[:NEAREST]))):
        title = f"{o.name}, distance {number(o.values[name])}"
        traces.append(_line(x, points, title, member(i), width=2.0, extra={}))
    wanted: Trace = {"line": {"color": INK, "width": 2.5, "dash": "dot"}}
    traces.append(_line(x, target.values.tolist(), "wanted", INK, width=2.5, extra=wanted))
    axes = {"xaxis": axis("Axis of the target's file"), "yaxis": axis(plain(label(name)))}
    return {"data": traces, "layout": layout(420, axes)}


def ranked(name: str, outcomes: Sequence[Outcome]) -> list[tuple[Outcome, Sequence[float]]]:
    """Outcomes with what they measured of a curve, the nearest to the wanted one first."""
    measured = [(o, points) for o in outcomes if name in o.values and (points := curve_of(o, name)) is not None]
    return sorted(measured, key=lambda pair: pair[0].values[name])


def _line(x: Sequence[float], y: Sequence[float], name: str, color: str, *, width: float, extra: Trace) -> Trace:
    line = {"color": color, "width": width}
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "name": name, "line": line, **extra}
