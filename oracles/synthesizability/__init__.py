"""This package is likeness to known materials."""
