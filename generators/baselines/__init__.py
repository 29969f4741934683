"""This package is generators of crystals that learn nothing: what those that learn must beat."""
