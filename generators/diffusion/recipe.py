"""This file is the training of the diffusion engine, and the checkpoint it makes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from eutectic.generators.diffusion.interpolants import Interpolant
from eutectic.generators.diffusion.learning import REVEALED, PeriodicLearner, crystals_of, standard_of
from eutectic.generators.diffusion.network import PeriodicNetwork, Shape
from eutectic.generators.diffusion.requests import SAYS, outdated
from eutectic.generators.diffusion.solving import SIZES, Standard
from eutectic.generators.diffusion.torus import Index
from eutectic.generators.learning import datasets
from eutectic.generators.learning.checkpoints import Checkpoint, begun, fill, located, read, read_card, write
from eutectic.generators.learning.datasets import Structures
from eutectic.generators.learning.training import Progress, Schedule, seeded, steps_within, train
from eutectic.generators.wyckoff.layers import descriptors
from eutectic.generators.wyckoff.learning import scale_of

ENGINE = "diffusion"
LEAST_LABELS = 50
"""Crystals that must have a property before it can be asked for."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Options of a training."""

    minutes: float = 30.0
    """CPU minutes, one thread."""
    steps: int = 0
    """Steps; 0: as many as the minutes hold."""
    interpolant: Interpolant = "flow"
    """`flow` (20 steps suffice to draw) or `diffusion`."""
    seed: int = 0
    properties: tuple[str, ...] = ()
    """Columns that may be asked for afterwards."""
    batch: int = 64
    rate: float = 1e-3
    """Highest learning rate."""
    decay: float = 0.01
    """Weight decay."""
    width: int = 128
    layers: int = 4
    revealed: float = REVEALED
    """Share of the crystals whose types are all given; 1 where structures of compositions are all that is wanted."""
    held_out: float = 0.04
    """Share of the crystals that is validated on."""
    validate: int = 250
    """Steps between validations."""
    begin: str = ""
    """A checkpoint whose weights it begins with; its sizes and the scale of its cells are taken over. "" with none."""

    @property
    def shape(self) -> Shape:
        """Of the network."""
        return Shape(self.width, self.layers, properties=self.properties)


def network(shape: Shape, seed: int = 0) -> PeriodicNetwork:
    """An untrained network."""
    with seeded(seed):
        made = PeriodicNetwork(shape)
    made.described.copy_(descriptors())
    return made


def split(n: int, recipe: Recipe) -> tuple[Index, Index]:
    """Rows to learn from and rows to validate on, by the seed."""
    order = np.random.default_rng([recipe.seed, 2]).permutation(n)
    held = max(1, round(n * recipe.held_out))
    if n - held < 1:
        raise ValueError(f"{n} crystals are too few to learn from")
    return order[held:], order[:held]


def learn(
    structures: Structures,
    recipe: Recipe,
    folder: Path,
    description: Mapping[str, Any],
    report: Callable[[Progress], None] | None = None,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Train, or go on with what the folder holds: tensors and card; ValueError for crystals that are too large.

    `description` gives the card's `training_set`, `licence` and what else is to be said of the data.
    """
    most = int(structures.sizes.max())
    if most > SIZES[-1]:
        raise ValueError(f"crystals of {most} atoms; leave out those of more than {SIZES[-1]}")
    scales = {name: scale_of(structures.properties[name]) for name in recipe.properties}
    standard = _standard(structures, recipe)
    data = crystals_of(structures, standard, scales)
    rows, held_out = split(len(structures), recipe)
    module = network(recipe.shape, recipe.seed)
    if recipe.begin:
        begun(module, read(located(recipe.begin), ENGINE).tensors, recipe.begin)
    learner = PeriodicLearner(module, recipe.interpolant, data, rows, held_out, recipe.revealed)
    progress = train(learner, _planned(folder, learner, recipe), folder, report)
    sizes = np.bincount(structures.sizes, minlength=SIZES[-1] + 1)
    card = {
        "engine": ENGINE,
        "architecture": {
            "width": recipe.width,
            "layers": recipe.layers,
            "parameters": sum(p.numel() for p in module.parameters()),
        },
        "interpolant": recipe.interpolant,
        "says": SAYS if recipe.interpolant == "flow" else "noise",
        "elements": sorted({int(z) for z in structures.numbers}),
        "most_atoms": most,
        "sizes": [int(k) for k in sizes],
        "cells": asdict(standard),
        "properties": {name: asdict(scale) for name, scale in scales.items()},
        "seed": recipe.seed,
        "cpu_hours": round(progress.cpu_s / 3600, 3),
        "metrics": {
            "n_trained": len(rows),
            "n_validated": len(held_out),
            "validation_loss": round(progress.best, 4),
            "steps": {"trained": progress.step, "best": progress.best_step},
        },
        **description,
    }
    return {k: v.detach() for k, v in module.state_dict().items()}, card


def _standard(structures: Structures, recipe: Recipe) -> Standard:
    """Of the checkpoint it begins with, or of the crystals."""
    if not recipe.begin:
        return standard_of(structures)
    cells = read_card(recipe.begin, ENGINE)["cells"]
    return Standard(tuple(cells["mean"]), tuple(cells["spread"]))


def trained(
    data: str, output: Path, minutes: float, interpolant: Interpolant, said: Callable[[str], None], begin: str = ""
) -> None:
    """A checkpoint from a folder, structure file or CSV, `output`/diffusion.safetensors; goes on where it was left.

    With `begin`, from the weights of that checkpoint; ValueError where it is of another interpolant.
    """
    whole = datasets.load([data], lambda k: None if k % 1000 else said(f"{k} structures read"))
    structures = whole.take(np.flatnonzero(whole.sizes <= SIZES[-1]))
    if not len(structures):
        raise ValueError(f"{data} holds no crystal of at most {SIZES[-1]} atoms")
    said(f"{len(structures)} crystals of at most {SIZES[-1]} atoms, of {len(whole)}; {len(whole.left_out)} not read")
    counts = {name: int((~np.isnan(values)).sum()) for name, values in structures.properties.items()}
    properties = tuple(sorted(name for name, n in counts.items() if "_" in name and n >= LEAST_LABELS))

    def report(progress: Progress) -> None:
        measure = progress.history[-1]["loss_held_out"]
        said(f"step {progress.step}, {progress.cpu_s / 60:.1f} CPU minutes, loss of crystals held out {measure:.3f}")

    recipe = Recipe(minutes=minutes, interpolant=interpolant, properties=properties)
    about = {"name": data, "crystals": len(structures), "files_sha256": dict(structures.sources)}
    if begin:
        card = read_card(begin, ENGINE)
        if card["interpolant"] != interpolant:
            raise ValueError(f"checkpoint: {begin} is of a {card['interpolant']}, and a {interpolant} is to be trained")
        built = card["architecture"]
        recipe = replace(recipe, begin=begin, width=built["width"], layers=built["layers"])
        about |= {"began_with": card["sha256"]}
    description = {"training_set": about, "licence": "of the training set's owner"}
    write(output / f"{ENGINE}.safetensors", *learn(structures, recipe, output / "training", description, report))
    said(f"wrote {output / ENGINE}.safetensors; use it by weights: {output / ENGINE}.safetensors")


def _planned(folder: Path, learner: PeriodicLearner, recipe: Recipe) -> Schedule:
    """The schedule; its steps, once measured, stay what they are."""
    schedule = Schedule(1, recipe.batch, recipe.rate, recipe.decay, seed=recipe.seed, validate=recipe.validate)
    plan = folder / "plan.json"
    if not plan.exists():
        folder.mkdir(parents=True, exist_ok=True)
        plan.write_text(json.dumps(recipe.steps or steps_within(learner, schedule, recipe.minutes)), encoding="utf-8")
    return replace(schedule, steps=int(json.loads(plan.read_text(encoding="utf-8"))))


def loaded(checkpoint: Checkpoint) -> tuple[PeriodicNetwork, Standard]:
    """The network of a checkpoint, ready to draw; ValueError naming tensors that are missing or strange."""
    card = checkpoint.card
    if reason := outdated(card):
        raise ValueError(reason)
    built = card["architecture"]
    made = PeriodicNetwork(Shape(built["width"], built["layers"], properties=tuple(card["properties"])))
    fill(made, checkpoint.tensors, "it")
    made.eval()
    cells = card["cells"]
    return made, Standard(tuple(cells["mean"]), tuple(cells["spread"]))


def adapted(checkpoint: Checkpoint, properties: tuple[str, ...]) -> PeriodicNetwork:
    """The checkpoint's network with new properties, whose embeddings and adapters change nothing before training."""
    card = checkpoint.card
    built = card["architecture"]
    names = (*card["properties"], *(p for p in properties if p not in card["properties"]))
    made = network(Shape(built["width"], built["layers"], properties=names))
    fresh = made.state_dict()
    made.load_state_dict({k: checkpoint.tensors.get(k, v) for k, v in fresh.items()})
    return made


def fine_tuned_parts(module: PeriodicNetwork) -> list[torch.nn.Parameter]:
    """What is trained when labels are few: property embeddings and adapters; all else is frozen."""
    chosen = []
    for name, parameter in module.named_parameters():
        light = name.startswith("properties.") or ".adapter." in name
        parameter.requires_grad_(light)
        if light:
            chosen.append(parameter)
    return chosen
