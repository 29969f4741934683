"""This package is particle swarms."""
