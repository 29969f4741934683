"""This file is the same figures as still pictures: PNG and SVG files for MLflow and for print."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eutectic.campaigns.analysis.amounts import portions
from eutectic.campaigns.analysis.before import added, earlier
from eutectic.campaigns.analysis.labels import label, number, quantity, titled
from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.parity import Parities, leave_one_out
from eutectic.campaigns.analysis.summary import evaluated, shown
from eutectic.campaigns.figures.candidate_charts import elements, spread, thinned, tick
from eutectic.campaigns.figures.charts import ADDED, BEFORE, MAX_PANELS, running_best, stairs, turning_points
from eutectic.campaigns.figures.material_pictures import crystal_picture, curve_pictures
from eutectic.campaigns.figures.palette import ACCENT, GRID, INK, MUTED, ROUNDS, SHADE, hatch, member
from eutectic.campaigns.record.outcomes import Ledger, Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


STYLE: dict[Any, Any] = {
    "font.family": "sans-serif", "font.sans-serif": ["Inter", "Helvetica", "Arial", "DejaVu Sans"], "font.size": 10,
    "axes.edgecolor": MUTED, "axes.labelcolor": INK, "axes.grid": True, "axes.axisbelow": True, "grid.color": GRID,
    "axes.spines.top": False, "axes.spines.right": False, "xtick.color": MUTED, "ytick.color": MUTED,
    "xtick.labelcolor": INK, "ytick.labelcolor": INK, "text.color": INK, "legend.frameon": False,
    "svg.fonttype": "none", "svg.hashsalt": "eutectic",
}  # fmt: skip
"""matplotlib settings of every picture."""
DPI = 160
"""Dots an inch of a picture."""


def write_figures(ledger: Ledger, folder: Path, parities: Parities | None = None) -> list[Path]:
    """Write every picture that has something to show; their paths, in a fixed order.

    Files: objectives, hypervolume, variables, parity, crystals, and a curve.NAME an objective that is one; each as PNG
    and as SVG. `parities` are computed when not given.
    """
    import matplotlib as mpl

    best = front(ledger)
    checks = leave_one_out(ledger) if parities is None else parities
    drawn: list[tuple[str, Callable[[], Figure | None]]] = [
        ("objectives", lambda: _objectives(ledger, best)),
        ("hypervolume", lambda: _trace(ledger)),
        ("variables", lambda: _front_variables(ledger, best)),
        ("parity", lambda: _parity(checks)),
        ("crystals", lambda: crystal_picture(best)),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    with mpl.rc_context(STYLE):
        for name, figure in [*((name, draw()) for name, draw in drawn), *curve_pictures(ledger)]:
            paths += [] if figure is None else saved(figure, folder, name, DPI)
    return paths


def saved(figure: "Figure", folder: Path, name: str, dpi: int) -> list[Path]:
    """Write a figure as PNG and as SVG, which says nothing of when it was written; the paths."""
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    figure.savefig(paths[0], dpi=dpi)
    figure.set_layout_engine("none")  # what was laid out once stays where it is, in fractions of the figure
    figure.savefig(paths[1], metadata={"Date": None})
    return paths


def _sheet(rows: int, columns: int, width: float, height: float) -> "tuple[Figure, list[Axes]]":
    """A figure of panels, inches each; made without pyplot, so that no global state is touched."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    return figure, list(panels.flat)


def _objectives(ledger: Ledger, front: Sequence[Outcome]) -> "Figure | None":
    if not ledger.finished:
        return None
    m = len(ledger.spec.goals)
    if m == 1:
        return _values(ledger)
    pairs = list(combinations(range(m), 2))[:MAX_PANELS]
    columns = min(len(pairs), 3)
    size = (7.2, 5.0) if len(pairs) == 1 else (4.4, 3.7)
    figure, panels = _sheet(-(-len(pairs) // columns), columns, *size)
    for panel in panels[len(pairs) :]:
        panel.remove()
    for panel, pair in zip(panels, pairs, strict=False):
        drawn = _pair(ledger, front, pair, panel)
    panels[0].legend(loc="upper left", bbox_to_anchor=(0, 1.09), ncols=3, borderaxespad=0, handletextpad=0.3)
    if any(o.feasible for o in ledger.finished):
        bar = figure.colorbar(drawn, ax=panels[: len(pairs)], label="Round", shrink=0.7, aspect=28)
        bar.outline.set_visible(False)
        bar.locator = _whole()
    return figure


def _whole() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True, nbins=6)


def _pair(ledger: Ledger, front: Sequence[Outcome], pair: tuple[int, int], panel: "Axes") -> Any:
    """Two objectives in one panel; what the colour bar refers to."""
    from matplotlib.colors import LinearSegmentedColormap

    x, y = (ledger.spec.goals[i] for i in pair)
    on_front = {o.number for o in front}
    rest = [o for o in ledger.finished if o.number not in on_front]
    corners = stairs(ledger, front) if len(ledger.spec.goals) == 2 else None
    if corners:
        panel.fill(*corners, facecolor=SHADE, edgecolor="none", alpha=0.6, zorder=0)
        panel.plot(*corners, color=ACCENT, lw=1.1, zorder=1)
    for name, mark, given in ((BEFORE, "D", earlier(rest)), (ADDED, "s", added(rest))):
        if given:
            panel.scatter(*_xy(given, x.name, y.name), marker=mark, s=22, lw=0.9, fc="none", ec=MUTED, label=name)
    broken = [o for o in rest if not o.feasible and o.number > 0]
    if broken:
        panel.scatter(*_xy(broken, x.name, y.name), marker="x", s=22, lw=0.9, c=MUTED, label="Breaks a constraint")
    last = max(2, *(o.round + 1 for o in ledger.outcomes))
    look: dict[str, Any] = {"cmap": LinearSegmentedColormap.from_list("rounds", ROUNDS), "vmin": 1, "vmax": last}
    plane = [o for o in rest if o.feasible and o.number > 0]
    dots = panel.scatter(*_xy(plane, x.name, y.name), c=[o.round + 1 for o in plane], s=26, lw=0.4,
                         edgecolors="white", label="Evaluated" if plane else None, **look)  # fmt: skip
    if front:
        errors = [[o.errors.get(g.name, 0.0) for o in front] for g in (x, y)]
        panel.errorbar(*_xy(front, x.name, y.name), xerr=errors[0], yerr=errors[1], fmt="none", ecolor=INK,
                       elinewidth=0.9, capsize=2, zorder=3)  # fmt: skip
        panel.scatter(*_xy(front, x.name, y.name), c=[o.round + 1 for o in front], s=58, lw=1.1, edgecolors=INK,
                      zorder=4, label="Pareto front", **look)  # fmt: skip
    panel.set(xlabel=_wanted(x), ylabel=_wanted(y))
    return dots


def _wanted(goal: Any) -> str:
    aim = f"target {number(goal.target)}" if goal.kind == "target" else f"{goal.kind}d"
    return _text(f"{label(titled(goal.name, goal.distance))}, {aim}")


def _text(text: str) -> str:
    """User's text with no mathematics read from it."""
    return text.replace("$", r"\$")


def _xy(outcomes: Sequence[Outcome], x: str, y: str) -> tuple[list[float], list[float]]:
    nan = float("nan")
    return [o.values.get(x, nan) for o in outcomes], [o.values.get(y, nan) for o in outcomes]


def _values(ledger: Ledger) -> "Figure":
    """A single objective in the order of evaluation, and the best so far."""
    figure, (panel,) = _sheet(1, 1, 7.2, 4.2)
    name = ledger.spec.goals[0].name
    xs, ys = running_best(ledger, 0)
    panel.step(xs, ys, where="post", color=ACCENT, lw=1.8, label="Best so far")
    ours = [o for o in ledger.finished if o.number > 0]
    hollow = {"ms": 4, "color": MUTED, "mfc": "none"}
    for called, every, look in (
        ("Evaluated", [o for o in ours if o.feasible], {"fmt": "o", "ms": 5, "color": ROUNDS[3]}),
        ("Breaks a constraint", [o for o in ours if not o.feasible], {"fmt": "x", "ms": 5, "color": MUTED}),
        (BEFORE, earlier(ledger.finished), {"fmt": "D", **hollow}),
        (ADDED, added(ledger.finished), {"fmt": "s", **hollow}),
    ):
        own = [o for o in every if name in o.values]
        if own:
            x, y = [o.number for o in own], [o.values[name] for o in own]
            error = [o.errors.get(name, 0.0) for o in own]
            panel.errorbar(x, y, error, **look, elinewidth=0.8, label=called)  # type: ignore[arg-type]
    panel.set(xlabel="Evaluation", ylabel=_wanted(ledger.spec.goals[0]))
    panel.xaxis.set_major_locator(_whole())
    panel.legend(loc="best")
    return figure


def _trace(ledger: Ledger) -> "Figure | None":
    """Hypervolume after each round over the evaluations made."""
    known = [r for r in ledger.rounds if r.hypervolume is not None]
    if len(ledger.spec.goals) < 2 or not known:
        return None
    figure, (panel,) = _sheet(1, 1, 7.2, 3.6)
    x = [evaluated(ledger, r.index + 1) for r in known]
    y = [r.hypervolume or 0.0 for r in known]
    panel.fill_between(x, y, step="post", color=SHADE, lw=0)
    panel.step(x, y, where="post", color=ACCENT, lw=1.8)
    panel.plot(x, y, "o", color=ACCENT, ms=4.5, clip_on=False)
    for start, words, by_people in turning_points(ledger):
        panel.axvline(start, color=MUTED, lw=0.9, ls="--" if by_people else ":")
        place, height = panel.get_xaxis_transform(), 0.02 if by_people else 1.01
        panel.text(start, height, f" {_text(words)}", transform=place, color=MUTED, fontsize=9)
    units = [quantity(titled(g.name, g.distance))[1] for g in ledger.spec.goals]
    unit = f" ({_text(' · '.join(units))})" if all(units) else ""
    panel.set(xlabel="Evaluations", ylabel=f"Hypervolume{unit}", ylim=(0, None))
    panel.xaxis.set_major_locator(_whole())
    return figure


def _front_variables(ledger: Ledger, front: Sequence[Outcome]) -> "Figure | None":
    """Compositions along the front as stacked bars, other variables as a heat map."""
    chosen = thinned(front)
    if not chosen or len(ledger.spec.goals) < 2:
        return None
    first = quantity(titled(ledger.spec.goals[0].name, ledger.spec.goals[0].distance))[0].lower()
    below = _text(f"Candidates on the front, best {first} first")
    ticks = [tick(o) for o in chosen]
    if not all(o.composition for o in chosen):
        return _map(ledger, chosen, ticks, below)
    figure, (panel,) = _sheet(1, 1, 7.2, 4.0)
    base = [0.0] * len(chosen)
    percents, unit = portions([(o.variables, o.composition or {}) for o in chosen])
    shown_elements = [e for e in elements(chosen) if any(e in percent for percent in percents)]
    for i, element in enumerate(shown_elements):
        shares = [percent.get(element, 0.0) for percent in percents]
        panel.bar(ticks, shares, 0.82, base, color=member(i), hatch=hatch(i), label=element)
        base = [b + s for b, s in zip(base, shares, strict=True)]
    panel.set(xlabel=below, ylabel=unit, ylim=(0, max(base)))
    panel.grid(visible=False, axis="x")
    panel.tick_params(axis="x", rotation=90 if len(chosen) > 14 else 0, labelsize=8 if len(chosen) > 14 else 9)
    handles, names = panel.get_legend_handles_labels()
    panel.legend(handles[::-1], names[::-1], loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.0)
    return figure


def _map(ledger: Ledger, front: Sequence[Outcome], ticks: Sequence[str], below: str) -> "Figure":
    """A column a candidate, a row a variable, shaded by its place in the range evaluated."""
    from matplotlib.colors import LinearSegmentedColormap

    names, scaled = spread(ledger, front)
    figure, (panel,) = _sheet(1, 1, max(5.0, 1.8 + 0.62 * len(front)), 1.3 + 0.42 * len(names))
    shades = LinearSegmentedColormap.from_list("place", ["#f5f9fd", "#8fbfe6"])
    panel.imshow(scaled, cmap=shades, vmin=0, vmax=1, aspect="auto")
    if len(front) <= 16:
        for row, name in enumerate(names):
            for column, outcome in enumerate(front):
                text = _text(shown(outcome.variables.get(name)))
                panel.text(column, row, text, ha="center", va="center", fontsize=7.5)
    panel.set_xticks(range(len(front)), ticks, rotation=90 if len(front) > 14 else 0)
    panel.set_yticks(range(len(names)), [_text(label(n)) for n in names])
    panel.grid(visible=False)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    panel.set_xlabel(below)
    return figure


def _parity(checks: Parities) -> "Figure | None":
    """Measured against predicted from all others, a panel an output."""
    if not checks.outputs:
        return None
    columns = min(len(checks.outputs), 3)
    rows = -(-len(checks.outputs) // columns)
    figure, panels = _sheet(rows, columns, 4.0, 3.9)
    for panel in panels[len(checks.outputs) :]:
        panel.remove()
    for panel, output in zip(panels, checks.outputs, strict=False):
        look = {
            "fmt": "o",
            "ms": 4.5,
            "color": ACCENT,
            "mec": "white",
            "mew": 0.4,
            "ecolor": "#a9cbe8",
            "elinewidth": 0.9,
        }
        panel.errorbar(output.measured, output.predicted, output.std, **look)  # type: ignore[arg-type]
        middle = (float(output.measured[0]),) * 2
        panel.axline(middle, slope=1, color=MUTED, lw=1, ls="--", zorder=0)
        words = f"R² {number(output.metrics.get('r2'), 3)}\nRMSE {number(output.metrics.get('rmse'), 3)}"
        panel.text(0.04, 0.96, words, transform=panel.transAxes, va="top", fontsize=9)
        panel.set(xlabel=_text(f"Measured: {label(output.title)}"), ylabel="Predicted without it")
    return figure
