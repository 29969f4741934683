"""This file is the oracle of stability_screen.yaml: a stacked classifier of formulas, trained on the user's table.

After ECSG (Zou et al., Nat. Commun. 16 (2025), doi 10.1038/s41467-024-55525-y): models that know a compound by its
electron configurations, by statistics of its elements and by its elements themselves, under one that weighs what each
says of compounds it has not seen. There these are networks on hundreds of thousands of rows, here trees and a linear
model, which learn from hundreds.
"""

import csv
from functools import cache
from pathlib import Path

import numpy as np
from pymatgen.core import Composition, Element
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

YOURS = {"stability_screen.csv": ("formula", "stable")}
"""The table that is the user's to supply, with its columns; stable is 1 or 0."""
TABLE = Path(__file__).with_name("stability_screen.csv")
SHELLS = [f"{n}{letter}" for n in range(1, 8) for k, letter in enumerate("spdf") if k < n and n + k < 9]
"""1s to 7p: the subshells that the known elements fill."""
A_SITE, B_SITE = ("Ca", "Sr", "Ba", "La", "Na", "K"), ("Ti", "Zr", "Hf", "Sn", "Mn", "Fe", "Al", "Nb", "Ta")
"""Elements of either site in stability_screen.yaml."""


@cache
def electrons(symbol: str) -> np.ndarray:
    """(19,) electrons in each subshell of a free atom."""
    held = {f"{n}{letter}": count for n, letter, count in Element(symbol).full_electronic_structure}
    return np.array([held.get(shell, 0.0) for shell in SHELLS], dtype=float)


@cache
def properties(symbol: str) -> np.ndarray:
    """(6,) number, period, group, electronegativity (Pauling), atomic radius (angstrom), mass (u); 0 if unknown."""
    e = Element(symbol)
    known = (e.Z, e.row, e.group, e.X, e.atomic_radius, e.atomic_mass)
    return np.nan_to_num(np.array([float(value or 0) for value in known]))


def views(formula: str) -> dict[str, np.ndarray]:
    """What each model sees of a formula; ValueError where pymatgen cannot read it."""
    amounts = Composition(formula).fractional_composition.get_el_amt_dict()
    share = np.array(list(amounts.values()))[:, None]
    seen = {}
    for name, each in (("configuration", electrons), ("statistics", properties)):
        rows = np.array([each(symbol) for symbol in amounts])
        mean = (share * rows).sum(0)
        seen[name] = np.concatenate([mean, (share * np.abs(rows - mean)).sum(0), rows.min(0), rows.max(0)])
    seen["elements"] = np.zeros(103)
    for symbol, x in amounts.items():
        seen["elements"][Element(symbol).Z - 1] = x
    return seen


def described(formulas: list[str]) -> np.ndarray:
    """(n, f) all views side by side."""
    return np.array([np.concatenate(list(views(formula).values())) for formula in formulas])


def stack() -> StackingClassifier:
    """The classifier, untrained."""
    widths = {name: len(view) for name, view in views("NaCl").items()}
    ends = dict(zip(widths, np.cumsum(list(widths.values())), strict=True))
    columns = {name: slice(int(end) - widths[name], int(end)) for name, end in ends.items()}
    own = {
        "configuration": ExtraTreesClassifier(200, random_state=0),
        "statistics": RandomForestClassifier(200, random_state=0),
        "elements": make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000)),
    }
    models = [
        (name, make_pipeline(FunctionTransformer(_columns, kw_args={"chosen": columns[name]}), model))
        for name, model in own.items()
    ]
    return StackingClassifier(models, LogisticRegression(), cv=5, stack_method="predict_proba")


def _columns(X: np.ndarray, chosen: slice) -> np.ndarray:
    return X[:, chosen]


def table(path: Path = TABLE) -> tuple[list[str], np.ndarray]:
    """Formulas and labels (n,) of the user's table; ValueError for columns it lacks and labels other than 0 and 1."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    lacking = [name for name in ("formula", "stable") if not rows or name not in rows[0]]
    if lacking:
        raise ValueError(f"{path.name} lacks the columns {', '.join(lacking)}, or rows")
    odd = [k + 2 for k, row in enumerate(rows) if row["stable"].strip() not in ("0", "1")]
    if odd:
        raise ValueError(f"{path.name}:{odd[0]}: `stable` is 1 or 0, not {rows[odd[0] - 2]['stable']!r}")
    return [row["formula"] for row in rows], np.array([int(row["stable"]) for row in rows])


if not TABLE.exists():
    raise FileNotFoundError(f"{TABLE} is yours to supply, with the columns formula, stable (1 or 0)")
FORMULAS, LABELS = table()
CLASSIFIER = stack().fit(described(FORMULAS), LABELS)
"""Trained once, when this file is imported: every evaluation is forked from there."""


def formula_of(values: dict) -> str:
    """ABO3 of the one element that each site holds."""
    (a,) = [symbol for symbol in A_SITE if float(values[symbol]) > 0.5]
    (b,) = [symbol for symbol in B_SITE if float(values[symbol]) > 0.5]
    return f"{a}{b}O3"


def screened(values: dict) -> dict[str, float]:
    """Probability that the compound of these variables is stable."""
    return {"stable_probability": float(CLASSIFIER.predict_proba(described([formula_of(values)]))[0, 1])}
