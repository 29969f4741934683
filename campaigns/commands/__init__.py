"""This package is the verbs of the command line, thin."""
