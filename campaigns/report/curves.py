"""This file is the report's curves: for each objective that is one, what was measured beside what is wanted."""

from pathlib import Path

from eutectic.campaigns.analysis.labels import label
from eutectic.campaigns.figures.curves import curves
from eutectic.campaigns.problem.curves import targets
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.campaigns.report.blocks import Block, Section, chart, paragraph, section

WORDS = {
    "rms": "the root of the mean squared difference over the points",
    "cosine": "1 less the cosine of the angle between both",
    "wasserstein": "the Wasserstein distance between both as densities",
}


def curve_section(ledger: Ledger) -> Section | None:
    """A figure an objective that is a curve; nothing where there is none."""
    goals = [goal for goal in ledger.spec.goals if goal.curve is not None]
    wanted, complaints = targets(ledger.spec, Path(str(ledger.facts.get("source", ".")))) if goals else ({}, [])
    parts: list[Block | None] = [
        paragraph(f"A target curve cannot be read: {complaint.message}", "warn") for complaint in complaints
    ]
    for goal in goals:
        assert goal.curve is not None
        if goal.name in wanted:
            figure = curves(goal.name, wanted[goal.name], ledger.finished)
            words = f"{label(goal.name)}: its value is {WORDS[goal.curve.distance]}, to {goal.curve.file}."
            parts += [paragraph(words), chart(f"curve-{len(parts)}", figure)]
    return section("curves", "Curves", parts)
