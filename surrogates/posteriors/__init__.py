"""This package is what a fit answers with."""
