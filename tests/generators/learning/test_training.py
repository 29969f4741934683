import numpy as np
import pytest
import torch
from torch import nn

from eutectic.generators.learning.training import Schedule, steps_within, train


class Line:
    """A learner of y = 2 x - 1 with dropout, so that chance counts."""

    def __init__(self, n=50):
        self.module = nn.Sequential(nn.Linear(1, 8), nn.SiLU(), nn.Dropout(0.2), nn.Linear(8, 1))
        for k, p in enumerate(self.module.parameters()):
            nn.init.constant_(p, 0.1 * (k + 1))
        self.x = torch.linspace(-1, 1, n)[:, None]
        self.lengths = np.arange(n) % 4

    def loss(self, rows, rng):
        noise = torch.as_tensor(rng.normal(size=(len(rows), 1)), dtype=torch.float32)
        return ((self.module(self.x[rows]) - (2 * self.x[rows] - 1) - 0.01 * noise) ** 2).mean()

    def validate(self):
        return {"error": float(((self.module(self.x) - (2 * self.x - 1)) ** 2).mean().detach())}


SCHEDULE = Schedule(steps=30, batch=8, warm_up=5, validate=10, seed=3)


def weights(learner):
    return torch.cat([p.detach().ravel() for p in learner.module.parameters()])


def test_a_training_that_was_interrupted_ends_where_it_would_have(tmp_path):
    whole = Line()
    ends = train(whole, SCHEDULE, tmp_path / "whole")

    def stop(progress):
        if progress.step == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(Line(), SCHEDULE, tmp_path / "parts", stop)
    again = Line()
    resumed = train(again, SCHEDULE, tmp_path / "parts")
    assert torch.equal(weights(whole), weights(again))
    assert (resumed.step, resumed.best, resumed.best_step) == (ends.step, ends.best, ends.best_step)
    assert [row["error"] for row in resumed.history] == [row["error"] for row in ends.history]


def test_training_lowers_the_error_and_leaves_torchs_own_randomness_alone(tmp_path):
    learner = Line()
    before, state = learner.validate()["error"], torch.get_rng_state()
    ends = train(learner, Schedule(steps=300, batch=16, rate=0.02, warm_up=5, validate=100), tmp_path)
    assert ends.best < 0.2 * before
    assert torch.equal(state, torch.get_rng_state())


def test_a_folder_with_another_training_is_refused(tmp_path):
    train(Line(), SCHEDULE, tmp_path)
    with pytest.raises(ValueError, match=r"rate 0.001 there, 0.5 here"):
        train(Line(), Schedule(steps=30, batch=8, warm_up=5, validate=10, seed=3, rate=0.5), tmp_path)


def test_a_loss_that_is_no_number_ends_the_training(tmp_path):
    learner = Line()
    learner.x = learner.x * float("inf")
    with pytest.raises(FloatingPointError, match="lower rate"):
        train(learner, SCHEDULE, tmp_path)


def test_measuring_a_budget_leaves_the_network_as_it_was():
    learner = Line()
    before = weights(learner)
    assert steps_within(learner, SCHEDULE, 0.01) > 10
    assert torch.equal(before, weights(learner))
