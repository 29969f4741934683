"""This file is a crystal whose sites the parts of a product fill: sublattices as oracles of crystals need them."""

import itertools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from eutectic.generators.hints import hint
from eutectic.generators.site_formula import SiteFormula
from eutectic.oracles.structures.files import read

if TYPE_CHECKING:
    from pymatgen.core import Structure

Place = tuple[str, tuple[float, float, float]]
BUILT_IN: Mapping[str, tuple[str, float, tuple[Place, ...]]] = {
    "perovskite": ("Pm-3m", 3.905, (("Sr", (0, 0, 0)), ("Ti", (0.5, 0.5, 0.5)), ("O", (0.5, 0.5, 0)))),
    "rock_salt": ("Fm-3m", 4.212, (("Mg", (0, 0, 0)), ("O", (0.5, 0.5, 0.5)))),
    "fluorite": ("Fm-3m", 5.411, (("Ce", (0, 0, 0)), ("O", (0.25, 0.25, 0.25)))),
    "zinc_blende": ("F-43m", 5.409, (("Zn", (0, 0, 0)), ("S", (0.25, 0.25, 0.25)))),
    "spinel": ("Fd-3m", 8.083, (("Mg", (0, 0, 0)), ("Al", (0.625, 0.625, 0.625)), ("O", (0.3868, 0.3868, 0.3868)))),
    "cesium_chloride": ("Pm-3m", 2.887, (("Ni", (0, 0, 0)), ("Al", (0.5, 0.5, 0.5)))),
    "copper_gold": ("Pm-3m", 3.748, (("Au", (0, 0, 0)), ("Cu", (0.5, 0.5, 0)))),
}
"""Space group, lattice constant (angstrom) and sites of SrTiO3, MgO, CeO2, ZnS, MgAl2O4, NiAl and AuCu3, at room
temperature; spinel with the origin at a tetrahedral site."""
MOST_ENDS = 300
"""End members whose volume is asked for before the run."""
TRACE = 1e-9
"""Shares below it are none."""


@dataclass(frozen=True, slots=True)
class Prototype:
    """The crystal of a material of several parts."""

    structure: str
    """`perovskite`, `rock_salt`, `fluorite`, `zinc_blende`, `spinel`, `cesium_chloride`, `copper_gold`, or a file (CIF,
    POSCAR, ...) of one ordered crystal."""
    sites: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Part, or element of the formula -> the crystal's element, or elements, in whose place it stands; of built-in ones
    in the order of the formula without it, of a file its own elements."""
    lattice_constant_angstrom: float | None = None
    """First edge of the cell. Without it the crystal's own volume is scaled as its bonds are in the end members, whose
    volumes are averaged by their shares; a start for relaxations, 3 % off as a rule in length, up to 15 %."""

    def __hash__(self) -> int:
        return hash(repr(self))

    def located(self, folder: str) -> "Prototype":
        """The same with its file taken from `folder`."""
        return self if self.structure in BUILT_IN else replace(self, structure=str(Path(folder) / self.structure))

    def check(self, formula: SiteFormula, elements: Mapping[str, Sequence[str]]) -> None:
        """ValueError when the formula does not fit the crystal, or no volume is known; elements: those of each part."""
        given = self.lattice_constant_angstrom
        if given is not None and not given > 0:
            raise ValueError(f"prototype: lattice_constant_angstrom: {given:g} is not above 0")
        places = self.places(formula)
        ends = list(itertools.product(*(elements[name] for name, _ in formula.parts)))
        if given is None and len(ends) <= MOST_ENDS:
            for end in ends:
                _volume(self, places, tuple(zip(dict(formula.parts), end, strict=True)))

    def places(self, formula: SiteFormula) -> tuple[tuple[str, str], ...]:
        """The crystal's elements, each with the part or element of the formula that stands in its place."""
        crystal = base(self.structure)
        counts = {str(e): float(n) for e, n in crystal.composition.get_el_amt_dict().items()}
        places = self._named(formula, counts)
        stated = {**dict(formula.elements), **dict(formula.parts)}
        amounts = {name: stated[name] for name in formula.order}
        held = {name: sum(counts[e] for e, own in places.items() if own == name) for name in amounts}
        units = {held[name] / amount for name, amount in amounts.items()}
        if max(units) - min(units) > 1e-6 * max(units):
            told = ", ".join(f"{name} has {held[name]:g}" for name in amounts)
            wanted = ", ".join(f"{name} {amount:g}" for name, amount in amounts.items())
            raise ValueError(f"prototype: in {self.structure} {told} sites, and the formula has {wanted}")
        return tuple(places.items())

    def _named(self, formula: SiteFormula, counts: Mapping[str, float]) -> dict[str, str]:
        """The crystal's element -> the formula's name in its place."""
        known, order = list(counts), list(formula.order)
        given = {name: (own,) if isinstance(own, str) else own for name, own in self.sites.items()}
        for name, own in given.items():
            if name not in order:
                raise ValueError(f"prototype: sites: the formula has no {name!r}{hint(name, order)}")
            for element in own:
                if element not in known:
                    raise ValueError(f"prototype: sites: {name}: no {element!r} in it{hint(element, known)}")
        if not given and self.structure in BUILT_IN:
            if len(order) != len(known):
                raise ValueError(
                    f"prototype: {self.structure} has {len(known)} kinds of sites, {', '.join(known)}, and the formula "
                    f"{len(order)}: say which stands where, as `sites: {{{order[0]}: {known[0]}}}`"
                )
            return dict(zip(known, order, strict=True))
        places = {element: name for name, own in given.items() for element in own}
        places = {element: places.get(element, element) for element in known}
        stray = [element for element, name in places.items() if name not in order]
        if stray:
            raise ValueError(
                f"prototype: nothing of the formula stands in the place of {stray[0]}: add it to `sites`, as "
                f"`sites: {{{order[0]}: {stray[0]}}}`"
            )
        return places

    def filled(self, formula: SiteFormula, sites: Mapping[str, Mapping[str, float]]) -> Mapping[str, object]:
        """The crystal (`pymatgen.core.Structure.as_dict()`) with the atomic fractions of each part on its sites.

        ValueError when no volume is known.
        """
        from pymatgen.core import Structure

        places = self.places(formula)
        shares = {name: _shares(own) for name, own in sites.items()}
        crystal = base(self.structure)
        occupants = [shares.get(name := dict(places)[site.specie.symbol], {name: 1.0}) for site in crystal]
        lattice = crystal.lattice.scale(self._size(formula, places, shares, crystal))
        made: Mapping[str, object] = Structure(lattice, occupants, crystal.frac_coords).as_dict()
        return made

    def _size(
        self,
        formula: SiteFormula,
        places: tuple[tuple[str, str], ...],
        shares: Mapping[str, Mapping[str, float]],
        crystal: "Structure",
    ) -> float:
        """Volume of the cell, angstrom^3."""
        if self.lattice_constant_angstrom is not None:
            return float(crystal.volume * (self.lattice_constant_angstrom / crystal.lattice.a) ** 3)
        total, names = 0.0, [name for name, _ in formula.parts]
        for end in itertools.product(*(shares[name].items() for name in names)):
            weight = 1.0
            for _, share in end:
                weight *= share
            total += weight * _volume(self, places, tuple(zip(names, (e for e, _ in end), strict=True)))
        return total


def _shares(own: Mapping[str, float]) -> dict[str, float]:
    """Fractions of sum one, traces left out."""
    kept = {symbol: share for symbol, share in own.items() if share > TRACE}
    whole = sum(kept.values())
    return {symbol: round(share / whole, 9) for symbol, share in kept.items()}


@lru_cache(maxsize=16)
def base(name: str) -> "Structure":
    """A built-in crystal, or the one in a file; ValueError when there is none or it is disordered."""
    from pymatgen.core import Lattice, Structure

    if name in BUILT_IN:
        group, edge, sites = BUILT_IN[name]
        return Structure.from_spacegroup(group, Lattice.cubic(edge), [e for e, _ in sites], [x for _, x in sites])
    if not Path(name).is_file():
        raise ValueError(
            f"prototype: {Path(name).name!r} is neither a file nor built in{hint(Path(name).name, tuple(BUILT_IN))}"
        )
    crystal = read(name)
    if not crystal.is_ordered:
        raise ValueError(f"prototype: {Path(name).name} is disordered: give one whose sites are one element's each")
    bare = crystal.copy(site_properties={})
    bare.remove_oxidation_states()
    return bare


@lru_cache(maxsize=4096)
def _volume(part: Prototype, places: tuple[tuple[str, str], ...], end: tuple[tuple[str, str], ...]) -> float:
    """Volume (angstrom^3) of an end member: the crystal's own, scaled as bonds grow from its elements to the member's.

    The ratio of two predictions by data-mined lattice scaling (Chu et al. 2018, doi 10.1016/j.commatsci.2018.01.040).
    """
    from pymatgen.analysis.structure_prediction.volume_predictor import DLSVolumePredictor

    crystal, own = base(part.structure), dict(end)
    made = crystal.copy()
    made.replace_species({old: own.get(name, name) for old, name in places})
    predictor = DLSVolumePredictor(min_scaling=0.05, max_scaling=20.0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of elements whose bonds it estimates from radii
            return float(crystal.volume * predictor.predict(made) / predictor.predict(crystal))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"prototype: no volume is known for {made.composition.reduced_formula} as {Path(part.structure).name} "
            f"({error}): give `lattice_constant_angstrom`"
        ) from None
