"""This file is the oracle of the convex hull: how far above it an energy lies that an earlier oracle returned."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation, failed
from eutectic.oracles.elements.chemical_formulas import fractions, listed
from eutectic.oracles.elements.data import symbols
from eutectic.oracles.stability.hull_references import MOST_EV_PER_ATOM, Kind, Reading, References, load
from eutectic.oracles.stability.materials_project import download
from eutectic.oracles.stability.phase_diagrams import above_hull
from eutectic.oracles.suggestions import unknown

CLASSES_EV_PER_ATOM = (1e-6, 0.05, 0.1)
"""Up to here a candidate is on the hull (0), metastable (1), borderline (2); beyond it is unstable (3)."""


@dataclass(frozen=True, slots=True)
class Hull:
    """Energy above the convex hull of known phases, `energy_above_hull_ev_per_atom`, and its `stability_class`.

    The class is 0 on the hull or below, 1 metastable (at most 0.05 eV/atom), 2 borderline (0.1), 3 unstable. A negative
    distance is how far below the hull of the references the candidate lies: it would be a new stable phase.
    """

    file: str
    """The references: a CSV of formulas and energies, or a JSON of Materials Project entries or documents."""
    energy: str = "formation_energy_ev_per_atom"
    """The property, in eV/atom, that an oracle before this one returns."""
    kind: Literal["formation", "total"] = "formation"
    """Is that a formation energy, or a total energy at the references' own level of theory?"""
    reference: Literal["formation", "total"] | None = None
    """What the file's energies are; by default total for computed entries and formation energies for all else."""
    formula_column: str = "formula"
    """The CSV's column of formulas."""
    energy_column: str = "energy"
    """The CSV's column of energies, eV."""
    per: Literal["atom", "formula"] = "atom"
    """Are the CSV's energies of an atom or of the formula as written?"""
    download: tuple[str, ...] = ()
    """Elements whose chemical system is fetched from the Materials Project if the file (a JSON) is not there yet; needs
    `mp-api` and the key MP_API_KEY. From then on only the file is read."""
    thermo_type: str = "GGA_GGA+U"
    """Which of the Materials Project's hulls is fetched."""

    properties: ClassVar[tuple[str, ...]] = ("energy_above_hull_ev_per_atom", "stability_class")
    inline: ClassVar[bool] = True
    of_materials: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError on options that cannot work together."""
        for element in self.download:
            if element not in symbols():
                raise ValueError(f"download: {unknown('element', element, symbols())}")
        if self.download and not self.file.lower().endswith(".json"):
            raise ValueError(f"file: {self.file} must end in .json to hold what is downloaded")
        if self.kind == "total" and self.reference == "formation":
            raise ValueError("kind: a total energy cannot be compared with formation energies as references")

    @property
    def needs(self) -> tuple[str, ...]:
        """What an earlier oracle must return."""
        return (self.energy,)

    def located(self, folder: str) -> "Hull":
        """The same oracle with its file taken from `folder`."""
        return replace(self, file=str(Path(folder) / self.file))

    def check(self) -> None:
        """ValueError when the file cannot be used; EngineMissing when it must be fetched first and cannot be."""
        if self.download and not Path(self.file).exists():
            download(self.download, self.thermo_type, self.file)
        references = self._references()
        if self.kind == "total" and references.kind == "formation":
            raise ValueError(f"kind: {references.name} holds formation energies; a total energy cannot be compared")

    def fingerprint(self) -> str:
        """Hash of the file."""
        return self._references().sha256

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """The elements of a composition region without a reference, or None; of a bad file `check` says more."""
        assert len(variables) == len(lower) == len(upper)
        elements = [v for v, top in zip(variables, upper, strict=True) if v in symbols() and top > 0]
        try:
            references = self._references()
        except ValueError:
            return None
        lacking = references.lacking(elements)
        return f"{references.name} has no reference for {lacking}" if lacking else None

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate, without randomness; one without energy or references is a failed evaluation."""
        del rng
        return [self._one(candidate) for candidate in candidates]

    def _references(self) -> References:
        return load(self._reading())

    def _reading(self) -> Reading:
        return Reading(self.file, self.formula_column, self.energy_column, self.per, self.reference)

    def _one(self, candidate: Candidate) -> Evaluation:
        """Distance, class and decomposition of one candidate."""
        start = time.perf_counter()
        try:
            found, references = fractions(candidate), self._references()
        except ValueError as error:
            return failed(candidate, "hull", "bad_input", str(error))
        reason = self._unfit(candidate, found, references)
        if reason or found is None:
            return failed(candidate, "hull", "bad_input", reason)
        kind: Kind = self.kind
        distance, phases = above_hull(self._reading(), found, candidate.known[self.energy], kind)
        if abs(distance) > MOST_EV_PER_ATOM:
            said = f"{distance:g} eV/atom from the hull: {self.energy} and {references.name} are on different scales"
            return failed(candidate, "hull", "unphysical", said)
        return Evaluation(
            candidate.id,
            "hull",
            {"energy_above_hull_ev_per_atom": distance, "stability_class": float(stability_class(distance))},
            cost_s=time.perf_counter() - start,
            artifacts={"decomposition": listed(phases)},
            provenance={"references": references.name, "references_sha256": references.sha256},
        )

    def _unfit(self, candidate: Candidate, found: dict[str, float] | None, references: References) -> str:
        """Why this candidate has no distance; empty when it has."""
        if not found:
            return "the candidate has no composition"
        if not math.isfinite(candidate.known.get(self.energy, math.nan)):
            return f"no oracle before this one returned {self.energy} for it"
        lacking = references.lacking(found)
        return f"{references.name} has no reference for {lacking}" if lacking else ""


def stability_class(distance_ev_per_atom: float) -> int:
    """0 on the hull or below, 1 metastable, 2 borderline, 3 unstable; a distance must be a number."""
    assert not math.isnan(distance_ev_per_atom), "what is no number lies nowhere"
    return sum(distance_ev_per_atom > limit for limit in CLASSES_EV_PER_ATOM)
