"""This file is the conformance checks that any part of ours or of a stranger's must pass: call them in its tests.

Each raises ContractBroken (an AssertionError) with a sentence that names the part, what it did and what was agreed.
What a part refuses (`refuse`) is left out: it is held to the rest.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.campaigns.execution.base import EvaluationLost, ExecutorPart, Setting
from eutectic.generators.base import Generator
from eutectic.optimizers.abilities import refusal
from eutectic.optimizers.base import Array, History, Kind, Mixture, Optimizer, Space
from eutectic.optimizers.spaces import region
from eutectic.oracles.base import Candidate, EngineMissing, Evaluation, Oracle
from eutectic.surrogates.base import Domain, FittedSurrogate, Surrogate

__all__ = [
    "SPACES",
    "ContractBroken",
    "check_executor",
    "check_generator",
    "check_optimizer",
    "check_oracle",
    "check_surrogate",
]

_SEED = 3
_FAILURES = ("unphysical", "not_converged", "bad_input", "error", "timeout", "memory", "crash", "infrastructure")
_BAD_HISTORIES = ("nothing known", "ordinary", "all failed", "values missing", "constant", "none feasible")


class ContractBroken(AssertionError):
    """A part does not keep what the contracts in the packages' base.py say."""


def _box() -> Space:
    return Space(("a", "b", "c"), ("continuous",) * 3, np.array([-1.0, 0, 5]), np.array([1.0, 1, 9]))


def _mixed() -> Space:
    kinds: tuple[Kind, ...] = ("continuous", "integer", "categorical", "continuous")
    categories, steps = ((), (), ("x", "y", "z"), ()), (None, None, None, 0.25)
    return Space(("t", "n", "s", "p"), kinds, np.array([300.0, 1, 0, 0]), np.array([900.0, 6, 2, 1]), categories, steps)


def _mixture(k: int, divisions: int | None, most: int | None = None) -> Space:
    mixture = Mixture(tuple(range(k)), (False,) * k, divisions, 1, most)
    kinds: tuple[Kind, ...] = tuple("fraction" for _ in range(k))
    return Space(tuple("ABCDEFGH"[:k]), kinds, np.zeros(k), np.full(k, 0.8), mixtures=(mixture,))


def _table() -> Space:
    rows = np.random.default_rng(5).random((60, 3))
    return Space(("a", "b", "c"), ("continuous",) * 3, rows.min(0), rows.max(0), table=rows)


SPACES: Mapping[str, Space] = {
    "box": _box(),
    "mixed": _mixed(),
    "composition": _mixture(4, None),
    "steps and limits": _mixture(6, 20, 3),
    "table": _table(),
}
"""A space of each kind an optimizer may meet."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """One part under test."""

    name: str

    def holds(self, condition: object, sentence: str) -> None:
        """ContractBroken with the sentence unless the condition is true."""
        if not condition:
            raise ContractBroken(f"{self.name}: {sentence}")


def check_optimizer(
    optimizer: Optimizer, spaces: Mapping[str, Space] = SPACES, *, objectives: int = 2, constraints: int = 1, n: int = 5
) -> tuple[str, ...]:
    """Check an optimizer on every space and with good, bad and empty histories; the names of the spaces it serves.

    It answers n rows of the space that were not asked before, the same again for the same history and seed, leaves the
    history as it was, and uses a finite space up. Raises ContractBroken; also when it serves none of the spaces.
    """
    served = []
    for label, space in spaces.items():
        claim = _Claim(f"{type(optimizer).__name__} on {label!r}")
        if refusal(optimizer, space, objectives, constraints):
            continue
        served.append(label)
        for kind in _BAD_HISTORIES if label == next(iter(spaces)) else _BAD_HISTORIES[:2]:
            _check_asking(claim, optimizer, space, _history(space, kind, objectives, constraints), n)
        if space.table is not None:
            _check_used_up(claim, optimizer, space, objectives, constraints, n)
    _Claim(type(optimizer).__name__).holds(served, f"it refuses every space: {', '.join(spaces)}")
    return tuple(served)


def check_surrogate(recipe: Surrogate) -> None:
    """Check a surrogate's recipe on fourteen rows of a smooth function of two inputs.

    A finite mean and a positive variance a row and an output; a state of JSON values that restores the fit exactly; the
    same fit for the same rows; a BoTorch model that says what the posterior says; missing values and wrong lengths are
    refused; a constant output is predicted as it is. Raises ContractBroken.
    """
    claim = _Claim(type(recipe).__name__)
    X, Y, domain = *_smooth(14), Domain(np.zeros(2), np.ones(2))
    points = np.random.default_rng(1).random((7, 2))
    fit = recipe.fit(X, Y, ("a", "b"), domain=domain)
    _check_posterior(claim, fit, points, 1)
    both = recipe.fit(X, np.hstack([Y, -2 * Y]), ("a", "b"), domain=domain)
    _check_posterior(claim, both, points, 2)
    _check_state(claim, recipe, fit, X, Y, domain, points)
    _check_model(claim, fit, points)
    flat = recipe.fit(X, np.full_like(Y, 5.0), ("a", "b"), domain=domain).posterior(points).mean
    claim.holds(np.allclose(flat, 5.0, atol=1e-6), f"a constant output of 5 is predicted as {flat[0, 0]:g}")
    broken = np.where(np.arange(len(X))[:, None] == 3, np.nan, X)
    _check_refusal(claim, "an input that is NaN", lambda: recipe.fit(broken, Y, ("a", "b")))
    _check_refusal(claim, "fewer outputs than rows", lambda: recipe.fit(X, Y[:5], ("a", "b")))
    _check_refusal(claim, "`tune=False` without a state", lambda: recipe.fit(X, Y, ("a", "b"), tune=False))


def check_generator(generator: Generator, n: int = 20) -> None:
    """Check a generator on n rows of its own space.

    A candidate a row, in order, and a function of it; its variables lead back to it, as numbers and as text; atomic
    fractions sum to one. Raises ContractBroken.
    """
    claim = _Claim(type(generator).__name__)
    space = generator.space
    claim.holds(space.d == len(space.lower) == len(space.upper), "names and bounds of its space differ in length")
    X = region.sample(space, n, np.random.default_rng(_SEED))
    candidates = generator.generate(X, np.random.default_rng(0))
    claim.holds(len(candidates) == len(X), f"{len(candidates)} candidates from {len(X)} rows")
    again = generator.generate(X, np.random.default_rng(1))
    same = [a.id == b.id for a, b in zip(candidates, again, strict=True)]
    claim.holds(all(same), "another candidate from the same row: it must be a function of the row alone")
    for candidate in candidates:
        _check_composition(claim, candidate)
        for variables in (candidate.variables, {k: str(v) for k, v in candidate.variables.items()}):
            row = generator.coordinates(variables)[None]
            (back,) = generator.generate(row, np.random.default_rng(0))
            claim.holds(back.id == candidate.id, f"{dict(variables)} lead back to another candidate")


def check_oracle(oracle: Oracle, candidates: Sequence[Candidate]) -> list[Evaluation]:
    """Check an oracle on candidates of the user's; what it said of them.

    One evaluation a candidate, in order; finite numbers under names that it lists; the same again from the same seed; a
    failure has its class and its sentence; all of it can be written as JSON; and a candidate of which it can know
    nothing is a failed evaluation, not an exception. Raises ContractBroken, and EngineMissing where it cannot run here.
    """
    claim = _Claim(type(oracle).__name__)
    claim.holds(candidates, "give at least one candidate")
    evaluations = oracle.evaluate(list(candidates), np.random.default_rng(_SEED))
    _check_evaluations(claim, oracle, candidates, evaluations)
    again = oracle.evaluate(list(candidates), np.random.default_rng(_SEED))
    said, repeated = ([dict(e.values) for e in answer] for answer in (evaluations, again))
    claim.holds(said == repeated, "other values from the same candidates and the same seed")
    nobody = Candidate({"nobody_knows_this_variable": 1.0})
    try:
        answers = oracle.evaluate([nobody], np.random.default_rng(_SEED))
    except EngineMissing:
        raise
    except Exception as error:
        raise ContractBroken(f"{claim.name}: it raises {error!r} for a candidate that it cannot know") from error
    _check_evaluations(claim, oracle, [nobody], answers)
    return evaluations


def check_executor(part: ExecutorPart, folder: str | Path, patience_s: float = 120.0) -> None:
    """Check an executor on this machine, two evaluations at a time; `folder` is for what it writes.

    It gives results; an exception, a process that ends, a hang over its time cost one evaluation each, say which it
    was, and nothing after them; shut down, it takes no more. patience_s: longest wait for one answer, s. Raises
    ContractBroken, and EngineMissing where it cannot be opened here.
    """
    claim = _Claim(type(part).__name__)
    executor = part.open(Setting(workers=2, timeout_s=2.0, answers=str(Path(folder) / "results")))
    try:
        futures = [executor.submit("operator:add", k, 1, key=f"add-{k}") for k in range(4)]
        claim.holds([f.result(patience_s) for f in futures] == [1, 2, 3, 4], "results do not answer what was submitted")
        bad = {"error": ("json:loads", "{"), "crash": ("os:_exit", 3), "timeout": ("time:sleep", 60)}
        for failure, (function, argument) in bad.items():
            neighbour = executor.submit("time:sleep", 0.1, key=f"beside-{failure}")
            error = executor.submit(function, argument, key=failure).exception(patience_s)
            claim.holds(isinstance(error, EvaluationLost), f"{function} ends in {error!r}, not in EvaluationLost")
            said = error.failure if isinstance(error, EvaluationLost) else ""
            claim.holds(said == failure, f"{function} is told as '{said}', not as '{failure}'")
            claim.holds(neighbour.exception(patience_s) is None, f"{function} took its neighbour with it")
        claim.holds(executor.submit("operator:add", 1, 1).result(patience_s) == 2, "it answers no more after failures")
    finally:
        executor.shutdown(cancel_futures=True)
    try:
        executor.submit("operator:add", 1, 1)
    except RuntimeError:
        return
    raise ContractBroken(f"{claim.name}: it takes evaluations after it was shut down")


def _history(space: Space, kind: str, objectives: int, constraints: int) -> History:
    """24 finished rows of the named kind and three unfinished ones."""
    if kind == "nothing known":
        return History.empty(space.d, objectives, constraints)
    X = space.table[:27] if space.table is not None else region.sample(space, 27, np.random.default_rng(0))
    seen = X[:24]
    Y = np.column_stack([((seen - seen.mean(0) - 0.1 * j) ** 2).sum(1) for j in range(objectives)])
    C = np.column_stack([*(seen[:, 0] - seen[:, 0].mean() + k for k in range(constraints)), np.empty((24, 0))])
    if kind == "all failed":
        Y = np.full_like(Y, np.nan)
    elif kind == "values missing":
        Y[::5], C[1::7] = np.nan, np.nan
    elif kind == "constant":
        Y[:] = 1.0
    elif kind == "none feasible":
        C = np.abs(C) + 1
    return History.observed(seen, Y, C).with_pending(X[24:])


def _check_asking(claim: _Claim, optimizer: Optimizer, space: Space, history: History, n: int) -> None:
    before = _content(history)
    X = optimizer.ask(space, history, n, np.random.default_rng(_SEED))
    claim.holds(X.shape == (n, space.d), f"{X.shape} is the shape of what it asks for, {(n, space.d)} was wanted")
    claim.holds(region.contains(space, X).all(), "it asks for rows outside the space")
    claim.holds(len(np.unique(np.round(X, 9), axis=0)) == n, "it asks for the same row twice")
    again = optimizer.ask(space, history, n, np.random.default_rng(_SEED))
    claim.holds(np.array_equal(X, again), "it asks for other rows when it sees the same history and seed again")
    claim.holds(_content(history) == before, "it changes the history")
    if region.count(space) is not None and len(history.X):
        seen = {tuple(row) for row in np.round(np.concatenate([history.X, history.pending]), 9)}
        claim.holds(not seen & {tuple(row) for row in np.round(X, 9)}, "it asks again for rows of the history")


def _check_used_up(claim: _Claim, optimizer: Optimizer, space: Space, m: int, c: int, n: int) -> None:
    assert space.table is not None
    rows = space.table

    def known(count: int) -> History:
        Y = np.column_stack([((rows[:count] - 0.1 * j) ** 2).sum(1) for j in range(m)])
        return History.observed(rows[:count], Y, np.full((count, c), -1.0))

    left = optimizer.ask(space, known(len(rows) - 3), n, np.random.default_rng(_SEED))
    claim.holds(
        sorted(map(tuple, left)) == sorted(map(tuple, rows[-3:])), "it does not ask for the last rows of a table"
    )
    none = optimizer.ask(space, known(len(rows)), n, np.random.default_rng(_SEED))
    claim.holds(none.shape == (0, space.d), f"{none.shape} of a table that is used up, {(0, space.d)} was wanted")


def _content(history: History) -> list[bytes]:
    values = [getattr(history, field.name) for field in fields(history)]
    return [value.tobytes() for value in values if isinstance(value, np.ndarray)]


def _smooth(n: int) -> tuple[Array, Array]:
    """(n, 2) inputs and (n, 1) outputs with a little noise."""
    rng = np.random.default_rng(0)
    X = rng.random((n, 2))
    return X, 3 + ((X - 0.3) ** 2).sum(1, keepdims=True) + 0.01 * rng.normal(size=(n, 1))


def _check_posterior(claim: _Claim, fit: FittedSurrogate, points: Array, outputs: int) -> None:
    posterior, shape = fit.posterior(points), (len(points), outputs)
    claim.holds(posterior.mean.shape == shape, f"a mean of shape {posterior.mean.shape} instead of {shape}")
    claim.holds(posterior.variance.shape == shape, f"a variance of shape {posterior.variance.shape} instead of {shape}")
    claim.holds(np.isfinite(posterior.mean).all(), "a mean that is not finite")
    claim.holds((posterior.variance > 0).all(), "a variance that is not above 0")


def _check_state(
    claim: _Claim, recipe: Surrogate, fit: FittedSurrogate, X: Array, Y: Array, domain: Domain, points: Array
) -> None:
    try:
        state = json.loads(json.dumps(fit.state))
    except TypeError as error:
        raise ContractBroken(f"{claim.name}: its state is not made of JSON values: {error}") from error
    expected = fit.posterior(points)
    restored = recipe.fit(X, Y, ("a", "b"), domain=domain, start=state, tune=False).posterior(points)
    repeated = recipe.fit(X, Y, ("a", "b"), domain=domain).posterior(points)
    for words, other in (("restored from its state", restored), ("fitted again to the same rows", repeated)):
        claim.holds(np.array_equal(expected.mean, other.mean), f"another mean when {words}")
        claim.holds(np.array_equal(expected.variance, other.variance), f"another variance when {words}")


def _check_model(claim: _Claim, fit: FittedSurrogate, points: Array) -> None:
    import torch

    expected = fit.posterior(points)
    with torch.no_grad():
        model = fit.model.posterior(torch.tensor(points)[:, None])
    agree = np.allclose(model.mean[:, 0, 0].numpy(), expected.mean[:, 0], rtol=1e-6, atol=1e-8)
    claim.holds(agree, "its BoTorch model has another mean than its posterior")
    agree = np.allclose(model.variance[:, 0, 0].numpy(), expected.variance[:, 0], rtol=1e-3, atol=1e-10)
    claim.holds(agree, "its BoTorch model has another variance than its posterior")


def _check_refusal(claim: _Claim, what: str, call: Any) -> None:
    try:
        call()
    except ValueError:
        return
    raise ContractBroken(f"{claim.name}: {what} is not refused with a ValueError")


def _check_composition(claim: _Claim, candidate: Candidate) -> None:
    if candidate.composition is not None:
        total = sum(candidate.composition.values())
        claim.holds(abs(total - 1) < 1e-6, f"the atomic fractions of a candidate sum to {total:g}")


def _check_evaluations(
    claim: _Claim, oracle: Oracle, candidates: Sequence[Candidate], evaluations: Sequence[Evaluation]
) -> None:
    claim.holds(
        [e.candidate_id for e in evaluations] == [c.id for c in candidates],
        f"{len(evaluations)} evaluations of {len(candidates)} candidates, or in another order",
    )
    for evaluation in evaluations:
        if evaluation.status == "failed":
            claim.holds(
                evaluation.failure in _FAILURES, f"a failure of class {evaluation.failure!r}, known: {_FAILURES}"
            )
            claim.holds(evaluation.error, "a failure without a sentence that says why")
        claim.holds(np.isfinite(list(evaluation.values.values())).all(), "a value that is not finite: leave it out")
        alien = set(evaluation.values) - set(oracle.properties if oracle.properties is not None else evaluation.values)
        claim.holds(not alien, f"properties that it does not list: {', '.join(sorted(alien))}")
        claim.holds(set(evaluation.errors) <= set(evaluation.values), "a standard error without its value")
        claim.holds(evaluation.cost_s >= 0, "a negative cost")
        try:
            json.dumps(evaluation.to_json(), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ContractBroken(f"{claim.name}: an evaluation that cannot be written as JSON: {error}") from error
