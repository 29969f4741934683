"""This file is what an observation on a low rung is worth: the gain on the top rung it may lead to, for all it costs.

The rung is asked; where what it says leaves the top rung promising enough, the top rung is asked as well. Opening a box
at a price after paying for a look into it is Weitzman's problem (1979, doi 10.2307/1910412), whose index Xie et al.
2024 (doi 10.48550/arXiv.2406.20062) use as an acquisition of one rung. Here the index is a rate, as the budget is spent
on many boxes: the largest expected gain over expected price among the rules that go on where the gain is above some
level. With equally likely answers of the low rung, sorted by the gains g_1 >= g_2 >= ... they leave on the top, it is

    max_k  (g_1 + ... + g_k) / DRAWS / (price + k / DRAWS * price of the top).
"""

from dataclasses import dataclass, replace
from functools import cache
from math import log
from typing import Protocol

import torch
from torch import Tensor

from eutectic.optimizers.models.belief import Belief
from eutectic.surrogates.cokriging.model import FittedCoKriging

DRAWS = 16
"""Answers of a low rung that are looked at."""
ROUGH = 2
"""Draws of the fronts for looking over long lists."""
MOST_TOLD = 1 - 1e-9
"""Largest share of the top rung's variance that a low one removes, dimensionless, so that logarithms stay finite."""


class Gain(Protocol):
    """What is gained on the top rung: hypervolume (`nehvi.Improvement`), or less violation (`descent.Descent`)."""

    @property
    def belief(self) -> Belief:
        """What is believed of the top rung."""
        ...

    @property
    def fixed(self) -> Tensor:
        """(b, d) points that are drawn at."""
        ...

    @property
    def scale(self) -> float:
        """A large gain."""
        ...

    def moments(self, X: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Mean (r, s) and standard deviation (r, 1) of each output at X (r, d), given each draw."""
        ...

    def log_of(self, moments: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Logarithm (r,) of the gain of points of which that is believed; differentiable."""
        ...

    def value_of(self, moments: list[tuple[Tensor, Tensor]]) -> Tensor:
        """The gain (r,) itself."""
        ...

    def parts(self, X: Tensor, copies: int = 1) -> tuple[Tensor, ...]:
        """X (r, d) in pieces of which so many copies are judged at once."""
        ...

    def thinned(self, s: int) -> "Gain":
        """The same with only the first s draws."""
        ...

    def few(self) -> "Gain":
        """The same with a quarter of the draws."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class GainPerCost:
    """Gain per price; looked for like an `Improvement`: it has what a search asks of one."""

    fronts: Gain
    """Of the top rung."""
    outputs: tuple[FittedCoKriging, ...]
    """One an objective, then the constraints."""
    rung: int
    tells: tuple[bool, ...]
    """(m,) does the rung return this objective?"""
    price: float
    """Of the rung."""
    top: float
    """Price of the top rung."""

    @property
    def belief(self) -> Belief:
        """What is believed of the top rung."""
        return self.fronts.belief

    @property
    def fixed(self) -> Tensor:
        """(b, d) points that are drawn at."""
        return self.fronts.fixed

    @property
    def scale(self) -> float:
        """A large gain, per price of the top."""
        return self.fronts.scale / self.top

    def log(self, X: Tensor) -> Tensor:
        """Logarithm (r,) of the worth at X (r, d); differentiable."""
        gains = self.fronts.log_of(self._told(X)).reshape(DRAWS, -1).sort(0, descending=True).values
        rates: Tensor = torch.logcumsumexp(gains, 0) - self._prices().log()
        return rates.max(0).values - log(DRAWS)

    def value(self, X: Tensor) -> Tensor:
        """The same (r,) without the logarithm; no gradient."""
        with torch.no_grad():
            found = [self._value(part) for part in self.fronts.parts(X, DRAWS)]
            return torch.cat(found) if found else X.new_zeros(0)

    def _value(self, X: Tensor) -> Tensor:
        gains = self.fronts.value_of(self._told(X)).reshape(DRAWS, -1).sort(0, descending=True).values
        rates: Tensor = gains.cumsum(0) / self._prices()
        return rates.max(0).values / DRAWS

    def few(self) -> "GainPerCost":
        """The same with a quarter of the draws."""
        return replace(self, fronts=self.fronts.few())

    def rough(self) -> "GainPerCost":
        """The same with only the first draws."""
        return replace(self, fronts=self.fronts.thinned(ROUGH))

    def _prices(self) -> Tensor:
        """(DRAWS, 1) expected price when the top rung is asked after the best 1, 2, ... answers."""
        share = torch.arange(1, DRAWS + 1, dtype=torch.float64) / DRAWS
        return (self.price + share * self.top)[:, None]

    def _told(self, X: Tensor) -> list[tuple[Tensor, Tensor]]:
        """What is believed of the top rung at X (r, d) after each of the answers, one after the other (DRAWS r)."""
        heard = [*self.tells, *[True] * (len(self.outputs) - len(self.tells))]
        said = iter(answers(sum(heard)).T)
        after = []
        for j, (mean, std) in enumerate(self.fronts.moments(X)):
            if j >= len(heard) or not heard[j]:
                after.append((mean.repeat(DRAWS, 1), std.repeat(DRAWS, 1)))
                continue
            share = self.outputs[j].agreement(X, self.rung)[:, None].clamp_max(MOST_TOLD)
            answer = next(said)[:, None, None]
            told = mean + answer * share.sqrt() * std
            after.append((told.flatten(0, 1), ((1 - share).sqrt() * std).repeat(DRAWS, 1)))
        return after


@cache
def answers(outputs: int) -> Tensor:
    """DRAWS equally likely standard normal answers (DRAWS, outputs): quantiles of one output, Sobol points of more."""
    uniform = (torch.arange(DRAWS, dtype=torch.float64)[:, None] + 0.5) / DRAWS
    if outputs > 1:
        engine = torch.quasirandom.SobolEngine(outputs, scramble=True, seed=0)  # type: ignore[no-untyped-call]
        uniform = engine.draw(DRAWS, dtype=torch.float64).clamp(1e-6, 1 - 1e-6)
    answer: Tensor = torch.special.ndtri(uniform)
    return answer
