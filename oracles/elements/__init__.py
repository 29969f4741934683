"""This package is data of elements and formulas."""
