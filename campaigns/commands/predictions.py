"""This file is how predictions are printed."""

import json
from collections.abc import Sequence

from eutectic.campaigns.analysis.labels import aligned, label, number, title_of
from eutectic.campaigns.analysis.summary import shown, title
from eutectic.campaigns.file.goals import Goal
from eutectic.campaigns.hand.predicting import Expected, Prediction


def predictions(found: Sequence[Prediction], goals: Sequence[Goal]) -> str:
    """A block a candidate: each property with its interval, the probability of being feasible, the nearest measured."""
    return "\n\n".join(_block(prediction, goals) for prediction in found) or "nothing to predict"


def _block(found: Prediction, goals: Sequence[Goal]) -> str:
    names = ", ".join(f"{name} {shown(value)}" for name, value in found.variables.items())
    rows = [[label(title_of(goals, name)), *_expected(e)] for name, e in found.properties.items()]
    beyond = f"outside what was measured: {'; '.join(found.beyond)}: the surrogates extrapolate"
    far = f"distance {found.distance:.3g}" if found.distance else "the same point"
    lines = [
        names + ("" if found.inside else " (outside the space)"),
        *([beyond] if found.beyond else []),
        aligned(["property", "mean", "deviation", "95 %"], rows),
        f"feasible with probability {found.feasibility:.2f}",
        f"nearest measured: {found.neighbour.name} ({title(found.neighbour)}), {far}",
    ]
    return "\n".join(lines)


def _expected(e: Expected) -> list[str]:
    """Mean, deviation and interval; of what was computed the value alone."""
    if e.computed:
        return [number(e.mean), "computed", ""]
    return [number(e.mean), number(e.std), f"{number(e.interval[0])} to {number(e.interval[1])}"]


def predictions_json(found: Sequence[Prediction]) -> str:
    """The same for programs."""
    content = [
        {
            "id": p.id,
            "variables": dict(p.variables),
            "inside": p.inside,
            "beyond": list(p.beyond),
            "properties": {
                name: {"mean": e.mean, "std": e.std, "interval_95": list(e.interval), "computed": e.computed}
                for name, e in p.properties.items()
            },
            "feasibility": p.feasibility,
            "nearest": {
                "number": p.neighbour.proposal,
                "name": p.neighbour.name,
                "id": p.neighbour.id,
                "distance": p.distance,
            },
        }
        for p in found
    ]
    return json.dumps(content, indent=2, ensure_ascii=False)
