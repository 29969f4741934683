"""This file is the convex hull of known phases, built by pymatgen once a chemical system."""

import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from eutectic.oracles.stability.hull_references import Kind, Reading, References, load


def above_hull(
    reading: Reading, fractions: Mapping[str, float], energy_ev: float, kind: Kind
) -> tuple[float, dict[str, float]]:
    """`distance` from the hull of the references in a file."""
    return distance(load(reading), fractions, energy_ev, kind)


def distance(
    references: References, fractions: Mapping[str, float], energy_ev: float, kind: Kind
) -> tuple[float, dict[str, float]]:
    """Distance from the hull of the references in eV/atom, negative below it, and the phases that it decomposes to.

    `fractions`: atomic fractions; `energy_ev`: eV/atom, of the `kind` given. The phases go by name with their shares of
    the atoms. The elements must all have references.
    """
    from pymatgen.core import Composition

    composition = Composition(dict(fractions))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen warns of elements without electronegativity, which it does not need
        diagram = _diagram(references, frozenset(fractions))
        decomposition, hull_ev = diagram.get_decomp_and_hull_energy_per_atom(composition)
    if kind == "formation" and references.kind == "total":
        hull_ev -= diagram.get_reference_energy_per_atom(composition)
    return float(energy_ev - hull_ev), {str(phase.name): float(share) for phase, share in decomposition.items()}


@lru_cache(maxsize=256)
def _diagram(references: References, elements: frozenset[str]) -> Any:
    """The `PhaseDiagram` of all phases of these elements; elements without a formation energy stand at 0."""
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition

    phases = [p for p in references.phases if p.elements <= elements]
    entries = [PDEntry(Composition(dict(p.amounts)), p.energy_ev, name=p.name) for p in phases]
    if references.kind == "formation":
        listed = {next(iter(p.elements)) for p in phases if len(p.elements) == 1 and p.energy_ev <= 0}
        entries += [PDEntry(Composition(e), 0.0, name=e) for e in sorted(elements - listed)]
    return PhaseDiagram(entries)
