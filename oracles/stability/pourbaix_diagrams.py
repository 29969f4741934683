"""This file is the Pourbaix diagram of given solids and ions, built by pymatgen once for each ratio of elements."""

import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from eutectic.oracles.stability.pourbaix_references import WATER, Phase, Phases

PH = (-2.0, 16.0)
"""Outside these bounds of pH pymatgen does not look for stable phases."""
POTENTIAL_V = (-4.0, 4.0)
"""Outside these bounds pymatgen does not look for stable phases."""
Concentrations = tuple[tuple[str, float], ...]


def decomposition_ev_per_atom(
    phases: Phases, fractions: Mapping[str, float], energy_ev: float, ph: float, potential_v: float,
    concentrations: Concentrations, filter_solids: bool,
) -> tuple[float, str]:  # fmt: skip
    """Energy of a solid above the most stable mixture in water, eV/atom (negative: below it), and that mixture.

    `fractions`: atomic fractions of the solid; `energy_ev`: its free energy of formation, eV/atom; potential against
    the standard hydrogen electrode; concentrations in mol/l for each element but H and O.
    """
    from pymatgen.analysis.phase_diagram import PDEntry
    from pymatgen.analysis.pourbaix_diagram import PourbaixEntry
    from pymatgen.core import Composition

    metals = {e: x for e, x in fractions.items() if e not in WATER}
    ratio = tuple((e, x / sum(metals.values())) for e, x in sorted(metals.items()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen's own remarks on ions and sorting
        diagram = _diagram(phases, ratio, concentrations, filter_solids)
        solid = PourbaixEntry(PDEntry(Composition(dict(fractions)), energy_ev * sum(fractions.values())))
        energy = diagram.get_decomposition_energy(solid, ph, potential_v)
        return float(energy), str(diagram.get_stable_entry(ph, potential_v).name)


@lru_cache(maxsize=64)
def _diagram(phases: Phases, ratio: Concentrations, concentrations: Concentrations, filter_solids: bool) -> Any:
    """The `PourbaixDiagram` of all species of these elements."""
    from pymatgen.analysis.pourbaix_diagram import PourbaixDiagram

    elements = frozenset(e for e, _ in ratio)
    entries = [_entry(p, dict(concentrations)) for p in phases.all if p.elements and p.elements <= elements]
    return PourbaixDiagram(entries, dict(ratio), dict(concentrations), filter_solids=filter_solids)


def _entry(phase: Phase, concentrations: Mapping[str, float]) -> Any:
    """A `PourbaixEntry`; a species of several elements has the lowest of their concentrations."""
    from pymatgen.analysis.phase_diagram import PDEntry
    from pymatgen.analysis.pourbaix_diagram import IonEntry, PourbaixEntry
    from pymatgen.core import Composition
    from pymatgen.core.ion import Ion

    composition = Composition(dict(phase.amounts))
    if phase.charge is None:
        return PourbaixEntry(PDEntry(composition, phase.energy_ev, name=phase.name))
    ion = IonEntry(Ion(composition, phase.charge), phase.energy_ev, name=phase.name)
    return PourbaixEntry(ion, concentration=min(concentrations[e] for e in phase.elements))
