"""A stranger's optimizer that does not keep the contract is refused by its name before anything is evaluated."""

from dataclasses import dataclass

import numpy as np
import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.loop.guarded import Guarded, guarded
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.designs.uniform import Uniform

SPACE = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))
NOTHING = History.empty(2)


@dataclass(frozen=True)
class Sevens:
    """Answers with one number everywhere, in some shape."""

    shape: tuple[int, ...]
    value: float = 0.5

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        return np.full(self.shape, self.value)


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [
        (Sevens((3, 2), 7.0), r"'sevens' \(.*Sevens\) leaves the space: a = 7, b = 7"),
        (Sevens((3, 5)), r"shape \(3, 5\) where up to \(3, 2\)"),
        (Sevens((4, 2)), r"shape \(4, 2\) where up to \(3, 2\)"),
        (Sevens((3,)), r"shape \(3,\) where up to \(3, 2\)"),
        (Sevens((-1,)), "raises ValueError: negative dimensions"),
    ],
)
def test_what_is_no_row_of_the_space_is_refused_by_the_optimizers_name(optimizer: Sevens, said: str) -> None:
    with pytest.raises(CampaignFileError, match=said):
        guarded(optimizer, "sevens").propose(SPACE, NOTHING, 3, np.random.default_rng(0))


def test_rows_of_the_space_pass_and_our_own_optimizers_are_not_looked_at() -> None:
    proposals = guarded(Sevens((3, 2)), "sevens").propose(SPACE, NOTHING, 3, np.random.default_rng(0))
    assert proposals.X.tolist() == [[0.5, 0.5]] * 3
    assert [reason.proposer for reason in proposals.reasons] == ["sevens"] * 3
    assert not isinstance(guarded(Uniform(), "random"), Guarded)
