"""This package is screens: rules that cost nothing."""
