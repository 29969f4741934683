"""This package is regions: counted, listed, sampled, projected onto, tested; blocks, grids, polytopes."""
