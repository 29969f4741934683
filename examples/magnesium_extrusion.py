"""This file is the oracle of magnesium_extrusion.yaml: random forests of the user's table of alloys and processes."""

from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor

YOURS = {
    "magnesium_extrusion.csv": (
        "gd_wt_percent", "y_wt_percent", "zn_wt_percent", "mn_wt_percent", "solution_temperature_k", "solution_time_h",
        "extrusion_temperature_k", "extrusion_ratio", "strength_mpa", "elongation_percent",
    ),
}  # fmt: skip
"""The table that is the user's to supply, with its columns."""
((FILE, COLUMNS),) = YOURS.items()
TABLE = Path(__file__).with_name(FILE)
VARIABLES = ("Gd", "Y", "Zn", "Mn", *COLUMNS[4:8])
"""Variables in the order of their columns."""
PROPERTIES = COLUMNS[8:]
if not TABLE.exists():
    raise FileNotFoundError(f"{TABLE} is yours to supply, with the columns {', '.join(COLUMNS)}")


def forests() -> dict[str, RandomForestRegressor]:
    """One forest of 100 trees a property; ValueError naming columns that the table lacks and rows without a number."""
    with TABLE.open(encoding="utf-8") as stream:
        header = [name.strip() for name in stream.readline().split(",")]
    lacking = [name for name in COLUMNS if name not in header]
    if lacking:
        raise ValueError(f"{TABLE.name} lacks the columns {', '.join(lacking)}; it has {', '.join(header)}")
    columns = [header.index(name) for name in COLUMNS]
    rows = np.genfromtxt(TABLE, delimiter=",", skip_header=1, usecols=columns, ndmin=2)
    if not np.isfinite(rows).all():
        raise ValueError(f"{TABLE.name} has no number in row {int(np.argwhere(~np.isfinite(rows))[0, 0]) + 2}")
    X, Y = rows[:, : -len(PROPERTIES)], rows[:, -len(PROPERTIES) :]
    grown = RandomForestRegressor(100, min_samples_leaf=2, random_state=0)
    return {name: clone(grown).fit(X, y) for name, y in zip(PROPERTIES, Y.T, strict=True)}


FORESTS = forests()
"""Grown once, when this file is imported: every evaluation is forked from there."""


def tested(values: dict[str, float]) -> dict[str, float]:
    """Strength (MPa) and elongation (per cent) that the table suggests; `_std`: how far the trees disagree.

    `values` holds the campaign's variables by name, amounts in wt.%.
    """
    row = np.array([[float(values[name]) for name in VARIABLES]])
    said = {}
    for name, forest in FORESTS.items():
        each = np.array([tree.predict(row)[0] for tree in forest.estimators_])
        said |= {name: float(each.mean()), f"{name}_std": float(each.std())}
    return said
