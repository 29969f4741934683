"""This file is elastic moduli: cubic averages of a stiffness matrix and the Voigt-Reuss-Hill moduli from them."""

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
        """Born's conditions C11 > |C12|, C11 + 2 C12 > 0, C44 > 0 (Mouhat & Coudert, 10.1103/PhysRevB.90.224104)."""
        return self.c11 > abs(self.c12) and self.bulk > 0.0 and self.c44 > 0.0


def cubic_average(stiffness: Array) -> Cubic:
    """Mean over the cube's axes of a stiffness matrix (6, 6) in GPa, Voigt order xx yy zz yz xz xy."""
    axes = stiffness[:3, :3]
    off = (axes.sum() - np.trace(axes)) / 6.0
    return Cubic(float(np.trace(axes) / 3.0), float(off), float(np.trace(stiffness[3:, 3:]) / 3.0))
