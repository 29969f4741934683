"""This package is surrogates asked why, and what comes of it."""
