import itertools

import numpy as np
import pytest

from eutectic.generators.wyckoff.masks import STOP, Goal, Growing, impossible, possible_groups
from eutectic.generators.wyckoff.table import table

LI, O, MN, FE, P = 3, 8, 25, 26, 15  # noqa: E741 (symbols)


def grown(goal, group, rng):
    """A gene of random choices among those that are left open."""
    growing = Growing(goal, group)
    sites = []
    for _ in range(60):
        letters = np.flatnonzero(growing.letters())
        assert len(letters)
        letter = int(rng.choice(letters))
        if letter == STOP:
            return sites, growing.counts
        element = int(rng.choice(np.flatnonzero(growing.elements(letter))))
        growing.place(letter, element)
        sites.append((letter, element))
    raise AssertionError("it never stops")


@pytest.mark.parametrize("group", [1, 2, 14, 62, 139, 166, 194, 221, 225, 227, 230])
def test_a_formula_is_exact_whatever_is_chosen(group):
    goal = Goal(allowed=(LI, O, P, FE), atoms=(1, 28), composition=((LI, 1), (O, 4), (P, 1), (FE, 1)))
    if not goal.fits(group):
        assert impossible(goal, [group])
        return
    for seed in range(20):
        sites, counts = grown(goal, group, np.random.default_rng(seed))
        units = counts[LI]
        assert counts == {LI: units, O: 4 * units, P: units, FE: units}
        assert 7 * units <= 28
        assert sites == sorted(sites)


@pytest.mark.parametrize("group", [1, 2, 62, 123, 166, 194, 221, 225])
def test_size_and_required_elements_are_kept_whatever_is_chosen(group):
    goal = Goal(allowed=(LI, O, P, MN, FE), required=frozenset({LI, MN}), atoms=(4, 10))
    assert goal.fits(group)
    for seed in range(30):
        sites, counts = grown(goal, group, np.random.default_rng(seed))
        assert {LI, MN} <= set(counts) <= {LI, O, P, MN, FE}
        assert 4 <= sum(counts.values()) <= 10
        once = [letter for letter, _ in sites if not table().of(group)[letter].free]
        assert len(once) == len(set(once))


def test_a_formula_fits_a_group_exactly_when_some_choice_of_positions_adds_up():
    for group in (191, 221, 225, 227):
        positions = table().of(group)
        sizes = [p.atoms for p in positions if not p.free]
        loose = [p.atoms for p in positions if p.free]
        for a, b in itertools.product(range(1, 7), repeat=2):
            goal = Goal(allowed=(LI, O), atoms=(a + b, a + b), composition=((LI, a), (O, b)))
            by_hand = any(
                reaches(a - sum(s for s, w in zip(sizes, who, strict=True) if w == 1), loose)
                and reaches(b - sum(s for s, w in zip(sizes, who, strict=True) if w == 2), loose)
                for who in itertools.product((0, 1, 2), repeat=len(sizes))
            )
            assert goal.fits(group) == by_hand, (group, a, b)


def reaches(rest, sizes):
    if rest < 0:
        return False
    able = {0}
    for _ in range(rest):
        able |= {x + s for x in able for s in sizes if x + s <= rest}
    return rest in able


def test_groups_that_cannot_hold_a_formula_are_told_from_those_that_can():
    goal = Goal(allowed=(LI, O), atoms=(1, 5), composition=((LI, 1), (O, 4)))
    groups = possible_groups(goal, ())
    assert 1 in groups
    assert 216 in groups
    assert 230 not in groups
    assert "230" in impossible(goal, [230])
