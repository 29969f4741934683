"""This file is what an oracle may be able to do beside its contract, and is asked for where it can.

Each ability is a `Protocol`; an oracle has it by having its member, and declares nothing else. What every oracle has
stands in `base.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from eutectic.oracles.base import Candidate, Revision


@runtime_checkable
class Checked(Protocol):
    """A part, of whatever kind, that can look whether it can work here."""

    def check(self) -> None:
        """EngineMissing, with its cure, when it cannot run here; ValueError when its files or options cannot work."""
        ...


@runtime_checkable
class Located(Protocol):
    """A part, of whatever kind, whose options name files."""

    def located(self, folder: str) -> Self:
        """The same part with its relative paths taken from `folder`; ValueError where a path cannot be one."""
        ...


@runtime_checkable
class Bounded(Protocol):
    """An oracle with a domain."""

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """The sentence that says why this region is outside its domain, or None."""
        ...


@runtime_checkable
class Crystalline(Protocol):
    """An oracle with a domain that is wider where candidates come with their crystals."""

    def of_crystals(self) -> Self:
        """The same oracle, asked of candidates that all have a structure."""
        ...


@runtime_checkable
class Needing(Protocol):
    """An oracle that takes what earlier ones returned."""

    @property
    def needs(self) -> Sequence[str]:
        """Properties that it takes from `Candidate.known`."""
        ...


@runtime_checkable
class Inline(Protocol):
    """An oracle that may be so cheap and safe that it runs in the campaign's own process."""

    @property
    def inline(self) -> bool:
        """True where it is."""
        ...


@runtime_checkable
class Waiting(Protocol):
    """An oracle that a person may answer: its candidates stay open until somebody tells what was measured."""

    @property
    def waits(self) -> bool:
        """True where one does; `evaluate` is then never called."""
        ...


@runtime_checkable
class Instructing(Protocol):
    """An oracle that says what a person is to do with a candidate."""

    @property
    def instructions(self) -> str:
        """Shown where the campaign asks; "" for nothing."""
        ...


@runtime_checkable
class OfMaterials(Protocol):
    """An oracle that may need candidates with a composition or a structure."""

    @property
    def of_materials(self) -> bool:
        """True where it does: spaces of mere parameters are then refused before the run."""
        ...


@runtime_checkable
class Ignoring(Protocol):
    """An oracle that looks at conditions among the variables, or refuses them unless it is told to ignore them."""

    @property
    def ignores(self) -> Sequence[str]:
        """Variables that its values are said not to depend on."""
        ...


@runtime_checkable
class Selective(Protocol):
    """An oracle that can leave out properties nobody wants."""

    def only(self, names: Sequence[str]) -> Self:
        """The same oracle computing these of its `properties`."""
        ...


@runtime_checkable
class Prepared(Protocol):
    """An oracle whose first answer costs more than the others."""

    def prepare(self) -> None:
        """Load what all evaluations of a worker share; called once before it forks them."""
        ...


@runtime_checkable
class Fingerprinted(Protocol):
    """An oracle whose answers depend on files."""

    def fingerprint(self) -> str:
        """Hash of these files: after they changed, what it said before is not used again. ValueError, EngineMissing."""
        ...


@runtime_checkable
class Revised(Protocol):
    """An oracle that an earlier version of it answered in another way."""

    @property
    def revisions(self) -> Mapping[str, Revision]:
        """Property -> how it differs, of those that were computed in another way under the same options."""
        ...


@runtime_checkable
class Screening(Protocol):
    """An oracle whose properties are deterministic and vectorised, so that limits on them are known constraints."""

    def screen(self, candidates: Sequence[Candidate]) -> Mapping[str, Sequence[float]]:
        """Property -> one value a candidate."""
        ...


@runtime_checkable
class FractionScreening(Protocol):
    """An oracle that screens compositions without candidates."""

    def screen_fractions(self, elements: Sequence[str], X: NDArray[np.float64]) -> Mapping[str, NDArray[np.float64]]:
        """Property -> (n,), of atomic fractions X (n, e) of the elements."""
        ...


def needs(oracle: object) -> tuple[str, ...]:
    """The properties that an oracle takes from earlier ones; () of one that takes none."""
    return tuple(oracle.needs) if isinstance(oracle, Needing) else ()


def inline(oracle: object) -> bool:
    """Does it run in the campaign's own process?"""
    return isinstance(oracle, Inline) and bool(oracle.inline)


def waits(oracle: object) -> bool:
    """Is it a person, who is waited for?"""
    return isinstance(oracle, Waiting) and bool(oracle.waits)


def instructions(oracle: object) -> str:
    """What a person is to do with a candidate; "" where nothing is said."""
    return str(oracle.instructions) if isinstance(oracle, Instructing) else ""


def of_materials(oracle: object) -> bool:
    """Must candidates have a composition or a structure?"""
    return isinstance(oracle, OfMaterials) and bool(oracle.of_materials)


def revisions(oracle: object) -> Mapping[str, Revision]:
    """Property -> how an earlier version computed it; nothing of one that never changed."""
    return oracle.revisions if isinstance(oracle, Revised) else {}
