"""This file is the process that runs PyXtal: a JSON request a line on standard input, a JSON answer a line back."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eutectic.generators.structures.conditions import LAST_SPACE_GROUP, Conditions
from eutectic.generators.structures.decoration import usual

TRIES = 30
"""Choices of group and stoichiometry that are tried, where one is incompatible with the other or does not fit."""
ATTEMPTS = 5
"""Cells that PyXtal tries for one choice."""


def made(conditions: Conditions, rng: np.random.Generator, options: Mapping[str, Any]) -> dict[str, object]:
    """One crystal as JSON values, or the reason why there is none."""
    from pymatgen.core import Element
    from pyxtal import pyxtal
    from pyxtal.tolerance import Tol_matrix

    tolerance = Tol_matrix(prototype="atomic", factor=float(options["distance_factor"]))
    reason = ""
    for _ in range(TRIES):
        counts = stoichiometry(conditions, rng, int(options["most_elements"]))
        groups = conditions.space_groups
        group = int(groups[int(rng.integers(len(groups)))]) if groups else int(rng.integers(1, LAST_SPACE_GROUP + 1))
        crystal = pyxtal()
        try:
            crystal.from_random(
                3, group, list(counts), list(counts.values()), conventional=False, max_count=ATTEMPTS, tm=tolerance,
                random_state=rng,
            )  # fmt: skip
        except Exception as error:  # PyXtal raises what it likes, and says in words what does not go together
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            continue
        if not crystal.valid:
            reason = f"{counts} in space group {group} has no cell without overlap"
            continue
        cell = crystal.to_pymatgen().get_primitive_structure(0.05)
        if not conditions.atoms[0] <= len(cell) <= conditions.atoms[1]:
            reason = f"a cell of {len(cell)} atoms in space group {group}"
            continue
        return {
            "lattice": cell.lattice.matrix.tolist(),
            "fractional": cell.frac_coords.tolist(),
            "numbers": [Element(site.specie.symbol).Z for site in cell],
            "group": group,
        }
    return {"reason": f"nothing in {TRIES} tries; last: {reason}"}


def stoichiometry(conditions: Conditions, rng: np.random.Generator, most: int) -> dict[str, int]:
    """Atoms of the primitive cell by element, that meet the conditions."""
    if conditions.formula:
        units = list(conditions.units)
        k = units[int(rng.integers(len(units)))]
        return {element: n * k for element, n in conditions.composition.items()}
    allowed: Sequence[str] = conditions.elements or usual()
    low, high = conditions.atoms
    least = max(1, len(conditions.required))
    number = int(rng.integers(least, max(least, min(most, high, len(allowed))) + 1))
    others = [e for e in allowed if e not in conditions.required]
    chosen = [*conditions.required, *rng.permutation(others)[: number - len(conditions.required)]]
    total = int(rng.integers(max(low, len(chosen)), high + 1))
    cuts = np.sort(rng.permutation(total - 1)[: len(chosen) - 1] + 1)
    parts = np.diff([0, *cuts, total])
    return {str(e): int(n) for e, n in zip(chosen, parts, strict=True)}


def main() -> None:
    """Answer requests until standard input ends."""
    import pyxtal

    assert pyxtal
    out, sys.stdout = sys.stdout, sys.stderr  # PyXtal prints
    out.write("ready\n")
    out.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        fields: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in asked["conditions"].items() if k != "motif"
        }
        rng = np.random.default_rng(asked["seed"])
        out.write(json.dumps(made(Conditions(**fields), rng, asked["options"])) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
