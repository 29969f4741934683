"""This file is what every oracle sees and says: candidates in, evaluations out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, Protocol

import numpy as np

Value = float | int | str
Status = Literal["finished", "failed"]
Failure = Literal[
    "", "unphysical", "not_converged", "bad_input", "error", "timeout", "memory", "crash", "infrastructure"
]
"""`unphysical`: an answer that cannot be true; `not_converged`: the engine gave up; `bad_input`: the engine cannot be
asked about such a candidate; `error`: it failed otherwise; the rest is the campaign's to say."""


class EngineMissing(RuntimeError):
    """A program or library an oracle needs is absent or broken; the message ends with the command that cures it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A material to evaluate: composition and/or structure and/or parameters."""

    variables: Mapping[str, Value]
    """The space's variables by name, natural units; a category as its label."""
    composition: Mapping[str, float] | None = None
    """Atomic fractions by element symbol, summing to 1."""
    structure: Mapping[str, object] | None = None
    """`pymatgen.core.Structure.as_dict()`."""
    origin: str = ""
    """The optimizer or generator it came from."""
    parents: tuple[str, ...] = ()
    """Ids of the candidates it was made from."""
    known: Mapping[str, float] = field(default_factory=dict)
    """Properties that earlier oracles returned for it."""

    @property
    def id(self) -> str:
        """Content hash (16 hex digits) of what it is; where it came from and what is known of it do not count."""
        content = [dict(self.variables), self.composition and dict(self.composition), self.structure]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def knowing(self, values: Mapping[str, float]) -> "Candidate":
        """The same candidate with more known properties."""
        return replace(self, known={**self.known, **values})

    def to_json(self) -> dict[str, object]:
        """A JSON object that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, object]) -> "Candidate":
        """Rebuild from `to_json`; TypeError on unknown keys."""
        fields = dict(content)
        parents = fields.pop("parents", ())
        assert isinstance(parents, list | tuple)
        return cls(**fields, parents=tuple(str(p) for p in parents))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one oracle said of one candidate."""

    candidate_id: str
    oracle: str
    """The oracle's name in the campaign (set by the campaign; an oracle may leave its own)."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Properties by name, the unit in the name; finite or absent."""
    errors: Mapping[str, float] = field(default_factory=dict)
    """Standard errors of some of them, same units."""
    status: Status = "finished"
    failure: Failure = ""
    """The class of a failure; `infrastructure` is retried, the rest is the candidate's own."""
    error: str = ""
    """One sentence for a person; the tail of an engine's output may follow."""
    fidelity: float = 0.0
    """Rung index on the ladder, 0 cheapest."""
    cost_s: float = 0.0
    """Wall seconds it took."""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    """Name -> small text content worth keeping (a relaxed structure as CIF, a log's tail)."""
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Properties that are curves, by name: their points, on the axis of the campaign's target."""
    provenance: Mapping[str, Value] = field(default_factory=dict)
    """Engine, version, potential or model hash, functional, seed, ...; the campaign adds the hash of the settings.
    With `out_of_domain` (the reason, as text) on a rung of a ladder, the candidate goes up to the next."""

    def to_json(self) -> dict[str, object]:
        """A JSON object that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, object]) -> "Evaluation":
        """Rebuild from `to_json`; TypeError on unknown keys. Text that is no Unicode (file names) comes escaped."""
        clean = {name: printable(value) for name, value in content.items()}
        return cls(**clean)  # type: ignore[arg-type]


def printable(value: object) -> object:
    """Text without lone surrogates, which stand for bytes that are no Unicode and that nothing can write."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {printable(name): printable(inner) for name, inner in value.items()}
    return value


def failed(candidate: Candidate, oracle: str, failure: Failure, error: str) -> Evaluation:
    """A failed evaluation with its reason."""
    return Evaluation(candidate.id, oracle, status="failed", failure=failure, error=error)


@dataclass(frozen=True, slots=True)
class Revision:
    """A new way of computing a property under the same options: values of both are never mixed without a word."""

    number: int
    """2 for the second way, and so on; part of the settings that a value is known by."""
    change: str
    """By how much it differs from the way before, and where, as a sentence's end."""


class Oracle(Protocol):
    """Evaluates candidates; raises only `EngineMissing`, a bad candidate becomes a failed evaluation.

    What else it may have, and is then asked for, stands in `abilities.py`, a `Protocol` an ability: `inline`, `waits`,
    `needs`, `check`, `located`, `only`, `refuse`, `fingerprint`, `screen` and others.
    """

    @property
    def properties(self) -> tuple[str, ...] | None:
        """Names it can return; None when only asking can tell."""
        ...

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate, in order; all randomness from rng."""
        ...
