"""This package is the record in other people's formats."""
