"""A candidate's way through the oracles: who is next, what may be tried again, and how it ends."""

from dataclasses import replace

import pytest

from eutectic.campaigns.loop.routing import (
    at_gate,
    below,
    ended_at,
    evaluation_seed,
    final,
    next_oracle,
    rung,
    screened_out,
    settings,
    settlement,
    told_enough,
    tried_again,
    verdict,
    waits,
    wanted,
)
from eutectic.oracles.base import Candidate
from tests.campaigns.climbers import named, outcome, problem, said

CHAIN = problem(
    named("md", "e"), named("hull", "a", needs=("e",)), named("extra", "b", "c"), objectives={"a": "minimize"}
)
LADDER = problem(
    named("low", "a", "c"), named("high", "a", "c"), constraints={"c": {"max": 1.0}}, fidelity={"policy": "gates"}
)


@pytest.mark.parametrize(
    ("failure", "retries", "tries"),
    [("infrastructure", 3, 3), ("infrastructure", 0, 0), ("crash", 3, 1), ("crash", 1, 1), ("crash", 0, 0)]
    + [(own, 3, 0) for own in ("timeout", "memory", "error", "unphysical", "not_converged", "bad_input")],
)
def test_the_infrastructure_may_fail_often_a_crash_once_and_the_candidate_never(
    failure: str, retries: int, tries: int
) -> None:
    allowed = [k for k in range(1, 6) if tried_again(failure, k, retries)]
    assert allowed == list(range(1, tries + 1))


def test_every_oracle_of_a_candidate_draws_from_a_seed_of_its_own() -> None:
    one, other = Candidate({"x": 0.1}), Candidate({"x": 0.2})
    seeds = [evaluation_seed(CHAIN, c, k) for c in (one, other) for k in range(3)]
    assert len({tuple(seed) for seed in seeds}) == 6
    assert evaluation_seed(CHAIN, one, 0) == [1, int(one.id, 16), 0]
    again = problem(*CHAIN.oracles, seed=2)
    assert evaluation_seed(again, one, 0) != seeds[0]


def test_oracles_are_asked_in_order_until_all_have_answered() -> None:
    assert next_oracle(CHAIN, outcome(1)) == 0
    assert next_oracle(CHAIN, outcome(1, said("md", {"e": 1.0}))) == 1
    both = (said("md", {"e": 1.0}), said("hull", {"a": 0.1}))
    assert next_oracle(CHAIN, outcome(1, *both)) == 2
    assert next_oracle(CHAIN, outcome(1, *both, said("extra", {"b": 1.0}))) is None
    # one that failed has not answered, and what is known already is not asked for
    assert next_oracle(CHAIN, outcome(1, said("md", {"e": 1.0}, status="failed", failure="crash"))) == 0
    assert next_oracle(CHAIN, outcome(1, said("person", {"e": 1.0}))) == 1


def test_who_does_not_search_is_not_asked() -> None:
    only = problem(named("md", "a"), named("dft", "a", search=False))
    assert next_oracle(only, outcome(1, said("md", {"a": 1.0}))) is None


def test_a_person_is_asked_until_everything_is_told() -> None:
    people = problem(named("lab", "a", "c", waits=True), constraints={"c": {"max": 1.0}})
    assert waits(people.oracles[0])
    assert next_oracle(people, outcome(1, said("lab", {"a": 1.0}))) == 0
    assert next_oracle(people, outcome(1, said("lab", {"a": 1.0, "c": 2.0}))) is None


def test_on_a_ladder_the_rung_that_was_reached_is_asked() -> None:
    assert next_oracle(LADDER, outcome(1, rung=0, until=1)) == 0
    low = said("low", {"a": 1.0, "c": 0.0})
    assert next_oracle(LADDER, outcome(1, low, rung=0, until=1)) is None
    assert next_oracle(LADDER, outcome(1, low, rung=1, until=1)) == 1
    assert next_oracle(LADDER, outcome(1, low, said("high", {"a": 2.0, "c": 0.0}, 1), rung=1, until=1)) is None


def test_an_oracle_that_follows_is_asked_anew_on_every_rung() -> None:
    follows = problem(
        named("low", "e"), named("high", "e"), named("hull", "a", needs=("e",)), fidelity={"policy": "gates"},
        objectives={"a": "minimize", "e": "minimize"},
    )  # fmt: skip
    assert follows.ladder.followers == (2,)
    low = (said("low", {"e": 1.0}), said("hull", {"a": 0.3}))
    assert next_oracle(follows, outcome(1, low[0], until=1)) == 2
    assert next_oracle(follows, outcome(1, *low, rung=1, until=1)) == 1
    assert next_oracle(follows, outcome(1, *low, said("high", {"e": 2.0}, 1), rung=1, until=1)) == 2
    assert [rung(follows, outcome(1, rung=1), k) for k in range(3)] == [0.0, 1.0, 1.0]


def test_only_what_is_wanted_is_asked_of_an_oracle() -> None:
    assert wanted(CHAIN, CHAIN.oracles[0]) == ["e"]  # the hull needs it
    assert wanted(CHAIN, CHAIN.oracles[2]) == ["b", "c"]  # nothing of it is: all
    limited = problem(named("md", "a", "c", "d"), constraints={"c": {"max": 1.0}})
    assert wanted(limited, limited.oracles[0]) == ["a", "c"]
    assert wanted(problem(named("python")), named("python")) == []


def test_a_cheap_value_that_breaks_a_limit_screens_out_before_anything_dear_runs() -> None:
    screening = problem(named("sieve", "c", inline=True), named("md", "a"), constraints={"c": {"max": 1.0}})
    assert screened_out(screening, outcome(1, said("sieve", {"c": 1.0}))) is None
    assert screened_out(screening, outcome(1, said("sieve", {"c": 1.5}))) == "screened out: c is 1.5, wanted c <= 1"
    dear = problem(named("sieve", "c"), named("md", "a"), constraints={"c": {"max": 1.0}})
    assert screened_out(dear, outcome(1, said("sieve", {"c": 1.5}))) is None  # then it may as well be learned


def test_a_low_rungs_value_decides_no_constraint() -> None:
    cheap = problem(
        named("low", "a", "c", inline=True), named("high", "a", "c"),
        constraints={"c": {"max": 1.0}}, fidelity={"policy": "gates"},
    )  # fmt: skip
    assert screened_out(cheap, outcome(1, said("low", {"a": 0.0, "c": 9.0}), until=1)) is None


def test_what_an_evaluation_makes_of_an_outcome() -> None:
    failed = verdict(CHAIN, outcome(1), said("md", {}, status="failed", failure="timeout", error="late"))
    assert failed is not None
    assert (failed.status, failed.failure, failed.error) == ("failed", "timeout", "late")
    insane = verdict(CHAIN, outcome(1), said("md", {"e": float("inf")}))
    assert insane is not None
    assert (insane.status, insane.failure) == ("refused", "unphysical")
    assert verdict(CHAIN, outcome(1), said("md", {"e": 1.0})) is None
    both = outcome(1, said("md", {"e": 1.0}), said("hull", {"a": 0.1}))
    done = verdict(CHAIN, both, said("extra", {"b": 1.0, "c": 2.0}))
    assert done is not None
    assert (done.status, done.error, done.provisional) == ("finished", "", ())


def test_an_outcome_that_waits_at_a_gate_does_not_end() -> None:
    assert at_gate(outcome(1, rung=0, until=1))
    assert not at_gate(outcome(1, rung=1, until=1))
    assert verdict(LADDER, outcome(1, rung=0, until=1), said("low", {"a": 1.0, "c": 0.0})) is None
    ended = verdict(LADDER, outcome(1, rung=0, until=0), said("low", {"a": 1.0, "c": 0.0}))
    assert ended is not None
    assert ended.provisional == ("a", "c")
    assert ended.error == "finished at rung 1 of 2 ('low')"


def test_values_of_a_low_rung_are_provisional_and_none_of_the_top() -> None:
    assert below(LADDER, outcome(1, rung=0)) == ("a", "c")
    assert below(LADDER, outcome(1, rung=1)) == ()
    assert ended_at(LADDER, 1) == ""


def test_an_outcome_without_what_is_needed_has_failed() -> None:
    nothing = final(CHAIN, outcome(1, said("md", {"e": 1.0})))
    assert (nothing.status, nothing.error) == ("failed", "no oracle returned a; returned: e")
    assert final(CHAIN, outcome(1, said("hull", {"a": 1.0}))).status == "finished"


def test_on_a_ladder_enough_is_told_when_the_top_is() -> None:
    whole = {"a": 1.0, "c": 0.0}
    assert not told_enough(LADDER, outcome(1, said("low", whole)))
    assert told_enough(LADDER, outcome(1, said("high", whole, 1), rung=1))
    assert not told_enough(LADDER, outcome(1, said("low", whole), said("high", {"a": 1.0}, 1), rung=1))
    assert told_enough(CHAIN, outcome(1, said("hull", {"a": 1.0})))


def test_settings_hold_what_an_oracle_was_given() -> None:
    bare, given = outcome(1), outcome(1, said("md", {"e": 1.0}))
    assert settings(CHAIN, given, 0) == "hash-md"
    assert settings(CHAIN, bare, 1) == "hash-hull"
    one, two = settings(CHAIN, given, 1), settings(CHAIN, replace(given, values={"e": 1.5}), 1)
    assert one.partition(":")[0] == two.partition(":")[0] == "hash-hull"
    assert one != two
    assert one == settings(CHAIN, replace(given, values={"e": 1.0, "z": 3.0}), 1)


def test_a_settlement_says_whose_values_are_provisional() -> None:
    ended = verdict(LADDER, outcome(1), said("low", {"a": 1.0, "c": 0.0}))
    assert ended is not None
    draft = settlement(7, ended, told=True)
    assert (draft.kind, draft.number, draft.body["provisional"], draft.body["told"]) == ("settled", 7, ["a", "c"], True)
    assert "provisional" not in settlement(7, replace(ended, provisional=())).body
