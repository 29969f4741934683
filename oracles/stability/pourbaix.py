"""This file is the oracle of stability in water: energy above the Pourbaix hull at a pH and a potential."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation, failed
from eutectic.oracles.elements.chemical_formulas import fractions
from eutectic.oracles.elements.data import symbols
from eutectic.oracles.physics.conditions import ignored
from eutectic.oracles.stability.pourbaix_diagrams import PH, POTENTIAL_V, Concentrations, decomposition_ev_per_atom
from eutectic.oracles.stability.pourbaix_references import WATER, Phases, Reading, load
from eutectic.oracles.suggestions import unknown


@dataclass(frozen=True, slots=True)
class Pourbaix:
    """`pourbaix_decomposition_ev_per_atom` of a solid in water, at most 0 where it is stable.

    The diagram is pymatgen's (Persson et al. 2012, doi 10.1103/PhysRevB.85.235438; Singh et al. 2017, doi
    10.1021/acs.chemmater.7b03980), of the solids and ions in the file; the candidate itself is not part of it, so that
    a negative value says by how much it is more stable than all of them.
    """

    file: str
    """Solids and ions: a CSV of formulas (`ZnO`, `Zn[2+]`, `Zn(OH)2(aq)`) and free energies of formation at 298 K in eV
    a formula from the elements, H2 and O2, or a JSON list of pymatgen's Pourbaix entries."""
    ph: float = 0.0
    """pH, from -2 to 16."""
    potential_v: float = 1.23
    """Potential against the standard hydrogen electrode, from -4 to 4 V."""
    energy: str = "formation_energy_ev_per_atom"
    """The property that an oracle before this one returns: the solid's free energy of formation, eV/atom, on the same
    scale as the file's."""
    concentration_mol_per_l: float = 1e-6
    """Concentration of each dissolved element."""
    concentrations: Mapping[str, float] = field(default_factory=dict)
    """Element -> its own concentration, mol/l."""
    filter_solids: bool = True
    """Leave out solids that are unstable against solids and gases without water, as the Materials Project does; needs
    the pure solid of each element in the file."""
    formula_column: str = "formula"
    """The CSV's column of formulas."""
    energy_column: str = "energy"
    """The CSV's column of energies."""

    ignores: tuple[str, ...] = ()
    """Conditions among the variables of the space, such as `temperature_k`, that its values do not depend on."""

    properties: ClassVar[tuple[str, ...]] = ("pourbaix_decomposition_ev_per_atom",)
    of_materials: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError on conditions outside the diagram, and on concentrations that are none."""
        for name, value, (low, high) in (("ph", self.ph, PH), ("potential_v", self.potential_v, POTENTIAL_V)):
            if not low <= value <= high:
                raise ValueError(f"{name}: {value:g} is not between {low:g} and {high:g}")
        if not 0 < self.concentration_mol_per_l < math.inf:
            raise ValueError(f"concentration_mol_per_l: {self.concentration_mol_per_l:g} must be above 0")
        for element, value in self.concentrations.items():
            if element not in symbols():
                raise ValueError(f"concentrations: {unknown('element', element, symbols())}")
            if not 0 < value < math.inf:
                raise ValueError(f"concentrations: {value:g} of {element} must be above 0")

    @property
    def needs(self) -> tuple[str, ...]:
        """What an earlier oracle must return."""
        return (self.energy,)

    def located(self, folder: str) -> "Pourbaix":
        """The same oracle with its file taken from `folder`."""
        return replace(self, file=str(Path(folder) / self.file))

    def check(self) -> None:
        """ValueError when the file cannot be used."""
        self._phases()

    def fingerprint(self) -> str:
        """Hash of the file."""
        return self._phases().sha256

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """The elements of a composition region without species, or None; of a bad file `check` says more."""
        assert len(variables) == len(lower) == len(upper)
        unread = ignored(
            variables, (), self.ignores, "pourbaix", "it computes at the ph and potential_v of its options"
        )
        if unread:
            return unread
        elements = [v for v, top in zip(variables, upper, strict=True) if v in symbols() and top > 0]
        try:
            return self._lacking(self._phases(), elements) or None
        except ValueError:
            return None

    def prepare(self) -> None:
        """Import what building a diagram needs."""
        from pymatgen.analysis import pourbaix_diagram

        assert pourbaix_diagram.PourbaixDiagram

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate, without randomness; one without energy or species is a failed evaluation."""
        del rng
        return [self._one(candidate) for candidate in candidates]

    def _phases(self) -> Phases:
        return load(Reading(self.file, self.formula_column, self.energy_column))

    def _lacking(self, phases: Phases, elements: Sequence[str]) -> str:
        """Why a material of these elements has no diagram; empty when it has."""
        none = phases.lacking(elements, pure=False)
        if none:
            return f"{phases.name} has no solid and no ion of {none}"
        alone = phases.lacking(elements, pure=True) if self.filter_solids else ""
        return f"{phases.name} has no pure solid {alone}; add it (energy 0), or `filter_solids: false`" if alone else ""

    def _one(self, candidate: Candidate) -> Evaluation:
        """Decomposition energy of one candidate."""
        start = time.perf_counter()
        try:
            found, phases = fractions(candidate), self._phases()
        except ValueError as error:
            return failed(candidate, "pourbaix", "bad_input", str(error))
        reason = self._unfit(candidate, found, phases)
        if reason or found is None:
            return failed(candidate, "pourbaix", "bad_input", reason)
        energy, stable = decomposition_ev_per_atom(
            phases, found, candidate.known[self.energy], self.ph, self.potential_v,
            self._concentrations(found), self.filter_solids,
        )  # fmt: skip
        return Evaluation(
            candidate.id,
            "pourbaix",
            {"pourbaix_decomposition_ev_per_atom": energy},
            cost_s=time.perf_counter() - start,
            artifacts={"decomposition": stable},
            provenance={"species": phases.name, "species_sha256": phases.sha256},
        )

    def _concentrations(self, found: Mapping[str, float]) -> Concentrations:
        """Element -> mol/l, for each of a material's elements but hydrogen and oxygen."""
        return tuple((e, self.concentrations.get(e, self.concentration_mol_per_l)) for e in sorted(set(found) - WATER))

    def _unfit(self, candidate: Candidate, found: Mapping[str, float] | None, phases: Phases) -> str:
        """Why this candidate has no value; empty when it has."""
        if not found:
            return "the candidate has no composition"
        if not set(found) - WATER:
            return "the candidate holds nothing but hydrogen and oxygen"
        if not math.isfinite(candidate.known.get(self.energy, math.nan)):
            return f"no oracle before this one returned {self.energy} for it"
        return self._lacking(phases, list(found))
