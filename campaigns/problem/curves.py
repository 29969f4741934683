"""This file is objectives that are curves: the target read from its file, and what an oracle's curve amounts to."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from eutectic.campaigns.errors import Complaint
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.oracles.base import Evaluation
from eutectic.oracles.tables.sheet import read
from eutectic.surrogates.composite.curve_distance import Target


def targets(spec: CampaignSpec, folder: Path) -> tuple[dict[str, Target], list[Complaint]]:
    """Property -> the curve it is to be like, and what is wrong with their files."""
    found: dict[str, Target] = {}
    complaints = []
    for goal in spec.goals:
        if goal.curve is None:
            continue
        try:
            found[goal.name] = target(folder / goal.curve.file, goal.curve.distance)
        except ValueError as error:
            complaints.append(Complaint(("objectives", goal.name, "target"), str(error)))
    return found, complaints


def target(path: Path, distance: str) -> Target:
    """The curve of a CSV: one column of values, or two, the axis first; ValueError says what is wrong with it."""
    sheet = read(str(path), None, ",")
    if len(sheet.columns) not in (1, 2):
        raise ValueError(f"{path.name} has {len(sheet.columns)} columns; a curve has values, or an axis and values")
    values = np.array(sheet.number(sheet.columns[-1]), dtype=float)
    axis = np.array(sheet.number(sheet.columns[0]), dtype=float) if len(sheet.columns) == 2 else np.arange(len(values))
    digest = hashlib.sha256(axis.tobytes() + values.tobytes() + distance.encode()).hexdigest()
    try:
        return Target(axis.astype(float), values, distance, digest)  # type: ignore[arg-type]
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def with_distances(evaluation: Evaluation, wanted: Mapping[str, Target]) -> Evaluation:
    """An evaluation whose curves have become distances; a failed one where a curve has none, or is no curve at all."""
    if evaluation.status != "finished":
        return evaluation
    values = dict(evaluation.values)
    for name, curve in evaluation.curves.items():
        if name not in wanted:
            continue
        points = np.array(curve, dtype=float)
        if reason := wanted[name].refuse(points):
            return _failed(evaluation, f"{name}: {reason}")
        values[name] = wanted[name].of(points)
    single = next((name for name in wanted if name in evaluation.values and name not in evaluation.curves), None)
    if single is not None:
        points_wanted = len(wanted[single].values)
        return _failed(evaluation, f"{single} is one number, where a curve of {points_wanted} points is wanted")
    return replace(evaluation, values=values)


def _failed(evaluation: Evaluation, error: str) -> Evaluation:
    return replace(evaluation, status="failed", failure="error", error=error, values={}, errors={})
