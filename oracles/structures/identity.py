"""This file is which structures of many are one crystal: the same atoms, moments and charges, however they are written.

Cells may be chosen differently (primitive, conventional, turned, shifted); volumes, distances, magnetic moments and
oxidation states must agree.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pymatgen.core import Structure

LENGTHS = 0.002
"""Relative difference of cell edges up to which two crystals match."""
SITES = 0.005
"""Root-mean-square distance of sites up to which they match, in units of (volume / atoms)^(1/3)."""
DEGREES = 0.2
"""Difference of cell angles up to which they match."""
REACH = 2.2
"""Pairs of atoms are compared up to so many (volume / atoms)^(1/3) before two crystals are laid over each other."""
BIN_ANGSTROM = 0.1
"""Width of the bins that distances are compared in, angstrom; ours."""
MOMENTS, CHARGES = ("magmom", "final_magmom"), ("oxidation_state", "charge")
"""What a site's moment and charge are called; ASE has moments of the start and of the end."""
OFFSET = 0.0371
"""Shifts the bins' edges away from round distances, where ideal crystals have theirs."""


def groups(structures: Sequence[Mapping[str, object]]) -> list[int]:
    """For each structure (n,), a `pymatgen` dictionary, the place of the first one that is the same crystal."""
    from pymatgen.analysis.structure_matcher import SpeciesComparator, StructureMatcher

    matcher = StructureMatcher(
        LENGTHS, SITES, DEGREES, primitive_cell=True, scale=False, comparator=SpeciesComparator()
    )
    alike: dict[object, list[tuple[int, Structure]]] = {}
    answer: list[int] = []
    for i, content in enumerate(structures):
        crystal = _marked(content)
        representatives = alike.setdefault(_pairs(crystal), [])
        same = next((j for j, other in representatives if matcher.fit(crystal, other)), i)
        if same == i:
            representatives.append((i, crystal))
        answer.append(same)
    return answer


def _marked(content: Mapping[str, object]) -> "Structure":
    """The structure whose species carry their charge and moment (a number; of a vector its parts, as text)."""
    from pymatgen.core import Species, Structure

    crystal = Structure.from_dict(dict(content))
    moments, charges = (_first_given(crystal, names) for names in (MOMENTS, CHARGES))
    species: list[Any] = []
    for site, moment, charge in zip(crystal, moments, charges, strict=True):
        given = None if moment is None else _spin(moment)
        state = None if charge is None else round(float(charge), 2)
        species.append(
            {
                Species(
                    s.symbol,
                    state if getattr(s, "oxi_state", None) is None else s.oxi_state,
                    getattr(s, "spin", None) if given is None else given,
                ): x
                for s, x in site.species.items()
            }
        )
    return Structure(crystal.lattice, species, crystal.frac_coords)


def _first_given(crystal: "Structure", names: Sequence[str]) -> list[Any]:
    """The first of these properties that the sites have; None a site where they have none."""
    given: list[Any] | None = next(
        (crystal.site_properties[name] for name in names if name in crystal.site_properties), None
    )
    return given or [None] * len(crystal)


def _spin(moment: Any) -> float:
    """One number a moment in Bohr magnetons, to 0.01; of a vector one that differs with each of its parts."""
    parts = np.atleast_1d(np.asarray(getattr(moment, "moment", moment), dtype=float)).round(2) + 0.0
    return float(parts @ [1.0, np.e, np.pi][: len(parts)]) if len(parts) <= 3 else float(np.linalg.norm(parts))


def _pairs(crystal: "Structure") -> tuple[object, ...]:
    """What equal crystals share whatever their cell: each kind of pair's distances, counted per atom."""
    reach = REACH * (crystal.volume / len(crystal)) ** (1 / 3)
    first, second, _, distance = crystal.get_neighbor_list(reach * (1 - 1e-3))
    labels = [
        str(sorted((str(s), getattr(s, "spin", None), round(x, 4)) for s, x in site.species.items()))
        for site in crystal
    ]
    bins = np.floor((distance + OFFSET) / BIN_ANGSTROM).astype(int)
    counted: dict[tuple[str, str, int], int] = {}
    for i, j, place in zip(first.tolist(), second.tolist(), bins.tolist(), strict=True):
        key = (labels[i], labels[j], place)
        counted[key] = counted.get(key, 0) + 1
    return tuple(sorted((*key, round(count / len(crystal), 6)) for key, count in counted.items()))
