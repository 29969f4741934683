"""Expected improvement over drawn fronts: what is drawn, what counts as had, and what a candidate brings of its own."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch
from scipy.special import log_ndtr
from torch import Tensor

from eutectic.optimizers.acquisition.box_decomposition import Cells
from eutectic.optimizers.acquisition.nehvi import Goal, Improvement, build, draw, log_feasibility, loss
from eutectic.optimizers.acquisition.scalarization import Directions
from eutectic.optimizers.models.belief import Belief

ROWS = torch.tensor([[0.1], [0.45], [0.8]], dtype=torch.float64)
S = 64


@dataclass(frozen=True)
class Process:
    """A Gaussian process with a mean of its own and a squared exponential covariance, known without a fit."""

    mean: Callable[[Tensor], Tensor]
    deviation: float = 1.0
    length: float = 0.3

    def covariance(self, A: Tensor, B: Tensor) -> Tensor:
        return self.deviation**2 * torch.exp(-0.5 * ((A[:, None] - B[None]) / self.length).square().sum(-1))

    def joint_moments(self, fixed: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]:
        return lambda X: (self.mean(X), torch.full_like(X[:, 0], self.deviation**2), self.covariance(X, fixed))


def level(value: float, deviation: float = 1.0) -> Process:
    return Process(lambda X: torch.full_like(X[:, 0], value), deviation)


def believed(*outputs: Process, m: int = 1, constraints: int = 0, own: tuple[float, ...] = ()) -> Belief:
    return Belief(outputs, m, constraints, own)  # type: ignore[arg-type]


def goal(*reference: float, tolerance: tuple[float | None, ...] | None = None) -> Goal:
    m = len(reference)
    far = torch.tensor(reference, dtype=torch.float64)
    return Goal(tolerance or (None,) * m, far, torch.zeros(0, m, dtype=torch.float64))


def built(belief: Belief, wanted: Goal, fixed: Tensor = ROWS, observed: int | None = None) -> Improvement:
    generator = torch.Generator().manual_seed(0)
    normals = torch.randn(len(belief.outputs), S, len(fixed) + 2, dtype=torch.float64, generator=generator)
    return build(belief, wanted, fixed, len(fixed) if observed is None else observed, normals)


def test_fixed_points_are_drawn_with_their_mean_and_covariance() -> None:
    process = Process(lambda X: 3 * X[:, 0], deviation=2.0)
    unit = draw(process, ROWS, torch.eye(3, dtype=torch.float64))
    factor = (unit.values - 3 * ROWS[:, 0]).T  # the draw from the j-th unit vector is the factor's column j
    assert torch.allclose(factor @ factor.T, process.covariance(ROWS, ROWS), atol=1e-8)


def test_given_a_draw_a_fixed_point_is_certain_and_a_far_one_as_believed() -> None:
    ours = built(believed(Process(lambda X: 3 * X[:, 0], deviation=2.0)), goal(9.0))
    mean, std = ours.moments(ROWS)[0]
    assert torch.allclose(mean, ours.draws[0].values.T, atol=1e-6)
    assert float(std.max()) < 1e-3
    mean, std = ours.moments(torch.tensor([[50.0]], dtype=torch.float64))[0]
    assert torch.allclose(mean, torch.full_like(mean, 150.0))
    assert float(std) == pytest.approx(2.0)


def test_a_designs_own_deviation_is_won_or_lost_with_it() -> None:
    process, X = level(0.0), torch.tensor([[0.2], [0.45]], dtype=torch.float64)
    plain = built(believed(process), goal(1.0))
    owning = built(believed(process, own=(0.25,)), goal(1.0))
    assert torch.allclose(owning.moments(X)[0][1] ** 2, plain.moments(X)[0][1] ** 2 + 0.25)
    assert (owning.value(X) > plain.value(X)).all()


def test_what_candidates_own_is_theirs_in_the_objectives_alone() -> None:
    belief = believed(level(0.0), level(-1.0), constraints=1, own=(0.25,))
    assert [d.own for d in built(belief, goal(1.0)).draws] == [0.25, 0.0]


def test_that_an_evaluated_point_can_be_evaluated_is_no_question() -> None:
    belief = believed(level(0.0), level(5.0, deviation=0.01))  # everything fails, for all that is believed
    ours = built(belief, goal(9.0))
    assert torch.equal(ours.open.upper[0][:, 0], ours.draws[0].values.min(1).values)  # type: ignore[union-attr]


def test_a_pending_point_that_fails_in_a_draw_gives_nothing_there() -> None:
    belief = believed(level(0.0), level(5.0, deviation=0.01))
    ours = built(belief, goal(9.0), observed=2)
    assert torch.equal(ours.open.upper[0][:, 0], ours.draws[0].values[:, :2].min(1).values)  # type: ignore[union-attr]


def test_whether_an_evaluated_point_keeps_its_constraints_is_drawn() -> None:
    belief = believed(level(0.0), level(0.0), constraints=1)
    ours = built(belief, goal(9.0), ROWS[:1])
    holds = ours.draws[1].values[:, 0] <= 0
    assert 0.2 < float(holds.double().mean()) < 0.8
    best = torch.where(holds, ours.draws[0].values[:, 0], 9.0)
    assert torch.equal(ours.open.upper[0][:, 0], best)  # type: ignore[union-attr]


def test_a_point_counts_only_where_all_its_constraints_hold() -> None:
    belief = believed(level(0.0), level(-3.0, 0.01), level(3.0, 0.01), constraints=2)
    ours = built(belief, goal(9.0), ROWS[:1])
    assert torch.equal(ours.open.upper[0], torch.full((S, 1), 9.0, dtype=torch.float64))  # type: ignore[union-attr]


def test_once_every_target_is_within_tolerance_nearness_itself_is_won() -> None:
    slope = Process(lambda X: X[:, 0] - 0.45, deviation=0.01)
    ours = built(believed(slope), goal(1.0, tolerance=(5.0,)))
    assert ours.goal.tolerance == (0.0,)
    assert not ours.open.exhausted
    hit, off = ours.value(torch.tensor([[0.451], [0.9]], dtype=torch.float64))
    assert float(hit) > float(off) >= 0


def test_a_target_that_is_not_met_keeps_its_tolerance() -> None:
    ours = built(believed(level(3.0, 0.01)), goal(9.0, tolerance=(0.5,)))
    assert ours.goal.tolerance == (0.5,)
    assert torch.allclose(ours.open.upper[0][:, 0], ours.draws[0].values.min(1).values - 0.5)  # type: ignore[union-attr]


def test_losses_of_targets_are_distances_beyond_the_tolerance_on_either_side() -> None:
    values = torch.tensor([-2.0, -0.5, 0.0, 0.4, 3.0])
    assert loss(values, 0.5).tolist() == [1.5, 0.0, 0.0, 0.0, 2.5]
    assert loss(values, None) is values


def test_settled_values_are_had_in_every_draw() -> None:
    wanted = replace(goal(9.0), settled=torch.tensor([[-50.0]], dtype=torch.float64))
    ours = built(believed(level(0.0)), wanted)
    assert torch.equal(ours.open.upper[0], torch.full((S, 1), -50.0, dtype=torch.float64))  # type: ignore[union-attr]


def test_the_scale_is_the_volume_from_the_best_drawn_losses_to_the_reference() -> None:
    ours = built(believed(level(0.0), level(100.0, 20.0), m=2), goal(4.0, 300.0))
    best = [float(d.values.min()) for d in ours.draws]
    assert ours.scale == pytest.approx((4.0 - best[0]) * (300.0 - best[1]))
    assert built(believed(level(0.0)), goal(4.0), ROWS[:0]).scale == 1.0


def test_the_chance_of_feasibility_is_that_of_all_constraints_together() -> None:
    one = torch.ones(1, 1, dtype=torch.float64)
    assert log_feasibility([]) is None
    chance = log_feasibility([(-2 * one, 4 * one), (3 * one, one)])
    assert chance is not None
    assert float(chance) == pytest.approx(log_ndtr(0.5) + log_ndtr(-3.0))


def test_a_candidate_is_worth_its_gain_times_its_chance() -> None:
    far = torch.tensor([[40.0]], dtype=torch.float64)  # beyond what the fixed points tell
    plain = built(believed(level(0.0)), goal(9.0))
    bound = built(believed(level(0.0), level(-0.3), constraints=1), goal(9.0), observed=3)
    sure = built(believed(level(0.0), level(-50.0), constraints=1), goal(9.0))
    assert torch.allclose(sure.value(far), plain.value(far))
    # where the constraint of the fixed points fails in a draw, more is to be won in it
    assert float(bound.log(far)) == pytest.approx(math.log(float(bound.value(far))), abs=1e-6)
    alone = built(believed(level(0.0), level(-0.3), constraints=1), goal(9.0), ROWS[:0])
    free = built(believed(level(0.0)), goal(9.0), ROWS[:0])
    assert float(alone.value(far)) == pytest.approx(float(free.value(far)) * math.exp(log_ndtr(0.3)))


def test_the_expected_gain_of_one_output_is_that_of_sampling_everything() -> None:
    process = Process(lambda X: X[:, 0], deviation=0.7)
    X = torch.tensor([[0.0], [0.3], [1.0]], dtype=torch.float64)
    both = torch.cat([ROWS, X])
    factor = torch.linalg.cholesky(process.covariance(both, both) + 1e-8 * torch.eye(6))
    generator = torch.Generator().manual_seed(1)
    values = both[:, 0] + torch.randn(100_000, 6, dtype=torch.float64, generator=generator) @ factor.T
    gained = (values[:, :3].min(1).values.clamp_max(2.0)[:, None] - values[:, 3:]).clamp_min(0).mean(0)
    normals = torch.randn(1, 4096, 3, dtype=torch.float64, generator=generator)
    ours = build(believed(process), goal(2.0), ROWS, 3, normals)
    assert torch.allclose(ours.value(X), gained, atol=0.01)


def test_chosen_points_join_the_fixed_ones_and_fewer_draws_are_the_first() -> None:
    ours = built(believed(level(0.0)), goal(9.0))
    more = ours.joined(torch.tensor([[0.6]], dtype=torch.float64))
    assert more.fixed[:, 0].tolist() == [0.1, 0.45, 0.8, 0.6]
    assert more.observed == 3
    assert torch.allclose(more.draws[0].values[:, :3], ours.draws[0].values)
    fewer = ours.thinned(5)
    again = build(ours.belief, ours.goal, ours.fixed, ours.observed, ours.normals[:, :5])
    X = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    assert torch.equal(fewer.draws[0].values, ours.draws[0].values[:5])
    assert torch.allclose(fewer.log(X), again.log(X))
    assert torch.allclose(fewer.joined(X[:1]).log(X[1:]), again.joined(X[:1]).log(X[1:]))
    assert ours.few().normals.shape[1] == -(-ours.normals.shape[1] // 4)


@pytest.mark.parametrize(("m", "kind"), [(1, Cells), (4, Cells), (5, Directions)])
def test_fronts_of_up_to_four_objectives_are_cut_into_boxes(m: int, kind: type) -> None:
    assert isinstance(built(believed(*[level(0.0)] * m, m=m), goal(*[9.0] * m)).open, kind)


def test_values_of_many_points_do_not_depend_on_the_pieces_they_are_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    from eutectic.optimizers.acquisition import nehvi

    ours = built(believed(level(0.0)), goal(9.0))
    X = torch.linspace(-2, 2, 50, dtype=torch.float64)[:, None]
    whole = ours.value(X)
    monkeypatch.setattr(nehvi, "ELEMENTS", 7 * ours.open.size)
    assert [len(part) for part in ours.parts(X)] == [7] * 7 + [1]
    assert torch.allclose(ours.value(X), whole)
    assert ours.value(X[:0]).shape == (0,)
