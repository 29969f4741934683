"""This package is the user's own functions, programs and hands."""
