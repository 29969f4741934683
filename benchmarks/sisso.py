"""This file is the SISSO benchmark: acid-stable oxides, perovskite classification, planted equations.

    EUTECTIC_DATA=... python benchmarks/sisso.py [oxides|three|perovskites|planted]... [--rows 200]

Prints markdown tables. CPU seconds are the process's own; run with OMP_NUM_THREADS=1.
"""

import argparse
import json
import os
import re
import resource
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import sympy

from eutectic.surrogates.base import Array
from eutectic.surrogates.sisso.model import FittedSISSO
from eutectic.surrogates.sisso.recipe import SISSO
from eutectic.surrogates.sisso.screening import standard_keys
from eutectic.surrogates.sisso.sparsifying import best_subsets, coefficients, normal_equations

PLAIN = SISSO(rungs=2, terms=2, operators=("+", "-", "*", "/"), members=0)


def data_folder() -> Path:
    if not os.environ.get("EUTECTIC_DATA"):
        raise SystemExit("set EUTECTIC_DATA to the folder that holds acid_stable_oxides and the other data sets")
    return Path(os.environ["EUTECTIC_DATA"])


def oxides() -> tuple[Array, Array, list[str]]:
    """Features (250, 14), decomposition energy (250,) in eV/atom, names."""
    table = pd.read_csv(data_folder() / "acid_stable_oxides" / "oxides_250.csv")
    names = list(table.columns[2:])
    return table[names].to_numpy(float), table.iloc[:, 1].to_numpy(float), names


def oxides_table() -> None:
    X, y, names = oxides()
    print("| oxides, 2 rungs of + - * /, 2 terms | CPU s | peak memory MB | RMSE eV/atom | MAE eV/atom |")
    print("|---|---|---|---|---|")
    with_units = SISSO(units="names", target_unit="eV", members=0)
    for label, recipe in (("units ignored", PLAIN), ("units checked", with_units), ("with 10 members", SISSO())):
        began = time.process_time()
        fitted = recipe.fit(X, y, names)
        spent = time.process_time() - began
        error = y - fitted.posterior(X).mean[:, 0]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {label} | {spent:.2f} | {memory:.0f} | {rms(error):.3f} | {np.abs(error).mean():.3f} |")
        print(f"\n`{fitted.formulas[0].text}`\n") if label != "with 10 members" else None
    for label, recipe in (("units ignored", PLAIN), ("units checked", with_units)):
        error = cross_validated(recipe, X, y, names)
        print(f"\n10-fold cross-validation, {label}: RMSE {rms(error):.3f}, MAE {np.abs(error).mean():.3f} eV/atom")
    print(f"mean as prediction: RMSE {y.std():.3f}, MAE {np.abs(y - y.mean()).mean():.3f} eV/atom")


def rms(error: Array) -> float:
    return float(np.sqrt((error**2).mean()))


def cross_validated(recipe: SISSO, X: Array, y: Array, names: list[str]) -> Array:
    """Errors (n,) in ten folds, everything searched again in each."""
    error = np.empty(len(y))
    for fold in np.array_split(np.random.default_rng(0).permutation(len(y)), 10):
        rest = np.setdiff1d(np.arange(len(y)), fold)
        error[fold] = y[fold] - recipe.fit(X[rest], y[rest], names).posterior(X[fold]).mean[:, 0]
    return error


def three_terms_table() -> None:
    """All 551,300 triples of 150 features; the features are 3 x 50 screened as in a fit with three terms."""
    from eutectic.surrogates.sisso.equation import solve
    from eutectic.surrogates.sisso.screening import score, screen, targets
    from eutectic.surrogates.sisso.search import Data, grammar_of, materialise

    X, y, _ = oxides()
    every = np.arange(len(y))
    data = Data(X, y, tuple(range(X.shape[1])), np.zeros((X.shape[1], 0)), (every,))
    first = targets(y[None, :], data.tasks)
    bank = materialise(PLAIN, data, 2, lambda values: score(values, first))
    residuals, values, trees, skip = y[None, :], np.empty((0, len(y))), [], frozenset()
    for k in (1, 2, 3):
        found = screen(X, bank, grammar_of(PLAIN), False, targets(residuals, data.tasks), 50, skip)
        values, skip = np.vstack([values, found.values]), skip | frozenset(found.keys)
        trees.extend(found.trees)
        began = time.process_time()
        subsets = best_subsets([normal_equations(values, y)], k, 10, 10**6)
        spent = time.process_time() - began
        models = [solve(tuple(trees[i] for i in s), X, y, data.tasks) for s in subsets]
        residuals = np.array([y - m.predict(X, np.zeros(len(y), dtype=np.int64)) for m in models])
    assert len(set(standard_keys(values))) == 150
    print("| three terms of 150 screened features | CPU s | RMSE eV/atom |\n|---|---|---|")
    print(f"| exhaustive over 551,300 triples | {spent:.2f} | {rms(residuals[0]):.3f} |")


PEROVSKITE = SISSO(
    rungs=2,
    terms=1,
    operators=("+", "-", "*", "/", "sq", "inv", "log"),
    units=("", "", "", "AA", "AA", "AA", "", "", ""),
    kind="classification",
    screened=100,
    max_complexity=8,
    deepening=4,
    folds=5,
    members=0,
)
"""One search, whose own cross-validation on the training rows says how many operators they allow."""

CHEAP = replace(PEROVSKITE, screened=10)
"""The same at a tenth of the width; a search as wide as the other follows, with as many operators as it allows."""


def perovskites() -> tuple[Array, Array, list[str], Array, Array]:
    """Features, label, names, whether a training row, whether tau is right; radii in angstrom, ratios dimensionless."""
    table = pd.read_csv(data_folder() / "bartel_tau_perovskites" / "TableS1.csv")
    rA, rB, rX = (table[f"r{s} (Ang)"].to_numpy(float) for s in "ABX")
    nA, nB, nX = (table[f"n{s}"].to_numpy(float) for s in "ABX")
    columns = {"nA": nA, "nB": nB, "nX": nX, "rA": rA, "rB": rB, "rX": rX}
    columns |= {"rA_rB": rA / rB, "rX_rB": rX / rB, "rA_rX": rA / rX}
    right = (table["tau_pred"] == table["exp_label"]).to_numpy()
    train = (table["is_train"] == 1).to_numpy()
    return np.column_stack(list(columns.values())), table["exp_label"].to_numpy(float), list(columns), train, right


def perovskites_table() -> None:
    X, y, names, train, right = perovskites()
    print("| one-descriptor classifier | train accuracy % | test accuracy % | test rows right | CPU s |")
    print("|---|---|---|---|---|")
    perovskites_row("published tau, as tabulated", right, train, 0)
    said = []
    for label, recipe in (("limit by a narrow search", CHEAP), ("limit by the search itself", PEROVSKITE)):
        began = time.process_time()
        fitted = recipe.fit(X[train], y[train], names)
        notes = ", ".join(fitted.outputs[0].notes)
        if recipe is CHEAP:
            size = fitted.outputs[0].equation.trees[0].size
            fitted = replace(PEROVSKITE, max_complexity=size, folds=0).fit(X[train], y[train], names)
        spent = time.process_time() - began
        perovskites_row(f"ours, {label}", fitted.outputs[0].labels(X) == y, train, spent)
        said.append(f"{label}: {notes}; `{fitted.formulas[0].text}` is perovskite")
    print("\n" + "\n\n".join(said))


def perovskites_row(label: str, good: Array, train: Array, spent: float) -> None:
    """One classifier's row: which rows (n,) it is right at, which are for training, its CPU seconds."""
    share = [100 * good[part].mean() for part in (train, ~train)]
    print(f"| {label} | {share[0]:.2f} | {share[1]:.2f} | {good[~train].sum()} of {(~train).sum()} | {spent:.0f} |")


NAMED = """
III_12_43 III_13_18 III_15_12 III_15_14 III_15_27 III_17_37 III_21_20 III_7_38 II_11_20 II_11_3 II_13_17 II_15_4
II_15_5 II_21_32 II_27_16 II_27_18 II_2_42 II_34_11 II_34_2 II_34_29a II_34_29b II_34_2a II_36_38 II_37_1 II_38_3
II_3_24 II_4_23 II_6_11 II_6_15b II_8_31 II_8_7 I_11_19 I_12_1 I_12_11 I_12_2 I_12_4 I_12_5 I_13_12 I_13_4 I_14_3
I_14_4 I_16_6 I_18_12 I_18_14 I_18_4 I_24_6 I_25_13 I_27_6 I_29_4 I_32_5 I_34_1 I_34_27 I_34_8 I_37_4 I_38_12 I_39_1
I_39_22 I_43_16 I_43_31 I_44_4 I_47_23 test_18
"""
SPACE = NAMED.split()
"""All Feynman equations that three rungs can form in three terms; others nest deeper or hold constants."""

PLANTED = SISSO(
    rungs=3,
    terms=3,
    operators=("+", "-", "*", "/", "inv", "sq", "cube", "sqrt", "log", "exp", "sin", "cos"),
    screened=15,
    residuals=5,
    max_complexity=8,
    bank=700,
    members=0,
    folds=3,
)


@dataclass(frozen=True)
class Equation:
    """One planted equation: y = f(x), x uniform in its ranges."""

    name: str
    function: sympy.Expr
    ranges: dict[str, list[float]]
    units: tuple[str, ...]

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """X (n, d) and exact y (n,)."""
        X = np.column_stack([rng.uniform(low, high, n) for low, high in self.ranges.values()])
        function = sympy.lambdify([sympy.Symbol(name) for name in self.ranges], self.function)
        return X, np.asarray(function(*X.T), dtype=float)


def planted() -> list[Equation]:
    """The equations in the operator space, in the file's order."""
    table = pd.read_csv(data_folder() / "feynman_equations" / "feynman_strogatz_equations.csv")
    found = []
    for row in table.itertuples():
        name = row.dataset.removeprefix("feynman_")
        if name in SPACE:
            ranges = json.loads(row.ranges)
            symbols = {variable: sympy.Symbol(variable) for variable in ranges}
            function = sympy.sympify(row.equation.split("=", 1)[1], locals=symbols)
            texts = json.loads(row.features)
            units = tuple(unit_in(texts[variable]) for variable in ranges)
            found.append(Equation(name, function, ranges, units))
    assert len(found) == len(SPACE)
    return found


def unit_in(text: str) -> str:
    """`Energy, m^2 * s^(-2) * kg^1` -> the part after the comma; nothing for dimensionless quantities."""
    unit = text.rpartition(",")[2].strip() if "," in text else ""
    return "" if re.search("dimensionless|radian", unit, re.IGNORECASE) else unit


def recovered(fitted: FittedSISSO, equation: Equation, noise: float) -> bool:
    """Is the formula the planted one?

    Its terms, slopes refitted to exact values at fresh points, must give these to 1e-6 of their spread, and none may be
    idle; without noise the formula must also do so as it is.
    """
    X, y = equation.sample(1000, np.random.default_rng(99))
    found, scale = fitted.outputs[0].equation, y.std()
    terms = found.terms(X)
    if not np.isfinite(terms).all() or len(terms) == 0:
        return False
    slopes, intercept = coefficients(terms, y)
    same = np.abs(y - intercept - slopes @ terms).max() < 1e-6 * scale
    busy = (np.abs(slopes) * terms.std(1) > 1e-6 * scale).all()
    close = noise > 0 or np.abs(fitted.posterior(X).mean[:, 0] - y).max() < 1e-6 * scale
    return bool(same and busy and close)


def planted_table(rows: int) -> None:
    print("| equation | in words | 0 noise | 0.1 % noise | CPU s |\n|---|---|---|---|---|")
    count = {0.0: 0, 0.001: 0}
    for equation in planted():
        marks, began = [], time.process_time()
        for noise in count:
            rng = np.random.default_rng([7, int(1e6 * noise)])
            X, y = equation.sample(rows, rng)
            y = y + noise * np.sqrt((y**2).mean()) * rng.normal(size=rows)  # SRBench's noise: relative to the RMS
            fitted = planted_recipe(equation).fit(X, y, list(equation.ranges))
            good = recovered(fitted, equation, noise)
            count[noise] += good
            marks.append("yes" if good else f"no: `{fitted.formulas[0].text}`")
        spent = time.process_time() - began
        print(f"| {equation.name} | `{equation.function}` | {marks[0]} | {marks[1]} | {spent:.0f} |", flush=True)
    for noise, good in count.items():
        print(f"\nrecovered at {100 * noise:g} % noise: {good} of {len(SPACE)} ({100 * good / len(SPACE):.0f} %)")


def planted_recipe(equation: Equation) -> SISSO:
    """The same options for every equation, with its units."""
    return replace(PLANTED, units=equation.units)


def main() -> None:
    parser = argparse.ArgumentParser(description="SISSO benchmark")
    parser.add_argument("parts", nargs="*", default=["oxides", "three", "perovskites", "planted"])
    parser.add_argument("--rows", type=int, default=80, help="rows of a planted equation")
    options = parser.parse_args()
    for part in options.parts:
        if part == "planted":
            planted_table(options.rows)
        else:
            {"oxides": oxides_table, "three": three_terms_table, "perovskites": perovskites_table}[part]()
        print()


if __name__ == "__main__":
    main()
