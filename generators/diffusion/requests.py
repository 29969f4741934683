"""This file is conditions as the diffusion engine takes them: elements and sizes that can be."""

from collections.abc import Collection, Mapping
from typing import Any

from eutectic.generators.structures.conditions import Conditions, Motif
from eutectic.generators.structures.nets import NETS
from eutectic.oracles.elements.data import symbols

SAYS = "way left"
"""What the network of a flow says; of earlier ones it was the velocity."""


def outdated(card: Mapping[str, Any]) -> str:
    """Why this version cannot draw with a checkpoint of its engine; "" where it can."""
    if card["interpolant"] == "flow" and card.get("says") != SAYS:
        return "this flow's network says velocities, as those of earlier versions do, not the way left; train it again"
    return ""


def refusal(conditions: Conditions, known: Collection[int], most_atoms: int) -> str:
    """Why no crystal could be so; "" where one could."""
    low, _ = conditions.atoms
    if low > most_atoms:
        return f"at least {low} atoms, but the checkpoint was trained on cells of at most {most_atoms}"
    lacking = [e for e in conditions.required if number(e) not in known]
    if lacking:
        return f"{lacking[0]} is not among the elements that the checkpoint was trained on"
    given = [*conditions.allowed, *(conditions.motif.elements if conditions.motif else ())]
    strange = [e for e in given if number(e) not in known]
    if conditions.composition and strange:
        return f"{strange[0]} is not among the elements that the checkpoint was trained on"
    if given and len(strange) == len(given):
        return "none of the elements allowed is among those that the checkpoint was trained on"
    if conditions.formula and not [
        z for z in conditions.units if z * sum(conditions.composition.values()) <= most_atoms
    ]:
        return f"{conditions.formula} does not fit into cells of at most {most_atoms} atoms"
    return _without_motif(conditions, conditions.motif, most_atoms) if conditions.motif else ""


def _without_motif(conditions: Conditions, motif: Motif, most_atoms: int) -> str:
    sites = len(NETS[motif.kind].sites)
    if sites + len(conditions.required) > min(conditions.atoms[1], most_atoms):
        return f"a {motif.kind} net has {sites} sites in its cell, more than the atoms allowed"
    if conditions.composition:
        able = [e for e, n in conditions.composition.items() if not motif.elements or e in motif.elements]
        units = max(conditions.units)
        if not any(conditions.composition[e] * units >= sites for e in able):
            return f"{conditions.formula} has no element with the {sites} atoms of a {motif.kind} net"
    return ""


def number(symbol: str) -> int:
    """Atomic number."""
    return list(symbols()).index(symbol) + 1
