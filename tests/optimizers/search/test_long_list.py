"""The best of a long list: what is left out is worth no more than what is chosen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from eutectic.optimizers.acquisition.nehvi import Improvement
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.proposal import judged
from eutectic.optimizers.search import long_list
from eutectic.optimizers.search.batch import choose
from eutectic.optimizers.search.global_search import Effort
from eutectic.optimizers.search.long_list import full, shortlist

EFFORT = Effort(64, 2, 5)


def listed(rows: int, seed: int = 0) -> Space:
    X = np.random.default_rng(seed).random((rows, 3))
    return Space(("a", "b", "c"), ("continuous",) * 3, np.zeros(3), np.ones(3), table=X)


def losses(X: Array, m: int) -> Array:
    centres = np.random.default_rng(1).random((m, 3))
    return np.stack([((X - c) ** 2).sum(1) + 0.2 * np.sin(6 * X.sum(1) + j) for j, c in enumerate(centres)], 1)


def believed(space: Space, m: int, known: int) -> tuple[History, Improvement]:
    assert space.table is not None
    history = History.observed(space.table[:known], losses(space.table[:known], m))
    return history, judged(Bayesian(draws=16), space, history, 3, np.random.default_rng(0))[2]


@pytest.mark.parametrize(("m", "known"), [(1, 30), (2, 30), (3, 30), (4, 90)])
def test_the_batch_is_worth_what_judging_every_row_in_full_gives(m: int, known: int) -> None:
    space = listed(6000)
    assert space.table is not None
    history, fronts = believed(space, m, known)
    batch = choose(fronts, space, history.X, 3, np.random.default_rng(0), EFFORT)
    rows, values = torch.tensor(space.table[known:]), []
    for _ in range(3):
        worth = full(fronts, rows)
        values.append(worth.max())
        fronts = fronts.joined(rows[worth.argmax()][None])
    assert batch.values[:2] == pytest.approx(values[:2], abs=1e-3)
    assert batch.values == pytest.approx(values, abs=0.1)  # worths drawn sixteen times and less may rise


def test_of_a_list_too_long_to_judge_some_rows_and_the_neighbours_of_the_best_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space = listed(20_000)
    history, fronts = believed(space, 2, 30)
    whole = choose(fronts, space, history.X, 1, np.random.default_rng(0), EFFORT).values[0]
    monkeypatch.setattr(long_list, "LOOKED_AT", 3000)
    monkeypatch.setattr(long_list, "NEAR", 20)
    part = choose(fronts, space, history.X, 1, np.random.default_rng(0), EFFORT).values[0]
    assert part == pytest.approx(whole, abs=0.02)
    monkeypatch.setattr(long_list, "AROUND", 0)
    assert choose(fronts, space, history.X, 1, np.random.default_rng(0), EFFORT).values[0] < part


def test_a_list_in_a_file_is_read_in_pieces_and_gives_the_same_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = listed(5000)
    assert space.table is not None
    np.save(tmp_path / "rows.npy", space.table)
    monkeypatch.setattr(long_list, "PIECE", 700)
    mapped = replace(space, table=np.load(tmp_path / "rows.npy", mmap_mode="r"))
    history, fronts = believed(space, 2, 20)
    one, other = (choose(fronts, s, history.X, 3, np.random.default_rng(0), EFFORT) for s in (space, mapped))
    assert np.array_equal(one.X, other.X)


def test_where_every_worth_is_rounding_logarithms_tell() -> None:
    space = listed(4000)
    history, fronts = believed(space, 1, 200)
    far = replace(fronts, open=replace(fronts.open, upper=tuple(u - 50.0 for u in fronts.open.upper)))
    assert float(far.value(torch.tensor(space.table)).max()) == 0
    plain = shortlist(fronts, space, space.table, history.X)  # type: ignore[arg-type]
    assert not plain.logarithmic

    class Hopeless:
        """The same with nothing to be won that plain values show."""

        belief, fixed, scale = fronts.belief, fronts.fixed, fronts.scale
        log, value = far.log, far.value

        def rough(self) -> "Hopeless":
            return self

        def few(self) -> "Hopeless":
            return self

        def joined(self, x: torch.Tensor) -> "Hopeless":
            return self

    batch = choose(Hopeless(), space, history.X, 1, np.random.default_rng(0), EFFORT)
    assert space.table is not None
    assert batch.values[0] == pytest.approx(float(far.log(torch.tensor(space.table[200:])).max()))


def test_rows_seen_are_not_chosen_and_a_list_that_is_used_up_says_so() -> None:
    space = listed(2500)
    assert space.table is not None
    _, fronts = believed(space, 1, 30)
    seen = space.table[:2499]
    batch = choose(fronts, space, seen, 3, np.random.default_rng(0), EFFORT)
    assert np.array_equal(batch.X, space.table[2499:])
    assert batch.notes == ("the finite space is used up: 1 of 3 wanted points are left",)
    assert not len(choose(fronts, space, space.table, 3, np.random.default_rng(0), EFFORT).X)
