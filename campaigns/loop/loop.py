"""This file is the loop: ask, evaluate, write down, yield; what it does next follows from the journal alone."""

import os
import socket
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from eutectic.campaigns.analysis.rungs import unclimbed
from eutectic.campaigns.execution.base import Executor
from eutectic.campaigns.execution.cache import Cache
from eutectic.campaigns.loop.asking import asked
from eutectic.campaigns.loop.evaluating import Evaluating
from eutectic.campaigns.loop.rounds import close_rounds
from eutectic.campaigns.loop.routing import instructions, waits
from eutectic.campaigns.loop.stopwatch import Stopwatch
from eutectic.campaigns.loop.together import reserved
from eutectic.campaigns.loop.unanswered import require_answers
from eutectic.campaigns.loop.validation import Validating
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record import progress, settings
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.outcomes import Event
from eutectic.optimizers.abilities import at_once

AT_ONCE = 2000
"""Candidates of a batch, at most, that does not depend on the batch's size."""
POLL_S = 0.25
"""Seconds between two looks at the journal for what other processes have written."""


class Loop:
    """One session of a campaign: from taking it up to putting it down.

    heard: number of the journal's last event before the folder's lock was taken; what others ask after it is for this
    session, also when it stands before the session's own first event.
    """

    def __init__(self, problem: Problem, logbook: Logbook, executor: Callable[[], Executor], heard: int) -> None:
        self._problem, self._logbook, self._open_executor = problem, logbook, executor
        self._heard = heard
        self._watch = Stopwatch()
        given = problem.spec.cache
        self._cache = None if given is None else Cache(problem.folder / given, logbook.folder)
        self._work = Evaluating(problem, logbook, self._watch, self._cache)
        self._draining = False
        self._exhausted = False
        self._announced: set[int] = set()

    def drain(self) -> None:
        """Ask and start no more; what runs is finished. Safe in a signal handler."""
        self._draining = True
        self._work.wake()

    def events(self) -> Generator[Event, None, None]:
        """Run until a stop rule or somebody says stop; every way out is written down."""
        ending, text = "stopped", "interrupted"
        try:
            earlier = settings.revised(self._problem, self._logbook.record)
            yield from self._begin()
            yield from (Event("note", text=text) for text in earlier)
            yield from self._turns()
            if self._told_to_stop():
                text = "asked to stop"
            else:
                ending, text = "done", self._why_done()
                self._fix_reference("end")
                yield from self._close_rounds()
                if warning := unclimbed(self._logbook.ledger()):
                    yield Event("note", text=warning)
                yield from self._validate()
                if self._told_to_stop():
                    ending, text = "stopped", "asked to stop"
        except Exception as error:
            ending, text = "failed", f"{type(error).__name__}: {error}"
            raise
        finally:
            self._end(ending, text)
        yield Event("done" if ending == "done" else "stopped", text=text)

    def _begin(self) -> Iterator[Event]:
        """Take the campaign up: what ran when the last process died is taken where it answered, else run again."""
        settings.require_same(self._problem, self._logbook.record)
        self._logbook.write(Draft("session", {"pid": os.getpid(), "host": socket.gethostname(), "heard": self._heard}))
        self._logbook.refresh()
        self._work.queue.extend(sorted(self._logbook.record.unsettled))
        self._fix_reference("beginning")
        yield from self._work.adopt()
        remote = [n for n in self._problem.oracles if n.search and not n.inline and not waits(n)]
        if remote and (self._work.queue or self._room()) and self._enough() is None:
            self._work.executor = self._open_executor()

    def _end(self, ending: str, text: str) -> None:
        """Put the campaign down; what still runs is killed, and will be run again."""
        if self._work.executor is not None:
            self._work.executor.shutdown(cancel_futures=True)
            self._work.executor = None
        if self._cache is not None:
            self._cache.close()
        self._logbook.write(Draft("state", {"state": ending, "text": text, "overhead_s": self._watch.take()}))

    def _turns(self) -> Iterator[Event]:
        """Turn after turn, until nothing runs and nothing more is to be started."""
        while True:
            for entry in self._logbook.refresh():
                yield from self._work.told(entry)
            yield from self._close_rounds()
            require_answers(self._problem, self._logbook.record)
            halted = self._halted()
            if not halted and self._work.gated:
                yield from self._work.decide()
                yield from self._close_rounds()
            if not halted and self._work.startable:
                yield from self._work.launch()
            elif not halted and self._may_ask():
                yield from self._ask()
            elif self._work.flights:
                yield from self._work.collect(POLL_S)
            elif not halted and self._held():
                yield from self._wait()
            else:
                return

    def _halted(self) -> bool:
        """Is nothing more to be started?"""
        return self._told_to_stop() or self._enough() is not None

    def _told_to_stop(self) -> bool:
        """Has somebody asked this session to start nothing more?"""
        return self._draining or self._logbook.record.stop_asked > 0

    def _validate(self) -> Iterator[Event]:
        """Compute the best once more, where the file asks for it."""
        validator = self._problem.validator
        if validator is not None:
            yield from Validating(self._problem, self._logbook, validator).events(self._executor, self._told_to_stop)

    def _executor(self) -> Executor:
        """The session's executor, opened when there is none."""
        if self._work.executor is None:
            self._work.executor = self._open_executor()
        return self._work.executor

    def _enough(self) -> str | None:
        """The stop rule that holds, or None."""
        return progress.enough(self._logbook.record, self._hours())

    def _hours(self) -> float:
        """Wall hours over all sessions, this one up to now."""
        record = self._logbook.record
        return record.hours + (time.time() - record.sessions[-1][1]) / 3600

    def _why_done(self) -> str:
        """The sentence a finished campaign ends with."""
        if self._exhausted:
            return self._used_up()
        return progress.why_done(self._logbook.record, self._hours()) or progress.USED_UP

    def _room(self) -> int:
        """How many candidates may be asked for now."""
        record = self._logbook.record
        batch = max(self._whole(), self._problem.spec.budget.batch, record.wanted) - len(self._held())
        return max(0, int(min(batch, progress.left(record), progress.turn(record).room)))

    def _whole(self) -> int:
        """How many the optimizer in charge proposes in one batch, where that does not depend on the batch's size."""
        stage = self._problem.stages[progress.turn(self._logbook.record).stage]
        return AT_ONCE if at_once(stage.optimizer) else 0

    def _held(self) -> set[int]:
        """What waits for a person and was not left behind."""
        waiting = self._work.waiting
        return waiting - progress.left_behind(self._logbook.record, waiting)

    def _may_ask(self) -> bool:
        """Is nothing left to start, a worker free, and do fewer than a batch wait for somebody?"""
        busy = self._work.queue or self._work.full
        return not busy and not self._exhausted and self._room() > 0

    def _ask(self) -> Iterator[Event]:
        """Ask for the next batch and write it down whole."""
        self._fix_reference("asking", progress.turn(self._logbook.record).stage)
        numbers = ask(self._problem, self._logbook, self._room(), self._watch)
        self._exhausted = not numbers
        self._work.queue.extend(numbers)
        if not numbers:
            yield Event("note", text=self._used_up())
            return
        batch = self._logbook.record.batches[-1]
        yield Event("asked", text=f"{len(numbers)} from {batch.optimizer}")
        for note in batch.notes:
            yield Event("note", text=note)

    def _used_up(self) -> str:
        """What is to be said of an optimizer that proposes no more."""
        optimizer: Any = self._problem.stages[progress.turn(self._logbook.record).stage].optimizer
        return str(optimizer.front(self._problem.space)) if self._whole() else progress.SPACE_USED_UP

    def _wait(self) -> Iterator[Event]:
        """Wait for somebody to tell; announced once for every set of candidates that waits."""
        if not self._work.waiting <= self._announced:
            self._announced |= self._work.waiting
            ids = ", ".join(self._logbook.record.outcomes[n].id for n in sorted(self._work.waiting))
            asked = "".join(f"; {name}: {text}" for name, text in instructions(self._problem).items())
            yield Event("waiting", text=f"waiting for `campaign tell` of {ids}{asked}")
        yield from self._work.collect(POLL_S)

    def _fix_reference(self, moment: progress.Moment, stage: int = 0) -> None:
        """Fix the reference point as soon as it can be; it never changes afterwards."""
        body = progress.reference_event(self._logbook.record, moment, stage)
        if body is not None:
            self._logbook.write(Draft("reference", body))

    def _close_rounds(self) -> Iterator[Event]:
        """Write down the rounds that have ended, in order."""
        yield from close_rounds(self._problem, self._logbook, self._watch, self._work.waiting)


def ask(problem: Problem, logbook: Logbook, n: int, watch: Stopwatch) -> list[int]:
    """Propose up to n candidates, whatever the budget, and write them down as one batch; their numbers."""
    record, holder = logbook.record, logbook.record.wanted_for
    body = asked(problem, record.ledger(logbook.folder, lasting=False), n, holder=holder)
    watch.leave_out(body["batch"]["ask_s"])
    numbers: list[int] = [row["number"] for row in body["proposals"]]
    if numbers:
        logbook.write(Draft("asked", body), *reserved(problem, numbers, holder))
    return numbers
