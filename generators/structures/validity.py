"""This file is whether a crystal could be one, before anything is computed: distances of atoms, volume, density."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pymatgen.core import Structure

NEAREST_ANGSTROM = 0.5
"""No two atoms are nearer, angstrom: the criterion of Xie et al. 2022 (CDVAE, arXiv 2110.06197)."""
OVER_RADII = 0.6
"""No two atoms are nearer than so many times the sum of their covalent radii; ours, as for structure files."""
DENSITY_G_PER_CM3 = (0.02, 45.0)
"""Between aerogels and iridium in the Earth's core."""
ATOM_ANGSTROM3 = (2.0, 150.0)
"""Volume an atom: less than hydrogen's under a megabar, more than caesium's."""


def closest(structure: "Structure") -> tuple[float, float, str]:
    """Least distance (angstrom), the least over the sum of covalent radii, the pair of that one; inf without any."""
    from ase.data import covalent_radii

    radii = covalent_radii[[int(z) for z in structure.atomic_numbers]]
    reach = max(NEAREST_ANGSTROM, 2.0 * float(radii.max()))
    first, second, _, distance = structure.get_neighbor_list(reach)
    if not len(distance):
        return np.inf, np.inf, ""
    ratio = distance / (radii[first] + radii[second])
    worst = int(np.argmin(ratio))
    pair = "-".join(sorted(structure[int(i)].specie.symbol for i in (first[worst], second[worst])))
    return float(distance.min()), float(ratio[worst]), pair


def unphysical(structure: "Structure") -> str:
    """Why this can be no crystal, as a sentence; "" where it could."""
    matrix = np.asarray(structure.lattice.matrix)
    if not (np.isfinite(matrix).all() and np.isfinite(structure.frac_coords).all()):
        return "its cell or a coordinate is no finite number"
    low, high = ATOM_ANGSTROM3
    volume = abs(float(np.linalg.det(matrix))) / len(structure)
    if not low <= volume <= high:
        return f"a volume of {volume:.3g} angstrom^3 an atom"
    distance, ratio, pair = closest(structure)
    if distance < NEAREST_ANGSTROM or ratio < OVER_RADII:
        return f"overlapping atoms ({pair})"
    least, most = DENSITY_G_PER_CM3
    return "" if least <= structure.density <= most else f"a density of {structure.density:.3g} g/cm3"


def read(content: Mapping[str, Any]) -> "Structure":
    """The structure of a dictionary."""
    from pymatgen.core import Structure

    return Structure.from_dict(dict(content))
