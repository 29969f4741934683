"""This package is Bayesian polynomials."""
