"""This file is one density-functional calculation: what is asked of an engine, what it answers, how it fails."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from eutectic.oracles.base import Failure

Array = npt.NDArray[np.float64]
Vector = tuple[float, float, float]
Freedom = Literal["none", "ions", "cell"]


class DftFailed(RuntimeError):
    """A calculation without an answer: the class of its failure, a sentence, and the tail of the output."""

    def __init__(self, failure: Failure, message: str, gentler: bool = False) -> None:
        super().__init__(message)
        self.failure: Failure = failure
        self.gentler = gentler
        """Whether slower mixing may help."""


@dataclass(frozen=True, slots=True)
class Crystal:
    """Atoms in a periodic cell."""

    symbols: tuple[str, ...]
    cell: tuple[Vector, ...]
    """(3, 3) angstrom, rows are the vectors."""
    positions: tuple[Vector, ...]
    """(n, 3) angstrom."""
    moments: tuple[float, ...] = ()
    """(n,) starting magnetic moments in Bohr magnetons; empty: not polarised."""

    @classmethod
    def of(cls, symbols: Sequence[str], cell: Array, positions: Array, moments: Sequence[float] = ()) -> "Crystal":
        """From arrays (3, 3) and (n, 3) in angstrom."""
        return cls(tuple(symbols), _rows(cell), _rows(positions), tuple(float(m) for m in moments))

    @property
    def elements(self) -> tuple[str, ...]:
        """Each element once, sorted."""
        return tuple(sorted(set(self.symbols)))

    @property
    def volume(self) -> float:
        """Angstrom^3."""
        return float(abs(np.linalg.det(np.array(self.cell))))

    def swollen(self, ratio: float) -> "Crystal":
        """The same crystal with its volume multiplied by `ratio`, all lengths alike."""
        stretch = ratio ** (1 / 3)
        return replace(
            self, cell=_rows(np.array(self.cell) * stretch), positions=_rows(np.array(self.positions) * stretch)
        )

    def grid(self, spacing_per_angstrom: float) -> tuple[int, int, int]:
        """Points of a Gamma-centred grid no farther apart than this; reciprocal vectors with their 2 pi."""
        lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(np.array(self.cell)).T, axis=1)
        a, b, c = (max(1, int(np.ceil(length / spacing_per_angstrom - 1e-9))) for length in lengths)
        return a, b, c


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers of all calculations of a campaign; none depends on the candidate."""

    functional: str
    k_spacing_per_angstrom: float
    """Largest distance of k-points, reciprocal vectors with their 2 pi."""
    cutoff_ev: float
    """Plane waves, eV."""
    density_cutoff_ev: float
    """Charge density, eV; used by Quantum ESPRESSO."""
    smearing: str
    smearing_width_ev: float
    scf_tolerance_ev_per_atom: float
    force_tolerance_ev_per_angstrom: float
    stress_tolerance_gpa: float
    mixing_beta: float
    scf_steps: int
    relaxation_steps: int

    def gentler(self, attempt: int) -> "Settings":
        """What the attempt (0 is the first) mixes with: two fifths of the beta and twice the steps each time."""
        return replace(self, mixing_beta=self.mixing_beta * 0.4**attempt, scf_steps=self.scf_steps * 2**attempt)


@dataclass(frozen=True, slots=True)
class Calculation:
    """One call of an engine."""

    crystal: Crystal
    grid: tuple[int, int, int]
    settings: Settings
    freedom: Freedom = "none"
    """What may move."""

    def digest(self, identity: Mapping[str, object]) -> str:
        """Hash of everything its answer depends on; `identity` is what the engine says of itself."""
        text = json.dumps([asdict(self), dict(identity)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Computed:
    """An engine's answer."""

    energy_ev: float
    """Free energy of the smeared electrons, of the whole cell, on the engine's own zero."""
    crystal: Crystal
    """As relaxed; the crystal given when nothing could move."""
    moment_bohr_magnetons: float | None = None
    """Total moment of the cell; None when not polarised."""
    seconds: float = 0.0
    attempts: int = 1
    reused: str = ""
    """`result` (read from the folder), `charge density`, or nothing."""

    @classmethod
    def from_json(cls, content: Mapping[str, object]) -> "Computed":
        """Rebuild from `dataclasses.asdict` after a round through JSON."""
        found = dict(content)
        inner = found.pop("crystal")
        assert isinstance(inner, dict)
        arrays = np.array(inner["cell"], dtype=float), np.array(inner["positions"], dtype=float)
        crystal = Crystal.of(inner["symbols"], *arrays, inner["moments"])
        return cls(crystal=crystal, **found)  # type: ignore[arg-type]


class Engine(Protocol):
    """A program that computes energies; `run` raises DftFailed for a candidate, EngineMissing for itself."""

    def version(self) -> str:
        """Name and version; EngineMissing with the command that cures it."""
        ...

    def missing(self, elements: Sequence[str]) -> str | None:
        """Why these elements cannot be computed (which, where looked, what is there), or None."""
        ...

    def files(self, elements: Sequence[str]) -> dict[str, str]:
        """Element -> `file name sha256` of its pseudopotential; DftFailed when one is missing."""
        ...

    def density(self, folder: Path) -> Path | None:
        """The folder of a charge density that a calculation has left in `folder`, or None."""
        ...

    def run(self, calculation: Calculation, folder: Path, density: Path | None) -> Computed:
        """Compute in `folder`, starting from the density of another calculation if one is given."""
        ...


def _rows(array: Array) -> tuple[Vector, ...]:
    return tuple((float(x), float(y), float(z)) for x, y, z in np.asarray(array, dtype=float))
