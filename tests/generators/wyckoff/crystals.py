"""A few crystals of our own, as the tests train on them."""

import numpy as np
from pymatgen.core import Lattice, Structure

from eutectic.generators.learning.datasets import Structures


def known():
    """Name -> structure: what is taught first of crystals."""
    made = {}
    for a, b, edge in (("Na", "Cl", 5.6), ("Mg", "O", 4.2), ("Li", "F", 4.0), ("K", "Cl", 6.3)):
        made[f"{a}{b}"] = Structure.from_spacegroup(225, Lattice.cubic(edge), [a, b], [[0, 0, 0], [0.5, 0.5, 0.5]])
    for a, b, edge in (("Sr", "Ti", 3.9), ("Ba", "Ti", 4.0), ("Ca", "Zr", 4.1)):
        sites = [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0]]
        made[f"{a}{b}O3"] = Structure.from_spacegroup(221, Lattice.cubic(edge), [a, b, "O"], sites)
    for a, edge, c, x in (("Ti", 4.6, 2.96, 0.305), ("Sn", 4.7, 3.2, 0.307), ("Mg", 4.5, 3.0, 0.303)):
        other = "F" if a == "Mg" else "O"
        made[f"{a}{other}2"] = Structure.from_spacegroup(
            136, Lattice.tetragonal(edge, c), [a, other], [[0, 0, 0], [x, x, 0]]
        )
    for a, edge, c in (("Zn", 3.8, 6.2), ("Cd", 4.1, 6.7)):
        sites = [[1 / 3, 2 / 3, 0], [1 / 3, 2 / 3, 0.375]]
        made[f"{a}S"] = Structure.from_spacegroup(186, Lattice.hexagonal(edge, c), [a, "S"], sites)
    sites = [[0.25, 0.02, 0.25], [0.0, 0.0, 0.5], [0.21, 0.45, 0.06]]
    made["P2_1/c"] = Structure.from_spacegroup(14, Lattice.monoclinic(5.1, 5.2, 5.3, 99.0), ["Zr", "Ti", "O"], sites)
    made["P1"] = Structure(
        Lattice.from_parameters(4.0, 4.5, 5.0, 80, 95, 102), ["Li", "O"], [[0.1, 0.2, 0.3], [0.6, 0.5, 0.9]]
    )
    return {name: structure.get_primitive_structure() for name, structure in made.items()}


def structures(repeated=1):
    """All of them as arrays, with a property."""
    chosen = list(known().items()) * repeated
    sizes = [len(s) for _, s in chosen]
    return Structures(
        ids=tuple(f"{name}-{k}" for k, (name, _) in enumerate(chosen)),
        lattices=np.array([s.lattice.matrix for _, s in chosen]),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        fractional=np.concatenate([s.frac_coords for _, s in chosen]),
        numbers=np.concatenate([s.atomic_numbers for _, s in chosen]).astype(np.int64),
        properties={"band_gap_ev": np.array([float(s.composition.num_atoms) for _, s in chosen])},
        sources={"ours": "0" * 64},
    )
