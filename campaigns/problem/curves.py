"""This file is objectives that are curves: read from files, brought to the target's axis, what they amount to."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

import numpy as np

from eutectic.campaigns.errors import Complaint
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.oracles.base import Evaluation, Value
from eutectic.oracles.tables.sheet import parse, read
from eutectic.surrogates.base import Array
from eutectic.surrogates.composite.curve_distance import Target

Points = Sequence[float] | Sequence[Sequence[float]] | Array
"""A curve as somebody tells it: its points (p,), or (p, 2) with the axis before each."""
Measured = float | Points
Told = Value | Points
"""What somebody tells of a property, or of a variable that was measured with it."""
REACH = 1e-6
"""How far a target's axis may reach beyond a curve's, of its length, dimensionless."""


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
    try:
        points = file_points(path)
    except ValueError as error:
        told = str(error).partition("; if ")  # no option says how a target is written
        more = "; a target has commas between its cells and a full stop before decimals" if told[1] else ""
        raise ValueError(told[0] + more) from None
    values = points if points.ndim == 1 else points[:, 1].copy()
    axis = np.arange(len(values)) if points.ndim == 1 else points[:, 0].copy()
    digest = hashlib.sha256(axis.tobytes() + values.tobytes() + distance.encode()).hexdigest()
    try:
        return Target(axis.astype(float), values, distance, digest)  # type: ignore[arg-type]
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def file_points(path: Path, separator: str = ",", decimal: str = ".") -> Array:
    """The values (p,) of a CSV, or axis and values (p, 2), with or without names above; ValueError where it has none.

    A row of numbers where names stand as a rule is the first point. What cannot be read as is said, and can with a
    comma between cells and a full stop before decimals, is read so: a sheet and an instrument may write differently.
    """
    try:
        return _file_points(path, separator, decimal)
    except ValueError:
        if (separator, decimal) == (",", "."):
            raise
        with suppress(ValueError):
            return _file_points(path, ",", ".")
        raise


def _file_points(path: Path, separator: str, decimal: str) -> Array:
    sheet = read(str(path), None, separator, decimal)
    if all(parse(name, decimal) is not None for name in sheet.columns):
        sheet = read(str(path), ("axis", "value")[-len(sheet.columns) :], separator, decimal)
    if len(sheet.columns) not in (1, 2):
        raise ValueError(f"{path.name} has {len(sheet.columns)} columns; a curve has values, or an axis and values")
    columns = [np.array(sheet.number(name), dtype=float) for name in sheet.columns]
    return columns[0] if len(columns) == 1 else np.stack(columns, 1)


def is_curve(value: object) -> TypeGuard[Points]:
    """Is it points, and no number and no word?"""
    return (isinstance(value, Sequence) and not isinstance(value, str)) or (
        isinstance(value, np.ndarray) and value.ndim > 0
    )


def told_points(wanted: Target, told: Points) -> Array:
    """The points (p,) of a curve where the target has its own, interpolated between those that were told.

    ValueError for another number of points without an axis, for an axis that does not cover the target's, and for what
    no distance can be taken of.
    """
    try:
        points = np.array(told, dtype=float)
    except (ValueError, TypeError):
        raise ValueError("its points are not all numbers, or not all pairs") from None
    if points.ndim == 2 and points.shape[1] == 2:
        points = _at_target(wanted, *points.T)
    elif points.ndim != 1:
        raise ValueError(f"an array of shape {points.shape} is no curve: give points, or pairs of axis and point")
    if reason := wanted.refuse(points):
        raise ValueError(reason)
    return points


def _at_target(wanted: Target, axis: Array, values: Array) -> Array:
    """Values (p,) at the target's axis, of a curve (k,) on another."""
    if len(axis) > 1 and (np.diff(axis) < 0).all():
        axis, values = axis[::-1], values[::-1]
    if not (np.diff(axis) > 0).all():
        raise ValueError("its axis does not increase from row to row")
    bare = np.array_equal(wanted.axis, np.arange(len(wanted.axis)))
    if bare and not np.array_equal(axis, wanted.axis):
        raise ValueError("the target has no axis, so that its points cannot be found on this one: give points alone")
    (low, high), slack = wanted.axis[[0, -1]], REACH * np.ptp(wanted.axis)
    if not (axis[0] - slack <= low and high <= axis[-1] + slack):
        raise ValueError(f"its axis has {axis[0]:g} to {axis[-1]:g}, and the target's {low:g} to {high:g}")
    return np.interp(wanted.axis, axis, values)


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
