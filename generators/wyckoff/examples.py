"""This file is the genes of a set of crystals as arrays, kept in the user's cache: what the networks are trained on."""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eutectic.generators.learning.datasets import Structures
from eutectic.generators.wyckoff.genes import Gene, Site, encode
from eutectic.generators.wyckoff.table import Array, Index, table
from eutectic.oracles import user_cache
from eutectic.oracles.whole_files import write_whole

ENCODER = "1"
"""Raised whenever a crystal gets another gene; part of the cache's names."""


@dataclass(frozen=True, slots=True, eq=False)
class Genes:
    """n crystals; m sites in all."""

    ids: tuple[str, ...]
    groups: Index
    """(n,) space groups."""
    starts: Index
    """(n + 1,) sites of crystal i."""
    positions: Index
    """(m,) rows of the table."""
    elements: Index
    """(m,) atomic numbers."""
    parameters: Array
    """(m, 3) free coordinates, those that are not free NaN at the end."""
    cells: Array
    """(n, 6) edges in angstrom, angles in degrees."""
    properties: Mapping[str, Array]
    """Name -> (n,), NaN where it is not given."""
    sources: Mapping[str, str]
    """File's name -> sha256."""
    left_out: tuple[str, ...]
    """Which crystals have no gene here, and why."""

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def sites(self) -> Index:
        """(n,) sites of each."""
        return np.diff(self.starts)

    @property
    def atoms(self) -> Index:
        """(n,) atoms in the primitive cell of each."""
        each = np.array([p.atoms for p in table().positions])[self.positions]
        return np.asarray(np.add.reduceat(each, self.starts[:-1]), dtype=np.int64)

    def gene(self, i: int) -> Gene:
        """The i-th crystal."""
        rows = range(int(self.starts[i]), int(self.starts[i + 1]))
        sites = []
        for row in rows:
            values = self.parameters[row]
            known = tuple(float(v) for v in values[~np.isnan(values)])
            sites.append(Site(int(self.positions[row]), int(self.elements[row]), known))
        a, b, c, alpha, beta, gamma = (float(v) for v in self.cells[i])
        return Gene(int(self.groups[i]), tuple(sites), (a, b, c, alpha, beta, gamma))


def genes_of(structures: Structures, most_atoms: int, progress: Callable[[int], None] | None = None) -> Genes:
    """Genes of the crystals of at most `most_atoms` atoms in the primitive cell; ValueError when there are none."""
    key = [ENCODER, str(most_atoms), *structures.ids, str(structures.lattices.sum()), str(structures.fractional.sum())]
    name = hashlib.sha256("\n".join(key).encode()).hexdigest()[:32]
    cache = user_cache.cache_folder("genes") / f"{name}.npz"
    if not cache.exists():
        stream = io.BytesIO()
        arrays: dict[str, Any] = _encoded(structures, most_atoms, progress)
        np.savez_compressed(stream, **arrays)
        write_whole(cache, stream.getvalue())
    with np.load(cache, allow_pickle=False) as kept:
        rows = kept["rows"]
        if not len(rows):
            raise ValueError(f"none of {len(structures)} crystals has a gene of at most {most_atoms} atoms")
        return Genes(
            ids=tuple(structures.ids[i] for i in rows),
            groups=kept["groups"],
            starts=kept["starts"],
            positions=kept["positions"],
            elements=kept["elements"],
            parameters=kept["parameters"],
            cells=kept["cells"],
            properties={n: values[rows] for n, values in structures.properties.items()},
            sources=structures.sources,
            left_out=(*structures.left_out, *(str(k) for k in kept["left_out"])),
        )


def _encoded(structures: Structures, most_atoms: int, progress: Callable[[int], None] | None) -> dict[str, Any]:
    """The arrays of the cache."""
    rows, genes, left_out = [], [], []
    for i in range(len(structures)):
        try:
            gene = encode(*structures.crystal(i))
        except ValueError as error:
            left_out.append(f"{structures.ids[i]}: {error}")
        else:
            if gene.atoms > most_atoms:
                left_out.append(
                    f"{structures.ids[i]}: {gene.atoms} atoms in the primitive cell, more than {most_atoms}"
                )
            else:
                rows.append(i)
                genes.append(gene)
        if progress is not None:
            progress(i + 1)
    return {"rows": np.array(rows, dtype=np.int64), **arrays_of(genes), "left_out": np.array(left_out, dtype=str)}


def arrays_of(genes: Sequence[Gene]) -> dict[str, Any]:
    """The arrays that hold genes, by the names of the fields of `Genes`."""
    sites = [site for gene in genes for site in gene.sites]
    parameters = np.full((len(sites), 3), np.nan)
    for row, site in enumerate(sites):
        parameters[row, : len(site.parameters)] = site.parameters
    return {
        "groups": np.array([gene.group for gene in genes], dtype=np.int64),
        "starts": np.concatenate([[0], np.cumsum([len(gene.sites) for gene in genes])]).astype(np.int64),
        "positions": np.array([site.position for site in sites], dtype=np.int64),
        "elements": np.array([site.element for site in sites], dtype=np.int64),
        "parameters": parameters,
        "cells": np.array([gene.cell for gene in genes]).reshape(-1, 6),
    }
