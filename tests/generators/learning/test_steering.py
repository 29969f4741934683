"""Claims about rewards, the diversity filter, replay and what trains."""

import math

import numpy as np
import pytest

from eutectic.generators.learning.steering import (
    Aim,
    Experience,
    Steering,
    best_share,
    diversified,
    lesson,
    name_of,
    of_campaign,
    remembered,
)

STIFF = Steering({"bulk_modulus_gpa": Aim(full=200.0, nothing=100.0)}, every=4)


def record(*pairs):
    return [Experience(str(i), {}, formula, reward) for i, (formula, reward) in enumerate(pairs)]


@pytest.mark.parametrize(("value", "reward"), [(90, 0), (100, 0), (150, 0.5), (200, 1), (260, 1), (math.nan, 0)])
def test_a_reward_is_linear_between_two_values_and_constant_beyond(value, reward):
    assert Aim(full=200.0, nothing=100.0).reward(value) == pytest.approx(reward)


@pytest.mark.parametrize(("value", "reward"), [(1.0, 0), (1.25, 0.5), (1.5, 1), (1.75, 0.5), (9, 0)])
def test_a_targets_reward_falls_on_either_side(value, reward):
    assert Aim(full=1.5, nothing=1.0, target=True).reward(value) == pytest.approx(reward)


def test_less_can_be_better():
    assert Aim(full=-1.0, nothing=0.0).reward(-0.25) == pytest.approx(0.25)


def test_several_properties_give_the_least_or_the_weighted_mean():
    aims = {"a": Aim(1.0, 0.0), "b": Aim(1.0, 0.0, weight=3.0)}
    assert Steering(aims).reward({"a": 0.2, "b": 0.6}) == pytest.approx(0.2)
    assert Steering(aims, combine="mean").reward({"a": 0.2, "b": 0.6}) == pytest.approx(0.5)


@pytest.mark.parametrize("values", [None, {"a": 1.0}, {"a": 1.0, "b": math.nan}])
@pytest.mark.parametrize("combine", ["minimum", "mean"])
def test_what_failed_or_lacks_a_property_has_no_reward(values, combine):
    assert Steering({"a": Aim(1.0, 0.0), "b": Aim(1.0, 0.0)}, combine=combine).reward(values) == 0.0


def test_a_formula_counts_whole_up_to_three_earlier_ones_and_nothing_from_six():
    rewards = diversified(record(*[("NaCl", 0.6)] * 8, ("KCl", 0.6)))
    np.testing.assert_allclose(rewards, [0.6, 0.6, 0.6, 0.6, 0.4, 0.2, 0.0, 0.0, 0.6])


def test_the_best_half_trains_and_nothing_without_a_reward():
    assert best_share(np.array([0.1, 0.9, 0.5, 0.9]), 0.5).tolist() == [1, 3]
    assert best_share(np.array([0.0, 0.0, 0.5, 0.0]), 0.5).tolist() == [2]


def test_the_best_of_each_formula_above_the_cut_off_is_remembered():
    some = record(("NaCl", 0.2), ("NaCl", 0.8), ("KCl", 0.1), ("LiF", 0.9), ("LiF", 0.9))
    assert remembered(some, np.array([one.reward for one in some])).tolist() == [3, 1]
    many = record(*[(f"A{i}B", 0.2 + i / 1000) for i in range(150)])
    kept = remembered(many, np.array([one.reward for one in many]))
    assert sorted(kept.tolist()) == list(range(50, 150))


def test_a_lesson_is_the_best_of_the_last_block_and_ten_from_before():
    some = record(*[(f"A{i}B", 0.5) for i in range(20)], ("C", 0.9), ("D", 0.3), ("E", 0.7), ("F", 0.0))
    rows, rewards = lesson(some, STIFF, np.random.default_rng(0))
    assert rows[:2].tolist() == [20, 22]
    assert rewards[:2].tolist() == [0.9, 0.7]
    assert len(set(rows.tolist())) == len(rows) == 12
    again, _ = lesson(some, STIFF, np.random.default_rng(0))
    assert again.tolist() == rows.tolist()


def test_the_name_of_weights_tells_apart_all_they_depend_on():
    some = record(("NaCl", 0.2), ("KCl", 0.8))
    names = {
        name_of("a", some, STIFF, 0),
        name_of("b", some, STIFF, 0),
        name_of("a", some[::-1], STIFF, 0),
        name_of("a", record(("NaCl", 0.2), ("KCl", 0.7)), STIFF, 0),
        name_of("a", some, Steering(STIFF.aims, every=5), 0),
        name_of("a", some, STIFF, 1),
    }
    assert len(names) == 6
    assert name_of("a", record(("NaCl", 0.2), ("KCl", 0.8)), STIFF, 0) in names


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "rewards"}, "mode: 'rewards' is none of reward, curate"),
        ({"combine": "max"}, "combine: 'max' is none of minimum, mean"),
        ({"every": 1}, "every: 1"),
        ({"rate": 0.0}, "rate: 0"),
        ({"updates": 0}, "updates: 0"),
        ({"share": 1.5}, "share: 1.5"),
        ({"limit": 0.0}, "limit: 0"),
    ],
)
def test_options_outside_their_ranges_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        Steering(**{"aims": STIFF.aims, **options})


def test_a_scale_that_is_none_is_refused():
    with pytest.raises(ValueError, match="two different finite numbers"):
        Aim(1.0, 1.0)
    with pytest.raises(ValueError, match="weight"):
        Aim(1.0, 0.0, weight=0.0)
    with pytest.raises(ValueError, match="reward: 2"):
        Experience("x", {}, "NaCl", 2.0)


def test_rewards_of_a_campaign_are_measured_by_what_was_there_when_their_block_ended():
    rng = np.random.default_rng(0)
    losses, excess = rng.normal(size=(20, 2)), rng.normal(size=(20, 1))
    options = Steering(every=4)
    whole = of_campaign(losses, excess, options)
    for n in (4, 8, 16):
        np.testing.assert_array_equal(of_campaign(losses[:n], excess[:n], options), whole[:n])
    assert ((whole >= 0) & (whole <= 1)).all()
    assert (whole[excess[:, 0] > np.median(excess[:4][excess[:4] > 0])][4:] < 1).all()


def test_the_least_loss_of_a_campaign_is_worth_most_and_one_that_failed_nothing():
    losses = np.array([[3.0], [1.0], [np.nan], [2.0], [5.0]])
    rewards = of_campaign(losses, np.empty((5, 0)), Steering(every=5))
    assert rewards.argmax() == 1
    assert rewards[2] == 0.0
    assert rewards[4] == 0.0


def test_the_front_of_several_objectives_is_worth_most_wherever_on_it():
    losses = np.array([[0.0, 9.0], [9.0, 0.0], [4.0, 4.0], [5.0, 5.0], [9.0, 9.0]])
    assert of_campaign(losses, np.empty((5, 0)), Steering(every=5)).tolist() == [1.0, 1.0, 1.0, 0.5, 0.0]


def test_curation_asks_only_whether_limits_are_kept():
    losses, excess = np.array([[9.0], [1.0], [1.0]]), np.array([[-1.0], [0.5], [np.nan]])
    assert of_campaign(losses, excess, Steering(mode="curate", every=3)).tolist() == [1.0, 0.0, 0.0]


def test_without_aims_there_is_no_reward_of_values():
    with pytest.raises(ValueError, match="aims: name a property"):
        Steering().reward({"a": 1.0})
