"""This package is tables of known values and the reading of CSV files."""
