"""This file is the training of the Wyckoff generator: two networks and the checkpoint they make."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from eutectic.generators.learning import datasets
from eutectic.generators.learning.checkpoints import Checkpoint, begun, fill, located, read, read_card, write
from eutectic.generators.learning.training import Progress, Schedule, metadata, seeded, steps_within, train
from eutectic.generators.wyckoff.examples import Genes, genes_of
from eutectic.generators.wyckoff.geometry import GeometryNetwork
from eutectic.generators.wyckoff.layers import Shape, descriptors
from eutectic.generators.wyckoff.learning import (
    GeneLearner,
    GeometryLearner,
    Scale,
    Tensors,
    element_volumes,
    scale_of,
    tensors_of,
)
from eutectic.generators.wyckoff.network import GeneNetwork
from eutectic.generators.wyckoff.shaping import nearest
from eutectic.generators.wyckoff.table import ENGINE, Index

PARTS = ("genes", "geometry")
MOST_ATOMS = 20
"""Of the primitive cells that are learned from."""
SHOWN = 20
"""Structures left out that are said one by one."""
SAMPLED = 3000
"""Crystals that usual distances are taken from, about."""
UNUSUAL = 0.003
"""Share of the crystals at either end whose distances are passed over."""
LEAST_LABELS = 50
"""Crystals that must have a property before it can be asked for."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Options of a training."""

    minutes: float = 15.0
    """CPU minutes, one thread, both networks together."""
    steps: int = 0
    """Steps of each network; 0: as many as the minutes hold."""
    seed: int = 0
    properties: tuple[str, ...] = ()
    """Columns that may be asked for afterwards."""
    batch: int = 128
    rate: float = 1e-3
    """Highest learning rate."""
    decay: float = 0.1
    """Weight decay."""
    width: int = 128
    layers: tuple[int, int] = (4, 3)
    """Of the network that writes genes, and of the one that gives them their geometry."""
    dropout: tuple[float, float] = (0.2, 0.1)
    """Of the same."""
    held_out: float = 0.045
    """Share of the crystals that is validated on."""
    validate: int = 250
    """Steps between validations."""
    begin: str = ""
    """A checkpoint whose weights it begins with; their sizes are taken over. "" with none."""

    def __post_init__(self) -> None:
        """Raise ValueError for a budget or a share that cannot be."""
        if not self.minutes > 0:
            raise ValueError(f"minutes must be above 0, not {self.minutes:g}")
        if not 0 < self.held_out < 0.5:
            raise ValueError(f"held_out must be between 0 and 0.5, not {self.held_out:g}")

    def shape(self, part: str) -> Shape:
        """Of one of the networks."""
        place = PARTS.index(part)
        heads = max(1, self.width // 32)
        return Shape(self.width, heads, 2 * self.width, self.layers[place], 8, self.dropout[place], self.properties)


def learn(
    genes: Genes,
    recipe: Recipe,
    folder: Path,
    report: Callable[[str, Progress], None] | None = None,
    parts: Sequence[str] = PARTS,
) -> dict[str, Progress]:
    """Train the networks, or go on with what the folder holds; parts may be trained by different processes.

    ValueError when the crystals are too few, lack a property, or the folder holds another training.
    """
    scales = scales_of(genes, recipe.properties)
    data = tensors_of(genes, scales)
    rows, held_out = split(len(genes), recipe)
    ends = {}
    for part in parts:
        learner = _learner(part, genes, data, rows, held_out, recipe)
        schedule = _planned(folder / part, learner, recipe)

        def said(progress: Progress, part: str = part) -> None:
            if report is not None:
                report(part, progress)

        ends[part] = train(learner, schedule, folder / part, said)
    return ends


def scales_of(genes: Genes, properties: Sequence[str]) -> dict[str, Scale]:
    """Scales of the properties; ValueError for one that too few crystals have."""
    scales = {}
    for name in properties:
        values = genes.properties.get(name)
        labelled = 0 if values is None else int((~np.isnan(values)).sum())
        if values is None or labelled < min(LEAST_LABELS, len(genes)):
            known = ", ".join(genes.properties) or "none"
            raise ValueError(
                f"{labelled} crystals have the property {name!r}, at least {LEAST_LABELS} must; known: {known}"
            )
        scales[name] = scale_of(values)
    return scales


def split(n: int, recipe: Recipe) -> tuple[Index, Index]:
    """Rows to learn from and rows to validate on, by the seed."""
    order = np.random.default_rng([recipe.seed, 2]).permutation(n)
    held = max(1, round(n * recipe.held_out))
    if n - held < 1:
        raise ValueError(f"{n} crystals are too few to learn from")
    return order[held:], order[:held]


def network(part: str, shape: Shape, seed: int = 0) -> GeneNetwork | GeometryNetwork:
    """An untrained network."""
    with seeded(seed):
        return GeneNetwork(shape) if part == "genes" else GeometryNetwork(shape)


def _learner(
    part: str, genes: Genes, data: Tensors, rows: Index, held_out: Index, recipe: Recipe
) -> GeneLearner | GeometryLearner:
    module = network(part, recipe.shape(part), recipe.seed)
    module.embed.get_buffer("descriptors").copy_(descriptors())
    if recipe.begin:
        begun(module, read(located(recipe.begin), ENGINE).part(part), recipe.begin)
    if isinstance(module, GeneNetwork):
        return GeneLearner(module, data, rows, held_out)
    module.get_buffer("volumes").copy_(torch.as_tensor(element_volumes(genes), dtype=torch.float32))
    return GeometryLearner(module, data, rows, held_out)


def _planned(folder: Path, learner: GeneLearner | GeometryLearner, recipe: Recipe) -> Schedule:
    """The schedule of a network; its steps, once measured, stay what they are."""
    schedule = Schedule(1, recipe.batch, recipe.rate, recipe.decay, seed=recipe.seed, validate=recipe.validate)
    plan = folder / "plan.json"
    if not plan.exists():
        folder.mkdir(parents=True, exist_ok=True)
        steps = recipe.steps or steps_within(learner, schedule, recipe.minutes / len(PARTS))
        plan.write_text(json.dumps({"recipe": asdict(recipe), "steps": steps}), encoding="utf-8")
    content = json.loads(plan.read_text(encoding="utf-8"))
    ours = json.loads(json.dumps(asdict(recipe)))
    if content["recipe"] != ours:
        its = content["recipe"]
        other = ", ".join(f"{k} {its.get(k)} there, {v} here" for k, v in ours.items() if its.get(k) != v)
        raise ValueError(f"{folder} holds a training with other options: {other}")
    return replace(schedule, steps=int(content["steps"]))


def assembled(
    genes: Genes, recipe: Recipe, folder: Path, description: Mapping[str, Any]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors of both networks as they validated best so far, and the card.

    `description` gives the card's `training_set`, `licence` and what else is to be said of the data.
    """
    from safetensors.torch import load_file

    tensors: dict[str, Tensor] = {}
    metrics: dict[str, Any] = {}
    seconds = 0.0
    parameters = 0
    for part in PARTS:
        path = folder / part / "training.safetensors"
        progress = Progress(**json.loads(metadata(path)["state"])["progress"])
        best = {k.removeprefix("best."): v for k, v in load_file(path).items() if k.startswith("best.")}
        tensors |= {f"{part}.{k}": v for k, v in best.items()}
        measures = next(row for row in progress.history if row["step"] == progress.best_step)
        metrics |= {f"validation_{k}": round(v, 4) for k, v in measures.items() if k.startswith("nll")}
        metrics[f"{part}_steps"] = {"trained": progress.step, "best": progress.best_step}
        seconds += progress.cpu_s
        parameters += sum(v.numel() for v in network(part, recipe.shape(part)).parameters())
    rows, held_out = split(len(genes), recipe)
    card = {
        "engine": ENGINE,
        "architecture": {**{k: asdict(recipe)[k] for k in ("width", "layers", "dropout")}, "parameters": parameters},
        "elements": sorted({int(z) for z in genes.elements}),
        "most_atoms": int(genes.atoms.max()),
        "nearest_over_radii": usual_neighbours(genes),
        "properties": {name: asdict(scale) for name, scale in scales_of(genes, recipe.properties).items()},
        "seed": recipe.seed,
        "cpu_hours": round(seconds / 3600, 3),
        "metrics": {"n_trained": len(rows), "n_validated": len(held_out), **metrics},
        **description,
    }
    return tensors, card


def trained(data: str, output: Path, minutes: float, said: Callable[[str], None], begin: str = "") -> None:
    """A checkpoint from a folder, structure file or CSV, `output`/wyckoff.safetensors; goes on where it was left.

    With `begin`, from the weights of that checkpoint; what is asked for and it does not know begins anew.
    Columns with a unit in their names that at least 50 crystals have become properties that may be asked for.
    """
    structures = datasets.load([data], lambda k: None if k % 1000 else said(f"{k} structures read"))
    for text in structures.left_out[:SHOWN]:
        said(f"left out: {text}")
    genes = genes_of(structures, MOST_ATOMS, lambda k: None if k % 1000 else said(f"{k} genes"))
    said(f"{len(genes)} crystals of at most {MOST_ATOMS} atoms; {len(genes.left_out)} left out")
    recipe = Recipe(minutes=minutes, properties=labelled(genes))
    if begin:
        built = read_card(begin, ENGINE)["architecture"]
        sizes = {"width": built["width"], "layers": tuple(built["layers"]), "dropout": tuple(built["dropout"])}
        recipe = replace(recipe, begin=begin, **sizes)

    def report(part: str, progress: Progress) -> None:
        row = progress.history[-1]
        measures = ", ".join(f"{k} {v:.3f}" for k, v in row.items() if k.startswith("nll"))
        said(f"{part}: step {progress.step}, {progress.cpu_s / 60:.1f} CPU minutes, {measures}")

    learn(genes, recipe, output / "training", report)
    about = {"name": data, "crystals": len(genes), "files_sha256": dict(structures.sources)}
    about |= {"began_with": read_card(begin, ENGINE)["sha256"]} if begin else {}
    licence = "of the training set's owner"
    tensors, card = assembled(genes, recipe, output / "training", {"training_set": about, "licence": licence})
    write(output / f"{ENGINE}.safetensors", tensors, card)
    said(f"wrote {output / ENGINE}.safetensors; use it by weights: {output / ENGINE}.safetensors")


def labelled(genes: Genes) -> tuple[str, ...]:
    """Properties with a unit in their names that enough crystals have, in alphabetical order."""
    counts = {name: int((~np.isnan(values)).sum()) for name, values in genes.properties.items()}
    return tuple(sorted(name for name, n in counts.items() if "_" in name and n >= LEAST_LABELS))


def usual_neighbours(genes: Genes) -> list[float]:
    """Least and most of nearest distance over the sum of radii, in all but a share of the crystals at either end."""
    rows = range(0, len(genes), max(1, len(genes) // SAMPLED))
    ratios = [nearest(genes.gene(i)) for i in rows]
    least = float(np.quantile([r.min() for r in ratios], UNUSUAL))
    most = float(np.quantile([r.max() for r in ratios], 1 - UNUSUAL))
    return [round(least, 3), round(most, 3)]


def loaded(checkpoint: Checkpoint) -> tuple[GeneNetwork, GeometryNetwork]:
    """Networks of a checkpoint, ready to draw; ValueError naming tensors that are missing or strange."""
    card = checkpoint.card
    built = card["architecture"]
    recipe = Recipe(properties=tuple(card["properties"]), width=built["width"], layers=tuple(built["layers"]))
    pair = []
    for part in PARTS:
        module = network(part, recipe.shape(part))
        fill(module, checkpoint.part(part), f"its part {part}")
        module.eval()
        module.embed.keep()
        pair.append(module)
    first, second = pair
    assert isinstance(first, GeneNetwork)
    assert isinstance(second, GeometryNetwork)
    return first, second
