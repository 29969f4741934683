"""This package is one Gaussian process over the rungs of a ladder."""
