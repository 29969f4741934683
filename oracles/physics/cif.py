"""This file is the average cell of a random solid solution as CIF text, by hand: a child has no time to import."""

from collections.abc import Mapping

FCC_SITES = ((0.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))
"""Of the face-centred cubic cell, fractional."""
SITE_COLUMNS = ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy")


def fcc_cif(fractions: Mapping[str, float], lattice_angstrom: float) -> str:
    """Cubic cell with every site occupied by each element in its atomic fraction; absent elements are left out."""
    present = {element: fraction for element, fraction in fractions.items() if fraction > 0}
    atoms = " ".join(f"{element}{len(FCC_SITES) * fraction:.6g}" for element, fraction in present.items())
    lengths = [f"_cell_length_{axis} {lattice_angstrom:.6f}" for axis in "abc"]
    angles = [f"_cell_angle_{angle} 90" for angle in ("alpha", "beta", "gamma")]
    rows = [
        f"{element}{place} {element} {x:g} {y:g} {z:g} {fraction:.6f}"
        for place, (x, y, z) in enumerate(FCC_SITES, 1)
        for element, fraction in present.items()
    ]
    symmetry = ["_symmetry_space_group_name_H-M 'P 1'", "loop_", "_symmetry_equiv_pos_as_xyz", "'x, y, z'"]
    head = ["data_average_cell", f"_chemical_formula_sum '{atoms}'", *lengths, *angles, *symmetry]
    return "\n".join([*head, "loop_", *(f"_atom_site_{column}" for column in SITE_COLUMNS), *rows]) + "\n"
