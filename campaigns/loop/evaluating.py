"""This file is what happens between a proposal and its end: queue, flights, retries, what is used again."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

from eutectic.campaigns.execution.answers import FOLDER, Answers, key_of
from eutectic.campaigns.execution.base import Executor
from eutectic.campaigns.execution.cache import Cache
from eutectic.campaigns.execution.carrier import settle
from eutectic.campaigns.execution.flight import Flight
from eutectic.campaigns.execution.job import evaluate, job
from eutectic.campaigns.loop import routing
from eutectic.campaigns.loop.gates import decisions, ripe
from eutectic.campaigns.loop.stopwatch import Stopwatch
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.journal import Draft, Entry
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.outcomes import Event
from eutectic.campaigns.record.steps import OPEN
from eutectic.oracles.base import Candidate, Evaluation


class Evaluating:
    """The candidates of one session that have not ended."""

    def __init__(self, problem: Problem, logbook: Logbook, watch: Stopwatch, cache: Cache | None = None) -> None:
        self._problem, self._logbook, self._watch, self._cache = problem, logbook, watch, cache
        self.executor: Executor | None = None
        self.queue: deque[int] = deque()
        """Numbers to take up next, in order."""
        self.waiting: set[int] = set()
        """Numbers that wait to be told."""
        self.gated: set[int] = set()
        """Numbers that wait for what the rest of their round has to say on their rung of the ladder."""
        self.flights: dict[int, Flight] = {}
        self._tries: dict[tuple[int, int, float], int] = {}
        self._landed: SimpleQueue[int | None] = SimpleQueue()
        self._answers = Answers(Path(logbook.folder) / FOLDER)

    @property
    def full(self) -> bool:
        """Is every worker busy?"""
        return len(self.flights) >= self._problem.spec.executor.workers

    def wake(self) -> None:
        """End a `collect` that waits; safe in a signal handler."""
        self._landed.put(None)

    def launch(self) -> Iterator[Event]:
        """Take up the next candidate that can be, one step; nothing when there is none."""
        held: list[int] = []
        while self.queue and not self.full:
            number = self.queue.popleft()
            if not self._in_flight(number):
                self.queue.extendleft(reversed(held))
                yield from self._step(number)
                return
            held.append(number)
        self.queue.extendleft(reversed(held))

    @property
    def startable(self) -> bool:
        """Could `launch` take up a candidate?"""
        return not self.full and any(not self._in_flight(number) for number in self.queue)

    def _in_flight(self, number: int) -> bool:
        """Is the same candidate running under another number? Then its result is waited for and used again."""
        outcome = self._logbook.record.outcomes[number]
        return any(flight.candidate.id == outcome.id for flight in self.flights.values())

    def adopt(self) -> Iterator[Event]:
        """Write down what evaluations answered after the process that asked for them had died, before any is queued."""
        for number in list(self.queue):
            outcome = self._logbook.record.outcomes[number]
            position = routing.next_oracle(self._problem, outcome) if outcome.status in OPEN else None
            if position is None or self._problem.oracles[position].inline:
                continue
            candidate, seed = self._asked(number, position)
            key = self._key(number, position, seed)
            answer = self._answers.read(key)
            if answer is not None:
                self.queue.remove(number)
                future: Future[object] = Future()
                settle(future, answer)
                name = self._problem.oracles[position].name
                yield Event("note", number, f"what '{name}' answered meanwhile was taken")
                flight = Flight(position, name, candidate, seed, time.monotonic(), future, key)
                yield from self._land(number, flight)

    def _asked(self, number: int, position: int) -> tuple[Candidate, list[int]]:
        """The candidate with what is known of it, and the seed of its evaluation."""
        record = self._logbook.record
        candidate = record.candidates[number].knowing(record.outcomes[number].values)
        return candidate, routing.evaluation_seed(self._problem, candidate, position)

    def _key(self, number: int, position: int, seed: list[int]) -> str:
        """The name of the next attempt at an evaluation, the same in every session."""
        outcome, named = self._logbook.record.outcomes[number], self._problem.oracles[position]
        settings = routing.settings(self._problem, outcome, position)
        attempt = routing.attempts(self._problem, outcome, position) + 1
        return key_of(number, named.name, outcome.id, settings, [*seed, outcome.rung], attempt)

    def told(self, entry: Entry) -> Iterator[Event]:
        """Somebody said something of a candidate: it has ended, or goes on to its next oracle."""
        number, outcome = entry.number, self._logbook.record.outcomes[entry.number or 0]
        assert number is not None
        if entry.kind in ("note", "corrected"):
            yield Event("note", number, outcome.remarks[-1].text)
            held = (*self.queue, *self.flights, *self.waiting, *self.gated)
            if entry.kind == "corrected" and outcome.status in OPEN and number not in held:
                self.queue.append(number)  # it had been refused, and is open again
            return
        self.waiting.discard(number)
        self.gated.discard(number)
        if outcome.status == "returned":
            yield Event("note", number, outcome.remarks[-1].text)
        elif outcome.status not in OPEN:
            yield self._ended(number)
        elif number not in self.queue and number not in self.flights:
            self.queue.append(number)

    def _step(self, number: int) -> Iterator[Event]:
        """Take one candidate to its next oracle."""
        outcome = self._logbook.record.outcomes[number]
        if outcome.status not in OPEN:
            return
        position = routing.next_oracle(self._problem, outcome)
        if position is None and routing.at_gate(outcome):
            self.gated.add(number)
            return
        if position is None:
            yield self._settle(number, routing.final(self._problem, outcome))
            return
        if routing.waits(self._problem.oracles[position]):
            other = routing.meanwhile(self._problem, outcome, person=False)
            position = position if other is None else other
        named = self._problem.oracles[position]
        broken = None if named.inline else routing.screened_out(self._problem, outcome)
        settings = routing.settings(self._problem, outcome, position)
        paid = self._logbook.record.paid.get((outcome.id, named.name, settings))
        if broken is not None:
            yield self._settle(number, routing.Verdict("finished", error=broken))
        elif routing.waits(named):
            self.waiting.add(number)
        elif paid is not None:
            again = replace(paid, cost_s=0.0, provenance={**paid.provenance, "reused": 1})
            yield from self._conclude(number, position, again)
        else:
            yield from self._evaluate(number, position)

    def _evaluate(self, number: int, position: int) -> Iterator[Event]:
        """Evaluate here when the oracle is inline, otherwise send it off."""
        record, named = self._logbook.record, self._problem.oracles[position]
        candidate, seed = self._asked(number, position)
        if named.inline:
            with self._watch.paused():
                evaluation = evaluate(named.oracle, named.name, candidate, seed)
            yield from self._conclude(number, position, evaluation)
            return
        settings = routing.settings(self._problem, record.outcomes[number], position)
        cached = None if self._cache is None else self._cache.get(candidate.id, settings, seed)
        if cached is not None:
            yield from self._conclude(number, position, cached)
            return
        assert self.executor is not None
        self._logbook.write(Draft("started", {"oracle": named.name}, number))
        task = job(named.name, named.content, str(self._problem.folder), candidate, seed)
        key = self._key(number, position, seed)
        work = "eutectic.campaigns.execution.job:run"
        future = self.executor.submit(work, task, key=key, resources=named.resources)
        self.flights[number] = Flight(position, named.name, candidate, seed, time.monotonic(), future, key)
        future.add_done_callback(lambda _: self._landed.put(number))
        yield Event("started", number)

    def collect(self, patience_s: float) -> Iterator[Event]:
        """Wait until an evaluation lands, or somebody wakes us, but not longer than `patience_s`."""
        try:
            with self._watch.paused():
                number = self._landed.get(timeout=patience_s)
        except Empty:
            return
        if number is None:
            return
        flight = self.flights.pop(number)
        if self._logbook.record.outcomes[number].status in OPEN:
            yield from self._land(number, flight)

    def _land(self, number: int, flight: Flight) -> Iterator[Event]:
        """Write down what a flight brought home, here and in the cache."""
        outcome = self._logbook.record.outcomes[number]
        evaluation = routing.own(self._problem, outcome, flight.position, flight.landing())
        settings = routing.settings(self._problem, outcome, flight.position)
        yield from self._conclude(number, flight.position, evaluation)
        self._answers.forget(flight.key)
        if self._cache is not None:
            self._cache.put(outcome.id, settings, flight.seed, evaluation)

    def _conclude(self, number: int, position: int, evaluation: Evaluation) -> Iterator[Event]:
        """Write an evaluation down, and with it what becomes of its candidate."""
        outcome = self._logbook.record.outcomes[number]
        level = routing.rung(self._problem, outcome, position)
        settings = routing.settings(self._problem, outcome, position)
        self._tries[number, position, level] = tries = self._tries.get((number, position, level), 0) + 1
        evaluation = routing.as_written(self._problem, evaluation, level, settings)
        if (before := routing.attempts(self._problem, outcome, position)) > 0:
            evaluation = replace(evaluation, provenance={**evaluation.provenance, "attempt": before + 1})
        again = routing.tried_again(evaluation.failure, tries, self._problem.spec.executor.retries)
        body = {"settings": settings, "attempt": tries, "again": again, "evaluation": evaluation.to_json()}
        drafts, verdict = [Draft("evaluated", body, number)], None
        if not again:
            verdict = routing.verdict(self._problem, outcome, evaluation)
        if verdict is not None:
            drafts.append(routing.settlement(number, verdict))
        self._logbook.write(*drafts)
        if verdict is not None:
            yield self._ended(number)
            return
        self.queue.appendleft(number)
        if again:
            yield Event("retry", number, evaluation.error)

    def decide(self) -> Iterator[Event]:
        """Let gates decide wherever a round has answered: who goes on is queued, the others have ended."""
        for rung, numbers in ripe(self._logbook.record, self.gated):
            self.gated -= set(numbers)
            self._logbook.write(*decisions(self._problem, self._logbook.record, rung, numbers))
            for number in numbers:
                if self._logbook.record.outcomes[number].status in OPEN:
                    self.queue.append(number)
                else:
                    yield self._ended(number)

    def _settle(self, number: int, verdict: routing.Verdict) -> Event:
        self._logbook.write(routing.settlement(number, verdict))
        return self._ended(number)

    def _ended(self, number: int) -> Event:
        outcome = self._logbook.record.outcomes[number]
        return Event("finished" if outcome.status == "finished" else "failed", number, outcome.error)
