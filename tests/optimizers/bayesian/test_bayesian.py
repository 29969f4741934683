"""Claims about the Bayesian optimizer, its acquisition and its search."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from moocore import hypervolume

from eutectic.generators.composition import Composition
from eutectic.optimizers.acquisition.baseline import improvement
from eutectic.optimizers.acquisition.box_decomposition import cells
from eutectic.optimizers.acquisition.normal_integrals import log_mean_excess, log_shortfall, shortfall
from eutectic.optimizers.base import History, Linear, Mixture, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.search.batch import choose
from eutectic.optimizers.search.global_search import Effort
from eutectic.optimizers.search.unit_box import unit_box
from eutectic.optimizers.spaces import region
from eutectic.surrogates.gp.recipe import GaussianProcess

ELEMENTS = ("Al", "Co", "Cr", "Cu", "Fe", "Mn", "Mo", "Nb", "Ni", "Ti", "V", "W")
QUICK = Bayesian(draws=16, samples=128, starts=3, iterations=15)


def box(d=2):
    return Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d))


def simplex(k=4, low=0.05, high=0.6, **options):
    mixture = Mixture(tuple(range(k)), options.pop("or_zero", (False,) * k), **options)
    names = tuple("ABCDEFGH"[:k])
    return Space(names, ("fraction",) * k, np.full(k, low), np.full(k, high), mixtures=(mixture,))


def two(X):
    return np.stack([((X - 0.2) ** 2).sum(1), ((X - 0.7) ** 2).sum(1)], 1)


def campaign(space, f, optimizer, rounds, n, seed, start=6):
    rng = np.random.default_rng(seed)
    X = region.sample(space, start, rng)
    for index in range(rounds):
        history = History.observed(X, f(X))
        X = np.concatenate([X, optimizer(history, n, np.random.default_rng([seed, index]))])
    return X


# acquisition


def test_the_log_of_the_mean_excess_is_right_near_and_finite_far():
    z = torch.tensor([-1e5, -300.0, -9.0, -1.5, -0.9, 0.0, 4.0, 1e3], dtype=torch.float64, requires_grad=True)
    value = log_mean_excess(z)
    exact = [
        math.log(math.exp(-v * v / 2) / math.sqrt(2 * math.pi) + v * (1 + math.erf(v / 2**0.5)) / 2) for v in (-1.5, 4)
    ]
    assert value[[3, 6]].detach().numpy() == pytest.approx(exact, abs=1e-9)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(z.grad).all()
    assert (z.grad > 0).all()


@pytest.mark.parametrize("tolerance", [None, 0.0, 0.3])
def test_shortfalls_agree_with_sampling_and_with_their_logarithm(tolerance):
    draws = torch.tensor(np.random.default_rng(0).normal(size=400_000))
    for mean, std, u in ((0.1, 1.0, 0.5), (-1.2, 0.4, 0.6), (0.9, 0.2, 1.5)):
        y = mean + std * draws
        loss = y if tolerance is None else (y.abs() - tolerance).clamp_min(0)
        sampled = float((u - loss).clamp_min(0).mean())
        arguments = [torch.tensor(v, dtype=torch.float64) for v in (u, mean, std)]
        assert float(shortfall(*arguments, tolerance)) == pytest.approx(sampled, abs=4e-3)
        assert math.exp(float(log_shortfall(*arguments, tolerance))) == pytest.approx(sampled, abs=4e-3)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_cells_fill_exactly_what_the_front_leaves(m):
    rng = np.random.default_rng(m)
    losses = rng.random((3, 9, m)) * 1.2
    found = cells(
        torch.tensor(losses), torch.ones(3, 9, dtype=torch.bool), torch.ones(m, dtype=torch.float64), (None,) * m
    )
    for s in range(3):
        total = 0.0
        for k in range(found.empty.shape[1]):
            if not found.empty[s, k]:
                low = [0.0 if t is None else max(0.0, float(t[s, k])) for t in found.lower]
                total += np.prod([max(0.0, float(u[s, k]) - a) for u, a in zip(found.upper, low, strict=True)])
        covered = hypervolume(losses[s], ref=np.ones(m)) if (losses[s] < 1).all(1).any() else 0.0
        assert total == pytest.approx(1.0 - covered, abs=1e-9)


def test_the_acquisition_is_botorchs_and_its_two_forms_agree(monkeypatch):
    from botorch.acquisition.multi_objective import logei
    from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
    from botorch.acquisition.multi_objective.objective import WeightedMCMultiOutputObjective
    from botorch.models import ModelListGP
    from botorch.sampling import SobolQMCNormalSampler

    rng = np.random.default_rng(0)
    X = rng.random((15, 2))
    history = replace(History.observed(X, two(X) + 0.02 * rng.normal(size=(15, 2))), reference=np.array([0.8, 0.8]))
    belief = learn(box(), history, ())
    ours = improvement(belief, history, 4, 128, rng)
    monkeypatch.setattr(logei, "_load_attempted", True)  # no compiling of BoTorch's fused kernel: minutes, and a lock
    theirs = qLogNoisyExpectedHypervolumeImprovement(
        ModelListGP(*[output.model for output in belief.outputs]),
        ref_point=[-0.8, -0.8],
        X_baseline=torch.tensor(X),
        sampler=SobolQMCNormalSampler(torch.Size([512]), seed=0),
        objective=WeightedMCMultiOutputObjective(-torch.ones(2, dtype=torch.float64)),
    )
    T = torch.tensor(rng.random((200, 2)))
    best = ours.value(T).argsort(descending=True)[:10]
    with torch.no_grad():
        assert torch.allclose(ours.log(T[best]), theirs(T[best][:, None]), atol=0.03)
        assert torch.allclose(ours.log(T[best]).exp(), ours.value(T[best]), rtol=1e-6)


def test_the_gradient_of_the_log_acquisition_is_right_with_targets_and_constraints():
    rng = np.random.default_rng(0)
    X = rng.random((12, 2))
    history = History.observed(X, two(X), X[:, :1] - 0.8)
    history = replace(history, signed=np.stack([X.sum(1) - 1, two(X)[:, 0]], 1), tolerance=np.array([0.05, np.nan]))
    history = replace(history, Y=np.stack([np.maximum(np.abs(X.sum(1) - 1) - 0.05, 0), two(X)[:, 0]], 1))
    ours = improvement(learn(box(), history, ()), history, 2, 16, rng)
    T = torch.tensor(rng.random((4, 2)), requires_grad=True)
    assert torch.autograd.gradcheck(ours.log, (T,), atol=1e-3, rtol=1e-3)


def test_a_chosen_point_is_worth_little_a_second_time():
    rng = np.random.default_rng(0)
    X = rng.random((10, 2))
    history = History.observed(X, two(X))
    ours = improvement(learn(box(), history, ()), history, 2, 32, rng)
    T = torch.tensor(rng.random((300, 2)))
    best = T[[int(ours.value(T).argmax())]]
    assert float(ours.joined(best).log(best)) < float(ours.log(best)) - 2


# search


@pytest.mark.parametrize("limited", [False, True])
def test_the_chart_is_a_bijection_that_stays_inside(limited):
    space = simplex(5, 0.05, 0.5, **({"or_zero": (True,) * 5, "max_present": 4} if limited else {}))
    X = region.sample(space, 50, np.random.default_rng(0))
    here = unit_box(space, X)
    assert np.allclose(here.X(here.U(torch.tensor(X))).numpy(), X, atol=1e-9)
    U = torch.tensor(np.random.default_rng(1).random((50, here.p)))
    assert region.contains(space, here.X(U).numpy()).all()


def test_a_finite_space_is_scored_whole_and_the_best_is_taken():
    space = simplex(4, 0.0, 1.0, divisions=12)
    points = region.enumerate_points(space)
    rng = np.random.default_rng(0)
    seen = points[rng.choice(len(points), 12, replace=False)]
    history = History.observed(seen, two(seen))
    ours = improvement(learn(space, history, ()), history, 3, 16, np.random.default_rng(1))
    batch = choose(ours, space, seen, 3, rng, Effort(1, 1, 1))
    left = np.array([p for p in points if not (np.abs(p - seen) < 1e-9).all(1).any()])
    for x in batch.X:
        with torch.no_grad():
            values = ours.log(torch.tensor(left))
        assert np.array_equal(left[int(values.argmax())], x)
        left = left[(left != x).any(1)]
        ours = ours.joined(torch.tensor(x[None]))


def test_the_climb_beats_ten_thousand_samples():
    space = simplex(5, 0.05, 0.35)
    rng = np.random.default_rng(0)
    X = region.sample(space, 20, rng)
    history = History.observed(X, two(X))
    ours = improvement(learn(space, history, ()), history, 1, 32, rng)
    batch = choose(ours, space, X, 1, rng, Effort(256, 4, 40))
    sampled = ours.value(torch.tensor(region.sample(space, 10_000, rng)))
    assert batch.values[0] >= float(sampled.max().log()) - 1e-3


def spaces():
    mixed = Space(
        ("a", "b", "c", "d"),
        ("continuous", "integer", "categorical", "continuous"),
        np.array([-1.0, 0, 0, 0]),
        np.array([1.0, 20, 3, 2]),
        categories=((), (), ("p", "q", "r", "s"), ()),
        steps=(None, None, None, 0.25),
    )
    both = Space(
        ("A", "B", "C", "t"),
        ("fraction",) * 3 + ("continuous",),
        np.array([0.0, 0, 0, 300]),
        np.array([1.0, 1, 1, 900]),
        mixtures=(Mixture((0, 1, 2), (False,) * 3),),
    )
    line = Linear((1.0, 1.0, 0, 0), 0.5, "A + B <= 0.5")
    return {
        "box": box(3),
        "simplex": simplex(),
        "or zero": simplex(6, 0.1, 0.6, or_zero=(True,) * 6),
        "at most three present": simplex(6, 0.0, 0.8, min_present=2, max_present=3),
        "grid": simplex(4, 0.0, 1.0, divisions=10),
        "large grid": simplex(8, 0.0, 1.0, divisions=100, max_present=4),
        "mixed": mixed,
        "mixture and temperature": both,
        "linear": replace(simplex(), linear=(line,)),
        "linear grid": replace(simplex(divisions=20), linear=(line,)),
        "known": replace(box(2), known=lambda X: ((X - 0.5) ** 2).sum(1, keepdims=True) - 0.2),
        "known simplex": replace(simplex(), known=lambda X: X[:, :1] - 2 * X[:, 1:2]),
        "table": replace(box(2), table=np.random.default_rng(0).random((50, 2))),
    }


@pytest.mark.parametrize("name", list(spaces()))
def test_proposals_lie_in_the_region_are_new_and_repeat_for_the_same_inputs(name):
    space = spaces()[name]
    X = region.sample(space, 8, np.random.default_rng(0))
    X = np.unique(X, axis=0)
    width = np.where(space.upper > space.lower, space.upper - space.lower, 1.0)
    history = History.observed(X, two((X - space.lower) / width)).with_pending(
        region.sample(space, 1, np.random.default_rng(5))
    )
    first, again = (QUICK.propose(space, history, 2, np.random.default_rng(3)) for _ in range(2))
    assert first.X.shape == (2, space.d)
    assert region.contains(space, first.X).all()
    assert np.array_equal(first.X, again.X)
    assert first.reasons == again.reasons
    known = np.concatenate([X, history.pending, first.X])
    assert len(np.unique(np.round(known, 9), axis=0)) == len(np.unique(np.round(known[:-2], 9), axis=0)) + 2
    for reason in first.reasons:
        assert reason.proposer == "bayesian"
        assert len(reason.mean) == len(reason.std) == 2
        assert math.isfinite(reason.acquisition)
        assert 0 <= reason.feasibility <= 1


@settings(max_examples=12, deadline=None)
@given(st.integers(3, 5), st.floats(0, 0.15), st.sampled_from([None, 8, 20]), st.booleans(), st.integers(0, 2**20))
def test_proposals_lie_inside_any_composition_space(k, low, divisions, or_zero, seed):
    low = low if divisions is None else math.floor(low * divisions) / divisions
    space = simplex(k, low, 0.7, or_zero=(or_zero,) * k, divisions=divisions, max_present=3)
    if not or_zero and low > 0 and k > 3:
        return
    rng = np.random.default_rng(seed)
    X = region.sample(space, 5, rng)
    X = np.unique(X, axis=0)
    if len(X) < 3:
        return
    proposed = Bayesian(draws=8, samples=32, starts=2, iterations=5).ask(space, History.observed(X, two(X)), 2, rng)
    assert region.contains(space, proposed).all()


def test_a_finite_space_that_runs_out_gives_fewer_and_says_so():
    space = replace(box(2), table=np.random.default_rng(0).random((10, 2)))
    history = History.observed(space.table[:8], two(space.table[:8]))
    proposals = QUICK.propose(space, history, 4, np.random.default_rng(0))
    assert sorted(proposals.X[:, 0]) == sorted(space.table[8:, 0])
    assert any("used up" in note for note in proposals.notes)


def test_with_too_few_observations_it_samples_uniformly_and_says_so():
    proposals = QUICK.propose(simplex(), History.empty(4, 2), 3, np.random.default_rng(0))
    assert len(proposals.X) == 3
    assert any("uniform" in note for note in proposals.notes)


# whole searches


def test_it_beats_random_search_by_a_wide_margin_on_two_objectives():
    space, reference = box(3), np.array([1.2, 1.2])
    gap = 0.0
    for seed in (0,):
        ours = campaign(
            space, two, lambda h, n, rng: QUICK.ask(space, replace(h, reference=reference), n, rng), 4, 4, seed
        )
        random = region.sample(space, 200, np.random.default_rng(seed))
        gap += hypervolume(two(ours), ref=reference) - hypervolume(two(random), ref=reference)
    assert gap > 0


def test_one_objective_is_minimised():
    space = box(2)
    X = campaign(space, lambda X: two(X)[:, :1], lambda h, n, rng: QUICK.ask(space, h, n, rng), 5, 2, 0)
    assert two(X)[:, 0].min() < 1e-3


def test_a_target_is_hit():
    space, target, tolerance = box(2), 0.83, 0.01

    def ask(history, n, rng):
        signed = history.Y
        losses = np.maximum(np.abs(signed) - tolerance, 0)
        return QUICK.ask(space, replace(history, Y=losses, tolerance=np.array([tolerance])), n, rng)

    X = campaign(space, lambda X: (np.sin(3 * X[:, :1]) + X[:, 1:] ** 2) - target, ask, 4, 2, 0, start=4)
    assert np.abs(np.sin(3 * X[:, 0]) + X[:, 1] ** 2 - target).min() < tolerance


def test_outcome_constraints_are_learned_and_respected():
    space = box(2)
    rng = np.random.default_rng(0)
    X = rng.random((6, 2))
    for index in range(5):
        history = History.observed(X, two(X)[:, :1], 0.5 - X[:, :1])
        X = np.concatenate([X, QUICK.ask(space, history, 2, np.random.default_rng(index))])
    feasible = X[:, 0] >= 0.5
    assert feasible[6:].mean() >= 0.6
    assert two(X)[feasible, 0].min() == pytest.approx(0.09, abs=0.01)


def test_where_evaluations_fail_it_stops_asking():
    space = box(2)
    X = np.random.default_rng(0).random((12, 2))
    for index in range(4):
        Y = np.where(X[:, :1] < 0.3, np.nan, two(X)[:, :1])
        X = np.concatenate([X, QUICK.ask(space, History.observed(X, Y), 2, np.random.default_rng(index))])
    assert (X[12:, 0] >= 0.3).sum() >= 5
    proposals = QUICK.propose(
        space, History.observed(X, Y := np.where(X[:, :1] < 0.3, np.nan, two(X)[:, :1])), 1, np.random.default_rng(9)
    )
    assert Y.shape == (20, 1)
    assert proposals.reasons[0].feasibility > 0.2


def test_no_feasible_observation_still_gives_proposals_towards_feasibility():
    space = box(2)
    X = np.random.default_rng(0).random((10, 2)) * 0.5
    history = History.observed(X, two(X), 0.7 - X[:, :1])
    proposed = QUICK.ask(space, history, 2, np.random.default_rng(0))
    assert proposed[:, 0].max() > 0.6


def test_pending_points_are_avoided():
    space = box(2)
    X = np.random.default_rng(0).random((8, 2))
    history = History.observed(X, two(X)[:, :1])
    first = QUICK.ask(space, history, 1, np.random.default_rng(1))
    second = QUICK.ask(space, history.with_pending(first), 1, np.random.default_rng(1))
    assert np.abs(second - first).max() > 0.01


def test_three_objectives_work_and_more_than_four():
    space = box(3)
    X = np.random.default_rng(0).random((8, 3))
    for m in (3, 6):
        Y = np.stack([((X - c) ** 2).sum(1) for c in np.linspace(0, 1, m)], 1)
        assert QUICK.ask(space, History.observed(X, Y), 2, np.random.default_rng(0)).shape == (2, 3)


def test_the_state_warms_the_next_fit_and_recipes_are_used():
    space = box(2)
    X = np.random.default_rng(0).random((10, 2))
    history = History.observed(X, two(X))
    cold = QUICK.propose(space, history, 1, np.random.default_rng(0))
    warm = QUICK.propose(space, replace(history, state=cold.state), 1, np.random.default_rng(0))
    assert np.allclose(warm.reasons[0].mean, cold.reasons[0].mean, atol=0.05)
    shared = QUICK.using([GaussianProcess(ard=False)] * 2).propose(space, history, 1, np.random.default_rng(0))
    lengths = shared.state["belief"][0]["outputs"][0]["lengths"]
    assert lengths[0] == lengths[1]
    with pytest.raises(ValueError, match="recipes"):
        QUICK.using([GaussianProcess()]).ask(space, history, 1, np.random.default_rng(0))


def test_noisy_constant_and_duplicate_data_do_not_stop_it():
    space = box(2)
    X = np.repeat(np.random.default_rng(0).random((3, 2)), 3, 0)
    flat = History.observed(X, np.column_stack([np.ones(9), two(X)[:, 0]]))
    assert QUICK.ask(space, flat, 2, np.random.default_rng(0)).shape == (2, 2)


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match="draws"):
        Bayesian(draws=0)


def test_improvement_by_directions_ranks_points_as_boxes_do():
    from eutectic.optimizers.acquisition.scalarization import directions

    rng = np.random.default_rng(0)
    front = torch.tensor(rng.random((1, 6, 3)))
    valid, reference = torch.ones(1, 6, dtype=torch.bool), torch.full((3,), 1.1, dtype=torch.float64)
    moments = [(torch.tensor(rng.random((60, 1))), torch.full((60, 1), 0.1, dtype=torch.float64)) for _ in range(3)]
    exact = cells(front, valid, reference, (None,) * 3).log(moments, (None,) * 3)
    rough = directions(front, valid, reference, (None,) * 3).log(moments, (None,) * 3)
    from scipy.stats import spearmanr

    assert spearmanr(exact.numpy(), rough.numpy()).statistic > 0.95


# noise, mixed spaces, targets, many objectives


def test_noise_that_differs_by_region_is_believed_where_it_is() -> None:
    rng = np.random.default_rng(2)
    X = rng.random((40, 1))
    noise = np.where(X > 0.4, 0.3, 0.03)
    history = History.observed(X, np.sin(6 * X) + noise * rng.normal(size=X.shape))
    told = learn(box(1), replace(history, noise=noise), ())
    blind = learn(box(1), history, ())
    quiet, loud = np.linspace(0.02, 0.38, 40)[:, None], np.linspace(0.42, 0.98, 40)[:, None]
    assert told.moments(loud)[1].mean() > 2.5 * told.moments(quiet)[1].mean()
    error = [np.abs(belief.moments(quiet)[0] - np.sin(6 * quiet)).mean() for belief in (told, blind)]
    assert error[0] < 0.7 * error[1]


def test_a_lucky_noisy_observation_does_not_stop_the_search_where_a_sure_one_would() -> None:
    X = np.linspace(0, 1, 12)[:, None]
    Y = (X - 0.7) ** 2
    Y[3] = -0.3
    history = History.observed(X, Y)
    value = {}
    for noise in (0.003, 0.3):
        given = np.where(np.arange(12)[:, None] < 6, noise, 0.003)
        belief = learn(box(1), replace(history, noise=given), [GaussianProcess(noise="given")])
        ours = improvement(belief, replace(history, noise=given), 1, 64, np.random.default_rng(0))
        value[noise] = [float(ours.value(torch.tensor([[x]], dtype=torch.float64))) for x in (0.27, 0.7)]
    assert value[0.003][0] > 10 * value[0.003][1]
    assert value[0.3][1] > 10 * value[0.003][1]


@pytest.mark.parametrize("name", ["large grid", "mixed", "mixture and temperature"])
def test_the_acquisition_is_that_of_the_very_point_returned(name: str) -> None:
    space = spaces()[name]
    X = region.sample(space, 12, np.random.default_rng(0))
    history = History.observed(X, two((X - space.lower) / (space.upper - space.lower)))
    fronts = improvement(learn(space, history, ()), history, 3, 16, np.random.default_rng(1))
    batch = choose(fronts, space, X, 3, np.random.default_rng(2), Effort(64, 3, 10))
    assert region.contains(space, batch.X).all()
    for x, value in zip(batch.X, batch.values, strict=True):
        with torch.no_grad():
            assert float(fronts.log(torch.tensor(x[None]))[0]) == pytest.approx(value, abs=1e-9)
        fronts = fronts.joined(torch.tensor(x[None]))


def test_in_a_mixed_space_every_kind_of_variable_is_driven_to_its_best() -> None:
    space = spaces()["mixed"]
    target = np.array([0.3, 7, 2, 1.25])

    def far(X):
        numeric = (((X - target) / [2, 20, 1, 2]) ** 2)[:, [0, 1, 3]].sum(1)
        return (numeric + 0.2 * (X[:, 2] != 2))[:, None]

    X = campaign(space, far, lambda h, n, rng: QUICK.ask(space, h, n, rng), 6, 3, 1, start=10)
    best = X[far(X)[:, 0].argmin()]
    assert best[1:].tolist() == pytest.approx([7, 2, 1.25], abs=1.001)
    assert best[2] == 2
    assert far(X).min() < 0.01


def test_a_targets_acquisition_is_that_of_the_distance_beyond_the_tolerance() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((7, 2))
    signed = 3 * X[:, :1] - 2 + np.sin(5 * X[:, 1:])
    history = History.observed(X, np.maximum(np.abs(signed) - 0.1, 0))
    history = replace(history, signed=signed, tolerance=np.array([0.1]))
    belief = learn(box(), history, ())
    ours = improvement(belief, history, 1, 256, rng)
    T = rng.random((40, 2))
    output = belief.outputs[0].processes[0]
    both = torch.tensor(np.concatenate([T, X]))
    mean, covariance = output.moments(both)[0], output.covariance(both, both)
    factor = torch.linalg.cholesky(covariance + 1e-9 * covariance.diagonal().mean() * torch.eye(len(both)))
    draws = mean + torch.tensor(rng.normal(size=(20_000, len(both)))) @ factor.T
    losses = (draws.abs() - 0.1).clamp_min(0)
    gained = (losses[:, 40:].min(1).values[:, None] - losses[:, :40]).clamp_min(0).mean(0)
    assert torch.allclose(ours.value(torch.tensor(T)), gained, atol=0.004, rtol=0.1)


@pytest.mark.parametrize("m", [6])
def test_many_objectives_are_searched_better_than_at_random(m: int) -> None:
    space, centres = box(4), np.random.default_rng(7).random((m, 4))
    reference = np.full(m, 1.0)

    def f(X):
        return ((X[:, None, :] - centres) ** 2).sum(-1)

    X = campaign(space, f, lambda h, n, rng: QUICK.ask(space, replace(h, reference=reference), n, rng), 2, 3, 0)
    random = region.sample(space, 2 * len(X), np.random.default_rng(0))
    assert hypervolume(f(X), ref=reference) > hypervolume(f(random), ref=reference)


def test_many_elements_few_present_in_small_steps_are_never_proposed_wrongly() -> None:
    space = Composition(dict.fromkeys(ELEMENTS, (0.0, 1.0)), step=0.01, max_elements=5).space
    X = region.sample(space, 20, np.random.default_rng(0))
    for option in ("never", "always"):
        optimizer = Bayesian(draws=2, samples=32, starts=1, iterations=1, trust=option)
        found = optimizer.ask(space, History.observed(X, two(X)), 12, np.random.default_rng(1))
        assert region.contains(space, found).all()
        assert ((found > 0).sum(1) <= 5).all()
        assert np.abs(found * 100 - np.round(found * 100)).max() < 1e-9


def test_a_continuous_region_that_is_one_point_is_used_up_after_it() -> None:
    space = Composition({"Fe": (0.5, 0.5), "Ni": (0.5, 0.5)}).space
    history = History.observed(np.array([[0.3, 0.7], [0.6, 0.4], [0.1, 0.9]]), np.array([[1.0], [2.0], [3.0]]))
    first = Bayesian().propose(space, history, 4, np.random.default_rng(0))
    assert np.allclose(first.X, [[0.5, 0.5]])
    assert first.notes
    again = Bayesian().propose(space, history.with_pending(first.X), 4, np.random.default_rng(1))
    assert again.X.shape == (0, 2)


def test_of_a_long_front_the_points_that_leave_the_draws_are_crowded_ones_not_the_latest(monkeypatch) -> None:
    from eutectic.optimizers.acquisition import baseline

    monkeypatch.setattr(baseline, "MOST", (10,) * 6)
    X = np.linspace(0, 1, 25)[:, None] ** 0.5
    X = np.concatenate([X, 1 + X])[:, [0]] / 2
    Y = np.concatenate([X, (1 - np.sqrt(X))], 1)
    history = History.observed(X, Y)
    kept = X[baseline.contenders(learn(box(1), history, ()), baseline.aim(history), X), 0]
    assert len(kept) == 10
    assert kept.min() == 0
    assert kept.max() == 1
    assert np.diff(kept).max() < 0.3
