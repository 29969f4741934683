"""The portfolio: who is credited with what, how a batch is shared, how it is built, and that it resumes."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from eutectic.campaigns.analysis.parity import Parities
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file import plugins
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.record.volume import hypervolume
from eutectic.campaigns.report.page import page
from eutectic.campaigns.report.rendering import section_html
from eutectic.campaigns.report.search import credit
from eutectic.optimizers.base import History, Proposals, Reason, Space
from eutectic.optimizers.portfolio.credit import counts, credited, gains, shares
from eutectic.optimizers.portfolio.portfolio import CONTROL, Portfolio, proposed_by
from eutectic.optimizers.spaces import region
from tests.campaigns.trial_campaigns import proposals, write

BOX = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))


@dataclass(frozen=True, slots=True)
class Corner:
    """Proposes around one place."""

    at: float

    def ask(self, space, history, n, rng):
        return np.clip(self.at + 0.05 * rng.random((n, space.d)), 0, 1)


@dataclass(frozen=True, slots=True)
class Descent:
    """Always finds something better."""

    def ask(self, space, history, n, rng):
        return np.full((n, space.d), 0.5 * 0.95 ** len(history.X))


@dataclass(frozen=True, slots=True)
class Watcher:
    """Writes down what it is shown, and answers at random."""

    shown: list

    def propose(self, space, history, n, rng):
        self.shown.append(history)
        X = region.sample(space, n, rng)
        return Proposals(X, tuple(Reason("watcher: look") for _ in X), {"asked": len(self.shown)}, ("looked",))

    def ask(self, space, history, n, rng):
        return self.propose(space, history, n, rng).X


def holding(*arms, **options):
    uses = tuple({"use": f"arm{k}"} for k in range(len(arms)))
    return replace(Portfolio(optimizers=uses, **options)).holding(arms)


def played(portfolio, rounds, n=10, seed=0):
    """The history after so many rounds on a + b, minimised."""
    history = replace(History.empty(2), reference=np.array([3.0]))
    for index in range(rounds):
        asked = portfolio.propose(BOX, history, n, np.random.default_rng([seed, index]))
        X = np.concatenate([history.X, asked.X])
        more = History.observed(X, X.sum(1, keepdims=True))
        round = np.append(history.round, np.full(n, index))
        origin = (*history.origin, *(reason.proposer for reason in asked.reasons))
        history = replace(more, round=round, origin=origin, state=asked.state, reference=history.reference)
    return history


def test_an_arm_that_gains_nothing_falls_to_the_floor():
    portfolio = holding(Corner(0.9), Descent(), floor=0.1)
    assert portfolio.share(played(portfolio, 0)).tolist() == [0.5, 0.5]
    history = played(portfolio, 12)
    gain = gains(history.Y, history.feasible, history.round, np.array([3.0]))
    bad = np.array([proposed_by(origin, "arm0") for origin in history.origin])
    assert gain[bad & (history.round > 0)].sum() == 0
    np.testing.assert_allclose(portfolio.share(history), [0.1, 0.9], atol=0.05)


def test_shares_are_equal_among_equals_and_never_below_the_floor():
    assert shares(np.array([2.0, 2.0, 2.0]), 0.1).tolist() == pytest.approx([1 / 3] * 3)
    assert shares(np.zeros(4), 0.05).tolist() == [0.25] * 4
    assert shares(np.array([0.0, 1.0, 3.0]), 0.1) == pytest.approx([0.1, 0.275, 0.625])
    assert shares(np.array([5.0, 5.0]), 0.1, 0.8).sum() == pytest.approx(0.8)


def test_places_are_shared_on_average_exactly_and_never_off_by_one_or_more():
    share, rng = np.array([0.1, 0.275, 0.625]), np.random.default_rng(0)
    drawn = np.array([counts(share, 4, rng) for _ in range(4000)])
    assert (drawn.sum(1) == 4).all()
    assert (np.abs(drawn - 4 * share) < 1).all()
    np.testing.assert_allclose(drawn.mean(0), 4 * share, atol=0.03)
    assert counts(share, 0, rng).tolist() == [0, 0, 0]


@pytest.mark.parametrize("m", [1, 2, 3])
def test_a_gain_is_what_a_row_adds_to_the_hypervolume_of_earlier_rounds(m):
    rng = np.random.default_rng(m)
    Y, feasible = rng.random((30, m)), rng.random(30) > 0.2
    Y[3] = np.nan
    feasible[3] = False
    round, reference = np.repeat(np.arange(-1, 5), 5), np.full(m, 0.9)
    found = gains(Y, feasible, round, reference)
    for i in range(30):
        before = Y[feasible & (round < round[i])]
        whole = hypervolume(np.concatenate([before, Y[[i]]]), reference) - hypervolume(before, reference)
        assert found[i] == pytest.approx(whole if feasible[i] else 0.0, abs=1e-12)
    assert (gains(Y, feasible, round, reference, since=3)[round < 3] == 0).all()


def test_old_gains_count_less_and_cost_divides():
    Y = np.array([[0.5], [0.4], [0.2], [0.3]])
    history = replace(History.observed(Y, Y), round=np.array([0, 1, 2, 2]), reference=np.array([1.0]))
    credit = credited(history, [[0, 3], [1, 2]], 0.5, np.array([2.0, 1.0, 1.0, 3.0]))
    np.testing.assert_allclose(credit.gain, [0.25 + 1 / 3, 0.5 + 2 / 3])
    np.testing.assert_allclose(credit.cost, [0.25 * 2 + 3, 0.5 + 1])
    np.testing.assert_allclose(credit.rate, credit.gain / credit.cost)
    untried = credited(history, [[0, 1, 2, 3], []], 0.5, np.ones(4))
    assert untried.rate[1] == untried.rate[0]
    known = replace(history, round=np.array([-1, -1, -1, 0]))
    assert credited(known, [[3], []], 0.5, np.ones(4)).gain.tolist() == [0, 0]


def test_every_arm_sees_the_others_proposals_as_pending_and_gets_its_own_state_back():
    shown: list = []
    portfolio = holding(Corner(0.5), Watcher(shown))
    history = played(portfolio, 2, n=6)
    assert [len(h.pending) for h in shown] == [3, 3]
    assert [dict(h.state) for h in shown] == [{}, {"asked": 1}]
    assert history.origin[-1] == "portfolio: arm1: look"
    asked = portfolio.propose(BOX, history, 6, np.random.default_rng(9))
    assert any(note == "arm1: looked" for note in asked.notes)
    assert next(iter(asked.shares)) == "arm0"


def test_the_control_keeps_the_least_share_whatever_it_finds():
    portfolio = holding(Corner(0.9), Corner(0.5), floor=0.1, control=True)
    history = played(portfolio, 8, n=20)
    assert portfolio.share(history)[-1] == 0.1
    assert portfolio.share(history).sum() == pytest.approx(1)
    assert sum(proposed_by(origin, CONTROL) for origin in history.origin) == 16


def test_seconds_of_asking_count_where_they_are_asked_for():
    shown: list = []
    portfolio = holding(Watcher(shown), Corner(0.5), cost="seconds and asking")
    history = played(portfolio, 3)
    assert set(history.state["asking_s"]) == {"arm0", "arm1"}
    spent = [history.state["asking_s"][name] for name in ("arm0", "arm1")]
    np.testing.assert_allclose(portfolio.credit(history).cost, spent)  # oracles took no time


def test_what_one_arm_cannot_find_is_left_to_the_others():
    @dataclass(frozen=True)
    class Empty:
        def ask(self, space, history, n, rng):
            return np.empty((0, space.d))

    for arms in ([Empty(), Corner(0.5)], [Corner(0.5), Empty()]):
        assert holding(*arms).ask(BOX, History.empty(2), 7, np.random.default_rng(0)).shape == (7, 2)


def test_arms_are_built_from_the_campaign_file_under_names_that_differ():
    entries = [{"use": "nsga2", "population": 10}, {"use": "nsga2"}, {"use": "sobol"}]
    portfolio = plugins.build("optimizers", {"use": "portfolio", "optimizers": entries}, None)
    assert [name for name, _ in portfolio.arms] == ["nsga2", "nsga2 (2)", "sobol"]
    assert portfolio.arms[0][1].population == 10


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"optimizers": [{"use": "bayesain"}]}, r"trial.yaml:\d+: optimizers.0.optimizers.0.use: unknown optimizer"),
        ({"optimizers": [{"use": "nsga2", "popluation": 9}]}, r"optimizers.0.popluation: unknown key.*'population'"),
        ({"optimizers": [{"use": "sobol", "evaluations": 9}]}, r"optimizers.0.evaluations: `evaluations` has no mean"),
        ({"optimizers": [{"use": "portfolio"}]}, r"optimizers: a portfolio cannot hold a portfolio"),
        ({"optimizers": []}, r"optimizers: name at least one"),
        ({"floor": 0.6}, r"floor: 0.6 for each of 2 arms"),
        ({"discount": 0.0}, r"discount: 0 must be above 0"),
        ({"optimizers": [{"use": "sobol"}, {"use": "evolution"}]}, r"its optimizer 'evolution' says"),
    ],
)
def test_a_wrong_portfolio_is_refused_with_its_place(tmp_path, options, said):
    path = write(tmp_path, optimizers=[{"use": "portfolio", **options}])
    path.write_text(path.read_text().replace(', "', ',\n "'))
    with pytest.raises(CampaignFileError, match=said):
        Campaign.from_yaml(path, tmp_path / "run")


def test_a_portfolio_campaign_that_is_stopped_anywhere_goes_on_as_if_it_never_was(tmp_path):
    arms = [{"use": "nsga2", "population": 4}, {"use": "swarm"}, {"use": "sobol"}]
    sections = {
        "optimizers": [{"use": "sobol", "evaluations": 4}, {"use": "portfolio", "optimizers": arms, "control": True}],
        "budget": {"evaluations": 28, "batch": 4},
    }
    path = write(tmp_path, **sections)
    with Campaign.from_yaml(path, tmp_path / "straight") as campaign:
        list(campaign.events())
    Campaign.from_yaml(path, tmp_path / "run").close()
    for events in (3, 9, 14, 8, 99):
        with Campaign.open(tmp_path / "run") as campaign:
            stream = campaign.events()
            for _ in zip(range(events), stream, strict=False):
                pass
            stream.close()
    whole, pieces = read_ledger(tmp_path / "straight"), read_ledger(tmp_path / "run")
    assert pieces.state == "done"
    assert proposals(pieces) == proposals(whole)
    assert [b.notes for b in pieces.batches] == [b.notes for b in whole.batches]
    text = page(whole, Parities((), ""))
    assert "Hypervolume gain" in text
    assert all(f"<td>{name}</td>" in section_html(credit(whole)) for name in ("nsga2", "swarm", "sobol", CONTROL))
