"""This package is populations: variation, selection, NSGA-II and NSGA-III, evolution, and evolution on surrogates."""
