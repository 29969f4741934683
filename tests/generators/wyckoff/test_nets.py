"""Claims about plane nets that a Wyckoff position makes by symmetry."""

import numpy as np
import pytest

from eutectic.generators.structures.conditions import Conditions, Motif
from eutectic.generators.structures.generated import GeneratedStructure
from eutectic.generators.structures.nets import holds
from eutectic.generators.wyckoff.engine import Wyckoff
from eutectic.generators.wyckoff.masks import STOP, Goal, Growing, Net
from eutectic.generators.wyckoff.nets import Wish, letters, possible
from eutectic.generators.wyckoff.table import table

AL, FE, CO, GE, SN = 13, 26, 27, 32, 50


def grown(goal, group, net, rng):
    """Sites of random choices among those that are left open."""
    growing = Growing(goal, group, net)
    sites = []
    for _ in range(60):
        letter = int(rng.choice(np.flatnonzero(growing.letters())))
        if letter == STOP:
            return sites, growing
        element = int(rng.choice(np.flatnonzero(growing.elements(letter))))
        growing.place(letter, element)
        sites.append((letter, element))
    raise AssertionError("it never stops")


def test_the_kagome_positions_of_the_tables_are_found_and_no_lieb_net():
    names = {group: [table().of(group)[k].letter for k in own] for group, own in letters("kagome").items()}
    assert names[191] == ["f", "g", "i"]  # 1/2 0 0; 1/2 0 1/2; 1/2 0 z
    assert names[194] == ["g"]
    assert 225 not in names
    assert letters("lieb") == {}


@pytest.mark.parametrize(
    "goal",
    [
        Goal(allowed=(AL, FE, CO, GE, SN), atoms=(4, 12)),
        Goal(allowed=(AL, FE, CO, GE, SN), required=frozenset({GE, AL}), atoms=(5, 10)),
        Goal(allowed=(AL, FE, CO, GE, SN), required=frozenset({CO}), atoms=(6, 6)),
        Goal(allowed=(CO, SN), atoms=(1, 14), composition=((CO, 1), (SN, 1))),
        Goal(allowed=(CO,), atoms=(3, 3)),
    ],
)
@pytest.mark.parametrize("group", [164, 191, 194, 175])
def test_a_net_is_there_once_its_element_nowhere_else_and_everything_asked_for_is_kept(goal, group):
    rng = np.random.default_rng(group)
    pairs = possible(goal, Wish("kagome", (FE, CO)), (group,)).get(group, ())
    for letter, element in pairs:
        position = table().of(group)[letter]
        rest = goal.beside(element, position.atoms)
        for _ in range(10):
            net = Net(letter, element, position.atoms, bool(position.free))
            sites, growing = grown(rest, group, net, rng)
            assert sites == sorted(sites)
            assert [site for site in sites if site[1] == element] == [(letter, element)]
            counts: dict[int, int] = {}
            for k, z in sites:
                counts[z] = counts.get(z, 0) + table().of(group)[k].atoms
            assert goal.atoms[0] <= sum(counts.values()) == growing.total <= goal.atoms[1]
            assert goal.required <= set(counts) <= set(goal.allowed)
            if goal.composition:
                assert counts[CO] == counts[SN]
            fixed = [k for k, _ in sites if not table().of(group)[k].free]
            assert len(fixed) == len(set(fixed))


@pytest.mark.parametrize(
    "wanted",
    [
        Conditions(motif=Motif("kagome", ("Fe", "Co")), atoms=(4, 9)),
        Conditions(motif=Motif("kagome"), required=("Sn",), atoms=(4, 8)),
        Conditions(motif=Motif("kagome", ("V",)), formula="CsV3Sb5"),
        Conditions(motif=Motif("honeycomb"), atoms=(3, 9)),
        Conditions(motif=Motif("square"), atoms=(2, 8)),
        Conditions(motif=Motif("triangular"), elements=("Na", "Co", "O"), atoms=(2, 8)),
    ],
    ids=lambda wanted: f"{wanted.motif.kind} {wanted.formula}",
)
def test_a_net_is_measured_in_every_crystal_drawn_by_the_weights_that_come_along(wanted):
    engine = Wyckoff()
    assert engine.refuse(wanted) == ""
    made = [one for one in engine.draw([wanted] * 12, range(12)) if isinstance(one, GeneratedStructure)]
    assert len(made) >= 3
    for one in made:
        assert holds(wanted.motif, one.lattice, one.fractional, one.numbers) == ""
        assert wanted.atoms[0] <= len(one.numbers) <= wanted.atoms[1]
        assert not wanted.formula or one.formula == wanted.formula


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Conditions(motif=Motif("lieb")), "no Wyckoff position is a lieb net by itself; `diffusion` can hold one"),
        (Conditions(motif=Motif("kagome", spacing_angstrom=2.7)), "motif.spacing_angstrom: the cell is"),
        (Conditions(motif=Motif("kagome"), space_groups=(225,)), "with such positions are 147, 162"),
        (Conditions(motif=Motif("kagome"), formula="CaTiO3", atoms=(5, 5), space_groups=(191,)), ""),
        (Conditions(motif=Motif("kagome", ("Ti",)), formula="CaTiO3", atoms=(5, 5)), "motif: no kagome net"),
        (Conditions(motif=Motif("kagome"), atoms=(1, 2)), "motif: no kagome net"),
    ],
)
def test_a_net_that_cannot_be_is_refused_with_the_reason(wanted, said):
    reason = Wyckoff().refuse(wanted)
    assert said in reason
    assert bool(said) == bool(reason)
