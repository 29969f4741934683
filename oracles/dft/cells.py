"""This file is the crystals that `dft` computes: a candidate's own, a decorated cell, an element's reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.oracles.base import Candidate
from eutectic.oracles.dft.calculation import Crystal, DftFailed
from eutectic.oracles.physics import solid_solution
from eutectic.oracles.structures.disorder import Order, ordered
from eutectic.oracles.structures.files import IN_A_BOX, read

MOMENTS = {"Fe": 2.5, "Co": 1.8, "Ni": 0.8, "Mn": 3.0, "Cr": 1.5}
"""Starting moments in Bohr magnetons of `spin: auto`; other elements start from 0."""
SITES = {"fcc": 4, "bcc": 2}
"""Atoms of the cubic cell."""
MOLECULES = ("H", "N", "O", "F", "Cl")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is computed for a candidate."""

    crystal: Crystal
    cubic_atoms: float | None
    """Atoms of the conventional cubic cell (a mean where sites are partly filled); None where it is not cubic."""


def subject(
    candidate: Candidate, lattice: str, cells: int, slack: float, start: float, seed: int, order: Order = "random"
) -> Subject:
    """The candidate's structure, reduced to its primitive cell (or ordered), or its composition on a lattice at random.

    `slack` is how far a fraction may be from the one asked, `start` the lattice constant in angstrom (0: from the
    elements' volumes). DftFailed when there is neither, or no cell can hold the composition.
    """
    if candidate.structure is not None:
        return _of_structure(candidate.structure, slack, seed, order)
    if not candidate.composition:
        raise DftFailed("bad_input", "the candidate has neither a structure nor a composition")
    return Subject(decorated(candidate.composition, lattice, cells, slack, start, seed), SITES[lattice])


def _of_structure(content: Mapping[str, object], slack: float, seed: int, order: Order) -> Subject:
    from pymatgen.core import Structure
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    structure = Structure.from_dict(dict(content))
    if not structure.is_ordered:
        return _of_disordered(structure, slack, seed, order)
    whole = structure if "magmom" in structure.site_properties else structure.get_primitive_structure()
    moments = [float(m or 0.0) for m in whole.site_properties.get("magmom", [])]
    symbols = [site.specie.symbol for site in whole]
    crystal = Crystal.of(symbols, whole.lattice.matrix, whole.cart_coords, moments)
    analyzer = SpacegroupAnalyzer(whole, symprec=1e-3)
    cubic = analyzer.get_crystal_system() == "cubic"
    return Subject(crystal, len(analyzer.get_conventional_standard_structure()) if cubic else None)


def _of_disordered(structure: Any, slack: float, seed: int, order: Order) -> Subject:
    """One order of a disordered crystal; its lattice constant is that of the average cell."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    try:
        (cell,) = ordered(structure, 1, order, slack, np.random.default_rng(seed))
    except ValueError as error:
        raise DftFailed("bad_input", str(error)) from error
    crystal = Crystal.of([site.specie.symbol for site in cell], cell.lattice.matrix, cell.cart_coords)
    analyzer = SpacegroupAnalyzer(structure, symprec=1e-3)
    if analyzer.get_crystal_system() != "cubic":
        return Subject(crystal, None)
    volume = analyzer.get_conventional_standard_structure().volume
    return Subject(crystal, float(volume * len(cell) / cell.volume))


def decorated(
    composition: Mapping[str, float], lattice: str, cells: int, slack: float, start: float, seed: int
) -> Crystal:
    """cells^3 cubic cells with the elements on random sites; a pure element gets its primitive cell."""
    elements = sorted(element for element, fraction in composition.items() if fraction > solid_solution.TRACE)
    fractions = np.array([composition[element] for element in elements])
    fractions = fractions / fractions.sum()
    constant = start or (SITES[lattice] * float(fractions @ [_volume(e) for e in elements])) ** (1 / 3)
    if len(elements) == 1:
        return primitive(elements[0], lattice, constant)
    sites = solid_solution.fcc(cells) if lattice == "fcc" else solid_solution.bcc(cells)
    reason = solid_solution.unheld(elements, fractions, lambda n: SITES[lattice] * n**3, cells, slack)
    if reason:
        raise DftFailed("bad_input", reason)
    types = solid_solution.decorate(fractions, sites.count, np.random.default_rng(seed))
    symbols = [elements[t - 1] for t in types]
    return Crystal.of(symbols, sites.cell * constant, sites.positions * constant)


def primitive(element: str, lattice: str, constant: float) -> Crystal:
    """One atom of fcc or bcc."""
    half = constant / 2
    fcc = [[0, half, half], [half, 0, half], [half, half, 0]]
    bcc = [[-half, half, half], [half, -half, half], [half, half, -half]]
    return Crystal.of([element], np.array(fcc if lattice == "fcc" else bcc), np.zeros((1, 3)))


def reference(element: str, files: Mapping[str, str]) -> Crystal:
    """The element's crystal at 0 K and 1 bar: from the user's file, or ASE's table of experimental lattices.

    DftFailed when neither has it; chromium is antiferromagnetic.
    """
    from ase.build import bulk

    if element in files:
        try:
            crystal = read(str(Path(files[element]).expanduser()), IN_A_BOX)
        except ValueError as error:
            raise DftFailed("bad_input", f"references: {error}") from error
        symbols = [site.species.elements[0].symbol for site in crystal]
        if set(symbols) != {element}:
            raise DftFailed("bad_input", f"references: {files[element]} holds {crystal.formula}, not {element}")
        return Crystal.of(symbols, crystal.lattice.matrix, crystal.cart_coords)
    try:
        atoms = bulk(element, cubic=element == "Cr")
    except (ValueError, RuntimeError, KeyError, NotImplementedError) as problem:
        raise DftFailed(
            "bad_input",
            f"no simple reference crystal of {element} is known ({problem}); give a structure file: "
            f"references: {{{element}: {element}.cif}}"
            + (" (a molecule in a large box)" if element in MOLECULES else ""),
        ) from problem
    moments = [MOMENTS["Cr"], -MOMENTS["Cr"]] if element == "Cr" else []
    return Crystal.of(atoms.get_chemical_symbols(), atoms.cell.array, atoms.positions, moments)


def polarised(crystal: Crystal, spin: str, moments: Mapping[str, float]) -> Crystal:
    """The crystal with starting moments: its own, the user's by element, or those of `spin: auto`."""
    from dataclasses import replace

    own = crystal.moments
    given = {**(MOMENTS if spin == "auto" or not moments else {}), **moments}
    if spin == "none":
        return replace(crystal, moments=())
    if own and any(own):
        return crystal
    found = tuple(float(given.get(symbol, 0.0)) for symbol in crystal.symbols)
    return replace(crystal, moments=found if any(found) or spin == "collinear" else ())


def require_apart(crystal: Crystal) -> None:
    """DftFailed when two atoms are closer than half the sum of their covalent radii."""
    from ase import Atoms
    from ase.data import atomic_numbers, covalent_radii
    from ase.neighborlist import neighbor_list

    radii = np.array([covalent_radii[atomic_numbers[symbol]] for symbol in crystal.symbols])
    atoms = Atoms(crystal.symbols, crystal.positions, cell=crystal.cell, pbc=True)
    first, second, distance = neighbor_list("ijd", atoms, float(radii.max()))
    close = distance < 0.5 * (radii[first] + radii[second])
    if close.any():
        worst = int(np.argmin(np.where(close, distance, np.inf)))
        pair = f"{crystal.symbols[first[worst]]} and {crystal.symbols[second[worst]]}"
        raise DftFailed("unphysical", f"{pair} are {distance[worst]:.2f} angstrom apart")


def composition_of(symbols: Sequence[str]) -> dict[str, float]:
    """Atomic fractions by element."""
    return {element: symbols.count(element) / len(symbols) for element in sorted(set(symbols))}


def _volume(element: str) -> float:
    """Angstrom^3 an atom of the element's own crystal; DftFailed for those that are none of the simple ones."""
    crystal = reference(element, {})
    return crystal.volume / len(crystal.symbols)
