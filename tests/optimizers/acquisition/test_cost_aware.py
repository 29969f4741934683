"""What a look on a low rung is worth, against the sum written out by hand over its equally likely answers."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from eutectic.optimizers.acquisition.cost_aware import DRAWS, ROUGH, GainPerCost, answers

X = torch.tensor([[0.1], [0.4], [0.9]], dtype=torch.float64)
MEAN = torch.tensor([[0.5], [-0.3], [2.0]], dtype=torch.float64)
STD = torch.tensor([[1.0], [0.5], [0.7]], dtype=torch.float64)


@dataclass(frozen=True)
class Fronts:
    """One objective below 0, gained by its mean alone; a limit (if there is one) makes the gain e^-mean as large."""

    outputs: int = 1
    scale: float = 6.0
    draws: int = 8

    def moments(self, X: Tensor) -> list[tuple[Tensor, Tensor]]:
        return [(MEAN[: len(X)], STD[: len(X)])] * self.outputs

    def value_of(self, moments: list[tuple[Tensor, Tensor]]) -> Tensor:
        (mean, std), *limits = moments
        gain = (0.1 * std - mean).clamp_min(1e-9)
        for limit, doubt in limits:
            gain = gain * torch.exp(-limit - doubt)
        return gain[:, 0]

    def log_of(self, moments: list[tuple[Tensor, Tensor]]) -> Tensor:
        return self.value_of(moments).log()

    def parts(self, X: Tensor, copies: int) -> list[Tensor]:
        assert copies == DRAWS
        return [X] if len(X) else []

    def thinned(self, s: int) -> "Fronts":
        return replace(self, draws=s)


@dataclass(frozen=True)
class Rung:
    """A rung that says so much of the top one."""

    share: float

    def agreement(self, X: Tensor, rung: int) -> Tensor:
        assert rung == 1
        return torch.full((len(X),), self.share, dtype=torch.float64)


def worth(share: float = 0.6, tells: tuple[bool, ...] = (True,), limits: int = 0, **other: Any) -> GainPerCost:
    fronts: Any = Fronts(1 + limits)
    outputs: Any = tuple(Rung(share) for _ in range(1 + limits))
    return GainPerCost(**{"fronts": fronts, "outputs": outputs, "rung": 1, "tells": tells, "price": 2.0, "top": 10.0,
                          **other})  # fmt: skip


def by_hand(share: float, price: float, top: float, said: np.ndarray) -> list[float]:
    """The best rule at each point: sorted gains, the first k of them bought."""
    best = []
    for mean, std in zip(MEAN[:, 0].tolist(), STD[:, 0].tolist(), strict=True):
        after = mean + said * np.sqrt(share) * std
        gains = np.sort(np.maximum(0.1 * np.sqrt(1 - share) * std - after, 1e-9))[::-1]
        bought = np.arange(1, DRAWS + 1) / DRAWS
        best.append(float((np.cumsum(gains) / DRAWS / (price + bought * top)).max()))
    return best


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize(("price", "top"), [(2.0, 10.0), (0.01, 1.0)])
def test_worth_is_the_best_rate_of_gain_over_price_among_rules_that_go_on_above_a_level(
    share: float, price: float, top: float
) -> None:
    gain = worth(share, price=price, top=top)
    said = answers(1)[:, 0].numpy()
    assert gain.value(X).tolist() == pytest.approx(by_hand(share, price, top, said))
    assert gain.log(X).exp().tolist() == pytest.approx(by_hand(share, price, top, said))


def test_a_rung_that_does_not_say_the_objective_is_paid_for_nothing() -> None:
    deaf = worth(0.9, tells=(False,))
    gains = (0.1 * STD - MEAN).clamp_min(1e-9)[:, 0]
    assert deaf.value(X).tolist() == pytest.approx((gains / 12.0).tolist())  # both rungs are paid for


def test_limits_are_heard_by_whoever_is_asked() -> None:
    heard, deaf = worth(0.9, limits=1), worth(0.9, limits=1, outputs=(Rung(0.9), Rung(0.0)))
    assert (heard.value(X)[:2] > 1.05 * deaf.value(X)[:2]).all()


def test_answers_are_quantiles_of_one_output_and_of_several_not_the_same() -> None:
    one, two = answers(1), answers(2)
    assert one.shape == (DRAWS, 1)
    assert one.mean().item() == pytest.approx(0.0, abs=1e-12)
    assert one.std(correction=0).item() == pytest.approx(1.0, abs=0.07)
    assert two.shape == (DRAWS, 2)
    assert abs(torch.corrcoef(two.T)[0, 1].item()) < 0.4
    assert torch.equal(answers(2), two)


def test_the_scale_is_that_of_the_fronts_per_price_of_the_top() -> None:
    assert worth().scale == pytest.approx(0.6)
    thin: Any = worth().rough().fronts
    assert thin.draws == ROUGH
    assert worth().value(X[:0]).shape == (0,)
