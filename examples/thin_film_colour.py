"""This file is the oracle of thin_film_colour.yaml: the colour of five thin layers on glass, by transfer matrices.

Two dielectrics (D) and three metals (M) lie as D M M D M on glass, the last metal 100 nm thick, seen in air at normal
incidence in daylight (D65), as in Wang and Guo, iScience 25, 104339 (2022), doi 10.1016/j.isci.2022.104339. What is
returned is the difference (CIEDE2000) from the colour of bare chromium, and L*, a*, b* (CIELAB) of the stack.
"""

import numpy as np

WAVELENGTHS = np.arange(400.0, 701.0, 10.0)
"""nm."""
DIELECTRICS = {
    "SiO2": (1.0, ((0.6961663, 0.0684043), (0.4079426, 0.1162414), (0.8974794, 9.896161))),
    "MgF2": (1.0, ((0.48755108, 0.04338408), (0.39875031, 0.09461442), (2.3120353, 23.793604))),
    "Al2O3": (1.0, ((1.4313493, 0.0726631), (0.65054713, 0.1193242), (5.3414021, 18.028251))),
    "Si3N4": (1.0, ((2.8939, 0.13967),)),
    "TiO2": (5.913 - 0.2441 / 0.0803, ((0.2441 / 0.0803, 0.0803**0.5),)),
}
"""Sellmeier's formula, n^2 = A + sum of B l^2 / (l^2 - C^2), wavelength l and C in micrometres: A and (B, C) of fused
silica (Malitson 1965, doi 10.1364/JOSA.55.001205), MgF2 (Dodge 1984, doi 10.1364/AO.23.001980, ordinary ray), Al2O3
(Malitson and Dodge 1972, as in the Handbook of Optics, ordinary ray), Si3N4 (Philipp 1973, doi 10.1149/1.2403440) and
rutile (DeVore 1951, doi 10.1364/JOSA.41.000416, ordinary ray, from 430 nm on: below it is an extrapolation)."""
METALS = {
    "Ag": (9.01, ((0.845, 0.048, 0), (0.065, 3.886, 0.816), (0.124, 0.452, 4.481), (0.011, 0.065, 8.185),
                  (0.840, 0.916, 9.083), (5.646, 2.419, 20.29))),
    "Al": (14.98, ((0.523, 0.047, 0), (0.227, 0.333, 0.162), (0.050, 0.312, 1.544), (0.166, 1.351, 1.808),
                   (0.030, 3.382, 3.473))),
    "Au": (9.03, ((0.760, 0.053, 0), (0.024, 0.241, 0.415), (0.010, 0.345, 0.830), (0.071, 0.870, 2.969),
                  (0.601, 2.494, 4.304), (4.384, 2.214, 13.32))),
    "Cr": (10.75, ((0.168, 0.047, 0), (0.151, 3.175, 0.121), (0.150, 1.305, 0.543), (1.149, 2.676, 1.970),
                   (0.825, 1.335, 8.775))),
    "Cu": (10.83, ((0.575, 0.030, 0), (0.061, 0.378, 0.291), (0.104, 1.056, 2.957), (0.723, 3.213, 5.300),
                   (0.638, 4.305, 11.18))),
    "Ni": (15.92, ((0.096, 0.048, 0), (0.100, 4.511, 0.174), (0.135, 1.334, 0.582), (0.106, 2.178, 1.597),
                   (0.729, 6.292, 6.089))),
    "Ti": (7.29, ((0.148, 0.082, 0), (0.899, 2.276, 0.777), (0.393, 2.518, 1.545), (0.187, 1.663, 2.509),
                  (0.001, 1.762, 19.43))),
    "W": (13.22, ((0.206, 0.064, 0), (0.054, 0.530, 1.004), (0.166, 1.281, 1.917), (0.706, 3.332, 3.580),
                  (2.590, 5.836, 7.498))),
}  # fmt: skip
"""Lorentz-Drude model of Rakic, Djurisic, Elazar and Majewski 1998, doi 10.1364/AO.37.005271: plasma frequency (eV) and
strength (dimensionless), width (eV) and frequency (eV) of each oscillator, the free electrons first."""
GLASS, MIRROR_NM = 1.5, 100.0
DAYLIGHT = np.array([
    82.7549, 91.4860, 93.4318, 86.6823, 104.865, 117.008, 117.812, 114.861, 115.923, 108.811, 109.354, 107.802, 104.790,
    107.689, 104.405, 104.046, 100.000, 96.3342, 95.7880, 88.6856, 90.0062, 89.5991, 87.6987, 83.2886, 83.6992, 80.0268,
    80.2146, 82.2778, 78.2842, 69.7213, 71.6091,
])  # fmt: skip
"""Relative power of D65 (CIE 15) at the wavelengths."""
LOBES = (
    ((0.362, 442.0, 0.0624, 0.0374), (1.056, 599.8, 0.0264, 0.0323), (-0.065, 501.1, 0.0490, 0.0382)),
    ((0.821, 568.8, 0.0213, 0.0247), (0.286, 530.9, 0.0613, 0.0322)),
    ((1.217, 437.0, 0.0845, 0.0278), (0.681, 459.0, 0.0385, 0.0725)),
)
"""The CIE 1931 observer's x, y, z as sums of two-sided Gaussians (height, place in nm, inverse widths in 1/nm): Wyman,
Sloan and Shirley, J. Computer Graphics Techniques 2(2), 1 (2013)."""


def index(material: str, nm: np.ndarray = WAVELENGTHS) -> np.ndarray:
    """Complex refractive index n + ik at vacuum wavelengths (nm), dimensionless."""
    if material in DIELECTRICS:
        constant, terms = DIELECTRICS[material]
        square = (nm / 1000) ** 2
        return np.sqrt(constant + sum(b * square / (square - c**2) for b, c in terms) + 0j)
    plasma, oscillators = METALS[material]
    energy = 1239.84193 / nm  # eV
    return np.sqrt(1 + sum(f * plasma**2 / (w**2 - energy**2 - 1j * energy * g) for f, g, w in oscillators))


def spectrum(layers: list[tuple[np.ndarray, float]], nm: np.ndarray, substrate: complex = GLASS) -> tuple:
    """Reflectance and transmittance at wavelengths (nm) of layers (index, thickness in nm), top first, in air.

    Characteristic matrices: Born and Wolf, Principles of Optics, section 1.6.2, here for exp(-i w t).
    """
    field, flux = np.ones_like(nm, dtype=complex), np.full_like(nm, substrate, dtype=complex)
    for n, thickness in reversed(layers):
        phase = 2 * np.pi * n * thickness / nm
        field, flux = (np.cos(phase) * field - 1j * np.sin(phase) / n * flux,
                       -1j * n * np.sin(phase) * field + np.cos(phase) * flux)  # fmt: skip
    return np.abs((field - flux) / (field + flux)) ** 2, 4 * np.real(substrate) / np.abs(field + flux) ** 2


def lab(reflectance: np.ndarray) -> np.ndarray:
    """L*, a*, b* (CIE 1976) of a reflectance at the wavelengths in daylight, a perfect mirror being white."""
    lobes = [[a * np.exp(-0.5 * ((WAVELENGTHS - m) * np.where(m > WAVELENGTHS, s, t)) ** 2) for a, m, s, t in each]
             for each in LOBES]  # fmt: skip
    weights = np.array([sum(each) for each in lobes]) * DAYLIGHT
    ratio = weights @ reflectance / weights.sum(1)
    x, y, z = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def ciede2000(first: np.ndarray, second: np.ndarray) -> float:
    """Colour difference of two L*, a*, b*: Sharma, Wu and Dalal 2005, doi 10.1002/col.20070; their equation numbers."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 1 + 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))  # 4, 5
    c1, c2 = np.hypot(g * a1, b1), np.hypot(g * a2, b2)  # 6
    h1, h2 = np.degrees(np.arctan2(b1, g * a1)) % 360, np.degrees(np.arctan2(b2, g * a2)) % 360  # 7
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0  # 10
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))  # 8, 9, 11
    light, c = (l1 + l2) / 2, (c1 + c2) / 2  # 12, 13
    h = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2  # 14
    cosines = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    t = 1 + sum(factor * np.cos(np.radians(k * h + offset)) for factor, k, offset in cosines)  # 15
    sl = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)  # 18
    sc, sh = 1 + 0.045 * c, 1 + 0.015 * c * t  # 19, 20
    twist = np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2))))  # 16
    rotation = -2 * np.sqrt(c**7 / (c**7 + 25.0**7)) * twist  # 17, 21
    return float(np.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rotation * dc / sc * dh / sh))  # 22


def bare(metal: str) -> np.ndarray:
    """L*, a*, b* of a metal too thick to see through."""
    n = index(metal)
    return lab(np.abs((1 - n) / (1 + n)) ** 2)


CHROME = bare("Cr")


def colour(values: dict) -> dict[str, float]:
    """Difference from chromium's colour (CIEDE2000, dimensionless) and L*, a*, b* of one stack."""
    names = ("top", "absorber_1", "absorber_2", "spacer")
    layers = [(index(values[name]), float(values[f"{name}_nm"])) for name in names]
    layers.append((index(values["mirror"]), MIRROR_NM))
    seen = lab(spectrum(layers, WAVELENGTHS)[0])
    said = {"lightness": seen[0], "green_red": seen[1], "blue_yellow": seen[2]}
    return {"color_difference": ciede2000(seen, CHROME)} | {name: float(value) for name, value in said.items()}
