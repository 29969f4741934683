"""This package is Gaussian processes."""
