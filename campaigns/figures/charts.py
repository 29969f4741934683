"""This file is the page's figures of objectives, as plotly.js dictionaries: the front, the best so far, the trace."""

import html
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from eutectic.campaigns.analysis.before import added, breaks, by_hand, earlier, lacking
from eutectic.campaigns.analysis.labels import label, number, quantity, titled
from eutectic.campaigns.analysis.summary import asked, evaluated, said, title
from eutectic.campaigns.figures.palette import ACCENT, CLEAR, GRID, INK, MUTED, ROUNDS, SHADE
from eutectic.campaigns.figures.views import band, views
from eutectic.campaigns.file.goals import Goal
from eutectic.campaigns.record.outcomes import Ledger, Outcome

Figure = dict[str, object]
"""`data` and `layout` as plotly.js takes them; JSON values only."""
Trace = dict[str, object]
MAX_PANELS = 10
"""Pairs of objectives shown at most."""
BEFORE = "Known before"
"""What rows of a history are called in a legend."""
EARLIER: dict[str, object] = {"size": 8, "symbol": "diamond-open", "line": {"width": 1.3}, "color": MUTED}
"""Their marker."""
ADDED = "Added by hand"
"""What results that were never suggested are called in a legend."""
BESIDE: dict[str, object] = {**EARLIER, "symbol": "square-open"}
"""Their marker."""


def plain(text: str) -> str:
    """User's text for a plotly label: no markup is read from it."""
    return html.escape(text, quote=False).replace("%{", "% {")


def axis(text: str, extra: Mapping[str, object] | None = None) -> dict[str, object]:
    """An axis in the house style."""
    style = {"gridcolor": GRID, "zeroline": False, "linecolor": MUTED, "ticks": "outside", "tickcolor": MUTED}
    return {
        "title": {"text": text, "font": {"size": 13}, "standoff": 12},
        "automargin": True,
        "showline": True,
        **style,
        **(extra or {}),
    }


def layout(height: int, extra: Mapping[str, object]) -> dict[str, object]:
    """A layout in the house style; height in pixels."""
    font = {"family": "Inter, Segoe UI, Helvetica, Arial, sans-serif", "size": 13, "color": INK}
    frame = {"paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR, "hovermode": "closest"}
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "bgcolor": CLEAR}
    margin = {"l": 70, "r": 24, "t": 44, "b": 56}
    return {"height": height, "font": font, "legend": legend, "margin": margin, **frame, **extra}


def wanted(goal: Goal) -> str:
    """An axis title that says which way is better."""
    aim = f"target {number(goal.target)}" if goal.kind == "target" else f"{goal.kind}d"
    return f"{plain(label(titled(goal.name, goal.distance)))}, {aim}"


def hover(ledger: Ledger, outcome: Outcome) -> str:
    """What pointing at an outcome shows: number, candidate, every objective, round."""
    lines = [f"<b>{plain(outcome.name)}</b> {plain(title(outcome))}"]
    lines += [
        f"{plain(quantity(titled(g.name, g.distance))[0])}: {plain(said(g.name, outcome, ledger.spec.goals))}"
        for g in ledger.spec.goals
    ]
    lines += [came(outcome)]
    gaps = ", ".join(plain(label(name)) for name in lacking(ledger.spec, outcome))
    lines += [f"<i>not known: {gaps}</i>"] if gaps else []
    return "<br>".join([*lines, "<i>breaks a constraint</i>"] if breaks(outcome) else lines)


def came(outcome: Outcome) -> str:
    """When an outcome came and from whom: `round 2, added by Eva`; `known before the start`."""
    if outcome.round >= 0:
        return f"round {outcome.round + 1}, {plain(outcome.origin)}"
    return f"before the first round, {plain(outcome.origin)}" if by_hand(outcome) else "known before the start"


def objectives(ledger: Ledger, front: Sequence[Outcome]) -> Figure:
    """One objective: values in order; two: the front; more: every pair of them."""
    m = len(ledger.spec.goals)
    if m == 1:
        return progress(ledger)
    pairs = list(combinations(range(m), 2))[:MAX_PANELS]
    columns = 1 if len(pairs) == 1 else 2 if m == 4 else 3
    rows = -(-len(pairs) // columns)
    traces: list[Trace] = []
    axes: dict[str, dict[str, object]] = {}
    names: dict[str, str] = {}
    shapes: list[dict[str, object]] = []
    for i, pair in enumerate(pairs):
        mark = "" if i == 0 else str(i + 1)
        traces += [{**t, "xaxis": f"x{mark}", "yaxis": f"y{mark}"} for t in _pair(ledger, front, pair, first=i == 0)]
        goals = [ledger.spec.goals[j] for j in pair]
        axes |= {f"xaxis{mark}": axis(wanted(goals[0])), f"yaxis{mark}": axis(wanted(goals[1]))}
        names |= {f"xaxis{mark}": goals[0].name, f"yaxis{mark}": goals[1].name}
        shapes += [*band(goals[0], f"x{mark}", f"y{mark}"), *band(goals[1], f"y{mark}", f"x{mark}")]
    grid = {} if len(pairs) == 1 else {"grid": _grid(rows, columns)}
    height = 540 if len(pairs) == 1 else 90 + 330 * rows
    choice = views(front, ledger.finished, names)
    for name in names:
        if choice:
            axes[name]["range"] = choice[0]["layout"][f"{name}.range"]
    return {"data": traces, "layout": layout(height, {**grid, **axes, "shapes": shapes}), "views": choice}


def _grid(rows: int, columns: int) -> dict[str, object]:
    return {"rows": rows, "columns": columns, "pattern": "independent", "xgap": 0.22, "ygap": 0.24}


def _pair(ledger: Ledger, front: Sequence[Outcome], pair: tuple[int, int], *, first: bool) -> list[Trace]:
    """Everything in one panel of two objectives."""
    on_front = {o.number for o in front}
    rest = [o for o in ledger.finished if o.number not in on_front]
    broken = [o for o in rest if not o.feasible and o.number > 0]
    plane = [o for o in rest if o.feasible and o.number > 0]
    guides = _stairs(ledger, front) if len(ledger.spec.goals) == 2 else []
    grey = {"symbol": "x-thin", "size": 7, "line": {"width": 1.4, "color": MUTED}}
    small = {"size": 8, "opacity": 0.85, "line": {"width": 0.5, "color": "#fff"}}
    large = {"size": 12, "symbol": [_symbol(o) for o in front]}
    large |= {"line": {"width": 1.6, "color": INK}}
    traces = [
        *guides,
        {**_points(ledger, broken, pair), "name": "Breaks a constraint", "marker": grey},
        {**_points(ledger, earlier(rest), pair), "name": BEFORE, "marker": EARLIER},
        {**_points(ledger, added(rest), pair), "name": ADDED, "marker": BESIDE},
        {**_points(ledger, plane, pair), "name": "Evaluated", "marker": small | _by_round(ledger, plane, bar=first)},
        {**_points(ledger, front, pair, errors=True), "name": "Pareto front",
         "marker": large | _by_round(ledger, front, bar=False)},
    ]  # fmt: skip
    shown = [t for t in traces if t["x"]]
    return [{**t, "showlegend": first and t.get("showlegend", True)} for t in shown]


def _symbol(outcome: Outcome) -> str:
    """The mark on the front: by who proposed it."""
    if outcome.number > 0:
        return "circle"
    return "square" if by_hand(outcome) else "diamond"


def _points(ledger: Ledger, outcomes: Sequence[Outcome], pair: tuple[int, int], *, errors: bool = False) -> Trace:
    """Markers of outcomes over two objectives, with standard errors where asked for."""
    x, y = (ledger.spec.goals[i].name for i in pair)
    trace: Trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [o.values.get(x) for o in outcomes],
        "y": [o.values.get(y) for o in outcomes],
        "hovertext": [hover(ledger, o) for o in outcomes],
        "hoverinfo": "text",
    }
    if errors:
        style = {"type": "data", "color": INK, "thickness": 1.2, "width": 3}
        trace["error_x"] = {**style, "array": [o.errors.get(x, 0.0) for o in outcomes]}
        trace["error_y"] = {**style, "array": [o.errors.get(y, 0.0) for o in outcomes]}
    return trace


def _by_round(ledger: Ledger, outcomes: Sequence[Outcome], *, bar: bool) -> dict[str, object]:
    """Colour by round, with a colour bar where asked for."""
    last = max((o.round for o in ledger.outcomes), default=0)
    scale = [[i / (len(ROUNDS) - 1), colour] for i, colour in enumerate(ROUNDS)]
    title = {"text": "Round", "side": "right"}
    look = {"thickness": 12, "len": 0.6, "outlinewidth": 0, "title": title, "tickformat": "d"}
    look |= {"dtick": 1} if last < 6 else {"nticks": 6}
    shown: dict[str, object] = {"colorbar": look} if bar else {}
    colours = [o.round + 1 for o in outcomes]
    return {"color": colours, "cmin": 1, "cmax": max(last + 1, 2), "colorscale": scale, "showscale": bar, **shown}


def _stairs(ledger: Ledger, front: Sequence[Outcome]) -> list[Trace]:
    """The region two plain objectives' front dominates, down to the reference point."""
    corners = stairs(ledger, front)
    if corners is None:
        return []
    x, y = corners
    edge = {"color": ACCENT, "width": 1.5}
    area: Trace = {"type": "scatter", "mode": "lines", "x": x, "y": y, "hoverinfo": "skip", "name": "Dominated"}
    return [{**area, "fill": "toself", "fillcolor": SHADE, "line": edge, "opacity": 0.55}]


def stairs(ledger: Ledger, front: Sequence[Outcome]) -> tuple[list[float], list[float]] | None:
    """Corners (x, y), natural units, of the polygon between a two-objective front and the reference point.

    None when an objective is a target, or nothing is better than the reference point.
    """
    goals = ledger.spec.goals
    if ledger.reference is None or any(g.kind == "target" for g in goals):
        return None
    bound = np.array(ledger.reference)
    inside = sorted(o.losses for o in front if (np.array(o.losses) < bound).all())
    if not inside:
        return None
    corners = [(inside[0][0], bound[1])]
    for here, after in zip(inside, [*inside[1:], (bound[0], np.nan)], strict=True):
        corners += [(here[0], here[1]), (after[0], here[1])]
    corners += [(bound[0], bound[1]), corners[0]]
    xs, ys = ([goal.natural(float(c[i])) for c in corners] for i, goal in enumerate(goals))
    return xs, ys


def running_best(ledger: Ledger, column: int) -> tuple[list[int], list[float]]:
    """Evaluation numbers and the best feasible value of one objective up to each, natural units."""
    xs, ys, least = [], [], float("inf")
    for outcome in asked(ledger):
        loss = outcome.losses[column] if outcome.feasible else float("nan")
        if loss < least:
            least, value = loss, outcome.values[ledger.spec.goals[column].name]
        if least < float("inf"):
            xs.append(outcome.number)
            ys.append(value)
    return xs, ys


def progress(ledger: Ledger) -> Figure:
    """A single objective: every value in order, and the best so far."""
    goal = ledger.spec.goals[0]
    xs, ys = running_best(ledger, 0)
    line: Trace = {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "name": "Best so far", "hoverinfo": "skip"}
    line["line"] = {"shape": "hv", "color": ACCENT, "width": 2}
    traces = [line] if xs else []
    cross = {"size": 7, "symbol": "x-thin-open", "color": MUTED}
    groups: tuple[tuple[str, dict[str, object], list[Outcome]], ...] = (
        ("Evaluated", {"size": 8, "color": "#b8416b"}, [o for o in ledger.finished if o.number > 0 and o.feasible]),
        ("Breaks a constraint", cross, [o for o in ledger.finished if o.number > 0 and not o.feasible]),
        (BEFORE, EARLIER, earlier(ledger.finished)),
        (ADDED, BESIDE, added(ledger.finished)),
    )
    for name, marker, own in groups:
        marks: Trace = {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": [o.number for o in own],
            "hoverinfo": "text",
        }
        marks["y"] = [o.values.get(goal.name) for o in own]
        marks["hovertext"] = [hover(ledger, o) for o in own]
        marks["error_y"] = {"type": "data", "array": [o.errors.get(goal.name, 0.0) for o in own], "thickness": 1}
        marks["marker"] = marker
        traces += [marks] if own else []
    axes = {"xaxis": axis("Evaluation"), "yaxis": axis(wanted(goal)), "shapes": band(goal, "y", "x")}
    return {"data": traces, "layout": layout(420, axes)}


def trace(ledger: Ledger) -> Figure | None:
    """Hypervolume after each round over the evaluations made; None when it is not known of any round."""
    known = [r for r in ledger.rounds if r.hypervolume is not None]
    if not known:
        return None
    x = [evaluated(ledger, r.index + 1) for r in known]
    text = [f"round {r.index + 1}<br>hypervolume {number(r.hypervolume)}" for r in known]
    line: Trace = {"type": "scatter", "mode": "lines+markers", "x": x, "y": [r.hypervolume for r in known]}
    line |= {"line": {"color": ACCENT, "width": 2, "shape": "hv"}, "marker": {"size": 7}, "fill": "tozeroy"}
    line |= {"fillcolor": SHADE, "hovertext": text, "hoverinfo": "text", "showlegend": False, "cliponaxis": False}
    stages = _turning_points(ledger)
    axes = {"xaxis": axis("Evaluations"), "yaxis": axis("Hypervolume", {"rangemode": "tozero"}), **stages}
    return {"data": [line], "layout": layout(340, axes)}


def turning_points(ledger: Ledger) -> list[tuple[int, str, bool]]:
    """Evaluations made, what happened then, and whether people did it: another optimizer took over, aims changed."""
    found = [
        (evaluated(ledger, batch.index), f"{batch.optimizer} from here", False)
        for before, batch in zip(ledger.batches, ledger.batches[1:], strict=False)
        if batch.stage != before.stage
    ]
    for change in ledger.changes:
        if change.regards:
            made = evaluated(ledger, change.round)
            found.append((made, f"{' and '.join(change.regards)} changed", True))
    return found


def _turning_points(ledger: Ledger) -> dict[str, object]:
    """Dotted lines where another optimizer took over, dashed ones where aims changed, each with its words."""
    shapes, notes = [], []
    for x, text, by_people in turning_points(ledger):
        style = {"color": MUTED, "width": 1, "dash": "dash" if by_people else "dot"}
        shapes.append({"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": style})
        words = {"text": plain(text), "showarrow": False, "font": {"color": MUTED}, "x": x, "xanchor": "left"}
        place = {"y": 0.02, "yanchor": "bottom"} if by_people else {"y": 1.0, "yanchor": "bottom"}
        notes.append({**words, "xshift": 6, "yref": "paper", **place})
    return {"shapes": shapes, "annotations": notes}
