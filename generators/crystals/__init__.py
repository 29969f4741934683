"""This package is the space of crystals that an engine draws afresh for every asking."""
