"""This file is what a campaign remembers, as data: outcomes, batches, rounds, and the ledger that holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Literal, overload

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.attachments import Attachment
from eutectic.campaigns.record.columns import Columns
from eutectic.campaigns.record.notes import StageEnd, Unreached, shared
from eutectic.optimizers.base import Reason
from eutectic.oracles.base import Evaluation, Value

OutcomeStatus = Literal["proposed", "running", "finished", "failed", "refused", "returned"]
ENDED: tuple[OutcomeStatus, ...] = ("finished", "failed", "refused")
"""Of candidates of which nothing more will come, with values or without."""
State = Literal["running", "done", "failed", "stopped"]
HISTORY = "history:"
"""How the origin begins of what was known before the start; file and line, or folder and id, follow."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What was decided of a candidate when its round had answered on a rung."""

    rung: int
    passed: bool
    """Does it go on to the next rung?"""
    chance: float | None
    """Probability of being among the best that go on, dimensionless; None where that was not the question."""
    reason: str
    kind: Literal["rank", "spot check", "out of domain"] = "rank"
    """By what it was decided."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured of one sample by hand; several of one candidate are its replicates."""

    oracle: str
    """Whom it counts as."""
    at: float
    """Unix time when it was told first, s."""
    values: Mapping[str, float]
    """Properties, natural units."""
    errors: Mapping[str, float]
    """Standard errors of some of them."""
    by: str = ""
    """Who told it."""
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Points of those properties that are distances of a curve, and were told as one."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody said or did about a candidate."""

    at: float
    """Unix time, s."""
    text: str
    by: str = ""
    file: Attachment | None = None
    """Kept with it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who makes a candidate, and for how long others leave it to them."""

    holder: str
    until: float
    """Unix time, s."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One candidate's whole fate, from proposal to values."""

    number: int
    """1, 2, ... in the order of proposal; 0 and below for what was known before the start."""
    id: str
    """Content hash of the candidate."""
    round: int
    """Index of the batch it was proposed in; -1 for what was known before the start."""
    status: OutcomeStatus
    """`refused`: evaluated, but its values did not pass the sanity gate; `returned`: not made, its place is free."""
    x: tuple[float, ...]
    """Coordinates in the space (d,)."""
    variables: Mapping[str, Value]
    """The same by name, natural units, categories as labels."""
    composition: Mapping[str, float] | None
    values: Mapping[str, float]
    """Every property known of it, natural units."""
    errors: Mapping[str, float]
    """Standard errors of some of them."""
    losses: tuple[float, ...]
    """Minimised losses (m,), NaN where unknown."""
    excess: tuple[float, ...]
    """Outcome constraints (c,), feasible where <= 0, NaN where unknown."""
    feasible: bool
    """Finished, and every constraint holds."""
    reason: Reason
    origin: str
    neighbour: int | None = None
    """Number of the nearest evaluated candidate when it was proposed."""
    distance: float | None = None
    """Distance to it, dimensionless (bounds scaled to 1, root mean square)."""
    evaluations: tuple[Evaluation, ...] = ()
    """What each oracle said, last attempt of each."""
    attempts: int = 0
    failure: str = ""
    error: str = ""
    cost_s: float = 0.0
    """Wall seconds of all its evaluations."""
    proposed_at: float = 0.0
    """Unix time, s."""
    finished_at: float | None = None
    ended_by: int = 0
    """Number of the event that ended it, which no clock can put in another order; 0 where it began ended."""
    rung: int = 0
    """Rung of the ladder it has reached, 0 where there is no ladder."""
    until: int = 0
    """Rung it may climb to."""
    gates: tuple[Gate, ...] = ()
    provisional: tuple[str, ...] = ()
    """Properties whose value is not the top rung's: they count for no objective and no constraint."""
    validation: Evaluation | None = None
    """What the oracle of `validate` said of it at the end; changes none of its values."""
    measurements: tuple[Measurement, ...] = ()
    """Everything measured of it by hand, a replicate each; values are their means."""
    remarks: tuple[Remark, ...] = ()
    """What people said of it, in order."""
    aside: bool = False
    """Was it made where the space, after a change, has no place? Then `x` says nothing, and nothing learns from it."""
    barred: bool = False
    """Is it never to be asked for again?"""
    lease: Lease | None = None
    """Who has taken it to make; None once it has ended."""
    structure: Mapping[str, object] | None = None
    """`pymatgen.core.Structure.as_dict()` as it was proposed, before anything relaxed it."""

    def __repr__(self) -> str:
        """One line: what it is called, what it is, what came of it."""
        told = {**self.variables} if self.status != "finished" else {**self.variables, **self.values}
        shown = ", ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in told.items())
        return f"<Outcome {self.name} {self.status}: {shown}{f' ({self.error})' if self.error else ''}>"

    @property
    def name(self) -> str:
        """What people call it in every view: `#12`, `history:known.csv:12`, `added by Eva (3f2a91c0)`."""
        if self.number > 0:
            return f"#{self.number}"
        source = self.origin.removeprefix(HISTORY).strip()
        return f"{HISTORY}{source}" if self.origin.startswith(HISTORY) else f"{self.origin} ({self.id[:8]})"

    @property
    def proposal(self) -> int | None:
        """Its number among the candidates proposed, from 1; None for what was never proposed."""
        return self.number if self.number > 0 else None

    @property
    def round_number(self) -> int:
        """Its round as people count them, from 1; 0 for what was known before the start."""
        return self.round + 1


SETTERS: Mapping[str, Any] = {field.name: getattr(Outcome, field.name).__set__ for field in fields(Outcome)}
"""Field -> what fills it in a new outcome."""
ALL = attrgetter(*SETTERS)


def altered(outcome: Outcome, changes: Mapping[str, object]) -> Outcome:
    """The outcome with other values of some fields: `dataclasses.replace` in a third of its time, for every event."""
    other = object.__new__(Outcome)
    for fill, value in zip(SETTERS.values(), ALL(outcome), strict=True):
        fill(other, value)
    for name, value in changes.items():
        SETTERS[name](other, value)
    return other


@dataclass(frozen=True, slots=True)
class Batch:
    """One asking."""

    index: int
    stage: int
    """Which of the spec's `optimizers` asked."""
    optimizer: str
    asked_at: float
    """Unix time, s."""
    ask_s: float
    """Wall seconds the optimizer took."""
    state: Mapping[str, object] = field(default_factory=dict)
    ended: tuple[StageEnd, ...] = ()
    """Stages that ended early, or unsatisfied, since the batch before."""
    unreached: Unreached | None = None
    """A reference point that nothing reaches, said once; of an old journal empty, its sentence among the remarks."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Of a portfolio: arm -> its share of this batch, 0 to 1."""
    remarks: tuple[str, ...] = ()
    """What else a reader should know."""
    together: int | None = None
    """Index of the first of the batches that it is made together with; None: it began a batch of its own."""

    @property
    def notes(self) -> list[str]:
        """All of that in sentences."""
        said = [*map(str, self.ended)]
        said += [str(self.unreached)] if self.unreached is not None and self.unreached.reference else []
        return [*said, *([shared(self.shares)] if self.shares else []), *self.remarks]


@dataclass(frozen=True, slots=True)
class Round:
    """A batch whose every evaluation has ended."""

    index: int
    """Its place in the journal, from 0; people are shown `number`."""
    outcomes: tuple[Outcome, ...]
    hypervolume: float | None
    """Of all feasible outcomes up to and with this round, against the stored reference; None before it is fixed."""
    diagnostics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Property -> cross-validation metric -> value (rmse, r2, ...: `eutectic.optimizers.models.diagnostics.Check`)."""
    regret: float | None = None
    """Share of the hypervolume that may still be missing, 0 to 1; None where `budget.regret` does not ask for it."""

    @property
    def number(self) -> int:
        """The round as every view counts them, from 1."""
        return self.index + 1


class Rounds(Sequence[Round]):
    """Rounds that have ended, in order; each is put together when it is looked at."""

    __slots__ = ("_known", "_members", "_outcomes", "_regrets", "_sorted")

    def __init__(
        self,
        ended: Mapping[int, tuple[float | None, Mapping[str, Mapping[str, float]]]],
        regrets: Mapping[int, float | None],
        outcomes: tuple[Outcome, ...],
    ) -> None:
        """Of the index of each that has ended its hypervolume and diagnostics; outcomes of all, these among them."""
        self._known, self._regrets, self._outcomes = dict(ended), dict(regrets), outcomes
        self._sorted: list[tuple[int, tuple[float | None, Mapping[str, Mapping[str, float]]]]] = []
        self._members: dict[int, list[Outcome]] = {}

    def __len__(self) -> int:
        return len(self._known)

    @property
    def _ended(self) -> Sequence[tuple[int, tuple[float | None, Mapping[str, Mapping[str, float]]]]]:
        """Index, and hypervolume and diagnostics, in order."""
        if len(self._sorted) < len(self._known):
            self._sorted = sorted(self._known.items())
        return self._sorted

    @overload
    def __getitem__(self, place: int) -> Round: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Round, ...]: ...
    def __getitem__(self, place: int | slice) -> Round | tuple[Round, ...]:
        if isinstance(place, slice):
            return tuple(self[k] for k in range(len(self))[place])
        index, (hypervolume, diagnostics) = self._ended[place]
        members = tuple(self._by_round().get(index, ()))
        return Round(index, members, hypervolume, diagnostics, self._regrets.get(index))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(index for index, _ in self._ended))

    def __repr__(self) -> str:
        return repr(tuple(self))

    @property
    def volumes(self) -> dict[int, float | None]:
        """Index -> hypervolume."""
        return {index: hypervolume for index, (hypervolume, _) in self._ended}

    @property
    def last_volume(self) -> float | None:
        """The hypervolume of the last; None without any."""
        return self._known[max(self._known)][0] if self._known else None

    def _by_round(self) -> Mapping[int, Sequence[Outcome]]:
        if not self._members:
            members: dict[int, list[Outcome]] = {}
            for outcome in self._outcomes:
                members.setdefault(outcome.round, []).append(outcome)
            self._members = members
        return self._members


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the campaign's sections while it went on."""

    at: float
    """Unix time, s."""
    by: str
    differences: tuple[str, ...]
    """`budget.evaluations: 60 -> 120`, one a value."""
    round: int
    """Rounds that had ended before."""
    anew: bool
    """Were objectives changed, so that the reference point and all hypervolumes are others?"""

    @property
    def regards(self) -> tuple[str, ...]:
        """Of what was changed, what hypervolumes depend on: `objectives`, `constraints`."""
        said = {line.split(".")[0].split(":")[0] for line in self.differences}
        return tuple(name for name in ("objectives", "constraints") if name in said)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything the journal says, folded; what reports, exports, tracking and status read."""

    spec: CampaignSpec
    folder: str
    state: State
    outcomes: tuple[Outcome, ...]
    batches: tuple[Batch, ...]
    rounds: Sequence[Round]
    reference: tuple[float, ...] | None
    """(m,) in losses; natural units through `spec.goals`."""
    facts: Mapping[str, object]
    """Versions, seed, git revision, forecast, ... as recorded at the start."""
    overhead_s: float = 0.0
    """Seconds spent on everything but oracles, fits and acquisition."""
    hours: float = 0.0
    """Wall hours over all sessions, up to the last event of each."""
    reason: str = ""
    """Why it rests, as the last session put it; empty while it runs."""
    changes: tuple[Change, ...] = ()
    """In order; `spec` is as it is after the last."""
    wanted: bool = False
    """Did somebody ask for it to be run, and nobody to stop since?"""
    columns: Columns | None = field(default=None, repr=False, compare=False)
    """The outcomes `columns_of` as arrays, where they were at hand; `record.table.columns` has them always."""
    columns_of: tuple[Outcome, ...] = field(default=(), repr=False, compare=False)

    def __repr__(self) -> str:
        """One line: which campaign, how it stands, how much is known."""
        return (
            f"<Ledger {self.spec.name}: {self.state}, {len(self.finished)} of {len(self.outcomes)} outcomes finished>"
        )

    @property
    def finished(self) -> tuple[Outcome, ...]:
        """Outcomes with values that passed the gate."""
        return tuple(o for o in self.outcomes if o.status == "finished")

    @property
    def volumes(self) -> dict[int, float | None]:
        """Index of a round that has ended -> its hypervolume."""
        rounds = self.rounds
        return rounds.volumes if isinstance(rounds, Rounds) else {r.index: r.hypervolume for r in rounds}

    @property
    def hypervolume(self) -> float | None:
        """Of the last round."""
        if isinstance(self.rounds, Rounds):
            return self.rounds.last_volume
        return self.rounds[-1].hypervolume if self.rounds else None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as `Campaign.events()` yields it."""

    kind: Literal["asked", "started", "finished", "failed", "retry", "round", "waiting", "note", "done", "stopped"]
    number: int | None = None
    """Outcome it is about."""
    text: str = ""
    round: Round | None = None
