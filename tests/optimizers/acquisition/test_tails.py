"""Claims about probabilities far out."""

import numpy as np
import pytest
import torch
from scipy.stats import norm, t

from eutectic.optimizers.acquisition.tails import FAR, log_below, log_inside, log_student


def test_the_probability_of_a_window_is_that_of_the_normal_distribution_within_three_deviations() -> None:
    mean, std = torch.tensor([0.0, 0.3, -1.8], dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64)
    exact = np.log(norm.cdf(0.4, mean, 0.5) - norm.cdf(-0.4, mean, 0.5))
    np.testing.assert_allclose(log_inside(mean, std, 0.4).numpy(), exact, rtol=1e-9)
    near = torch.linspace(-1.5, 1.5, 7, dtype=torch.float64)
    assert torch.equal(log_inside(near, std, None), torch.special.log_ndtr(-near / std))


def test_student_s_distribution_with_four_degrees_of_freedom_is_scipys() -> None:
    z = torch.tensor([-1e6, -300.0, -9.0, -3.0, -0.5, 0.0], dtype=torch.float64)
    np.testing.assert_allclose(log_student(z).numpy(), t(4).logcdf(z.numpy()), rtol=1e-9)


def test_tails_meet_and_fall_all_the_way() -> None:
    z = torch.linspace(-50, 2, 5201, dtype=torch.float64)
    assert (log_below(z).diff() > 0).all()
    beside = torch.tensor([-FAR - 1e-9, -FAR + 1e-9], dtype=torch.float64)
    assert float(log_below(beside).diff()) == pytest.approx(0, abs=1e-7)
    ends = [log_inside(torch.tensor([m], dtype=torch.float64), torch.tensor(0.5), 0.4) for m in np.linspace(0, 40, 400)]
    assert (torch.cat(ends).diff() < 0).all()


def test_a_product_far_out_does_not_hang_on_the_one_window_that_is_farthest_out() -> None:
    """Two windows, one of them met: 14 deviations from the other, or 9 deviations from both."""
    std = torch.tensor(1.0)
    met_but_one = log_inside(torch.tensor(14.0), std, None) + log_inside(torch.tensor(-2.0), std, None)
    none_met = 2 * log_inside(torch.tensor(9.0), std, None)
    normal = torch.special.log_ndtr(torch.tensor([-14.0, 2.0])).sum() - 2 * torch.special.log_ndtr(torch.tensor(-9.0))
    assert float(normal) < 0
    assert float(met_but_one) > float(none_met)
