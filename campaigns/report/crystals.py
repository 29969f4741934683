"""This file is the report's section of crystals: pictures of the best, how far they moved, files to take away."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from eutectic.campaigns.analysis.before import added, earlier
from eutectic.campaigns.figures.crystals import drawn, relaxed_of
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.report.blocks import Cell, Download, Downloads, Section, candidate, paragraph, section, table
from eutectic.generators.metrics.novelty import AGAINST, Reference
from eutectic.generators.metrics.stability import moved
from eutectic.generators.structures.templates import aflow
from eutectic.oracles.structures.files import as_cif

if TYPE_CHECKING:
    from pymatgen.core import Structure

SHOWN = 12
"""Crystals that are drawn, at most."""
MOST_SITES = 200
"""Cells with more atoms are not drawn: nothing would be seen."""


def crystals(best: Sequence[Outcome], known: Sequence[Outcome] = ()) -> Section | None:
    """The first crystals of the front as proposed and relaxed; nothing where candidates have no structures.

    `known`: what no optimizer proposed, a history and what was added by hand, and may be near.
    """
    rows: list[list[Cell]] = []
    before = _named([(o.name, relaxed_of(o)[0]) for o in known if o.structure is not None])
    for outcome in [o for o in best if o.structure is not None][:SHOWN]:
        made, relaxed = relaxed_of(outcome)
        shown = made if relaxed is None else relaxed
        files = [_file(f"{outcome.id}.cif", made, "as proposed")]
        files += [] if relaxed is None else [_file(f"{outcome.id}_relaxed.cif", relaxed, "relaxed")]
        rows.append(
            [
                outcome.name,
                candidate(outcome),
                drawn(shown) if len(shown) <= MOST_SITES else None,
                _symmetry(shown),
                _far(made, relaxed),
                _near(shown, before),
                Downloads(tuple(files)),
            ]
        )
    head = ["", "Crystal", "Cell", "Space group", "Moved on relaxing", "Near to", "CIF"]
    return (
        section("crystals", "Crystals of the front", table(head, rows), paragraph(_note(known), "note"))
        if rows
        else None
    )


def _note(known: Sequence[Outcome]) -> str:
    """How to read the columns."""
    kinds = (("known before the start", earlier(known)), ("added by hand", added(known)))
    told = " or ".join(words for words, own in kinds if any(o.structure is not None for o in own))
    return (
        "Drawn as relaxed where an oracle has relaxed them. Moved: root-mean-square displacement of the sites, in "
        "units of (volume / atoms)^(1/3), after both were laid over each other (StructureMatcher). Near to: "
        f"{f'a crystal {told}, or ' if told else ''}a prototype of the AFLOW library that it is, or is but for the "
        f"elements ({AGAINST})."
    )


@dataclass(frozen=True, slots=True)
class _Named:
    """Known crystals, and what each is called."""

    reference: Reference
    names: "dict[int, str]"
    """By the identity of the structure."""


def _named(pairs: "Sequence[tuple[str, Structure]]") -> _Named:
    reference = Reference.of("known", [structure for _, structure in pairs if structure.is_ordered])
    return _Named(reference, {id(structure): name for name, structure in pairs})


@lru_cache(maxsize=1)
def _prototypes() -> _Named:
    """Those of the AFLOW library in pymatgen (Mehl et al. 2017, doi 10.1016/j.commatsci.2017.01.017)."""
    return _named(aflow())


def _near(structure: "Structure", before: _Named) -> str:
    """What it is, or is but for the elements, of what is known."""
    if not structure.is_ordered:
        return ""
    for named in (before, _prototypes()):
        found = named.reference.nearest(structure)
        if found is not None:
            return f"{found[0]} as {named.names[id(found[1])]}"
    return "nothing known here"


def _symmetry(structure: "Structure") -> str:
    """`Fm-3m (225)`."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    if not structure.is_ordered:
        return "partly filled sites"
    found = SpacegroupAnalyzer(structure, symprec=0.01)
    return f"{found.get_space_group_symbol()} ({found.get_space_group_number()})"


def _far(made: "Structure", relaxed: "Structure | None") -> str:
    """How far it moved; that it became another crystal where it did."""
    if relaxed is None or not made.is_ordered:
        return ""
    share = moved(made, relaxed)
    return "became another structure" if math.isnan(share) else f"{share:.3f}"


def _file(name: str, structure: "Structure", text: str) -> Download:
    """The structure as a CIF to be saved."""
    return Download(name, "chemical/x-cif", base64.b64encode(as_cif(structure).encode()).decode(), text)
