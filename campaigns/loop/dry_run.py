"""This file is `campaign run --dry-run`: everything checked, every oracle tried once, time and cost forecast."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eutectic.campaigns.errors import likely
from eutectic.campaigns.execution.base import EvaluationLost, Setting
from eutectic.campaigns.execution.job import evaluate, job, lost
from eutectic.campaigns.file.goals import refusal
from eutectic.campaigns.loop.context import unattended
from eutectic.campaigns.loop.offering import offers, rehearsed
from eutectic.campaigns.loop.routing import waits
from eutectic.campaigns.problem import executors
from eutectic.campaigns.problem.curves import with_distances
from eutectic.campaigns.problem.definition import NamedOracle, Problem
from eutectic.campaigns.problem.free import advice
from eutectic.generators import abilities
from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.spaces import region
from eutectic.oracles.abilities import Checked
from eutectic.oracles.base import Candidate, EngineMissing, Evaluation

TYPICAL = 60
"""Evaluations in the made-up history that an optimizer's asking is timed on, at most."""


@dataclass(frozen=True, slots=True)
class Check:
    """One engine, with its files."""

    oracle: str
    ok: bool
    message: str
    """What is wrong and the command that cures it; empty when nothing is."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One evaluation of a random candidate by one oracle."""

    oracle: str
    values: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    """Standard errors of some values."""
    cost_s: float = 0.0
    """Wall time, seconds."""
    error: str = ""
    """Why it failed; empty when it did not."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the campaign will take, if every evaluation takes what the trial took."""

    evaluations: int | None
    """None when nothing tried says how many fit into the budget's hours or cost."""
    evaluation_s: float
    """One evaluation by all oracles that were tried, wall seconds."""
    ask_s: float
    """One asking of the slowest stage, wall seconds."""
    total_s: float | None
    """The whole campaign, wall seconds; askings and evaluations are taken as one after the other. None, too, where a
    person answers."""
    cost: float | None
    """Sum of the oracles' costs (seconds for an oracle without `cost`); None where a person's is not stated."""
    people: tuple[str, ...] = ()
    """Oracles that are people: how long they take is not known."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a dry run found."""

    points: int | None
    """Exact number of candidates; None: infinitely many."""
    variables: int
    checks: tuple[Check, ...]
    candidate: Candidate
    """The one that was tried."""
    trials: tuple[Trial, ...]
    complaints: tuple[str, ...]
    """What would make every evaluation of the campaign fail, or this one refused."""
    forecast: Forecast
    executor: Check = Check("", True, "")
    """Can evaluations run where the file says?"""
    plan: tuple[str, ...] = ()
    """What the executor will do, such as the script of its batch jobs."""
    advice: str = ""
    """What would be had without a search."""

    @property
    def ok(self) -> bool:
        """Could the campaign run?"""
        engines = self.executor.ok and all(check.ok for check in self.checks)
        return engines and not any(t.error for t in self.trials) and not self.complaints

    def lines(self) -> list[str]:
        """The same, for a person."""
        return list(_lines(self))


def check_and_forecast(problem: Problem) -> DryRun:
    """Check and try everything a run would use, writing nothing; a failure is data, not an error."""
    rng = np.random.default_rng(problem.spec.seed)
    candidate, space, drawing_s = _to_try(problem, rng)
    checks = tuple(_check(named) for named in problem.oracles)
    executor = _executor(problem)
    able = {check.oracle for check in checks if check.ok} if executor.ok else set()
    trials = tuple(_trials(problem, [named for named in problem.oracles if named.name in able], candidate))
    return DryRun(
        points=region.count(problem.space),
        variables=abilities.variable_count(problem.generator),
        checks=checks,
        candidate=candidate,
        trials=trials,
        complaints=(*_led(problem), *(_complaints(problem, trials) if len(able) == len(checks) else ())),
        forecast=forecast(problem, trials, drawing_s + _ask_s(problem, space)),
        executor=executor,
        plan=tuple(_plan(problem)) if executor.ok else (),
        advice=advice(problem),
    )


def _to_try(problem: Problem, rng: np.random.Generator) -> tuple[Candidate, Space, float]:
    """A candidate, the space that optimizers see and, where rows are drawn for each asking, the wall seconds it took.

    CampaignFileError where nothing is drawn.
    """
    if not offers(problem.generator):
        return problem.generator.generate(region.sample(problem.space, 1, rng), rng)[0], problem.space, 0.0
    start = time.perf_counter()
    drawn = rehearsed(problem, rng)
    return drawn.offer.candidates[0], drawn.space, time.perf_counter() - start


def forecast(problem: Problem, trials: Sequence[Trial], ask_s: float) -> Forecast:
    """Time and cost of the campaign from one evaluation by each oracle and one asking (wall seconds)."""
    budget, workers = problem.spec.budget, problem.spec.executor.workers
    declared = {named.name: named.cost for named in problem.oracles}
    people = tuple(named.name for named in problem.oracles if named.search and waits(named))
    evaluation_s = sum(trial.cost_s for trial in trials)
    costs = [declared[trial.oracle] for trial in trials]
    cost = sum(trial.cost_s if each is None else each for trial, each in zip(trials, costs, strict=True))
    cost += sum(declared[name] or 0.0 for name in people)
    priced = all(declared[name] is not None for name in people)
    pace_s = evaluation_s / min(workers, budget.batch) + ask_s / budget.batch
    fits = [float(budget.evaluations or math.inf)]
    fits += [budget.hours * 3600 / pace_s] if budget.hours and pace_s and not people else []
    fits += [budget.cost / cost] if budget.cost and cost and priced else []
    points = region.count(problem.space)
    number = min([*fits, math.inf if points is None else points])
    evaluations = int(number) if math.isfinite(number) else None
    return Forecast(
        evaluations=evaluations,
        evaluation_s=evaluation_s,
        ask_s=ask_s,
        total_s=None if evaluations is None or people else evaluations * pace_s,
        cost=None if evaluations is None or not priced else evaluations * cost,
        people=people,
    )


def _executor(problem: Problem) -> Check:
    """Can it be opened here?"""
    name = problem.spec.executor.use
    try:
        executors.require(problem.executor)
    except EngineMissing as error:
        return Check(name, False, str(error))
    return Check(name, True, "")


def _plan(problem: Problem) -> Sequence[str]:
    """What it will do."""
    given = problem.spec.executor
    resources = executors.most([named.resources for named in problem.oracles if not named.inline])
    setting = Setting(given.workers, given.timeout_s, given.memory_mb, resources=resources)
    return executors.plan(problem.executor, setting)


def _check(named: NamedOracle) -> Check:
    try:
        if isinstance(named.oracle, Checked):
            named.oracle.check()
    except (EngineMissing, ValueError) as error:
        return Check(named.name, False, str(error))
    return Check(named.name, True, "")


def _trials(problem: Problem, oracles: Sequence[NamedOracle], candidate: Candidate) -> Iterator[Trial]:
    """Each oracle once, in order, knowing what the ones before it said; a person is not asked."""
    for k, named in enumerate(oracles):
        if waits(named):
            continue
        try:
            raw = _evaluated(problem, named, candidate, [problem.spec.seed, k])
            evaluation = with_distances(raw, problem.curves)
        except EngineMissing as error:
            yield Trial(named.name, error=str(error))
            continue
        candidate = candidate.knowing(evaluation.values)
        yield Trial(named.name, evaluation.values, evaluation.errors, evaluation.cost_s, evaluation.error)


def _evaluated(problem: Problem, named: NamedOracle, candidate: Candidate, seed: list[int]) -> Evaluation:
    """One evaluation, run where and under the limits that the campaign would."""
    if named.inline:
        return evaluate(named.oracle, named.name, candidate, seed)
    given, folder = problem.spec.executor, str(problem.folder)
    warm = (("eutectic.campaigns.execution.job:warm", named.content, folder),)
    setting = Setting(1, given.timeout_s, given.memory_mb, path=(folder,), warm=warm, resources=named.resources)
    executor = executors.at_once(problem.executor).open(setting)
    start = time.perf_counter()
    try:
        work = job(named.name, named.content, folder, candidate, seed)
        future: Future[dict[str, Any]] = executor.submit(
            "eutectic.campaigns.execution.job:run", work, resources=named.resources
        )
        answer = future.result()
    except EvaluationLost as error:
        spent_s = time.perf_counter() - start
        return lost(candidate, named.name, error.failure, str(error), error.output, spent_s)
    finally:
        executor.shutdown(cancel_futures=True)
    if "missing" in answer:
        raise EngineMissing(answer["missing"])
    return Evaluation.from_json(answer["evaluation"])


def _led(problem: Problem) -> list[str]:
    """Why only people can lead it."""
    return [reason for reason in [unattended(problem)] if reason]


def _complaints(problem: Problem, trials: Sequence[Trial]) -> Iterator[str]:
    """Objectives and constraints nobody answered, and values that the sanity gate refuses."""
    values = {name: value for trial in trials for name, value in trial.values.items()}
    told = {n for named in problem.oracles if waits(named) for n in named.oracle.properties or ()}
    if not any(trial.error for trial in trials):
        for name in [*problem.spec.objectives, *problem.spec.constraints]:
            if name not in values and name not in told:
                yield f"no oracle returned '{name}'{likely(name, values, 'returned')}"
    insane = refusal(values, problem.spec.windows)
    if insane is not None:
        yield insane


def _ask_s(problem: Problem, space: Space) -> float:
    """Wall seconds of one asking of the slowest stage, half-way through the campaign; imports are not counted."""
    seen = min(TYPICAL, problem.spec.budget.evaluations or TYPICAL)
    history = _made_up(space, max(4, seen // 2), len(problem.spec.goals), len(problem.learned))
    longest = 0.0
    for stage in problem.stages:
        for _ in range(2):  # the first asking imports what it needs
            start = time.perf_counter()
            propose(stage.optimizer, stage.name, space, history, problem.spec.budget.batch, np.random.default_rng(0))
            spent_s = time.perf_counter() - start
        longest = max(longest, spent_s)
    return longest


def _made_up(space: Space, n: int, m: int, c: int) -> History:
    """A history of n points with noise for values: what an asking takes depends little on them."""
    rng = np.random.default_rng(0)
    X: Array = region.sample(space, n, rng)
    return History.observed(X, rng.standard_normal((n, m)), rng.standard_normal((n, c)) - 1.0)


def _lines(found: DryRun) -> Iterator[str]:
    many = "infinitely many" if found.points is None else f"{found.points:,}"
    yield f"space: {found.variables} variable{'s' if found.variables != 1 else ''}, {many} candidates"
    for check in found.checks:
        ready = "waited for (`campaign suggest`, `campaign tell`)" if check.oracle in found.forecast.people else "ready"
        yield f"{check.oracle}: {ready if check.ok else check.message}"
    if not found.executor.ok:
        yield found.executor.message
    yield from found.plan
    for trial in found.trials:
        if trial.error:
            yield f"{trial.oracle}: one evaluation failed after {trial.cost_s:.3g} s: {trial.error}"
            continue
        values = ", ".join(
            f"{name} {value:.4g}" + (f" ± {trial.errors[name]:.2g}" if name in trial.errors else "")
            for name, value in trial.values.items()
        )
        yield f"{trial.oracle}: one evaluation took {trial.cost_s:.3g} s: {values}"
    yield from found.complaints
    yield from [found.advice] if found.advice else []
    yield _forecast_line(found.forecast)


def _forecast_line(told: Forecast) -> str:
    if told.people:
        number = "evaluations" if told.evaluations is None else f"{told.evaluations:,} evaluations"
        cost = "" if told.cost is None else f", cost {told.cost:.4g}"
        return f"forecast: {number}; how long {', '.join(told.people)} will take is not known{cost}"
    each = f"{told.evaluation_s:.3g} s an evaluation, {told.ask_s:.2g} s an asking"
    if told.evaluations is None or told.total_s is None or told.cost is None:
        return f"forecast: {each}; how many fit into the budget cannot be said"
    minutes, hours = told.total_s / 60, told.total_s / 3600
    span = f"{hours:.1f} h" if hours >= 1 else f"{minutes:.1f} min" if minutes >= 1 else f"{told.total_s:.0f} s"
    return f"forecast: {told.evaluations:,} evaluations in about {span} ({each}), cost {told.cost:.4g}"
