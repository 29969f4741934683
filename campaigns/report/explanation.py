"""This file is the report's explanation: what `campaign explain` found, in figures and tables."""

from pathlib import Path

from eutectic.campaigns.analysis.explanation import Explained, Explanation, order
from eutectic.campaigns.analysis.labels import label, measured, number
from eutectic.campaigns.explain.charts import beeswarm, dependence, interactions, waterfalls
from eutectic.campaigns.explain.files import read_explanation
from eutectic.campaigns.explain.text import changes, formula
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.campaigns.report.blocks import (
    Block,
    Cell,
    Folded,
    Heading,
    Section,
    chart,
    paragraph,
    section,
    table,
)

SHOWN = 12
"""Variables in a table at most."""


def explanation(ledger: Ledger) -> Section | None:
    """What the campaign's folder holds of an explanation; how to get one where it holds none."""
    if not ledger.finished:
        return None
    found = read_explanation(Path(ledger.folder))
    if found is None or not found.properties:
        told = f"Not computed yet: campaign explain {ledger.folder} adds it here."
        return section("explanation", "What do the properties depend on?", paragraph(told, "note"))
    late = len(ledger.finished) - found.evaluations
    parts: list[Block | None] = [
        paragraph(f"{late} evaluations finished since: campaign explain {ledger.folder}" if late else "", "warn"),
        paragraph(_lead(found), "note"),
        *(block for k, one in enumerate(found.properties) for block in _property(found, one, k)),
        *(paragraph(str(leaning)) for leaning in found.leanings),
        *(paragraph(note, "note") for note in found.notes),
    ]
    return section("explanation", "What do the properties depend on?", parts)


def _lead(found: Explanation) -> str:
    """How to read the figures."""
    background = max(one.swarm.background for one in found.properties)
    told = (
        f"All of it is the surrogates', from {found.evaluations} evaluations, and no better than they are. SHAP values "
        f"say what a candidate's variables add to the mean prediction over {background} evaluated candidates; they sum "
        "to its own prediction. "
    )
    if found.compositions:
        told += (
            "Fractions that sum to one are never changed alone: where some are given, the others share the rest in "
            "their own proportions, within their bounds. "
        )
    return told + (
        "Permutation: rise of the error when a variable is shuffled; LASSO: coefficient for one standard deviation."
    )


def _property(found: Explanation, one: Explained, place: int) -> list[Block | None]:
    """One property's figures, ranking, formula and counterfactuals."""
    rows: list[list[Cell]] = [
        [label(found.variables[j]), number(one.ranking.shap[j], 3),
         measured(one.ranking.permutation[j], one.ranking.permutation_error[j], 3), number(one.ranking.lasso[j], 3)]
        for j in order(one)[:SHOWN]
    ]  # fmt: skip
    return [
        Heading(3, label(one.title())),
        chart(f"shap_{place}", beeswarm(found, one)),
        table(["Variable", "Mean |SHAP|", "Permutation", "LASSO"], rows, numbers=(1, 2, 3)),
        *(paragraph(" ".join(formula(said)).strip()) for said in one.formulas),
        _latex(one),
        *_figure("Partial dependence", f"dependence_{place}", dependence(found, one)),
        *_figure("Interactions: mean size", f"interactions_{place}", interactions(found, one)),
        *_figure("Candidates one by one", f"waterfalls_{place}", waterfalls(found, one)),
        *_counterfactuals(found, one),
    ]


def _figure(heading: str, anchor: str, figure: dict[str, object] | None) -> list[Block | None]:
    return [Heading(4, heading), chart(anchor, figure)] if figure is not None else []


def _counterfactuals(found: Explanation, one: Explained) -> list[Block | None]:
    """A row a candidate: the smallest change that lifts it over the threshold."""
    rows: list[list[Cell]] = []
    for change in one.counterfactuals:
        cells: list[Cell] = [found.called(change.number), found.titles[change.number], number(change.now)]
        if change.met or change.variables is None:
            cells += ["none needed" if change.met else "no point looked at is predicted there", "–", "–", "–", ""]
        else:
            chance = "–" if change.chance is None else f"{100 * change.chance:.0f} %"
            others = ", ".join(f"{label(name)} {number(value)}" for name, value in change.others.items())
            cells += [changes(found, change), number(change.distance, 2), measured(change.predicted, change.std)]
            cells += [chance, others]
        rows.append(cells)
    if not rows:
        return []
    head = [
        "",
        "Candidate",
        "Predicted now",
        "Smallest change",
        "Distance",
        "Predicted then",
        "P(reached)",
        "Others then",
    ]
    note = (
        f"Smallest change found on the surrogate, inside the space, that reaches: {one.threshold}. Distance: root of "
        "the sum of squared changes, each divided by the variable's range; fractions as they are, another category 1."
    )
    body = table(head, rows, numbers=(2, 4, 5, 6), tall=len(rows) > 12)
    return [Heading(4, "Counterfactuals"), paragraph(note, "note"), body]


def _latex(one: Explained) -> Folded | None:
    """The formulas in LaTeX, to be unfolded."""
    told = [f"{said.where}: {said.latex}" if said.where else said.latex for said in one.formulas]
    title = "The formula in LaTeX" if len(told) == 1 else "The formulas in LaTeX"
    return Folded(title, "\n".join(told)) if told else None
