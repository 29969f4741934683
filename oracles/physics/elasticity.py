"""This file is elastic moduli: a stiffness turned and averaged over symmetries, and the Voigt-Reuss-Hill moduli."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cubic:
    """The three constants of a cubic crystal, GPa."""

    c11: float
    c12: float
    c44: float

    @property
    def bulk(self) -> float:
        """(C11 + 2 C12) / 3 in GPa; Voigt's and Reuss' bounds coincide in cubic crystals."""
        return (self.c11 + 2.0 * self.c12) / 3.0

    @property
    def shear_voigt(self) -> float:
        """(C11 - C12 + 3 C44) / 5 in GPa: uniform strain (Voigt 1928, doi 10.1007/978-3-663-15884-4)."""
        return (self.c11 - self.c12 + 3.0 * self.c44) / 5.0

    @property
    def shear_reuss(self) -> float:
        """5 (C11 - C12) C44 / (4 C44 + 3 (C11 - C12)) in GPa: uniform stress (Reuss 1929, 10.1002/zamm.19290090104)."""
        soft = self.c11 - self.c12
        return 5.0 * soft * self.c44 / (4.0 * self.c44 + 3.0 * soft)

    @property
    def shear(self) -> float:
        """Mean of Voigt's and Reuss' in GPa (Hill 1952, doi 10.1088/0370-1298/65/5/307)."""
        return (self.shear_voigt + self.shear_reuss) / 2.0

    @property
    def young(self) -> float:
        """9 B G / (3 B + G) in GPa, isotropic aggregate."""
        return 9.0 * self.bulk * self.shear / (3.0 * self.bulk + self.shear)

    @property
    def poisson(self) -> float:
        """(3 B - 2 G) / (2 (3 B + G)), dimensionless."""
        return (3.0 * self.bulk - 2.0 * self.shear) / (2.0 * (3.0 * self.bulk + self.shear))

    @property
    def pugh(self) -> float:
        """B / G, dimensionless; above about 1.75 metals tend to be ductile (Pugh 1954, 10.1080/14786440808520496)."""
        return self.bulk / self.shear

    @property
    def stable(self) -> bool:
        """Born's conditions C11 > C12, C11 + 2 C12 > 0, C44 > 0 (Mouhat & Coudert, 10.1103/PhysRevB.90.224104).

        Together the first two say that C11 > |C12|.
        """
        return self.c11 > self.c12 and self.bulk > 0.0 and self.c44 > 0.0


def cubic_average(stiffness: Array) -> Cubic:
    """Mean over the cube's axes of a stiffness matrix (6, 6) in GPa, Voigt order xx yy zz yz xz xy."""
    axes = stiffness[:3, :3]
    off = (axes.sum() - np.trace(axes)) / 6.0
    return Cubic(float(np.trace(axes) / 3.0), float(off), float(np.trace(stiffness[3:, 3:]) / 3.0))


NAMES = tuple(f"c{i}{j}_gpa" for i in range(1, 7) for j in range(i, 7))
"""The entries of a stiffness matrix on and above its diagonal, Voigt order xx yy zz yz xz xy, as properties."""
VOIGT = ((0, 5, 4), (5, 1, 3), (4, 3, 2))
"""Place of each entry of a symmetric (3, 3) tensor in Voigt order."""
CUBE = np.array(
    [np.eye(3)[list(order)] for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1), (1, 0, 2), (0, 2, 1), (2, 1, 0))]
)
"""Permutations of the axes; with the mirrors `MIRRORS` they make the cube's symmetry."""
MIRRORS = np.array([np.diag(signs) for signs in ((1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1))], dtype=float)
"""The identity and the three mirrors across the cube's faces."""


def cubic_symmetry() -> Array:
    """(24, 3, 3) operations, of which and of the inversion the point group m-3m consists."""
    return np.array([mirror @ turn for mirror in MIRRORS for turn in CUBE])


def hexagonal_symmetry() -> Array:
    """(12, 3, 3) operations about z, of which and of the inversion the point group 6/mmm consists."""
    angles = np.arange(6) * np.pi / 3.0
    turns = [np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]) for a in angles]
    return np.array([mirror @ turn for mirror in (np.eye(3), np.diag([1.0, -1.0, 1.0])) for turn in turns])


def turned(stiffness: Array, rotations: Array) -> Array:
    """A stiffness (6, 6) in GPa, Voigt order, in turned axes, the mean over rotations (r, 3, 3): v' = rotation @ v."""
    tensor = stiffness[np.array(VOIGT)[:, :, None, None], np.array(VOIGT)[None, None]]
    mean = sum(np.einsum("ia,jb,kc,ld,abcd->ijkl", r, r, r, r, tensor, optimize=True) for r in rotations)
    places = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]
    return np.array([[mean[(*first, *second)] for second in places] for first in places]) / len(rotations)


def hill(stiffness: Array) -> tuple[float, float]:
    """Bulk and shear modulus, GPa: means of Voigt's and Reuss' for any symmetry.

    Hill 1952, doi 10.1088/0370-1298/65/5/307, equations 4 and 5; both are the same in whatever axes.
    """
    pairs = []
    for constants, inverse in ((stiffness, False), (np.linalg.inv(stiffness), True)):
        axial, mixed = float(np.trace(constants[:3, :3])), float(constants[0, 1] + constants[0, 2] + constants[1, 2])
        shears = float(np.trace(constants[3:, 3:]))
        if inverse:
            pairs.append((1.0 / (axial + 2.0 * mixed), 15.0 / (4.0 * axial - 4.0 * mixed + 3.0 * shears)))
        else:
            pairs.append(((axial + 2.0 * mixed) / 9.0, (axial - mixed + 3.0 * shears) / 15.0))
    return sum(b for b, _ in pairs) / 2.0, sum(g for _, g in pairs) / 2.0


def entries(stiffness: Array) -> dict[str, float]:
    """Its constants by name, GPa."""
    return {f"c{i + 1}{j + 1}_gpa": float(stiffness[i, j]) for i in range(6) for j in range(i, 6)}
