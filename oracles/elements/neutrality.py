"""This file is whether a formula can be neutral, with every cation less electronegative than every anion.

The rules are those of SMACT (Davies et al. 2016, doi 10.1016/j.chempr.2016.09.010): every element takes one oxidation
state throughout the formula, so that compounds of mixed valence such as Fe3O4 do not count as neutral. The states are
those of pymatgen's periodic table: all that are known, or a shorter list. A pure element is neutral.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eutectic.oracles.elements.data import Array, column

Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

States = Literal["all", "icsd", "common"]
"""Which oxidation states an element may take. `icsd`: those of at least 1 % of its entries in the ICSD (none of some
elements); `common`: the usual ones; `all`: these and every positive one that is known. Negative states of metals, as in
carbonyls, are in none: with them Na2Cl and FeNi would count as neutral."""
MOST = 1_000_000
"""Assignments of oxidation states looked at for one set of elements, at most."""
_CELLS = 5_000_000
"""Numbers in one work array; ours."""
_ROUNDING = 1e-9
"""Charge, in elementary charges, that counts as none."""


def charge_imbalance_e_per_atom(elements: Sequence[str], X: Array, states: States = "all") -> Array:
    """(n,) smallest |sum x_i q_i| over the assignments of one oxidation state q_i to each element present.

    X (n, k): atomic fractions. NaN where an element present has no oxidation state in the list, or where more than
    1,000,000 assignments are possible.
    """
    return charges(elements, X, states)[0]


def electronegativity_balanced(elements: Sequence[str], X: Array, states: States = "all") -> Array:
    """(n,) 1 where an assignment of smallest charge has every cation below every anion in electronegativity, else 0.

    Pauling's scale; dimensionless. NaN as for the charge, and where an element present has no electronegativity.
    """
    least, ordered = charges(elements, X, states)
    return np.where(np.isnan(ordered), np.nan, ordered <= least + _ROUNDING)


def charges(elements: Sequence[str], X: Array, states: States = "all") -> tuple[Array, Array]:
    """Smallest |charge| of amounts X (n, k) over all assignments (n,), and over those in order of electronegativity.

    The second is infinite where none is in order; both NaN where there is no answer.
    """
    least, ordered = np.full(len(X), np.nan), np.full(len(X), np.nan)
    for rows, present in _sets(X):
        ways = assignments(tuple([elements[i] for i in present]), states)
        if ways is not None:
            size = max(1, _CELLS // ways.charge.shape[1])
            for some in (rows[first : first + size] for first in range(0, len(rows), size)):
                charge = np.abs(X[some[:, None], present] @ ways.charge)
                least[some] = charge.min(1)
                if ways.ordered is not None:
                    ordered[some] = charge[:, ways.ordered].min(1, initial=np.inf)
    return np.where(least < _ROUNDING, 0.0, least), ordered


@dataclass(frozen=True, slots=True, eq=False)
class Assignments:
    """All ways to give k elements one oxidation state each."""

    charge: Array
    """(k, a) elementary charges."""
    ordered: Mask | None
    """(a,) True where every cation is less electronegative than every anion; None where one has no such number."""


@lru_cache(maxsize=200_000)
def assignments(elements: tuple[str, ...], states: States = "all") -> Assignments | None:
    """Those of these elements; None without an oxidation state of one, or when there are too many."""
    if len(elements) == 1:
        return Assignments(np.zeros((1, 1)), np.ones(1, dtype=bool))
    known = [oxidation_states(states).get(symbol, ()) for symbol in elements]
    if all(own and own[0] > 0 for own in known):  # metals alone: the least charge is that of the lowest states
        known = [own[:1] for own in known]
    if not 0 < prod(map(len, known)) <= MOST:
        return None
    charge = np.array(list(product(*known)), dtype=np.float64).T
    chi = column("electronegativity", elements)[:, None]
    highest_cation = np.where(charge > 0, chi, -np.inf).max(0)
    lowest_anion = np.where(charge < 0, chi, np.inf).min(0)
    return Assignments(charge, None if np.isnan(chi).any() else np.asarray(highest_cation < lowest_anion))


@lru_cache(maxsize=3)
def oxidation_states(states: States = "all") -> dict[str, tuple[int, ...]]:
    """Element symbol -> its oxidation states of that list; an element without any is absent."""
    from pymatgen.core import Element

    listed: dict[str, tuple[int, ...]] = {}
    for e in Element:
        usual = {"icsd": e.icsd_oxidation_states, "common": e.common_oxidation_states}
        whole = [*usual["icsd"], *usual["common"], *(q for q in e.oxidation_states if q > 0)]
        listed[e.symbol] = tuple(sorted({int(q) for q in (whole if states == "all" else usual[states])}))
    return {symbol: own for symbol, own in listed.items() if own}


def _sets(X: Array) -> Iterator[tuple[Index, Index]]:
    """Rows of X (n, k) that hold the same elements, and these elements' columns; rows of zeros are left out."""
    present = X > 0
    packed = np.packbits(present, axis=1)
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, group = np.unique(keys, return_inverse=True)
    order = np.argsort(group, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(X) else ():
        columns = present[rows[0]].nonzero()[0]
        if len(columns):
            yield rows, columns
