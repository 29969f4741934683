"""Claims about how leave-one-out errors widen and stretch a process."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from eutectic.optimizers.base import History, Space
from eutectic.optimizers.models.belief import learn
from eutectic.surrogates.base import Domain
from eutectic.surrogates.gp.botorch_model import model as botorch_model
from eutectic.surrogates.gp.hyperparameters import Task
from eutectic.surrogates.gp.process import Scaling, condition
from eutectic.surrogates.gp.recipe import GaussianProcess
from tests.surrogates.gp.functions import UNIT, data, ones


def test_closed_form_leave_one_out_equals_brute_force():
    X, Y = data(12, noise=0.1)
    whole = GaussianProcess().fit(X, Y[:, :1], domain=UNIT).processes[0]
    mean, variance = whole.leave_one_out()
    unit, y = whole.rows, whole.residual + whole.hyper.constant
    for i in range(12):
        rest = torch.arange(12) != i
        task = Task(whole.kernel, unit[rest], y[rest], ones(11), (1.0,), 0.0, False)
        scaling = Scaling(whole.lower, whole.width, (whole.shift,), (whole.scale,))
        (part,) = condition(task, (whole.hyper,), scaling)
        part = replace(part, widening=whole.widening)
        left_mean, left_variance = part.moments(torch.tensor(X[i : i + 1]))
        assert float(mean[i]) == pytest.approx(float(left_mean[0]), abs=1e-7)
        assert float(variance[i]) == pytest.approx(float(left_variance[0]) + whole.noise_variance, rel=1e-5)


def test_intervals_are_widened_until_rows_left_out_lie_in_them_and_means_stay():
    X, Y = data(25, noise=0.3)
    Y[::6, 0] += 2.0
    plain, scaled, conformal = (
        GaussianProcess(calibration=method).fit(X, Y[:, :1], domain=UNIT) for method in ("none", "scaled", "conformal")
    )
    left = conformal.leave_one_out()
    assert (np.abs(left.mean - Y[:, :1]) <= 1.96 * left.std).mean() >= 0.95
    assert (conformal.posterior(X).mean == plain.posterior(X).mean).all()
    for fitted in (scaled, conformal):
        widening = fitted.processes[0].widening
        assert widening >= 1
        assert np.allclose(fitted.posterior(X).variance, widening * plain.posterior(X).variance)
        assert fitted.processes[0].noise_variance == pytest.approx(widening * plain.processes[0].noise_variance)


def crowded_in_a_corner():
    """Many points in one place and few elsewhere, of a function that is rough elsewhere."""
    rng = np.random.default_rng(3)
    X = np.concatenate([rng.random((16, 2)), 0.15 * rng.random((60, 2))])
    return X, np.abs(np.sin(9 * X[:, 0]) * X[:, 1]) ** 0.5 - 0.3


def test_what_is_seldom_sampled_is_believed_less_firmly_once_stretched():
    X, y = crowded_in_a_corner()
    square = Domain(np.zeros(2), np.ones(2))
    plain = GaussianProcess(calibration="none").fit(X, y, domain=square)
    stretched = GaussianProcess().stretched().fit(X, y, domain=square)
    ratio = (stretched.posterior(X + 1e-3).variance / plain.posterior(X + 1e-3).variance)[:, 0]
    T = np.random.default_rng(4).random((40, 2))
    far = stretched.posterior(T)
    assert stretched.processes[0].far > 0.5
    assert (far.mean == plain.posterior(T).mean).all()
    assert (far.variance / plain.posterior(T).variance).max() > 1.3 * np.median(ratio[16:])
    left = stretched.leave_one_out()
    errors = (y[:, None] - left.mean) / left.std
    assert np.sqrt((errors[:16] ** 2).mean()) < 1.3


def test_a_stretched_process_is_one_process_everywhere():
    X, y = crowded_in_a_corner()
    (process,) = GaussianProcess().stretched().fit(X, y, domain=Domain(np.zeros(2), np.ones(2))).processes
    T = torch.tensor(np.random.default_rng(5).random((30, 2)))
    joint = process.covariance(T, T)
    mean, variance = process.moments(T)
    assert torch.allclose(joint.diagonal(), variance, rtol=1e-6)
    assert float(torch.linalg.eigvalsh(joint).min()) > -1e-10
    bound = process.joint_moments(T[:7])(T)
    assert torch.allclose(bound[1], variance)
    assert torch.allclose(bound[2], joint[:, :7], atol=1e-10)
    theirs = botorch_model([process]).posterior(T)
    assert torch.allclose(theirs.mean[:, 0], mean)
    assert torch.allclose(theirs.distribution.covariance_matrix, joint, atol=1e-6)


def test_constraints_are_stretched_and_objectives_are_not():
    X, y = crowded_in_a_corner()
    space = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))
    belief = learn(space, History.observed(X, y[:, None], y[:, None]), ())
    assert belief.outputs[0].processes[0].far == 0
    assert belief.outputs[1].processes[0].far > 0.5
