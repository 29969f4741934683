"""This package is the Wyckoff generator: space group, occupied positions, elements, then coordinates and cell."""
