"""This package is random forests."""
