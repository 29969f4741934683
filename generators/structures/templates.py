"""This file is templates: known crystals without their elements, on which others are put."""

import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.sources import fingerprint, known_crystals

if TYPE_CHECKING:
    from pymatgen.core import Structure

PRIMITIVE_ANGSTROM = 0.05
"""How far atoms may lie from where a smaller cell wants them, so that centred cells become primitive."""
SYMPREC_ANGSTROM = 0.1
"""Symmetry is looked for up to this displacement, as in the sets generators are trained on."""
MOST_SPECIES = 7
"""Templates of more elements are never decorated where conditions name none; the orders of more are too many to try."""
Weights = Callable[[str], Mapping[str, float]]
"""Element of a template -> how likely each element is in its place (need not sum to one)."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A crystal whose elements are exchanged."""

    name: str
    structure: "Structure"
    """Its primitive cell."""
    space_group: int
    counts: Mapping[str, int]
    """Atoms of the cell by element."""

    def decorated(self, mapping: Mapping[str, str]) -> "Structure":
        """The crystal with other elements, its volume scaled; ValueError where no bond lengths are known.

        The cell grows as bonds of the new elements are longer than those of the old: the ratio of two predictions by
        data-mined lattice scaling (Chu et al. 2018, doi 10.1016/j.commatsci.2018.01.040).
        """
        from pymatgen.analysis.structure_prediction.volume_predictor import DLSVolumePredictor

        made = self.structure.copy()
        made.replace_species({old: new for old, new in mapping.items() if old != new})
        predictor = DLSVolumePredictor()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of elements whose bonds it estimates from radii
                ratio = predictor.predict(made) / predictor.predict(self.structure)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"no volume for {made.composition.reduced_formula} as {self.name}: {error}") from None
        made.scale_lattice(self.structure.volume * ratio)
        return made


def template_of(name: str, structure: "Structure") -> Template | None:
    """The template of a crystal; None where it has no symmetry that can be told."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of how spglib is going to report errors
        bare = structure.copy(site_properties={})
        bare.remove_oxidation_states()
        primitive = bare.get_primitive_structure(PRIMITIVE_ANGSTROM)
        data = SpacegroupAnalyzer(primitive, symprec=SYMPREC_ANGSTROM).get_symmetry_dataset()
    if data is None:
        return None
    counts = {str(e): int(n) for e, n in primitive.composition.get_el_amt_dict().items()}
    return Template(name, primitive, int(data.number), counts)


def aflow() -> "list[tuple[str, Structure]]":
    """Name and crystal of each prototype of the AFLOW library in pymatgen, the most symmetric first.

    Such as `Halite, Rock Salt (AB_cF8_225_a_b)`.
    """
    from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY

    every = sorted(AFLOW_PROTOTYPE_LIBRARY, key=lambda entry: -int(entry["tags"]["aflow"].split("_")[2]))
    return [(f"{e['tags']['mineral']} ({e['tags']['aflow']})".strip(), e["snl"].structure) for e in every]


@lru_cache(maxsize=1)
def prototypes() -> tuple[Template, ...]:
    """The prototypes of the AFLOW library in pymatgen (Mehl et al. 2017, doi 10.1016/j.commatsci.2017.01.017)."""
    from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY

    found = [template_of(str(e["tags"]["aflow"]), e["snl"].structure) for e in AFLOW_PROTOTYPE_LIBRARY]
    return tuple(template for template in found if template is not None)


def templates(source: str, column: str = "") -> tuple[Template, ...]:
    """The templates in a source; the prototypes where it is empty. ValueError as `known_crystals`."""
    return _templates(source, column, fingerprint(source)) if source else prototypes()


@lru_cache(maxsize=4)
def _templates(source: str, column: str, state: str) -> tuple[Template, ...]:
    del state
    found = [template_of(known.name, known.structure) for known in known_crystals(source, column)]
    return tuple(template for template in found if template is not None)


def fitting(every: Sequence[Template], conditions: Conditions) -> list[Template]:
    """The templates on which something could be put that meets the conditions."""
    low, high = conditions.atoms
    groups = set(conditions.space_groups)
    most = len(conditions.allowed) or MOST_SPECIES
    counts = sorted(conditions.composition.values())
    shapes = {tuple(n * k for n in counts) for k in conditions.units}
    return [
        t
        for t in every
        if low <= len(t.structure) <= high
        and len(conditions.required) <= len(t.counts) <= most
        and (not groups or t.space_group in groups)
        and (not shapes or tuple(sorted(t.counts.values())) in shapes)
    ]


def assigned(
    template: Template, conditions: Conditions, weights: Weights, rng: np.random.Generator
) -> dict[str, str] | None:
    """Other elements for a template's, drawn by weight, that meet the conditions; None where none have any weight."""
    olds = list(template.counts)
    allowed = set(conditions.allowed)
    table = {old: {e: w for e, w in weights(old).items() if w > 0 and (not allowed or e in allowed)} for old in olds}
    if conditions.formula:
        ways = [dict(zip(olds, news, strict=True)) for news in _matching(template, conditions)]
    else:
        ways = [dict(zip(place, conditions.required, strict=True)) for place in _places(olds, conditions.required)]
    ways = [way for way in ways if all(new in table[old] for old, new in way.items())]
    if not ways:
        return None
    chance = np.array([np.prod([table[old][new] for old, new in way.items()]) for way in ways])
    mapping = dict(ways[int(rng.choice(len(ways), p=chance / chance.sum()))])
    for old in [olds[i] for i in rng.permutation(len(olds)) if olds[i] not in mapping]:
        left = {e: w for e, w in table[old].items() if e not in mapping.values()}
        if not left:
            return None
        share = np.array(list(left.values()))
        mapping[old] = list(left)[int(rng.choice(len(left), p=share / share.sum()))]
    return mapping


def _places(olds: Sequence[str], required: Sequence[str]) -> list[tuple[str, ...]]:
    """Every way in which the required elements can find places, one each."""
    return list(itertools.permutations(olds, len(required)))


def _matching(template: Template, conditions: Conditions) -> list[tuple[str, ...]]:
    """Every order of the formula's elements in which their numbers are the template's."""
    own, wanted = list(template.counts.values()), conditions.composition
    units = sum(own) // sum(wanted.values())
    return [
        news
        for news in itertools.permutations(wanted)
        if [wanted[e] * units for e in news] == own and units * sum(wanted.values()) == sum(own)
    ]
