"""This file is the analytic embedded-atom form of the built-in potential and its tabulation to LAMMPS' setfl."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
BUILTIN_PATH = Path(__file__).with_name("eutectic_fenicrcocu.json")

RADII = 3000
"""Distances in a table."""
DENSITIES = 6000
"""Densities in a table."""


@dataclass(frozen=True, slots=True)
class AnalyticPotential:
    """Parameters of the form; lengths in angstrom, energies in eV, densities in the potential's own unit."""

    name: str
    order: tuple[str, ...]
    """Element symbols in the order of the table's types."""
    cutoff: float
    """Distance at which everything vanishes, angstrom."""
    taper_width: float
    """h of the taper, angstrom."""
    bump_centre: float
    """c of the pair function's Gaussian, in units of r0 (dimensionless)."""
    bump_width: float
    """w of the same, dimensionless."""
    rho_max: float
    """End of the embedding table."""
    elements: Mapping[str, Mapping[str, float]]
    """Z, mass (g/mol), r0 (angstrom), s, b, F0 (eV), n, rho_e by element."""
    pairs: Mapping[str, Mapping[str, float]]
    """A, B, D (eV) and al, ga (dimensionless) by `first-second`."""
    sha256: str
    """Of the parameter file."""

    def taper(self, r: Array) -> Array:
        """psi(r) = y^4 / (1 + y^4) with y = (r - cutoff) / h inside the cutoff, 0 outside; r in angstrom."""
        y4 = np.minimum((r - self.cutoff) / self.taper_width, 0.0) ** 4
        return y4 / (1.0 + y4)

    def density(self, element: str, r: Array) -> Array:
        """The density s exp(-b (r/r0 - 1)) psi(r) that an atom of this element gives at a distance r (angstrom)."""
        p = self.elements[element]
        return p["s"] * np.exp(-p["b"] * (r / p["r0"] - 1.0)) * self.taper(r)

    def pair(self, first: str, second: str, r: Array) -> Array:
        """[A exp(-al (x-1)) - B exp(-ga (x-1)) + D exp(-((x-c)/w)^2)] psi(r) in eV, x = r / mean r0."""
        p = self.pairs.get(f"{first}-{second}") or self.pairs[f"{second}-{first}"]
        x = 2.0 * r / (self.elements[first]["r0"] + self.elements[second]["r0"])
        repulsion = p["A"] * np.exp(-p["al"] * (x - 1.0))
        attraction = p["B"] * np.exp(-p["ga"] * (x - 1.0))
        bump = p["D"] * np.exp(-(((x - self.bump_centre) / self.bump_width) ** 2))
        return (repulsion - attraction + bump) * self.taper(r)

    def embedding(self, element: str, rho: Array) -> Array:
        """-F0 (1 - n ln(rho/rho_e)) (rho/rho_e)^n in eV, and 0 at rho = 0."""
        p = self.elements[element]
        x = np.maximum(rho, 1e-300) / p["rho_e"]
        return cast(Array, np.where(rho > 0.0, -p["F0"] * (1.0 - p["n"] * np.log(x)) * x ** p["n"], 0.0))


def load(path: Path = BUILTIN_PATH) -> AnalyticPotential:
    """The parameters in a JSON file of format `eutectic-eam-1`; ValueError for another format."""
    raw = path.read_bytes()
    content = json.loads(raw)
    if content.get("format") != "eutectic-eam-1":
        raise ValueError(f"{path}: the format is {content.get('format')!r}, known is 'eutectic-eam-1'")
    return AnalyticPotential(
        name=content["name"],
        order=tuple(content["order"]),
        cutoff=content["rc"],
        taper_width=content["h"],
        bump_centre=content["bump_centre"],
        bump_width=content["bump_width"],
        rho_max=content["rho_max"],
        elements=content["elements"],
        pairs=content["pairs"],
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def setfl(potential: AnalyticPotential, radii: int = RADII, densities: int = DENSITIES, core: float = 0.5) -> str:
    """The text of the setfl file: tables of `radii` distances and `densities` densities.

    Below `core` (angstrom) the functions are held constant: no atom gets there, and they must stay finite.
    """
    r = np.arange(radii) * potential.cutoff / (radii - 1)
    rho = np.arange(densities) * potential.rho_max / (densities - 1)
    elements = potential.order
    lines = [potential.name, "tabulated from its analytic form by eutectic", "units: metal (eV, angstrom)"]
    lines.append(f"{len(elements)} {' '.join(elements)}")
    lines.append(f"{densities} {rho[1]:.15E} {radii} {r[1]:.15E} {potential.cutoff:.15E}")
    held = np.maximum(r, core)
    for element in elements:
        p = potential.elements[element]
        lines.append(f"{p['Z']} {p['mass']:.5f} {p['r0'] * 2**0.5:.5f} fcc")
        lines.extend(_rows(potential.embedding(element, rho)))
        lines.extend(_rows(potential.density(element, held)))
    for i, first in enumerate(elements):
        for second in elements[: i + 1]:
            lines.extend(_rows(r * potential.pair(first, second, held)))
    return "\n".join(lines) + "\n"


def _rows(values: Array) -> Iterator[str]:
    """Five numbers a line, as LAMMPS likes them."""
    for start in range(0, len(values), 5):
        yield " ".join(f"{value:.15E}" for value in values[start : start + 5])
