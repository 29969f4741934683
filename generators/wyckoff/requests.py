"""This file is conditions as the Wyckoff generator takes them: goals of the masks, and what the networks are told."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.wyckoff.masks import Goal, impossible, possible_groups
from eutectic.generators.wyckoff.nets import Wish, letters, possible
from eutectic.generators.wyckoff.table import ELEMENTS, GROUPS, Array
from eutectic.oracles.elements.data import symbols


def goal_of(conditions: Conditions, card: Mapping[str, Any]) -> Goal:
    """What a gene must be."""
    numbers = {symbol: z for z, symbol in enumerate(symbols(), start=1)}
    able = set(card["elements"])
    asked = {numbers[e] for e in conditions.allowed} or able
    low, high = conditions.atoms
    composition = sorted((numbers[e], n) for e, n in conditions.composition.items())
    return Goal(
        allowed=tuple(sorted(able & asked)),
        required=frozenset(numbers[e] for e in conditions.required),
        atoms=(low, min(high, int(card["most_atoms"]))),
        composition=tuple(composition),
    )


def net_of(conditions: Conditions, card: Mapping[str, Any]) -> Wish | None:
    """The net that must be there; None where none is asked for."""
    motif = conditions.motif
    if motif is None:
        return None
    allowed = goal_of(conditions, card).allowed
    numbers = {symbol: z for z, symbol in enumerate(symbols(), start=1)}
    asked = {numbers[e] for e in motif.elements}
    return Wish(motif.kind, tuple(z for z in allowed if not asked or z in asked))


def _netless(conditions: Conditions, card: Mapping[str, Any]) -> str:
    """Why no crystal could have the net that is asked for; "" where one could."""
    wish, motif = net_of(conditions, card), conditions.motif
    if wish is None or motif is None:
        return ""
    if motif.spacing_angstrom is not None:
        return "motif.spacing_angstrom: the cell is the network's choice; leave it out"
    if not letters(motif.kind):
        return f"motif: no Wyckoff position is a {motif.kind} net by itself; `diffusion` can hold one"
    if not wish.elements:
        return "motif.elements: none of them is among the elements that may appear and that the checkpoint knows"
    if possible(goal_of(conditions, card), wish, tuple(conditions.space_groups)):
        return ""
    groups = ", ".join(map(str, letters(motif.kind)))
    return (
        f"motif: no {motif.kind} net of one element, which is on no other site, leaves room for the rest; the space "
        f"groups with such positions are {groups}"
    )


def refusal(conditions: Conditions, card: Mapping[str, Any]) -> str:
    """Why no crystal could be so; "" where one could."""
    low, _ = conditions.atoms
    most = int(card["most_atoms"])
    if low > most:
        return f"at least {low} atoms, but the checkpoint was trained on primitive cells of at most {most}"
    numbers = {symbol: z for z, symbol in enumerate(symbols(), start=1)}
    strange = [e for e in (*conditions.composition, *conditions.required) if numbers[e] not in card["elements"]]
    if strange:
        return f"{strange[0]} is not among the elements that the checkpoint was trained on"
    goal = goal_of(conditions, card)
    if possible_groups(goal, tuple(conditions.space_groups)):
        return _netless(conditions, card)
    return impossible(goal, conditions.space_groups or tuple(range(1, GROUPS + 1)))


def target_fractions(conditions: Conditions) -> Array:
    """(104,) atomic fractions of the formula; zeros without one."""
    fractions = np.zeros(ELEMENTS)
    numbers = {symbol: z for z, symbol in enumerate(symbols(), start=1)}
    for element, n in conditions.composition.items():
        fractions[numbers[element]] = n
    return np.asarray(fractions / max(fractions.sum(), 1.0))


def standardised(conditions: Conditions, card: Mapping[str, Any]) -> Array:
    """(p,) targets in the order of the card's properties, NaN where none is given."""
    values = []
    for name, scale in card["properties"].items():
        target = conditions.targets.get(name, np.nan)
        values.append((np.arcsinh(target / scale["unit"]) - scale["mean"]) / scale["spread"])
    return np.array(values, dtype=float)
