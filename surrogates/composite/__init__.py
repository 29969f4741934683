"""This package is surrogates made of others: auto, stacked, represented."""
