"""This package is formulas found by SISSO."""
