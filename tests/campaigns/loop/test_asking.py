"""One asking: the same at every call, numbered on, and no candidate under two names unless it was meant."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.loop.asking import THREADS, asked, renewed
from eutectic.campaigns.problem.definition import Stage
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.optimizers.base import Array, History, Proposals, Reason, Space
from eutectic.oracles.base import Candidate
from tests.campaigns.climbers import outcome
from tests.campaigns.trial_campaigns import write


@pytest.fixture
def campaign(tmp_path: Path) -> Any:
    """A trial of which nothing was asked yet."""
    with Campaign.from_yaml(write(tmp_path), tmp_path / "run") as begun:
        yield begun


@dataclass(frozen=True)
class Noted:
    """Asks at random and says what it was shown."""

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        X = rng.random((n, space.d))
        notes = (f"{len(history.X)} known, {len(history.pending)} pending",)
        return Proposals(X, tuple(Reason("noted") for _ in X), {"k": 1}, notes)


def with_noted(campaign: Any) -> Any:
    return replace(campaign.problem, stages=(Stage("noted", Noted(), None),))


def X_of(body: Any) -> list[list[float]]:
    return [row["x"] for row in body["proposals"]]


def test_an_asking_is_a_pure_function_of_what_was_written(campaign: Any) -> None:
    problem = with_noted(campaign)
    one, again = asked(problem, campaign.ledger, 3), asked(problem, campaign.ledger, 3)
    assert one["proposals"] == again["proposals"]
    assert one["batch"]["state"] == {"k": 1}
    assert (one["batch"]["index"], one["batch"]["stage"], one["batch"]["optimizer"]) == (0, 0, "noted")
    assert one["batch"]["notes"] == ["0 known, 0 pending"]
    rng = np.random.default_rng([problem.spec.seed, 0])
    assert X_of(one) == rng.random((3, 2)).tolist()


@dataclass(frozen=True)
class Numbering:
    """Says something of the first two outputs and of one that is not there."""

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        notes = ("output 1: constant", "nsga2: output 2: constant", "output 9: constant")
        return replace(Noted().propose(space, history, n, rng), notes=notes)


def test_notes_call_outputs_by_their_properties(campaign: Any) -> None:
    problem = replace(campaign.problem, stages=(Stage("numbering", Numbering(), None),))
    notes = asked(problem, campaign.ledger, 2)["batch"]["notes"]
    assert notes == ["a: constant", "nsga2: b: constant", "output 9: constant"]


def test_batches_draw_from_streams_of_their_own_and_numbers_go_on(campaign: Any) -> None:
    problem = with_noted(campaign)
    first, second = campaign.ask(2), None
    second = asked(problem, campaign.ledger, 2)
    assert [o.number for o in first] == [1, 2]
    assert [row["number"] for row in second["proposals"]] == [3, 4]
    assert second["batch"]["index"] == 1
    assert X_of(second) == np.random.default_rng([problem.spec.seed, 1]).random((2, 2)).tolist()
    assert second["batch"]["notes"] == ["0 known, 2 pending"]


def test_rows_known_before_the_start_take_no_numbers(tmp_path: Path) -> None:
    (tmp_path / "earlier.csv").write_text("x,y,a,b\n0.5,0.5,1,2\n0.25,0.5,2,1\n", encoding="utf-8")
    path = write(tmp_path, history={"file": "earlier.csv"})
    with Campaign.from_yaml(path, tmp_path / "run") as campaign:
        rows = asked(with_noted(campaign), campaign.ledger, 2)["proposals"]
    assert [row["number"] for row in rows] == [1, 2]
    for row in rows:  # root mean square over both variables, bounds scaled to 1
        gaps = [np.hypot(row["x"][0] - x, row["x"][1] - 0.5) / np.sqrt(2) for x in (0.25, 0.5)]
        assert row["distance"] == pytest.approx(min(gaps))
        assert row["neighbour"] in (0, -1)


def test_what_is_not_over_is_nobodys_neighbour(campaign: Any) -> None:
    campaign.ask(2)
    rows = asked(campaign.problem, campaign.ledger, 2)["proposals"]
    assert all("neighbour" not in row for row in rows)


def test_the_threads_of_whoever_asks_are_one_or_what_was_said(campaign: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    monkeypatch.setenv(THREADS, "2")
    try:
        asked(campaign.problem, campaign.ledger, 1)
        assert torch.get_num_threads() == 2
        monkeypatch.delenv(THREADS)
        asked(campaign.problem, campaign.ledger, 1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


# candidates that several rows stand for

SPACE = Space(("u", "v"), ("continuous", "continuous"), np.zeros(2), np.ones(2))


def generate(X: Array) -> list[Candidate]:
    """Only the first variable makes the candidate, to a tenth."""
    return [Candidate({"u": round(float(x[0]), 1)}) for x in X]


def known(number: int, x: Sequence[float], **other: Any) -> Outcome:
    row = np.array([x], dtype=float)
    return replace(outcome(number), x=tuple(map(float, x)), id=generate(row)[0].id, status="finished", **other)


class Asker:
    """Answers what it is told to, one batch a call, and keeps what it was asked with."""

    def __init__(self, *answers: Sequence[Sequence[float]]) -> None:
        self.answers, self.pending, self.numbers = list(answers), [], []  # type: ignore[var-annotated]

    def __call__(self, history: History, n: int) -> Proposals:
        self.pending.append(history.pending.tolist())
        self.numbers.append(n)
        return proposals(*(self.answers.pop(0) if self.answers else [[0.1, 0.9]] * n))


def proposals(*rows: Sequence[float]) -> Proposals:
    return Proposals(np.array(rows, dtype=float).reshape(-1, 2), tuple(Reason("a") for _ in rows), {"s": 1}, ("first",))


def renew(
    campaign: Any, first: Proposals, ask: Asker, *outcomes: Outcome, never_twice: bool = False
) -> tuple[Proposals, Sequence[Candidate]]:
    ledger: Ledger = replace(campaign.ledger, outcomes=outcomes)
    history = history_of(replace(ledger, outcomes=()), SPACE)
    return renewed(ledger, SPACE, history, first, ask, generate, np.random.default_rng(0), never_twice)


def test_a_known_candidate_under_other_coordinates_makes_room_for_another(campaign: Any) -> None:
    ask = Asker([[0.1, 0.8], [0.3, 0.3]])
    first = proposals([0.1, 0.7], [0.2, 0.2])
    chosen, candidates = renew(campaign, first, ask, known(1, [0.1, 0.5]))
    assert chosen.X.tolist() == [[0.2, 0.2], [0.3, 0.3]]
    assert [c.variables["u"] for c in candidates] == [0.2, 0.3]
    assert (ask.numbers, ask.pending) == ([1], [[[0.1, 0.7], [0.2, 0.2]]])  # asked with what it had said as pending
    assert (chosen.state, chosen.notes) == ({"s": 1}, ("first",))


def test_a_second_asking_knows_the_first(campaign: Any) -> None:
    ask = Asker([[0.1, 0.8]], [[0.4, 0.4]])
    chosen, _ = renew(campaign, proposals([0.1, 0.7]), ask, known(1, [0.1, 0.5]))
    assert chosen.X.tolist() == [[0.4, 0.4]]
    assert ask.pending == [[[0.1, 0.7]], [[0.1, 0.7], [0.1, 0.8]]]


def test_a_row_that_stood_before_just_so_was_meant_unless_a_person_makes_it(campaign: Any) -> None:
    again = proposals([0.1, 0.5])
    assert renew(campaign, again, Asker(), known(1, [0.1, 0.5]))[0] is again
    other, _ = renew(campaign, again, Asker([[0.6, 0.6]]), known(1, [0.1, 0.5]), never_twice=True)
    assert other.X.tolist() == [[0.6, 0.6]]


def test_what_was_given_back_is_as_good_as_new_but_not_what_was_barred(campaign: Any) -> None:
    back = replace(known(1, [0.1, 0.5]), status="returned")
    first = proposals([0.1, 0.7])
    assert renew(campaign, first, Asker(), back)[0] is first
    chosen, _ = renew(campaign, first, Asker([[0.5, 0.5]]), replace(back, barred=True))
    assert chosen.X.tolist() == [[0.5, 0.5]]
    same, _ = renew(campaign, proposals([0.1, 0.5]), Asker([[0.5, 0.5]]), replace(back, barred=True))
    assert same.X.tolist() == [[0.5, 0.5]]


def test_what_no_asking_finds_is_sampled_and_said(campaign: Any) -> None:
    ask = Asker()
    chosen, candidates = renew(campaign, proposals([0.1, 0.7], [0.12, 0.2]), ask, known(1, [0.1, 0.5]))
    assert len(ask.numbers) == 4
    assert len({c.id for c in candidates}) == 2
    assert all(c.variables["u"] != 0.1 for c in candidates)
    assert chosen.notes[-1] == "2 of 2 were known under other coordinates: 2 sampled"


def test_a_batch_holds_no_candidate_twice(campaign: Any) -> None:
    chosen, candidates = renew(campaign, proposals([0.3, 0.1], [0.3, 0.9]), Asker([[0.3, 0.5], [0.7, 0.5]]))
    assert [c.variables["u"] for c in candidates] == [0.3, 0.7]
    assert len(chosen.reasons) == 2


def test_where_an_optimizer_climbs_a_ladder_nothing_is_replaced(campaign: Any) -> None:
    ledger = replace(campaign.ledger, outcomes=(known(1, [0.1, 0.5]),))
    history = replace(history_of(replace(ledger, outcomes=()), SPACE), pending_rung=np.zeros(0, dtype=np.int64))
    first = proposals([0.1, 0.7])
    chosen, _ = renewed(ledger, SPACE, history, first, Asker(), generate, np.random.default_rng(0))
    assert chosen is first
