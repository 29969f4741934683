"""This package is why a surrogate says what it says."""
