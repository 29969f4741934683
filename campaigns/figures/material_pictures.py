"""This file is still pictures of what candidates are: crystals of the front, and curves beside the wanted one."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eutectic.campaigns.analysis.labels import label, number
from eutectic.campaigns.figures.crystals import Drawing, drawn, relaxed_of
from eutectic.campaigns.figures.curves import NEAREST, ranked
from eutectic.campaigns.figures.palette import INK, MUTED, member
from eutectic.campaigns.problem.curves import targets
from eutectic.campaigns.record.outcomes import Ledger, Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = 12
"""Crystals in a picture at most."""
ACROSS = 4
"""Of them side by side."""
MOST_SITES = 200
"""Cells with more atoms are not drawn: nothing would be seen."""


def crystal_picture(best: Sequence[Outcome]) -> "Figure | None":
    """The first crystals of the front, a panel each; None where candidates have no structures."""
    from matplotlib.figure import Figure

    pairs = [(o, relaxed_of(o)) for o in best if o.structure is not None][:SHOWN]
    shown = [(o, drawn(relaxed or made)) for o, (made, relaxed) in pairs if len(made) <= MOST_SITES]
    if not shown:
        return None
    columns = min(len(shown), ACROSS)
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(2.3 * columns, 2.6 * rows), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel in panels[len(shown) :]:
        panel.remove()
    for panel, (outcome, drawing) in zip(panels, shown, strict=False):
        _cell(panel, drawing)
        panel.set_title(_text(outcome.name), fontsize=9)
    return figure


def _cell(panel: "Axes", drawing: Drawing) -> None:
    """Edges, atoms, and the elements below."""
    from matplotlib.patches import Circle

    for line in drawing.lines:
        panel.plot([line.x1, line.x2], [line.y1, line.y2], color=MUTED, lw=0.8, zorder=1)
    for k, ball in enumerate(drawing.balls):
        circle = Circle((ball.x, ball.y), ball.radius, facecolor=ball.fill, edgecolor=INK, lw=0.5, zorder=2 + k)
        panel.add_patch(circle)
    for word in drawing.words:
        panel.text(word.x, word.y, word.text, fontsize=8)
    panel.set(xlim=(0, drawing.width), ylim=(drawing.height, 0), aspect="equal")
    panel.axis("off")


def curve_pictures(ledger: Ledger) -> "Iterator[tuple[str, Figure]]":
    """`curve.NAME` and its picture, the nearest candidates beside what is wanted; one an objective that is a curve."""
    from matplotlib.figure import Figure

    goals = [goal for goal in ledger.spec.goals if goal.curve is not None]
    wanted, _ = targets(ledger.spec, Path(str(ledger.facts.get("source", ".")))) if goals else ({}, [])
    for name, target in wanted.items():
        measured = ranked(name, ledger.finished)
        if not measured:
            continue
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        panel = figure.subplots()
        for _, points in measured[NEAREST:]:
            panel.plot(target.axis, points, color=MUTED, lw=0.6, alpha=0.25)
        for i, (outcome, points) in reversed(list(enumerate(measured[:NEAREST]))):
            title = f"{outcome.name}, distance {number(outcome.values[name])}"
            panel.plot(target.axis, points, color=member(i), lw=1.6, label=_text(title))
        panel.plot(target.axis, target.values, color=INK, lw=1.8, ls=":", label="wanted")
        panel.set(xlabel="Axis of the target's file", ylabel=_text(label(name)))
        panel.legend(loc="best")
        yield f"curve.{''.join(c if c.isalnum() or c in '_-' else '_' for c in name)}", figure


def _text(text: str) -> str:
    """User's text with no mathematics read from it."""
    return text.replace("$", r"\$")
