"""This file is how generators/wyckoff/positions.npz was made: the Wyckoff positions of the 230 groups, from PyXtal.

    pip install pyxtal && python benchmarks/wyckoff_table.py [OUTPUT]

PyXtal (MIT; Fredericks et al., Comput. Phys. Commun. 261, 107810 (2021), doi 10.1016/j.cpc.2020.107810) keeps the
positions of the International Tables A and the cosets of the Euclidean normalisers; nothing of it is needed at run
time.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

TWENTY_FOURTHS = 24
VECTORS = {
    "P": ((0, 0, 0),),
    "A": ((0, 0, 0), (0, 12, 12)),
    "C": ((0, 0, 0), (12, 12, 0)),
    "I": ((0, 0, 0), (12, 12, 12)),
    "F": ((0, 0, 0), (0, 12, 12), (12, 0, 12), (12, 12, 0)),
    "R": ((0, 0, 0), (16, 8, 8), (8, 16, 16)),
}


def whole(matrix: Any, scale: int) -> Any:
    """Entries times `scale` as integers, exact to a hundredth."""
    scaled = np.asarray(matrix, dtype=float) * scale
    rounded = np.rint(scaled)
    assert np.abs(scaled - rounded).max() < 0.01, scaled
    return rounded.astype(int)


def representatives(rotations: Any, shifts: Any, centring: str) -> list[int]:
    """Places of the operations that remain when centring translations are divided out."""
    kept: list[int] = []
    seen = set()
    for k in range(len(rotations)):
        images = {
            (rotations[k].tobytes(), tuple((shifts[k] + vector) % TWENTY_FOURTHS))
            for vector in np.array(VECTORS[centring])
        }
        if not images & seen:
            kept.append(k)
        seen |= images
    assert len(kept) * len(VECTORS[centring]) == len(rotations)
    return kept


def main(output: Path) -> None:
    from pyxtal.operations import SymmOp
    from pyxtal.symmetry import Group, Hall

    rows: dict[str, list[Any]] = {k: [] for k in ("group", "letter", "multiplicity", "freedom", "site_symmetry")}
    rotations, shifts, starts, halls, centrings = [], [], [0], [], []
    cosets, coset_shifts, coset_starts = [], [], [0]
    for number in range(1, 231):
        group = Group(number)
        centring = group.symbol[0]
        halls.append(Hall(number).hall_default)
        centrings.append(centring)
        for k, position in enumerate(reversed(list(group))):
            position.get_site_symmetry()
            R = whole([op.affine_matrix[:3, :3] for op in position.ops], 1)
            t = whole([op.affine_matrix[:3, 3] for op in position.ops], TWENTY_FOURTHS)
            kept = representatives(R, t, centring)
            rows["group"].append(number)
            rows["letter"].append(k)
            rows["multiplicity"].append(position.multiplicity)
            rows["freedom"].append(position.get_dof())
            rows["site_symmetry"].append(position.site_symm)
            rotations.append(R[kept])
            shifts.append(t[kept] % TWENTY_FOURTHS)
            starts.append(starts[-1] + len(kept))
        for text in group.get_alternatives()["Coset Representative"]:
            matrix = SymmOp.from_xyz_str(text).affine_matrix
            cosets.append(whole(matrix[:3, :3], 1))
            coset_shifts.append(whole(matrix[:3, 3], TWENTY_FOURTHS) % TWENTY_FOURTHS)
        coset_starts.append(len(cosets))
    symbols, symmetry = np.unique(rows["site_symmetry"], return_inverse=True)
    np.savez_compressed(
        output,
        **{k: np.array(rows[k], dtype=np.uint8) for k in ("group", "letter", "multiplicity", "freedom")},
        site_symmetry=symmetry.astype(np.uint8),
        symbols=symbols,
        starts=np.array(starts, dtype=np.int32),
        rotations=np.concatenate(rotations).astype(np.int8),
        shifts=np.concatenate(shifts).astype(np.int8),
        hall=np.array(halls, dtype=np.int16),
        centring=np.array(centrings),
        coset_starts=np.array(coset_starts, dtype=np.int32),
        cosets=np.array(cosets, dtype=np.int8),
        coset_shifts=np.array(coset_shifts, dtype=np.int8),
    )
    print(len(rows["group"]), "positions", len(cosets), "cosets", output.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "generators/wyckoff/positions.npz")
