import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.loop.ladder_history import climbing
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.optimizers.acquisition.baseline import improvement
from eutectic.optimizers.acquisition.cost_aware import GainPerCost
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.multifidelity import MultiFidelity
from eutectic.optimizers.bayesian.rung_choice import _at_top, believed
from eutectic.surrogates.base import Domain
from eutectic.surrogates.cokriging.hyperparameters import loss
from eutectic.surrogates.cokriging.model import CoKriging
from tests.campaigns.ladders import BOTH, asked, climb
from tests.campaigns.trial_campaigns import proposals

BOX = Domain(np.zeros(2), np.ones(2))


def high(X):
    return np.sin(6 * X[:, 0]) + X[:, 1] ** 2


def low(X):
    return 0.7 * high(X) + 0.5 + 0.2 * X[:, 0]


@pytest.fixture(scope="module")
def fitted():
    """Nineteen points on the low rung, six others on the high one."""
    X = np.random.default_rng(0).random((25, 2))
    rung = np.r_[np.zeros(19), np.ones(6)]
    y = np.where(rung == 0, low(X), high(X))
    return CoKriging().fit(X, rung, y, rungs=2, domain=BOX), X, rung, y


def test_a_low_rung_teaches_the_top(fitted):
    model, X, rung, y = fitted
    T = np.random.default_rng(1).random((200, 2))
    posterior = model.on(1).posterior(T)
    error = posterior.mean[:, 0] - high(T)
    alone = CoKriging().fit(X[rung == 1], np.zeros(6), y[rung == 1], rungs=1, domain=BOX).on(0).posterior(T)
    assert np.sqrt((error**2).mean()) < 0.25 * np.sqrt(((alone.mean[:, 0] - high(T)) ** 2).mean())
    assert 0.4 < np.std(error / posterior.std[:, 0]) < 2
    assert model.on(0).posterior(T).mean[:, 0] == pytest.approx(low(T), abs=0.3)


def test_the_scale_between_rungs_is_learned(fitted):
    model, *_ = fitted
    assert model.hyper.scales[0] == pytest.approx(1 / 0.7, abs=0.25)


def test_the_gradient_of_the_fit_is_that_of_its_loss(fitted):
    model, *_ = fitted
    vector = model.hyper.vector() + 0.1
    _, gradient = loss(model.task, vector)
    assert gradient == pytest.approx(approx_fprime(vector, lambda v: loss(model.task, v)[0], 1e-6), abs=1e-3)


def test_a_designs_own_part_is_shared_by_the_rungs_above():
    rng = np.random.default_rng(6)
    X = rng.random((60, 2))
    values = high(X) + 0.4 * rng.normal(size=60)
    rows, rung, y = np.r_[X, X[:6]], np.r_[np.zeros(60), np.ones(6)], np.r_[values, 2 * values[:6] + 1]
    errors = []
    for own in (True, False):
        model = CoKriging().fit(rows, rung, y, rungs=2, domain=BOX, own=own)
        errors.append(np.abs(model.on(1).posterior(X[6:]).mean[:, 0] - 2 * values[6:] - 1).mean())
        task, vector = model.task, model.hyper.vector() + 0.1
        slopes = approx_fprime(vector, lambda v, task=task: loss(task, v)[0], 1e-6)
        assert loss(task, vector)[1] == pytest.approx(slopes, abs=2e-3)
    assert errors[0] < 0.2 * errors[1]


def test_a_state_restores_the_fit(fitted):
    model, X, rung, y = fitted
    again = CoKriging().fit(X, rung, y, rungs=2, domain=BOX, start=model.state, tune=False)
    assert again.on(1).posterior(X).mean == pytest.approx(model.on(1).posterior(X).mean)
    with pytest.raises(ValueError, match="needs the `state` of an earlier fit"):
        CoKriging().fit(X, rung, y, rungs=3, domain=BOX, start=model.state, tune=False)


def test_an_observation_on_a_rung_explains_as_much_as_it_then_does(fitted):
    model, *_ = fitted
    x = np.array([[0.9, 0.05]])
    before = model.on(1).posterior(x).variance[0, 0]
    for rung in (0, 1):
        share = float(model.agreement(torch.tensor(x), rung)[0])
        after = model.conditioned_on_mean(x, np.array([rung])).on(1).posterior(x).variance[0, 0]
        assert after == pytest.approx((1 - share) * before, rel=1e-3)
    assert model.agreement(torch.tensor(x), 0) < model.agreement(torch.tensor(x), 1)


def test_what_is_believed_changes_no_prediction(fitted):
    model, *_ = fitted
    X = np.random.default_rng(2).random((5, 2))
    surer = model.conditioned_on_mean(X[:2], np.array([0, 1])).on(1).posterior(X)
    assert surer.mean == pytest.approx(model.on(1).posterior(X).mean, abs=1e-6)
    assert (surer.variance <= model.on(1).posterior(X).variance + 1e-12).all()


def test_it_is_a_botorch_model_with_the_rung_as_last_input(fitted):
    from botorch.acquisition import LogExpectedImprovement
    from botorch.models.model import Model

    model, X, _, _ = fitted
    rows = torch.tensor(X[:4])
    for rung in (0, 1):
        whole = model.model.posterior(torch.cat([rows, torch.full((4, 1), float(rung))], 1))
        mine = model.on(rung).posterior(X[:4])
        assert whole.mean.numpy() == pytest.approx(mine.mean)
        assert whole.variance.detach().numpy() == pytest.approx(mine.variance, rel=1e-3, abs=1e-6)
    top = model.on(1).model
    assert isinstance(top, Model)
    assert torch.isfinite(LogExpectedImprovement(top, best_f=0.0, maximize=False)(rows[:, None])).all()


def test_data_that_cannot_be_learned_from_are_refused():
    with pytest.raises(ValueError, match="finite X and y of equal length"):
        CoKriging().fit(np.ones((2, 1)), np.zeros(2), np.array([1.0, np.nan]), rungs=1)
    with pytest.raises(ValueError, match="rungs must lie between 0 and 1"):
        CoKriging().fit(np.ones((1, 1)), np.array([2]), np.ones(1), rungs=2)


def square():
    return Space(("x", "y"), ("continuous",) * 2, np.zeros(2), np.ones(2))


def known(n_low=12, n_high=3, prices=(0.1, 1.0), twist=0.0):
    """A history of two rungs of one minimised objective; `twist` mixes another function into the low one."""
    X = np.random.default_rng(3).random((n_low, 2))
    other = np.cos(9 * X[:, 0] * X[:, 1])
    plain = History.observed(np.concatenate([X, X[:n_high]]), np.r_[low(X) + twist * other, high(X[:n_high])][:, None])
    return replace(plain, fidelity=np.r_[np.zeros(n_low), np.ones(n_high)], prices=prices)


def test_a_cheap_rung_that_agrees_is_asked_and_a_dear_one_is_not():
    cheap = MultiFidelity().propose(square(), known(), 4, np.random.default_rng(0))
    assert (cheap.rungs == 0).sum() >= 3
    dear = MultiFidelity().propose(square(), known(prices=(1.0, 1.0)), 4, np.random.default_rng(0))
    assert (dear.rungs == 1).sum() >= 3
    assert len(np.unique(cheap.X, axis=0)) == 4
    assert all(reason.proposer == "multifidelity" for reason in cheap.reasons)


def worth(belief, history, price):
    fronts = improvement(belief.top, _at_top(history, np.empty((0, 2)), 1), 1, 16, np.random.default_rng(0))
    return fronts, GainPerCost(fronts, belief.outputs, 0, (True,), price, 2.0)


def test_the_worth_of_a_low_rung_is_that_of_a_look_into_a_box():
    history = known()
    belief = believed(square(), history, 2)
    X = torch.tensor(np.random.default_rng(8).random((40, 2)))
    fronts, free = worth(belief, history, 0.0)
    gains = fronts.value_of(free._told(X)).reshape(-1, len(X))
    assert torch.allclose(gains.mean(0), fronts.value(X), rtol=0.1, atol=1e-3 * fronts.scale)
    assert torch.allclose(free.value(X), gains.max(0).values / 2.0)
    dear = worth(belief, history, 50.0)[1].value(X)
    assert (dear * (1 + 1e-9) >= gains.mean(0) / 52.0).all()
    assert (dear <= gains.mean(0) / 50.0 * (1 + 1e-9)).all()
    between = worth(belief, history, 0.3)[1]
    rules = [
        gains.clamp_min(0)[gains.argsort(0, descending=True)[:k], torch.arange(40)].sum(0) / 16 for k in range(1, 17)
    ]
    best = torch.stack([gain / (0.3 + 2.0 * k / 16) for k, gain in enumerate(rules, 1)]).max(0).values
    assert torch.allclose(between.value(X), best)
    assert torch.allclose(between.log(X).exp(), best, rtol=1e-5)


def narrow(rng_seed: int, n: int = 18):
    """A ladder of two rungs on which nothing satisfies a limit that holds in a thousandth of the square."""
    X = np.random.default_rng(rng_seed).random((n, 2))
    X = X[((X - 0.9) ** 2).sum(1) > 0.3]
    C = (40 * np.sqrt(((X - 0.9) ** 2).sum(1)) - 1)[:, None]
    plain = History.observed(X, X[:, :1], C)
    rung = (np.arange(len(X)) % 2).astype(float)
    return replace(plain, fidelity=rung, prices=(0.1, 1.0), round=np.full(len(X), -1))


def test_while_nothing_is_feasible_on_the_top_rung_the_violation_is_lowered_there_first():
    history = narrow(0)
    least = history.C[history.fidelity == 1].min()
    found = MultiFidelity().propose(square(), history, 4, np.random.default_rng(0))
    assert any("first down the violation" in note for note in found.notes)
    excess = 40 * np.sqrt(((found.X - 0.9) ** 2).sum(1)) - 1
    assert excess.min() < 0.6 * least
    assert (found.rungs == 0).any()
    near = replace(history, C=history.C - 40 * 0.8)  # some hold: the front is looked for
    again = MultiFidelity().propose(square(), near, 1, np.random.default_rng(0))
    assert not any("violation" in note for note in again.notes)


def test_where_the_cheap_rung_says_nothing_the_top_is_asked():
    history = known(n_low=14, n_high=10, prices=(0.5, 1.0), twist=5.0)
    found = MultiFidelity().propose(square(), history, 4, np.random.default_rng(0))
    assert (found.rungs == 1).all()


def test_a_pair_that_is_under_way_is_not_asked_again():
    table = np.random.default_rng(5).random((30, 2))
    space = Space(("x", "y"), ("continuous",) * 2, table.min(0), table.max(0), table=table)
    plain = History.observed(np.concatenate([table[:10], table[:2]]), np.r_[low(table[:10]), high(table[:2])][:, None])
    history = replace(plain, fidelity=np.r_[np.zeros(10), np.ones(2)], prices=(0.1, 1.0))
    first = MultiFidelity().propose(space, history, 3, np.random.default_rng(0))
    busy = replace(history, pending=first.X, pending_rung=first.rungs)
    more = MultiFidelity().propose(space, busy, 3, np.random.default_rng(0))
    pairs = {(*x, r) for x, r in zip(map(tuple, first.X.tolist()), first.rungs, strict=True)}
    assert pairs.isdisjoint({(*x, r) for x, r in zip(map(tuple, more.X.tolist()), more.rungs, strict=True)})
    answered = {tuple(x) for x in table[:10]}
    assert all(r == 1 for x, r in zip(map(tuple, more.X), more.rungs, strict=True) if x in answered)


def test_a_finite_space_is_used_up_on_its_top_rung():
    table = np.random.default_rng(5).random((6, 2))
    space = Space(("x", "y"), ("continuous",) * 2, table.min(0), table.max(0), table=table)
    plain = History.observed(np.concatenate([table, table[:4]]), np.r_[low(table), high(table[:4])][:, None])
    history = replace(plain, fidelity=np.r_[np.zeros(6), np.ones(4)], prices=(0.1, 1.0))
    found = MultiFidelity().propose(space, history, 5, np.random.default_rng(0))
    assert sorted(map(tuple, found.X)) == sorted(map(tuple, table[4:]))
    assert (found.rungs == 1).all()
    assert found.notes[-1] == "the space is used up"


def test_bayesian_lets_another_climb_in_its_place():
    other = Bayesian(draws=32).for_ladder(choosing=False)
    assert (other.draws, other.choosing) == (32, False)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """A whole campaign that chooses rungs: its folder and ledger."""
    folder = tmp_path_factory.mktemp("chosen")
    with Campaign.from_yaml(chosen(folder), folder / "run") as campaign:
        list(campaign.events())
        return folder, campaign.ledger, campaign.problem


def chosen(folder):
    oracles = [
        {"name": n, "use": "python", "function": f"rungs:{n}", "properties": BOTH, "cost": c}
        for n, c in (("low", 0.1), ("high", 1.0))
    ]
    return climb(
        folder,
        oracles=oracles,
        fidelity={"policy": "multifidelity"},
        optimizers=[{"use": "sobol", "evaluations": 6}, {"use": "bayesian", "samples": 64, "starts": 2}],
        budget={"evaluations": 14, "batch": 2},
    )


def test_a_campaign_picks_the_rung_of_each_candidate(campaign):
    folder, ledger, problem = campaign
    assert ledger.state == "done"
    picked = [o for o in ledger.outcomes if o.reason.proposer == "multifidelity"]
    assert len(picked) == 8
    assert {o.rung for o in picked} <= {0, 1}
    assert all(o.rung == o.until and not o.gates for o in picked)
    assert all([e.fidelity for e in o.evaluations] == [float(o.rung)] for o in picked)
    assert any(o.rung == 0 for o in picked)
    first = [o for o in ledger.outcomes if o.reason.proposer == "sobol"]
    assert 1 <= sum(o.rung for o in first) <= math.ceil(0.25 * 6)
    assert asked(folder, "low") == 6 + sum(o.rung == 0 for o in picked)
    assert asked(folder, "high") == sum(o.rung == 1 for o in ledger.outcomes)
    history = climbing(problem, ledger, history_of(ledger, problem.space))
    assert history.prices == (0.1, 1.0)
    assert len(history.X) == asked(folder, "low") + asked(folder, "high")


def test_a_campaign_that_picks_rungs_goes_on_as_if_it_never_was_stopped(campaign, tmp_path):
    _, straight, _ = campaign
    Campaign.from_yaml(chosen(tmp_path), tmp_path / "run").close()
    for events in (9, 8, 11, 99):
        with Campaign.open(tmp_path / "run") as going:
            stream = going.events()
            for _ in zip(range(events), stream, strict=False):
                pass
            stream.close()
    assert proposals(read_ledger(tmp_path / "run")) == proposals(straight)
    assert [o.rung for o in read_ledger(tmp_path / "run").outcomes] == [o.rung for o in straight.outcomes]
