"""This file is the latent generator: a box of an autoencoder's coordinates, each point of it a material."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from eutectic.generators.base import number
from eutectic.generators.latent.autoencoder import Autoencoder, Recipe, trained
from eutectic.generators.latent.codec import Model, codec
from eutectic.generators.latent.table import Table, read
from eutectic.optimizers.base import Array, Kind, Space
from eutectic.oracles import user_cache
from eutectic.oracles.base import Candidate, Value
from eutectic.oracles.user.module import digest, examine, parse
from eutectic.oracles.whole_files import write_whole

VERSION = 1
"""Raised whenever the same table and options give another autoencoder."""
BESIDE = 0.05
"""Of each axis' range that the box is wider than the table's own coordinates, on either side; ours."""
NAMED = 3
"""Features of an axis that are named, the most moved first."""


_CONTINUOUS: tuple[Kind, ...] = ("continuous",)


@dataclass(frozen=True, slots=True)
class Latent:
    """Materials like those of a table, as points of a box that an autoencoder of their compositions has learned.

    A point is decoded, its fractions are refined to whole steps, and what comes out is evaluated. Any optimizer of
    continuous spaces searches it, in a few dimensions however many elements there are.
    """

    file: str
    """CSV of materials to learn from."""
    formula: str = "formula"
    """Its column of formulas."""
    features: tuple[str, ...] = ()
    """Columns of numbers that are learned with them and decoded with them, such as lattice parameters."""
    dimensions: int = 3
    """Latent coordinates."""
    step: float = 0.01
    """Atomic fractions are whole multiples of it."""
    smallest: float = 0.02
    """An atomic fraction below it is none."""
    width: int = 64
    """Units of the hidden layers."""
    steps: int = 2000
    """Steps of the training, over the whole table each."""
    divergence: float = 0.01
    """Weight of the divergence from a normal prior: less reconstructs better, more makes the box smoother."""
    seed: int = 0
    """Of the training."""
    codec: str = ""
    """`my_module:my_function` for an encoder and decoder of one's own instead: it is called with the table's atomic
    fractions (n, e), features (n, f) and `dimensions`, and returns an object with encode(fractions, features) -> (n, d)
    and decode(Z) -> (fractions, features), the same each time. Nothing is trained then."""
    folder: str = "."
    """Where that module is looked for first, relative to the campaign file."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name, low, high in (("dimensions", 1, 64), ("width", 2, 4096), ("steps", 1, 1_000_000)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name}: {getattr(self, name)} is not between {low} and {high}")
        if not (0 < self.step <= 0.5 and abs(round(1 / self.step) - 1 / self.step) < 1e-6):
            raise ValueError(f"step: {self.step:g} does not divide 1 into whole steps")
        if not 0 <= self.smallest < 1:
            raise ValueError(f"smallest: {self.smallest:g} is not between 0 and 1")
        if not 0 <= self.divergence < 100:
            raise ValueError(f"divergence: {self.divergence:g} is not between 0 and 100")
        if self.codec:
            parse(self.codec)

    def located(self, folder: str) -> "Latent":
        """The same with the path of its file taken from `folder`."""
        return replace(self, file=str(Path(folder) / self.file), folder=str(Path(folder) / self.folder))

    @property
    def space(self) -> Space:
        """The box of the table's own coordinates; ValueError where the table cannot be read."""
        own = _learned(self)
        return Space(
            names=self.latents, kinds=_CONTINUOUS * self.dimensions, lower=own.lower, upper=own.upper,
            categories=((),) * self.dimensions,
        )  # fmt: skip

    @property
    def latents(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        return tuple(f"latent_{k}" for k in range(1, self.dimensions + 1))

    @property
    def names(self) -> tuple[str, ...]:
        """What a candidate's variables are called."""
        return (*self.latents, "formula", *self.features)

    @property
    def optional(self) -> frozenset[str]:
        """Variables that may be left out of a table: what the coordinates are decoded to."""
        return frozenset({"formula", *self.features})

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the axes mean, and how well the table is written by them."""
        own = _learned(self)
        lines = [f"{name}: {', '.join(f'{f} {x:+.2g}' for f, x in moved)}" for name, moved in self.axes().items()]
        return (f"latent coordinates give fractions of the table back within {own.missed:.2g} (mean)", *lines)

    def axes(self) -> dict[str, list[tuple[str, float]]]:
        """What moves along each axis: mean change of atomic fractions and of standardised features, largest first.

        Over the table's materials, from half its deviation before them to half behind.
        """
        own = _learned(self)
        named = (*own.table.elements, *self.features)
        found = {}
        for k, axis in enumerate(self.latents):
            by = np.zeros(self.dimensions)
            by[k] = own.Z[:, k].std() / 2
            change = np.hstack(own.model.decode(own.Z + by)) - np.hstack(own.model.decode(own.Z - by))
            scale = np.concatenate([np.ones(len(own.table.elements)), own.model.spread])
            mean = change.mean(axis=0) / scale
            order = np.argsort(-np.abs(mean), kind="stable")[:NAMED]
            found[axis] = [(named[i], float(mean[i])) for i in order]
        return found

    def element_fractions(self) -> dict[str, tuple[float, float]]:
        """Least and most of each element of the table, atomic fractions."""
        return dict.fromkeys(_learned(self).table.elements, (0.0, 1.0))

    def numbers(self) -> dict[str, tuple[float, float]]:
        """No number beside the fractions is for oracles to know."""
        return {}

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:  # noqa: ARG002 (a row says all)
        """Candidates of rows X (n, d), decoded and refined."""
        own = _learned(self)
        fractions, numbers = own.model.decode(np.asarray(X, dtype=float))
        steps = _refined(fractions, round(1 / self.step), self.smallest)
        return [self._candidate(own, *row) for row in zip(X, steps, numbers, strict=True)]

    @property
    def origin(self) -> str:
        """What candidates say made them: the autoencoder, by its hash."""
        return f"latent:{_learned(self).name[:8]}"

    def _candidate(self, own: "_Learned", z: Array, steps: Array, numbers: Array) -> Candidate:
        present = np.flatnonzero(steps)
        divisor = int(np.gcd.reduce(steps[present].astype(int)))
        formula = "".join(f"{own.table.elements[i]}{round(steps[i]) // divisor}" for i in present)
        variables: dict[str, Value] = {name: float(value) for name, value in zip(self.latents, z, strict=True)}
        variables |= {"formula": formula}
        variables |= {name: float(value) for name, value in zip(self.features, numbers, strict=True)}
        composition = {own.table.elements[i]: float(steps[i] / steps.sum()) for i in present}
        return Candidate(variables, composition=composition, origin=self.origin)

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """Row (d,) of a candidate; ValueError where another autoencoder made its formula."""
        x = np.array([number(name, variables) for name in self.latents])
        (candidate,) = self.generate(x[None], np.random.default_rng(0))
        made, given = candidate.variables["formula"], variables.get("formula")
        if given is not None and given != made:
            raise ValueError(f"these latent coordinates are {made} here, not {given}: another table or training")
        return x


@dataclass(frozen=True, slots=True, eq=False)
class _Learned:
    """A table, its autoencoder, and its coordinates."""

    name: str
    """Hash of all that it depends on."""
    table: Table
    model: Model
    Z: Array
    """(n, d)."""

    @property
    def lower(self) -> Array:
        """(d,)."""
        return np.asarray(self.Z.min(axis=0) - BESIDE * np.ptp(self.Z, axis=0))

    @property
    def upper(self) -> Array:
        """(d,)."""
        return np.asarray(self.Z.max(axis=0) + BESIDE * np.ptp(self.Z, axis=0))

    @property
    def missed(self) -> float:
        """Mean over the materials of the largest error of an atomic fraction."""
        return float(np.abs(self.model.decode(self.Z)[0] - self.table.fractions).max(axis=1).mean())


@lru_cache(maxsize=8)
def _learned(part: Latent) -> _Learned:
    """Read, and trained or taken from the user's cache; ValueError for a table that cannot be read."""
    table = read(Path(part.file), part.formula, part.features)
    if part.codec:
        examine(part.codec, part.folder)
        content = [VERSION, table.sha256, part.formula, part.features, part.codec, digest(part.codec, part.folder)]
        name = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        own = codec(part.codec, part.folder, table, part.dimensions)
        return _Learned(name, table, own, own.encode(table.fractions, table.numbers))
    recipe = Recipe(part.dimensions, part.width, part.steps, part.divergence, part.seed)
    content = [VERSION, table.sha256, part.formula, part.features, asdict(recipe)]
    name = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    path = user_cache.cache_folder("latent") / f"{name}.npz"
    if path.is_file():
        with np.load(path, allow_pickle=False) as kept:
            model = Autoencoder({key: kept[key] for key in kept.files}, len(table.elements))
    else:
        model = trained(table, recipe)
        file = io.BytesIO()
        np.savez(file, **model.weights)  # type: ignore[arg-type]
        write_whole(path, file.getvalue())
    return _Learned(name, table, model, model.encode(table.fractions, table.numbers))


def _refined(fractions: Array, steps: int, smallest: float) -> Array:
    """(n, e) whole numbers of steps that add up to all, by largest remainders; fractions below `smallest` are none."""
    largest = fractions == fractions.max(axis=1, keepdims=True)
    kept = np.where((fractions >= smallest) | largest, fractions, 0.0)
    wanted = kept / kept.sum(axis=1, keepdims=True) * steps
    whole = np.floor(wanted)
    order = np.argsort(-(wanted - whole), axis=1, kind="stable")
    missing = np.round(steps - whole.sum(axis=1)).astype(int)
    for i, k in enumerate(missing):
        whole[i, order[i, :k]] += 1
    return np.asarray(whole)
