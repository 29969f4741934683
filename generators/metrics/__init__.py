"""This package is how good generated crystals are: valid, unique, new, stable, close to what they relax to."""
