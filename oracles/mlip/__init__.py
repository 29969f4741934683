"""This package is machine-learned interatomic potentials."""
