"""This file is the diffusion engine at work: conditions and draws in, crystals or refusals out."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eutectic.generators.diffusion.network import MASK, PeriodicNetwork
from eutectic.generators.diffusion.recipe import ENGINE, loaded
from eutectic.generators.diffusion.refining import refined
from eutectic.generators.diffusion.requests import number, refusal
from eutectic.generators.diffusion.solving import Crystal, Order, Standard, Way, solve
from eutectic.generators.diffusion.torus import Array
from eutectic.generators.learning import checkpoints
from eutectic.generators.structures import nets as motifs
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal, seeded
from eutectic.generators.wyckoff import generator as wyckoff

PROPOSED_AT = 0.8
"""Temperature of the geometry of proposals, the default of `wyckoff`."""
OVERLAP = 0.6
"""Of the sum of covalent radii: atoms nearer than that lie upon each other, as for structure files."""
USUAL_OVER_RADII = 1.15
"""Distance of a motif's neighbours over twice the covalent radius, where none is given; ours, about a metal's."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Options of drawing, as those of engine.py."""

    weights: str
    steps: int
    temperature: float
    tries: int
    proposals: str = ""


@functools.lru_cache(maxsize=4)
def _ready(path: str, sha256: str) -> tuple[Mapping[str, Any], PeriodicNetwork, Standard]:
    del sha256  # tells one state of the file from the next
    checkpoint = checkpoints.read(checkpoints.located(path), ENGINE)
    return checkpoint.card, *loaded(checkpoint)


def drawn(
    options: Sampling, identity: str, conditions: Sequence[Conditions], draws: Sequence[int]
) -> list[GeneratedStructure | Refusal]:
    """One answer a pair, in order; `identity` is the engine's, and seeds the draws."""
    card, network, standard = _ready(options.weights, checkpoints.read_card(options.weights, ENGINE)["sha256"])
    if options.proposals and card["interpolant"] != "flow":
        return [Refusal("proposals are refined by a flow alone", c, d) for c, d in zip(conditions, draws, strict=True)]
    if options.proposals:
        return _refined(options, identity, (network, standard), conditions, draws)
    way = Way(card["interpolant"], options.steps, options.temperature)
    known, most = {int(z) for z in card["elements"]}, int(card["most_atoms"])
    reasons = [refusal(wanted, known, most) for wanted in conditions]
    waiting = [i for i, reason in enumerate(reasons) if not reason]
    streams = {i: seeded(identity, draws[i]) for i in waiting}
    made: dict[int, Crystal] = {}
    for _ in range(options.tries):
        orders = [_order(conditions[i], card, streams[i].spawn(1)[0]) for i in waiting]
        for i, crystal in zip(waiting, solve(network, standard, orders, way), strict=True):
            if _sound(crystal):
                made[i] = crystal
        waiting = [i for i in waiting if i not in made]
    answers: list[GeneratedStructure | Refusal] = []
    for i, (wanted, draw) in enumerate(zip(conditions, draws, strict=True)):
        if i in made:
            lattice, fractional, numbers = made[i]
            answers.append(GeneratedStructure(lattice, fractional, numbers, None, wanted, identity, draw))
        else:
            said = reasons[i] or f"overlapping atoms in {options.tries} tries"
            answers.append(Refusal(said, wanted, draw))
    return answers


def _refined(
    options: Sampling,
    identity: str,
    ready: tuple[PeriodicNetwork, Standard],
    conditions: Sequence[Conditions],
    draws: Sequence[int],
) -> list[GeneratedStructure | Refusal]:
    """Crystals of the Wyckoff generator on the last part of a flow's way; as proposed where that ends in overlaps."""
    sampling = wyckoff.Sampling(options.proposals, 1.0, PROPOSED_AT, options.tries)
    proposed = wyckoff.genes_drawn(sampling, identity, conditions, draws)
    pairs = [(i, said[0]) for i, said in enumerate(proposed) if not isinstance(said, str)]
    ends = refined(*ready, [gene for _, gene in pairs], steps=options.steps)
    kept = {i: end if _sound(end.crystal()) else gene for (i, gene), end in zip(pairs, ends, strict=True)}
    answers: list[GeneratedStructure | Refusal] = []
    for i, (said, wanted, draw) in enumerate(zip(proposed, conditions, draws, strict=True)):
        if isinstance(said, str):
            answers.append(Refusal(said, wanted, draw))
        else:
            answers.append(wyckoff.generated(kept[i], wanted, identity, draw, said[1]))
    return answers


def _order(wanted: Conditions, card: Mapping[str, Any], rng: np.random.Generator) -> Order:
    """Size and elements by chance where they are left open."""
    known = [int(z) for z in card["elements"]]
    allowed = sorted({number(e) for e in wanted.allowed} & set(known)) or known
    types = (
        _formula_types(wanted, int(card["most_atoms"]), rng) if wanted.composition else _open_types(wanted, card, rng)
    )
    spacing = 0.0
    if wanted.motif is not None:
        types, spacing = _with_motif(wanted, types, allowed, rng)
    return Order(types, tuple(allowed), _targets(wanted, card), wanted.guidance, rng, wanted.motif, spacing)


def _formula_types(wanted: Conditions, most: int, rng: np.random.Generator) -> Any:
    total = sum(wanted.composition.values())
    units = rng.choice([z for z in wanted.units if z * total <= most])
    return np.repeat([number(e) for e in wanted.composition], [n * units for n in wanted.composition.values()])


def _open_types(wanted: Conditions, card: Mapping[str, Any], rng: np.random.Generator) -> Any:
    low, high = wanted.atoms
    sites = len(motifs.NETS[wanted.motif.kind].sites) if wanted.motif else 0
    least = max(low, sites + len(wanted.required))
    sizes = np.arange(least, min(high, int(card["most_atoms"])) + 1)
    weights = np.array(card["sizes"], dtype=float)[sizes] + 1e-3
    types = np.full(int(rng.choice(sizes, p=weights / weights.sum())), MASK)
    types[len(types) - len(wanted.required) :] = [number(e) for e in wanted.required]
    return types


def _with_motif(wanted: Conditions, types: Any, allowed: Sequence[int], rng: np.random.Generator) -> tuple[Any, float]:
    """Types whose first atoms are the motif's, of one element, and the distance of neighbours in angstrom."""
    from ase.data import covalent_radii

    assert wanted.motif is not None
    sites = len(motifs.NETS[wanted.motif.kind].sites)
    able = [number(e) for e in wanted.motif.elements] or list(allowed)
    if wanted.composition:
        able = [z for z in able if (types == z).sum() >= sites] or [int(np.bincount(types).argmax())]
    element = int(rng.choice([z for z in able if z in allowed] or able))
    if wanted.composition:
        rest = list(types)
        for _ in range(min(sites, rest.count(element))):
            rest.remove(element)
        types = np.array([element] * (len(types) - len(rest)) + rest)
    else:
        types = np.concatenate([np.full(sites, element), types[sites:]])
    usual = 2 * USUAL_OVER_RADII * float(covalent_radii[element])
    return types, wanted.motif.spacing_angstrom or usual


def _targets(wanted: Conditions, card: Mapping[str, Any]) -> Array:
    values = []
    for name, scale in card["properties"].items():
        values.append((np.arcsinh(wanted.targets.get(name, np.nan) / scale["unit"]) - scale["mean"]) / scale["spread"])
    return np.array(values, dtype=float)


def _sound(crystal: Crystal) -> bool:
    """Does no atom lie upon another?"""
    from ase.data import covalent_radii

    lattice, fractional, numbers = crystal
    images = np.array(list(np.ndindex(5, 5, 5))) - 2.0
    apart = fractional[None] - fractional[:, None]
    vectors = ((apart - np.rint(apart))[:, :, None] + images) @ lattice
    distances = np.linalg.norm(vectors, axis=-1)
    distances[np.arange(len(numbers)), np.arange(len(numbers)), len(images) // 2] = np.inf
    radii = covalent_radii[numbers]
    return bool((distances.min(axis=2) >= OVERLAP * (radii[:, None] + radii[None])).all())
