"""This package is the running campaign: ask, evaluate, decide at gates, close rounds and stages, stop, validate."""
