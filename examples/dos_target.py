"""The oracle of dos_target.yaml: a tight-binding density of states of an ordered AB crystal (CsCl structure)."""

import numpy as np

ENERGIES_EV = np.linspace(-8.0, 8.0, 121)
BROADENING_EV = 0.35
GRID = 14
"""k points an axis, shifted off the zone's planes of symmetry."""


def density_of_states(v):
    """States per eV and cell, from two orbitals a cell: sites A and B, nearest and second-nearest hopping."""
    axis = 2 * np.pi * (np.arange(GRID) + 0.5) / GRID
    kx, ky, kz = np.meshgrid(axis, axis, axis)
    nearest = -8 * v["hopping_ev"] * np.cos(kx / 2) * np.cos(ky / 2) * np.cos(kz / 2)
    second = -2 * v["second_hopping_ev"] * (np.cos(kx) + np.cos(ky) + np.cos(kz))
    half = np.sqrt((v["splitting_ev"] / 2) ** 2 + nearest**2)
    levels = np.concatenate([(v["centre_ev"] + second + sign * half).ravel() for sign in (-1, 1)])
    counts, edges = np.histogram(levels, bins=2000, range=(-20, 20))
    middles = (edges[1:] + edges[:-1]) / 2
    gaussians = np.exp(-(((ENERGIES_EV[:, None] - middles) / BROADENING_EV) ** 2) / 2)
    dos = gaussians @ counts / (GRID**3 * BROADENING_EV * np.sqrt(2 * np.pi))
    return {"density_of_states_per_ev": dos}
