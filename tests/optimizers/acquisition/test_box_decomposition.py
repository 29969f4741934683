"""The region that nothing dominates, cut into boxes: exact, disjoint, and empty where nothing is to be won."""

import itertools
import math

import numpy as np
import pytest
import torch
from moocore import hypervolume

from eutectic.optimizers.acquisition.box_decomposition import cells, open_boxes, upper_bounds
from eutectic.optimizers.acquisition.normal_integrals import shortfall


def front(m: int, n: int = 6, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).random((n, m))
    return points[[not ((points <= p).all(1) & (points < p).any(1)).any() for p in points]]


def nearest_bounds(points: np.ndarray, reference: np.ndarray) -> set[tuple[float, ...]]:
    """Local upper bounds by their definition: corners of coordinates that no point is strictly inside, maximal."""
    axes = [sorted({*points[:, j], r}) for j, r in enumerate(reference)]
    inside = [u for u in itertools.product(*axes) if not (points < np.array(u)).all(1).any()]
    return {u for u in inside if not any(v != u and all(a >= b for a, b in zip(v, u, strict=True)) for v in inside)}


@pytest.mark.parametrize("m", [2, 3])
def test_local_upper_bounds_are_those_of_their_definition(m: int) -> None:
    points, reference = front(m), np.ones(m)
    U, Z = upper_bounds(points, np.full(m, -np.inf), reference)
    assert {tuple(u) for u in U} == nearest_bounds(points, reference)
    for u, defining in zip(U, Z, strict=True):
        assert np.diag(defining).tolist() == u.tolist()
        for j in range(m):
            assert (np.delete(defining[j], j) < np.delete(u, j)).all()


@pytest.mark.parametrize("m", [2, 3, 4])
def test_boxes_are_disjoint_and_fill_what_the_front_leaves(m: int) -> None:
    points, reference = front(m), np.ones(m)
    low, high = open_boxes(points, reference)
    volume = np.prod(np.maximum(high - np.maximum(low, 0), 0), 1).sum()
    assert volume == pytest.approx(1 - hypervolume(points, ref=reference))
    draws = np.random.default_rng(1).random((4000, m)) * 1.4 - 0.3
    count = ((low < draws[:, None]) & (draws[:, None] <= high)).all(-1).sum(1)
    dominated = (points <= draws[:, None]).all(-1).any(1)
    assert (count == (~dominated & (draws <= 1).all(1))).all()


def sampled(losses: np.ndarray, mean: np.ndarray, std: float) -> float:
    reference = np.ones(len(mean))
    draws = mean + std * np.random.default_rng(0).normal(size=(3000, len(mean)))
    before = hypervolume(losses, ref=reference)
    return float(np.mean([hypervolume(np.vstack([losses, y]), ref=reference) - before for y in draws]))


@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_value_is_the_expected_hypervolume_gained(m: int) -> None:
    losses, mean = np.random.default_rng(3).random((9, m)), np.full(m, 0.3)  # some of them dominated
    moments = [(torch.full((1, 1), v, dtype=torch.float64), torch.full((1, 1), 0.3, dtype=torch.float64)) for v in mean]
    ones = torch.ones(m, dtype=torch.float64)
    here = cells(torch.tensor(losses)[None], torch.ones(1, len(losses), dtype=torch.bool), ones, (None,) * m)
    expected = sampled(losses, mean, 0.3)
    assert float(here.value(moments, (None,) * m)) == pytest.approx(expected, rel=0.06)
    assert float(here.log(moments, (None,) * m)) == pytest.approx(math.log(expected), abs=0.06)
    half = torch.full((1, 1), math.log(0.5), dtype=torch.float64)
    assert float(here.value(moments, (None,) * m, half)) == pytest.approx(expected / 2, rel=0.06)
    assert float(here.log(moments, (None,) * m, half)) == pytest.approx(math.log(expected / 2), abs=0.06)


@pytest.mark.parametrize("m", [2, 3])
def test_invalid_points_and_those_beyond_the_reference_count_for_nothing(m: int) -> None:
    moments = [(torch.full((1, 1), 0.3, dtype=torch.float64), torch.full((1, 1), 0.3, dtype=torch.float64))] * m
    ones = torch.ones(m, dtype=torch.float64)
    losses = torch.tensor(
        [[[0.5] * m, [0.1] * m, [-4.0, *[1.5] * (m - 1)], [0.2, *[1.2] * (m - 1)]]], dtype=torch.float64
    )
    some = cells(losses, torch.tensor([[True, False, True, True]]), ones, (None,) * m).value(moments, (None,) * m)
    one = cells(losses[:, :1], torch.tensor([[True]]), ones, (None,) * m).value(moments, (None,) * m)
    assert float(some) == pytest.approx(float(one))


def test_the_mean_is_over_the_fronts() -> None:
    ones, valid = torch.ones(2, dtype=torch.float64), torch.ones(1, 2, dtype=torch.bool)
    fronts = [torch.tensor(front(2, 9, seed)[:2], dtype=torch.float64)[None] for seed in (0, 5)]
    moments = [(torch.full((1, 1), 0.3, dtype=torch.float64), torch.full((1, 1), 0.3, dtype=torch.float64))] * 2
    single = [float(cells(f, valid, ones, (None,) * 2).value(moments, (None,) * 2)) for f in fronts]
    both = cells(torch.cat(fronts), valid.expand(2, 2), ones, (None,) * 2)
    twice = [(mean.expand(1, 2), std) for mean, std in moments]
    assert float(both.value(twice, (None,) * 2)) == pytest.approx(sum(single) / 2)
    assert float(both.log(twice, (None,) * 2).exp()) == pytest.approx(sum(single) / 2)


def test_below_a_loss_of_zero_a_target_has_nothing_to_win() -> None:
    ones, valid = torch.ones(1, dtype=torch.float64), torch.ones(2, 1, dtype=torch.bool)
    losses = torch.tensor([[[0.0]], [[0.4]]], dtype=torch.float64)
    here = cells(losses, valid, ones, (0.1,))
    assert here.empty.tolist() == [[True], [False]]
    assert not here.exhausted
    assert cells(losses[:1], valid[:1], ones, (0.1,)).exhausted
    assert not cells(losses[:1], valid[:1], ones, (None,)).exhausted
    moment = (torch.zeros(1, 2, dtype=torch.float64), torch.full((1, 1), 0.5, dtype=torch.float64))
    won = shortfall(*(torch.tensor(v, dtype=torch.float64) for v in (0.4, 0.0, 0.5)), 0.1)
    assert float(here.value([moment], (0.1,))) == pytest.approx(float(won) / 2)
