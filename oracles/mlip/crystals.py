"""This file is the crystals a learned potential is asked about: decorated lattices, given structures, pure elements."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.build import bulk

from eutectic.oracles.mlip.coverage import buildable
from eutectic.oracles.physics import solid_solution
from eutectic.oracles.physics.solid_solution import Sites
from eutectic.oracles.structures.files import IN_A_BOX, read

if TYPE_CHECKING:
    from pymatgen.core import Structure

Array = npt.NDArray[np.float64]
Lattice = Literal["fcc", "bcc", "hcp"]
SITES_OF_A_CUBE = {"fcc": 4.0, "bcc": 2.0, "hcp": np.sqrt(2.0)}
"""Atomic volumes in the cube of the lattice constant; hcp: with the ideal axes."""


def sites(lattice: Lattice, cells: int) -> Sites:
    """cells^3 cells of 4 (fcc), 2 (bcc) or 4 (hcp, rectangular) sites, in units of the lattice constant."""
    if lattice == "fcc":
        return solid_solution.fcc(cells)
    if lattice == "bcc":
        return solid_solution.bcc(cells)
    return _hexagonal(cells)


def _hexagonal(cells: int) -> Sites:
    """Ideal hcp in rectangular cells of 1, sqrt 3 and sqrt(8/3)."""
    edges = np.array([1.0, np.sqrt(3.0), np.sqrt(8.0 / 3.0)])
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 1 / 6, 0.5], [0, 2 / 3, 0.5]])
    corners = np.stack(np.meshgrid(*[np.arange(cells)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = ((corners + basis) * edges).reshape(-1, 3)
    return Sites(np.diag(edges * cells), positions, np.zeros(len(positions), dtype=np.int64))


def start_constant(lattice: Lattice, fractions: Mapping[str, float]) -> float:
    """Lattice constant (angstrom) of the mean atomic volume of the elements' reference states."""
    volume = sum(share * _atomic_volume(symbol) for symbol, share in fractions.items()) / sum(fractions.values())
    return float((SITES_OF_A_CUBE[lattice] * volume) ** (1 / 3))


def _atomic_volume(symbol: str) -> float:
    """angstrom^3; 15 for elements without a simple reference state."""
    if not buildable(symbol):
        return 15.0
    atoms = element(symbol)
    return float(atoms.get_volume() / len(atoms))


def decorated(
    lattice: Lattice, cells: int, fractions: Mapping[str, float], constant: float, rng: np.random.Generator
) -> Atoms:
    """A random alloy of these atomic fractions on its lattice, constant in angstrom."""
    return occupied(sites(lattice, cells), fractions, constant, rng)


def occupied(places: Sites, fractions: Mapping[str, float], constant: float, rng: np.random.Generator) -> Atoms:
    """A random alloy on given sites, constant in angstrom."""
    symbols = list(fractions)
    types = solid_solution.decorate(np.array([fractions[s] for s in symbols]), places.count, rng)
    named = [symbols[int(kind) - 1] for kind in types]
    return Atoms(named, places.positions * constant, cell=places.cell * constant, pbc=True)


def from_structure(structure: Mapping[str, Any]) -> "Structure":
    """The crystal of `pymatgen.core.Structure.as_dict()`; ValueError when it is none."""
    from pymatgen.core import Structure

    try:
        crystal: Structure = Structure.from_dict(dict(structure))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the candidate's structure cannot be read: {error}") from error
    return crystal


def from_file(path: str) -> Atoms:
    """The structure in a file (CIF, POSCAR, ...); ValueError when it holds none or would be misread."""
    try:
        return atoms_of(read(path, IN_A_BOX))
    except ValueError as error:
        raise ValueError(f"references: {error}") from None


def atoms_of(crystal: "Structure") -> Atoms:
    """The atoms of an ordered structure; ValueError when it is disordered."""
    if not crystal.is_ordered:
        raise ValueError("the structure is disordered: give one element a site")
    symbols = [site.specie.symbol for site in crystal]
    return Atoms(symbols, crystal.cart_coords, cell=crystal.lattice.matrix, pbc=True)


def conventional_constant(crystal: "Structure") -> float:
    """First edge of the conventional cell, angstrom."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    return float(SpacegroupAnalyzer(crystal, symprec=0.01).get_conventional_standard_structure().lattice.a)


def element(symbol: str) -> Atoms:
    """The element in its reference state (ase.data.reference_states: room-temperature structure and constants)."""
    return bulk(symbol)


def pure(symbol: str, lattice: Lattice) -> Atoms:
    """The element on an alloy's lattice, in the smallest cell."""
    constant = start_constant(lattice, {symbol: 1.0})
    return (
        bulk(symbol, lattice, a=constant, covera=np.sqrt(8 / 3))
        if lattice == "hcp"
        else bulk(symbol, lattice, a=constant)
    )


def cif(atoms: Atoms) -> str:
    """The crystal as CIF text."""
    from ase.io.cif import write_cif

    text = io.BytesIO()
    write_cif(text, [atoms])
    return text.getvalue().decode()
