"""This file is the oracle of layered_optics.yaml: ten layers on glass that pass visible light and return heat."""

import numpy as np

VISIBLE, INFRARED = np.linspace(420, 680, 27), np.linspace(760, 1100, 35)
"""nm; the edge between them is nobody's."""
NM = np.concatenate([VISIBLE, INFRARED])
GLASS, LAYERS = 1.52, 10
SELLMEIER = {
    "SiO2": (1.0, ((0.6961663, 0.0684043), (0.4079426, 0.1162414), (0.8974794, 9.896161))),
    "MgF2": (1.0, ((0.48755108, 0.04338408), (0.39875031, 0.09461442), (2.3120353, 23.793604))),
    "Al2O3": (1.0, ((1.4313493, 0.0726631), (0.65054713, 0.1193242), (5.3414021, 18.028251))),
    "Si3N4": (1.0, ((2.8939, 0.13967),)),
    "TiO2": (5.913 - 0.2441 / 0.0803, ((0.2441 / 0.0803, 0.0803**0.5),)),
}
"""n^2 = A + sum of B l^2 / (l^2 - C^2), l and C in micrometres: A and (B, C) of fused silica (Malitson 1965, doi
10.1364/JOSA.55.001205), MgF2 (Dodge 1984, doi 10.1364/AO.23.001980), Al2O3 (Malitson and Dodge 1972, as in the Handbook
of Optics), Si3N4 (Philipp 1973, doi 10.1149/1.2403440), rutile (DeVore 1951, doi 10.1364/JOSA.41.000416)."""


def index(material: str) -> np.ndarray:
    """Refractive index (62,) at the wavelengths, dimensionless; nothing here absorbs."""
    constant, terms = SELLMEIER[material]
    square = (NM / 1000) ** 2
    return np.sqrt(constant + sum(b * square / (square - c**2) for b, c in terms))


def reflectance(materials: list[str], thicknesses_nm: list[float]) -> np.ndarray:
    """(62,) share of light from air that layers on glass, top first, return at normal incidence.

    Characteristic matrices: Born and Wolf, Principles of Optics, section 1.6.2, for exp(-i w t).
    """
    field, flux = np.ones_like(NM, dtype=complex), np.full_like(NM, GLASS, dtype=complex)
    for material, thickness in zip(reversed(materials), reversed(thicknesses_nm), strict=True):
        n = index(material)
        phase = 2 * np.pi * n * thickness / NM
        cosine, sine = np.cos(phase), -1j * np.sin(phase)
        field, flux = cosine * field + sine / n * flux, sine * n * field + cosine * flux
    return np.abs((field - flux) / (field + flux)) ** 2


def filtered(values: dict) -> dict[str, float]:
    """Shares of visible light that passes and of near infrared that returns, and what both lack on average."""
    places = range(1, LAYERS + 1)
    returned = reflectance([values[f"layer_{k}"] for k in places], [float(values[f"layer_{k}_nm"]) for k in places])
    passed, kept = 1 - returned[: len(VISIBLE)].mean(), returned[len(VISIBLE) :].mean()
    return {"loss": float(1 - (passed + kept) / 2), "visible_passed": float(passed), "infrared_returned": float(kept)}
