"""This package is what is believed of every output at once."""
