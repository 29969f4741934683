"""This file is the Wyckoff generator at work: conditions and draws in, crystals or refusals out."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.generators.learning import checkpoints
from eutectic.generators.learning.checkpoints import Checkpoint
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal, seeded
from eutectic.generators.wyckoff.decode import Request, draw_genes
from eutectic.generators.wyckoff.genes import Gene
from eutectic.generators.wyckoff.geometry import GeometryNetwork
from eutectic.generators.wyckoff.network import GeneNetwork
from eutectic.generators.wyckoff.recipe import loaded
from eutectic.generators.wyckoff.requests import goal_of, net_of, refusal, standardised, target_fractions
from eutectic.generators.wyckoff.shaping import Soundness, Written, shape
from eutectic.generators.wyckoff.table import ENGINE

GENES = 4
"""Genes that are drawn for a crystal, at most, until one has a sound geometry; ours."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Options of drawing, as those of engine.py."""

    weights: str
    temperature: float
    geometry_temperature: float
    tries: int


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """What a checkpoint holds, ready to draw."""

    checkpoint: Checkpoint
    genes: GeneNetwork
    geometry: GeometryNetwork

    @property
    def sound(self) -> Soundness:
        """How near and far neighbours may be."""
        least, most = self.checkpoint.card["nearest_over_radii"]
        return Soundness(float(least), float(most))


@functools.lru_cache(maxsize=4)
def _networks(path: str, sha256: str) -> Networks:
    del sha256  # tells one state of the file from the next
    checkpoint = checkpoints.read(checkpoints.located(path), ENGINE)
    return Networks(checkpoint, *loaded(checkpoint))


def networks(weights: str) -> Networks:
    """The networks of a checkpoint, read once; ValueError when it is missing, damaged or of another version."""
    return _networks(weights, str(checkpoints.read_card(weights, ENGINE)["sha256"]))


def drawn(
    options: Sampling, identity: str, conditions: Sequence[Conditions], draws: Sequence[int]
) -> list[GeneratedStructure | Refusal]:
    """One answer a pair, in order; `identity` is the engine's, and seeds the draws."""
    answers: list[GeneratedStructure | Refusal] = []
    genes = genes_drawn(options, identity, conditions, draws)
    for said, wanted, draw in zip(genes, conditions, draws, strict=True):
        if isinstance(said, str):
            answers.append(Refusal(said, wanted, draw))
        else:
            answers.append(generated(said[0], wanted, identity, draw, said[1]))
    return answers


def genes_drawn(
    options: Sampling, identity: str, conditions: Sequence[Conditions], draws: Sequence[int]
) -> list[tuple[Gene, float] | str]:
    """A gene with geometry and ln of its probability a pair, or why there is none."""
    ready = networks(options.weights)
    reasons = [refusal(wanted, ready.checkpoint.card) for wanted in conditions]
    asked = [
        (i, _request(conditions[i], ready, np.random.default_rng(_seeds(identity, draws[i]))))
        for i, reason in enumerate(reasons)
        if not reason
    ]
    made: dict[int, tuple[Gene, float]] = {}
    for _ in range(GENES):
        made |= _made(options, ready, [(i, request) for i, request in asked if i not in made])
    scattered = f"overlapping or scattered atoms in {GENES} genes of {options.tries} tries"
    return [made.get(i, reason or scattered) for i, reason in enumerate(reasons)]


def _made(options: Sampling, ready: Networks, asked: Sequence[tuple[int, Request]]) -> dict[int, tuple[Gene, float]]:
    """Crystals and ln of their genes' probabilities, by place; a place whose gene got no sound geometry is missing."""
    drafts = draw_genes(ready.genes, [request for _, request in asked], options.temperature)
    written = [
        Written(draft.growing.group, tuple(draft.sites), request.targets, request.rng)
        for (_, request), draft in zip(asked, drafts, strict=True)
    ]
    genes = shape(ready.geometry, written, ready.sound, options.geometry_temperature, options.tries)
    return {
        i: (gene, draft.log_probability)
        for (i, _), draft, gene in zip(asked, drafts, genes, strict=True)
        if gene is not None
    }


def _seeds(identity: str, draw: int) -> np.random.SeedSequence:
    """Of one draw: its stream gives the gene, its children the tries of its geometry."""
    sequence = seeded(identity, draw).bit_generator.seed_seq
    assert isinstance(sequence, np.random.SeedSequence)
    return sequence


def _request(wanted: Conditions, ready: Networks, rng: np.random.Generator) -> Request:
    card = ready.checkpoint.card
    return Request(
        goal=goal_of(wanted, card),
        groups=tuple(wanted.space_groups),
        composition=target_fractions(wanted),
        targets=standardised(wanted, card),
        guidance=wanted.guidance,
        rng=rng,
        net=net_of(wanted, card),
    )


def generated(gene: Gene, wanted: Conditions, identity: str, draw: int, log_probability: float) -> GeneratedStructure:
    """The crystal of a gene."""
    lattice, fractional, numbers = gene.crystal()
    return GeneratedStructure(
        lattice=lattice,
        fractional=fractional,
        numbers=numbers,
        space_group=gene.group,
        conditions=wanted,
        checkpoint=identity,
        draw=draw,
        log_probability=log_probability,
    )
