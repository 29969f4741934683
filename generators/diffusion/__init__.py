"""This package is the diffusion engine: atoms, coordinates and cell from noise together, by flow or diffusion."""
