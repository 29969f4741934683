"""Expected gain by directions, against the integral over each direction done finely in numpy."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from eutectic.optimizers.acquisition.scalarization import COUNT, Directions, directions, rays

LOSSES = np.array([[[0.2, 0.7, 0.5], [0.6, 0.3, 0.4], [0.5, 0.5, 0.9]]])
REFERENCE = np.array([1.0, 1.2, 1.1])
MEANS = np.array([[0.1, 0.2, 0.3], [0.5, 0.5, 0.5], [0.9, 0.3, 0.6]])
STD = 0.4
NONE = (None,) * 3


def made(valid: tuple[bool, ...] = (True,) * 3, losses: np.ndarray = LOSSES) -> Directions:
    mask = torch.tensor([list(valid)])[:, : losses.shape[1]]
    return directions(torch.tensor(losses), mask, torch.tensor(REFERENCE), NONE)


def log_gain(front: Directions, chance: torch.Tensor | None = None) -> np.ndarray:
    moments = [(torch.tensor(MEANS[:, k : k + 1]), torch.full((3, 1), STD, dtype=torch.float64)) for k in range(3)]
    return front.log(moments, NONE, chance).numpy()


def integral(front: np.ndarray) -> np.ndarray:
    """Mean over directions of the integral of m t^(m-1) P(y <= r - t w), from what the front reaches upwards."""
    low = LOSSES.min((0, 1))
    span = REFERENCE - low
    ideal = low - 0.5 * span
    w = rays(3).numpy() * span
    total = np.zeros(len(MEANS))
    for ray in w:
        reached = max(0.0, float(((REFERENCE - front) / ray).min(1).max())) if len(front) else 0.0
        t = np.linspace(reached, float(((REFERENCE - ideal) / ray).min()), 2001)
        level = REFERENCE - t[:, None] * ray
        inside = norm.cdf((level[None] - MEANS[:, None]) / STD).prod(-1)
        total += np.trapezoid(3 * t**2 * inside, t, axis=1)
    return total / COUNT


def test_the_gain_is_the_integral_beyond_what_the_front_reaches_in_each_direction() -> None:
    assert np.exp(log_gain(made())) == pytest.approx(integral(LOSSES[0]), rel=0.01)


def test_points_that_do_not_count_reach_nowhere() -> None:
    assert np.exp(log_gain(made((False, True, False)))) == pytest.approx(integral(LOSSES[0, 1:2]), rel=0.01)
    nobody = np.exp(log_gain(made((False, False, False))))
    assert nobody == pytest.approx(integral(LOSSES[0, :0]), rel=0.01)
    assert (nobody > np.exp(log_gain(made()))).all()


def test_a_chance_to_count_multiplies_the_gain_and_the_value_is_its_exponential() -> None:
    half = torch.full((3, 1), float(np.log(0.5)), dtype=torch.float64)
    assert log_gain(made(), half) == pytest.approx(log_gain(made()) + np.log(0.5))
    moments = [(torch.tensor(MEANS[:, k : k + 1]), torch.full((3, 1), STD, dtype=torch.float64)) for k in range(3)]
    assert made().value(moments, NONE).log().numpy() == pytest.approx(log_gain(made()))


def test_several_drawn_fronts_are_meant() -> None:
    both = made(losses=LOSSES)
    pair = directions(
        torch.tensor(np.concatenate([LOSSES, LOSSES])),
        torch.ones(2, 3, dtype=torch.bool),
        torch.tensor(REFERENCE),
        NONE,
    )
    moments = [(torch.tensor(np.repeat(MEANS[:, k : k + 1], 2, 1)), torch.full((3, 1), STD)) for k in range(3)]
    assert pair.log(moments, NONE).numpy() == pytest.approx(log_gain(both), rel=1e-6)
    assert pair.size == 2 * both.size


def test_a_front_of_nothing_is_gained_up_from_the_reference() -> None:
    empty = directions(torch.zeros(1, 0, 3), torch.ones(1, 0, dtype=torch.bool), torch.tensor(REFERENCE), NONE)
    assert np.isfinite(log_gain(empty)).all()


def test_directions_are_unit_vectors_over_the_positive_part_of_the_sphere() -> None:
    w = rays(5)
    assert w.shape == (COUNT, 5)
    assert (w > 0).all()
    assert torch.allclose(w.norm(dim=1), torch.ones(COUNT, dtype=torch.float64))
    assert torch.equal(rays(5), w)
    assert np.ptp(w.mean(0).numpy()) < 0.15


def test_a_target_cannot_be_beaten_beyond_its_middle() -> None:
    losses, valid = torch.tensor([[[0.05, 0.2]]]), torch.ones(1, 1, dtype=torch.bool)
    reference = torch.tensor([1.0, 1.0], dtype=torch.float64)
    free = directions(losses.double(), valid, reference, (None, None))
    aimed = directions(losses.double(), valid, reference, (0.1, None))
    assert free.levels[0].min() < 0
    assert aimed.levels[0].min() >= -1e-9
