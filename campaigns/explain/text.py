"""This file is an explanation as text: what `campaign explain` prints."""

import json

import numpy as np

from eutectic.campaigns.analysis.explanation import (
    Counterfactual,
    Explained,
    Explanation,
    Said,
    coefficients,
    dumped,
    order,
)
from eutectic.campaigns.analysis.labels import aligned, label, measured, number, quantity, told

SHOWN = 10
"""Variables ranked at most, the most important first."""
DEAR = 0.05
"""Share of the largest contribution below which one is not named in a candidate's sum."""


def explanation_text(found: Explanation) -> str:
    """Ranking, pair and formula of every property, then the candidates."""
    parts = [f"{found.evaluations} evaluations"]
    parts += [_property(found, one) for one in found.properties]
    parts += [_candidate(found, number) for number in _told(found)]
    parts += [f"{leaning}" for leaning in found.leanings]
    parts += [f"note: {note}" for note in found.notes]
    return "\n\n".join(parts)


def _told(found: Explanation) -> list[int]:
    """Candidates told one by one: those with a counterfactual."""
    told = {change.number for one in found.properties for change in one.counterfactuals}
    return [number for number in found.front if number in told]


def explanation_json(found: Explanation) -> str:
    """All of it, for programs; null where there is no value."""
    return json.dumps(json.loads(dumped(found)), indent=2, ensure_ascii=False)


def _property(found: Explanation, one: Explained) -> str:
    ranking = one.ranking
    rows = [
        [found.variables[j], number(ranking.shap[j], 3),
         measured(ranking.permutation[j], ranking.permutation_error[j], 3), number(ranking.lasso[j], 3)]
        for j in order(one)[:SHOWN]
    ]  # fmt: skip
    lines = [label(one.title()), aligned(["  variable", "mean |SHAP|", "permutation", "LASSO"], _indented(rows))]
    told = [text for said in one.formulas for text in formula(said)]
    lines += [f"  {text}" for text in (pair(found, one), *told) if text]
    lines.append(f"  counterfactuals reach {one.threshold}")
    return "\n".join(lines)


def _indented(rows: list[list[str]]) -> list[list[str]]:
    return [[f"  {row[0]}", *row[1:]] for row in rows]


def pair(found: Explanation, one: Explained) -> str:
    """The strongest interaction in a sentence; empty where none was looked at."""
    size = np.array([[np.nan if v is None else v for v in row] for row in one.swarm.interactions], dtype=float)
    np.fill_diagonal(size, np.nan)
    if not np.isfinite(size).any():
        return ""
    i, j = np.unravel_index(int(np.nanargmax(size)), size.shape)
    names = f"{found.variables[int(i)]} with {found.variables[int(j)]}"
    amount = f"{number(float(size[i, j]), 3)} {quantity(one.title())[1]}".rstrip()
    return f"strongest interaction: {names}, {amount} on average"


def formula(said: Said) -> list[str]:
    """The formula, its coefficients where their units are known, where it comes from, its error and range."""
    whose = "the campaign's surrogate" if said.own else "fitted as an explanation only, not the surrogate"
    place = f" where {said.where}" if said.where else ""
    if said.right is not None:
        text = f"rule{place}: {number(said.high)} where {said.text}, else {number(said.low)}"
        told = f"right for {100 * said.right:.3g} % of the evaluations it learned from"
    else:
        text = f"formula{place}: {said.text}"
        errors = f"RMSE {number(said.rmse, 3)}, {number(said.left_out, 3)} with rows left out"
        told = f"{errors}; fitted from {number(said.low)} to {number(said.high)}"
    space = "of the space" if not said.where else "of its part of the space"
    gaps = f"; no value, as by a division by zero, in {100 * said.undefined:.2g} % {space}" if said.undefined else ""
    numbers = coefficients(said) if any(c.unit for c in said.coefficients) else ""
    parts = [f"with {numbers}"] if numbers else []
    parts += [f"where {said.codes}"] if said.codes else []
    return [text, *(f"  {part}" for part in parts), f"  ({whose}; {told}{gaps})"]


def _candidate(found: Explanation, outcome: int) -> str:
    lines = [f"{found.called(outcome)} {found.titles[outcome]}"]
    for one in found.properties:
        lines.append(f"  {added_up(found, one, outcome)}")
        change = next((c for c in one.counterfactuals if c.number == outcome), None)
        if change is not None:
            lines.append(f"    {counterfactual(found, one, change)}")
    return "\n".join(lines)


def added_up(found: Explanation, one: Explained, outcome: int) -> str:
    """`Bulk modulus (GPa) 183.1 = 176.2 + 4.1 (Co) − 1.2 (Cu) + 0.3 (others)`."""
    row = one.swarm.numbers.index(outcome)
    values = np.array(one.swarm.values[row])
    least = DEAR * np.abs(values).max(initial=0.0)
    named = [int(j) for j in np.argsort(-np.abs(values), kind="stable")[:SHOWN] if abs(values[j]) > least]
    terms = [_term(values[j], found.variables[j]) for j in named]
    rest = float(values.sum() - values[named].sum())
    terms += [_term(rest, "others")] if abs(rest) > 1e-9 * float(np.abs([*values, one.swarm.base]).max()) else []
    return f"{label(one.title())} {number(one.swarm.predicted[row])} = {number(one.swarm.base)}{''.join(terms)}"


def _term(value: float, name: str) -> str:
    return f" {'−' if value < 0 else '+'} {number(abs(value), 3)} ({name})"


def counterfactual(found: Explanation, one: Explained, change: Counterfactual) -> str:
    """What the smallest change is, in a sentence."""
    aim = one.threshold.partition(",")[0]
    if change.met:
        return f"already {aim}"
    if change.variables is None:
        return f"{aim}: no point looked at is predicted there"
    chance = "" if change.chance is None else f", chance {100 * change.chance:.0f} %"
    return (
        f"{aim}: {changes(found, change)}; predicted {measured(change.predicted, change.std)}{chance}, "
        f"distance {number(change.distance, 2)}"
    )


def changes(found: Explanation, change: Counterfactual) -> str:
    """`Co 0.3 → 0.33, temperature 551 → 535 K`: the variables that change; of a list of compounds, the other row.

    One that another's change makes vanish is not told.
    """
    if change.candidate:
        return f"{found.titles[change.number]} → {change.candidate}"
    before, after = found.rows[change.number], change.variables or {}
    moved = []
    for name, old in before.items():
        new = after[name]
        if new is not None and not _same(old, new):
            moved.append(told(name, f"{_shown(old)} → {_shown(new)}"))
    return ", ".join(moved) or "no change of note"


def _same(old: float | str | None, new: float | str) -> bool:
    """Equal texts, or numbers as they are shown."""
    if isinstance(old, float | int) and isinstance(new, float | int):
        return abs(new - old) <= 5e-5 * max(1, abs(old))
    return old == new


def _shown(value: float | str | None) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else number(value, 3)
