"""Claims about the expected improvement of a violation."""

import numpy as np
import pytest
import torch

from eutectic.optimizers.acquisition.baseline import sobol_normals
from eutectic.optimizers.acquisition.descent import Descent, Window, descent
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.models.belief import learn

BOX = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))


def limits(X: Array) -> Array:
    return np.column_stack([8 * (X[:, 0] - 0.2) ** 2 + 0.1, 30 * X[:, 1] + 3])


def acquisition(unit: float = 1.0) -> Descent:
    X = np.random.default_rng(0).random((12, 2))
    history = History.observed(X, X[:, :1], unit * limits(X))
    belief = learn(BOX, history, ())
    normals = sobol_normals(64, 3 * 14, np.random.default_rng(1)).reshape(64, 3, 14).transpose(0, 1)
    windows = (Window(1, 0.0, unit), Window(2, 0.0, 10 * unit))
    return descent(belief, windows, torch.tensor(X), normals)


@pytest.mark.parametrize("target", [False, True])
def test_moments_of_an_excess_agree_with_sampling(target: bool) -> None:
    draws = torch.tensor(np.random.default_rng(0).normal(size=400_000))
    for mean, std in ((0.5, 1.0), (-1.0, 0.6), (3.0, 0.2)):
        window = Window(0, 0.4, 2.0, target)
        sampled = window.excess(mean + std * draws)
        first, variance = window.moments(*(torch.tensor(v, dtype=torch.float64) for v in (mean, std)))
        assert float(first) == pytest.approx(float(sampled.mean()), abs=3e-3)
        assert float(variance) == pytest.approx(float(sampled.var()), abs=3e-3)


def test_the_improvement_agrees_with_sampling_and_its_gradient_is_right() -> None:
    own = acquisition()
    X = torch.tensor([[0.25, 0.0], [0.6, 0.05], [0.1, 0.2]], dtype=torch.float64, requires_grad=True)
    rng = np.random.default_rng(2)
    gains = []
    with torch.no_grad():
        parts = [draw.moments(X) for draw in own.draws]
        for s in range(len(own.least)):
            values = [m[:, s, None] + d * torch.tensor(rng.normal(size=(3, 4000))) for m, d in parts]
            total = torch.stack([w.excess(v) for w, v in zip(own.windows, values, strict=True)]).sum(0)
            gains.append((own.least[s] - total).clamp_min(0).mean(1))
    sampled = torch.stack(gains).mean(0)
    assert own.value(X.detach()).numpy() == pytest.approx(sampled.numpy(), rel=0.05, abs=2e-3)
    assert torch.autograd.gradcheck(own.log, (X,), atol=1e-4, rtol=1e-3)


def test_far_out_nearer_means_are_preferred_to_larger_deviations() -> None:
    """Ten deviations from feasible, both of two candidates; the one that lowers the violation for sure comes first."""
    own = acquisition()
    near, far = ([(torch.tensor(m), torch.tensor(m / 10.0))] for m in (1.0, 40.0))
    window, least = Window(0, 0.0, 1.0), torch.tensor(5.0)
    gain = []
    for (mean, std), *_ in (near, far):
        center, variance = window.moments(mean, std)
        gain.append(float(least - center) / float(variance.sqrt()))
    assert gain[0] > 0 > gain[1]
    X = torch.tensor(np.random.default_rng(5).random((400, 2)))
    best = X[int(own.value(X).argmax())][None]
    with torch.no_grad():
        violation = sum(w.excess(d.moments(best)[0].mean(1)) for w, d in zip(own.windows, own.draws, strict=True))
    assert float(violation) < float(own.least.mean())


def test_the_order_of_candidates_does_not_depend_on_the_units_of_the_constraints() -> None:
    X = torch.tensor(np.random.default_rng(3).random((50, 2)))
    plain, scaled = (acquisition(unit).value(X) for unit in (1.0, 1e9))
    assert scaled.numpy() == pytest.approx(plain.numpy(), rel=1e-3, abs=1e-6 * float(plain.max()))


def test_what_joins_is_not_worth_much_a_second_time() -> None:
    own = acquisition()
    X = torch.tensor(np.random.default_rng(4).random((300, 2)))
    best = X[int(own.value(X).argmax())][None]
    assert float(own.joined(best).value(best)) < 0.2 * float(own.value(best))
