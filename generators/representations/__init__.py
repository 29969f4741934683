"""This package is what a surrogate may see instead of the coordinates."""
