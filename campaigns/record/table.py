"""This file is the outcomes of a record: by number, in order, and as columns that are kept in step with them.

An outcome never changes; another is put in its place. The columns are worked out from the outcomes alone, again for
those that were put since they were last looked at: they hold nothing that the outcomes do not.
"""

import math
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from weakref import ref

import numpy as np

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.columns import STATUSES, Columns
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.optimizers.base import Array

CODES = {status: code for code, status in enumerate(STATUSES)}


class Outcomes(Mapping[int, Outcome]):
    """Number -> outcome, in the order in which the numbers came."""

    __slots__ = ("__weakref__", "_ascending", "_fresh", "_latest", "_places", "_rows", "_spec", "_table", "_written")

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        """Begin with these, each under its own number."""
        self._rows: list[Outcome] = []
        self._places: MutableMapping[int, int] = {}  # of each number among the rows
        self._latest = -math.inf  # the largest number
        self._ascending = True  # have all come in their order?
        self._table: _Table | None = None  # with room for more
        self._written = 0  # rows of it that are this one's
        self._spec: CampaignSpec | None = None  # that the table was worked out with
        self._fresh: set[int] = set()  # places put since
        for outcome in outcomes:
            self[outcome.number] = outcome

    def __getitem__(self, number: int) -> Outcome:
        return self._rows[self._places[number]]

    def __setitem__(self, number: int, outcome: Outcome) -> None:
        place = self._places.setdefault(number, len(self._rows))
        self._fresh.add(place)
        if place < len(self._rows):
            self._rows[place] = outcome
            return
        self._rows.append(outcome)
        self._ascending = self._ascending and number > self._latest
        self._latest = max(self._latest, number)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[int]:
        return (outcome.number for outcome in self._rows)

    def __contains__(self, number: object) -> bool:
        return number in self._places

    def arrived(self) -> tuple[Outcome, ...]:
        """The outcomes, in the order in which their numbers came."""
        return tuple(self._rows)

    def both(self) -> tuple[tuple[Outcome, ...], tuple[Outcome, ...]]:
        """The outcomes in the order of their numbers, and in that in which these came."""
        arrived = self.arrived()
        return (arrived if self._ascending else tuple(sorted(arrived, key=attrgetter("number")))), arrived

    def copy(self) -> "Outcomes":
        """Others that are the same, to be changed on their own; the table is copied when one needs another than both.

        To be made of outcomes whose columns are in step.
        """
        other = Outcomes()
        other._rows, other._places = [*self._rows], ChainMap({}, self._places)
        other._latest, other._ascending = self._latest, self._ascending
        other._spec, other._fresh, other._written = self._spec, {*self._fresh}, self._written
        other._table = self._table
        if self._table is not None:
            self._table.sharers.append(ref(other))
        return other

    def columns(self, spec: CampaignSpec) -> Columns:
        """A row an outcome, in the order in which their numbers came; to be read before anything else is put."""
        places = sorted(self._fresh)
        fresh = [self._rows[place] for place in places]
        d = width(fresh)
        if self._table is None or spec is not self._spec or d not in (None, self._table.columns.x.shape[1]):
            self._table, self._spec = self._alone(columns_of(spec, self._rows)), spec
        elif fresh:
            self._require_own(places[0])
            table = self._table
            if len(self) > len(table.columns.number):
                table = self._table = self._alone(table.columns.longer(2 * len(self)))
            table.columns.put(places, columns_of(spec, fresh, table.columns.x.shape[1]))
        self._fresh.clear()
        self._written = len(self)
        return self._table.columns.first(len(self))

    def _alone(self, columns: Columns) -> "_Table":
        """A table that nobody else looks at."""
        return _Table(columns, [ref(self)])

    def _require_own(self, first: int) -> None:
        """See to it that no one else looks at the table's rows from this place on."""
        assert self._table is not None
        alive = [(known, other) for known in self._table.sharers if (other := known()) is not None]
        self._table.sharers[:] = [known for known, _ in alive]
        if any(other is not self and other._written > first for _, other in alive):
            self._table.sharers[:] = [known for known, other in alive if other is not self]
            self._table = self._alone(self._table.columns.copy())

    def settled(self, spec: CampaignSpec, lasting: bool = True) -> Columns:
        """A row an outcome in the order of their numbers; lasting: in arrays that nothing changes."""
        own = self.columns(spec)
        if self._ascending:
            return own.copy() if lasting else own
        return own.rows(np.argsort(own.number, kind="stable"))


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Columns with room for more, and the outcomes whose they are."""

    columns: Columns
    sharers: "list[ref[Outcomes]]"


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
