"""This file is what a gene may still become: choices after which formula, size and elements are in reach.

Sites come by position and, on one position, by atomic number. Whether the rest can still be placed is decided exactly,
by exhaustion over the positions that remain, so that a draw never has to be thrown away.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from eutectic.generators.wyckoff.table import ELEMENTS, GROUPS, MOST_LETTERS, Index, table

STOP = MOST_LETTERS


TAKEN = 10**6
"""Atoms of a position that a net has to itself: no crystal holds so many."""
Room = tuple[int, int]
"""A space group, and the letter that is taken by a net; -1 none."""


@functools.cache
def _letters(group: Room) -> tuple[tuple[int, bool], ...]:
    """Atoms in the primitive cell, and whether it may be occupied again, of each letter."""
    number, taken = group
    every = enumerate(table().of(number))
    return tuple((TAKEN if k == taken and not p.free else p.atoms, bool(p.free)) for k, p in every)


@functools.cache
def _rest(group: Room, letter: int, first: int, remaining: tuple[int, ...]) -> bool:
    """Can so many atoms of each element (by atomic number) be placed, on that letter only those from `first` on?"""
    if not any(remaining):
        return True
    letters = _letters(group)
    if letter == len(letters):
        return False
    if first == len(remaining):
        return _rest(group, letter + 1, 0, remaining)
    atoms, again = letters[letter]
    if remaining[first] >= atoms:
        less = (*remaining[:first], remaining[first] - atoms, *remaining[first + 1 :])
        if _rest(group, letter, first, less) if again else _rest(group, letter + 1, 0, less):
            return True
    return _rest(group, letter, first + 1, remaining)


@functools.cache
def _room(group: Room, letter: int, here: int, missing: int, low: int, high: int) -> bool:
    """Can sites be added so that `missing` more elements appear and `low` to `high` more atoms?

    `here`: how many of the missing elements may still come on that letter.
    """
    if high < 0:
        return False
    if missing == 0 and low <= 0:
        return True
    letters = _letters(group)
    if letter == len(letters):
        return False
    atoms, again = letters[letter]
    if high >= atoms:
        low_then, high_then = max(low - atoms, 0), high - atoms
        for placed in (1, 0) if here else (0,):
            rest = missing - placed
            if again and _room(group, letter, here - placed, rest, low_then, high_then):
                return True
            if not again and _room(group, letter + 1, rest, rest, low_then, high_then):
                return True
    return _room(group, letter + 1, missing, missing, low, high)


@dataclass(frozen=True)
class Goal:
    """What one crystal must be, beside its group."""

    allowed: tuple[int, ...]
    """Atomic numbers, ascending."""
    required: frozenset[int] = frozenset()
    atoms: tuple[int, int] = (1, 20)
    """In the primitive cell."""
    composition: tuple[tuple[int, int], ...] = ()
    """Atomic number and atoms a formula unit, ascending; () any."""

    @functools.cached_property
    def told_apart(self) -> tuple[int, ...]:
        """Elements that are asked for."""
        return tuple(z for z in self.allowed if z in self.required or z in dict(self.composition))

    @functools.cached_property
    def alike(self) -> tuple[int, ...]:
        """The others, of which one may be as well as another."""
        return tuple(z for z in self.allowed if z not in self.told_apart)

    @functools.cached_property
    def totals(self) -> tuple[tuple[int, ...], ...]:
        """Atoms of each element of the formula, for each number of units that fits."""
        unit = sum(n for _, n in self.composition)
        low, high = self.atoms
        units = range(max(1, -(-low // unit)), high // unit + 1) if unit else ()
        return tuple(tuple(z * n for _, n in self.composition) for z in units)

    def fits(self, group: int, taken: int = -1) -> bool:
        """Is there such a crystal in that space group, on letters other than the one that a net has taken?"""
        if self.composition:
            return any(_rest((group, taken), 0, 0, total) for total in self.totals)
        missing = len(self.required)
        return _room((group, taken), 0, missing, missing, *self.atoms)

    def beside(self, element: int, atoms: int) -> "Goal | None":
        """What is left to be placed beside a net of so many atoms of that element; None where there is no such net."""
        others = tuple(z for z in self.allowed if z != element)
        rest = replace(self, allowed=others, required=self.required - {element})
        if not self.composition:
            low, high = (bound - atoms for bound in self.atoms)
            fits = element in self.allowed and high >= 0 and (others or low <= 0)
            return replace(rest, atoms=(max(low, 0), high)) if fits else None
        unit = dict(self.composition).get(element, 0)
        units, over = divmod(atoms, unit) if unit else (0, 1)
        total = tuple(n * units for _, n in self.composition)
        if over or total not in self.totals:
            return None
        composition = tuple((z, n) for z, n in self.composition if z != element)
        return replace(rest, composition=composition, atoms=(sum(total) - atoms,) * 2)


@dataclass(frozen=True, slots=True)
class Net:
    """A site that must be there, on one position, whose element is on no other."""

    letter: int
    element: int
    atoms: int
    again: bool
    """May other elements be on that letter too?"""


@dataclass(slots=True)
class Growing:
    """A gene as far as it is written. With a net, the goal is what is to be placed beside it."""

    goal: Goal
    group: int
    net: Net | None = None
    letter: int = 0
    """Of the last site; letters before it are passed."""
    again: bool = True
    """May that letter come again?"""
    last: int = 0
    """Element of the last site, 0 before the first."""
    counts: dict[int, int] = field(default_factory=dict)
    """Atoms of each element so far, the net's left out."""
    waiting: bool = field(init=False)
    """Is the net still to come?"""

    def __post_init__(self) -> None:
        self.waiting = self.net is not None

    @property
    def total(self) -> int:
        """Atoms so far."""
        placed = self.net.atoms if self.net is not None and not self.waiting else 0
        return sum(self.counts.values()) + placed

    def letters(self) -> Index:
        """(28,) 1 for each letter that may be next, the last for STOP."""
        may = np.zeros(MOST_LETTERS + 1, dtype=np.int64)
        for letter in range(self.letter if self.again else self.letter + 1, len(_letters(self._room))):
            least = self.last if letter == self.letter else 0
            may[letter] = any(z >= least and self._leads(letter, z) for z in self._different)
        if self._net_next():
            assert self.net is not None
            may[self.net.letter] = 1
        may[STOP] = not self.waiting and self._done()
        return may

    def elements(self, letter: int) -> Index:
        """(ELEMENTS,) 1 for each element that may be on that letter."""
        may = np.zeros(ELEMENTS, dtype=np.int64)
        for alike in self._alike:
            if self._leads(letter, alike[-1]):
                may[list(alike)] = 1
        may[[z for z in self.goal.told_apart if self._leads(letter, z)]] = 1
        if letter == self.letter:
            may[: self.last] = 0
        if self.net is not None and letter == self.net.letter and self._net_next():
            may[self.net.element] = 1
        return may

    @property
    def _room(self) -> Room:
        return self.group, -1 if self.net is None else self.net.letter

    @property
    def _alike(self) -> tuple[tuple[int, ...], ...]:
        """Elements that nobody asked for, of which one may be as well as another; a net parts them."""
        parted = self.net.element if self.net is not None else 0
        below = tuple(z for z in self.goal.alike if z < parted)
        above = tuple(z for z in self.goal.alike if z > parted)
        return tuple(some for some in (below, above) if some)

    @property
    def _different(self) -> tuple[int, ...]:
        """Elements that stand for all: those that are asked for, and the last of those that are alike."""
        return self.goal.told_apart + tuple(alike[-1] for alike in self._alike)

    def place(self, letter: int, element: int) -> None:
        """Write a site."""
        atoms, again = _letters((self.group, -1))[letter]
        self.letter, self.again, self.last = letter, again, element
        if self.net is not None and element == self.net.element:
            self.waiting = False
        else:
            self.counts[element] = self.counts.get(element, 0) + atoms

    def _done(self) -> bool:
        total = sum(self.counts.values())
        if self.goal.composition:
            return tuple(self.counts.get(z, 0) for z, _ in self.goal.composition) in self.goal.totals
        low, high = self.goal.atoms
        some = total > 0 or self.net is not None
        return some and low <= total <= high and self.goal.required <= set(self.counts)

    def _net_next(self) -> bool:
        """May the net be next? What is left must have its place after it."""
        if self.net is None or not self.waiting:
            return False
        if self.net.letter < self.letter or (self.net.letter == self.letter and self.last > self.net.element):
            return False
        return self._left(self.net.letter, self.net.element, self.net.again, self.counts)

    def _leads(self, letter: int, element: int) -> bool:
        """May that site be next? Not beyond a net that is still to come."""
        if self.net is not None and self.waiting and (letter, element) > (self.net.letter, self.net.element):
            return False
        atoms, again = _letters(self._room)[letter]
        return self._left(letter, element, again, {**self.counts, element: self.counts.get(element, 0) + atoms})

    def _left(self, letter: int, element: int, again: bool, counts: Mapping[int, int]) -> bool:
        """Can what these atoms leave open be placed after such a site?"""
        if self.goal.composition:
            return self._leads_to_formula(letter, element, again, counts)
        total = sum(counts.values())
        missing = self.goal.required - set(counts)
        low, high = (bound - total for bound in self.goal.atoms)
        if again:
            here = sum(z >= element for z in missing)
            return _room(self._room, letter, here, len(missing), max(low, 0), high)
        return _room(self._room, letter + 1, len(missing), len(missing), max(low, 0), high)

    def _leads_to_formula(self, letter: int, element: int, again: bool, counts: Mapping[int, int]) -> bool:
        elements = [z for z, _ in self.goal.composition]
        place = sum(z < element for z in elements)
        for total in self.goal.totals:
            remaining = tuple(t - counts.get(z, 0) for t, z in zip(total, elements, strict=True))
            if min(remaining) >= 0 and (
                _rest(self._room, letter, place, remaining) if again else _rest(self._room, letter + 1, 0, remaining)
            ):
                return True
        return False


@functools.lru_cache(maxsize=4096)
def possible_groups(goal: Goal, groups: tuple[int, ...]) -> tuple[int, ...]:
    """Those of the groups (of all, where () is given) that can hold the goal."""
    return tuple(g for g in (groups or range(1, GROUPS + 1)) if goal.fits(g))


def impossible(goal: Goal, groups: Sequence[int]) -> str:
    """Why no crystal of these groups can be so; "" when one can."""
    if not goal.allowed:
        return "no element that the checkpoint knows may appear"
    if goal.composition and not goal.totals:
        return "no whole number of formula units has so many atoms"
    if any(goal.fits(group) for group in groups):
        return ""
    which = f"space group {groups[0]}" if len(groups) == 1 else "the space groups allowed"
    return f"the Wyckoff positions of {which} cannot hold it: no choice of them adds up"
