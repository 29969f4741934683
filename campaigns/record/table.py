"""This file is the outcomes of a record: by number, in order, and as columns that are kept in step with them.

An outcome never changes; another is put in its place. The columns are worked out from the outcomes alone, again for
those that were put since they were last looked at: they hold nothing that the outcomes do not.
"""

import math
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView

import numpy as np

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.columns import STATUSES, Columns
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.optimizers.base import Array

CODES = {status: code for code, status in enumerate(STATUSES)}


class Outcomes(Mapping[int, Outcome]):
    """Number -> outcome, in the order in which the numbers came."""

    __slots__ = ("_ascending", "_by_number", "_fresh", "_latest", "_ordered", "_places", "_spec", "_table")

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        """Begin with these, each under its own number."""
        self._by_number: dict[int, Outcome] = {}
        self._places: dict[int, int] = {}  # of each number in the table
        self._latest = -math.inf  # the largest number
        self._ascending = True  # have all come in their order?
        self._ordered: tuple[Outcome, ...] | None = ()  # None: to be put in order again
        self._table: Columns | None = None  # with room for more
        self._spec: CampaignSpec | None = None  # that the table was worked out with
        self._fresh: set[int] = set()  # numbers put since
        for outcome in outcomes:
            self[outcome.number] = outcome

    def __getitem__(self, number: int) -> Outcome:
        return self._by_number[number]

    def __setitem__(self, number: int, outcome: Outcome) -> None:
        if number not in self._by_number:
            self._places[number] = len(self._by_number)
            self._ascending = self._ascending and number > self._latest
            self._latest = max(self._latest, number)
        self._by_number[number] = outcome
        self._fresh.add(number)
        self._ordered = None

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[int]:
        return iter(self._by_number)

    def __contains__(self, number: object) -> bool:
        return number in self._by_number

    def values(self) -> ValuesView[Outcome]:
        """The outcomes, in the order in which their numbers came."""
        return self._by_number.values()

    def items(self) -> ItemsView[int, Outcome]:
        """The same with their numbers."""
        return self._by_number.items()

    def arrived(self) -> tuple[Outcome, ...]:
        """The outcomes, in the order in which their numbers came."""
        return self.ordered() if self._ascending else tuple(self._by_number.values())

    def ordered(self) -> tuple[Outcome, ...]:
        """The outcomes in the order of their numbers."""
        if self._ordered is None:
            own = self._by_number
            self._ordered = tuple(own.values() if self._ascending else map(own.__getitem__, sorted(own)))
        return self._ordered

    def copy(self) -> "Outcomes":
        """Others that are the same, to be changed on their own."""
        other = Outcomes()
        other._by_number, other._places = dict(self._by_number), dict(self._places)
        other._latest, other._ascending, other._ordered = self._latest, self._ascending, self._ordered
        other._spec, other._fresh = self._spec, {*self._fresh}
        other._table = None if self._table is None else self._table.copy()
        return other

    def columns(self, spec: CampaignSpec) -> Columns:
        """A row an outcome, in the order in which their numbers came; to be read before anything else is put."""
        numbers = [*self._fresh]
        fresh = [self._by_number[number] for number in numbers]
        d = width(fresh)
        if self._table is None or spec is not self._spec or d not in (None, self._table.x.shape[1]):
            self._table, self._spec = columns_of(spec, self.arrived()), spec
        elif fresh:
            if len(self) > len(self._table.number):
                self._table = self._table.longer(2 * len(self))
            places = [self._places[number] for number in numbers]
            self._table.put(places, columns_of(spec, fresh, self._table.x.shape[1]))
        self._fresh.clear()
        return self._table.rows(slice(len(self)))

    def settled(self, spec: CampaignSpec) -> Columns:
        """A row an outcome in the order of their numbers, in arrays that nothing changes."""
        own = self.columns(spec)
        return own.copy() if self._ascending else own.rows(np.array([self._places[n] for n in sorted(self._places)]))


def columns_of(spec: CampaignSpec, outcomes: Sequence[Outcome], d: int | None = None) -> Columns:
    """Outcomes as columns; d: how many coordinates they have, where that is not to be seen from them."""
    d = width(outcomes) if d is None else d
    goals, limits = spec.goals, spec.limits
    stated = {part.called: part.cost for part in spec.oracles if part.cost is not None}
    finished = [o.status == "finished" for o in outcomes]
    m, c = len(goals), len(limits)
    return Columns(
        number=_whole(o.number for o in outcomes),
        round=_whole(o.round for o in outcomes),
        status=_whole(CODES[o.status] for o in outcomes),
        name=_whole(hash(o.id) for o in outcomes),
        ended=_flags(o.finished_at is not None for o in outcomes),
        aside=_flags(o.aside for o in outcomes),
        barred=_flags(o.barred for o in outcomes),
        lost=_flags(o.failure == "infrastructure" for o in outcomes),
        feasible=_flags(o.feasible and all(map(math.isfinite, o.losses)) for o in outcomes),
        replicated=_flags(any(e.artifacts for e in o.evaluations) for o in outcomes),
        x=_rows([o.x for o in outcomes], d or 0),
        losses=_rows([o.losses for o in outcomes], m),
        signed=_table(
            [
                [g.signed(o.values[g.name]) if f and g.name in o.values else math.nan for g in goals]
                for o, f in zip(outcomes, finished, strict=True)
            ],
            m,
        ),
        noise=_table([[o.errors.get(g.name, math.nan) for g in goals] for o in outcomes], m),
        excess=_rows([o.excess for o in outcomes], c),
        excess_noise=_table([[o.errors.get(limit.property, math.nan) for limit in limits] for o in outcomes], c),
        fidelity=_numbers(max([e.fidelity for e in o.evaluations], default=0.0) for o in outcomes),
        cost=_numbers(o.cost_s for o in outcomes),
        price=_numbers(_price(o, stated) for o in outcomes),
        proposer=np.array([o.reason.proposer for o in outcomes], dtype=object),
    )


def width(outcomes: Iterable[Outcome]) -> int | None:
    """How many coordinates outcomes have that were made in the space of today; None where there is none of them."""
    return next((len(o.x) for o in outcomes if not o.aside), None)


def columns(ledger: Ledger) -> Columns:
    """The outcomes of a ledger as columns, a row each in their order."""
    if ledger.columns is not None and ledger.columns_of is ledger.outcomes:
        return ledger.columns
    return columns_of(ledger.spec, ledger.outcomes)


def _price(outcome: Outcome, stated: Mapping[str, float]) -> float:
    """Cost as stated where an oracle states it, wall seconds otherwise; what was reused is free."""
    if outcome.number <= 0:
        return 0.0
    paid = [e for e in outcome.evaluations if "reused" not in e.provenance]
    return sum(stated.get(e.oracle, e.cost_s) for e in paid)


def _whole(values: Iterable[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.fromiter(values, dtype=np.int64)


def _flags(values: Iterable[bool]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.fromiter(values, dtype=bool)


def _numbers(values: Iterable[float]) -> Array:
    return np.fromiter(values, dtype=float)


def _table(rows: Sequence[Sequence[float]], across: int) -> Array:
    return np.array(rows, dtype=float).reshape(len(rows), across)


def _rows(rows: Sequence[Sequence[float]], across: int) -> Array:
    """An array (n, across); NaN where a row says nothing of so many."""
    nothing = (math.nan,) * across
    return _table([row if len(row) == across else nothing for row in rows], across)
