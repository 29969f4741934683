"""Whole searches beside Optuna: a mixed space with an unknown constraint, five noisy objectives, batches of 96.

Run: python benchmarks/peers.py TASK [--who ours gpsampler tpe random] [--seeds 10] [--evaluations 64] [--noise 0]

mixed    four continuous, two integer and two categorical variables, two objectives, one constraint that is learned
dtlz2    DTLZ2 of five objectives and eight variables (Deb, Thiele, Laumanns and Zitzler 2005)
pool     a list of 100,000 rows of six variables, two objectives, batches of 96 (ours and random alone)

`--noise 0.05` is the standard deviation of what is measured as a share of each objective's range on the front; nobody
is told. All have the same uniform starts (twice the variables; of the pool 96) and batches of 4. Score: hypervolume of
the true values of what was measured and is feasible, as a share of a reference front's, against its worst values plus a
tenth of its ranges: `mixed`, the best of many draws and of moves of the best; `dtlz2`, 20,000 points of the sphere;
`pool`, the whole list. Optuna (`pip install optuna`) has its defaults and learns of constraints by `constraints_func`.
CPU seconds are those of a run's suggestions.
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moocore
import numpy as np
import torch

from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.spaces import region

EXACT = 4
"""Objectives up to which the hypervolume is exact."""
Values = tuple[Array, Array]
"""Losses (n, m) and excesses (n, c)."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is searched, and how well that can be done."""

    space: Space
    true: Callable[[Array], Values]
    front: Array
    """(f, m) losses."""
    starts: int
    batch: int

    def measured(self, X: Array, noise: float, seed: int) -> Values:
        """What is told of rows (n, d): row i has the same noise whoever asks."""
        Y, C = self.true(X)
        drawn = np.random.default_rng([seed, 1]).normal(size=(100_000, Y.shape[1]))[: len(X)]
        return Y + noise * np.ptp(self.front, axis=0) * drawn, C

    def share(self, X: Array) -> float:
        """Of the front's hypervolume."""
        Y, C = self.true(X)
        return self.volume(Y[(C <= 0).all(1)]) / self.volume(self.front)

    def volume(self, Y: Array) -> float:
        """Hypervolume of losses (n, m), scaled to the front."""
        low, width = self.front.min(0), np.ptp(self.front, axis=0)
        if not len(Y):
            return 0.0
        measure = moocore.hypervolume if Y.shape[1] <= EXACT else moocore.hv_approx
        return float(measure((Y - low) / width, ref=np.full(Y.shape[1], 1.1)))


def mixed() -> Task:
    """Two objectives whose best places depend on the categories, and a constraint of all kinds of variables."""
    rng = np.random.default_rng(11)
    labels = (("a", "b", "c", "d"), ("p", "q", "r"))
    kinds = ("continuous",) * 4 + ("integer",) * 2 + ("categorical",) * 2
    upper = np.array([1, 1, 1, 1, 10, 5, 3, 2.0])
    names = tuple(f"x{j}" for j in range(8))
    space = Space(names, kinds, np.zeros(8), upper, ((),) * 6 + labels)
    one, other = rng.random((4, 4)), rng.random((3, 4))
    dear, rare, hard = 0.3 * rng.random(4), 0.3 * rng.random(3), rng.normal(size=(4, 3))

    def true(X: Array) -> Values:
        x, u, v, a, b = X[:, :4], X[:, 4] / 10, X[:, 5] / 5, X[:, 6].astype(int), X[:, 7].astype(int)
        first = ((x - one[a]) ** 2).sum(1) + (u - 0.3) ** 2 + 0.5 * np.abs(v - 0.6) + rare[b]
        second = ((x - other[b]) ** 2).sum(1) + (u - 0.8) ** 2 + (v - 0.2) ** 2 + dear[a]
        excess = np.sin(3 * x[:, 0]) + x[:, 1] * u - 0.8 + 0.4 * hard[a, b]
        return np.stack([first, second], 1), excess[:, None]

    best = region.sample(space, 200_000, rng)
    for _ in range(20):
        Y, C = true(best)
        best = best[(C <= 0).all(1)]
        best = best[moocore.is_nondominated(true(best)[0])]
        moved = best[rng.integers(0, len(best), 20_000)]
        moved[:, :4] = np.clip(moved[:, :4] + 0.03 * rng.normal(size=(20_000, 4)), 0, 1)
        moved[:, 4:6] = np.clip(moved[:, 4:6] + rng.integers(-1, 2, (20_000, 2)), 0, upper[4:6])
        best = np.concatenate([best, moved])
    Y, C = true(best)
    return Task(space, true, filtered(Y[(C <= 0).all(1)]), 16, 4)


def dtlz2() -> Task:
    """Five objectives, eight variables; the front is the unit sphere's positive part."""
    m, d = 5, 8
    space = Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d))

    def true(X: Array) -> Values:
        angle, size = X[:, : m - 1] * np.pi / 2, 1 + ((X[:, m - 1 :] - 0.5) ** 2).sum(1)
        columns = []
        for j in range(m):
            part = size * np.cos(angle[:, : m - 1 - j]).prod(1)
            columns.append(part * np.sin(angle[:, m - 1 - j]) if j else part)
        return np.stack(columns, 1), np.empty((len(X), 0))

    sphere = np.abs(np.random.default_rng(0).normal(size=(20_000, m)))
    return Task(space, true, sphere / np.linalg.norm(sphere, axis=1, keepdims=True), 16, 4)


def pool() -> Task:
    """A long list of rows, two objectives with several best places each."""
    rng, d = np.random.default_rng(12), 6
    X = rng.random((100_000, d))
    space = Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d), table=X)
    centres, waves = rng.random((2, d)), rng.normal(size=(2, d))

    def true(X: Array) -> Values:
        gaps = ((X[:, None] - centres) ** 2).sum(2)
        return gaps + 0.3 * np.sin(4 * X @ waves.T), np.empty((len(X), 0))

    return Task(space, true, filtered(true(X)[0]), 96, 96)


def filtered(Y: Array) -> Array:
    """The rows that none dominates."""
    return np.asarray(moocore.filter_dominated(Y))


TASKS: dict[str, Callable[[], Task]] = {"mixed": mixed, "dtlz2": dtlz2, "pool": pool}


def ours(task: Task, who: str, X: Array, evaluations: int, noise: float, seed: int) -> tuple[Array, float]:
    """All rows measured, and CPU seconds."""
    spent, state = 0.0, dict[str, object]()
    while len(X) < evaluations:
        rng = np.random.default_rng([seed, len(X)])
        Y, C = task.measured(X, noise, seed)
        begun = time.process_time()
        if who == "random":
            new = region.sample(task.space, task.batch, rng)
        else:
            history = replace(History.observed(X, Y, C), state=state)
            found = propose(Bayesian(), who, task.space, history, task.batch, rng)
            new, state = found.X, dict(found.state)
        spent += time.process_time() - begun
        X = np.concatenate([X, new])
    return X, spent


def theirs(task: Task, who: str, X: Array, evaluations: int, noise: float, seed: int) -> tuple[Array, float]:
    """The same by a sampler of Optuna's, four trials asked at once."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    space, spent = task.space, 0.0
    limited: Any = (lambda trial: trial.user_attrs["excess"]) if task.true(X)[1].shape[1] else None
    samplers: Any = {"gpsampler": optuna.samplers.GPSampler, "tpe": optuna.samplers.TPESampler}
    sampler = samplers[who](seed=seed, constraints_func=limited)
    study = optuna.create_study(directions=["minimize"] * task.front.shape[1], sampler=sampler)
    ranges = distributions(space)
    for x in X:
        study.enqueue_trial(dict(zip(space.names, coded(space, x), strict=True)))
    rows = np.empty((0, space.d))
    while len(rows) < evaluations:
        begun = time.process_time()
        trials = [study.ask(ranges) for _ in range(task.batch)]
        spent += time.process_time() - begun
        rows = np.concatenate([rows, [decoded(space, trial.params) for trial in trials]])
        Y, C = (part[-task.batch :] for part in task.measured(rows, noise, seed))
        for trial, y, c in zip(trials, Y, C, strict=True):
            trial.set_user_attr("excess", c.tolist())
            study.tell(trial, y.tolist())
    return rows, spent


def distributions(space: Space) -> dict[str, Any]:
    """Of each variable, for Optuna."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    made: dict[str, Callable[[int], Any]] = {
        "continuous": lambda j: FloatDistribution(float(space.lower[j]), float(space.upper[j])),
        "integer": lambda j: IntDistribution(int(space.lower[j]), int(space.upper[j])),
        "categorical": lambda j: CategoricalDistribution([str(code) for code in range(int(space.upper[j]) + 1)]),
    }
    return {name: made[kind](j) for j, (name, kind) in enumerate(zip(space.names, space.kinds, strict=True))}


def coded(space: Space, x: Array) -> list[Any]:
    """A row (d,) in Optuna's terms."""
    said: dict[str, Callable[[float], Any]] = {
        "continuous": float,
        "integer": int,
        "categorical": lambda v: str(int(v)),
    }
    return [said[kind](v) for kind, v in zip(space.kinds, x, strict=True)]


def decoded(space: Space, parameters: dict[str, Any]) -> list[float]:
    """Optuna's parameters as a row."""
    return [float(parameters[name]) for name in space.names]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=list(TASKS))
    parser.add_argument("--who", nargs="+", default=["ours", "random"], choices=["ours", "random", "gpsampler", "tpe"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=64)
    parser.add_argument("--noise", type=float, default=0.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    task = TASKS[given.task]()
    for seed in range(given.seeds):
        X = region.sample(task.space, task.starts, np.random.default_rng([seed, 0]))
        for who in given.who:
            search = ours if who in ("ours", "random") else theirs
            rows, spent = search(task, who, X, given.evaluations, given.noise, seed)
            steps = sorted({task.starts, (task.starts + given.evaluations) // 2, given.evaluations})
            shares = ", ".join(f"{task.share(rows[:n]):.4f} at {n}" for n in steps)
            print(f"{given.task}, noise {given.noise:g}, seed {seed}, {who}: {shares}, {spent:.1f} CPU s", flush=True)


if __name__ == "__main__":
    main()
