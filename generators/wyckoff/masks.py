"""This file is what a gene may still become: choices after which formula, size and elements are in reach.

Sites come by position and, on one position, by atomic number. Whether the rest can still be placed is decided exactly,
by exhaustion over the positions that remain, so that a draw never has to be thrown away.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from eutectic.generators.wyckoff.table import ELEMENTS, GROUPS, MOST_LETTERS, Index, table

STOP = MOST_LETTERS


@functools.cache
def _letters(group: int) -> tuple[tuple[int, bool], ...]:
    """Atoms in the primitive cell, and whether it may be occupied again, of each letter."""
    return tuple((p.atoms, bool(p.free)) for p in table().of(group))


@functools.cache
def _rest(group: int, letter: int, first: int, remaining: tuple[int, ...]) -> bool:
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
def _room(group: int, letter: int, here: int, missing: int, low: int, high: int) -> bool:
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

    def fits(self, group: int) -> bool:
        """Is there such a crystal in that space group?"""
        if self.composition:
            return any(_rest(group, 0, 0, total) for total in self.totals)
        missing = len(self.required)
        return _room(group, 0, missing, missing, *self.atoms)


@dataclass(slots=True)
class Growing:
    """A gene as far as it is written."""

    goal: Goal
    group: int
    letter: int = 0
    """Of the last site; letters before it are passed."""
    again: bool = True
    """May that letter come again?"""
    last: int = 0
    """Element of the last site, 0 before the first."""
    counts: dict[int, int] = field(default_factory=dict)
    """Atoms of each element so far."""

    def letters(self) -> Index:
        """(28,) 1 for each letter that may be next, the last for STOP."""
        may = np.zeros(MOST_LETTERS + 1, dtype=np.int64)
        for letter in range(self.letter if self.again else self.letter + 1, len(_letters(self.group))):
            least = self.last if letter == self.letter else 0
            may[letter] = any(z >= least and self._leads(letter, z) for z in self._different)
        may[STOP] = self._done()
        return may

    def elements(self, letter: int) -> Index:
        """(ELEMENTS,) 1 for each element that may be on that letter."""
        may = np.zeros(ELEMENTS, dtype=np.int64)
        alike = self.goal.alike
        if alike and self._leads(letter, alike[-1]):
            may[list(alike)] = 1
        apart = [z for z in self._different if not alike or z != alike[-1]]
        may[[z for z in apart if self._leads(letter, z)]] = 1
        if letter == self.letter:
            may[: self.last] = 0
        return may

    @property
    def _different(self) -> tuple[int, ...]:
        """Elements that stand for all: those that are asked for, and the last of the others."""
        return self.goal.told_apart + self.goal.alike[-1:]

    def place(self, letter: int, element: int) -> None:
        """Write a site."""
        atoms, again = _letters(self.group)[letter]
        self.letter, self.again, self.last = letter, again, element
        self.counts[element] = self.counts.get(element, 0) + atoms

    def _done(self) -> bool:
        total = sum(self.counts.values())
        if self.goal.composition:
            return tuple(self.counts.get(z, 0) for z, _ in self.goal.composition) in self.goal.totals
        low, high = self.goal.atoms
        return total > 0 and low <= total <= high and self.goal.required <= set(self.counts)

    def _leads(self, letter: int, element: int) -> bool:
        """May that site be next?"""
        atoms, again = _letters(self.group)[letter]
        if self.goal.composition:
            return self._leads_to_formula(letter, element, atoms, again)
        total = sum(self.counts.values()) + atoms
        missing = self.goal.required - set(self.counts) - {element}
        low, high = (bound - total for bound in self.goal.atoms)
        if again:
            here = sum(z >= element for z in missing)
            return _room(self.group, letter, here, len(missing), max(low, 0), high)
        return _room(self.group, letter + 1, len(missing), len(missing), max(low, 0), high)

    def _leads_to_formula(self, letter: int, element: int, atoms: int, again: bool) -> bool:
        elements = [z for z, _ in self.goal.composition]
        place = elements.index(element)
        so_far = [self.counts.get(z, 0) + (atoms if z == element else 0) for z in elements]
        for total in self.goal.totals:
            remaining = tuple(t - n for t, n in zip(total, so_far, strict=True))
            if min(remaining) >= 0 and (
                _rest(self.group, letter, place, remaining) if again else _rest(self.group, letter + 1, 0, remaining)
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
