"""This package is how much a candidate is expected to add."""
