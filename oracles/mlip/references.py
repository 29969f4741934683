"""This file is the energies of the pure elements with the same model, kept on disk by the model's hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ase import Atoms

from eutectic.oracles.mlip import crystals
from eutectic.oracles.mlip.relaxation import Limits, relaxed
from eutectic.oracles.user_cache import cache_folder
from eutectic.oracles.whole_files import write_whole

LIMITS = Limits(force_ev_per_angstrom=0.005, stress_gpa=0.02, steps=300)
"""References are always relaxed to these, whatever the candidates are."""


@dataclass(frozen=True, slots=True)
class References:
    """Where elements' energies come from."""

    model: str
    """Hash of the model and what runs it."""
    given: Mapping[str, str | float]
    """Element -> eV/atom, or the file of its structure."""

    def energy(self, symbol: str, calculator: Any) -> float:
        """eV/atom of the element's reference state; ValueError when there is none."""
        stated = self.given.get(symbol)
        if isinstance(stated, float | int):
            return float(stated)
        crystal = crystals.element(symbol) if stated is None else crystals.from_file(stated)
        if set(crystal.get_chemical_symbols()) != {symbol}:
            raise ValueError(f"references: {stated} is not pure {symbol}")
        return self._kept(crystal, "free", calculator)

    def relaxed_energy(self, crystal: Atoms, calculator: Any) -> float:
        """eV/atom of a crystal, its cell and ions relaxed."""
        return self._kept(crystal.copy(), "free", calculator)

    def on_lattice(self, lattice: crystals.Lattice, symbol: str, calculator: Any) -> float:
        """eV/atom of the element on an alloy's lattice, its volume relaxed."""
        return self._kept(crystals.pure(symbol, lattice), "volume", calculator)

    def _kept(self, crystal: Atoms, cell: Any, calculator: Any) -> float:
        """The relaxed crystal's energy, eV/atom, from the cache or into it."""
        content = [self.model, crystal.numbers.tolist(), crystal.positions.tolist(), crystal.cell.tolist(), cell]
        key = hashlib.sha256(json.dumps([content, str(LIMITS)]).encode()).hexdigest()
        path = cache_folder("references") / f"{key[:32]}.json"
        if path.exists():
            return float(json.loads(path.read_text())["energy_ev_per_atom"])
        crystal.calc = calculator
        energy = float(relaxed(crystal, LIMITS, cell).get_potential_energy()) / len(crystal)
        kept = {"formula": str(crystal.symbols), "model": self.model, "energy_ev_per_atom": energy}
        write_whole(Path(path), json.dumps(kept).encode())
        return energy
