"""This file is the end of a campaign: its best candidates computed once more by a chosen oracle, with other seeds.

Which candidates these are is written down first, so that a resumed campaign goes on with the same. Nothing of what
comes out changes the campaign's own values.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from eutectic.campaigns.execution.answers import FOLDER, Answers, key_of
from eutectic.campaigns.execution.base import Executor
from eutectic.campaigns.execution.flight import Flight
from eutectic.campaigns.execution.job import evaluate, job
from eutectic.campaigns.loop.routing import evaluation_seed, tried_again, waits
from eutectic.campaigns.problem.curves import with_distances
from eutectic.campaigns.problem.definition import NamedOracle, Problem
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.outcomes import Event
from eutectic.campaigns.record.volume import best
from eutectic.oracles.base import Candidate, Evaluation, Value

PATIENCE_S = 0.25
"""Seconds between two looks at whether to stop."""


class Validating:
    """The candidates of one session that are computed once more."""

    def __init__(self, problem: Problem, logbook: Logbook, named: NamedOracle) -> None:
        self._problem, self._logbook, self._named = problem, logbook, named
        self._position = next(k for k, other in enumerate(problem.oracles) if other.name == named.name)
        self._flights: dict[int, Flight] = {}
        self._tries: dict[int, int] = {}
        self._landed: SimpleQueue[int] = SimpleQueue()

    def events(self, executor: Callable[[], Executor], halted: Callable[[], bool]) -> Iterator[Event]:
        """Evaluate what is not evaluated yet, until `halted` says to start no more."""
        queue = self._todo()
        if waits(self._named):
            yield from self._wait(halted)
            return
        if queue:
            yield Event("note", text=f"computing the {len(queue)} best once more with '{self._named.name}'")
        while self._flights or (queue and not halted()):
            while queue and not halted() and len(self._flights) < self._problem.spec.executor.workers:
                self._start(queue.pop(0), executor)
            yield from self._collect(queue)

    def _wait(self, halted: Callable[[], bool]) -> Iterator[Event]:
        """Wait for a person to tell of each of them, until `halted` says not to."""
        announced: list[int] = []
        while (left := self._todo()) and not halted():
            if left != announced:
                ids = ", ".join(self._logbook.record.outcomes[number].id for number in left)
                yield Event(
                    "waiting", text=f"waiting for `campaign tell --validation` of {ids} by '{self._named.name}'"
                )
                announced = left
            time.sleep(PATIENCE_S)
            self._logbook.refresh()

    def _todo(self) -> list[int]:
        """Numbers still to be evaluated; the choice is written down when there is none yet."""
        record, given = self._logbook.record, self._problem.spec.validation
        assert given is not None
        if record.chosen is None:
            chosen = best(list(record.outcomes.values()), given.top, record.reference)
            self._logbook.write(Draft("chosen", {"numbers": [o.number for o in chosen]}))
        assert record.chosen is not None
        return [number for number in record.chosen if record.outcomes[number].validation is None]

    def _start(self, number: int, executor: Callable[[], Executor]) -> None:
        """Send one off, or evaluate it here."""
        record, named = self._logbook.record, self._named
        outcome = record.outcomes[number]
        plain = record.candidates.get(number, Candidate(outcome.variables, outcome.composition))
        candidate = plain.knowing(outcome.values)
        seed = [*evaluation_seed(self._problem, candidate, self._position), 1]
        future: Future[Any] = Future()
        tries = self._tries.get(number, 0) + 1
        key = key_of(number, named.name, outcome.id, named.settings_hash, seed, tries)
        if named.inline:
            future.set_result({"evaluation": evaluate(named.oracle, named.name, candidate, seed).to_json()})
        else:
            task = job(named.name, named.content, str(self._problem.folder), candidate, seed)
            work = "eutectic.campaigns.execution.job:run"
            future = executor().submit(work, task, key=key, resources=named.resources)
        self._flights[number] = Flight(self._position, named.name, candidate, seed, time.monotonic(), future, key)
        future.add_done_callback(lambda _: self._landed.put(number))

    def _collect(self, queue: list[int]) -> Iterator[Event]:
        """Wait for one to land, and write it down."""
        try:
            number = self._landed.get(timeout=PATIENCE_S)
        except Empty:
            return
        flight = self._flights.pop(number)
        evaluation = self._marked(with_distances(flight.landing(), self._problem.curves), flight.seed)
        self._tries[number] = tries = self._tries.get(number, 0) + 1
        again = tried_again(evaluation.failure, tries, self._problem.spec.executor.retries)
        body = {"settings": self._named.settings_hash, "attempt": tries, "again": again}
        self._logbook.write(Draft("validated", {**body, "evaluation": evaluation.to_json()}, number))
        Answers(Path(self._logbook.folder) / FOLDER).forget(flight.key)
        if again:
            queue.append(number)
        said = evaluation.error or ", ".join(f"{name} {value:g}" for name, value in evaluation.values.items())
        yield Event("note", number, f"once more: {said}")

    def _marked(self, evaluation: Evaluation, seed: list[int]) -> Evaluation:
        """With the rung of its oracle, its settings and its seed."""
        rung = self._problem.ladder.rung(self._position)
        fidelity = float(self._problem.ladder.top + 1 if rung is None else rung)
        marks: dict[str, Value] = {"settings": self._named.settings_hash[:16], "validation_seed": seed[-1]}
        return replace(evaluation, fidelity=fidelity, provenance={**evaluation.provenance, **marks})
