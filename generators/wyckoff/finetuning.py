"""This file is steered weights of the Wyckoff generator: a function of the weights they began with and of a record.

`reward`: at every update the mean over crystals of r L + sigma (1.1 - r) KL(agent || prior) is lowered (Chen et al.
2025, MatInvent, arXiv 2511.03112), L being -ln of the probability of a crystal; it is exact here, and so are the
divergences of genes. `curate`: what is good, unique and new is learned from anew, beside the prior's own samples, so
that nothing is forgotten.

Weights are kept under the hash of all they depend on, and made again where their file is missing.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from eutectic.generators.learning import checkpoints
from eutectic.generators.learning.checkpoints import Checkpoint
from eutectic.generators.learning.steering import (
    HELD_BACK,
    SIGMA,
    Array,
    Experience,
    Index,
    Steering,
    lesson,
    lessons,
    name_of,
)
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure
from eutectic.generators.wyckoff import divergence
from eutectic.generators.wyckoff.examples import Genes, arrays_of
from eutectic.generators.wyckoff.generator import Sampling, drawn
from eutectic.generators.wyckoff.genes import Gene, encode
from eutectic.generators.wyckoff.geometry import Geometry, GeometryNetwork, Mixture, cell_density, site_density
from eutectic.generators.wyckoff.layers import Wishes
from eutectic.generators.wyckoff.learning import Scale, Tensors, tensors_of
from eutectic.generators.wyckoff.network import GeneNetwork, Sequences
from eutectic.generators.wyckoff.recipe import PARTS, loaded
from eutectic.generators.wyckoff.table import ENGINE
from eutectic.oracles.structures.identity import groups

CLIP = 1.0
"""Largest norm of a gradient."""
REHEARSED = 128
"""The prior's own crystals that a curated set is mixed with; ours."""
BATCH = 32
"""Crystals of a step of `curate`, half of them curated."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What an update learns from: crystals as tensors and the reward of each (n,)."""

    data: Tensors
    rewards: Array
    mixed: int = 0
    """The first so many are curated, the others the prior's own; 0: all are learned from at once."""

    def batch(self, rng: np.random.Generator) -> Index:
        """Rows of one step."""
        n = len(self.rewards)
        if not self.mixed:
            return np.arange(n)
        own = rng.integers(0, self.mixed, BATCH // 2)
        return np.concatenate([own, rng.integers(self.mixed, n, BATCH // 2)]) if n > self.mixed else own


def steered(parent: str, experience: Sequence[Experience], options: Steering, seed: int, folder: Path) -> Path:
    """The weights' file after a record, in its order; `parent` (a name or path) itself before the first update.

    Only whole blocks of `options.every` count, so that the same is given between two updates. ValueError where the
    parent is missing, damaged or of another engine. The same bytes each time, on one machine.
    """
    return chain(parent, experience, options, seed, folder)[-1]


def chain(parent: str, experience: Sequence[Experience], options: Steering, seed: int, folder: Path) -> list[Path]:
    """The weights' files, the parent's first, then those after each update; as `steered`."""
    root = checkpoints.located(parent)
    sha = str(checkpoints.read_card(str(root), ENGINE)["sha256"])
    paths = [root]
    for k in range(1, lessons(len(experience), options.every) + 1):
        before = paths[-1] if options.mode == "reward" else root
        paths.append(_updated(root, sha, before, experience[: k * options.every], options, seed, folder))
    return paths


def _updated(
    root: Path, sha: str, before: Path, experience: Sequence[Experience], options: Steering, seed: int, folder: Path
) -> Path:
    """The weights' file after the last block of this record; `before` those of the block before."""
    name = name_of(sha, experience, options, seed)
    path = folder / f"{name}{checkpoints.ENDING}"
    if path.is_file() and path.with_name(f"{name}.card.json").is_file():
        return path
    rng = np.random.default_rng([seed, int(name[:16], 16)])
    prior, agent = checkpoints.read(root, ENGINE), checkpoints.read(before, ENGINE)
    taught = _lesson(prior, root, experience, options, rng)
    tensors = dict(agent.tensors)
    if taught is not None:
        with _one_thread():
            for part, module, other in zip(PARTS, loaded(agent), loaded(prior), strict=True):
                _learn(module, other, taught, options, rng)
                tensors |= {f"{part}.{key}": value for key, value in module.state_dict().items()}
    steering = {
        "parent": sha, "experience": len(experience), "options": asdict(options), "seed": seed,
        "learned_from": 0 if taught is None else len(taught.rewards),
    }  # fmt: skip
    kept = {key: value for key, value in prior.card.items() if key not in ("sha256", "format", "steering")}
    checkpoints.write(path, tensors, {**kept, "steering": steering})
    return path


def _lesson(
    prior: Checkpoint, root: Path, experience: Sequence[Experience], options: Steering, rng: np.random.Generator
) -> Lesson | None:
    """What the record teaches; None where that is nothing."""
    if options.mode == "reward":
        rows, rewards = lesson(experience, options, rng)
        pairs = [(gene, r) for i, r in zip(rows, rewards, strict=True) if (gene := _gene(experience[i])) is not None]
        mixed = 0
    else:
        pairs = [(gene, 1.0) for i in curated(experience, options.limit) if (gene := _gene(experience[i])) is not None]
        mixed = len(pairs)
        pairs += [(gene, 1.0) for gene in _own(prior, root)] if pairs else []
    if not pairs:
        return None
    scales = {name: Scale(**scale) for name, scale in prior.card["properties"].items()}
    return Lesson(tensors_of(_packed([gene for gene, _ in pairs]), scales), np.array([r for _, r in pairs]), mixed)


def curated(experience: Sequence[Experience], limit: float) -> list[int]:
    """Places of those whose reward is at least the limit, each crystal once; what is not new a record does not hold."""
    good = [i for i, one in enumerate(experience) if one.reward >= limit]
    first = groups([experience[i].structure for i in good])
    return [i for place, i in enumerate(good) if first[place] == place]


def _gene(one: Experience) -> Gene | None:
    """None where it has no gene, such as one that fell apart on relaxing."""
    from pymatgen.core import Structure

    crystal = Structure.from_dict(dict(one.structure))
    try:
        return encode(crystal.lattice.matrix, crystal.frac_coords, np.array(crystal.atomic_numbers, dtype=np.int64))
    except ValueError:
        return None


def _own(prior: Checkpoint, root: Path) -> list[Gene]:
    """Crystals as the prior draws them."""
    anything = [Conditions(atoms=(1, int(prior.card["most_atoms"])))] * REHEARSED
    answers = drawn(Sampling(str(root), 1.0, 1.0, 4), prior.sha256, anything, range(REHEARSED))
    genes = []
    for made in answers:
        if isinstance(made, GeneratedStructure):
            try:
                genes.append(encode(made.lattice, made.fractional, made.numbers))
            except ValueError:
                continue
    return genes


def _packed(genes: Sequence[Gene]) -> Genes:
    return Genes(ids=tuple(map(str, range(len(genes)))), properties={}, sources={}, left_out=(), **arrays_of(genes))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums depend on how many threads share them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _learn(module: nn.Module, prior: nn.Module, taught: Lesson, options: Steering, rng: np.random.Generator) -> None:
    """Update one network; dropout is off, so that agent and prior differ by their weights alone."""
    module.eval()
    prior.eval()
    optimizer = torch.optim.Adam(module.parameters(), lr=options.rate)
    for _ in range(options.updates):
        rows = taught.batch(rng)
        wishes = taught.data.wishes(rows, rng, isinstance(module, GeneNetwork))
        if isinstance(module, GeneNetwork):
            assert isinstance(prior, GeneNetwork)
            losses, apart = gene_terms(module, prior, taught.data, rows, wishes)
        else:
            assert isinstance(module, GeometryNetwork)
            assert isinstance(prior, GeometryNetwork)
            losses, apart = geometry_terms(module, prior, taught.data, rows, wishes, rng)
        total = weighted(losses, apart, taught.rewards[rows]) if options.mode == "reward" else losses.mean()
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), CLIP)
        optimizer.step()


def weighted(losses: Tensor, apart: Tensor, rewards: Array) -> Tensor:
    """Mean of r L + sigma (1.1 - r) KL (Chen et al. 2025) of losses, divergences and rewards (b,)."""
    r = torch.as_tensor(rewards, dtype=losses.dtype)
    return (r * losses + SIGMA * (HELD_BACK - r) * apart).mean()


def gene_terms(
    agent: GeneNetwork, prior: GeneNetwork, data: Tensors, rows: Index, wishes: Wishes
) -> tuple[Tensor, Tensor]:
    """-ln P of genes (b,) and KL(agent || prior) along them (b,), nats."""
    genes = data.genes(rows)
    own = agent.log_distributions(genes, wishes)
    with torch.no_grad():
        other = prior.log_distributions(genes, wishes)
    return -torch.add(*agent.chosen(genes, *own)), divergence.of_genes(own, other, genes)


def geometry_terms(
    agent: GeometryNetwork, prior: GeometryNetwork, data: Tensors, rows: Index, wishes: Wishes,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """-ln p of cells and coordinates (b,), and a bound on KL(agent || prior) of them (b,), nats.

    The cell with nothing shown, as it is drawn; then sites given the cell and a random share of the others.
    """
    genes = data.genes(rows)
    t = genes.positions.shape[1]
    cells = data.cells[rows].clone()
    cells[:, 0] -= agent.guess(genes)
    parameters = data.parameters[rows][:, :t]
    hidden = torch.as_tensor(rng.random((len(rows), t)) < rng.random((len(rows), 1)))
    free_cells = agent.free_cells[genes.groups]
    free = (torch.arange(3) < agent.freedom[genes.positions][..., None]) & genes.inside[..., None]
    asked = hidden & free.any(-1)
    nothing = Geometry(torch.full_like(cells, math.nan), torch.full_like(parameters, math.nan))
    shown = Geometry(torch.where(free_cells, cells, math.nan), torch.where(hidden[..., None], math.nan, parameters))
    own_cell, own_site = _mixtures(agent, genes, wishes, nothing, shown)
    with torch.no_grad():
        other_cell, other_site = _mixtures(prior, genes, wishes, nothing, shown)
    losses = -cell_density(own_cell, cells, free_cells)
    losses = losses - torch.where(asked, site_density(own_site, parameters, free), 0.0).sum(1)
    apart = divergence.of_mixtures(own_cell, other_cell, free_cells, angles=False)
    of_sites = divergence.of_mixtures(own_site, other_site, free, angles=True)
    return losses, apart + torch.where(asked, of_sites, 0.0).sum(1)


def _mixtures(
    network: GeometryNetwork, genes: Sequences, wishes: Wishes, nothing: Geometry, shown: Geometry
) -> tuple[Mixture, Mixture]:
    """Of the cell with nothing shown, and of all sites given what is shown."""
    first = network.of_cells(network.states(genes, wishes, nothing)[:, 0])
    return first, network.of_sites(network.states(genes, wishes, shown)[:, 1:])
