"""This file is how parts make up a material: a formula with parts in brackets, such as `(A)(B)O3`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.generators.hints import hint
from eutectic.generators.representations.elements import SYMBOLS
from eutectic.optimizers.base import Amounts

_TOKEN = re.compile(r"\s*(?:\(\s*(?P<part>[^()]+?)\s*\)|(?P<element>[A-Z][a-z]?))(?P<amount>\d*\.?\d*)")


@dataclass(frozen=True, slots=True)
class SiteFormula:
    """How many atoms of each part's elements, and of which others, a formula unit has."""

    parts: tuple[tuple[str, float], ...]
    """Name of a part and atoms on its sites."""
    elements: tuple[tuple[str, float], ...]
    """Other elements and their atoms."""
    order: tuple[str, ...] = ()
    """Parts and elements as they are written."""

    def composition(self, sites: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
        """Atomic fractions of the whole, of those on the sites of each part."""
        total: dict[str, float] = {}
        for name, atoms in self.parts:
            for symbol, share in sites[name].items():
                total[symbol] = total.get(symbol, 0.0) + atoms * share
        for symbol, atoms in self.elements:
            total[symbol] = total.get(symbol, 0.0) + atoms
        every = sum(total.values())
        return {symbol: atoms / every for symbol, atoms in total.items() if atoms > 1e-12 * every}

    def amounts(self, sites: Mapping[str, Amounts]) -> Amounts | None:
        """The same as a function of the columns; None where a part's own sum is not always one."""
        if any(not _closed(sites[name]) for name, _ in self.parts):
            return None
        labels = tuple(
            dict.fromkeys([*(e for name, _ in self.parts for e in sites[name].labels), *dict(self.elements)])
        )
        columns = tuple(c for name, _ in self.parts for c in sites[name].columns)
        matrix, constant = np.zeros((len(columns), len(labels))), np.zeros(len(labels))
        for name, atoms in self.parts:
            own = sites[name]
            rows, places = [columns.index(c) for c in own.columns], [labels.index(e) for e in own.labels]
            matrix[np.ix_(rows, places)] += atoms * own.matrix
            constant[places] += atoms * own.constant
        for symbol, atoms in self.elements:
            constant[labels.index(symbol)] += atoms
        powers = tuple(power for name, _ in self.parts for power in sites[name].powers)
        return Amounts(labels, columns, powers, matrix, constant)


def _closed(amounts: Amounts) -> bool:
    """Do the amounts sum to one whatever the columns are, if a sum to one binds these?"""
    rows = amounts.matrix.sum(1)
    free = np.allclose(rows, 0.0) and np.isclose(amounts.constant.sum(), 1.0)
    return bool(free or (np.allclose(rows, 1.0) and np.isclose(amounts.constant.sum(), 0.0)))


def read(text: str, parts: Sequence[str]) -> SiteFormula:
    """The formula in a text; ValueError for what is neither an element nor a part in brackets."""
    sites: list[tuple[str, float]] = []
    elements: list[tuple[str, float]] = []
    order: list[str] = []
    place = 0
    while place < len(text.rstrip()):
        token = _TOKEN.match(text, place)
        if token is None:
            raise ValueError(f"cannot read {text[place:]!r} of {text!r}; write it as '(A)(B)O3'")
        amount = float(token["amount"] or 1)
        if not amount > 0:
            raise ValueError(f"{token[0].strip()!r} of {text!r} has no atoms")
        if token["part"] is not None:
            if token["part"] not in parts:
                raise ValueError(f"there is no part {token['part']!r}{hint(token['part'], parts)}")
            if token["part"] in dict(sites):
                raise ValueError(f"the part {token['part']!r} stands twice in {text!r}")
            sites.append((token["part"], amount))
        elif token["element"] not in SYMBOLS:
            raise ValueError(f"{token['element']!r} of {text!r} is no element; parts stand in brackets")
        else:
            elements.append((token["element"], amount))
        order.append(token["part"] or token["element"])
        place = token.end()
    if not sites:
        raise ValueError(f"{text!r} names no part; write parts in brackets, as '(A)(B)O3'")
    return SiteFormula(tuple(sites), tuple(elements), tuple(order))
