"""This file is the convex hull under one learned potential: competing phases relaxed with it, and how far above it."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ase import Atoms

from eutectic.oracles.mlip.crystals import atoms_of
from eutectic.oracles.mlip.potential import Unconverged, Unphysical
from eutectic.oracles.mlip.references import References
from eutectic.oracles.stability import hull_references, phase_diagrams
from eutectic.oracles.structures.files import read_all

ABOVE = "energy_above_hull_ev_per_atom"


@dataclass(frozen=True, slots=True)
class Phase:
    """A competing phase as it was given."""

    name: str
    """File, and the number in it where it holds several."""
    crystal: Atoms


def phases(path: str) -> list[Phase]:
    """The structures in a file, or in all files of a folder; ValueError when there is none or one cannot be read."""
    here = Path(path)
    if not here.exists():
        raise ValueError(f"competing: there is no file or folder {path}")
    found = []
    for file in sorted(p for p in here.iterdir() if p.is_file()) if here.is_dir() else [here]:
        try:
            crystals = [atoms_of(structure) for structure in read_all(str(file))]
        except ValueError as error:
            raise ValueError(f"competing: {error}") from None
        for i, crystal in enumerate(crystals):
            found.append(Phase(file.name + (f" {i + 1}" if len(crystals) > 1 else ""), crystal))
    if not found:
        raise ValueError(f"competing: {path} holds no structures")
    return found


def formation_energy(crystal: Atoms, energy_ev_per_atom: float, references: References, calculator: Any) -> float:
    """eV/atom against the elements in their reference states under the same model."""
    amounts = Counter(crystal.get_chemical_symbols())
    elements = sum(n * references.energy(symbol, calculator) for symbol, n in sorted(amounts.items()))
    return float(energy_ev_per_atom - elements / len(crystal))


def above(crystal: Atoms, formation: float, path: str, references: References, calculator: Any) -> float:
    """Distance (eV/atom) of a formation energy (eV/atom) from the hull of the phases in `path`; negative below it.

    Phases of other elements than the crystal's do not compete. They are relaxed, cell and ions, to the limits of the
    references and kept in the same cache. Unphysical when one of them cannot be relaxed.
    """
    elements = Counter(crystal.get_chemical_symbols())
    competing = [phase for phase in phases(path) if set(phase.crystal.get_chemical_symbols()) <= {*elements}]
    known = [_known(phase, references, calculator) for phase in competing]
    hull = hull_references.References(Path(path).name, "formation", tuple(known), "")
    shares = {symbol: n / len(crystal) for symbol, n in sorted(elements.items())}
    return phase_diagrams.distance(hull, shares, formation, "formation")[0]


def _known(phase: Phase, references: References, calculator: Any) -> hull_references.Reference:
    """A phase with its formation energy under the model."""
    try:
        energy = references.relaxed_energy(phase.crystal, calculator)
    except (Unphysical, Unconverged) as problem:
        raise Unphysical(f"the competing phase {phase.name}: {problem}") from problem
    formation = formation_energy(phase.crystal, energy, references, calculator)
    amounts = Counter(phase.crystal.get_chemical_symbols())
    held = tuple((symbol, float(n)) for symbol, n in sorted(amounts.items()))
    return hull_references.Reference(phase.name, held, formation * len(phase.crystal))
