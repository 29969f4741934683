"""This file is the report's section of crystals: pictures of the best, how far they moved, files to take away."""

import base64
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eutectic.campaigns.figures.crystals import drawn, relaxed_of
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.report.blocks import Cell, Download, Downloads, Section, candidate, paragraph, section, table
from eutectic.generators.metrics.stability import moved
from eutectic.oracles.structures.files import as_cif

if TYPE_CHECKING:
    from pymatgen.core import Structure

SHOWN = 12
"""Crystals that are drawn, at most."""
MOST_SITES = 200
"""Cells with more atoms are not drawn: nothing would be seen."""


def crystals(best: Sequence[Outcome]) -> Section | None:
    """The first crystals of the front as proposed and relaxed; nothing where candidates have no structures."""
    rows: list[list[Cell]] = []
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
                Downloads(tuple(files)),
            ]
        )
    head = ["", "Crystal", "Cell", "Space group", "Moved on relaxing", "CIF"]
    note = (
        "Drawn as relaxed where an oracle has relaxed them. Moved: root-mean-square displacement of the sites, in "
        "units of (volume / atoms)^(1/3), after both were laid over each other (StructureMatcher)."
    )
    return section("crystals", "Crystals of the front", table(head, rows), paragraph(note, "note")) if rows else None


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
