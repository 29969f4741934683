"""This package is density-functional theory."""
