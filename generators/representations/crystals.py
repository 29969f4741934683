"""This file is crystal structures as numbers: descriptors that need no fit."""

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.generators.hints import suggestion
from eutectic.generators.representations.elements import table
from eutectic.oracles.structures.doubts import DoubtKind
from eutectic.oracles.structures.files import read as read_file

if TYPE_CHECKING:
    from pymatgen.core import Structure


DESCRIPTORS = {
    "density_g_per_cm3": "g/cm^3",
    "volume_angstrom3_per_atom": "angstrom^3",
    "packing_fraction": "",
    "mean_nearest_distance_angstrom": "angstrom",
    "deviation_nearest_distance_angstrom": "angstrom",
    "mean_coordination": "",
    "deviation_coordination": "",
    "mean_bond_length_over_radii": "",
    "deviation_bond_length_over_radii": "",
    "point_group_order": "",
}
"""Name -> unit. Packing: spheres of atomic radius over volume. Neighbours: nearer than 1.2 times the nearest distance
of the site. Bond lengths over the sum of the two atomic radii. Point group order: 1 (triclinic) to 48 (cubic)."""
ORDER = {f"electronegativity_order_{k}": "pauling^2" for k in range(1, 6)}
"""What tells arrangements of the same elements on the same sites apart: name -> unit."""
SHELLS = (0.9, 1.2, 1.5, 1.8, 2.1)
"""Distances of these pairs, in units of (volume / atoms)^(1/3)."""
SHELL_WIDTH = 0.12
"""Standard deviation of a shell, in the same unit."""
REACH = 1.2
"""Neighbours of a site lie within so many times its nearest distance."""


def require_known(names: Iterable[str]) -> None:
    """ValueError for a name that is no descriptor, with the nearest one."""
    for name in names:
        if name not in DESCRIPTORS:
            near = suggestion(name, DESCRIPTORS) or ";"
            raise ValueError(f"descriptors: {name!r} is unknown{near} Known: {', '.join(DESCRIPTORS)}")


def read(path: str, accept: Collection[DoubtKind] = (), disordered: bool = False) -> dict[str, object]:
    """The structure in a file as a dictionary; ValueError when the file has none or would be misread.

    `accept`: kinds of doubt that are put aside; `disordered`: whether sites may be partly filled.
    """
    structure = read_file(path, accept)
    if not structure.is_ordered and not disordered:
        partly = next(site.species_string for site in structure if not site.is_ordered)
        raise ValueError(
            f"{path} is disordered ({partly} on one site): give one element a site, or `disordered: keep`, and the "
            "oracles order it (`order: random` or `electrostatic`)"
        )
    content: dict[str, object] = structure.as_dict()
    return content


def composition(structure: Mapping[str, object]) -> dict[str, float]:
    """Atomic fractions by element symbol."""
    amounts = _structure(structure).composition.element_composition.fractional_composition
    return {symbol: float(share) for symbol, share in sorted(amounts.get_el_amt_dict().items())}


def site_elements(structure: Mapping[str, object]) -> list[str]:
    """Element symbol of each site, in order; ValueError when sites are partly filled."""
    crystal = _structure(structure)
    if not crystal.is_ordered:
        raise ValueError("its sites are partly filled: there is no sequence of elements")
    return [site.specie.symbol for site in crystal]


def described(structure: Mapping[str, object]) -> list[float]:
    """The descriptors, in the order and units of `DESCRIPTORS`."""
    crystal = _structure(structure)
    nearest, coordination, bonds = _neighbourhoods(crystal)
    filled = [(_radius(element.symbol), float(x)) for site in crystal for element, x in site.species.items()]
    spheres = sum(x * 4 / 3 * np.pi * radius**3 for radius, x in filled)
    return [
        float(crystal.density),
        float(crystal.volume / crystal.composition.num_atoms),
        float(spheres / crystal.volume),
        *_mean_and_deviation(nearest),
        *_mean_and_deviation(coordination),
        *_mean_and_deviation(bonds),
        _point_group_order(crystal),
    ]


def order(structure: Mapping[str, object]) -> list[float]:
    """Sum of (chi_i - chi)(chi_j - chi) over pairs of atoms at about each distance of `SHELLS`, per atom.

    chi: Pauling's electronegativity, and its mean over the crystal. Negative where unlike elements are neighbours.
    """
    crystal = _structure(structure)
    length = (crystal.volume / len(crystal)) ** (1 / 3)
    first, second, _, distance = crystal.get_neighbor_list((SHELLS[-1] + 3 * SHELL_WIDTH) * length)
    chi = np.array([_on_site(_electronegativity, site) for site in crystal])
    pairs = (chi - chi.mean())[first] * (chi - chi.mean())[second]
    shells = np.exp(-0.5 * ((distance[:, None] / length - np.array(SHELLS)) / SHELL_WIDTH) ** 2)
    return [float(value) for value in pairs @ shells / len(crystal)]


def _on_site(of: Callable[[str], float], site: Any) -> float:
    """Mean over the elements on a site, each as far as it fills it."""
    shares = [(of(element.symbol), float(x)) for element, x in site.species.items()]
    return sum(value * x for value, x in shares) / sum(x for _, x in shares)


def _electronegativity(symbol: str) -> float:
    """Pauling's."""
    return float(table((symbol,), ("electronegativity_pauling",))[0, 0])


def _structure(content: Mapping[str, object]) -> "Structure":
    from pymatgen.core import Structure

    return Structure.from_dict(dict(content))


def _mean_and_deviation(values: list[float]) -> tuple[float, float]:
    found = np.array(values)
    return float(found.mean()), float(np.abs(found - found.mean()).mean())


def _neighbourhoods(crystal: "Structure") -> tuple[list[float], list[float], list[float]]:
    """Nearest distance (angstrom) and number of neighbours of each site, and each bond's length over its radii."""
    cutoff = 1.5 * (crystal.volume / len(crystal)) ** (1 / 3)
    while True:
        first, second, _, distance = crystal.get_neighbor_list(cutoff)
        if len(np.unique(first)) == len(crystal):
            nearest = np.array([distance[first == i].min() for i in range(len(crystal))])
            if REACH * nearest.max() <= cutoff:
                break
        cutoff *= 1.5
    near = distance <= REACH * nearest[first]
    radii = np.array([_on_site(_radius, site) for site in crystal])
    bonds = distance[near] / (radii[first[near]] + radii[second[near]])
    return nearest.tolist(), np.bincount(first[near], minlength=len(crystal)).astype(float).tolist(), bonds.tolist()


def _radius(symbol: str) -> float:
    """Atomic radius, angstrom."""
    return float(table((symbol,), ("atomic_radius_angstrom",))[0, 0])


def _point_group_order(crystal: "Structure") -> float:
    """Number of rotations (proper and improper) of the crystal's space group."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of how spglib is going to report errors
        data = SpacegroupAnalyzer(crystal, symprec=0.01).get_symmetry_dataset()
    if data is None:
        raise ValueError("no symmetry can be determined: two atoms are on one site, or the cell is degenerate")
    rotations = data.rotations
    return float(len(np.unique(np.asarray(rotations).reshape(-1, 9), axis=0)))
