"""This file is an explanation in a campaign's folder: JSON and tables beside its pictures, and how it is read again."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from eutectic.campaigns.analysis.explanation import Explanation, _adapter, coefficients, dumped
from eutectic.campaigns.explain.pictures import write_pictures
from eutectic.oracles.whole_files import write_whole

FOLDER = "explanation"
"""Under the campaign's folder."""
WHOLE = "explanation.json"
Rows = list[list[object]]


def write_explanation(found: Explanation, folder: Path) -> list[Path]:
    """Write everything of an explanation to `folder`/explanation, what was there before replaced; the files."""
    home = folder / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    for old in [p for p in home.glob("*") if p.suffix in (".png", ".svg", ".csv")]:
        old.unlink()
    made = []
    for name, (head, rows) in tables(found).items():
        made.append(home / f"{name}.csv")
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows([head, *rows])
        made[-1].write_text(stream.getvalue(), encoding="utf-8")
    made += write_pictures(found, home)
    whole = home / WHOLE
    write_whole(whole, dumped(found))
    return [whole, *made]


def read_explanation(folder: Path) -> Explanation | None:
    """The explanation a campaign's folder holds, None without one that can be read."""
    from pydantic import ValidationError

    path = folder / FOLDER / WHOLE
    if not path.exists():
        return None
    try:
        return _adapter().validate_json(path.read_bytes())
    except ValidationError:  # another version's: `campaign explain` writes it anew
        return None


def explanation_files(folder: Path) -> list[Path]:
    """Every file of the explanation that a campaign's folder holds, in a fixed order."""
    home = folder / FOLDER
    return sorted(p for p in home.glob("*") if p.suffix in (".json", ".csv", ".png", ".svg")) if home.is_dir() else []


def tables(found: Explanation) -> dict[str, tuple[Sequence[str], Rows]]:
    """File name without ending -> head and rows; properties in their own units."""
    return {
        "ranking": _ranking(found),
        "shap": _shap(found),
        "partial_dependence": _dependence(found),
        "counterfactuals": _counterfactuals(found),
        "formulas": _formulas(found),
    }


def _ranking(found: Explanation) -> tuple[Sequence[str], Rows]:
    head = ["property", "variable", "mean_abs_shap", "permutation", "permutation_error", "lasso"]
    rows: Rows = []
    for one in found.properties:
        ranking = one.ranking
        columns = (ranking.shap, ranking.permutation, ranking.permutation_error, ranking.lasso)
        each = zip(found.variables, zip(*columns, strict=True), strict=True)
        rows += [[one.property, name, *values] for name, values in each]
    return head, rows


def _shap(found: Explanation) -> tuple[Sequence[str], Rows]:
    rows: Rows = []
    for one in found.properties:
        swarm = one.swarm
        each = zip(swarm.numbers, swarm.predicted, swarm.values, strict=True)
        rows += [
            [one.property, candidate_of(found, outcome), swarm.base, mean, *values] for outcome, mean, values in each
        ]
    return ["property", "candidate", "base", "predicted", *found.variables], rows


def _dependence(found: Explanation) -> tuple[Sequence[str], Rows]:
    rows: Rows = []
    for one in found.properties:
        for curve in one.curves:
            each = zip(curve.x, curve.mean, curve.std, strict=True)
            rows += [[one.property, curve.variable, x, mean, std] for x, mean, std in each]
    return ["property", "variable", "value", "predicted", "std"], rows


def _counterfactuals(found: Explanation) -> tuple[Sequence[str], Rows]:
    head = ["property", "threshold", "candidate", "now", "met", "distance", "predicted", "std", "chance"]
    rows: Rows = []
    for one in found.properties:
        for c in one.counterfactuals:
            there = [(c.variables or {}).get(name) for name in found.variables]
            told = [
                one.property,
                one.threshold,
                candidate_of(found, c.number),
                c.now,
                c.met,
                c.distance,
                c.predicted,
                c.std,
                c.chance,
            ]
            rows.append([*told, c.candidate, *there])
    return [*head, "row", *found.variables], rows


def candidate_of(found: Explanation, outcome: int) -> int | str:
    """The number of what was proposed, the name of what was known before."""
    return outcome if outcome > 0 else found.called(outcome)


def _formulas(found: Explanation) -> tuple[Sequence[str], Rows]:
    head = ["property", "where", "formula", "latex", "coefficients", "rmse", "rmse_left_out", "right"]
    rows: Rows = []
    for one in found.properties:
        for f in one.formulas:
            told = [one.property, f.where, f.text, f.latex, coefficients(f), f.rmse, f.left_out, f.right]
            rows.append([*told, f.own, f.low, f.high])
    return [*head, "is_the_surrogate", "lowest", "highest"], rows
