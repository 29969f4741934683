"""This package is crystals and their response, whatever engine computes it."""
